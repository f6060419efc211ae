"""Messages ↔ rows of the SQLite store; the path that every message takes several times.

Columns stand in the order of ``statements.py``. Empty mappings and tuples are NULL, so that the usual message needs no
JSON but its fingerprint's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sms_bridge.store.base import Message, Phase
from sms_bridge.store.sqlite.rows import STATES, by_value, error_from_json, error_to_json, to_json
from sms_providers.charset import EncodingChoice
from sms_providers.model import OnUnknown, Priority

if TYPE_CHECKING:
    from sms_bridge.store.base import Steps
    from sms_bridge.store.sqlite.rows import Row

_PHASES: Final = by_value(Phase)
_PRIORITIES: Final = by_value(Priority)
_ENCODINGS: Final = by_value(EncodingChoice)
_ON_UNKNOWN: Final = by_value(OnUnknown)

#: Where a message's row holds its lane.
LANE_COLUMN: Final = 12

#: An 8-bit concatenation reference is this one's low byte (3GPP TS 23.040 clause 9.2.3.24.1), a 16-bit one all of it
#: (clause 9.2.3.24.8): rows in succession differ in both.
_CONCAT_REFS: Final = 0x1_0000


def concat_ref(row: int) -> int:
    """A message's concatenation reference, 0…65535."""
    return row % _CONCAT_REFS


def route_from_json(text: str) -> Steps:
    """A route from the JSON that names its lanes."""
    return tuple(tuple(step) for step in json.loads(text))


def plain_values(message: Message, lane: int) -> Row:
    """What every message is born with, in the order of ``ADD_PLAIN_MESSAGE``."""
    fingerprint = message.fingerprint
    return (
        message.id,
        message.recipient,
        message.text,
        to_json(dict(fingerprint)) if fingerprint else None,
        message.priority.value,
        message.encoding.value,
        int(message.dlr),
        message.on_unknown.value,
        message.segments,
        message.created_at,
        message.expires_at,
        lane,
        message.phase.value,
        message.state.value,
        message.due_at,
        message.updated_at,
        message.valid_for,
    )


def is_plain(message: Message) -> bool:
    """Whether ``ADD_PLAIN_MESSAGE`` holds all of a message: the usual case, for which a short statement is faster."""
    return (
        message.group_id is None
        and message.data is None
        and message.port is None
        and message.originator is None
        and message.sim is None
        and message.send_at is None
        and message.response_topic is None
        and message.correlation is None
        and not (
            message.flash
            or message.ephemeral
            or message.options
            or message.metadata
            or message.user_properties
        )
        and not _has_progressed(message)
    )


def _has_progressed(message: Message) -> bool:
    return (
        message.final
        or message.possible_duplicate
        or message.gateway is not None
        or message.error is not None
        or message.expected_reference is not None
        or message.submitted_at is not None
        or bool(message.references)
        or (message.attempt, message.first_attempt, message.rounds, message.tries_here) != (0, 1, 0, 0)
        or message.segments_delivered != 0
    )


def all_values(message: Message, lane: int) -> Row:
    """Everything of a message, in the order of ``ADD_MESSAGE``."""
    return (
        *plain_values(message, lane),
        message.group_id,
        message.data,
        message.port,
        message.originator,
        message.sim,
        int(message.flash),
        to_json(dict(message.options)) if message.options else None,
        to_json(dict(message.metadata)) if message.metadata else None,
        to_json(message.user_properties) if message.user_properties else None,
        message.response_topic,
        message.correlation,
        message.send_at,
        int(message.ephemeral),
        *_progress_values(message),
    )


def saved_values(message: Message, lane: int) -> Row:
    """What changes of a message, in the order of ``SAVE_MESSAGE``."""
    return (
        message.expires_at,
        lane,
        message.phase.value,
        message.state.value,
        message.due_at,
        message.updated_at,
        *_progress_values(message),
        message.row,
    )


def _progress_values(message: Message) -> Row:
    return (
        int(message.final),
        message.gateway,
        message.attempt,
        message.first_attempt,
        message.rounds,
        message.tries_here,
        message.segments_delivered,
        to_json(message.references) if message.references else None,
        message.expected_reference,
        message.submitted_at,
        int(message.possible_duplicate),
        error_to_json(message.error),
    )


def message_from_row(row: Row, route: Steps, step: int) -> Message:
    """A message from its columns and its lane."""
    return Message(
        row=row[0],
        id=row[1],
        recipient=row[2],
        text=row[3],
        fingerprint=json.loads(row[4]) if row[4] else {},
        priority=_PRIORITIES[row[5]],
        encoding=_ENCODINGS[row[6]],
        dlr=row[7] == 1,
        on_unknown=_ON_UNKNOWN[row[8]],
        segments=row[9],
        created_at=row[10],
        expires_at=row[11],
        phase=_PHASES[row[13]],
        state=STATES[row[14]],
        due_at=row[15],
        updated_at=row[16],
        valid_for=row[17],
        group_id=row[18],
        data=row[19],
        port=row[20],
        originator=row[21],
        sim=row[22],
        flash=row[23] == 1,
        options=json.loads(row[24]) if row[24] else {},
        metadata=json.loads(row[25]) if row[25] else {},
        user_properties=tuple((name, value) for name, value in json.loads(row[26])) if row[26] else (),
        response_topic=row[27],
        correlation=row[28],
        send_at=row[29],
        ephemeral=row[30] == 1,
        final=row[31] == 1,
        gateway=row[32],
        attempt=row[33],
        first_attempt=row[34],
        rounds=row[35],
        tries_here=row[36],
        segments_delivered=row[37],
        references=tuple(json.loads(row[38])) if row[38] else (),
        expected_reference=row[39],
        submitted_at=row[40],
        possible_duplicate=row[41] == 1,
        error=error_from_json(row[42]),
        concat_ref=concat_ref(row[0]),
        route=route,
        step=step,
    )
