"""What the tests of accounts share: an entry, its scripted provider, and both set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID, DOMAIN, EntryKind
from tests.component.accounts.account import Account
from tests.component.accounts.cases import CASES
from tests.component.accounts.scripted import ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from sms_bridge.simulator.provider import ProviderServer

WEBHOOK_ID = "5e" * 32


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Nothing of ours may stay; this replaces the exception that MQTT needs."""
    return False


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """The provider of the account."""
    scripted = ScriptedProvider()
    with patch("custom_components.sms_gateway.make_provider", return_value=scripted):
        yield scripted


@pytest.fixture
def entry(hass: HomeAssistant, options: dict[str, Any]) -> MockConfigEntry:
    """The account's entry, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My account",
        unique_id="ab" * 16,
        data={
            CONF_KIND: EntryKind.GENIQ,
            "api_key": "the-api-key",
            "api_secret": "the-api-secret",
            "originator": "Home",
            CONF_WEBHOOK_ID: WEBHOOK_ID,
        },
        options=options,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def fresh(
    hass: HomeAssistant, provider: ScriptedProvider, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> Account:
    """The account, not set up yet."""
    assert await async_setup_component(hass, "homeassistant", {})
    return Account(hass, entry, provider, freezer)


@pytest.fixture
async def account(fresh: Account) -> Account:
    """The account, set up."""
    await fresh.load()
    return fresh


@pytest.fixture
async def server(socket_enabled: None, kind: EntryKind) -> AsyncIterator[ProviderServer]:
    """The provider, on a real socket."""
    async with CASES[kind].server() as running:
        yield running


@pytest.fixture
def real_entry(hass: HomeAssistant, server: ProviderServer, kind: EntryKind) -> MockConfigEntry:
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
async def real(
    hass: HomeAssistant,
    real_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    server: ProviderServer,
    hass_client_no_auth: ClientSessionGenerator,
) -> AsyncIterator[Account]:
    """The account, set up; its provider calls Home Assistant's webhook."""
    assert await async_setup_component(hass, "homeassistant", {})
    account = Account(hass, real_entry, ScriptedProvider(), freezer)
    await account.load()
    client = await hass_client_no_auth()
    if CASES[real_entry.data[CONF_KIND]].calls:
        server.callback_url = str(client.make_url(f"/api/webhook/{WEBHOOK_ID}"))
    yield account
    await account.unload()
