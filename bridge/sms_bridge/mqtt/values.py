"""Single values of a command: JSON as it is accepted here, and the checks that the send object's keys share.

A check takes what JSON gave and returns what the command keeps; it raises :class:`UnexpectedValue` otherwise. No
message repeats the value: it may be a number or a text.
"""

from __future__ import annotations

import binascii
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from sms_providers.model import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

#: Nesting of ``metadata`` and ``options``: far above any use, far below what recursion stands.
MAX_DEPTH: Final = 32
#: MQTT contract, section 1: form of an ``id``.
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
#: RFC 3339 clause 5.6, ``date-time``; clause 5.6 also allows lower case letters and a space.
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
#: RFC 3339 clause 5.7: seconds of a minute that ends with a leap second.
_LEAP_SECOND: Final = 60

_TYPE_NAMES: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class UnexpectedValue(ValueError):
    """A value is not what its key takes. The message is the rest of the sentence after the key's name."""

    def __init__(self, message: str, code: ErrorCode = ErrorCode.INVALID_PAYLOAD) -> None:
        super().__init__(message)
        self.code = code


class RepeatedKey(dict[str, object]):
    """A JSON object in which ``key`` occurs more than once: which of its values is meant cannot be known."""

    key: str


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names = [name for name, _ in pairs]
    repeated = RepeatedKey(members)
    repeated.key = next(name for name in names if names.count(name) > 1)
    return repeated


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def decode_json(text: str) -> object:
    """Read JSON (RFC 8259: no NaN, no Infinity). Raises ValueError with a message that repeats none of it."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deeply") from None
    except ValueError:
        raise ValueError("not JSON that can be read: a number in it is none, or too long") from None


def encode_json(value: object) -> bytes:
    """Write JSON without blanks. Raises ValueError for what JSON or UTF-8 cannot carry."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def type_name(value: object) -> str:
    """What ``value`` is, in JSON's words."""
    return _TYPE_NAMES.get(type(value), "an object")


def _mistyped(expected: str, value: object) -> UnexpectedValue:
    return UnexpectedValue(f"expected {expected}, got {type_name(value)}")


def flag(value: object) -> bool:
    """Read a boolean."""
    if value is True or value is False:
        return value
    raise _mistyped("true or false", value)


def whole_number(low: int, high: int) -> Callable[[object], int]:
    """Make a check for integers within bounds; a boolean is none."""
    expected = f"a whole number from {low:,} to {high:,}"

    def check(value: object) -> int:
        if type(value) is not int:
            got = "a number with a fraction" if isinstance(value, float) else type_name(value)
            raise UnexpectedValue(f"expected {expected}, got {got}")
        if low <= value <= high:
            return value
        raise UnexpectedValue(f"expected {expected}, got a {'smaller' if value < low else 'larger'} one")

    return check


def choice(choices: Mapping[str, T]) -> Callable[[object], T]:
    """Make a check for one of several words."""
    expected = "one of " + ", ".join(choices)

    def check(value: object) -> T:
        if not isinstance(value, str):
            raise _mistyped(expected, value)
        if value in choices:
            return choices[value]
        raise UnexpectedValue(f"expected {expected}, got another word")

    return check


def identifier(value: object) -> str:
    """Read an ``id``."""
    if not isinstance(value, str):
        raise _mistyped("a string", value)
    if _ID.fullmatch(value) is None:
        raise UnexpectedValue("expected 1 to 64 of A-Z a-z 0-9 . _ : -, got another string")
    return value


def message_text(value: object) -> str:
    """Read a message's text: any Unicode but half of a surrogate pair."""
    if not isinstance(value, str):
        raise _mistyped("a string", value)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UnexpectedValue(
                "half of a surrogate pair (U+D800 to U+DFFF) is no character", ErrorCode.INVALID_TEXT
            ) from None
    return value


