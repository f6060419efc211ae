"""Checks for the values of ``options``: the parameters that only one provider has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .provider import OptionCheck

#: Digits of a number that is written as a string; 64 bits have no more.
_MOST_DIGITS: Final = 20


def words(*allowed: str) -> OptionCheck:
    """One of the given words."""

    def check(value: object) -> str:
        if value not in allowed or not isinstance(value, str):
            raise ValueError(f"expected one of: {', '.join(allowed)}")
        return value

    return check


def whole(lowest: int, highest: int) -> OptionCheck:
    """A whole number; also one that is written as a string of digits, as many devices do."""

    def check(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        return value

    return check


def text(pattern: str, expected: str) -> OptionCheck:
    """A string that matches; ``expected`` says what, for people."""
    compiled = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise ValueError(f"expected {expected}")
        return value

    return check


def flag(value: object) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - the caller reads one kind of error
    return value
