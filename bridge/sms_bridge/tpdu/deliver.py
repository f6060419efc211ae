"""SMS-DELIVER, from the service centre to us (3GPP TS 23.040 clause 9.2.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from sms_providers.charset import Encoding

from . import timestamp
from .address import Address
from .dcs import Dcs
from .errors import TpduError
from .user_data import UserData

if TYPE_CHECKING:
    from datetime import datetime

    from .udh import Concat, Ports

#: 3GPP TS 23.040 clause 9.2.3.1: TP-MTI of an SMS-DELIVER.
MTI: Final = 0x00
#: 3GPP TS 23.040 clause 9.2.2.1: the flags of the first octet; TP-MMS is set when no more messages wait.
_NO_MORE: Final = 0x04
_LP: Final = 0x08
_SRI: Final = 0x20
_UDHI: Final = 0x40
_RP: Final = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """An incoming segment.

    Attributes:
        oa: the originator.
        dcs: the data coding scheme, by which ``ud`` is read.
        scts: when the service centre took the message, with its zone; None if it does not tell a valid time.
        ud: the user data.
        pid: the protocol identifier.
        mms: whether more messages wait at the service centre.
        lp: whether the message was forwarded to avoid a loop.
        sri: whether the originator gets a report.
        rp: whether a reply path is set.
        truncated: whether user data was missing where this was read.

    """

    oa: Address
    dcs: Dcs = field(default_factory=Dcs)
    scts: datetime | None = None
    ud: UserData = field(default_factory=UserData)
    pid: int = 0
    mms: bool = False
    lp: bool = False
    sri: bool = False
    rp: bool = False
    truncated: bool = False

    @classmethod
    def from_bytes(cls, tpdu: bytes) -> Self:
        """Return the TPDU; raise TpduError if it ends before the user data. An invalid time stamp is None."""
        if not tpdu:
            raise TpduError("The SMS-DELIVER is empty.")
        first = tpdu[0]
        oa, at = Address.read(tpdu, 1)
        start = at + 2
        end = start + timestamp.OCTETS
        if len(tpdu) < end:
            raise TpduError("The SMS-DELIVER ends before its user data.")
        dcs = Dcs(tpdu[at + 1])
        ud, truncated = UserData.from_bytes(tpdu[end:], udhi=bool(first & _UDHI), encoding=dcs.encoding)
        return cls(
            oa=oa,
            dcs=dcs,
            scts=timestamp.decode(tpdu[start:end]),
            ud=ud,
            pid=tpdu[at],
            mms=not first & _NO_MORE,
            lp=bool(first & _LP),
            sri=bool(first & _SRI),
            rp=bool(first & _RP),
            truncated=truncated,
        )

    def to_bytes(self) -> bytes:
        """Return the TPDU; raise TpduError if the originator or the user data is too long."""
        first = MTI | (0 if self.mms else _NO_MORE) | (_LP if self.lp else 0)
        first |= (_SRI if self.sri else 0) | (_RP if self.rp else 0)
        if self.ud.udh is not None:
            first |= _UDHI
        return b"".join(
            (
                bytes((first,)),
                self.oa.to_bytes(),
                bytes((self.pid, self.dcs.octet)),
                timestamp.encode(self.scts),
                self.ud.to_bytes(self.dcs.encoding),
            )
        )

    @property
    def text(self) -> str | None:
        """Return the text of this segment alone, None if it is data; a whole message is `collector.join`."""
        return self.ud.text(self.dcs.encoding)

    @property
    def data(self) -> bytes | None:
        """Return the 8-bit data of this segment, None if it is text."""
        return self.ud.payload if self.dcs.encoding is Encoding.DATA else None

    @property
    def concat(self) -> Concat | None:
        """Return the place in a concatenated message, None if this is a whole one."""
        return None if self.ud.udh is None else self.ud.udh.concat

    @property
    def ports(self) -> Ports | None:
        """Return the application ports, or None."""
        return None if self.ud.udh is None else self.ud.udh.ports
