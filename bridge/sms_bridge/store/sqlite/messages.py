"""Messages, their lanes and their segments in the SQLite store."""
# ruff: noqa: D102 - the contract of each method is Transaction's, in store/base.py.

from __future__ import annotations

import dataclasses
import sqlite3
from typing import TYPE_CHECKING, Final

from sms_bridge.store.sqlite import message_rows, rows
from sms_bridge.store.sqlite import statements as sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sms_bridge.store.base import Message, Phase, Segment, Steps
    from sms_providers.model import State

#: Above every row number (SQLite's are signed 64-bit integers).
_NO_ROW: Final = 2**63 - 1


class MessageTables:
    """The part of a transaction that concerns outbound messages."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._lane_numbers: dict[tuple[Steps, int], int] = {}
        self._lanes: dict[int, tuple[Steps, int]] = {}
        #: Whether texts were erased whose old pages may still be in the write-ahead log.
        self.erased = False

    def forget_lanes(self) -> None:
        """A unit was undone, perhaps with a lane that it had made."""
        self._lane_numbers.clear()
        self._lanes.clear()

    def _lane_number(self, route: Steps, step: int) -> int | None:
        number = self._lane_numbers.get((route, step))
        if number is None:
            row = self._execute(sql.LANE_OF, (rows.to_json(route), step)).fetchone()
            if row is None:
                return None
            number = int(row[0])
            self._lane_numbers[route, step] = number
        return number

    def _lane_for(self, message: Message) -> int:
        """The number of a message's lane, which is made if need be."""
        number = self._lane_number(message.route, message.step)
        if number is None:
            self._execute(sql.ADD_LANE, (rows.to_json(message.route), message.step))
            number = self._lane_number(message.route, message.step)
            assert number is not None
        return number

    def _lane(self, number: int) -> tuple[Steps, int]:
        lane = self._lanes.get(number)
        if lane is None:
            route, step = self._execute(sql.LANE, (number,)).fetchone()
            lane = self._lanes[number] = (message_rows.route_from_json(route), step)
        return lane

    def _message(self, row: rows.Row) -> Message:
        return message_rows.message_from_row(row, *self._lane(row[message_rows.LANE_COLUMN]))

    def _messages(self, statement: str, values: rows.Row) -> list[Message]:
        return [self._message(row) for row in self._execute(statement, values).fetchall()]

    def _first_message(self, statement: str, value: int | str) -> Message | None:
        row = self._execute(statement, (value,)).fetchone()
        return None if row is None else self._message(row)

    def add_message(self, message: Message) -> Message:
        lane = self._lane_for(message)
        try:
            if message_rows.is_plain(message):
                cursor = self._execute(sql.ADD_PLAIN_MESSAGE, message_rows.plain_values(message, lane))
            else:
                cursor = self._execute(sql.ADD_MESSAGE, message_rows.all_values(message, lane))
        except sqlite3.IntegrityError as error:
            raise ValueError("A message with this id is kept already") from error
        row = cursor.lastrowid
        assert row is not None
        return dataclasses.replace(message, row=row, concat_ref=message_rows.concat_ref(row))

    def message(self, row: int) -> Message | None:
        return self._first_message(sql.MESSAGE, row)

    def message_by_id(self, message_id: str) -> Message | None:
        return self._first_message(sql.MESSAGE_BY_ID, message_id)

    def group(self, group_id: str) -> Sequence[Message]:
        return self._messages(sql.GROUP, (group_id,))

    def save_message(self, message: Message) -> None:
        self._execute(sql.SAVE_MESSAGE, message_rows.saved_values(message, self._lane_for(message)))

    def erase_text(self, row: int) -> None:
        self._execute(sql.ERASE_TEXT, (row,))
        self.erased = True

    def ready_lanes(self) -> Sequence[tuple[Steps, int]]:
        return [self._lane(number) for (number,) in self._execute(sql.READY_LANES).fetchall()]

    def ready(self, route: Steps, step: int, limit: int) -> Sequence[Message]:
        lane = self._lane_number(route, step)
        return [] if lane is None else self._messages(sql.READY, (lane, limit))

    def due(self, now: float, limit: int) -> Sequence[Message]:
        return self._messages(sql.DUE, (now, limit))

    def next_due(self) -> float | None:
        row = self._execute(sql.NEXT_DUE).fetchone()
        return None if row is None else float(row[0])

    def in_phase(self, phase: Phase, gateway: str | None = None) -> Sequence[Message]:
        statement = sql.IN_OPEN_PHASE if phase.value in sql.OPEN_PHASES else sql.IN_PHASE
        return self._messages(statement, (phase.value, gateway))

    def find_messages(
        self,
        *,
        state: State | None,
        recipient: str | None,
        since: float | None,
        before_row: int | None,
        limit: int,
    ) -> Sequence[Message]:
        values = (
            _NO_ROW if before_row is None else before_row,
            0.0 if since is None else since,
            None if state is None else state.value,
            limit,
        )
        if recipient is None:
            return self._messages(sql.FIND, values)
        return self._messages(sql.FIND_RECIPIENT, (*values, recipient))

    def count_recent(self, recipient: str, since: float) -> int:
        return int(self._execute(sql.COUNT_RECENT, (recipient, since)).fetchone()[0])

    def queue_depth(self) -> Mapping[str, int]:
        return dict(self._execute(sql.QUEUE_DEPTH).fetchall())

    def queue_by_gateway(self) -> Mapping[str, int]:
        queues: dict[str, int] = {}
        for number, waiting in self._execute(sql.QUEUE_BY_LANE).fetchall():
            route, step = self._lane(number)
            if step < len(route):
                gateway = route[step][0]
                queues[gateway] = queues.get(gateway, 0) + waiting
        return queues

    def oldest_queued(self) -> float | None:
        oldest: list[float] = []
        for statement in (sql.OLDEST_READY, sql.OLDEST_WAITING):
            row = self._execute(statement).fetchone()
            if row is not None and row[0] is not None:
                oldest.append(row[0])
        return min(oldest, default=None)

    def add_segment(self, segment: Segment) -> None:
        self._execute(sql.ADD_SEGMENT, rows.segment_to_row(segment))

    def segments(self, message_row: int) -> Sequence[Segment]:
        return [rows.segment_from_row(row) for row in self._execute(sql.SEGMENTS, (message_row,)).fetchall()]

    def segments_by_reference(self, gateway: str, reference: str, since: float) -> Sequence[Segment]:
        found = self._execute(sql.SEGMENTS_BY_REFERENCE, (gateway, reference, since)).fetchall()
        return [rows.segment_from_row(row) for row in found]

    def references_since(self, gateway: str, since: float) -> frozenset[str]:
        found = self._execute(sql.REFERENCES_SINCE, (gateway, since)).fetchall()
        return frozenset(reference for (reference,) in found)

    def open_segments(self, gateway: str, limit: int) -> Sequence[Segment]:
        found = self._execute(sql.OPEN_SEGMENTS, (gateway, limit)).fetchall()
        return [rows.segment_from_row(row) for row in found]

    def save_segment(self, segment: Segment) -> None:
        outcome = None if segment.outcome is None else segment.outcome.value
        self._execute(sql.SAVE_SEGMENT, (outcome, segment.message_row, segment.attempt, segment.seqno))
