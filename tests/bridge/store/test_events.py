"""The contract for events; holds for every engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sms_bridge.store import open_store
from sms_bridge.store.base import Copy, EventKind
from tests.bridge.store.records import NOW

if TYPE_CHECKING:
    from sms_bridge.store.base import Event, Store, Transaction


async def add(store: Store, count: int) -> list[Event]:
    """Commit events in one unit."""
    return await store.write(
        "add", lambda tx: [tx.add_event(EventKind.DLR, {"n": n}, at=NOW) for n in range(count)]
    )


async def test_an_event_is_complete_json_that_ends_with_seq_and_epoch(store: Store) -> None:
    body: dict[str, object] = {
        "id": "door-17",
        "text": 'Öffne 🚪 "jetzt"',
        "error": None,
        "metadata": {},
        "nested": [1, 2.5],
    }
    event = await store.write(
        "add", lambda tx: tx.add_event(EventKind.INCOMING, body, at=NOW, inbound_group=3)
    )
    epoch = await store.read(lambda tx: tx.epoch)
    assert list(json.loads(event.payload).items()) == [
        *body.items(),
        ("seq", event.seq),
        ("epoch", epoch),
    ]
    assert "🚪" in event.payload
    assert ": " not in event.payload
    assert (event.kind, event.inbound_group, event.message_row) == (EventKind.INCOMING, 3, None)
    assert await store.read(lambda tx: tx.events_after(0, 9)) == [event]


async def test_an_empty_body_is_complete_json_too(store: Store) -> None:
    event = await store.write("add", lambda tx: tx.add_event(EventKind.CALL, {}, at=NOW))
    assert set(json.loads(event.payload)) == {"seq", "epoch"}


async def test_a_lone_surrogate_in_a_body_is_kept_and_can_be_published(store: Store) -> None:
    event = await store.write("add", lambda tx: tx.add_event(EventKind.DLR, {"to": "\ud800ü"}, at=NOW))
    (kept,) = await store.read(lambda tx: tx.unpublished(0, 1))
    assert kept == event
    assert json.loads(kept.payload.encode())["to"] == "\ud800ü"


async def test_copies_come_back_as_they_were(store: Store) -> None:
    copies = (
        Copy(topic="replies/1", correlation=b"\x00\xff"),
        Copy(topic="replies/2", correlation=b""),
        Copy(topic="incoming/anna", text="Grüße"),
    )
    event = await store.write(
        "add", lambda tx: tx.add_event(EventKind.DLR, {"a": 1}, at=NOW, copies=copies, message_row=7)
    )
    assert event.copies == copies
    assert await store.read(lambda tx: tx.unpublished(0, 9)) == [event]
    assert await store.read(lambda tx: tx.events_of(7)) == [event]


async def test_unpublished_events_come_in_order_until_they_are_acknowledged(store: Store) -> None:
    events = await add(store, 6)
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))

    def unpublished(tx: Transaction, after: int = 0, limit: int = 9) -> list[int]:
        return [event.seq for event in tx.unpublished(after, limit)]

    assert await store.read(unpublished) == seqs
    assert await store.read(lambda tx: unpublished(tx, seqs[1], 2)) == seqs[2:4]
    await store.write("published", lambda tx: tx.mark_published(iter([seqs[0], seqs[3]])))
    assert await store.read(unpublished) == [seqs[1], seqs[2], seqs[4], seqs[5]]
    assert await store.read(lambda tx: [event.seq for event in tx.events_after(seqs[1], 3)]) == seqs[2:5]


async def test_the_events_of_a_message_come_oldest_first(store: Store) -> None:
    def unit(tx: Transaction) -> list[int]:
        rows = (1, 2, 1, None, 1)
        return [tx.add_event(EventKind.DLR, {}, at=NOW, message_row=row).seq for row in rows]

    seqs = await store.write("add", unit)
    found = await store.read(lambda tx: [event.seq for event in tx.events_of(1)])
    assert found == [seqs[0], seqs[2], seqs[4]]


async def test_a_seq_is_never_given_twice_also_after_all_events_were_purged(url: str) -> None:
    store = open_store(url)
    await store.open()
    assert await store.read(lambda tx: tx.last_seq()) == 0
    events = await add(store, 5)
    last = events[-1].seq
    await store.write("published", lambda tx: tx.mark_published(event.seq for event in events))
    assert await store.write("purge", lambda tx: tx.purge(NOW + 1, 100)) == 5
    assert await store.read(lambda tx: tx.events_after(0, 9)) == []
    await store.close()

    store = open_store(url)
    await store.open()
    assert await store.read(lambda tx: tx.last_seq()) == last
    assert (await add(store, 1))[0].seq > last
    await store.close()


async def test_a_unit_that_failed_leaves_no_event(store: Store) -> None:
    def failing(tx: Transaction) -> None:
        tx.add_event(EventKind.DLR, {}, at=NOW)
        raise LookupError

    with pytest.raises(LookupError):
        await store.write("fails", failing)
    assert await store.read(lambda tx: (tx.last_seq(), tx.events_after(0, 9))) == (0, [])
