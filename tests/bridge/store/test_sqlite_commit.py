"""How the SQLite store commits: in groups, before the answer, and again once a full disk has room."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from sms_bridge.store.base import StoreError
from sms_bridge.store.sqlite import writer
from sms_bridge.store.sqlite.engine import SqliteStore
from tests.bridge.store.records import message, segment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sms_bridge.store.base import Transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path)
    await opened.open()
    yield opened
    await opened.close()


def connection_of(store: SqliteStore) -> sqlite3.Connection:
    """The writer's connection."""
    assert store._open is not None
    return store._open.file.writer


def adding(name: str, text: str = "x") -> Callable[[Transaction], int]:
    """A unit that adds one message."""
    return lambda tx: tx.add_message(message(name, text=text)).row


def ids_in(path: Path) -> list[str]:
    """The ids that another connection sees."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        return [name for (name,) in connection.execute("SELECT id FROM messages ORDER BY row")]


async def test_the_answer_comes_after_the_commit(store: SqliteStore, path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def waiting(tx: Transaction) -> None:
        tx.add_message(message("a"))
        begun.set()
        go.wait(10)

    answer = asyncio.ensure_future(store.write("a", waiting))
    await asyncio.to_thread(begun.wait, 10)
    assert ids_in(path) == []
    assert not answer.done()
    go.set()
    await answer
    assert ids_in(path) == ["a"]


async def test_what_waits_while_a_commit_runs_is_one_commit(store: SqliteStore) -> None:
    begun, go = threading.Event(), threading.Event()
    commits: list[str] = []

    def waiting(_: Transaction) -> None:
        begun.set()
        go.wait(10)

    first = asyncio.ensure_future(store.write("first", waiting))
    await asyncio.to_thread(begun.wait, 10)
    connection_of(store).set_trace_callback(
        lambda statement: commits.append(statement) if statement == "COMMIT" else None
    )
    number = writer.MAX_BATCH + 100
    rest = [asyncio.ensure_future(store.write("add", adding(f"m{n}"))) for n in range(number)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(first, *rest)
    # The first one's own, a full batch, and what was left.
    assert len(commits) == 3


async def test_the_disk_is_asked_to_keep_each_commit(store: SqliteStore) -> None:
    values = {
        name: connection_of(store).execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5_000,
    }


async def test_a_full_disk_is_said_and_writing_goes_on_once_there_is_room(
    store: SqliteStore, path: Path
) -> None:
    connection = connection_of(store)
    await store.write("add", adding("kept"))
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = "x" * 100_000

    outcomes = await asyncio.gather(
        *(store.write("add", adding(f"m{n}", big)) for n in range(5)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 5
    assert len({id(outcome) for outcome in outcomes}) == 5
    assert "no room left: free some space" in str(outcomes[0])
    assert ids_in(path) == ["kept"]
    with pytest.raises(StoreError, match="room"):
        await store.write("add", adding("again", big))

    connection.execute("PRAGMA max_page_count = 1000000")
    await store.write("add", adding("after", big))
    assert ids_in(path) == ["kept", "after"]
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 2}


@pytest.mark.parametrize("silent", [False, True])
async def test_a_batch_that_sqlite_undid_as_a_whole_is_answered_as_a_whole(
    store: SqliteStore, path: Path, *, silent: bool
) -> None:
    """Some errors of the disk end SQLite's whole transaction, with the units that had run before."""
    begun, go = threading.Event(), threading.Event()

    def waiting(_: Transaction) -> None:
        begun.set()
        go.wait(10)

    def undoing(_: Transaction) -> None:
        connection_of(store).execute("ROLLBACK")
        if not silent:
            raise sqlite3.OperationalError("disk I/O error")

    gate = asyncio.ensure_future(store.write("gate", waiting))
    await asyncio.to_thread(begun.wait, 10)
    batch = [
        asyncio.ensure_future(store.write(name, unit))
        for name, unit in (("a", adding("a")), ("undo", undoing), ("b", adding("b")))
    ]
    await asyncio.sleep(0)
    go.set()
    await gate
    outcomes = await asyncio.gather(*batch, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    await store.write("c", adding("c"))
    assert ids_in(path) == ["c"]


async def test_a_commit_that_fails_is_answered_and_the_next_one_is_tried(
    store: SqliteStore, path: Path
) -> None:
    def breaking(tx: Transaction) -> None:
        connection = connection_of(store)
        connection.execute("PRAGMA defer_foreign_keys = ON")
        tx.add_segment(segment(message_row=99))

    with pytest.raises(StoreError, match="could not keep it"):
        await store.write("breaks", breaking)
    await store.write("a", adding("a"))
    assert ids_in(path) == ["a"]


async def test_a_broken_constraint_is_the_units_own_error(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.IntegrityError) as broken:
        await store.write("breaks", lambda tx: tx.add_segment(segment(message_row=99)))
    assert broken.value.__notes__ == ["in the store's unit 'breaks'"]


async def test_an_idle_writer_clears_erased_texts_out_of_the_log(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Your code is 493871"
    row = await store.write("add", adding("otp", secret))
    log = path.with_name("bridge.db-wal")
    assert secret.encode() in log.read_bytes()
    await store.write("erase", lambda tx: tx.erase_text(row))
    cleaning = threading.Event()
    connection_of(store).set_trace_callback(
        lambda statement: cleaning.set() if "wal_checkpoint" in statement else None
    )
    monkeypatch.setattr(writer, "HEARTBEAT", 0.01)
    await store.write("wake", lambda tx: tx.last_seq())
    assert await asyncio.to_thread(cleaning.wait, 10)
    await store.write("after", lambda tx: tx.last_seq())
    assert secret.encode() not in log.read_bytes()
    assert secret.encode() not in path.read_bytes()
    assert store.commit_age() < 10
