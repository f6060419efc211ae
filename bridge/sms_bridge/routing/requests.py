"""Reads the objects of administration requests (MQTT contract, section 5): key by key, unknown ones refused by name."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: MQTT contract, section 5: ``limit`` of a page, and its default.
MAX_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 100
#: Characters of an unknown word that its refusal repeats.
_SHOWN: Final = 40


class AdminCode(StrEnum):
    """``error.code`` of a response (MQTT contract, section 5)."""

    UNKNOWN_COMMAND = "unknown_command"
    NOT_ALLOWED = "not_allowed"
    INVALID_PAYLOAD = "invalid_payload"
    UNKNOWN_KEY = "unknown_key"
    UNKNOWN_ID = "unknown_id"
    UNKNOWN_GATEWAY = "unknown_gateway"
    WRONG_EPOCH = "wrong_epoch"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


class AdminError(Exception):
    """A request that is not done. ``message`` is a sentence for people; ``data`` goes beside the error."""

    def __init__(self, code: AdminCode, message: str, data: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def unknown_word(code: AdminCode, word: str, kind: str, known: tuple[str, ...]) -> AdminError:
    """An unknown key, command or gateway, with the word that was probably meant."""
    alike = get_close_matches(word[:_SHOWN], known, n=1)
    hint = f"Did you mean {alike[0]}?" if alike else f"There are: {', '.join(known) or 'none'}."
    return AdminError(code, f"{word[:_SHOWN]}: this {kind} is unknown. {hint}")


class Request:
    """The members of one request. Each method raises :class:`AdminError` for a value of the wrong form."""

    def __init__(self, members: Mapping[str, object], keys: tuple[str, ...]) -> None:
        for name in members:
            if name not in keys:
                raise unknown_word(AdminCode.UNKNOWN_KEY, name, "key", keys)
        self._members = members

    def has(self, name: str) -> bool:
        """Whether a key is given, and not as null."""
        return self._members.get(name) is not None

    def text(self, name: str) -> str:
        """A string that must be given."""
        value = self._members.get(name)
        if not isinstance(value, str) or not value:
            raise _unexpected(name, "a string")
        return value

    def flag(self, name: str) -> bool:
        """A boolean that must be given."""
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise _unexpected(name, "true or false")
        return value

    def number(self, name: str) -> int:
        """A whole number, 0 or more, that must be given."""
        value = self._members.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _unexpected(name, "a whole number of at least 0")
        return value

    def limit(self) -> int:
        """``limit`` of a page."""
        if not self.has("limit"):
            return DEFAULT_LIMIT
        value = self.number("limit")
        if not 1 <= value <= MAX_LIMIT:
            raise _unexpected("limit", f"a whole number from 1 to {MAX_LIMIT}")
        return value

    def time(self, name: str) -> float | None:
        """An RFC 3339 time as Unix seconds, ``None`` where it is not given."""
        if not self.has(name):
            return None
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise _unexpected(name, "an RFC 3339 time with offset, such as 2026-11-20T10:15:02Z")
        return moment.timestamp()

    def cursor(self) -> int | None:
        """The row before which a page begins, from the ``cursor`` of the page before it."""
        if not self.has("cursor"):
            return None
        try:
            return int(self.text("cursor").removeprefix("r"), 16)
        except ValueError:
            raise _unexpected("cursor", "the cursor of the page before") from None


def cursor_of(row: int) -> str:
    """The ``cursor`` of a page that ended with this row."""
    return f"r{row:x}"


def _unexpected(name: str, expected: str) -> AdminError:
    return AdminError(AdminCode.INVALID_PAYLOAD, f"{name}: expected {expected}.")
