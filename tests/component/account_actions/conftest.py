"""What the tests of the actions of accounts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway.const import DOMAIN, EntryKind
from tests.component.account_actions.live import SERVERS, WEBHOOK_ID, Live, data_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from homeassistant.config_entries import ConfigSubentryDataWithId
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from sms_bridge.simulator.provider import ProviderServer


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Nothing of ours may stay; this replaces the exception that MQTT needs."""
    return False


@pytest.fixture
def kind() -> EntryKind:
    """The provider; tests of another one override this fixture."""
    return EntryKind.GENIQ


@pytest.fixture
async def server(kind: EntryKind, socket_enabled: None) -> AsyncIterator[ProviderServer]:
    """The provider; nothing that no document knows may be asked of it."""
    async with SERVERS[kind]() as running:
        yield running
        assert list(running.misuses) == []


@pytest.fixture
def entry(
    hass: HomeAssistant,
    kind: EntryKind,
    server: ProviderServer,
    options: dict[str, Any],
    subentries: list[ConfigSubentryDataWithId],
) -> MockConfigEntry:
    """The account's entry, with the contacts Anna and Bert, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My account",
        unique_id="ab" * 16,
        data=data_of(kind, server),
        options=options,
        subentries_data=subentries,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def account(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: ProviderServer,
    hass_client_no_auth: ClientSessionGenerator,
) -> AsyncIterator[Live]:
    """The account, set up; the provider calls its webhook."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    client = await hass_client_no_auth()
    live = Live(hass, entry, server, client.session)
    server.callback_url = str(client.make_url(f"/api/webhook/{WEBHOOK_ID}"))
    await live.settle()
    yield live
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
