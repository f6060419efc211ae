"""The transaction of the SQLite store: all tables together, and what is small."""
# ruff: noqa: D102 - the contract of each method is Transaction's, in store/base.py.

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sms_bridge.store.sqlite import statements as sql
from sms_bridge.store.sqlite.events import EventTables
from sms_bridge.store.sqlite.inbound import InboundTables
from sms_bridge.store.sqlite.messages import MessageTables

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

#: How much longer than everything else counters are kept: two months, so that a month's counter outlives its month.
_KEEP_COUNTERS: Final = timedelta(days=62)


class SqliteTransaction(MessageTables, EventTables, InboundTables):
    """A :class:`~sms_bridge.store.base.Transaction` on one connection, used for one unit after the other.

    Opening and ending the transaction is the caller's work.
    """

    def __init__(self, connection: sqlite3.Connection, epoch: str) -> None:
        MessageTables.__init__(self, connection)
        EventTables.__init__(self, connection, epoch)
        InboundTables.__init__(self, connection)
        self.epoch = epoch

    def recall(self, owner: str, key: str) -> str | None:
        row = self._execute(sql.RECALL, (owner, key)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, owner: str, key: str, value: str | None) -> None:
        if value is None:
            self._execute(sql.FORGET, (owner, key))
        else:
            self._execute(sql.REMEMBER, (owner, key, value))

    def packet(self, packet_id: int) -> bytes | None:
        row = self._execute(sql.PACKET, (packet_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def remember_packet(self, packet_id: int, digest: bytes, keep: int) -> None:
        place = self._execute(sql.REMEMBER_PACKET, (packet_id, digest)).lastrowid
        assert place is not None
        self._execute(sql.TRIM_PACKETS, (place - keep,))

    def forget_packet(self, packet_id: int) -> None:
        self._execute(sql.FORGET_PACKET, (packet_id,))

    def forget_packets(self) -> None:
        self._execute(sql.FORGET_PACKETS)

    def count(self, scope: str, period: str, by: int = 1) -> int:
        return int(self._execute(sql.COUNT, (period, scope, by)).fetchone()[0])

    def counter(self, scope: str, period: str) -> int:
        row = self._execute(sql.COUNTER, (period, scope)).fetchone()
        return 0 if row is None else int(row[0])

    def counters(self, period: str) -> Mapping[str, int]:
        return dict(self._execute(sql.COUNTERS, (period,)).fetchall())

    def move_times(self, by: float) -> None:
        self._execute(sql.MOVE_MESSAGES, (by,))
        self._execute(sql.MOVE_PARTS, (by,))

    def purge(self, before: float, limit: int) -> int:
        last_period = (datetime.fromtimestamp(before, UTC) - _KEEP_COUNTERS).date().isoformat()
        removed = 0
        for statement, bound in (
            (sql.PURGE_MESSAGES, before),
            (sql.PURGE_EVENTS, before),
            (sql.PURGE_REPORTS, before),
            (sql.PURGE_CONTENTS, before),
            (sql.PURGE_COUNTERS, last_period),
        ):
            removed += self._execute(statement, (bound, limit - removed)).rowcount
        return removed
