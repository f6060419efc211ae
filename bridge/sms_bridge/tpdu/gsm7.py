"""Septets in octets, and septets as text in the national languages (3GPP TS 23.038 clauses 6.1.2 and 6.2.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sms_providers.charset import DEFAULT_ALPHABET, ESCAPE, EXTENSION, gsm7_septets, gsm7_text

from .national import LOCKING_SHIFT, SINGLE_SHIFT

#: 3GPP TS 23.038 clause 6.1.2.3.1: the septet that fills seven spare bits at the end of an USSD string.
_CARRIAGE_RETURN: Final = b"\r"


@lru_cache(maxsize=256)
def _lanes(groups: int) -> tuple[int, int, int, int, int, int]:
    """Masks for ``groups`` groups of eight septets: the low and the high half of lanes of 16, 32 and 64 bits."""
    halves = (0x007F, 0x7F00, 0x3FFF, 0x3FFF_0000, 0x0FFF_FFFF, 0x0FFF_FFFF_0000_0000)
    sizes = (2, 2, 4, 4, 8, 8)
    masks = [
        int.from_bytes(half.to_bytes(size, "little") * (groups * 8 // size), "little")
        for half, size in zip(halves, sizes, strict=True)
    ]
    return (masks[0], masks[1], masks[2], masks[3], masks[4], masks[5])


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Return ``septets`` (one per octet) packed, after ``fill_bits`` zero bits that align them behind a header.

    3GPP TS 23.038 clause 6.1.2.1.1: the first septet takes the least significant bits of the first octet.
    """
    groups = -(-len(septets) // 8)
    low16, high16, low32, high32, low64, high64 = _lanes(groups)
    bits = int.from_bytes(septets, "little")
    bits = bits & low16 | (bits & high16) >> 1
    bits = bits & low32 | (bits & high32) >> 2
    bits = bits & low64 | (bits & high64) >> 4
    octets = bytearray(bits.to_bytes(groups * 8, "little"))
    del octets[7::8]
    size = (len(septets) * 7 + fill_bits + 7) // 8
    if fill_bits:
        return (int.from_bytes(octets, "little") << fill_bits).to_bytes(len(octets) + 1, "little")[:size]
    return bytes(octets[:size])


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Return the ``count`` septets (one per octet) that are packed in ``octets`` after ``fill_bits`` bits.

    Fewer are returned if ``octets`` does not hold as many.
    """
    count = max(0, min(count, (len(octets) * 8 - fill_bits) // 7))
    groups = -(-count // 8)
    if fill_bits:
        octets = (int.from_bytes(octets, "little") >> fill_bits).to_bytes(len(octets), "little")
    padded = octets[: groups * 7].ljust(groups * 7, b"\0")
    spread = bytearray(groups * 8)
    for position in range(7):
        spread[position::8] = padded[position::7]
    low16, high16, low32, high32, low64, high64 = _lanes(groups)
    bits = int.from_bytes(spread, "little")
    bits = bits & low64 | bits << 4 & high64
    bits = bits & low32 | bits << 2 & high32
    bits = bits & low16 | bits << 1 & high16
    return bits.to_bytes(groups * 8, "little")[:count]


def fill_bits(header_octets: int) -> int:
    """Return the bits between a header and the septet boundary behind it (3GPP TS 23.040 clause 9.2.3.24)."""
    return -header_octets * 8 % 7


@lru_cache(maxsize=64)
def _tables(locking: int, single: int) -> tuple[str, dict[int, str]]:
    table = LOCKING_SHIFT.get(locking, DEFAULT_ALPHABET)
    return table, SINGLE_SHIFT.get(single, EXTENSION)


def text(septets: bytes, locking: int = 0, single: int = 0) -> str:
    """Return the text of ``septets`` (one per octet); never fails.

    ``locking`` and ``single`` are national language identifiers (3GPP TS 23.038 clause 6.2.1.2.4); 0 and unknown ones
    mean the default alphabet and its extension. An escape before a code without a symbol shows the symbol of the
    locking table (clause 6.2.1.1), a doubled escape, and one without a successor, a space.
    """
    if not (locking or single):
        return gsm7_text(septets)
    table, shifted = _tables(locking, single)
    chars = []
    following = iter(septets)
    for septet in following:
        if septet != ESCAPE:
            chars.append(table[septet])
            continue
        code = next(following, ESCAPE)
        chars.append(" " if code == ESCAPE else shifted.get(code, table[code]))
    return "".join(chars)


def pack_ussd(string: str) -> bytes:
    """Return an USSD ``string`` packed, its spare bits filled so that no ``@`` appears at the end.

    3GPP TS 23.038 clause 6.1.2.3.1: seven spare bits become a carriage return; a string that ends in one on an octet
    boundary gets another. Raises ValueError if a character is not in the GSM 7 bit alphabet.
    """
    septets = gsm7_septets(string)
    if septets is None:
        raise ValueError("The USSD string has a character that is not in the GSM 7 bit alphabet.")
    full = len(septets) % 8 == 0
    if (full and septets.endswith(_CARRIAGE_RETURN)) or (len(septets) + 1) % 8 == 0:
        septets += _CARRIAGE_RETURN
    return pack(septets)


def unpack_ussd(octets: bytes) -> str:
    """Return the text of a packed USSD string, without the carriage return that only fills it up."""
    septets = unpack(octets, len(octets) * 8 // 7)
    if len(septets) % 8 == 0 and septets.endswith(_CARRIAGE_RETURN):
        septets = septets[:-1]
    return text(septets)
