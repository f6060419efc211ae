"""PDUs as a modem takes and gives them: hexadecimal, with the service centre in front (3GPP TS 27.005 clause 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .address import Address
from .deliver import Deliver
from .errors import TpduError
from .status_report import StatusReport
from .submit import Submit

#: 3GPP TS 23.040 clause 9.2.3.1: the bits of TP-MTI in the first octet.
_MTI: Final = 0x03
_NO_SERVICE_CENTRE: Final = b"\0"


class Direction(StrEnum):
    """Which way a TPDU goes, on which the meaning of TP-MTI depends; as seen from the house."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A PDU that is none we know.

    Attributes:
        raw: the PDU as it came, in hexadecimal where it was octets.
        reason: what is wrong with it, a sentence without its content.

    """

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pdu:
    """A TPDU and the service centre it came with, None where the modem's own is meant."""

    tpdu: Submit | Deliver | StatusReport | Undecodable
    smsc: Address | None


#: 3GPP TS 23.040 clause 9.2.3.1: what TP-MTI means; the reserved value 3 is read as an SMS-DELIVER.
_INBOUND: Final[dict[int, type[Deliver | StatusReport]]] = {0: Deliver, 2: StatusReport, 3: Deliver}
_OUTBOUND: Final[dict[int, type[Submit]]] = {1: Submit}


def decode_pdu(pdu: str | bytes, direction: Direction = Direction.INBOUND) -> Pdu:
    """Return what ``pdu`` is: a service centre's address, then a TPDU; as octets or hexadecimal. Never raises."""
    raw = pdu if isinstance(pdu, str) else pdu.hex().upper()
    try:
        octets = _octets(pdu) if isinstance(pdu, str) else pdu
        smsc, at = Address.read_service_centre(octets)
    except TpduError as error:
        return Pdu(Undecodable(raw, str(error)), None)
    return Pdu(_decode(octets[at:], direction, raw), smsc)


def decode_inbound(pdu_hex: str) -> Deliver | StatusReport | Undecodable:
    """Return what a modem hands out as received, in hexadecimal with the service centre in front. Never raises."""
    tpdu = decode_pdu(pdu_hex).tpdu
    if isinstance(tpdu, Submit):
        return Undecodable(pdu_hex, "The PDU is an SMS-SUBMIT, which is not received.")
    return tpdu


def encode_pdu(tpdu: Submit | Deliver | StatusReport, smsc: Address | None = None) -> tuple[str, int]:
    """Return the PDU in upper-case hexadecimal and the length for AT+CMGS: octets without the service centre.

    ``smsc`` None lets the modem take its own. Raises TpduError if a part of ``tpdu`` is too long for its field.
    """
    octets = tpdu.to_bytes()
    front = _NO_SERVICE_CENTRE if smsc is None else smsc.to_service_centre()
    return (front + octets).hex().upper(), len(octets)


def _octets(pdu_hex: str) -> bytes:
    digits = pdu_hex.strip().strip('"')
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2])
    except ValueError:
        raise TpduError("The PDU is not hexadecimal.") from None


def _decode(tpdu: bytes, direction: Direction, raw: str) -> Submit | Deliver | StatusReport | Undecodable:
    kinds: dict[int, type[Deliver | StatusReport]] | dict[int, type[Submit]]
    kinds = _INBOUND if direction is Direction.INBOUND else _OUTBOUND
    kind = kinds.get(tpdu[0] & _MTI)
    if kind is None:
        return Undecodable(raw, f"The PDU is no message of the {direction} direction.")
    try:
        return kind.from_bytes(tpdu)
    except TpduError as error:
        return Undecodable(raw, str(error))
