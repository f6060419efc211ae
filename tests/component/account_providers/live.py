"""An account whose provider is simulated behind a real socket, and whose clock is the test's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID
from tests.component.accounts.account import Account
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.component.accounts.scripted import ScriptedProvider
from tests.support.provider_requests import Requests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.config_entries import ConfigEntryState
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.sms_gateway.backend.model import Snapshot
    from sms_bridge.simulator.provider import ProviderServer
    from sms_bridge.simulator.provider_record import OnAir
    from tests.e2e.providers.kits import Kit

#: Seconds between two looks of an account for what it is not told.
ROUND: Final = 60
#: Looks within which a report is asked for, each after twice the time of the one before.
_ROUNDS: Final = 8
#: Turns of the event loop in which something that the test waits for must have happened; a request takes some dozens.
_TURNS: Final = 20_000


def data_of(kit: Kit, server: ProviderServer) -> dict[str, Any]:
    """The data of an entry for this provider."""
    given: dict[str, Any] = {**server.credentials(), **kit.account}
    if "brand_id" in given:
        given["brand_id"] = int(given["brand_id"])
    return {CONF_KIND: kit.name, CONF_WEBHOOK_ID: WEBHOOK_ID, "base_url": server.base_url, **given}


class LiveAccount[Server: ProviderServer](Account):
    """A loaded entry and the provider ``server`` behind it, which was asked for ``requests``.

    ``called`` says whether the provider calls the webhook of an entry that reports by callback.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
        kit: Kit,
        server: Server,
    ) -> None:
        super().__init__(hass, entry, ScriptedProvider(), freezer)
        self.kit = kit
        self.server = server
        self.requests = Requests()
        server.faults = self.requests

    def entry_state(self) -> ConfigEntryState:
        """Whether the entry is loaded."""
        state: ConfigEntryState = self.entry.state
        return state

    @property
    def shown(self) -> Snapshot:
        """What the entities show, whether or not they are available."""
        snapshot: Snapshot = self.entry.runtime_data.coordinator.data
        return snapshot

    def states_of(self, name: str) -> list[str]:
        """The states that were told of one message, in order."""
        return [event["state"] for event in self.deliveries if event["id"] == name]

    def last(self, name: str) -> dict[str, Any]:
        """The newest event about one message."""
        return next(event for event in reversed(self.deliveries) if event["id"] == name)

    def on_air(self, recipient: str) -> list[OnAir]:
        """What left to a recipient."""
        return [sent for sent in self.server.on_air if sent.recipient.lstrip("+") == recipient.lstrip("+")]

    async def report(self, sent: OnAir, status: str) -> None:
        """Let the provider report a status of all that belongs to a message, and wait until it is told."""
        told = len(self.deliveries)
        for number in dict.fromkeys(sent.ids):
            self.server.advance(number, status)
        await self.settle()
        if not self.kit.calls or self.server.callback_url is None:
            await self.rounds(lambda: len(self.deliveries) > told)

    async def rounds(self, holds: Callable[[], object]) -> None:
        """Let the account look at its provider ever more rarely, until something has happened or will not."""
        for number in range(_ROUNDS):
            if holds():
                return
            await self.pass_time(ROUND * 2**number)

    async def settle(self) -> None:
        """Wait for the provider's calls, and for everything that is under way.

        A call that is not taken would be made again later, which never is: the clock stands still.
        """
        calls = asyncio.ensure_future(self.server.settled())
        try:
            await self.until(calls.done)
        finally:
            calls.cancel()
        await super().settle()

    async def until(self, holds: Callable[[], object]) -> None:
        """Let everything go on, but the clock, until something has happened."""
        for _ in range(_TURNS):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError("it has not happened")

    async def leaves(self, recipient: str, count: int = 1) -> Sequence[OnAir]:
        """Wait until so many messages to a recipient have left, though their answers may not be there."""
        await self.until(lambda: len(self.on_air(recipient)) >= count)
        return self.on_air(recipient)
