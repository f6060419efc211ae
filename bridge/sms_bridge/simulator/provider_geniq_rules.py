"""What GENIQ's reference demands of single values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse
from sms_bridge.simulator.provider_text import divide, in_default_alphabet

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A number with its country code, without "+" or "00" (E.164: at most 15 digits).
_RECIPIENT: Final = re.compile(r"[1-9][0-9]{5,14}")
#: /sms originator: "Alphanumeric max 11 characters", numeric at most 15 digits (geniq.io/docs).
_NUMERIC: Final = re.compile(r"\+?[0-9]+")
_NUMERIC_ORIGINATOR: Final = re.compile(r"[0-9]{1,15}")
_ALPHANUMERIC_ORIGINATOR: Final = re.compile(r"[A-Za-z0-9 ._&-]{1,11}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_WHOLE: Final = re.compile(r"[0-9]{1,9}")

_TONS: Final = ("auto", "national", "alpha", "international")
_DATA_CODINGS: Final = ("auto", "text", "unicode")
#: 3GPP TS 23.040 clause 9.2.3.24: octets of one segment's user data, its header included.
_USER_DATA: Final = 140

#: Codes of the API table.
INVALID_RECIPIENT: Final = 11
INVALID_ORIGINATOR: Final = 12
INVALID_ALPHANUMERIC: Final = 13

SMS_FIELDS: Final = ("originator", "message", "reference", "originatorTon", "udh", "dataCoding", "validity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """The part of an SMS that all its recipients share. `parts` are its segments, `validity` is in seconds."""

    originator: str
    parts: tuple[str, ...]
    reference: str
    validity: int | None
    options: Mapping[str, str]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.parts)


def recipient_code(recipient: object) -> int:
    """Give 0 for a number that can be a recipient, else the API's code."""
    return 0 if isinstance(recipient, str) and _RECIPIENT.fullmatch(recipient) else INVALID_RECIPIENT


def originator_code(originator: str, ton: str = "auto") -> int:
    """Give 0 for an originator of this type of number, else the API's code."""
    if ton == "alpha" or not (_NUMERIC.fullmatch(originator) or ton in {"national", "international"}):
        if not originator:
            return INVALID_ORIGINATOR
        return 0 if _ALPHANUMERIC_ORIGINATOR.fullmatch(originator) else INVALID_ALPHANUMERIC
    return 0 if _NUMERIC_ORIGINATOR.fullmatch(originator) else INVALID_ORIGINATOR


def whole(name: str, text: str, low: int, high: int = 10**9) -> int:
    """Read a whole number. Raises Misuse for anything else, and outside `low` to `high`."""
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise Misuse(f"{name} must be a whole number of at least {low}")
    return int(text)


def read_sms(form: Mapping[str, str]) -> Sms:
    """Read what /sms and /batch_sms share; the originator is not judged here. Raises Misuse."""
    ton, coding = form.get("originatorTon", "auto"), form.get("dataCoding", "auto")
    message, udh = form.get("message", ""), form.get("udh", "")
    if not message:
        raise Misuse("message is missing")
    if ton not in _TONS:
        raise Misuse(f"originatorTon must be one of {', '.join(_TONS)}")
    if coding not in _DATA_CODINGS:
        raise Misuse(f"dataCoding must be one of {', '.join(_DATA_CODINGS)}")
    if coding == "text":
        message = "".join(character if in_default_alphabet(character) else "?" for character in message)
    parts = divide(message, unicode=coding == "unicode")
    if "udh" in form:
        _check_udh(udh, message, unicode=coding == "unicode")
        parts = [message]
    return Sms(
        originator=form.get("originator", ""),
        parts=tuple(parts),
        reference=form.get("reference", ""),
        validity=whole("validity", form["validity"], 1) if "validity" in form else None,
        options={
            name: form[name] for name in SMS_FIELDS if name in form and name not in {"message", "reference"}
        },
    )


def _check_udh(udh: str, message: str, *, unicode: bool) -> None:
    if not _HEX.fullmatch(udh) or int(udh[:2], 16) != len(udh) // 2 - 1:
        raise Misuse("udh must be a whole User Data Header in hex, its length first")
    room = _USER_DATA - len(udh) // 2
    if unicode or not in_default_alphabet(message):
        fits = len(message.encode("utf-16-be")) <= room
    else:
        fits = len(message) <= room * 8 // 7
    if not fits:
        raise Misuse("a message with udh is one segment, and this one is longer")
