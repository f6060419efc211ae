"""The comma-separated values of AT replies (ITU-T V.250 clause 5.7): fields, numbers, ranges of test commands."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'"[^"]*"?|\([^)]*\)?|[^,"(]+')
_RANGE = re.compile(r"(\d+)\s*-\s*(\d+)")
#: Widest range taken literally; a modem that advertises more is not enumerated.
_MAX_RANGE = 2048


def split_fields(line: str) -> list[str]:
    """Return the values after the colon, stripped, quotes and parentheses kept; an empty value is ``""``.

    >>> split_fields('+CPMS: "SM",3,10')
    ['"SM"', '3', '10']
    """
    body = line.partition(":")[2]
    if not body.strip():
        return []
    fields = [""]
    position = 0
    while position < len(body):
        if body[position] == ",":
            fields.append("")
            position += 1
            continue
        match = _TOKEN.match(body, position)
        end = match.end() if match is not None else position + 1
        fields[-1] += body[position:end]
        position = end
    return [field.strip() for field in fields]


def to_int(field: str) -> int | None:
    """Return a field as a number, quoted or with leading zeros too, ``None`` if it is none."""
    text = field.strip('" ')
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() else None


def unquote(field: str) -> str:
    """Return a field without its quotes."""
    return field.strip().strip('"')


def int_range(field: str) -> list[int]:
    """Return the numbers of a test reply's field, in its order: ``(0-2)``, ``(0,1,3)``, ``(2)``, ``0-3``, ``1``."""
    numbers: list[int] = []
    for part in field.strip("() ").split(","):
        span = _RANGE.fullmatch(part.strip())
        if span is not None:
            first, last = int(span[1]), int(span[2])
            numbers += range(first, min(last, first + _MAX_RANGE) + 1)
        elif part.strip().isdigit() and part.isascii():
            numbers.append(int(part))
    return numbers


def string_list(field: str) -> list[str]:
    """Return the strings of a test reply's field: ``("SM","ME")``."""
    return re.findall(r'"([^"]*)"', field)
