"""Time stamps of the service centre (3GPP TS 23.040 clause 9.2.3.11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from . import semioctet

#: 3GPP TS 23.040 clause 9.2.3.11: octets of a time stamp.
OCTETS: Final = 7
#: 3GPP TS 23.040 clause 9.2.3.11: the sign of the time zone, in the semi-octet of its tens.
_NEGATIVE: Final = 0x08
#: 3GPP TS 23.040 clause 9.2.3.11: the unit of the time zone.
_QUARTER: Final = timedelta(minutes=15)
#: Two digits name the years 1980 to 2079.
_PIVOT: Final = 80

_UNKNOWN: Final = bytes(OCTETS)


@lru_cache(maxsize=256)
def _zone(octet: int) -> timezone | None:
    [quarters] = semioctet.decode_numbers(bytes((octet & ~_NEGATIVE,)))
    if quarters == semioctet.NO_NUMBER:
        return None
    offset = quarters * _QUARTER
    return timezone(-offset if octet & _NEGATIVE else offset)


def decode(octets: bytes) -> datetime | None:
    """Return the seven ``octets`` as a time with the zone of the service centre, or None if they are no valid time."""
    if len(octets) != OCTETS:
        return None
    year, month, day, hour, minute, second = semioctet.decode_numbers(octets[:6])
    zone = _zone(octets[6])
    if zone is None or year == semioctet.NO_NUMBER:
        return None
    try:
        return datetime(
            year + (1900 if year >= _PIVOT else 2000), month, day, hour, minute, second, tzinfo=zone
        )
    except ValueError:
        return None


def encode(time: datetime | None) -> bytes:
    """Return an aware ``time`` of 1980 to 2079 as seven octets, to the second; None as zeros, which no time has.

    An offset that is no multiple of 15 minutes is written in UTC.
    """
    if time is None:
        return _UNKNOWN
    offset = time.utcoffset() or timedelta()
    if offset % _QUARTER:
        time, offset = time.astimezone(UTC), timedelta()
    quarters = abs(offset) // _QUARTER
    octets = bytearray(
        semioctet.encode_numbers(
            time.year % 100, time.month, time.day, time.hour, time.minute, time.second, quarters
        )
    )
    if offset < timedelta():
        octets[6] |= _NEGATIVE
    return bytes(octets)
