"""SMS-SUBMIT, from us to the service centre (3GPP TS 23.040 clause 9.2.2.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from .address import Address
from .dcs import Dcs
from .errors import TpduError
from .user_data import UserData
from .validity import VP_OCTETS, Validity, VpFormat

#: 3GPP TS 23.040 clause 9.2.3.1: TP-MTI of an SMS-SUBMIT.
MTI: Final = 0x01
#: 3GPP TS 23.040 clause 9.2.2.2: the flags of the first octet.
_RD: Final = 0x04
_SRR: Final = 0x20
_UDHI: Final = 0x40
_RP: Final = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """An outgoing segment.

    Attributes:
        da: the recipient.
        dcs: the data coding scheme, by which ``ud`` is read.
        ud: the user data.
        validity: the validity period, or None.
        mr: the message reference, which a modem replaces by its own.
        pid: the protocol identifier.
        srr: whether a status report is requested.
        rd: whether the service centre shall reject a duplicate that it still has.
        rp: whether a reply path is set.
        truncated: whether user data was missing where this was read.

    """

    da: Address
    dcs: Dcs = field(default_factory=Dcs)
    ud: UserData = field(default_factory=UserData)
    validity: Validity | None = None
    mr: int = 0
    pid: int = 0
    srr: bool = False
    rd: bool = False
    rp: bool = False
    truncated: bool = False

    @classmethod
    def from_bytes(cls, tpdu: bytes) -> Self:
        """Return the TPDU; raise TpduError if it ends before the user data."""
        if len(tpdu) < 2:  # noqa: PLR2004 - the first octet and TP-MR
            raise TpduError("The SMS-SUBMIT ends before its recipient.")
        first = tpdu[0]
        da, at = Address.read(tpdu, 2)
        form = VpFormat(first >> 3 & 3)
        start = at + 2
        end = start + VP_OCTETS[form]
        if len(tpdu) < end:
            raise TpduError("The SMS-SUBMIT ends before its user data.")
        dcs = Dcs(tpdu[at + 1])
        ud, truncated = UserData.from_bytes(tpdu[end:], udhi=bool(first & _UDHI), encoding=dcs.encoding)
        return cls(
            da=da,
            dcs=dcs,
            ud=ud,
            validity=None if form is VpFormat.NONE else Validity(form, tpdu[start:end]),
            mr=tpdu[1],
            pid=tpdu[at],
            srr=bool(first & _SRR),
            rd=bool(first & _RD),
            rp=bool(first & _RP),
            truncated=truncated,
        )

    def to_bytes(self) -> bytes:
        """Return the TPDU; raise TpduError if the recipient or the user data is too long."""
        validity = self.validity
        first = MTI | (_RD if self.rd else 0) | (_SRR if self.srr else 0) | (_RP if self.rp else 0)
        if validity is not None:
            first |= validity.format << 3
        if self.ud.udh is not None:
            first |= _UDHI
        return b"".join(
            (
                bytes((first, self.mr)),
                self.da.to_bytes(),
                bytes((self.pid, self.dcs.octet)),
                b"" if validity is None else validity.octets,
                self.ud.to_bytes(self.dcs.encoding),
            )
        )
