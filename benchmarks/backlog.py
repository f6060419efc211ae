"""Dispatch with a million messages queued beside a thousand: what the queue's length costs.

Run with the test requirements installed: python benchmarks/backlog.py
Both queues lie in stores of their own. A dispatch is the unit that the bridge commits between two messages of a modem:
the answer to the last one is written down, the next one is claimed. Both queues are measured in turn, a few dispatches
at a time, so that whatever else the machine does meets both. That the queries use indices is a test of the store's.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import GATEWAY, RUNS, command, show_command
from sms_bridge.routing.attempts import Attempts
from sms_bridge.routing.limits import Calendar
from sms_bridge.routing.reports import Reports
from sms_bridge.routing.settings import RoutingSettings
from sms_bridge.store.base import Message
from sms_bridge.store.sqlite.engine import SqliteStore
from sms_providers.model import Taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.routing.link import Submission
    from sms_bridge.store.base import Transaction

SHORT: Final = 1_000
LONG: Final = 1_000_000
#: Dispatches per turn, and turns per run: together fewer than the short queue has messages.
_TURN: Final = 20
_TURNS: Final = 15
#: Messages that one commit adds while a queue is filled.
_FILL: Final = 10_000
_DAY: Final = 86_400


class Queue:
    """A store with so many messages ready, and a dispatcher's work on it."""

    def __init__(self, folder: Path, length: int) -> None:
        settings = RoutingSettings(gateways=(GATEWAY,))
        self._attempts = Attempts(settings, Calendar(None), Reports(settings.defaults))
        self._length = length
        self._last: Submission | None = None
        self.store = SqliteStore(folder / str(length) / "queue.db")

    async def fill(self) -> None:
        """Add the messages."""
        await self.store.open()
        for first in range(0, self._length, _FILL):
            await self.store.write("fill", self._adding(range(first, min(first + _FILL, self._length))))

    async def dispatch(self, times: int) -> float:
        """Dispatch some messages; returns the seconds."""
        began = time.perf_counter()
        for _ in range(times):
            self._last = await self.store.write("settle", self._settle_and_claim)
        return time.perf_counter() - began

    def _adding(self, numbers: range) -> Callable[[Transaction], None]:
        def add(tx: Transaction) -> None:
            for number in numbers:
                tx.add_message(_message(number))

        return add

    def _settle_and_claim(self, tx: Transaction) -> Submission:
        usable = frozenset({GATEWAY})
        last, now = self._last, time.time()
        if last is not None:
            outcome = Taken(references=(f"{last.row % 256:02x}",))
            self._attempts.settle(tx, last.row, last.attempt, outcome, usable=usable, now=now)
        (claimed,) = self._attempts.claim(tx, GATEWAY, usable, 1, now)
        return claimed


def _message(number: int) -> Message:
    given, now = command(number), time.time()
    return Message(
        id=str(given["id"]),
        recipient=str(given["to"]),
        text=str(given["text"]),
        created_at=now,
        updated_at=now,
        valid_for=_DAY,
        expires_at=now + _DAY,
        due_at=now + _DAY,
        route=((GATEWAY,),),
    )


async def measure(folder: Path) -> None:
    """Fill both queues, then dispatch from both in turn."""
    short, long = Queue(folder, SHORT), Queue(folder, LONG)
    await short.fill()
    await long.fill()
    rates: list[tuple[float, float]] = []
    for _ in range(RUNS):
        of_short = of_long = 0.0
        for _ in range(_TURNS):
            of_short += await short.dispatch(_TURN)
            of_long += await long.dispatch(_TURN)
        rates.append((_TURN * _TURNS / of_short, _TURN * _TURNS / of_long))
    ratio = statistics.median(with_long / with_short for with_short, with_long in rates)
    for length, median in (
        (SHORT, statistics.median(with_short for with_short, _ in rates)),
        (LONG, statistics.median(with_long for _, with_long in rates)),
    ):
        print(f"{length:,} queued: {median:,.0f} dispatches/s")
    print(f"the long queue's pace is {ratio:.2f} of the short one's")
    await short.store.close()
    await long.store.close()


def main() -> None:
    """Print both paces and their ratio."""
    with tempfile.TemporaryDirectory(prefix="sms-bridge-bench-") as folder:
        asyncio.run(measure(Path(folder)))
    show_command("backlog")


if __name__ == "__main__":
    main()
