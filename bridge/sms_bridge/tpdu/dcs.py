"""The data coding scheme (3GPP TS 23.038 clause 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from sms_providers.charset import Encoding

#: 3GPP TS 23.038 clause 4: bits 3 and 2 of the general groups; the reserved value 3 is read as the default alphabet.
_ALPHABETS: Final = (Encoding.GSM7, Encoding.DATA, Encoding.UCS2, Encoding.GSM7)
#: 3GPP TS 23.038 clause 4: the same bits, to write.
_ALPHABET_BITS: Final = {Encoding.GSM7: 0x00, Encoding.DATA: 0x04, Encoding.UCS2: 0x08}
#: 3GPP TS 23.038 clause 4: the first octets of the groups that do not follow the general rule.
_AUTO_DELETION: Final = 0x40
_RESERVED: Final = 0x80
_WAITING_DISCARD: Final = 0xC0
_WAITING_STORE_UCS2: Final = 0xE0
_CODING_AND_CLASS: Final = 0xF0
_COMPRESSED: Final = 0x20
_HAS_CLASS: Final = 0x10
#: 3GPP TS 23.038 clause 4: bit 2 of the last group, 8-bit data.
_DATA: Final = 0x04


class WaitingKind(StrEnum):
    """What waits (3GPP TS 23.038 clause 4, bits 1 and 0 of the message waiting groups, in their order)."""

    VOICEMAIL = "voicemail"
    FAX = "fax"
    EMAIL = "email"
    OTHER = "other"


_WAITING_KINDS: Final = tuple(WaitingKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message waiting indication: of what ``kind``, ``active`` or ended, and whether its text is worth storing."""

    kind: WaitingKind
    active: bool
    store: bool


@dataclass(frozen=True, slots=True)
class Dcs:
    """The TP-DCS octet; its meaning is in the properties, reserved values in that of the standard."""

    octet: int = 0

    @classmethod
    def of(cls, encoding: Encoding, message_class: int | None = None) -> Self:
        """Return the general coding of ``encoding``, with a message class of 0 (flash) to 3, or none."""
        octet = _ALPHABET_BITS[encoding]
        return cls(octet if message_class is None else octet | _HAS_CLASS | message_class)

    @property
    def _group(self) -> int:
        return self.octet & 0xF0

    @property
    def _general(self) -> bool:
        return self.octet < _RESERVED

    @property
    def compressed(self) -> bool:
        """Tell whether the user data is compressed (3GPP TS 23.042); nobody can read it."""
        return self._general and bool(self.octet & _COMPRESSED)

    @property
    def encoding(self) -> Encoding:
        """Return the alphabet; compressed text counts as data, a reserved coding as the default alphabet."""
        return _ENCODINGS[self.octet]

    @property
    def message_class(self) -> int | None:
        """Return the message class, or None: 0 flash, 1 for the phone, 2 for the SIM, 3 for the terminal."""
        has_class = self.octet & _HAS_CLASS if self._general else self._group == _CODING_AND_CLASS
        return self.octet & 3 if has_class else None

    @property
    def auto_deletion(self) -> bool:
        """Tell whether the message is marked to be deleted once it was read."""
        return _AUTO_DELETION <= self.octet < _RESERVED

    @property
    def waiting(self) -> Waiting | None:
        """Return the message waiting indication, or None in the other groups."""
        if not _WAITING_DISCARD <= self.octet < _CODING_AND_CLASS:
            return None
        return Waiting(
            kind=_WAITING_KINDS[self.octet & 3],
            active=bool(self.octet & 0x08),
            store=self._group != _WAITING_DISCARD,
        )


def _encoding(octet: int) -> Encoding:
    if octet < _RESERVED:
        return Encoding.DATA if octet & _COMPRESSED else _ALPHABETS[octet >> 2 & 3]
    if octet >= _CODING_AND_CLASS:
        return Encoding.DATA if octet & _DATA else Encoding.GSM7
    return Encoding.UCS2 if octet >= _WAITING_STORE_UCS2 else Encoding.GSM7


_ENCODINGS: Final = tuple(map(_encoding, range(256)))
