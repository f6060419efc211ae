"""How long the network tries to deliver (3GPP TS 23.040 clauses 9.2.3.3 and 9.2.3.12)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self

from . import semioctet, timestamp

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY

#: 3GPP TS 23.040 clause 9.2.3.12.1: per range of TP-VP values the first and the last value, the seconds that the first
#: means, and the seconds of one step.
_RELATIVE: Final = (
    (197, 255, 5 * _WEEK, _WEEK),
    (168, 196, 2 * _DAY, _DAY),
    (144, 167, 12 * _HOUR + 30 * _MINUTE, 30 * _MINUTE),
    (0, 143, 5 * _MINUTE, 5 * _MINUTE),
)

#: 3GPP TS 23.040 clause 9.2.3.12.3: octets of the enhanced format, and its formats in bits 2 to 0 of the first octet.
_ENHANCED_OCTETS: Final = 7
_ENHANCED_FORMAT: Final = 0x07
_ENHANCED_EXTENSION: Final = 0x80
_IN_RELATIVE: Final = 1
_IN_SECONDS: Final = 2
_IN_HOURS_MINUTES_SECONDS: Final = 3


class VpFormat(IntEnum):
    """TP-VPF: how TP-VP is written (3GPP TS 23.040 clause 9.2.3.3)."""

    NONE = 0
    ENHANCED = 1
    RELATIVE = 2
    ABSOLUTE = 3


#: 3GPP TS 23.040 clause 9.2.3.12: octets of TP-VP.
VP_OCTETS: Final = {VpFormat.NONE: 0, VpFormat.ENHANCED: 7, VpFormat.RELATIVE: 1, VpFormat.ABSOLUTE: 7}


@dataclass(frozen=True, slots=True)
class Validity:
    """A TP-VP: its format and its octets as they stand in the TPDU."""

    format: VpFormat
    octets: bytes

    @classmethod
    def from_seconds(cls, seconds: float) -> Self:
        """Return the longest relative period that is not over ``seconds``; the shortest there is has 5 minutes."""
        for first, last, least, step in _RELATIVE:
            if seconds >= least:
                return cls.relative(min(first + int((seconds - least) // step), last))
        return cls.relative(0)

    @classmethod
    def relative(cls, value: int) -> Self:
        """Return the relative period of the TP-VP ``value``, 0 to 255."""
        return cls(VpFormat.RELATIVE, bytes((value,)))

    @classmethod
    def until(cls, time: datetime) -> Self:
        """Return the absolute end ``time``, which is aware."""
        return cls(VpFormat.ABSOLUTE, timestamp.encode(time))

    @property
    def seconds(self) -> int | None:
        """Return the length of a relative or enhanced period in seconds; None if it has an end time or none."""
        if self.format is VpFormat.RELATIVE:
            return _relative_seconds(self.octets[0])
        if self.format is VpFormat.ENHANCED:
            return _enhanced_seconds(self.octets)
        return None

    @property
    def end(self) -> datetime | None:
        """Return the end of an absolute period; None of any other, and of an invalid time."""
        return timestamp.decode(self.octets) if self.format is VpFormat.ABSOLUTE else None


def _relative_seconds(value: int) -> int:
    first, _, least, step = next(row for row in _RELATIVE if value >= row[0])
    return least + (value - first) * step


def _enhanced_seconds(octets: bytes) -> int | None:
    if octets[0] & _ENHANCED_EXTENSION or len(octets) < _ENHANCED_OCTETS:
        return None
    form = octets[0] & _ENHANCED_FORMAT
    if form == _IN_RELATIVE:
        return _relative_seconds(octets[1])
    if form == _IN_SECONDS:
        return octets[1] or None
    hours, minutes, seconds = semioctet.decode_numbers(octets[1:4])
    if form != _IN_HOURS_MINUTES_SECONDS or semioctet.NO_NUMBER in {hours, minutes, seconds}:
        return None
    return hours * _HOUR + minutes * _MINUTE + seconds
