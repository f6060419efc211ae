"""Events: from the store to the broker, in the order of their ``seq``, until each is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from sms_bridge.mqtt.errors import PublishRefusedError
from sms_bridge.mqtt.messages import Publication
from sms_bridge.mqtt.recovery import Pace
from sms_bridge.store.base import EventKind, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sms_bridge.mqtt.background import Spawn
    from sms_bridge.mqtt.topics import Topics
    from sms_bridge.store.base import Event

_LOGGER = logging.getLogger(__name__)

#: Events between the store and the commit of the broker's acknowledgement.
WINDOW: Final = 200
#: Seconds over which acknowledged events are collected: their commits would make messages wait for the disk, and one
#: that comes later only means that a crash publishes them once more.
_COLLECT: Final = 0.05


class Events(Protocol):
    """Where events come from. Both raise StoreError."""

    async def unpublished(self, after: int, limit: int) -> Sequence[Event]:
        """The next events with a ``seq`` above ``after``, at least one: waits for it."""

    async def acknowledged(self, events: Sequence[Event]) -> None:
        """The broker has these events and their copies; returns after the commit."""


class Publisher:
    """Publishes every event at least once. ``published`` is called after each commit of acknowledged events.

    A kind of event whose topic the broker refuses is held back and tried again, in order; other kinds go on.
    """

    def __init__(
        self,
        topics: Topics,
        events: Events,
        *,
        publish: Callable[[Publication], asyncio.Future[None]],
        published: Callable[[], None],
        spawn: Spawn,
        pace: Pace | None = None,
        window: int = WINDOW,
    ) -> None:
        self._topics = topics
        self._events = events
        self._publish = publish
        self._published = published
        self._spawn = spawn
        self._pace = pace or Pace()
        self._room = asyncio.Semaphore(window)
        self._window = window
        self._lanes = {kind: _Lane(self._send, self._pace) for kind in EventKind}
        self._unanswered: set[asyncio.Future[None]] = set()
        self._delivered: list[Event] = []
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._store_fails = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with the oldest event that no broker has acknowledged."""
        self._tasks = [
            self._spawn(self._feed(), "mqtt events"),
            self._spawn(self._settle(), "mqtt acknowledged events"),
        ]

    async def stop(self) -> None:
        """Stop; what is not acknowledged is published again after the next start."""
        for lane in self._lanes.values():
            lane.stop()
        for waiting in (*self._tasks, *self._unanswered):
            waiting.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._delivered:
            with suppress(StoreError):  # they are published once more
                await self._events.acknowledged(self._delivered)

    async def _feed(self) -> None:
        after = 0
        wait = self._pace.first
        while True:
            await self._room.acquire()
            self._room.release()
            try:
                events = await self._events.unpublished(after, self._window)
            except StoreError as error:
                self._say_store_fails(error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._pace.longest)
                continue
            wait = self._pace.first
            self._store_fails = False
            for event in events:
                await self._room.acquire()
                self._lanes[event.kind].take(event)
                after = event.seq

    def _send(self, event: Event) -> None:
        """Publish an event and its copies; the order of calls is the order on the wire."""
        sent = [self._publish(publication) for publication in self._publications(event)]
        self._unanswered.update(sent)
        waiting = set(sent)
        for each in sent:
            each.add_done_callback(partial(self._answered, event, sent, waiting))

    def _publications(self, event: Event) -> Iterator[Publication]:
        payload = event.payload.encode()
        yield Publication(topic=self._topics.event(event.kind), payload=payload)
        for copy in event.copies:
            if copy.text is None:
                yield Publication(topic=copy.topic, payload=payload, correlation=copy.correlation)
            else:
                yield Publication(topic=f"{self._topics.base}/{copy.topic}", payload=copy.text.encode())

    def _answered(
        self,
        event: Event,
        sent: Sequence[asyncio.Future[None]],
        waiting: set[asyncio.Future[None]],
        answer: asyncio.Future[None],
    ) -> None:
        """Take one of the broker's answers; the event is done with the last."""
        self._unanswered.discard(answer)
        waiting.discard(answer)
        if waiting or answer.cancelled():
            return
        refusals = [each.exception() for each in sent]
        for refusal in refusals[1:]:
            if refusal is not None:
                _LOGGER.warning("A copy of an event is not delivered. %s", refusal)
        if isinstance(refusals[0], PublishRefusedError):
            self._lanes[event.kind].refused(event, refusals[0])
        else:
            self._lanes[event.kind].taken()
            self._delivered.append(event)
            self._some.set()
            if len(self._delivered) >= self._window // 2:
                self._many.set()

    async def _settle(self) -> None:
        """Commit what the broker has, many at a time."""
        wait = self._pace.first
        while True:
            await self._some.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(_COLLECT):
                    await self._many.wait()
            batch = tuple(self._delivered)
            try:
                await self._events.acknowledged(batch)
            except StoreError as error:
                self._say_store_fails(error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._pace.longest)
                continue
            wait = self._pace.first
            self._store_fails = False
            del self._delivered[: len(batch)]
            if not self._delivered:
                self._some.clear()
            if len(self._delivered) < self._window // 2:
                self._many.clear()
            for _ in batch:
                self._room.release()
            self._published()

    def _say_store_fails(self, error: StoreError) -> None:
        """Say it once until the store works again."""
        if not self._store_fails:
            _LOGGER.error("Events wait, and are tried again, because of the store: %s", error)
        self._store_fails = True


class _Lane:
    """One kind of event: passes them on, or holds them back in order while the broker refuses their topic."""

    def __init__(self, send: Callable[[Event], None], pace: Pace) -> None:
        self._send = send
        self._pace = pace
        self._wait = pace.first
        self._held: list[Event] = []
        self._retry: asyncio.TimerHandle | None = None

    def take(self, event: Event) -> None:
        """Send an event now, or after those that are held back."""
        if self._retry is None:
            self._send(event)
        else:
            self._held.append(event)

    def refused(self, event: Event, error: PublishRefusedError) -> None:
        """The broker did not take an event."""
        self._held.append(event)
        if self._retry is None:
            _LOGGER.error("Events are held back and published again later. %s Allow the bridge to.", error)
            self._retry = asyncio.get_running_loop().call_later(self._wait, self._again)
            self._wait = min(self._wait * 2, self._pace.longest)

    def taken(self) -> None:
        """The broker took an event."""
        self._wait = self._pace.first

    def stop(self) -> None:
        """Hold back for good."""
        if self._retry is not None:
            self._retry.cancel()

    def _again(self) -> None:
        held, self._held = sorted(self._held, key=lambda event: event.seq), []
        self._retry = None
        for event in held:
            self._send(event)
