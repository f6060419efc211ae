"""What the tests of the engine share: recorders for its events, and a modem that runs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sms_bridge.modem.model import (
    ModemSettings,
    Phase,
)
from sms_bridge.modem.modem import Modem

from .fake import FakeModem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

    from sms_bridge.modem.model import (
        Call,
        ModemStatus,
        ReceivedPdu,
        StoredAt,
    )

#: An SMS-DELIVER from +491701234567, "Hallo", and another one.
DELIVER = "0791947101670000040C9194711032547600006211021015004005C8309BFD06"
OTHER = "0791947101670000040C9194711032547600006211021015104005C8329BFD06"
#: An SMS-STATUS-REPORT for TP-MR 42, delivered.
REPORT = "0791947101670000062A0C91947110325476621102101500406211021015104000"
#: An SMS-SUBMIT for the service centre of the SIM.
SUBMIT = "0001000C919471103254760000" + "05" + "C8329BFD06"
SUBMIT_LENGTH = len(SUBMIT) // 2 - 1


class Events:
    """Records what the engine tells; ``delete`` is what ``pdu`` returns, ``before`` comes before that."""

    def __init__(self, *, delete: bool = False) -> None:
        self.delete = delete
        self.before: Callable[[ReceivedPdu], Awaitable[None]] | None = None
        self.fault: Exception | None = None
        self.pdus: list[ReceivedPdu] = []
        self.sweeps: list[dict[str, list[tuple[int, str]]]] = []
        self.statuses: list[ModemStatus] = []
        self.calls: list[Call] = []
        self.late: list[int] = []

    async def pdu(self, pdu: ReceivedPdu) -> bool:
        if self.before is not None:
            await self.before(pdu)
        self.pdus.append(pdu)
        return self.delete

    async def swept(self, _sim: str, present: Mapping[str, Collection[tuple[int, str]]]) -> None:
        self.sweeps.append({storage: list(content) for storage, content in present.items()})

    def status_changed(self, status: ModemStatus) -> None:
        self.statuses.append(status)
        if self.fault is not None:
            raise self.fault

    def call(self, call: Call) -> None:
        self.calls.append(call)

    def late_reply(self, mr: int) -> None:
        self.late.append(mr)

    @property
    def places(self) -> list[StoredAt | None]:
        return [pdu.at for pdu in self.pdus]


class Pins:
    """A PIN memory as durable as the test."""

    def __init__(self) -> None:
        self.tried: set[tuple[str, str]] = set()
        self.log: list[str] = []

    async def refused(self, sim: str, pin: str) -> bool:
        return (sim, pin) in self.tried

    async def about_to_try(self, sim: str, pin: str) -> None:
        self.tried.add((sim, pin))
        self.log.append(f"try {sim}")

    async def accepted(self, sim: str, pin: str) -> None:
        self.tried.discard((sim, pin))
        self.log.append(f"accepted {sim}")


class Bench:
    """A modem under test with everything around it."""

    def __init__(self, fake: FakeModem, settings: ModemSettings, events: Events, pins: Pins) -> None:
        self.fake = fake
        self.events = events
        self.pins = pins
        self.modem = Modem(settings, fake.transport, events, pins)

    @property
    def status(self) -> ModemStatus:
        return self.modem.status

    def ready(self) -> bool:
        """Whether the modem is ready to send."""
        return self.status.phase is Phase.READY

    def swept(self) -> bool:
        """Whether the first sweep is over."""
        return bool(self.events.sweeps)

    async def until(self, condition: Callable[[], object], within: float = 300.0) -> None:
        """Wait for a condition on virtual time."""
        async with asyncio.timeout(within):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    async def send(self, *, more: bool = False) -> int:
        return await self.modem.send(SUBMIT, SUBMIT_LENGTH, more=more)


def bench(
    fake: FakeModem | None = None,
    *,
    events: Events | None = None,
    pins: Pins | None = None,
    **settings: object,
) -> Bench:
    """A modem that is not started yet."""
    configured = replace(ModemSettings(port="/dev/modem"), **settings)  # type: ignore[arg-type]  # a test's own fields
    return Bench(fake or FakeModem(), configured, events or Events(), pins or Pins())


@asynccontextmanager
async def running(
    fake: FakeModem | None = None,
    *,
    events: Events | None = None,
    pins: Pins | None = None,
    until: Phase | None = Phase.READY,
    **settings: object,
) -> AsyncIterator[Bench]:
    """A modem that runs, in a phase and after its first sweep."""
    made = bench(fake, events=events, pins=pins, **settings)
    await made.modem.start()
    try:
        if until is not None:
            await made.until(lambda: made.status.phase is until)
        if until is Phase.READY:
            await made.until(lambda: made.events.sweeps)
        yield made
    finally:
        await made.modem.stop(finish_within=0)
