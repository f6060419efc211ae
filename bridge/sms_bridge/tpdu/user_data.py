"""User data: a header and a payload, aligned for their alphabet (3GPP TS 23.040 clauses 9.2.3.16 and 9.2.3.24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from sms_providers.charset import USER_DATA_OCTETS, Encoding

from . import gsm7, ucs2
from .errors import TpduError
from .udh import Udh

#: 3GPP TS 23.040 clause 9.2.3.16: the length octet cannot say more septets than user data holds.
_SEPTETS: Final = USER_DATA_OCTETS * 8 // 7


@dataclass(frozen=True, slots=True)
class UserData:
    """What a segment carries.

    Attributes:
        payload: in the 7 bit alphabet its septets, one per octet; else its octets. Never with the header.
        udh: the header, or None.

    """

    payload: bytes = b""
    udh: Udh | None = None

    @classmethod
    def from_bytes(cls, octets: bytes, *, udhi: bool, encoding: Encoding) -> tuple[Self, bool]:
        """Return the user data whose length octet is the first of ``octets``, and whether some of it is missing.

        Octets behind the announced length are ignored.
        """
        if not octets:
            return cls(), True
        length, body = octets[0], octets[1:]
        size = -(-length * 7 // 8) if encoding is Encoding.GSM7 else length
        truncated = len(body) < size
        body = body[:size]
        if not (udhi and body):
            return cls(gsm7.unpack(body, length) if encoding is Encoding.GSM7 else body), truncated
        header = min(1 + body[0], len(body))
        udh = Udh.from_bytes(body)
        if encoding is not Encoding.GSM7:
            return cls(body[header:], udh), truncated
        fill = gsm7.fill_bits(header)
        septets = gsm7.unpack(body[header:], length - (header * 8 + fill) // 7, fill)
        return cls(septets, udh), truncated

    def to_bytes(self, encoding: Encoding) -> bytes:
        """Return the length octet, the header and the payload; raise TpduError if they are longer than 140 octets."""
        header = b"" if self.udh is None else self.udh.to_bytes()
        if encoding is Encoding.GSM7:
            fill = gsm7.fill_bits(len(header))
            length = (len(header) * 8 + fill) // 7 + len(self.payload)
            body = header + gsm7.pack(self.payload, fill)
        else:
            body = header + self.payload
            length = len(body)
        if len(body) > USER_DATA_OCTETS or length > _SEPTETS:
            raise TpduError("The user data is longer than 140 octets.")
        return bytes((length,)) + body

    def text(self, encoding: Encoding) -> str | None:
        """Return the payload as text, by the header's national languages; None if it is data. Never fails."""
        if encoding is Encoding.GSM7:
            if self.udh is None:
                return gsm7.text(self.payload)
            return gsm7.text(self.payload, self.udh.locking_shift, self.udh.single_shift)
        return ucs2.decode(self.payload) if encoding is Encoding.UCS2 else None
