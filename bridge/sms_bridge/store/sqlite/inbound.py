"""Received segments, the gateways' copies of them, and their contents in the SQLite store."""
# ruff: noqa: D102 - the contract of each method is Transaction's, in store/base.py.

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.store.sqlite import rows
from sms_bridge.store.sqlite import statements as sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sms_bridge.store.base import InboundPart, InboundSource


class InboundTables:
    """The part of a transaction that concerns received segments."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def new_inbound_group(self) -> int:
        self._execute(sql.NEXT_INBOUND_GROUP)
        return int(self._execute(sql.INBOUND_GROUP).fetchone()[0])

    def add_part(self, part: InboundPart) -> None:
        self._execute(sql.ADD_PART, rows.part_to_row(part))

    def open_parts(self, gateway: str, concat_key: str) -> Sequence[InboundPart]:
        found = self._execute(sql.OPEN_PARTS, (gateway, concat_key)).fetchall()
        return [rows.part_from_row(row) for row in found]

    def overdue_parts(self, before: float) -> Sequence[InboundPart]:
        return [rows.part_from_row(row) for row in self._execute(sql.OVERDUE_PARTS, (before,)).fetchall()]

    def first_open_part(self) -> float | None:
        first: float | None = self._execute(sql.FIRST_OPEN_PART).fetchone()[0]
        return first

    def remove_parts(self, group: int) -> None:
        self._execute(sql.REMOVE_PARTS, (group,))

    def source(self, gateway: str, sim: str, storage: str, index: int) -> InboundSource | None:
        row = self._execute(sql.SOURCE, (gateway, sim, storage, index)).fetchone()
        return None if row is None else rows.source_from_row(row)

    def add_source(self, source: InboundSource) -> None:
        self._execute(sql.ADD_SOURCE, rows.source_to_row(source))

    def sources(self, gateway: str, sim: str) -> Sequence[InboundSource]:
        return [rows.source_from_row(row) for row in self._execute(sql.SOURCES, (gateway, sim)).fetchall()]

    def sources_of_group(self, group: int) -> Sequence[InboundSource]:
        return [rows.source_from_row(row) for row in self._execute(sql.SOURCES_OF_GROUP, (group,)).fetchall()]

    def remove_source(self, gateway: str, sim: str, storage: str, index: int) -> None:
        self._execute(sql.REMOVE_SOURCE, (gateway, sim, storage, index))

    def recent_content(self, gateway: str, digest: bytes, since: float) -> bool:
        return self._execute(sql.RECENT_CONTENT, (gateway, digest, since)).fetchone() is not None

    def remember_content(self, gateway: str, digest: bytes, at: float) -> None:
        self._execute(sql.REMEMBER_CONTENT, (gateway, digest, at))
