"""The contract for segments and kept reports; holds for every engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sms_providers.model import State
from tests.bridge.store.records import NOW, error, message, report, segment

if TYPE_CHECKING:
    from sms_bridge.store.base import Store, Transaction


async def test_segments_come_by_attempt_and_seqno(store: Store) -> None:
    def unit(tx: Transaction) -> int:
        row = tx.add_message(message("a")).row
        for attempt, seqno in ((2, 1), (1, 2), (1, 1)):
            tx.add_segment(segment(row, attempt=attempt, seqno=seqno))
        tx.add_segment(segment(tx.add_message(message("b")).row))
        return row

    row = await store.write("add", unit)
    found = await store.read(lambda tx: [(item.attempt, item.seqno) for item in tx.segments(row)])
    assert found == [(1, 1), (1, 2), (2, 1)]


async def test_the_same_segment_again_replaces_it(store: Store) -> None:
    def unit(tx: Transaction) -> int:
        row = tx.add_message(message("a")).row
        tx.add_segment(segment(row, reference="2a"))
        tx.add_segment(segment(row, reference="2b"))
        return row

    row = await store.write("add", unit)
    assert await store.read(lambda tx: tx.segments(row)) == [segment(row, reference="2b")]
    assert await store.read(lambda tx: tx.segments_by_reference("stick", "2a", 0.0)) == []


async def test_the_outcome_of_a_segment_is_saved(store: Store) -> None:
    def unit(tx: Transaction) -> int:
        row = tx.add_message(message("a")).row
        tx.add_segment(segment(row))
        tx.add_segment(segment(row, seqno=2))
        tx.save_segment(replace(segment(row), outcome=State.DELIVERED))
        return row

    row = await store.write("add", unit)
    assert await store.read(lambda tx: tx.segments(row)) == [
        segment(row, outcome=State.DELIVERED),
        segment(row, seqno=2),
    ]


async def test_segments_are_found_by_their_reference_newest_first(store: Store) -> None:
    def unit(tx: Transaction) -> int:
        row = tx.add_message(message("a")).row
        tx.add_segment(segment(row, seqno=1, taken_at=NOW - 100))
        tx.add_segment(segment(row, seqno=2, taken_at=NOW))
        tx.add_segment(segment(row, seqno=3, taken_at=NOW + 1))
        tx.add_segment(segment(row, seqno=4, gateway="carrier"))
        tx.add_segment(segment(row, seqno=5, reference="2b"))
        return row

    await store.write("add", unit)
    found = await store.read(lambda tx: [item.seqno for item in tx.segments_by_reference("stick", "2a", NOW)])
    assert found == [3, 2]


async def test_a_report_is_kept_once_and_comes_back_as_it_was(store: Store) -> None:
    kept = report(state=None, recipient=None, submitted_at=None, error=error())

    def unit(tx: Transaction) -> None:
        tx.add_report(kept)
        tx.add_report(replace(kept, seen_at=kept.seen_at + 60))
        tx.add_report(report())

    await store.write("add", unit)
    first, second = await store.read(lambda tx: tx.reports("stick", "2a", 0.0))
    assert replace(first, row=0) == kept
    assert replace(second, row=0) == report()


async def test_reports_are_found_oldest_first_and_go_when_they_are_matched(store: Store) -> None:
    def unit(tx: Transaction) -> None:
        tx.add_report(report(seen_at=NOW + 3, recipient="c"))
        tx.add_report(report(seen_at=NOW + 1, recipient="a"))
        tx.add_report(report(seen_at=NOW + 2, recipient="b", reference="2b"))
        tx.add_report(report(seen_at=NOW - 1, recipient="old"))
        tx.add_report(report(seen_at=NOW + 1, recipient="elsewhere", gateway="carrier"))

    await store.write("add", unit)
    by_reference = await store.read(lambda tx: tx.reports("stick", "2a", NOW))
    assert [item.recipient for item in by_reference] == ["a", "c"]
    recent = await store.read(lambda tx: [item.recipient for item in tx.recent_reports("stick", NOW)])
    assert recent == ["a", "b", "c"]

    await store.write("remove", lambda tx: tx.remove_report(by_reference[0].row))
    recent = await store.read(lambda tx: [item.recipient for item in tx.recent_reports("stick", NOW)])
    assert recent == ["b", "c"]
