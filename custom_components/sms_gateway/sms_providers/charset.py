"""The alphabets of a short message, and how a text is divided into segments.

This is the only home of the GSM 7 bit default alphabet (3GPP TS 23.038 clauses 6.2.1 and 6.2.1.1).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Encoding(StrEnum):
    """What the user data of a segment is made of (3GPP TS 23.038 clause 4)."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"
    DATA = "data"


class EncodingChoice(StrEnum):
    """What the author of a message asks for.

    ``GSM7`` transliterates what does not fit the alphabet, ``AUTO`` takes UCS-2 for such a text.
    """

    AUTO = "auto"
    GSM7 = "gsm7"
    UCS2 = "ucs2"


#: 3GPP TS 23.038 clause 6.2.1: the escape to the extension table, a septet.
ESCAPE: Final = 0x1B

#: 3GPP TS 23.038 clause 6.2.1: the default alphabet, by septet. 0x1B is shown as a space by those who do not know it.
DEFAULT_ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

#: 3GPP TS 23.038 clause 6.2.1.1: the extension table, the septet after an escape to its character.
#: 0x1B announces a further table and is shown as a space.
EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x1B: " ",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

#: 3GPP TS 23.040 clause 9.2.3.24: octets of user data in one segment, header included.
USER_DATA_OCTETS: Final = 140
#: 3GPP TS 23.040 clause 9.2.3.24.1: octets of a header with the 8 bit concatenation element, length octet included.
CONCAT_OCTETS: Final = 6
#: 3GPP TS 23.040 clause 9.2.3.24.8: octets of a header with the 16 bit concatenation element, length octet included.
CONCAT_WIDE_OCTETS: Final = 7
#: 3GPP TS 23.040 clause 9.2.3.24.4: octets that the 16 bit port element adds to a header that exists.
PORT_OCTETS: Final = 6
#: 3GPP TS 23.040 clause 9.2.3.24.1: segments of a message, whose number is one octet.
MAX_SEGMENTS: Final = 255

# What stands in the interpreter's tables where there is no character; a noncharacter of Unicode, never text.
_UNDEFINED: Final = "\ufffe"

# One octet per character: the septet itself, or 0x80 + the septet that follows an escape. Encoding and decoding
# a text are then one pass of the interpreter's C code each.
_FOLDED: Final = (
    DEFAULT_ALPHABET[:ESCAPE]
    + _UNDEFINED
    + DEFAULT_ALPHABET[ESCAPE + 1 :]
    + "".join(EXTENSION.get(septet, _UNDEFINED) if septet != ESCAPE else _UNDEFINED for septet in range(128))
)
_ENCODE: Final = codecs.charmap_build(_FOLDED)
_DECODE: Final = DEFAULT_ALPHABET + "".join(
    EXTENSION.get(septet, DEFAULT_ALPHABET[septet]) for septet in range(128)
)
_EXTENDED: Final = tuple(
    (bytes((0x80 | septet,)), bytes((ESCAPE, septet))) for septet in EXTENSION if septet != ESCAPE
)
_DOUBLE_ESCAPE: Final = bytes((ESCAPE, ESCAPE))
_ESCAPED_SEPTET: Final = re.compile(rb"\x1b([\x00-\x7f])")
_SEPTETS: Final = bytes(range(128))


def _fold(text: str) -> bytes | None:
    if _UNDEFINED in text:
        return None
    try:
        return codecs.charmap_encode(text, "strict", _ENCODE)[0]
    except UnicodeEncodeError:
        return None


def _unfold(folded: bytes) -> bytes:
    if not folded.isascii():
        for octet, septets in _EXTENDED:
            folded = folded.replace(octet, septets)
    return folded


def fits_gsm7(text: str) -> bool:
    """Tell whether every character of ``text`` is in the default alphabet or its extension."""
    return _fold(text) is not None


def gsm7_septets(text: str) -> bytes | None:
    """Return ``text`` as septets, one per octet, or None if a character is not in the alphabet.

    A character of the extension table becomes two septets (3GPP TS 23.038 clause 6.2.1.1).
    """
    folded = _fold(text)
    return None if folded is None else _unfold(folded)


