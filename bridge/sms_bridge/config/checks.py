"""What a value of the configuration must be: each check says it in words, in code, and in JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from sms_bridge.config.countries import COUNTRIES
from sms_bridge.config.document import Unreadable
from sms_bridge.config.problems import nearest, shown
from sms_providers.address import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from enum import StrEnum


class Refused(vol.Invalid):
    """A value that a check does not take; the message is complete and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of value. ``convert`` returns what it means, or raises ValueError (its sentence, if any, is shown too).

    ``text`` says that the value may come from a ``…_file``; ``secret`` that it is never shown; ``number`` that it is a
    phone number and shown redacted.
    """

    expected: str
    convert: Callable[[object], object]
    json: Mapping[str, object] = field(default_factory=dict)
    text: bool = False
    secret: bool = False
    number: bool = False

    def __call__(self, value: object) -> object:
        """Return the converted value; raise :class:`Refused`."""
        if isinstance(value, Unreadable):
            return value
        try:
            return self.convert(value)
        except (ValueError, TypeError) as error:
            detail = f" ({error})" if isinstance(error, _Detail) else ""
            if self.secret and value is not None:
                raise Refused(f"expected {self.expected}; what is given is a secret and not shown") from None
            raise Refused(f"expected {self.expected}{detail}, given {self.given(value)}") from error

    def given(self, value: object) -> str:
        """Return the value for a message."""
        if self.number and isinstance(value, str | int) and not isinstance(value, bool):
            return f'"{redact(str(value))}"'
        return shown(value)


class _Detail(ValueError):
    """A refusal whose sentence adds to what was expected."""


def _text_of(value: object) -> str:
    """Texts, and whole numbers, which YAML does not ask to be quoted."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    return str(value)


def text(
    expected: str = "a text",
    *,
    pattern: str | None = None,
    secret: bool = False,
    number: bool = False,
) -> Check:
    """A text, all of which matches ``pattern``."""
    compiled = re.compile(pattern) if pattern is not None else None

    def convert(value: object) -> str:
        string = _text_of(value)
        if not string or (compiled is not None and compiled.fullmatch(string) is None):
            raise ValueError
        return string

    kinds: dict[str, object] = {"type": ["string", "integer"]}
    if pattern is not None:
        kinds["pattern"] = f"^(?:{pattern})$"
    return Check(expected=expected, convert=convert, json=kinds, text=True, secret=secret, number=number)


def whole(low: int, high: int | None = None, unit: str = "") -> Check:
    """A whole number from ``low`` to ``high``."""
    limits = f"from {low} to {high}" if high is not None else f"of at least {low}"

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError
        if high is not None and value > high:
            raise ValueError
        return value

    json: dict[str, object] = {"type": "integer", "minimum": low}
    if high is not None:
        json["maximum"] = high
    noun = f"a whole number of {unit}" if unit else "a whole number"
    return Check(expected=f"{noun} {limits}", convert=convert, json=json)


def share() -> Check:
    """A share from 0 to 1."""

    def convert(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError
        return float(value)

    json = {"type": "number", "minimum": 0, "maximum": 1}
    return Check(expected="a number from 0 to 1, such as 0.2", convert=convert, json=json)


def yes_no() -> Check:
    """A boolean."""

    def convert(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - the caller knows one refusal
        return value

    return Check(expected="true or false", convert=convert, json={"type": "boolean"})


def choice(words: Sequence[str], kind: type[StrEnum] | None = None) -> Check:
    """One of the given words; as a member of ``kind`` where that is given."""

    def convert(value: object) -> str:
        word = _text_of(value)
        if word not in words:
            raise ValueError
        return kind(word) if kind is not None else word

    listed = ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]
    return Check(expected=listed, convert=convert, json={"enum": list(words)})


def nullable(check: Check) -> Check:
    """``check``, or null."""

    def convert(value: object) -> object:
        return None if value is None else check.convert(value)

    return Check(
        expected=f"{check.expected}, or null",
        convert=convert,
        json={"anyOf": [dict(check.json), {"type": "null"}]},
        text=check.text,
        secret=check.secret,
        number=check.number,
    )


def _clock_time(value: object) -> time:
    match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", _text_of(value))
    if match is None:
        raise ValueError
    return time(int(match[1]), int(match[2]))


def _time_zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_text_of(value))
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error


