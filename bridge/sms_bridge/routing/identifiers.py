"""Identifiers that the bridge makes itself."""

from __future__ import annotations

import secrets
from typing import Final

#: Crockford's base 32, as ULIDs use it: no I, L, O, U.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: A ULID's parts, in bits.
_TIME_BITS: Final = 48
_RANDOM_BITS: Final = 80


def ulid(now: float) -> str:
    """26 characters that sort by time; ``now`` in Unix seconds."""
    value = (int(now * 1000) & ((1 << _TIME_BITS) - 1)) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return "".join(_ALPHABET[value >> shift & 0x1F] for shift in range(125, -5, -5))
