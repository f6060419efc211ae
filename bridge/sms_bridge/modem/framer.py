"""From bytes to AT lines: terminators of every kind, the ``>`` prompt, URCs of two lines and of quoted line breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Longest line kept, in bytes; a TPDU with its service centre address has at most 352 hex digits.
MAX_LINE: Final = 4096

#: How many lines may come between a URC's header and its PDU before the header is given up.
_MAX_LINES_BETWEEN: Final = 3

#: How many headers may wait for their PDUs.
_MAX_HEADERS: Final = 3

#: 3GPP TS 27.005 clauses 3.4.1 and 4.6: these URCs bring a PDU on a second line.
_TWO_LINES: Final = ("+CMT:", "+CDS:", "+CBM:")

#: Blanks, and the echo of ESC and Ctrl-Z.
_MEANINGLESS: Final = " \t\x0b\x0c\x1a\x1b"

_TERMINATOR = re.compile(rb"[\r\n]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_LENGTH = re.compile(r"(\d+)\s*$")
#: 3GPP TS 27.007 clause 7.15: +CUSD: <m>[,<str>,<dcs>]; the string is complete when its quote is closed at the end.
_CUSD_OPEN = re.compile(r'\+CUSD:\s*\d+\s*,\s*"')
_CUSD_COMPLETE = re.compile(r'\+CUSD:\s*\d+\s*,\s*".*"\s*(?:,\s*\d*\s*)?', re.DOTALL)


def _plausible_pdu(header: str, line: str) -> bool:
    """Whether the PDU has the length its header tells (octets without the service centre address)."""
    told = _LENGTH.search(header)
    octets = len(line) // 2 - 1 - int(line[:2], 16)
    return told is not None and int(told[1]) == octets


class Framer:
    """Splits a byte stream into lines, the same ones however the bytes are cut.

    ``on_line`` gets each non-empty line without its terminator, decoded as Latin-1 (octet by octet); a URC with its
    PDU comes as one line, joined by a line feed. ``on_prompt`` is called for a ``>`` at the start of a line, only
    while armed.
    """

    def __init__(self, on_line: Callable[[str], None], on_prompt: Callable[[], None]) -> None:
        self._on_line = on_line
        self._on_prompt = on_prompt
        self._buffer = b""
        self._armed = False
        self._skipping = False
        self._headers: list[str] = []
        self._between = 0
        self._quoted: str | None = None
        self.overflows = 0

    def arm_prompt(self) -> None:
        """Take the next ``>`` at the start of a line for the prompt."""
        self._armed = True

    def disarm_prompt(self) -> None:
        """Take ``>`` for an ordinary character."""
        self._armed = False

    def reset(self) -> None:
        """Forget whatever is incomplete."""
        self._buffer = b""
        self._armed = self._skipping = False
        self._headers.clear()
        self._quoted = None

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        if b"\0" in data:
            data = data.replace(b"\0", b"")
        self._buffer += data
        while self._buffer:
            if self._armed and self._at_prompt():
                continue
            match = _TERMINATOR.search(self._buffer)
            if match is None:
                self._guard_length()
                return
            raw = self._buffer[: match.start()]
            terminator = self._buffer[match.start() : match.end()]
            self._buffer = self._buffer[match.end() :]
            self._raw_line(raw, terminator)

    def _at_prompt(self) -> bool:
        # Blank lines before the prompt are terminators still to be split off.
        if self._quoted is not None or self._skipping:
            return False
        stripped = self._buffer.lstrip(b" ")
        if not stripped.startswith(b">"):
            return False
        self._buffer = stripped[1:]
        self._armed = False
        self._on_prompt()
        return True

    def _guard_length(self) -> None:
        if len(self._buffer) > MAX_LINE:
            self._buffer = b""
            self.overflows += not self._skipping
            self._skipping = True

    def _raw_line(self, raw: bytes, terminator: bytes) -> None:
        if self._skipping:
            self._skipping = False
            return
        if len(raw) > MAX_LINE:
            self.overflows += 1
            return
        text = raw.decode("latin-1")
        if self._quoted is not None:
            self._continue_quote(text, terminator)
            return
        line = text.strip(_MEANINGLESS)
        if line.startswith(">"):
            # An unwanted prompt (Cinterion prints one after +CUSD: 1) has no terminator of its own.
            line = line[1:].strip(_MEANINGLESS)
        if line:
            self._line(line, terminator)

    def _line(self, line: str, terminator: bytes) -> None:
        if self._headers and self._pair(line):
            return
        if line.startswith(_TWO_LINES):
            self._headers.append(line)
            self._between = 0
        elif _CUSD_OPEN.match(line) and not _CUSD_COMPLETE.fullmatch(line):
            self._quoted = line + terminator.decode("latin-1")
        else:
            self._on_line(line)

    def _pair(self, line: str) -> bool:
        """Give a PDU to the header it belongs to: the line before it, or one of the same length."""
        if _HEX.fullmatch(line):
            for header in reversed(self._headers):
                if (self._between == 0 and header is self._headers[-1]) or _plausible_pdu(header, line):
                    self._headers.remove(header)
                    self._on_line(f"{header}\n{line}")
                    return True
        self._between += 1
        if self._between > _MAX_LINES_BETWEEN or len(self._headers) > _MAX_HEADERS:
            given_up, self._headers = self._headers, []
            for header in given_up:
                self._on_line(header)
        return False

    def _continue_quote(self, text: str, terminator: bytes) -> None:
        quoted = (self._quoted or "") + text
        if _CUSD_COMPLETE.fullmatch(quoted):
            self._quoted = None
            self._on_line(quoted)
        elif len(quoted) > MAX_LINE:
            self._quoted = None
            self.overflows += 1
        else:
            self._quoted = quoted + terminator.decode("latin-1")
