"""Digits as semi-octets: two per octet, the first one in the low half (3GPP TS 23.040 clause 9.1.2.3)."""

from __future__ import annotations

from typing import Final

_SWAPPED: Final = bytes((octet & 0x0F) << 4 | octet >> 4 for octet in range(256))
#: 3GPP TS 24.008 table 10.5.118: the digits behind 9; 0xF fills an odd number of digits up.
_EXTRA_DIGITS: Final = "*#abc"
_FROM_HEX: Final = str.maketrans("abcde", _EXTRA_DIGITS)
_TO_HEX: Final = str.maketrans(_EXTRA_DIGITS + _EXTRA_DIGITS.upper(), "abcde" * 2)
_DIGITS: Final = frozenset("0123456789" + _EXTRA_DIGITS + _EXTRA_DIGITS.upper())
#: What stands for two semi-octets that are no decimal number.
NO_NUMBER: Final = 0xFF
_NUMBERS: Final = bytes(
    int(digits) if (digits := f"{octet:02x}").isdecimal() else NO_NUMBER for octet in _SWAPPED
)


def encode(digits: str) -> bytes:
    """Return ``digits`` (0-9, ``*``, ``#``, a-c) as semi-octets, an odd number of them filled up with 0xF.

    Raises ValueError for any other character.
    """
    if not _DIGITS.issuperset(digits):
        raise ValueError("Only the digits 0-9, *, #, a, b and c can be dialled.")
    padded = digits.translate(_TO_HEX) + ("f" if len(digits) % 2 else "")
    return bytes.fromhex(padded).translate(_SWAPPED)


def decode(octets: bytes, count: int) -> str:
    """Return the first ``count`` digits of ``octets``, ending early at a filler."""
    digits, _, _ = octets.translate(_SWAPPED).hex()[:count].partition("f")
    return digits.translate(_FROM_HEX)


def decode_numbers(octets: bytes) -> bytes:
    """Return the number that the two decimal digits of each octet make, `NO_NUMBER` where one is no decimal digit."""
    return octets.translate(_NUMBERS)


def encode_numbers(*numbers: int) -> bytes:
    """Return each number (0 to 99) as an octet of two decimal digits."""
    return bytes.fromhex("".join(f"{number:02}" for number in numbers)).translate(_SWAPPED)
