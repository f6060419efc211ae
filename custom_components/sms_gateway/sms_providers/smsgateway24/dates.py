"""Dates as SmsGateway24 takes and gives them.

Source: SmsGateway24 API document; ``timezone_type`` is how PHP writes a DateTime as JSON.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..fields import as_datetime, as_int, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

#: ``timetosend``, ``begindate``, ``enddate``.
_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
#: ``time_to_send`` of a newsletter.
_NEWSLETTER_FORMAT: Final = "%d.%m.%Y %H:%M:%S"
#: ``timezone_type`` of PHP: an offset (``+02:00``), an abbreviation (``CEST``); 3 is a name (``Europe/Paris``).
_OFFSET: Final = 1
_ABBREVIATION: Final = 2
#: Hours east of UTC of common abbreviations, as PHP reads them. The account's zone is asked first.
_ABBREVIATIONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("UTC", "GMT", "Z", "WET"), 0),
        **dict.fromkeys(("CET", "WEST", "BST"), 1),
        **dict.fromkeys(("CEST", "EET"), 2),
        **dict.fromkeys(("EEST", "MSK"), 3),
        "EDT": -4,
        **dict.fromkeys(("EST", "CDT"), -5),
        **dict.fromkeys(("CST", "MDT"), -6),
        **dict.fromkeys(("MST", "PDT"), -7),
        "PST": -8,
        "AEST": 10,
        "AEDT": 11,
    }
)


def written(at: datetime, zone: tzinfo) -> str:
    """Write a time (aware) for everything but a newsletter."""
    return at.astimezone(zone).strftime(_FORMAT)


def written_for_newsletter(at: datetime | None, zone: tzinfo) -> str:
    """Write the time of a newsletter; ``None`` is at once."""
    return "0" if at is None else at.astimezone(zone).strftime(_NEWSLETTER_FORMAT)


def read_date(value: object, zone: tzinfo) -> datetime | None:
    """Read a DateTime of PHP, or a date as a string, which is in ``zone``; ``None`` where it is neither."""
    if isinstance(value, dict):
        at = as_datetime(value.get("date"))
        return None if at is None else at.replace(tzinfo=_zone(value, at, zone))
    at = as_datetime(value)
    if at is None or at.tzinfo is not None:
        return at
    return at.replace(tzinfo=zone)


def _zone(value: Mapping[str, object], at: datetime, zone: tzinfo) -> tzinfo:
    name, kind = as_text(value.get("timezone")) or "", as_int(value.get("timezone_type"))
    try:
        if kind == _OFFSET:
            offset = datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
            return offset or zone
        if kind == _ABBREVIATION:
            return _abbreviated(name, at, zone)
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return zone


def _abbreviated(name: str, at: datetime, zone: tzinfo) -> tzinfo:
    for fold in (0, 1):
        local = at.replace(tzinfo=zone, fold=fold)
        if local.tzname() == name:
            return timezone(local.utcoffset() or timedelta())
    hours = _ABBREVIATIONS.get(name.upper())
    return zone if hours is None else timezone(timedelta(hours=hours))
