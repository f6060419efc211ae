"""Records ↔ rows of the SQLite store.

Rows are plain tuples in the order of the columns in ``statements.py``. Empty mappings and tuples are NULL, so that the
usual message needs no JSON but its fingerprint's.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sms_bridge.store.base import (
    Copy,
    Event,
    EventKind,
    InboundPart,
    InboundSource,
    Message,
    Phase,
    Segment,
    SourceState,
    StoredReport,
)
from sms_providers.charset import EncodingChoice
from sms_providers.model import Error, ErrorCode, OnUnknown, Priority, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import Enum

    from sms_bridge.store.base import Steps

Row = tuple[Any, ...]
E = TypeVar("E", bound="Enum")


def _by_value(kind: type[E]) -> dict[Any, E]:
    """Value → member: a dictionary finds it several times faster than the enumeration's own call."""
    return {member.value: member for member in kind}


_STATES: Final = _by_value(State)
_PHASES: Final = _by_value(Phase)
_PRIORITIES: Final = _by_value(Priority)
_ENCODINGS: Final = _by_value(EncodingChoice)
_ON_UNKNOWN: Final = _by_value(OnUnknown)
_KINDS: Final = _by_value(EventKind)
_SOURCE_STATES: Final = _by_value(SourceState)

_compact: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_compact_ascii: Final = json.JSONEncoder(separators=(",", ":")).encode

#: An 8-bit concatenation reference is this one's low byte (3GPP TS 23.040 clause 9.2.3.24.1), a 16-bit one all of it
#: (clause 9.2.3.24.8): rows in succession differ in both.
_CONCAT_REFS: Final = 0x1_0000


def to_json(value: object) -> str:
    """Compact JSON that UTF-8 can hold: lone surrogates, which a publisher's JSON may escape, stay escaped."""
    text = _compact(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _compact_ascii(value)
    return text


def route_to_json(route: Steps) -> str:
    """A route as the key of its lanes."""
    return to_json(route)


def route_from_json(text: str) -> Steps:
    """The reverse of :func:`route_to_json`."""
    return tuple(tuple(step) for step in json.loads(text))


def concat_ref(row: int) -> int:
    """A message's concatenation reference, 0…65535."""
    return row % _CONCAT_REFS


# -- messages


def plain_values(message: Message, lane: int) -> Row:
    """What every message is born with, in the order of ``ADD_PLAIN_MESSAGE``."""
    fingerprint = message.fingerprint
    return (
        message.id,
        message.recipient,
        message.text,
        to_json(fingerprint) if fingerprint else None,
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
        state=_STATES[row[14]],
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


#: Where a message's row holds its lane.
LANE_COLUMN: Final = 12


def error_to_json(error: Error | None) -> str | None:
    """An error as JSON, ``None`` for none."""
    if error is None:
        return None
    return to_json([error.code.value, error.message, error.provider_code, error.temporary])


def error_from_json(text: str | None) -> Error | None:
    """The reverse of :func:`error_to_json`."""
    if text is None:
        return None
    code, message, provider_code, temporary = json.loads(text)
    return Error(code=ErrorCode(code), message=message, provider_code=provider_code, temporary=temporary)


# -- segments and reports


def segment_to_row(segment: Segment) -> Row:
    """A segment in the order of its columns."""
    return (
        segment.message_row,
        segment.attempt,
        segment.seqno,
        segment.gateway,
        segment.reference,
        segment.recipient,
        segment.taken_at,
        segment.outcome and segment.outcome.value,
    )


def segment_from_row(row: Row) -> Segment:
    """The reverse of :func:`segment_to_row`."""
    return Segment(
        message_row=row[0],
        attempt=row[1],
        seqno=row[2],
        gateway=row[3],
        reference=row[4],
        recipient=row[5],
        taken_at=row[6],
        outcome=_STATES[row[7]] if row[7] else None,
    )


def report_to_row(report: StoredReport) -> Row:
    """A report in the order of its columns, without its row number."""
    return (
        report.gateway,
        report.reference,
        report.recipient,
        report.state and report.state.value,
        error_to_json(report.error),
        report.submitted_at,
        report.seen_at,
    )


def report_from_row(row: Row) -> StoredReport:
    """A report from its row number and columns."""
    return StoredReport(
        row=row[0],
        gateway=row[1],
        reference=row[2],
        recipient=row[3],
        state=_STATES[row[4]] if row[4] else None,
        error=error_from_json(row[5]),
        submitted_at=row[6],
        seen_at=row[7],
    )


# -- events


def payload(body: str, seq: int, epoch: str) -> str:
    """An event's body (a JSON object) with ``seq`` and ``epoch`` as its last keys."""
    comma = "" if body == "{}" else ","
    return f'{body[:-1]}{comma}"seq":{seq},"epoch":"{epoch}"}}'


def copies_to_json(copies: Sequence[Copy]) -> str | None:
    """Copies as JSON, ``None`` for none; correlation data in base64."""
    if not copies:
        return None
    return to_json(
        [
            (
                copy.topic,
                None if copy.correlation is None else base64.b64encode(copy.correlation).decode(),
                copy.text,
            )
            for copy in copies
        ]
    )


def _copies_from_json(text: str) -> tuple[Copy, ...]:
    return tuple(
        Copy(
            topic=topic,
            correlation=None if correlation is None else base64.b64decode(correlation),
            text=text,
        )
        for topic, correlation, text in json.loads(text)
    )


def event_from_row(row: Row, epoch: str) -> Event:
    """An event as it is published."""
    return Event(
        seq=row[0],
        kind=_KINDS[row[1]],
        payload=payload(row[2], row[0], epoch),
        copies=_copies_from_json(row[3]) if row[3] else (),
        message_row=row[4],
        inbound_group=row[5],
    )


# -- inbound


def part_to_row(part: InboundPart) -> Row:
    """A part in the order of its columns, without its row number."""
    return (
        part.group,
        part.gateway,
        part.kind,
        part.concat_key,
        part.total,
        part.seqno,
        part.raw,
        part.received_at,
    )


def part_from_row(row: Row) -> InboundPart:
    """A part from its row number and columns."""
    return InboundPart(
        row=row[0],
        group=row[1],
        gateway=row[2],
        kind=row[3],
        concat_key=row[4],
        total=row[5],
        seqno=row[6],
        raw=row[7],
        received_at=row[8],
    )


def source_to_row(source: InboundSource) -> Row:
    """A source in the order of its columns."""
    return (
        source.gateway,
        source.sim,
        source.storage,
        source.index,
        source.pdu,
        source.group,
        source.state.value,
    )


def source_from_row(row: Row) -> InboundSource:
    """The reverse of :func:`source_to_row`."""
    return InboundSource(
        gateway=row[0],
        sim=row[1],
        storage=row[2],
        index=row[3],
        pdu=row[4],
        group=row[5],
        state=_SOURCE_STATES[row[6]],
    )