def gsm7_text(septets: bytes) -> str:
    """Return the text of ``septets`` (one per octet, each below 0x80); never fails.

    3GPP TS 23.038 clause 6.2.1.1: an escape before a code without a symbol in the extension table shows the symbol of
    the default alphabet; a doubled escape, and one without a successor, shows a space.
    """
    if ESCAPE in septets:
        if _DOUBLE_ESCAPE not in septets:
            for octet, pair in _EXTENDED:
                septets = septets.replace(pair, octet)
        septets = _ESCAPED_SEPTET.sub(lambda match: bytes((0x80 | match[1][0],)), septets)
    return codecs.charmap_decode(septets, "replace", _DECODE)[0]


#: What the author meant, in the alphabet, where the compatibility decomposition of Unicode does not tell.
#: Lower case Greek becomes upper case, of which the alphabet has those that no Latin letter looks like.
_MEANT: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′‹›`´ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•‣∙·×", "*"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff", ""),
        **dict.fromkeys("\t\u2028\u2029", " "),
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "ẞ": "SS",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ħ": "h",
        "Ħ": "H",
        "ı": "i",
        "ŋ": "n",
        "Ŋ": "N",
        "©": "(c)",
        "®": "(r)",
        "÷": "/",
        "⁄": "/",
        "¢": "c",
        "µ": "u",
        "°": "o",
        "¬": "-",
        "¦": "|",
    }
)
_GREEK_LOOKALIKES: Final = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")


def _nearest(char: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    candidates = (
        char,
        char.translate(_MEANT),
        bare.translate(_MEANT),
        bare.upper().translate(_GREEK_LOOKALIKES),
    )
    return next(filter(fits_gsm7, candidates), "?")


def transliterate(text: str) -> str:
    """Return ``text`` with every character that is not in the GSM 7 bit alphabet replaced.

    Typographic signs become plain ones, letters lose their diacritics (``ć`` becomes ``c``), ligatures are resolved,
    invisible characters vanish; what is left becomes ``?``. A text that fits is returned as it is.
    """
    if fits_gsm7(text):
        return text
    return "".join(map(_nearest, unicodedata.normalize("NFC", text)))


class TextTooLongError(ValueError):
    """A message needs more segments than it may have.

    Attributes:
        segments: the number of segments that it would need.
        limit: the number that it may have.

    """

    def __init__(self, segments: int, limit: int) -> None:
        """Keep both numbers and say them."""
        super().__init__(f"The message needs {segments} segments; at most {limit} are allowed. Shorten it.")
        self.segments = segments
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """How a text is sent.

    Attributes:
        encoding: the alphabet of all its segments.
        segments: the text of each segment, transliterated where that was asked for.
        characters_left: septets or UTF-16 code units that the last segment still has room for.

    """

    encoding: Encoding
    segments: tuple[str, ...]
    characters_left: int

    @property
    def count(self) -> int:
        """Return the number of segments."""
        return len(self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlan:
    """How 8-bit data is sent: ``segments`` as octets, ``octets_left`` of room in the last one."""

    segments: tuple[bytes, ...]
    octets_left: int

    @property
    def count(self) -> int:
        """Return the number of segments."""
        return len(self.segments)


def capacity(encoding: Encoding, header_octets: int = 0) -> int:
    """Return the septets, UTF-16 code units or octets that fit beside a user data header.

    ``header_octets`` counts the whole header with its length octet; 0 means none (3GPP TS 23.040 clause 9.2.3.24).
    """
    octets = USER_DATA_OCTETS - header_octets
    if encoding is Encoding.GSM7:
        return octets * 8 // 7
    return octets // 2 if encoding is Encoding.UCS2 else octets


def header_octets(*, concat: bool, wide: bool, port: bool = False) -> int:
    """Return the octets of the header of a segment: concatenated or not, with a wide reference, with a port."""
    octets = (CONCAT_WIDE_OCTETS if wide else CONCAT_OCTETS) if concat else 0
    if port:
        octets += PORT_OCTETS if octets else PORT_OCTETS + 1
    return octets


_SINGLE_GSM7: Final = capacity(Encoding.GSM7)
_SINGLE_UCS2: Final = capacity(Encoding.UCS2)
_HIGH_SURROGATE: Final = range(0xD8, 0xDC)


def plan(
    text: str,
    choice: EncodingChoice = EncodingChoice.AUTO,
    *,
    wide: bool = False,
    max_segments: int = MAX_SEGMENTS,
) -> SegmentPlan:
    """Divide ``text`` into segments, never inside an escaped character or a surrogate pair.

    ``wide`` counts with a 16-bit concatenation reference. A lone surrogate in ``text`` becomes U+FFFD. An empty text
    is one empty segment. Raises TextTooLongError if more than ``max_segments`` segments are needed.
    """
    if choice is EncodingChoice.GSM7:
        text = transliterate(text)
    if choice is not EncodingChoice.UCS2:
        folded = _fold(text)
        if folded is not None:
            extended = 0 if folded.isascii() else len(folded.translate(None, _SEPTETS))
            left = _SINGLE_GSM7 - len(folded) - extended
            if left >= 0:
                return SegmentPlan(encoding=Encoding.GSM7, segments=(text,), characters_left=left)
            return _plan_gsm7(folded, wide=wide, max_segments=max_segments)
    return _plan_ucs2(text, wide=wide, max_segments=max_segments)


def _plan_gsm7(folded: bytes, *, wide: bool, max_segments: int) -> SegmentPlan:
    septets = _unfold(folded)
    size = capacity(Encoding.GSM7, header_octets(concat=True, wide=wide))
    parts = []
    start = 0
    while start < len(septets):
        end = start + size
        if septets[end - 1 : end] == b"\x1b":
            end -= 1
        parts.append(gsm7_text(septets[start:end]))
        start = end
    _check(len(parts), max_segments)
    return SegmentPlan(encoding=Encoding.GSM7, segments=tuple(parts), characters_left=start - len(septets))


def _plan_ucs2(text: str, *, wide: bool, max_segments: int) -> SegmentPlan:
    units = text.encode("utf-16-be", "surrogatepass")
    left = _SINGLE_UCS2 - len(units) // 2
    if left >= 0:
        whole = units.decode("utf-16-be", "replace")
        return SegmentPlan(encoding=Encoding.UCS2, segments=(whole,), characters_left=left)
    size = 2 * capacity(Encoding.UCS2, header_octets(concat=True, wide=wide))
    parts = []
    start = 0
    while start < len(units):
        end = start + size
        if end < len(units) and units[end - 2] in _HIGH_SURROGATE:
            end -= 2
        parts.append(units[start:end].decode("utf-16-be", "replace"))
        start = end
    _check(len(parts), max_segments)
    return SegmentPlan(
        encoding=Encoding.UCS2, segments=tuple(parts), characters_left=(start - len(units)) // 2
    )


def plan_data(
    data: bytes, *, port: bool = False, wide: bool = False, max_segments: int = MAX_SEGMENTS
) -> DataPlan:
    """Divide 8-bit ``data`` into segments, with room for an application port element if ``port``.

    Raises TextTooLongError if more than ``max_segments`` segments are needed.
    """
    size = capacity(Encoding.DATA, header_octets(concat=False, wide=wide, port=port))
    if len(data) > size:
        size = capacity(Encoding.DATA, header_octets(concat=True, wide=wide, port=port))
    parts = tuple(data[start : start + size] for start in range(0, len(data), size)) or (b"",)
    _check(len(parts), max_segments)
    return DataPlan(segments=parts, octets_left=size - len(parts[-1]))


def _check(needed: int, allowed: int) -> None:
    limit = min(allowed, MAX_SEGMENTS)
    if needed > limit:
        raise TextTooLongError(needed, limit)
