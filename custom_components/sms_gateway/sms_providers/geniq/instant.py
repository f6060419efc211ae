"""GENIQ's times: RFC 3339, always with an offset."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Final

from ..fields import as_datetime

if TYPE_CHECKING:
    from datetime import datetime

# In a query string whose plus sign was not escaped, it has become a space.
_LOST_PLUS: Final = re.compile(r"(:[0-9]{2}(?:\.[0-9]+)?) ([0-9]{2}:?[0-9]{2})")


def read_instant(written: object) -> datetime | None:
    """Return a time in UTC; ``None`` for what is none, or has no offset and may mean anything."""
    if not isinstance(written, str):
        return None
    instant = as_datetime(_LOST_PLUS.sub(r"\1+\2", written))
    return None if instant is None or instant.tzinfo is None else instant.astimezone(UTC)
