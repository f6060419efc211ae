"""How a provider cuts a text into segments, for its bill and for what it passes on."""

from __future__ import annotations

from typing import Final

#: 3GPP TS 23.038 clause 6.2.1: the characters of the default alphabet, each one septet.
_ALPHABET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: 3GPP TS 23.038 clause 6.2.1.1: the characters of its extension, each two septets.
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
#: 3GPP TS 23.040 clause 9.2.3.24.1: characters of one segment, alone and with a header for concatenation.
_GSM7_SIZES: Final = (160, 153)
_UCS2_SIZES: Final = (70, 67)


def in_default_alphabet(text: str) -> bool:
    """Say whether every character is one of the default alphabet or its extension."""
    return all(character in _ALPHABET or character in _EXTENSION for character in text)


def divide(text: str, *, unicode: bool = False) -> list[str]:
    """Cut ``text`` into its segments; an empty one is one segment. ``unicode`` asks for UCS-2 in any case.

    A pair that may not be cut (an escape with its character, a surrogate pair) goes into the next segment whole.
    """
    if unicode or not in_default_alphabet(text):
        sizes = [len(character.encode("utf-16-be")) // 2 for character in text]
        alone, joined = _UCS2_SIZES
    else:
        sizes = [2 if character in _EXTENSION else 1 for character in text]
        alone, joined = _GSM7_SIZES
    if sum(sizes) <= alone:
        return [text]
    parts, used = [""], 0
    for character, size in zip(text, sizes, strict=True):
        if used + size > joined:
            parts.append("")
            used = 0
        parts[-1] += character
        used += size
    return parts


def segments(text: str) -> int:
    """Count the segments of ``text``."""
    return len(divide(text))
