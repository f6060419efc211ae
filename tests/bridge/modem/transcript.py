r"""Transcripts of AT dialogues as test scripts.

    # comment, with the number of the quirk
    > AT+CSQ            what the engine writes; ^Z and ESC stand for their characters
    < +CSQ: 20,99       a line from the modem, between CR LF
    << \r\n> \x00       bytes from the modem as they are, in Python's escapes
    ~ 5.0               seconds until the next byte from the modem

What stands before the first ``>`` is said when the script begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "transcripts"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes from the modem, after so many seconds."""

    after: float
    data: bytes


@dataclass(slots=True)
class Exchange:
    """What the engine writes, and what the modem says then; ``None`` for the beginning."""

    written: str | None
    pieces: list[Piece] = field(default_factory=list)


def parse(text: str) -> list[Exchange]:
    """Return the exchanges of a transcript."""
    exchanges = [Exchange(None)]
    wait = 0.0
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.strip().partition(" ")
        if mark in {"", "#"} or mark.startswith("#"):
            continue
        match mark:
            case ">":
                exchanges.append(Exchange(rest.strip()))
                wait = 0.0
            case "<":
                exchanges[-1].pieces.append(Piece(wait, b"\r\n" + rest.encode("latin-1") + b"\r\n"))
                wait = 0.0
            case "<<":
                raw = rest.encode("latin-1").decode("unicode_escape").encode("latin-1")
                exchanges[-1].pieces.append(Piece(wait, raw))
                wait = 0.0
            case "~":
                wait += float(rest)
            case _:
                raise ValueError(f"line {number} of the transcript begins with {mark!r}")
    return exchanges


def load(name: str) -> list[Exchange]:
    """Return the exchanges of ``transcripts/<name>.at``."""
    return parse((FOLDER / f"{name}.at").read_text(encoding="utf-8"))
