"""Text as UTF-16 code units (3GPP TS 23.038 clause 6.2.3; surrogate pairs are what handsets make of it)."""

from __future__ import annotations


def encode(text: str) -> bytes:
    """Return ``text`` as big-endian UTF-16; a lone surrogate becomes U+FFFD."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace").encode("utf-16-be")


def decode(octets: bytes) -> str:
    """Return the text of big-endian UTF-16 ``octets``; a lone surrogate or a lone last octet becomes U+FFFD."""
    return octets.decode("utf-16-be", "replace")
