"""What uBill answers and reports: four tables of ``statusID``, each with its own meaning of the same numbers.

Sources: "SMS API" of ubill.ge (callback); uBill's SDK, OpenAPI 2.1.8 (answers, reports, brand names).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..address import redact_numbers
from ..exceptions import RejectedError
from ..fields import as_int, as_objects, as_text
from ..model import DeliveryReport, Error, ErrorCode, State
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..exceptions import ProviderError

#: Characters of a word of uBill's that is kept.
_LONGEST_WORD: Final = 40
#: ``statusID`` for success in every answer.
DONE: Final = "0"
#: Answer to *send*.
_SEND: Final[Mapping[str, tuple[ErrorCode, str]]] = MappingProxyType(
    {
        "10": (ErrorCode.INVALID_ORIGINATOR, "the brand is not known; look its number up in the account"),
        "20": (ErrorCode.INVALID_RECIPIENT, "the number is missing"),
        "30": (ErrorCode.INVALID_TEXT, "the text is empty"),
        "40": (ErrorCode.NO_CREDIT, "the balance is used up; top the account up"),
        "50": (ErrorCode.INVALID_RECIPIENT, "the number is not valid, or on the stop list"),
        "90": (ErrorCode.PROTOCOL, "the request could not be read"),
    }
)
#: Answer to *brandNameCreate*.
_CREATE_BRAND: Final[Mapping[str, tuple[ErrorCode, str]]] = MappingProxyType(
    {
        "10": (ErrorCode.INVALID_ORIGINATOR, "the brand name is empty"),
        "20": (ErrorCode.INVALID_ORIGINATOR, "a brand name has 2 to 11 characters"),
        "30": (
            ErrorCode.INVALID_ORIGINATOR,
            "a brand name is made of letters, digits, points, hyphens and blanks",
        ),
        "40": (ErrorCode.INVALID_ORIGINATOR, "there is such a brand name already"),
        "50": (ErrorCode.INVALID_ORIGINATOR, "the brand name before this one is still being examined"),
        "90": (ErrorCode.PROTOCOL, "the request could not be read"),
    }
)
#: Callback and report: Sent, Delivered, Failed, Pending, Error.
_STATES: Final[Mapping[str, State]] = MappingProxyType(
    {
        "0": State.SENT,
        "1": State.DELIVERED,
        "2": State.UNDELIVERABLE,
        "3": State.ACCEPTED,
        "4": State.FAILED,
    }
)
_FAILURES: Final[Mapping[str, tuple[ErrorCode, str]]] = MappingProxyType(
    {
        "2": (ErrorCode.REJECTED_BY_NETWORK, "it could not be delivered"),
        "4": (ErrorCode.NETWORK, "the network had an error"),
    }
)
_FINAL: Final = frozenset({State.DELIVERED, State.UNDELIVERABLE, State.FAILED})
#: Statuses of a brand name (SDK): 1 may be used, 2 is being examined.
_AUTHORIZED: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A sender's name. ``created_at`` is uBill's own word, whose time zone it does not tell."""

    id: int
    name: str
    authorized: bool
    created_at: str | None


def send_refusal(code: str) -> ProviderError:
    """Return what a ``statusID`` of *send* other than 0 means; an unknown one refuses for good."""
    return _refusal(_SEND, code)


def brand_refusal(code: str) -> ProviderError:
    """Return what a ``statusID`` of *brandNameCreate* other than 0 means."""
    return _refusal(_CREATE_BRAND, code)


def refusal(code: str) -> ProviderError:
    """Return what a ``statusID`` other than 0 means where uBill lists none."""
    return _refusal({}, code)


def knows_send_code(code: str) -> bool:
    """Whether a ``statusID`` of *send* is in uBill's list."""
    return code == DONE or code in _SEND


def bare_number(written: str | None) -> str:
    """Return an international number without the prefix that uBill's document forbids us and may use itself."""
    return (written or "").strip().removeprefix("+").removeprefix("00")


def read_report(reference: str, number: str, status: str) -> DeliveryReport:
    """Return what ``status`` of one number (digits) of a ``smsID`` says; an unknown one changes no state."""
    state = _STATES.get(status)
    error = None
    if state is None:
        error = Error(
            code=ErrorCode.PROTOCOL,
            message=f"{TITLE} reports a status that is not known",
            provider_code=redact_numbers(status)[:_LONGEST_WORD],
        )
    elif status in _FAILURES:
        code, sentence = _FAILURES[status]
        error = Error(
            code=code,
            message=f"{TITLE}: {sentence}",
            provider_code=status,
            temporary=code is ErrorCode.NETWORK,
        )
    return DeliveryReport(reference=reference, state=state, recipient=f"+{number}", error=error)


def read_result(reference: str, result: object, asked: Iterable[str]) -> list[DeliveryReport]:
    """Return what a report says about the numbers (digits) that are asked for.

    A number that a complete report lacks was left out in silence: as not valid, or as one of the stop list.
    """
    found: dict[str, DeliveryReport] = {}
    for entry in as_objects(result):
        number, status = bare_number(as_text(entry.get("number"))), as_text(entry.get("statusID"))
        if number and status:
            found[number] = read_report(reference, number, status)
    complete = bool(found) and all(report.state in _FINAL for report in found.values())
    return [
        found.get(number) or _left_out(reference, number) for number in asked if number in found or complete
    ]


def read_brands(members: Mapping[str, object]) -> tuple[Brand, ...] | None:
    """Return the brands of an answer, ``None`` where it has none: ``brands``, or ``data`` as some say."""
    listed = members.get("brands", members.get("data"))
    if not isinstance(listed, list | dict):
        return None
    return tuple(
        Brand(
            id=number,
            name=as_text(entry.get("name")) or "",
            authorized=as_text(entry.get("authorized")) == _AUTHORIZED or entry.get("authorized") is True,
            created_at=as_text(entry.get("createdAt")),
        )
        for entry in as_objects(listed)
        if (number := as_int(entry.get("id"))) is not None
    )


def _refusal(table: Mapping[str, tuple[ErrorCode, str]], code: str) -> RejectedError:
    known, sentence = table.get(code, (ErrorCode.REJECTED_BY_NETWORK, "the request was refused"))
    word = redact_numbers(code)[:_LONGEST_WORD]
    return RejectedError(f"{TITLE}: {sentence} ({word})", code=known, provider_code=word)


def _left_out(reference: str, number: str) -> DeliveryReport:
    return DeliveryReport(
        reference=reference,
        state=State.UNDELIVERABLE,
        recipient=f"+{number}",
        error=Error(
            code=ErrorCode.BLOCKED,
            message=f"{TITLE} left this number out: it is not valid, or on the stop list",
        ),
    )
