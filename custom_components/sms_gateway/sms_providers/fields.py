"""Values in a provider's JSON: numbers as strings, lists as objects, nothing where something was promised."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Years that a time can be of: SMS began in 1992, and every zone can be applied to all of these.
_YEARS: Final = range(1970, 9999)


def as_text(value: object) -> str | None:
    """Return a string or whole number as a string without blanks around it, else ``None``."""
    if isinstance(value, str):
        return as_content(value).strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def as_int(value: object) -> int | None:
    """Return a whole number that may be written as a string, else ``None``."""
    written = as_text(value)
    if written is None or len(written) > 20:  # noqa: PLR2004 - no number of a provider is longer than 64 bits
        return None
    digits = written.removeprefix("-")
    return int(written) if digits.isascii() and digits.isdigit() else None


def as_bool(value: object) -> bool | None:
    """Return a boolean that may be written as 0 or 1, else ``None``."""
    if isinstance(value, bool):
        return value
    return {"0": False, "1": True}.get(as_text(value) or "")


def as_decimal(value: object) -> Decimal | None:
    """Return an amount that may be written as a string, else ``None``."""
    if isinstance(value, Decimal):
        return value
    try:
        amount = Decimal(as_text(value) or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def as_objects(value: object) -> list[Mapping[str, object]]:
    """Return the objects of a list, or of an object of objects, as PHP writes a list; the rest is left out."""
    if isinstance(value, dict):
        value = list(value.values())
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def as_content(value: object) -> str:
    """Return a text as it is, but with U+FFFD for what is no character; no string is an empty one."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_datetime(value: object) -> datetime | None:
    """Return a time of ISO 8601 as it is written, with a zone or without; ``None`` where it is none of our days."""
    try:
        at = datetime.fromisoformat(as_text(value) or "")
    except ValueError:
        return None
    return at if at.year in _YEARS else None


def as_utc(value: object) -> datetime | None:
    """Return a time of ISO 8601 in UTC; one without a zone is UTC. ``None`` where it is none."""
    at = as_datetime(value)
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
