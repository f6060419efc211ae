"""The store: durable messages per second against bare sqlite3, and the pace of claims as the queue grows.

Run with the test requirements installed: python benchmarks/store.py [FOLDER]
FOLDER (a temporary one by default) chooses the disk: what a commit costs is the disk's business, so only the ratios
mean something elsewhere. Both sides keep the same rows in the same tables with the same settings (write-ahead log,
synchronous=FULL), in turn, and each figure is a median.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bridge"), str(ROOT / "custom_components" / "sms_gateway")]

from sms_bridge.store.base import EventKind, Phase
from sms_bridge.store.sqlite import message_rows, rows
from sms_bridge.store.sqlite import statements as sql
from sms_bridge.store.sqlite.engine import SqliteStore
from sms_bridge.store.sqlite.file import open_file
from tests.bridge.store.records import NOW, STICK, message

if TYPE_CHECKING:
    from sms_bridge.store.base import Transaction
    from sms_bridge.store.sqlite.file import StoreFile

RUNS: Final = 5
#: Callers at the same time → messages per run.
CALLERS: Final = {1: 2_000, 20: 10_000, 100: 20_000}
BARE: Final = 2_000
#: Ready messages in the two queues that are compared.
QUEUES: Final = (1_000, 1_000_000)
#: Calls per queue, in turn; fewer than the shorter queue has messages.
CALLS: Final = 800

#: The usual ``queued`` event.
BODY: Final[dict[str, object]] = {
    "id": "door-17",
    "group": None,
    "to": "+491701234567",
    "state": "queued",
    "final": False,
    "gateway": None,
    "channel": "sms",
    "segments": 1,
    "segments_delivered": 0,
    "attempt": 0,
    "at": "2026-11-20T10:15:02.120Z",
    "reference": [],
    "error": None,
    "cost": None,
    "possible_duplicate": False,
    "repeat": False,
    "metadata": {},
    "user_properties": [],
}

_numbers: Final = count()


def accept(tx: Transaction) -> None:
    """What the bridge commits before it acknowledges a command."""
    kept = tx.add_message(message(f"m{next(_numbers)}"))
    tx.add_event(EventKind.DLR, BODY, at=NOW, message_row=kept.row)


def claim(tx: Transaction) -> None:
    """What the bridge commits before a gateway is given a message."""
    (first,) = tx.ready(STICK, 0, 1)
    tx.save_message(replace(first, phase=Phase.SUBMITTING, gateway="stick", attempt=1, submitted_at=NOW))


async def durable(store: SqliteStore, callers: int, messages: int) -> float:
    """Messages per second that so many callers commit, each waiting for one before the next."""

    async def call() -> None:
        for _ in range(messages // callers):
            await store.write("accept", accept)

    begin = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return messages / (time.perf_counter() - begin)


def bare(file: StoreFile, messages: int) -> float:
    """Messages per second of a loop over the sqlite3 module: the same two rows, one commit each."""
    execute = file.writer.execute
    execute("INSERT OR IGNORE INTO lanes (lane, route, step) VALUES (1, '[]', 0)")
    begin = time.perf_counter()
    for _ in range(messages):
        kept = message(f"m{next(_numbers)}")
        execute("BEGIN IMMEDIATE")
        row = execute(sql.ADD_PLAIN_MESSAGE, message_rows.plain_values(kept, 1)).lastrowid
        execute(sql.ADD_EVENT, ("dlr", rows.to_json(BODY), None, row, None, NOW))
        execute("COMMIT")
    return messages / (time.perf_counter() - begin)


async def fill(store: SqliteStore, messages: int) -> None:
    """Put ready messages into a store, to as many recipients, by one statement."""
    template = await store.write("one", lambda tx: tx.add_message(message("template")))
    assert store._open is not None  # noqa: SLF001 - a million calls of the store would take a minute
    copy: Final = """
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
        INSERT INTO messages (id, recipient, text, fingerprint, priority, encoding, dlr, on_unknown, segments,
                              created_at, valid_for, expires_at, lane, phase, state, due_at, updated_at)
        SELECT 'q' || n, '+4917' || (10000000 + n), text, fingerprint, 1, encoding, 1, on_unknown, 1,
               created_at, valid_for, expires_at, lane, phase, state, expires_at + n, updated_at
        FROM numbers, messages WHERE row = ?
    """
    connection: sqlite3.Connection = store._open.file.writer  # noqa: SLF001 - as above
    await store.write("fill", lambda _: connection.execute(copy, (messages - 1, template.row)).rowcount)


async def microseconds(calls: Sequence[Callable[[], Awaitable[object]]]) -> list[float]:
    """Median duration of each call, the calls in turn."""
    durations: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS):
        for call, measured in zip(calls, durations, strict=True):
            begin = time.perf_counter()
            await call()
            measured.append(time.perf_counter() - begin)
    return [statistics.median(measured) * 1e6 for measured in durations]


async def compare_ingest(folder: Path) -> None:
    """Print durable messages per second and their ratio to the bare loop's."""
    store = SqliteStore(folder / "ours.db")
    await store.open()
    peer = open_file(folder / "bare.db")
    bare_rates: list[float] = []
    rates: dict[int, list[float]] = {callers: [] for callers in CALLERS}
    for _ in range(RUNS):
        bare_rates.append(bare(peer, BARE))
        for callers, messages in CALLERS.items():
            rates[callers].append(await durable(store, callers, messages))
    peer.close()
    await store.close()
    base = statistics.median(bare_rates)
    print(f"durable message + event, bare sqlite3, one commit each {base:10,.0f} /s")
    for callers, measured in rates.items():
        rate = statistics.median(measured)
        print(
            f"durable message + event, the store, {callers:3} callers     {rate:10,.0f} /s   ratio {rate / base:.2f}"
        )


async def compare_queues(folder: Path) -> None:
    """Print what a claim costs at both lengths of the queue, and what the state topics ask."""
    stores = [SqliteStore(folder / f"{length}.db") for length in QUEUES]
    for store, length in zip(stores, QUEUES, strict=True):
        await store.open()
        await fill(store, length)
    os.sync()  # else the first claims wait for the filling to reach the disk
    claims = await microseconds([partial(store.write, "claim", claim) for store in stores])
    questions = await microseconds([partial(store.read, ask) for store in stores])
    for store in stores:
        await store.close()
    short, long = QUEUES
    for name, (few, many) in (("claim + save", claims), ("queue's state", questions)):
        print(
            f"{name:14} at {short:,} ready {few:7.0f} us, at {long:,} ready {many:7.0f} us   ratio {few / many:.2f}"
        )


def ask(tx: Transaction) -> object:
    """What the health and gateway topics tell of the queue."""
    return tx.queue_depth(), tx.queue_by_gateway(), tx.oldest_queued(), tx.next_due()


async def main(parent: str | None) -> None:
    """Run both comparisons in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        await compare_ingest(Path(folder))
        await compare_queues(Path(folder))
    print(f"again: python benchmarks/store.py{f' {parent}' if parent else ''}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
