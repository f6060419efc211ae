"""The contract for units: what is together, what is apart, in which order, and when the caller hears of it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from sms_bridge.store import open_store
from sms_bridge.store.base import EventKind, StoreError
from tests.bridge.store.records import NOW, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.store.base import Store, Transaction


def adding(name: str) -> Callable[[Transaction], int]:
    """A unit that adds one message."""
    return lambda tx: tx.add_message(message(name)).row


async def ids(store: Store) -> list[str]:
    """The ids of all messages, in the order of their rows."""
    found = await store.read(
        lambda tx: tx.find_messages(state=None, recipient=None, since=None, before_row=None, limit=10_000)
    )
    return [item.id for item in reversed(found)]


async def test_units_are_committed_in_the_order_of_their_writes(store: Store) -> None:
    names = [f"m{n:04}" for n in range(1_200)]
    rows = await asyncio.gather(*(store.write("add", adding(name)) for name in names))
    assert list(rows) == sorted(rows)
    assert await ids(store) == names


async def test_an_exception_in_a_unit_undoes_that_unit_alone(store: Store) -> None:
    def failing(tx: Transaction) -> None:
        tx.add_message(message("undone"))
        tx.add_event(EventKind.DLR, {}, at=NOW)
        tx.count("sent", "2026-11")
        raise LookupError("the unit's own")

    outcomes = await asyncio.gather(
        store.write("a", adding("a")),
        store.write("fails", failing),
        store.write("taken", adding("a")),
        store.write("b", adding("b")),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [int, LookupError, ValueError, int]
    assert str(outcomes[1]) == "the unit's own"
    assert await ids(store) == ["a", "b"]
    assert await store.read(lambda tx: (tx.last_seq(), tx.counter("sent", "2026-11"))) == (0, 0)


@pytest.mark.parametrize("exception", [StopIteration, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_no_exception_of_a_unit_stops_the_store(store: Store, exception: type[BaseException]) -> None:
    def failing(tx: Transaction) -> None:
        tx.add_message(message("undone"))
        raise exception

    task = asyncio.ensure_future(asyncio.wait_for(_outcome(store, failing), 10))
    assert isinstance(await task, RuntimeError if exception is StopIteration else exception)
    await store.write("add", adding("a"))
    assert await ids(store) == ["a"]


async def _outcome(store: Store, unit: Callable[[Transaction], object]) -> object:
    try:
        return await store.write("unit", unit)
    except BaseException as error:  # noqa: BLE001 - the exception is what the test is about
        return error


async def test_a_caller_that_was_cancelled_neither_undoes_its_unit_nor_harms_others(store: Store) -> None:
    begun, go = threading.Event(), threading.Event()

    def waiting(tx: Transaction) -> None:
        begun.set()
        go.wait(10)
        tx.add_message(message("a"))

    first = asyncio.ensure_future(store.write("a", waiting))
    await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.ensure_future(store.write(name, adding(name))) for name in "bcd"]
    await asyncio.sleep(0)
    first.cancel()
    others[1].cancel()
    go.set()
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, False, True, False]
    assert await ids(store) == ["a", "b", "c", "d"]


async def test_a_unit_sees_what_earlier_ones_wrote_and_reading_sees_only_what_is_committed(
    store: Store,
) -> None:
    begun, go = threading.Event(), threading.Event()

    def waiting(tx: Transaction) -> None:
        tx.add_message(message("a"))
        begun.set()
        go.wait(10)

    first = asyncio.ensure_future(store.write("a", waiting))
    second = asyncio.ensure_future(store.write("see", lambda tx: tx.message_by_id("a") is not None))
    await asyncio.to_thread(begun.wait, 10)
    assert await ids(store) == []
    go.set()
    await first
    assert await ids(store) == ["a"]
    assert await second


async def test_reading_is_one_view_while_others_write(store: Store) -> None:
    begun, go = threading.Event(), threading.Event()

    def reading(tx: Transaction) -> tuple[int, int]:
        before = tx.last_seq()
        begun.set()
        go.wait(10)
        return before, tx.last_seq()

    view = asyncio.ensure_future(store.read(reading))
    await asyncio.to_thread(begun.wait, 10)
    await store.write("event", lambda tx: tx.add_event(EventKind.DLR, {}, at=NOW))
    go.set()
    assert await view == (0, 0)
    assert await store.read(lambda tx: tx.last_seq()) == 1


async def test_a_unit_that_only_reads_cannot_write(store: Store) -> None:
    def failing(_: Transaction) -> None:
        raise LookupError

    with pytest.raises(StoreError):
        await store.read(adding("a"))
    with pytest.raises(LookupError):
        await store.read(failing)
    await store.write("add", adding("b"))
    assert await ids(store) == ["b"]


async def test_closing_commits_what_was_queued(url: str) -> None:
    store = open_store(url)
    await store.open()
    queued = [asyncio.ensure_future(store.write("add", adding(f"m{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*queued)
    store = open_store(url)
    await store.open()
    assert len(await ids(store)) == 50
    await store.close()


async def test_a_store_that_is_not_open_says_so(url: str) -> None:
    store = open_store(url)
    for _ in range(2):
        with pytest.raises(StoreError, match="not open"):
            await store.write("add", adding("a"))
        with pytest.raises(StoreError, match="not open"):
            await store.read(lambda tx: tx.last_seq())
        assert store.commit_age() == float("inf")
        await store.close()
        await store.open()
        await store.close()


async def test_the_age_of_the_last_commit_is_known(store: Store) -> None:
    await store.write("add", adding("a"))
    assert 0 <= store.commit_age() < 60


def test_a_loop_that_closed_early_loses_nothing(url: str) -> None:
    store = open_store(url)
    go = threading.Event()

    def waiting(tx: Transaction) -> None:
        go.wait(10)
        tx.add_message(message("a"))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.open())
    task = loop.create_task(store.write("a", waiting))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    go.set()

    async def after() -> None:
        await store.close()
        again = open_store(url)
        await again.open()
        assert await ids(again) == ["a"]
        await again.close()

    asyncio.run(after())
