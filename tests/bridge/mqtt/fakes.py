"""What stands behind the MQTT side in its tests: every seam as a fake that records and can hold back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sms_bridge.routing.requests import AdminCode, AdminError
from sms_bridge.store.base import Event, EventKind, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sms_bridge.mqtt.errors import FatalMqttError
    from sms_bridge.routing.command import Command, Packet, Rejection
    from sms_bridge.store.base import Copy


T = TypeVar("T")


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that another process or the loop brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's or a thread's
            await asyncio.sleep(0.005)


@dataclass
class FakeOutbox:
    """Commits at once, or when ``release`` lets it; fails while ``failing``."""

    accepted: list[tuple[Sequence[Command | Rejection], Packet | None]] = field(default_factory=list)
    asked: list[Packet | None] = field(default_factory=list)
    forgotten: int = 0
    acknowledged: list[int] = field(default_factory=list)
    held: list[asyncio.Future[None]] = field(default_factory=list)
    holding: bool = False
    failing: bool = False
    fault: Callable[[Command | Rejection], None] = field(default=lambda _: None)

    async def accept(self, commands: Sequence[Command | Rejection], packet: Packet | None) -> None:
        self.asked.append(packet)
        if self.holding:
            gate = asyncio.get_running_loop().create_future()
            self.held.append(gate)
            await gate
        if self.failing:
            raise StoreError("the disk is full: make room")
        for command in commands:
            self.fault(command)
        self.accepted.append((commands, packet))

    async def forget_packets(self) -> None:
        self.forgotten += 1

    async def packets_acknowledged(self, packet_ids: Sequence[int]) -> None:
        self.acknowledged += packet_ids

    @property
    def commands(self) -> list[Command | Rejection]:
        return [command for commands, _ in self.accepted for command in commands]


class FakeEvents:
    """An event store in memory."""

    def __init__(self) -> None:
        self.events: dict[int, Event] = {}
        self.settled: list[int] = []
        self.failing = False
        self.unreadable = False
        self._added = asyncio.Event()

    def add(self, seq: int, kind: EventKind = EventKind.DLR, copies: tuple[Copy, ...] = ()) -> Event:
        event = Event(seq=seq, kind=kind, payload=f'{{"seq":{seq}}}', copies=copies)
        self.events[seq] = event
        self._added.set()
        return event

    async def unpublished(self, after: int, limit: int) -> Sequence[Event]:
        while True:
            self._added.clear()
            if self.unreadable:
                raise StoreError("the disk is gone")
            found = [event for seq, event in sorted(self.events.items()) if seq > after]
            if found:
                return found[:limit]
            await self._added.wait()

    async def acknowledged(self, events: Sequence[Event]) -> None:
        if self.failing:
            raise StoreError("the disk is full: make room")
        for event in events:
            del self.events[event.seq]
            self.settled.append(event.seq)


class FakeBoard:
    """Two gateways, of which one is online."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, object]] = {
            "stick": {"state": "online", "queue": 0},
            "phones": {"state": "offline", "queue": 0},
        }
        self.listeners: list[Callable[[str], None]] = []
        self.failing = False

    def names(self) -> Sequence[str]:
        return tuple(self.objects)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def is_online(self, name: str) -> bool:
        return self.objects[name]["state"] == "online"

    async def gateway(self, name: str) -> Mapping[str, object]:
        if self.failing:
            raise StoreError("the disk is gone")
        return self.objects[name]

    async def health(self) -> Mapping[str, object]:
        if self.failing:
            raise StoreError("the disk is gone")
        return {"uptime": 1}


class FakeAdministration:
    """Echoes; refuses ``cancel``; holds ``ussd`` until released."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, Mapping[str, object]]] = []
        self.gate = asyncio.Event()

    async def execute(self, command: str, members: Mapping[str, object]) -> Mapping[str, object]:
        self.executed.append((command, members))
        if command == "events":
            raise AdminError(AdminCode.WRONG_EPOCH, "Another store.", {"epoch": "e1", "seq": 7})
        if command == "message":
            return {"half a pair": "\ud800"}
        if command == "balance":
            await self.gate.wait()
        return {"echo": dict(members)}


class Memory:
    """Of a store only what is remembered: it outlives the bridge, and fails while ``failing``."""

    def __init__(self) -> None:
        self.remembered: dict[tuple[str, str], str] = {}
        self.failing = False

    def store(self) -> Any:  # noqa: ANN401 - a store of which only the memory is there
        return self

    async def write(self, _name: str, unit: Callable[[Any], T]) -> T:
        return await self.read(unit)

    async def read(self, unit: Callable[[Any], T]) -> T:
        if self.failing:
            raise StoreError("the disk is gone")
        return unit(self)

    def recall(self, owner: str, key: str) -> str | None:
        return self.remembered.get((owner, key))

    def remember(self, owner: str, key: str, value: str | None) -> None:
        if value is None:
            self.remembered.pop((owner, key), None)
        else:
            self.remembered[owner, key] = value


@dataclass
class Failures:
    """What the application would exit with."""

    errors: list[FatalMqttError] = field(default_factory=list)

    def __call__(self, error: FatalMqttError) -> None:
        self.errors.append(error)