def name(value: object) -> str:
    """Read a word that is looked up or handed on: not empty."""
    if not isinstance(value, str):
        raise _mistyped("a string", value)
    if not value.strip() or not _encodes(value):
        raise UnexpectedValue("expected a word, got an empty or broken string")
    return value.strip()


def names(value: object) -> tuple[str, ...]:
    """Read one word or an ordered list of words."""
    if isinstance(value, str):
        return (name(value),)
    if not isinstance(value, list):
        raise _mistyped("a string or an array of strings", value)
    if not value:
        raise UnexpectedValue("expected at least one string, got an empty array")
    return tuple(name(item) for item in value)


def recipients(value: object) -> tuple[str, ...]:
    """Split recipients at commas and array elements; what each one means is for the router."""
    if isinstance(value, str):
        given = [value]
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        given = value
    else:
        got = "an array that holds something else" if isinstance(value, list) else type_name(value)
        raise UnexpectedValue(f"expected a string or an array of strings, got {got}")
    found = tuple(part.strip() for item in given for part in item.split(","))
    if not found or not all(found):
        raise UnexpectedValue("a recipient is empty", ErrorCode.INVALID_RECIPIENT)
    if not all(map(_encodes, found)):
        raise UnexpectedValue("a recipient is no readable string", ErrorCode.INVALID_RECIPIENT)
    return found


def base64_octets(value: object) -> bytes:
    """Read base64 (RFC 4648 clause 4: its alphabet, its padding, nothing else)."""
    if not isinstance(value, str):
        raise _mistyped("a base64 string", value)
    try:
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except ValueError:
        raise UnexpectedValue("expected base64 (RFC 4648, with padding), got another string") from None


def date_time(value: object) -> float:
    """Read an RFC 3339 time with its offset; returns Unix seconds."""
    expected = "a time as RFC 3339 has it, with its offset (2026-11-20T10:15:00+01:00)"
    if not isinstance(value, str):
        raise _mistyped(expected, value)
    found = _DATE_TIME.fullmatch(value)
    if found is None:
        raise UnexpectedValue(f"expected {expected}, got another string")
    day, minute, seconds, fraction, sign, hours, minutes = found.groups()
    leap = int(seconds) == _LEAP_SECOND
    try:
        if minute.startswith("24"):
            raise ValueError  # noqa: TRY301 - Python 3.14 reads ISO 8601's midnight, which RFC 3339 does not have
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == "-" else offset) if sign else UTC
        moment = datetime.fromisoformat(f"{day}T{minute}:{59 if leap else seconds}").replace(tzinfo=zone)
    except ValueError:
        raise UnexpectedValue(f"expected {expected}, got a time that does not exist") from None
    return moment.timestamp() + leap + float(f"0.{fraction or 0}")


def json_object(max_octets: int | None) -> Callable[[object], dict[str, object]]:
    """Make a check for objects that can be written again, at most so many octets long."""

    def check(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise _mistyped("an object", value)
        problem = _nesting_problem(value, MAX_DEPTH)
        if problem is not None:
            raise UnexpectedValue(problem)
        try:
            size = len(encode_json(value))
        except ValueError:
            raise UnexpectedValue("it holds a number or a string that JSON cannot carry") from None
        if max_octets is not None and size > max_octets:
            raise UnexpectedValue(f"expected at most {max_octets:,} octets of JSON, got {size:,}")
        return value

    return check


def presentable(value: object) -> object:
    """``value`` as it was given, for an event; ``None`` where JSON cannot carry it."""
    if _nesting_problem(value, MAX_DEPTH) is not None:
        return None
    try:
        encode_json(value)
    except ValueError:
        return None
    return value


def _nesting_problem(value: object, depth: int) -> str | None:
    if isinstance(value, RepeatedKey):
        return "a key in it occurs twice"
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list):
        inner = value
    else:
        return None
    if depth == 0:
        return f"expected at most {MAX_DEPTH} levels of nesting, got more"
    return next((found for item in inner if (found := _nesting_problem(item, depth - 1))), None)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
