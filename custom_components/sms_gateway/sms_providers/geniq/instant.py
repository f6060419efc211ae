"""GENIQ's times: RFC 3339, always with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

# In a query string whose plus sign was not escaped, it has become a space.
_LOST_PLUS: Final = re.compile(r"(:[0-9]{2}(?:\.[0-9]+)?) ([0-9]{2}:?[0-9]{2})")


def read_instant(written: object) -> datetime | None:
    """Return a time in UTC; ``None`` for what is none, or has no offset and may mean anything."""
    if not isinstance(written, str):
        return None
    try:
        instant = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", written.strip()))
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
