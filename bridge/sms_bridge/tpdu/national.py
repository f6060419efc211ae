"""The national language tables of 3GPP TS 23.038 annex A, for receiving."""

from __future__ import annotations

from typing import Final

from sms_providers.charset import DEFAULT_ALPHABET, EXTENSION

#: 3GPP TS 23.038 clause 6.2.1.2.4: national language identifiers.
TURKISH: Final = 1
SPANISH: Final = 2
PORTUGUESE: Final = 3
BENGALI: Final = 4
GUJARATI: Final = 5
HINDI: Final = 6
KANNADA: Final = 7
MALAYALAM: Final = 8
ORIYA: Final = 9
PUNJABI: Final = 10
TAMIL: Final = 11
TELUGU: Final = 12
URDU: Final = 13

#: What a position without a symbol shows.
_RESERVED: Final = " "


def _altered(changes: dict[int, str]) -> str:
    return "".join(changes.get(septet, symbol) for septet, symbol in enumerate(DEFAULT_ALPHABET))


#: Annex A.3.1: how the Turkish locking shift table differs from the default alphabet.
_TURKISH_LOCKING: Final = {
    0x04: "€",
    0x07: "ı",
    0x0B: "Ğ",
    0x0C: "ğ",
    0x1C: "Ş",
    0x1D: "ş",
    0x40: "İ",
    0x60: "ç",
}

#: Annex A.3.3: how the Portuguese locking shift table differs from the default alphabet.
_PORTUGUESE_LOCKING: Final = {
    **dict(zip(range(0x04, 0x0A), "êéúíóç", strict=True)),
    **dict(zip((0x0B, 0x0C, 0x0E, 0x0F), "ÔôÁá", strict=True)),
    **dict(zip(range(0x12, 0x1B), "ªÇÀ∞^\\€Ó|", strict=True)),
    **dict(zip(range(0x1C, 0x1F), "ÂâÊ", strict=True)),
    **dict(zip((0x24, 0x40, 0x5B, 0x5C, 0x5D), "ºÍÃÕÚ", strict=True)),
    **dict(zip((0x60, 0x7B, 0x7C, 0x7D), "~ãõ`", strict=True)),
}

#: Annex A.2.1: what the Turkish single shift table adds to the extension table.
_TURKISH_SINGLE: Final = dict(zip(b"GIScgis", "ĞİŞçğış", strict=True))

#: Annex A.2.2: what the Spanish single shift table adds to the extension table.
_SPANISH_SINGLE: Final = {0x09: "ç", **dict(zip(b"AIOUaiou", "ÁÍÓÚáíóú", strict=True))}

#: Annex A.2.3: what the Portuguese single shift table adds to the extension table.
_PORTUGUESE_SINGLE: Final = {
    **dict(zip((0x05, 0x09, 0x0B, 0x0C, 0x0E, 0x0F), "êçÔôÁá", strict=True)),
    **dict(zip((0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1F), "ΦΓΩΠΨΣΘÊ", strict=True)),
    **dict(zip((0x41, 0x49, 0x4F, 0x55, 0x5B, 0x5C), "ÀÍÓÚÃÕ", strict=True)),
    **dict(zip((0x61, 0x69, 0x6F, 0x75, 0x7B, 0x7C, 0x7F), "Âíóúãõâ", strict=True)),
}

#: Annex A.3.4 to A.3.12: the locking shift tables of the Indic scripts are one table, written here as the offset of
#: each symbol in the script's Unicode block (whose order all these blocks share), or as the symbol itself. The symbols
#: at 0x60 and from 0x7B are each script's own.
_INDIC_LOCKING: Final[tuple[int | str, ...]] = (
    *(0x01, 0x02, 0x03, *range(0x05, 0x0C), "\n", 0x0C, 0x0D, "\r", 0x0E, 0x0F),
    *(*range(0x10, 0x1B), _RESERVED, *range(0x1B, 0x1F)),
    *(" ", "!", *range(0x1F, 0x25), ")", "(", 0x25, 0x26, ",", 0x27, ".", 0x28),
    *("0123456789:;"),
    *(0x29, 0x2A, 0x2B, "?"),
    *range(0x2C, 0x3A),
    *(0x3C, 0x3D),
    *range(0x3E, 0x4E),
)

#: Annex A.3.4 to A.3.13: per language the first code point of its Unicode block, the offsets of the common table for
#: which it has no symbol, and those of its symbols at 0x60 and from 0x7B.
_INDIC_SCRIPTS: Final[dict[int, tuple[int, str, str]]] = {
    BENGALI: (0x0980, "0d 0e 11 12 29 31 33 34 35 45 46 49 4a", "4e 57 5c 5d 70 71"),
    GUJARATI: (0x0A80, "0e 12 29 31 34 46 4a", "50 60 61 62 63 71"),
    HINDI: (0x0900, "", "50 72 7b 7c 7e 7f"),
    KANNADA: (0x0C80, "01 0d 11 29 34 45 49", "55 56 60 61 62 63"),
    MALAYALAM: (0x0D00, "01 0d 11 29 3c 45 49", "57 60 61 62 63 79"),
    ORIYA: (0x0B00, "0d 0e 11 12 29 31 34 45 46 49 4a", "56 57 60 61 62 63"),
    PUNJABI: (0x0A00, "0b 0c 0d 0e 11 12 29 31 34 37 3d 43 44 45 46 49 4a", "51 70 71 72 73 74"),
    TAMIL: (
        0x0B80,
        "01 0b 0c 0d 11 16 17 18 1b 1d 20 21 22 25 26 27 2b 2c 2d 3c 3d 43 44 45 49",
        "50 57 70 71 72 79",
    ),
    TELUGU: (0x0C00, "0d 11 29 34 3c 45 49", "55 56 60 61 62 63"),
}

