"""What SMSgic answers, as types.

Source: SMSgic API document: the answers of ``/senders``, ``/rates``, ``/sendings`` and ``/sendings/calculate``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..fields import as_decimal, as_int, as_objects, as_text, as_utc
from ..model import DeliveryReport, Error, ErrorCode, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: ``status`` of a sending. The document shows Draft and Pending; the others are what its kind of program says.
#: A campaign that was rejected or cancelled there is, for its recipients, not to be delivered (status model, rule 1).
STATES: Final[Mapping[str, State]] = MappingProxyType(
    {
        **dict.fromkeys(("draft", "pending", "processing", "queued"), State.ACCEPTED),
        **dict.fromkeys(("sent", "completed", "finished", "done"), State.SENT),
        "delivered": State.DELIVERED,
        **dict.fromkeys(("failed", "error"), State.FAILED),
        **dict.fromkeys(("rejected", "declined", "canceled", "cancelled"), State.UNDELIVERABLE),
        "expired": State.EXPIRED,
    }
)
_FAILURES: Final[Mapping[State, ErrorCode]] = MappingProxyType(
    {
        State.FAILED: ErrorCode.REJECTED_BY_NETWORK,
        State.UNDELIVERABLE: ErrorCode.REJECTED_BY_NETWORK,
        State.EXPIRED: ErrorCode.EXPIRED,
    }
)
#: What is wrong with a request, by the words of its refusal: POST /sendings files nearly all under ``message``. The
#: first that fits counts.
_CAUSES: Final = (
    (re.compile(r"balance|enough|fund", re.IGNORECASE), ErrorCode.NO_CREDIT),
    (re.compile(r"\brecipients\b", re.IGNORECASE), ErrorCode.INVALID_RECIPIENT),
    (re.compile(r"\bsender\b", re.IGNORECASE), ErrorCode.INVALID_ORIGINATOR),
    (re.compile(r"\bscheduled[_ ]at\b", re.IGNORECASE), ErrorCode.INVALID_PAYLOAD),
    (re.compile(r"\btype\b", re.IGNORECASE), ErrorCode.UNSUPPORTED),
    (re.compile(r"\bmessage\b", re.IGNORECASE), ErrorCode.INVALID_TEXT),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender name that the account may use."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one segment costs, in the account's currency. ``mnc`` is ``None`` where it holds for the whole country."""

    mcc: str
    mnc: str | None
    country: str
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedNumber:
    """What one recipient costs: ``rate`` per segment, ``total`` for all. ``recipient`` has no plus sign."""

    recipient: str
    destination: str
    segments: int
    rate: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedDestination:
    """What the recipients of one network cost."""

    destination: str
    segments: int
    price: Decimal
    total: Decimal
    numbers: tuple[QuotedNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a message would cost, in the account's currency; ``total`` includes ``tax``."""

    segments: int
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    destinations: tuple[QuotedDestination, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One text to some recipients. Times are UTC. ``status`` is SMSgic's word, ``segments`` counts all recipients.

    A single sending is told without ``text``, ``created_at`` and ``segments``, a listed one without ``updated_at``.
    """

    id: str
    status: str
    text: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    scheduled_at: datetime | None = None
    segments: int | None = None

    def report(self, reference: str) -> DeliveryReport:
        """Return what the status says of every recipient."""
        state = STATES.get(self.status.casefold())
        code = ErrorCode.PROTOCOL if state is None else _FAILURES.get(state)
        error = None
        if code is not None:
            word = self.status[:40]
            error = Error(
                code=code, message=f"SMSgic says of the sending: {word or 'nothing'}", provider_code=word
            )
        return DeliveryReport(reference=reference, state=state, at=self.updated_at, error=error)


def read_sender(entry: Mapping[str, object]) -> Sender:
    """Read an entry of ``senders``."""
    return Sender(as_text(entry.get("id")) or "", as_text(entry.get("sender")) or "")


def read_rate(entry: Mapping[str, object]) -> Rate | None:
    """Read an entry of ``rates``; ``None`` for one without a rate. Leading zeros of codes stay."""
    rate = as_decimal(entry.get("rate"))
    if rate is None:
        return None
    return Rate(
        mcc=as_text(entry.get("mcc")) or "",
        mnc=as_text(entry.get("mnc")),
        country=as_text(entry.get("country")) or "",
        rate=rate,
    )


def read_quote(calculate: Mapping[str, object]) -> Quote | None:
    """Read ``calculate``; ``None`` where it has no total."""
    info = calculate.get("info")
    if not isinstance(info, dict) or (total := as_decimal(info.get("total"))) is None:
        return None
    return Quote(
        segments=as_int(info.get("sms_count")) or 0,
        subtotal=_money(info, "subtotal"),
        tax=_money(info, "tax"),
        total=total,
        destinations=tuple(map(_destination, as_objects(calculate.get("destinations")))),
    )


def read_sending(entry: Mapping[str, object]) -> Sending | None:
    """Read an entry of ``sendings`` or a ``sending``; ``None`` for one without an id."""
    number, text = as_text(entry.get("id")), entry.get("text")
    if not number:
        return None
    return Sending(
        id=number,
        status=as_text(entry.get("status")) or "",
        text=text if isinstance(text, str) else None,
        created_at=as_utc(entry.get("created_at")),
        updated_at=as_utc(entry.get("updated_at")),
        scheduled_at=as_utc(entry.get("scheduled_at")),
        segments=as_int(entry.get("total_sms")),
    )


def refusal_words(data: object) -> str:
    """Return all sentences of a refusal: ``message`` and those of ``errors``, each once."""
    if not isinstance(data, dict):
        return ""
    said = [data.get("message")]
    errors = data.get("errors")
    for sentences in errors.values() if isinstance(errors, dict) else ():
        said += sentences if isinstance(sentences, list) else [sentences]
    return " ".join(dict.fromkeys(sentence for sentence in said if isinstance(sentence, str)))


def refusal_code(words: str) -> ErrorCode | None:
    """Return what is wrong with a request that was refused in these words, ``None`` where they do not tell."""
    return next((code for pattern, code in _CAUSES if pattern.search(words)), None)


def _destination(entry: Mapping[str, object]) -> QuotedDestination:
    return QuotedDestination(
        destination=as_text(entry.get("destination")) or "",
        segments=as_int(entry.get("sms_count")) or 0,
        price=_money(entry, "price"),
        total=_money(entry, "total"),
        numbers=tuple(
            QuotedNumber(
                recipient=as_text(number.get("phone_number")) or "",
                destination=as_text(number.get("destination")) or "",
                segments=as_int(number.get("sms")) or 0,
                rate=_money(number, "rate"),
                total=_money(number, "total"),
            )
            for number in as_objects(entry.get("numbers"))
        ),
    )


def _money(entry: Mapping[str, object], name: str) -> Decimal:
    return as_decimal(entry.get(name)) or Decimal()
