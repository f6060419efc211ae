"""The router as one piece: built from settings, links and a store; started and stopped together."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from sms_bridge.routing.attempts import Attempts
from sms_bridge.routing.board import Board
from sms_bridge.routing.clock import Clock
from sms_bridge.routing.dispatcher import Dispatcher
from sms_bridge.routing.gateways import Gateways
from sms_bridge.routing.inbox import Inbox
from sms_bridge.routing.inlet import GatewayInlet
from sms_bridge.routing.intake import Intake
from sms_bridge.routing.limits import Calendar, Pace, Quota
from sms_bridge.routing.outbox import Outbox
from sms_bridge.routing.publication import Publication
from sms_bridge.routing.recipients import AddressBook
from sms_bridge.routing.reports import Reports
from sms_bridge.routing.router import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.routing.link import Joiner, Link, Source
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Store


class Routing:
    """Everything between the commands and the links.

    ``joiners`` are by kind of gateway; ``now`` gives Unix seconds, ``clock`` seconds that never jump. ``outbox``,
    ``publication``, ``gateways`` and ``board`` are what the other rooms use.
    """

    def __init__(
        self,
        settings: RoutingSettings,
        links: Mapping[str, Link],
        store: Store,
        *,
        joiners: Mapping[str, Joiner],
        instance: str,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        calendar = Calendar(settings.defaults.time_zone)
        book = AddressBook(settings)
        router = Router(settings, links)
        wholesale = frozenset(name for name, link in links.items() if not link.by_segment)
        reports = Reports(settings.defaults, wholesale)
        inbox = Inbox(settings, book, calendar, joiners)
        intake = Intake(settings, book, router, Quota(settings.limits, calendar), calendar)
        self.gateways = Gateways(links, store, clock)
        self.outbox = Outbox(store, intake, book, router, committed=self._committed, now=now)
        self.publication = Publication(store, self._discard, self.outbox.quiet)
        attempts = Attempts(settings, calendar, reports)
        self.dispatcher = Dispatcher(
            store,
            self.gateways,
            attempts=attempts,
            pace=Pace(settings.limits, clock),
            committed=self.publication.wake,
            now=now,
        )
        self._clock = Clock(
            store,
            self.gateways,
            attempts=attempts,
            inbox=inbox,
            keep_days=settings.keep_days,
            committed=self.publication.wake,
            wake=self.dispatcher.wake,
            now=now,
            steady=clock,
        )
        self.board = Board(
            store, self.gateways, self.dispatcher, calendar=calendar, instance=instance, now=now
        )
        make_inlet = partial(
            GatewayInlet,
            store=store,
            inbox=inbox,
            reports=reports,
            attempts=attempts,
            gateways=self.gateways,
            committed=self._committed,
            now=now,
        )
        self._inlets = {name: make_inlet(name, link.kind) for name, link in links.items()}
        self._links = links
        self._discarding: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Settle what the last run left open, then start the links."""
        await self.gateways.load()
        self.gateways.subscribe(self.dispatcher.gateway_changed)
        await self.dispatcher.start(self._inlets)
        self._ticking = asyncio.create_task(self._clock.run(), name="clock")

    async def stop(self) -> None:
        """Stop the links, writing down what they still say."""
        if self._ticking is not None:
            self._ticking.cancel()
        await self.dispatcher.stop()
        for task in self._discarding:
            task.cancel()
        await asyncio.gather(*self._discarding, return_exceptions=True)

    def is_alive(self) -> bool:
        """Whether every gateway's worker and the clock still run."""
        ticking = self._ticking is None or not self._ticking.done()
        return ticking and self.dispatcher.is_alive()

    def _committed(self) -> None:
        self.publication.wake()
        self.dispatcher.wake()

    def _discard(self, gateway: str, source: Source) -> None:
        """Let a gateway delete its copy in the background; one that is no longer configured keeps it."""
        link = self._links.get(gateway)
        if link is not None:
            task = asyncio.create_task(link.discard(source))
            self._discarding.add(task)
            task.add_done_callback(self._discarding.discard)
