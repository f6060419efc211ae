"""Numbers and originators: how they are read, checked, and hidden from logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from .charset import gsm7_septets

#: ITU-T E.164 clause 6: digits of an international number, country code included; 7 is the shortest in use.
MSISDN_DIGITS: Final = range(7, 16)
#: Digits of a short code; operators give three to six.
SHORT_CODE_DIGITS: Final = range(1, 7)
#: 3GPP TS 23.040 clause 9.1.2.5: septets of an alphanumeric address (10 octets).
ALPHANUMERIC_SEPTETS: Final = 11

#: 3GPP TS 22.101 clause 10.1.1: 112 and 911 reach emergency services from any phone; 000 and 999 do in so many
#: countries that nothing else is behind them.
EMERGENCY_ANYWHERE: Final = frozenset({"000", "112", "911", "999"})

_MSISDN: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS: Final = dict.fromkeys(map(ord, " \t\u00a0\u2007\u2009\u202f-\u2010\u2011\u2012\u2013/.()"))
# A trunk prefix that people write for domestic callers, as in +49 (0) 170; it is never dialled after a country code.
_WRITTEN_TRUNK_PREFIX: Final = re.compile(r"\(\s*0\s*\)")
_LONG_DIGITS: Final = re.compile(r"\+?[0-9][0-9 ()/.-]{4,}[0-9]")
# What people need to read in a log though it is made of digits: an IPv4 address, a date (and hour).
_NO_NUMBER: Final = re.compile(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!$)|$)){4}"
    r"|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?: [0-2][0-9])?"
)


class InvalidNumberError(ValueError):
    """A string is no phone number; the message says why."""


class Msisdn(str):
    """A validated E.164 number with its plus sign, such as ``+491701234567``.

    Raises InvalidNumberError for anything else; `parse_number` reads what people write.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check the form: a plus sign, then 7 to 15 digits of which the first is not 0."""
        if _MSISDN.fullmatch(value) is None:
            raise InvalidNumberError(
                "An international number is a plus sign and 7 to 15 digits, beginning with the country code."
            )
        return super().__new__(cls, value)

    @property
    def digits(self) -> str:
        """Return the number without its plus sign."""
        return self[1:]


class NumberKind(StrEnum):
    """What a written number is."""

    INTERNATIONAL = "international"
    NATIONAL = "national"
    SHORT_CODE = "short_code"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as somebody wrote it, without separators.

    Attributes:
        kind: how to read ``value``.
        value: a `Msisdn`, the digits of a national number with its leading 0, or those of a short code.

    """

    kind: NumberKind
    value: str


def parse_number(raw: str) -> Number:
    """Read a number as people and devices write it; raise InvalidNumberError if it is none.

    Spaces, hyphens, slashes, dots and parentheses are ignored. A plus sign, a leading 00, or 7 to 15 bare digits mean
    an international number; up to 6 digits are a short code; other digits with a leading 0 are a national number.
    """
    written = raw.strip()
    if written.startswith(("+", "00")):
        written = _WRITTEN_TRUNK_PREFIX.sub("", written)
    compact = written.translate(_SEPARATORS)
    digits = compact.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidNumberError(
            "A number has only digits, apart from a plus sign in front and separators between."
        )
    if compact.startswith("+"):
        return Number(NumberKind.INTERNATIONAL, Msisdn(compact))
    if len(digits) in SHORT_CODE_DIGITS:
        return Number(NumberKind.SHORT_CODE, digits)
    if digits.startswith("00"):
        return Number(NumberKind.INTERNATIONAL, Msisdn("+" + digits[2:]))
    if digits.startswith("0"):
        return Number(NumberKind.NATIONAL, digits)
    return Number(NumberKind.INTERNATIONAL, Msisdn("+" + digits))


def is_alphanumeric(originator: str) -> bool:
    """Tell whether ``originator`` is a name that fits an alphanumeric address: not a number, at most 11 septets."""
    septets = gsm7_septets(originator)
    if not septets or len(septets) > ALPHANUMERIC_SEPTETS:
        return False
    return not originator.translate(_SEPARATORS).removeprefix("+").isdigit()


def redact(number: str) -> str:
    """Return ``number`` for a log: ``+491701234567`` as ``+49…567``, a shorter one or a name with less of it."""
    if len(number) > len("+49…567"):
        return f"{number[:3]}…{number[-3:]}"
    return f"…{number[-2:]}" if len(number) > len("…67") else "…"


def mask(number: str) -> str:
    """Return ``number`` for a state topic: ``…`` and its last four characters, or fewer of a short one."""
    return f"…{number[-4:]}" if len(number) > len("…4567") else f"…{number[-2:]}"


def redact_text(text: str) -> str:
    """Return what a log may say of a message's text: its length."""
    return f"({len(text)} characters)"


def redact_numbers(line: str) -> str:
    """Return ``line`` with every run of six digits or more redacted, for lines that are not our own.

    IPv4 addresses and dates stay.
    """
    return _LONG_DIGITS.sub(_redact_match, line)


def _redact_match(match: re.Match[str]) -> str:
    return match[0] if _NO_NUMBER.fullmatch(match[0]) else redact(match[0])
