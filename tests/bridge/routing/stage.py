"""The whole router on a real store, with scripted gateways and a consumer of its events; on virtual time."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sms_bridge.routing.engine import Routing
from sms_bridge.routing.link import LinkState, LinkStatus
from sms_bridge.store import open_store
from sms_providers.charset import plan
from sms_providers.model import Capability, Taken
from tests.bridge.routing.bench import NOW, join, send, settings
from tests.support.virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from sms_bridge.routing.command import Command, Rejection
    from sms_bridge.routing.link import InboundSegment, Inlet, Source, Submission, UssdAnswer
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Event, Store, Transaction
    from sms_providers.model import Balance, Outcome
    from sms_providers.provider import OptionCheck

T = TypeVar("T")

#: Virtual seconds after which what was waited for has failed to happen.
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One segment that left a gateway, when (virtual seconds) and for which text."""

    gateway: str
    text: str
    seqno: int
    at: float


class World:
    """What outlives the bridge: the air, the SIM's storage, and what the broker has acknowledged."""

    def __init__(self) -> None:
        self.air: list[Sent] = []
        #: What lies in the memory of the gateway named stick, by its PDU.
        self.storage: dict[str, InboundSegment] = {}
        self.published: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Something happened that a test may wait for."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``; raises TimeoutError after PATIENCE virtual seconds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def texts(self, gateway: str | None = None) -> list[str]:
        """The texts of the first segments that left, in order."""
        return [sent.text for sent in self.air if sent.seqno == 1 and gateway in (None, sent.gateway)]

    def states(self, message_id: str) -> list[str]:
        """The states of a message as its consumer saw them; ``!`` marks the final ones."""
        found = {event["seq"]: event for event in self.published if event.get("state")}
        return [
            event["state"] + ("!" if event["final"] else "")
            for _, event in sorted(found.items())
            if event["id"] == message_id and not event["repeat"]
        ]

    def last(self, message_id: str) -> dict[str, Any]:
        """The last event of a message."""
        return [event for event in self.published if event["id"] == message_id][-1]


@dataclass
class ScriptedLink:
    """A gateway that does what its script says, then takes everything.

    Each entry of ``script`` is the outcome of one submission, or a coroutine function that makes it.
    """

    name: str
    world: World
    script: deque[Outcome | Callable[[Submission], Awaitable[Outcome]]] = field(default_factory=deque)
    online: bool = True
    kind: str = "fake"
    max_batch: int = 1
    capabilities: frozenset[Capability] = frozenset({Capability.DELIVERY_REPORT})
    parallel: int = 1
    by_segment: bool = True
    options: Mapping[str, OptionCheck] = field(default_factory=dict)
    reference: int = 0
    discarded: list[Source] = field(default_factory=list)
    batches: list[list[str | None]] = field(default_factory=list)

    async def start(self, inlet: Inlet) -> None:
        self.inlet = inlet
        self.stopping = asyncio.Event()
        self.set_online(online=self.online)
        self._reading = asyncio.create_task(self._read_storage())

    def set_online(self, *, online: bool) -> None:
        state = LinkState.ONLINE if online else LinkState.OFFLINE
        self.inlet.status_changed(LinkStatus(state=state, number="+4915112345678"))

    async def _read_storage(self) -> None:
        held = tuple(self.world.storage.values()) if self.name == "stick" else ()
        for segment in held:
            if segment.source is not None and await self.inlet.received(segment):
                await self.discard(segment.source)

    async def stop(self) -> None:
        self.stopping.set()

    async def submit(
        self, batch: Sequence[Submission], segment_taken: Callable[[int, int, str], Awaitable[None]]
    ) -> Sequence[Outcome]:
        self.batches.append([submission.message.text for submission in batch])
        return [await self._submit(submission, segment_taken) for submission in batch]

    async def _submit(
        self, submission: Submission, segment_taken: Callable[[int, int, str], Awaitable[None]]
    ) -> Outcome:
        if self.script:
            step = self.script.popleft()
            if callable(step):
                return await step(submission)
            self.world.change()
            return step
        references = dict(submission.taken)
        count = plan(submission.message.text or "").count
        for seqno in range(1, count + 1):
            if seqno in references:
                continue
            references[seqno] = self.emit(submission, seqno)
            if seqno < count:
                await segment_taken(submission.row, seqno, references[seqno])
        return Taken(references=tuple(references[seqno] for seqno in sorted(references)))

    def emit(self, submission: Submission, seqno: int = 1) -> str:
        """A segment leaves; returns its reference."""
        self.reference = (self.reference + 1) % 256
        text = submission.message.text or ""
        self.world.air.append(Sent(self.name, text, seqno, asyncio.get_running_loop().time()))
        self.world.change()
        return f"{self.reference:02x}"

    async def price(self, _text: str, _recipients: Sequence[str]) -> None:
        return None

    async def discard(self, source: Source) -> None:
        self.discarded.append(source)
        self.world.storage.pop(source.pdu, None)
        await self.inlet.deleted(source)
        self.world.change()

    async def balance(self) -> Balance:
        raise NotImplementedError

    async def ussd(self, code: str) -> UssdAnswer:
        raise NotImplementedError

    async def ussd_reply(self, text: str) -> UssdAnswer:
        raise NotImplementedError

    async def ussd_end(self) -> None:
        raise NotImplementedError

    def transcript(self) -> list[str]:
        return []

    async def restart(self) -> None:
        raise NotImplementedError


