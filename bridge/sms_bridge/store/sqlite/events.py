"""Events and kept reports in the SQLite store."""
# ruff: noqa: D102 - the contract of each method is Transaction's, in store/base.py.

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.store.base import Event
from sms_bridge.store.sqlite import rows
from sms_bridge.store.sqlite import statements as sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from sms_bridge.store.base import Copy, EventKind, StoredReport


class EventTables:
    """The part of a transaction that concerns what is published, and reports that have found no segment."""

    def __init__(self, connection: sqlite3.Connection, epoch: str) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._epoch = epoch

    def last_seq(self) -> int:
        row = self._execute(sql.LAST_SEQ).fetchone()
        return 0 if row is None else int(row[0])

    def add_event(
        self,
        kind: EventKind,
        body: Mapping[str, object],
        *,
        at: float,
        copies: tuple[Copy, ...] = (),
        message_row: int | None = None,
        inbound_group: int | None = None,
    ) -> Event:
        text = rows.to_json(dict(body))
        seq = self._execute(
            sql.ADD_EVENT, (kind.value, text, rows.copies_to_json(copies), message_row, inbound_group, at)
        ).lastrowid
        assert seq is not None
        return Event(
            seq=seq,
            kind=kind,
            payload=rows.payload(text, seq, self._epoch),
            copies=copies,
            message_row=message_row,
            inbound_group=inbound_group,
        )

    def _events(self, statement: str, *values: int) -> list[Event]:
        return [rows.event_from_row(row, self._epoch) for row in self._execute(statement, values).fetchall()]

    def unpublished(self, after: int, limit: int) -> Sequence[Event]:
        return self._events(sql.UNPUBLISHED, after, limit)

    def mark_published(self, seqs: Iterable[int]) -> None:
        self._executemany(sql.MARK_PUBLISHED, [(seq,) for seq in seqs])

    def events_after(self, seq: int, limit: int) -> Sequence[Event]:
        return self._events(sql.EVENTS_AFTER, seq, limit)

    def events_of(self, message_row: int) -> Sequence[Event]:
        return self._events(sql.EVENTS_OF, message_row)

    def add_report(self, report: StoredReport) -> None:
        self._execute(sql.ADD_REPORT, rows.report_to_row(report))

    def reports(self, gateway: str, reference: str, since: float) -> Sequence[StoredReport]:
        found = self._execute(sql.REPORTS, (gateway, reference, since)).fetchall()
        return [rows.report_from_row(row) for row in found]

    def recent_reports(self, gateway: str, since: float) -> Sequence[StoredReport]:
        found = self._execute(sql.RECENT_REPORTS, (gateway, since)).fetchall()
        return [rows.report_from_row(row) for row in found]

    def remove_report(self, row: int) -> None:
        self._execute(sql.REMOVE_REPORT, (row,))
