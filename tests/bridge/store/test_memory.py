"""The contract for what the bridge remembers, counts and throws away; holds for every engine."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sms_bridge.store import open_store
from sms_bridge.store.base import EventKind, Phase
from sms_providers.model import State
from tests.bridge.store.records import DAY, NOW, message, report, segment

if TYPE_CHECKING:
    from sms_bridge.store.base import Store, Transaction


async def test_the_epoch_is_made_once_with_the_store(url: str) -> None:
    epochs = []
    for _ in range(2):
        store = open_store(url)
        await store.open()
        epochs.append(await store.write("epoch", lambda tx: tx.epoch))
        epochs.append(await store.read(lambda tx: tx.epoch))
        await store.close()
    assert len(set(epochs)) == 1
    assert re.fullmatch("[0-9a-f]{6,}", epochs[0])


async def test_values_are_remembered_by_owner_and_key(store: Store) -> None:
    def unit(tx: Transaction) -> None:
        tx.remember("stick", "smsc", "+491710760000")
        tx.remember("stick", "smsc", "+491770610000")
        tx.remember("", "smsc", "bridge's own")
        tx.remember("stick", "pin", "x")
        tx.remember("stick", "pin", None)
        tx.remember("stick", "never", None)

    await store.write("remember", unit)
    values = await store.read(
        lambda tx: [tx.recall("stick", "smsc"), tx.recall("", "smsc"), tx.recall("stick", "pin")]
    )
    assert values == ["+491770610000", "bridge's own", None]


async def test_only_the_last_packets_are_remembered(store: Store) -> None:
    def unit(tx: Transaction) -> list[bytes | None]:
        for packet_id in (1, 2, 3, 4):
            tx.remember_packet(packet_id, bytes([packet_id]), 3)
        return [tx.packet(packet_id) for packet_id in (1, 2, 3, 4, 5)]

    assert await store.write("packets", unit) == [None, b"\x02", b"\x03", b"\x04", None]
    await store.write("packets", lambda tx: tx.remember_packet(2, b"again", 3))
    assert await store.read(lambda tx: [tx.packet(n) for n in (2, 3, 4)]) == [b"again", b"\x03", b"\x04"]
    await store.write("packets", lambda tx: tx.forget_packet(3))
    assert await store.read(lambda tx: [tx.packet(n) for n in (2, 3, 4)]) == [b"again", None, b"\x04"]
    await store.write("packets", lambda tx: tx.forget_packets())
    assert await store.read(lambda tx: [tx.packet(n) for n in (2, 3, 4)]) == [None] * 3


async def test_counters_count_by_scope_and_period(store: Store) -> None:
    def unit(tx: Transaction) -> list[int]:
        return [
            tx.count("sent/stick", "2026-11-20"),
            tx.count("sent/stick", "2026-11-20", 4),
            tx.count("sent/stick", "2026-11", 2),
            tx.count("failed/stick", "2026-11-20", 0),
        ]

    assert await store.write("count", unit) == [1, 5, 2, 0]
    assert await store.read(lambda tx: tx.counter("sent/stick", "2026-11-20")) == 5
    assert await store.read(lambda tx: tx.counter("sent/stick", "2026-11-21")) == 0
    assert await store.read(lambda tx: tx.counters("2026-11-20")) == {"sent/stick": 5, "failed/stick": 0}


# -- purge


def fill(tx: Transaction) -> None:
    """What is old beside what must stay."""
    old, young = NOW - 1, NOW
    gone = tx.add_message(message("gone", phase=Phase.DONE, state=State.SENT, updated_at=old))
    tx.add_segment(segment(gone.row))
    tx.add_message(message("young", phase=Phase.DONE, state=State.SENT, updated_at=young))
    tx.add_message(message("open", updated_at=old))
    published = [tx.add_event(EventKind.DLR, {"at": at}, at=at).seq for at in (old, young)]
    tx.mark_published(published)
    tx.add_event(EventKind.DLR, {"unpublished": True}, at=old)
    tx.add_report(report(seen_at=old, reference="old"))
    tx.add_report(report(seen_at=young, reference="young"))
    tx.remember_content("stick", b"old", old)
    tx.remember_content("stick", b"young", young)
    for days in (63, 61):
        period = datetime.fromtimestamp(NOW - days * DAY, UTC).strftime("%Y-%m-%d")
        tx.count("sent", period)
    tx.count("sent", "2026-08")
    tx.count("sent", "2026-10")


async def test_purging_takes_what_is_old_and_finished_and_leaves_the_rest(store: Store) -> None:
    await store.write("fill", fill)
    assert await store.write("purge", lambda tx: tx.purge(NOW, 100)) == 6
    assert await store.write("purge", lambda tx: tx.purge(NOW, 100)) == 0

    def left(tx: Transaction) -> dict[str, object]:
        return {
            "messages": [name for name in ("gone", "young", "open") if tx.message_by_id(name)],
            "segments": len(tx.segments_by_reference("stick", "2a", 0.0)),
            "events": len(tx.events_after(0, 9)),
            "reports": [item.reference for item in tx.recent_reports("stick", 0.0)],
            "contents": [tx.recent_content("stick", digest, 0.0) for digest in (b"old", b"young")],
            "days": [tx.counter("sent", day) for day in ("2026-09-18", "2026-09-20")],
            "months": [tx.counter("sent", month) for month in ("2026-08", "2026-10")],
        }

    assert await store.read(left) == {
        "messages": ["young", "open"],
        "segments": 0,
        "events": 2,
        "reports": ["young"],
        "contents": [False, True],
        "days": [0, 1],
        "months": [0, 1],
    }
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 1}


async def test_purging_goes_in_bites_of_the_limit(store: Store) -> None:
    await store.write("fill", fill)
    bites = [await store.write("purge", lambda tx: tx.purge(NOW, 4)) for _ in range(3)]
    assert bites == [4, 2, 0]


async def test_a_purged_id_is_free_and_its_row_is_not_given_again(store: Store) -> None:
    done = message("door-17", phase=Phase.DONE, state=State.SENT, updated_at=NOW - 1)
    first = await store.write("add", lambda tx: tx.add_message(done))
    await store.write("purge", lambda tx: tx.purge(NOW, 100))
    second = await store.write("add", lambda tx: tx.add_message(done))
    assert second.row > first.row