def _pattern(value: object) -> re.Pattern[str]:
    try:
        compiled = re.compile(_text_of(value))
    except re.error as error:
        raise _Detail(f"it is none: {error}") from error
    if compiled.groups != 1:
        raise _Detail(f"it has {compiled.groups} groups")
    return compiled


def _prefix(value: object) -> str:
    string = _text_of(value).translate(_SEPARATORS)
    string = "+" + string[2:] if string.startswith("00") else string
    if re.fullmatch(r"\+[1-9][0-9]{0,14}", string) is None:
        raise ValueError
    return string


def _country(value: object) -> str:
    code = _text_of(value)
    if code not in COUNTRIES:
        raise ValueError
    return code


def _topic(value: object) -> str:
    string = _text_of(value)
    levels = string.split("/")
    if not all(levels) or string.startswith("$") or any(sign in string for sign in "+#\0"):
        raise ValueError
    return string


def _address(value: object) -> str:
    host, colon, port = _text_of(value).rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) not in _PORTS:
        raise ValueError
    return f"{host}:{port}"


def _web_url(value: object) -> str:
    string = _text_of(value)
    parts = urlsplit(string)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return string.rstrip("/")


def _store_url(value: object) -> str:
    string = _text_of(value)
    scheme = string.partition("://")[0]
    if scheme in ("postgresql", "postgres"):
        raise _Detail("PostgreSQL is not in this version")
    if not string.startswith("sqlite:///") or string.endswith("/"):
        raise ValueError
    return string


_SEPARATORS: Final = dict.fromkeys(map(ord, " -/.()"))
_PORTS: Final = range(1, 65536)

TEXT: Final = text()
SECRET: Final = text("a text (best as !secret NAME)", secret=True)
FLAG: Final = yes_no()
#: Names of gateways and instances stand in topics and on command lines.
NAME: Final = text("a name of letters, digits, '.', '_' and '-', at most 64", pattern=r"[A-Za-z0-9._-]{1,64}")
PORT: Final = whole(1, 65535)
COUNTRY: Final = Check(
    expected="the two capital letters of a country, such as DE",
    convert=_country,
    json={"enum": sorted(COUNTRIES)},
    text=True,
)
CLOCK: Final = Check(
    expected='a time of day such as "22:00"',
    convert=_clock_time,
    json={"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
)
TIME_ZONE: Final = Check(
    expected="a time zone such as Europe/Berlin", convert=_time_zone, json={"type": "string"}, text=True
)
PATTERN: Final = Check(
    expected="a regular expression with one group around the amount",
    convert=_pattern,
    json={"type": "string", "format": "regex"},
    text=True,
)
PREFIX: Final = Check(
    expected='the beginning of an international number, such as "+49"',
    convert=_prefix,
    json={"type": ["string", "integer"], "pattern": r"^(\+|00)[0-9]"},
)
TOPIC: Final = Check(
    expected="a topic without '+', '#', a leading '$' or empty levels",
    convert=_topic,
    json={"type": "string", "pattern": "^[^$+#/][^+#]*$"},
    text=True,
)
ADDRESS: Final = Check(
    expected='an address and port such as "127.0.0.1:8099"',
    convert=_address,
    json={"type": "string", "pattern": ":[0-9]+$"},
    text=True,
)
WEB_URL: Final = Check(
    expected="an address that begins with http:// or https://",
    convert=_web_url,
    json={"type": "string", "pattern": "^https?://"},
    text=True,
)
STORE_URL: Final = Check(
    expected='"sqlite:///" and a path, such as "sqlite:////var/lib/sms-bridge/bridge.db"',
    convert=_store_url,
    json={"type": "string", "pattern": "^sqlite:///.*[^/]$"},
    text=True,
)


def one_of(known: Sequence[str], kind: str) -> Callable[[object], str]:
    """A name that must be among those the same file defines; the hint is the nearest of them."""

    def convert(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Refused(f"expected a {kind}'s name, given {shown(value)}")
        name = str(value)
        if name not in known:
            raise Refused(f'there is no {kind} "{name}".{nearest(name, known)}')
        return name

    return convert
