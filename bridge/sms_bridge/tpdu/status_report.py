"""SMS-STATUS-REPORT, what became of a submitted segment (3GPP TS 23.040 clause 9.2.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from . import timestamp
from .address import Address
from .dcs import Dcs
from .errors import TpduError
from .user_data import UserData

if TYPE_CHECKING:
    from datetime import datetime

#: 3GPP TS 23.040 clause 9.2.3.1: TP-MTI of an SMS-STATUS-REPORT.
MTI: Final = 0x02
#: 3GPP TS 23.040 clause 9.2.2.3: the flags of the first octet; TP-MMS is set when no more messages wait.
_NO_MORE: Final = 0x04
_LP: Final = 0x08
_SRQ: Final = 0x20
_UDHI: Final = 0x40
#: 3GPP TS 23.040 clause 9.2.3.27: TP-PI, which optional parts follow, and whether another such octet does.
_HAS_PID: Final = 0x01
_HAS_DCS: Final = 0x02
_HAS_UDL: Final = 0x04
_EXTENSION: Final = 0x80


class Outcome(StrEnum):
    """What a TP-ST says (3GPP TS 23.040 clause 9.2.3.15)."""

    DELIVERED = "delivered"
    """The handset has it."""
    UNCONFIRMED = "unconfirmed"
    """The service centre is done with it, and cannot tell whether the handset has it."""
    REPLACED = "replaced"
    """The service centre replaced it by a later one."""
    PENDING = "pending"
    """Not delivered so far; the service centre still tries."""
    EXPIRED = "expired"
    """The validity period is over."""
    FAILED = "failed"
    """A permanent error; the service centre does not try again."""
    GAVE_UP = "gave_up"
    """A temporary error; the service centre does not try again."""


#: 3GPP TS 23.040 clause 9.2.3.15: the first value of each range, and the outcome of the range. Reserved values are read
#: as "service rejected", a temporary error after which the service centre does not try again.
_OUTCOMES: Final = (
    (0x60, Outcome.GAVE_UP),
    (0x50, Outcome.FAILED),
    (0x4A, Outcome.GAVE_UP),
    (0x47, Outcome.FAILED),
    (0x46, Outcome.EXPIRED),
    (0x40, Outcome.FAILED),
    (0x30, Outcome.PENDING),
    (0x26, Outcome.GAVE_UP),
    (0x20, Outcome.PENDING),
    (0x10, Outcome.UNCONFIRMED),
    (0x03, Outcome.GAVE_UP),
    (0x02, Outcome.REPLACED),
    (0x01, Outcome.UNCONFIRMED),
    (0x00, Outcome.DELIVERED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A report on one segment.

    Attributes:
        mr: the message reference of the SMS-SUBMIT.
        ra: its recipient.
        scts: when the service centre took that segment; None if it does not tell a valid time.
        dt: when it was delivered, or last tried; None likewise.
        st: the status octet, see `outcome`.
        mms: whether more messages wait at the service centre.
        lp: whether the report was forwarded to avoid a loop.
        srq: whether it answers an SMS-COMMAND.
        pid: the protocol identifier, None if absent.
        dcs: the data coding scheme, None if absent.
        ud: the user data, None if absent.

    """

    mr: int
    ra: Address
    scts: datetime | None
    dt: datetime | None
    st: int
    mms: bool = False
    lp: bool = False
    srq: bool = False
    pid: int | None = None
    dcs: Dcs | None = None
    ud: UserData | None = None

    @classmethod
    def from_bytes(cls, tpdu: bytes) -> Self:
        """Return the TPDU; raise TpduError if it ends before its status. Optional parts that are cut are None."""
        if len(tpdu) < 2:  # noqa: PLR2004 - the first octet and TP-MR
            raise TpduError("The status report ends before its recipient.")
        first = tpdu[0]
        ra, start = Address.read(tpdu, 2)
        middle = start + timestamp.OCTETS
        end = middle + timestamp.OCTETS
        if len(tpdu) <= end:
            raise TpduError("The status report ends before its status.")
        pid, dcs, ud = _optional(tpdu[end + 1 :], udhi=bool(first & _UDHI))
        return cls(
            mr=tpdu[1],
            ra=ra,
            scts=timestamp.decode(tpdu[start:middle]),
            dt=timestamp.decode(tpdu[middle:end]),
            st=tpdu[end],
            mms=not first & _NO_MORE,
            lp=bool(first & _LP),
            srq=bool(first & _SRQ),
            pid=pid,
            dcs=dcs,
            ud=ud,
        )

    def to_bytes(self) -> bytes:
        """Return the TPDU; raise TpduError if the recipient or the user data is too long."""
        first = MTI | (0 if self.mms else _NO_MORE) | (_LP if self.lp else 0) | (_SRQ if self.srq else 0)
        indicator = 0
        optional = b""
        if self.pid is not None:
            indicator |= _HAS_PID
            optional += bytes((self.pid,))
        if self.dcs is not None:
            indicator |= _HAS_DCS
            optional += bytes((self.dcs.octet,))
        if self.ud is not None:
            indicator |= _HAS_UDL
            optional += self.ud.to_bytes((self.dcs or Dcs()).encoding)
            first |= _UDHI if self.ud.udh is not None else 0
        return b"".join(
            (
                bytes((first, self.mr)),
                self.ra.to_bytes(),
                timestamp.encode(self.scts),
                timestamp.encode(self.dt),
                bytes((self.st,)),
                bytes((indicator,)) + optional if indicator else b"",
            )
        )

    @property
    def outcome(self) -> Outcome:
        """Return what the status means for the segment."""
        return next(outcome for first, outcome in _OUTCOMES if self.st >= first)

    @property
    def final(self) -> bool:
        """Tell whether the service centre is done with the segment."""
        return self.outcome is not Outcome.PENDING


def _optional(octets: bytes, *, udhi: bool) -> tuple[int | None, Dcs | None, UserData | None]:
    if not octets:
        return None, None, None
    indicator = octets[0]
    at = 1
    while octets[at - 1] & _EXTENSION and at < len(octets):
        at += 1
    pid = dcs = ud = None
    if indicator & _HAS_PID and at < len(octets):
        pid = octets[at]
        at += 1
    if indicator & _HAS_DCS and at < len(octets):
        dcs = Dcs(octets[at])
        at += 1
    if indicator & _HAS_UDL and at < len(octets):
        ud, _ = UserData.from_bytes(octets[at:], udhi=udhi, encoding=(dcs or Dcs()).encoding)
    return pid, dcs, ud
