"""What happens, as data for the event bus and the event entities: without texts, unless the user wants them there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .backend.model import BackendEvent, IncomingEvent

if TYPE_CHECKING:
    from datetime import datetime

    from .backend.model import CallEvent, DeliveryEvent
    from .contacts import AddressBook


class OtpOutcome(StrEnum):
    """What became of a one-time password."""

    SENT = "sent"
    VERIFIED = "verified"
    FAILED = "failed"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpEvent:
    """A step of a one-time password's life; never the code itself. ``reason`` says why a code failed."""

    otp_id: str
    outcome: OtpOutcome
    recipient: str
    at: datetime
    purpose: str = ""
    reason: str | None = None


#: What listeners of the coordinator hear.
type Happening = BackendEvent | OtpEvent


def happened_at(event: Happening) -> datetime:
    """When it happened, by the clock of whoever tells it."""
    return event.received_at if isinstance(event, IncomingEvent) else event.at


def incoming_data(event: IncomingEvent, book: AddressBook, *, with_text: bool) -> dict[str, Any]:
    """A received message."""
    data: dict[str, Any] = {
        "id": event.id,
        "originator": event.originator,
        "contact": book.name_of(event.originator) or event.originator_name,
        "length": len(event.text or event.data or ""),
        "gateway": event.gateway,
        "channel": event.channel,
        "received_at": event.received_at.isoformat(),
        "incomplete": event.incomplete,
        "late": event.late,
    }
    return {**data, "text": event.text} if with_text else data


def delivery_data(event: DeliveryEvent, book: AddressBook) -> dict[str, Any]:
    """A change of a message that was sent; the id of a refused one may be empty."""
    status = event.status
    assert status.state is not None
    return {
        "id": status.id,
        "recipient": status.to,
        "contact": book.name_of(status.to),
        "state": status.state.value,
        "final": status.final,
        "gateway": status.gateway,
        "channel": status.channel,
        "segments": status.segments,
        "error": None if status.error is None else status.error.code,
        "possible_duplicate": status.possible_duplicate,
        "at": event.at.isoformat(),
        "late": event.late,
    }


def call_data(event: CallEvent, book: AddressBook) -> dict[str, Any]:
    """An incoming call."""
    return {
        "originator": event.originator,
        "contact": book.name_of(event.originator),
        "gateway": event.gateway,
        "at": event.at.isoformat(),
        "late": event.late,
    }


def otp_data(event: OtpEvent, book: AddressBook) -> dict[str, Any]:
    """A step of a one-time password's life."""
    return {
        "otp_id": event.otp_id,
        "recipient": event.recipient,
        "contact": book.name_of(event.recipient),
        "purpose": event.purpose,
        "reason": event.reason,
        "at": event.at.isoformat(),
    }
