"""The table of providers, against the simulated ones."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sms_bridge.config.providers import PROVIDERS as CONFIGURED
from sms_bridge.simulator.provider_geniosms import GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillServer
from sms_providers.exceptions import UnsupportedError
from sms_providers.model import Capability, OutboundMessage, Taken
from sms_providers.provider import Outgoing, ProviderKind
from sms_providers.registry import PROVIDERS

if TYPE_CHECKING:
    from sms_bridge.simulator.provider import ProviderServer

SERVERS: dict[ProviderKind, type[ProviderServer]] = {
    ProviderKind.GENIQ: GeniqServer,
    ProviderKind.SMSGIC: SmsgicServer,
    ProviderKind.UBILL: UbillServer,
    ProviderKind.SMSGATEWAY24: SmsGateway24Server,
    ProviderKind.GENIOSMS: GenioSmsServer,
}
KINDS = list(ProviderKind)


def settings_of(kind: ProviderKind, server: ProviderServer) -> dict[str, Any]:
    """What a user would type: what the account is given, and a sender where one is needed."""
    names = {field.name for field in fields(PROVIDERS[kind].settings)}
    given: dict[str, Any] = {"originator": "ACME", **server.credentials()}
    given = {name: int(value) if name == "brand_id" else value for name, value in given.items()}
    return {name: value for name, value in given.items() if name in names} | {"base_url": server.base_url}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_class_title_and_settings(kind: ProviderKind) -> None:
    known = PROVIDERS[kind]
    assert known.provider.kind is kind
    assert known.title == known.provider.title
    assert known.settings.__dataclass_params__.frozen
    assert known.provider.max_batch >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_capabilities_agree_with_each_other(kind: ProviderKind) -> None:
    can = PROVIDERS[kind].provider.capabilities
    reports = {Capability.REPORT_CALLBACK, Capability.REPORT_POLL}
    incoming = {Capability.INCOMING_CALLBACK, Capability.INCOMING_POLL}
    assert (Capability.DELIVERY_REPORT in can) == bool(can & reports)
    assert (Capability.INCOMING in can) == bool(can & incoming)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_secret_in_the_configuration_is_shown_by_no_settings(kind: ProviderKind) -> None:
    hidden = {field.name for field in fields(PROVIDERS[kind].settings) if not field.repr}
    section = CONFIGURED[kind.value].section
    secret = {str(key) for key, check in section.items() if getattr(check, "secret", False)}
    assert hidden == secret


@pytest.mark.parametrize("kind", KINDS)
async def test_an_account_is_checked_and_sends_with_nothing_but_its_credentials(kind: ProviderKind) -> None:
    known = PROVIDERS[kind]
    async with SERVERS[kind]() as server, aiohttp.ClientSession() as session:
        account = known.provider(session, known.settings(**settings_of(kind, server)))
        if kind is ProviderKind.GENIOSMS:
            with pytest.raises(UnsupportedError):
                await account.check()
        else:
            await account.check()
        assert server.on_air == []
        message = OutboundMessage(recipient="+6591234567", text="hello")
        (outcome,) = await account.send([Outgoing(reference=1, message=message)])
        assert isinstance(outcome, Taken)
        assert [left.text for left in server.on_air] == ["hello"]
        assert server.misuses == []
        assert account.transcript()
