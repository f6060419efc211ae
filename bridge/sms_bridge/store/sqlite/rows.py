"""Records ↔ rows of the SQLite store, all but messages.

Rows are plain tuples in the order of the columns in ``statements.py``.
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
    Segment,
    SourceState,
    StoredReport,
)
from sms_providers.model import Error, ErrorCode, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import Enum

Row = tuple[Any, ...]
E = TypeVar("E", bound="Enum")


def by_value(kind: type[E]) -> dict[Any, E]:
    """Value → member: a dictionary finds it several times faster than the enumeration's own call."""
    return {member.value: member for member in kind}


#: Value → state.
STATES: Final = by_value(State)
_KINDS: Final = by_value(EventKind)
_SOURCE_STATES: Final = by_value(SourceState)

_compact: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_compact_ascii: Final = json.JSONEncoder(separators=(",", ":")).encode


def to_json(value: object) -> str:
    """Compact JSON that UTF-8 can hold: lone surrogates, which a publisher's JSON may escape, stay escaped."""
    text = _compact(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _compact_ascii(value)
    return text


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
        outcome=STATES[row[7]] if row[7] else None,
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
        state=STATES[row[4]] if row[4] else None,
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
