"""What a provider's answer says, as it comes: JSON with its usual faults, and how long to stay away."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# A string of JSON, kept (an unfinished one, too, so that nothing is read twice), or a comma with nothing behind it.
_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=\s*[}\]])', re.DOTALL)


def parse_json(text: str) -> object:
    """Read JSON as providers write it: a byte order mark and commas before a closing bracket are ignored.

    Fractions become Decimal. Raises ``ValueError``.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _load(text)
    except ValueError:
        return _load(_TRAILING_COMMA.sub(lambda match: match[1] or "", text))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 clause 10.2.3), bounded to a day; ``None`` without a readable one.

    A date is compared with the answer's own, so that our clock does not matter.
    """
    written = headers.get("Retry-After", "").strip()
    try:
        seconds = float(written) if written.isdigit() else _http_date(written) - _answered_at(headers)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), 86_400.0)


def _answered_at(headers: Mapping[str, str]) -> float:
    try:
        return _http_date(headers.get("Date", ""))
    except (ValueError, OverflowError):
        return time.time()


def _http_date(written: str) -> float:
    return parsedate_to_datetime(written).timestamp()


def _load(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ArithmeticError:
        raise ValueError("a number beyond all bounds") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
