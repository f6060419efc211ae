"""What the tests of accounts at simulated providers share."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway.const import DOMAIN
from custom_components.sms_gateway.sms_providers.registry import PROVIDERS
from tests.component.account_providers.live import LiveAccount, data_of
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.e2e.providers.kits import KITS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from sms_bridge.simulator.provider import ProviderServer
    from tests.e2e.providers.kits import Kit


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Nothing of ours may stay; this replaces the exception that MQTT needs."""
    return False


@pytest.fixture(autouse=True)
def _clients_have_the_tests_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients' own clock be looked up when it is read, as Home Assistant's is: what is frozen stays so.

    Their short pauses before a question is repeated take no time, for nobody would end them.
    """

    def clock() -> float:
        return time.monotonic()

    async def sleep(_seconds: float) -> None:
        await asyncio.sleep(0)

    for known in PROVIDERS.values():
        defaults = known.provider.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "clock", clock)
        monkeypatch.setitem(defaults, "sleep", sleep)


@pytest.fixture(params=KITS, ids=lambda kit: kit.name)
def kit(request: pytest.FixtureRequest) -> Kit:
    """The provider: each in turn; tests of fewer override this fixture by its name."""
    given: Kit = request.param
    return given


@pytest.fixture
async def server(kit: Kit, socket_enabled: None) -> AsyncIterator[ProviderServer]:
    """The provider; nothing that no document knows may be asked of it."""
    async with kit.make() as running:
        yield running
    assert running.misuses == []


@pytest.fixture
def entry(hass: HomeAssistant, kit: Kit, server: ProviderServer, options: dict[str, Any]) -> MockConfigEntry:
    """The account's entry, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My account",
        unique_id="ab" * 16,
        data=data_of(kit, server),
        options=options,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def fresh(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    kit: Kit,
    server: ProviderServer,
    freezer: FrozenDateTimeFactory,
) -> AsyncIterator[LiveAccount[Any]]:
    """The account, not set up yet; its provider cannot call."""
    assert await async_setup_component(hass, "homeassistant", {})
    live: LiveAccount[Any] = LiveAccount(hass, entry, freezer, kit, server)
    yield live
    server.faults.clear()
    await live.unload()


@pytest.fixture
async def account(fresh: LiveAccount[Any], hass_client_no_auth: ClientSessionGenerator) -> LiveAccount[Any]:
    """The account, set up; its provider calls Home Assistant's webhook, if it calls at all."""
    await fresh.load()
    if fresh.kit.calls:
        client = await hass_client_no_auth()
        fresh.server.callback_url = str(client.make_url(f"/api/webhook/{WEBHOOK_ID}"))
    return fresh