#: Annex A.3.13: the Urdu locking shift table, its letters as code points.
_URDU_LOCKING: Final = (
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\u0020\u068c\u0688\u0689\u068a"
    " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
    "0123456789:;\u069a\u0633\u0634?"
    "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
    "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
    "\u0654abcdefghijklmnopqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
)

#: Annex A.2.4 to A.2.13: what the single shift tables of the Indic scripts and of Urdu have in common.
_INDIC_SINGLE: Final = {
    **EXTENSION,
    **dict(enumerate("@£$¥¿\"¤%&'\f*+")),
    **dict(enumerate("-/<=>¡^¡_#*", start=0x0E)),
    **{letter: chr(letter) for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
}

#: Annex A.2.4 to A.2.13: where those tables have symbols of their own.
_INDIC_SINGLE_SEPTETS: Final = (0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)

_DANDAS: Final = (0x0964, 0x0965)
#: A place of theirs without a symbol.
_NONE: Final = 0

#: Annex A.2.4 to A.2.13: those symbols as code points, in the order of the septets.
_INDIC_SINGLE_SYMBOLS: Final[dict[int, tuple[int, ...]]] = {
    BENGALI: (*range(0x09E6, 0x09F0), 0x09DF, 0x09E0, 0x09E1, 0x09E2, 0x09E3, *range(0x09F2, 0x09FB)),
    GUJARATI: (*_DANDAS, *range(0x0AE6, 0x0AF0)),
    HINDI: (
        *_DANDAS,
        *range(0x0966, 0x0970),
        *range(0x0951, 0x0955),
        *range(0x0958, 0x0964),
        *(0x0970, 0x0971),
    ),
    KANNADA: (*_DANDAS, *range(0x0CE6, 0x0CF0), 0x0CDE, 0x0CF1, 0x0CF2),
    MALAYALAM: (*_DANDAS, *range(0x0D66, 0x0D76), *range(0x0D7A, 0x0D80)),
    ORIYA: (*_DANDAS, *range(0x0B66, 0x0B70), 0x0B5C, 0x0B5D, 0x0B5F, 0x0B70, 0x0B71),
    PUNJABI: (*_DANDAS, *range(0x0A66, 0x0A70), 0x0A59, 0x0A5A, 0x0A5B, 0x0A5C, 0x0A5E, 0x0A75),
    TAMIL: (*_DANDAS, *range(0x0BE6, 0x0BF0), *range(0x0BF3, 0x0BF9), 0x0BFA),
    TELUGU: (_NONE, _NONE, *range(0x0C66, 0x0C70), 0x0C58, 0x0C59, *range(0x0C78, 0x0C80)),
    URDU: (
        *(0x0600, 0x0601),
        *range(0x06F0, 0x06FA),
        *(0x060C, 0x060D),
        *range(0x060E, 0x0615),
        *(0x061B, 0x061F, 0x0640, 0x0652, 0x0658, 0x066B, 0x066C, 0x0672, 0x0673, 0x06CD, 0x06D4),
    ),
}


def _indic_locking(block: int, missing: str, own: str) -> str:
    absent = bytes.fromhex(missing)
    vowel, *last = (chr(block + offset) for offset in bytes.fromhex(own))
    common = (
        symbol if isinstance(symbol, str) else _RESERVED if symbol in absent else chr(block + symbol)
        for symbol in _INDIC_LOCKING
    )
    return "".join((*common, vowel, "abcdefghijklmnopqrstuvwxyz", *last))


def _indic_single(symbols: tuple[int, ...]) -> dict[int, str]:
    places = zip(
        _INDIC_SINGLE_SEPTETS, symbols, strict=False
    )  # the last places of a table may have no symbol
    return _INDIC_SINGLE | {septet: chr(symbol) for septet, symbol in places if symbol != _NONE}


#: Locking shift tables by language: the symbol of each septet. Spanish has none (clause 6.2.1.2.4).
LOCKING_SHIFT: Final[dict[int, str]] = {
    TURKISH: _altered(_TURKISH_LOCKING),
    PORTUGUESE: _altered(_PORTUGUESE_LOCKING),
    **{language: _indic_locking(*script) for language, script in _INDIC_SCRIPTS.items()},
    URDU: _URDU_LOCKING,
}

#: Single shift tables by language: the symbol of each septet that has one after an escape.
SINGLE_SHIFT: Final[dict[int, dict[int, str]]] = {
    TURKISH: EXTENSION | _TURKISH_SINGLE,
    SPANISH: EXTENSION | _SPANISH_SINGLE,
    PORTUGUESE: EXTENSION | _PORTUGUESE_SINGLE,
    **{language: _indic_single(symbols) for language, symbols in _INDIC_SINGLE_SYMBOLS.items()},
}
