"""SUBMITs as they left a modem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sms_bridge.tpdu import semioctet

#: 3GPP TS 23.040 clause 9.2.3.1: TP-MTI in the two lowest bits of the first octet.
MTI_MASK: Final = 0x03
MTI_SUBMIT: Final = 0x01
MTI_STATUS_REPORT: Final = 0x02
#: 3GPP TS 23.040 clause 9.2.3.5: TP-SRR.
SRR: Final = 0x20
#: 3GPP TS 23.040 clause 9.2.3.3: TP-VPF, and the octets TP-VP takes for each of its values.
_VPF_SHIFT: Final = 3
_VP_OCTETS: Final = (0, 7, 1, 7)
#: 3GPP TS 23.040 clause 9.2.3.24: TP-UD has at most 140 octets.
_LONGEST_USER_DATA: Final = 140
#: 3GPP TS 23.040 clause 9.1.2.5: the most digits and the type of number "international".
_MOST_DIGITS: Final = 20
_TON_MASK: Final = 0x70
_TON_INTERNATIONAL: Final = 0x10
#: 3GPP TS 23.038 clause 4: below it the general groups, whose alphabet and compression bits tell;
#: then reserved groups and groups of waiting messages (7 bit), waiting messages in UCS2, data class.
_DCS_RESERVED: Final = 0x80
_DCS_NOT_SEVEN_BIT: Final = 0x2C
_DCS_WAITING_UCS2: Final = 0xE0
_DCS_DATA_CLASS: Final = 0xF0
_DCS_EIGHT_BIT: Final = 0x04


@dataclass(frozen=True, slots=True)
class Submitted:
    """One SUBMIT that left a modem for the SMSC.

    `at` is the time of the event loop's clock, `tpdu` the SUBMIT without an SMSC address, with
    the TP-MR `mr` the modem gave it, `da` the recipient's number, international ones with "+".
    """

    at: float
    modem: str
    mr: int
    da: str
    tpdu: bytes

    @property
    def pdu_hex(self) -> str:
        """The TPDU as AT commands write it."""
        return self.tpdu.hex().upper()

    @property
    def wants_report(self) -> bool:
        """Whether a status report was asked for (TP-SRR)."""
        return bool(self.tpdu[0] & SRR)

    @property
    def da_octets(self) -> bytes:
        """TP-DA as it stands in the TPDU: length, type and semi-octets."""
        return self.tpdu[2 : 4 + (self.tpdu[2] + 1) // 2]


def check_submit(tpdu: bytes) -> str:
    """Check that octets are a SUBMIT as an SMSC takes it, and give its recipient.

    Only the lengths and types are checked (3GPP TS 23.040 clause 9.2.2.2), not the text: this
    runs for every message. Raises ValueError if they do not fit together.
    """
    try:
        first, digits = tpdu[0], tpdu[2]
        end = 4 + (digits + 1) // 2
        dcs = tpdu[end + 1]
        user_data = end + 2 + _VP_OCTETS[(first >> _VPF_SHIFT) & 3]
        length = tpdu[user_data]
    except IndexError:
        raise ValueError("the SUBMIT is too short") from None
    if first & MTI_MASK != MTI_SUBMIT or not 0 < digits <= _MOST_DIGITS:
        raise ValueError("not a SUBMIT to a number")
    octets = (length * 7 + 7) // 8 if _seven_bit(dcs) else length
    if octets != len(tpdu) - user_data - 1 or octets > _LONGEST_USER_DATA:
        raise ValueError("the length of TP-UD does not fit")
    plus = "+" if tpdu[3] & _TON_MASK == _TON_INTERNATIONAL else ""
    return plus + semioctet.decode(tpdu[4:end], digits)


def _seven_bit(dcs: int) -> bool:
    if dcs < _DCS_RESERVED:
        return not dcs & _DCS_NOT_SEVEN_BIT
    if dcs >= _DCS_DATA_CLASS:
        return not dcs & _DCS_EIGHT_BIT
    return dcs < _DCS_WAITING_UCS2
