"""Records for the store's tests, with every field that a test does not name filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms_bridge.store.base import Message, Phase, Segment, StoredReport
from sms_providers.charset import EncodingChoice
from sms_providers.model import Error, ErrorCode, OnUnknown, Priority, State

if TYPE_CHECKING:
    from sms_bridge.store.base import Steps

STICK: Steps = (("stick",), ("phones", "carrier"))
#: 2026-11-20T10:15:00Z
NOW = 1_795_169_700.0
DAY = 86_400.0


def message(message_id: str, **fields: object) -> Message:
    """An ordinary message."""
    values: dict[str, Any] = {
        "recipient": "+491701234567",
        "text": "the door is open",
        "created_at": NOW,
        "updated_at": NOW,
        "valid_for": 86_400,
        "expires_at": NOW + DAY,
        "route": STICK,
        "fingerprint": {"to": "ab12", "text": "cd34", "data": None},
        **fields,
    }
    return Message(id=message_id, **values)


def full_message(message_id: str) -> Message:
    """A message none of whose fields has its default."""
    return message(
        message_id,
        group_id="alarm",
        data=b"\x00\xff",
        port=16_000,
        originator="HOME",
        sim=1,
        priority=Priority.OTP,
        encoding=EncodingChoice.GSM7,
        flash=True,
        dlr=False,
        on_unknown=OnUnknown.HOLD,
        options={"originatorTon": 5, "udh": None, "nested": {"a": [1, 2.5]}},
        metadata={"room": "Küche", "n": 1},
        user_properties=(("a", "1"), ("a", "2")),
        response_topic="replies/1",
        correlation=b"\x00\x01",
        segments=3,
        send_at=NOW + 60,
        ephemeral=True,
        step=1,
        phase=Phase.UNKNOWN,
        state=State.UNKNOWN,
        final=True,
        gateway="phones",
        attempt=4,
        first_attempt=3,
        rounds=2,
        tries_here=1,
        due_at=NOW + 30,
        segments_delivered=1,
        references=("2a", "2b"),
        expected_reference="2c",
        submitted_at=NOW + 1,
        possible_duplicate=True,
        error=error(),
    )


def error(**fields: object) -> Error:
    """An error."""
    values: dict[str, Any] = {
        "code": ErrorCode.THROTTLED,
        "message": "Too many messages; the gateway pauses.",
        "provider_code": "88",
        "temporary": True,
        **fields,
    }
    return Error(**values)


def segment(message_row: int, **fields: object) -> Segment:
    """A segment that the stick took."""
    values: dict[str, Any] = {
        "attempt": 1,
        "seqno": 1,
        "gateway": "stick",
        "reference": "2a",
        "recipient": "+491701234567",
        "taken_at": NOW,
        **fields,
    }
    return Segment(message_row=message_row, **values)


def report(**fields: object) -> StoredReport:
    """A report that the stick handed up."""
    values: dict[str, Any] = {
        "gateway": "stick",
        "reference": "2a",
        "recipient": "+491701234567",
        "state": State.DELIVERED,
        "error": None,
        "submitted_at": NOW,
        "seen_at": NOW + 5,
        **fields,
    }
    return StoredReport(**values)
