"""All five providers over real sockets: from an action to what is on air, and back by callback or on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID, DOMAIN, EntryKind
from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillOptions, UbillServer
from tests.component.accounts.account import ANNA, BERT, Account
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.component.accounts.scripted import ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from sms_bridge.simulator.provider import ProviderServer


@dataclass(frozen=True)
class Case:
    """A provider: its server, what its entry holds beside the credentials, and what it tells of a message."""

    server: Callable[[], ProviderServer]
    fields: dict[str, Any] = field(default_factory=dict)
    calls: bool = True
    balance: str | None = None


CASES = {
    EntryKind.GENIQ: Case(lambda: GeniqServer(GeniqOptions(auto_delay=0)), balance="balance"),
    EntryKind.SMSGIC: Case(lambda: SmsgicServer(SmsgicOptions(auto_delay=0)), calls=False, balance="balance"),
    EntryKind.UBILL: Case(
        lambda: UbillServer(UbillOptions(auto_delay=0)), fields={"brand_id": 1}, balance="balance"
    ),
    EntryKind.SMSGATEWAY24: Case(lambda: SmsGateway24Server(SmsGateway24Options(auto_delay=0))),
    EntryKind.GENIOSMS: Case(lambda: GenioSmsServer(GenioSmsOptions(auto_delay=0))),
}

pytestmark = pytest.mark.parametrize("kind", list(CASES))


@pytest.fixture
async def server(socket_enabled: None, kind: EntryKind) -> AsyncIterator[ProviderServer]:
    """The provider, on a real socket."""
    async with CASES[kind].server() as running:
        yield running


@pytest.fixture
def entry(hass: HomeAssistant, server: ProviderServer, kind: EntryKind) -> MockConfigEntry:
    """The account's entry."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My account",
        data={
            CONF_KIND: kind,
            "originator": "SIMULATED",
            **server.credentials(),
            **CASES[kind].fields,
            "base_url": server.base_url,
            CONF_WEBHOOK_ID: WEBHOOK_ID,
        },
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def account(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    server: ProviderServer,
    hass_client_no_auth: ClientSessionGenerator,
) -> AsyncIterator[Account]:
    """The account, set up; its provider calls Home Assistant's webhook."""
    assert await async_setup_component(hass, "homeassistant", {})
    account = Account(hass, entry, ScriptedProvider(), freezer)
    await account.load()
    client = await hass_client_no_auth()
    if CASES[EntryKind(entry.data[CONF_KIND])].calls:
        server.callback_url = str(client.make_url(f"/api/webhook/{WEBHOOK_ID}"))
    yield account
    await account.unload()


async def test_a_message_is_sent_once_and_its_delivery_is_told(
    account: Account, server: ProviderServer, kind: EntryKind
) -> None:
    assert account.entry.state is ConfigEntryState.LOADED
    await account.send("Ünïcode ✓")
    assert [(air.recipient.lstrip("+"), air.text) for air in server.on_air] == [
        (ANNA.lstrip("+"), "Ünïcode ✓")
    ]
    for message_id in server.on_air[0].ids:
        server.auto_advance(message_id)
    await server.settled()
    await account.settle()
    if not CASES[kind].calls:
        await account.pass_time(60)
    assert account.states[:2] == ["queued", "accepted"]
    assert account.states[-1] == "delivered"
    assert len(server.on_air) == 1
    assert server.misuses == []


async def test_several_recipients_each_get_one(
    account: Account, server: ProviderServer, kind: EntryKind
) -> None:
    await account.send(target=[ANNA, BERT])
    assert sorted(air.recipient.lstrip("+") for air in server.on_air) == [
        ANNA.lstrip("+"),
        BERT.lstrip("+"),
    ]
    accepted = [event["recipient"] for event in account.deliveries if event["state"] == "accepted"]
    assert sorted(accepted) == [ANNA, BERT]
    assert server.misuses == []


async def test_a_lost_answer_makes_no_second_message_where_it_is_to_be_held(
    account: Account, server: ProviderServer, kind: EntryKind
) -> None:
    server.faults.add(Fault(cut_after=True), times=1)
    await account.send(on_unknown="hold")
    for _ in range(4):
        await account.pass_time(15)
    assert len(server.on_air) == 1
    assert account.states[1] == "unknown"


async def test_a_provider_that_is_away_is_tried_again(
    account: Account, server: ProviderServer, kind: EntryKind
) -> None:
    server.faults.add(Fault(status=503, body=b"{}"), times=3)
    await account.send()
    for _ in range(4):
        await account.pass_time(10)
    assert (len(server.on_air), account.states[:2]) == (1, ["queued", "accepted"])


async def test_the_balance_is_shown_where_there_is_one(
    account: Account, server: ProviderServer, kind: EntryKind
) -> None:
    if CASES[kind].balance is None:
        with pytest.raises(AssertionError):
            account.state_of("balance")
    else:
        assert float(account.state_of("balance")) > 0


async def test_phones_are_devices(account: Account, server: ProviderServer, kind: EntryKind) -> None:
    registry = dr.async_get(account.hass)
    devices = dr.async_entries_for_config_entry(registry, account.entry.entry_id)
    phones = [device for device in devices if device.via_device_id is not None]
    if not isinstance(server, SmsGateway24Server):
        assert phones == []
        return
    assert len(phones) == len(server.devices)
    name = str(next(iter(server.devices)))
    assert account.state_of(f"gateway_{name}_last_seen") not in {"unknown", "unavailable"}
    assert account.state_of(f"gateway_{name}_connectivity") in {"on", "off"}
