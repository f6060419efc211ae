"""Addresses: numbers and names of a TPDU, and the service centre before it (3GPP TS 23.040 clause 9.1.2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, Self

from sms_providers.address import ALPHANUMERIC_SEPTETS
from sms_providers.charset import gsm7_septets

from . import gsm7, semioctet
from .errors import TpduError


class Ton(IntEnum):
    """Type of number (3GPP TS 23.040 clause 9.1.2.5, bits 6 to 4 of the type-of-address octet)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6
    RESERVED = 7


#: 3GPP TS 23.040 clause 9.1.2.5: numbering plan identification "unknown".
NPI_UNKNOWN: Final = 0
#: 3GPP TS 23.040 clause 9.1.2.5: numbering plan identification "ISDN/telephone" (E.164).
NPI_ISDN: Final = 1
#: 3GPP TS 23.040 clause 9.1.2.3: semi-octets of the longest address.
MAX_SEMIOCTETS: Final = 20
#: 3GPP TS 23.040 clause 9.1.2.5: bit 8 of the type-of-address octet, always 1.
_TYPE_OF_ADDRESS: Final = 0x80
#: Semi-octets of a name of seven letters from a sender that counts whole octets: its eighth septet is only padding.
_PADDED_NAME: Final = 14
#: What a number is written with; letters among it would be a name.
_DIALLED: Final = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name as the network writes it.

    Attributes:
        digits: the dialling digits (0-9, ``*``, ``#``, a-c), or the text of an alphanumeric address.
        ton: the type of number.
        npi: the numbering plan identification, 0 to 15.

    """

    digits: str
    ton: Ton = Ton.UNKNOWN
    npi: int = NPI_ISDN

    @classmethod
    def of(cls, number: str) -> Self:
        """Return the address of an E.164 number with its plus sign, of bare digits such as a short code, or of a name.

        Raises TpduError if ``number`` is a name that does not fit 11 septets, or too long.
        """
        if number.startswith("+") and _DIALLED.issuperset(number[1:]):
            address = cls(number[1:], Ton.INTERNATIONAL, NPI_ISDN)
        elif _DIALLED.issuperset(number):
            address = cls(number, Ton.UNKNOWN, NPI_ISDN)
        else:
            address = cls(number, Ton.ALPHANUMERIC, NPI_UNKNOWN)
        address.to_bytes()
        return address

    @property
    def text(self) -> str:
        """Return what people write: ``+`` before international digits, else the digits or the name as they are."""
        return f"+{self.digits}" if self.ton is Ton.INTERNATIONAL and self.digits else self.digits

    @classmethod
    def read(cls, octets: bytes, start: int) -> tuple[Self, int]:
        """Return the address whose length octet is at ``start``, and where it ends; raise TpduError if it is cut."""
        if len(octets) < start + 2:
            raise TpduError("The address is missing.")
        semioctets = octets[start]
        end = start + 2 + (semioctets + 1) // 2
        if end > len(octets):
            raise TpduError("The address is longer than the PDU.")
        return cls(*_decode(octets[start + 1 : end], semioctets)), end

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        """Return the address that ``octets`` is: length in semi-octets, type of address, value."""
        return cls.read(octets, 0)[0]

    def to_bytes(self) -> bytes:
        """Return the length in semi-octets, the type of address and the value; raise TpduError if it is too long."""
        if self.ton is Ton.ALPHANUMERIC:
            septets = gsm7_septets(self.digits)
            if septets is None or len(septets) > ALPHANUMERIC_SEPTETS:
                raise TpduError("A name as originator has at most 11 characters of the GSM 7 bit alphabet.")
            semioctets, value = -(-len(septets) * 7 // 4), gsm7.pack(septets)
        else:
            semioctets, value = len(self.digits), semioctet.encode(self.digits)
        if semioctets > MAX_SEMIOCTETS:
            raise TpduError("A number on the wire has at most 20 digits.")
        return bytes((semioctets, self._type)) + value

    @property
    def _type(self) -> int:
        return _TYPE_OF_ADDRESS | self.ton << 4 | self.npi

    @classmethod
    def read_service_centre(cls, octets: bytes) -> tuple[Self | None, int]:
        """Return the service centre before a TPDU, None where the modem's own is meant, and where the TPDU begins.

        Here the length octet counts octets, type of address included (3GPP TS 27.005 clause 3.1, <pdu>).
        """
        if not octets:
            raise TpduError("The PDU is empty.")
        length = octets[0]
        if 1 + length >= len(octets):
            raise TpduError("The PDU ends in the service centre's address.")
        if not length:
            return None, 1
        value = octets[1 : 1 + length]
        return cls(*_decode(value, 2 * (length - 1))), 1 + length

    def to_service_centre(self) -> bytes:
        """Return the address as a service centre before a TPDU, its length counted in octets."""
        value = semioctet.encode(self.digits)
        return bytes((1 + len(value), self._type)) + value


@lru_cache(maxsize=1024)
def _decode(type_and_value: bytes, semioctets: int) -> tuple[str, Ton, int]:
    ton, npi = Ton(type_and_value[0] >> 4 & 7), type_and_value[0] & 0x0F
    value = type_and_value[1:]
    if ton is not Ton.ALPHANUMERIC:
        return semioctet.decode(value, semioctets), ton, npi
    septets = gsm7.unpack(value, semioctets * 4 // 7)
    if semioctets == _PADDED_NAME and septets.endswith(b"\0"):
        septets = septets[:-1]
    return gsm7.text(septets), ton, npi
