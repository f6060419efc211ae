"""The events' way out: from the store to whoever publishes them, until the broker has acknowledged each."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.link import Source
from sms_bridge.store.base import SourceState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sms_bridge.store.base import Event, InboundSource, Store, Transaction

#: Seconds between finding events and looking for more: under load each look finds several, at rest none waits.
_LOOK: Final = 0.02
#: Seconds for which events give way to commands: a burst of them is safe the sooner.
_GIVE_WAY: Final = 0.25


class Publication:
    """Hands out unpublished events in the order of their ``seq``.

    ``discard(gateway, source)`` is called once the broker has acknowledged an incoming message whose copy the gateway
    still keeps. ``quiet()`` returns when no command waits for its commit.
    """

    def __init__(
        self, store: Store, discard: Callable[[str, Source], None], quiet: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._discard = discard
        self._quiet = quiet
        self._added = asyncio.Event()
        self._found_at = 0.0

    def wake(self) -> None:
        """Events may have been committed."""
        self._added.set()

    async def unpublished(self, after: int, limit: int) -> Sequence[Event]:
        """The next events with ``seq`` > ``after``, at least one: waits for it."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._found_at + _LOOK - loop.time())
            with suppress(TimeoutError):
                async with asyncio.timeout(_GIVE_WAY):
                    await self._quiet()
            self._added.clear()
            events = await self._store.read(lambda tx: tx.unpublished(after, limit))
            if events:
                self._found_at = loop.time()
                return events
            await self._added.wait()

    async def acknowledged(self, events: Sequence[Event]) -> None:
        """The broker has these events: commit it, and let the gateways delete their copies of incoming messages."""
        freed = await self._store.write("published", lambda tx: _mark(tx, events))
        for copy in freed:
            source = Source(sim=copy.sim, storage=copy.storage, index=copy.index, pdu=copy.pdu)
            self._discard(copy.gateway, source)


def _mark(tx: Transaction, events: Sequence[Event]) -> list[InboundSource]:
    tx.mark_published([event.seq for event in events])
    groups = [event.inbound_group for event in events if event.inbound_group is not None]
    freed = [
        source
        for group in groups
        for source in tx.sources_of_group(group)
        if source.state is SourceState.WAITING
    ]
    for source in freed:
        tx.add_source(replace(source, state=SourceState.DELETABLE))
    return freed
