"""Every form once against the provider's real client and a simulated provider on a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from custom_components.sms_gateway.account_forms import ADVANCED
from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID, DOMAIN, EntryKind
from sms_bridge.simulator.provider_geniosms import GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillServer
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from sms_bridge.simulator.provider import ProviderServer

NUMBER = "+491701234567"
SERVERS: dict[EntryKind, Callable[[], ProviderServer]] = {
    EntryKind.GENIQ: GeniqServer,
    EntryKind.SMSGIC: SmsgicServer,
    EntryKind.UBILL: UbillServer,
    EntryKind.SMSGATEWAY24: SmsGateway24Server,
    EntryKind.GENIOSMS: GenioSmsServer,
}
#: What is typed into the first form, by the names of a server's credentials, and what beside them.
TYPED: dict[EntryKind, tuple[tuple[str, ...], dict[str, str]]] = {
    EntryKind.GENIQ: (("api_key", "api_secret"), {"originator": "House"}),
    EntryKind.SMSGIC: (("token",), {}),
    EntryKind.UBILL: (("api_key",), {}),
    EntryKind.SMSGATEWAY24: (("email", "password"), {}),
    EntryKind.GENIOSMS: (("api_key",), {}),
}
#: What is chosen in the second form, by the same names, and what beside it.
CHOSEN: dict[EntryKind, tuple[tuple[str, ...], dict[str, str]]] = {
    EntryKind.SMSGIC: (("originator",), {}),
    EntryKind.UBILL: (("brand_id",), {}),
    EntryKind.SMSGATEWAY24: (("device_id",), {"sim": "0"}),
    EntryKind.GENIOSMS: ((), {"test_number": NUMBER}),
}
#: The secret of each kind.
SECRETS = {
    EntryKind.GENIQ: "api_secret",
    EntryKind.SMSGIC: "token",
    EntryKind.UBILL: "api_key",
    EntryKind.SMSGATEWAY24: "password",
    EntryKind.GENIOSMS: "api_key",
}
EVERY_ACCOUNT = pytest.mark.parametrize("kind", list(SERVERS))


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture
async def server(kind: EntryKind, socket_enabled: None) -> AsyncIterator[ProviderServer]:
    """The provider; nothing that no document knows may be asked of it."""
    async with SERVERS[kind]() as running:
        yield running
        assert list(running.misuses) == []


async def start(hass: HomeAssistant, kind: EntryKind) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await submit(hass, result, {"next_step_id": kind})


async def submit(hass: HomeAssistant, result: ConfigFlowResult, typed: dict[str, Any]) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], typed)
    await hass.async_block_till_done()
    return result


def answers(
    server: ProviderServer, asked: dict[EntryKind, tuple[tuple[str, ...], dict[str, str]]], kind: EntryKind
) -> dict[str, Any]:
    names, others = asked[kind]
    return {**{name: server.credentials()[name] for name in names}, **others}


def first_form(server: ProviderServer, kind: EntryKind, **changes: str) -> dict[str, Any]:
    return {**answers(server, TYPED, kind), **changes, ADVANCED: {"base_url": server.base_url}}


@EVERY_ACCOUNT
async def test_an_account_is_set_up(hass: HomeAssistant, server: ProviderServer, kind: EntryKind) -> None:
    hass.config.external_url = "https://house.example.org"
    result = await submit(hass, await start(hass, kind), first_form(server, kind))
    if kind in CHOSEN:
        assert (result["type"], result["errors"]) == (FlowResultType.FORM, {})
        result = await submit(hass, result, answers(server, CHOSEN, kind))
    if kind is not EntryKind.SMSGIC:
        assert result["step_id"] == f"{kind}_callback"
        result = await submit(hass, result, {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.LOADED
    data = dict(result["data"])
    assert len(data.pop(CONF_WEBHOOK_ID)) == 64
    assert len(data.pop("callback_key", "k" * 30)) == 30
    expected = {
        CONF_KIND: kind,
        "base_url": server.base_url,
        **answers(server, TYPED, kind),
        **(answers(server, CHOSEN, kind) if kind in CHOSEN else {}),
    }
    expected.pop("test_number", None)
    assert {name: str(value) for name, value in data.items()} == expected
    assert [sms.recipient for sms in server.on_air] == ([NUMBER] if kind is EntryKind.GENIOSMS else [])
    await hass.config_entries.async_unload(result["result"].entry_id)


@EVERY_ACCOUNT
async def test_wrong_credentials_are_told(
    hass: HomeAssistant, server: ProviderServer, kind: EntryKind
) -> None:
    wrong = {SECRETS[kind]: "wrong"}
    result = await submit(hass, await start(hass, kind), first_form(server, kind, **wrong))
    if kind is EntryKind.GENIOSMS:
        result = await submit(hass, result, answers(server, CHOSEN, kind))

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "invalid_auth"})
    assert list(server.on_air) == []


@EVERY_ACCOUNT
async def test_a_provider_that_is_away_is_told(
    hass: HomeAssistant, server: ProviderServer, kind: EntryKind
) -> None:
    typed = first_form(server, kind)
    await server.stop()
    result = await submit(hass, await start(hass, kind), typed)
    if kind is EntryKind.GENIOSMS:
        result = await submit(hass, result, answers(server, CHOSEN, kind))

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "cannot_connect"})


@pytest.mark.parametrize("kind", [EntryKind.GENIQ, EntryKind.GENIOSMS])
async def test_an_address_that_is_not_allowed_is_told(
    hass: HomeAssistant, server: ProviderServer, kind: EntryKind
) -> None:
    server.allowed_ips = frozenset()
    result = await submit(hass, await start(hass, kind), first_form(server, kind))
    if kind is EntryKind.GENIOSMS:
        result = await submit(hass, result, answers(server, CHOSEN, kind))

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "ip_denied"})


@pytest.mark.parametrize("kind", [EntryKind.UBILL])
async def test_a_brand_can_be_typed_where_the_provider_lists_none(
    hass: HomeAssistant, server: ProviderServer, kind: EntryKind
) -> None:
    server.answer_code("404", path="GET /brandNames")

    result = await submit(hass, await start(hass, kind), first_form(server, kind))
    assert (result["step_id"], result["errors"]) == ("ubill_brand", {})

    result = await submit(hass, result, answers(server, CHOSEN, kind))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "polled"