class TimelessStore:
    """A store that takes no virtual time, so that a busy machine changes no test's course."""

    def __init__(self, store: Store) -> None:
        self._store = store
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        self._held = loop.held

    async def open(self) -> None:
        with self._held():
            await self._store.open()

    async def close(self) -> None:
        with self._held():
            await self._store.close()

    async def write(self, name: str, unit: Callable[[Transaction], T]) -> T:
        with self._held():
            return await self._store.write(name, unit)

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        with self._held():
            return await self._store.read(unit)

    def commit_age(self) -> float:
        return self._store.commit_age()


class KillingStore:
    """A store that never comes back from the first write of one name: killed before its commit, or right after it."""

    def __init__(self, store: Store, name: str, *, committed: bool) -> None:
        self._store = store
        self._name = name
        self._committed = committed
        self.killed = asyncio.Event()

    async def open(self) -> None:
        await self._store.open()

    async def close(self) -> None:
        await self._store.close()

    async def write(self, name: str, unit: Callable[[Transaction], T]) -> T:
        if self.killed.is_set() or name == self._name:
            if self._committed and not self.killed.is_set():
                self.killed.set()
                await self._store.write(name, unit)
            self.killed.set()
            await asyncio.Event().wait()
        return await self._store.write(name, unit)

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        return await self._store.read(unit)

    def commit_age(self) -> float:
        return self._store.commit_age()


class Stage:
    """One run of the router in a world."""

    def __init__(
        self, world: World, store: Store, links: Sequence[ScriptedLink], given: RoutingSettings
    ) -> None:
        loop = asyncio.get_running_loop()
        self.clock_error = 0.0
        self.world = world
        self.links = {link.name: link for link in links}
        self.routing = Routing(
            given,
            self.links,
            store,
            joiners={"fake": join},
            instance="main",
            now=lambda: NOW + loop.time() + self.clock_error,
            clock=loop.time,
        )

    async def start(self) -> None:
        """Start the router and the consumer of its events."""
        await self.routing.start()
        self._consumer = asyncio.create_task(self._consume())

    async def stop(self) -> None:
        """Stop both."""
        await self.routing.stop()
        self._consumer.cancel()

    async def send(self, message_id: str, text: str | None = None, **values: object) -> None:
        """One command."""
        given: dict[str, Any] = {"id": message_id, "text": text or message_id, **values}
        await self.routing.outbox.accept([send(**given)], None)

    async def accept(self, *commands: Command | Rejection) -> None:
        """The commands of one PUBLISH."""
        await self.routing.outbox.accept(commands, None)

    async def _consume(self) -> None:
        after = 0
        while True:
            events: Sequence[Event] = await self.routing.publication.unpublished(after, 100)
            self.world.published.extend(json.loads(event.payload) for event in events)
            await self.routing.publication.acknowledged(events)
            after = events[-1].seq
            self.world.change()


def database(folder: Path) -> Store:
    """The store of a folder, not yet open."""
    return TimelessStore(open_store(f"sqlite:///{folder}/bridge.db"))


@asynccontextmanager
async def staged(folder: Path, *links: ScriptedLink, **values: object) -> AsyncIterator[Stage]:
    """A running router with these gateways, stopped at the end."""
    store = database(folder)
    await store.open()
    names = tuple(link.name for link in links)
    stage = Stage(links[0].world, store, links, settings(gateways=names, **values))
    await stage.start()
    try:
        yield stage
    finally:
        await stage.stop()
        await store.close()


async def kill(*survivors: asyncio.Task[Any]) -> None:
    """What kill -9 does to everything that runs: nothing of it goes on."""
    current = asyncio.current_task()
    dead = [task for task in asyncio.all_tasks() if task is not current and task not in survivors]
    for task in dead:
        task.cancel()
    await asyncio.gather(*dead, return_exceptions=True)


def hanging(world: World) -> Callable[[Submission], Coroutine[Any, Any, Outcome]]:
    """A submission that never ends."""

    async def hang(_: Submission) -> Outcome:
        world.change()
        await asyncio.Event().wait()
        raise AssertionError

    return hang
