"""From the configuration to links: every provider's type, with what it is documented to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.app import provider_gateway
from sms_bridge.config import load
from sms_bridge.links.settings import ProviderLinkSettings
from sms_bridge.routing.link import LinkState
from sms_providers.model import Capability
from tests.bridge.links.scripted import Inlet

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.links.provider import ProviderLink

#: Every key of every type; nobody listens at the base URLs.
GATEWAYS = {
    "geniq": "api_key: k, api_secret: s, originator: HOME",
    "smsgic": "token: t, originator: INFO, recipients_encoding: string",
    "ubill": "api_key: k, brand_id: 1, callback_key: c, send_method: get, time_zone: Europe/Riga",
    "smsgateway24": (
        "email: me@example.com, password: p, token: t, device_id: 1576, sim: 1, send_method: login, "
        "time_zone: Europe/Riga"
    ),
    "geniosms": "api_key: k, parameters: {to: nr}, extra_params: {id: 7}, user_agent: x",
}


def link_of(folder: Path, kind: str) -> ProviderLink:
    path = folder / "sms-bridge.yaml"
    path.write_text(
        f"gateways:\n  x: {{type: {kind}, {GATEWAYS[kind]}, "
        "base_url: 'http://127.0.0.1:9/a/', poll_interval: 5, response_timeout: 1}\n"
    )
    settings = load(path, {}).gateways["x"].settings
    assert isinstance(settings, ProviderLinkSettings)
    assert provider_gateway.currency(settings) is None
    return provider_gateway.make("x", settings)


@pytest.mark.parametrize("kind", GATEWAYS)
async def test_an_account_starts_and_tells_that_its_provider_cannot_be_reached(
    tmp_path: Path, kind: str
) -> None:
    link = link_of(tmp_path, kind)
    assert (link.name, link.kind) == ("x", kind)
    inlet = Inlet()
    await link.start(inlet)  # type: ignore[arg-type] # a modem's methods are left out
    try:
        # GenioSms can be asked nothing without sending.
        expected = LinkState.ONLINE if kind == "geniosms" else LinkState.OFFLINE
        await inlet.told(2)
        assert inlet.state() is expected
        assert kind == "geniosms" or "no connection" in (inlet.statuses[-1].detail or "")
    finally:
        await link.stop()


def test_who_calls_and_who_is_asked(tmp_path: Path) -> None:
    traits = {kind: link_of(tmp_path, kind).capabilities for kind in GATEWAYS}
    calling = {kind for kind, can in traits.items() if Capability.REPORT_CALLBACK in can}
    asked = {kind for kind, can in traits.items() if Capability.REPORT_POLL in can}
    assert calling == {"geniq", "ubill", "smsgateway24", "geniosms"}
    assert asked == {"smsgic", "ubill", "smsgateway24"}
    assert {kind for kind, can in traits.items() if Capability.RECONCILE in can} == {"smsgic", "smsgateway24"}
