"""The last AT lines of a modem, redacted: what a person needs to report a fault and may show to strangers."""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from .pumps import OnData, OnLost
    from .transport import Transport

#: How many lines are kept.
CAPACITY: Final = 500
#: Longest piece kept, in bytes; a longer one is cut.
_PIECE: Final = 1024

_PIN = re.compile(r"(AT\+CPIN=).*", re.IGNORECASE)
_USSD = re.compile(r'(\+CUSD[:=]\s*\d+\s*,\s*").*?("(?:\s*,\s*\d*)?\s*$|$)', re.DOTALL)
_PDU = re.compile(r"\b(?:[0-9A-Fa-f]{2}){9,}\b")
_QUOTED_HEX = re.compile(r'"(?:[0-9A-Fa-f]{4}){3,}"')
_NUMBER = re.compile(r"\+?\d{5,}")
#: Headers of messages; in text mode a name stands in them and the text on the next line.
_HEADER = re.compile(r"\+CM(?:T|GR|GL):|\+CDS:")
_QUOTED = re.compile(r'"[^"]*"')


def redact_line(line: str) -> str:
    """Return an AT line without PIN, USSD text, PDU contents and digits of numbers beyond the last two."""
    line = _PIN.sub(r"\1…", line)
    if _HEADER.match(line):
        line = _QUOTED.sub('"…"', line)
    line = _USSD.sub(r"\1…\2", line)
    line = _QUOTED_HEX.sub('"…"', line)
    line = _PDU.sub(lambda match: f"<{len(match[0]) // 2} octets>", line)
    return _NUMBER.sub(lambda match: f"…{match[0][-2:]}", line)


class Trace:
    """A ring of the last pieces on the wire with time and direction; redaction happens when it is read."""

    def __init__(self, now: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._now = now
        self._pieces: deque[tuple[float, str, bytearray]] = deque(maxlen=capacity)

    def add(self, direction: str, data: bytes) -> None:
        """Record bytes: ``>`` towards the modem, ``<`` from it, ``#`` a remark."""
        if self._pieces:
            _, last_direction, last = self._pieces[-1]
            if last_direction == direction and last[-1:] not in b"\r\n" and len(last) < _PIECE:
                last += data[:_PIECE]
                return
        self._pieces.append((self._now(), direction, bytearray(data[:_PIECE])))

    def note(self, text: str) -> None:
        """Record a remark of the engine, such as a reopening."""
        self.add("#", f"{text}\n".encode())

    def dump(self) -> list[str]:
        """Return the lines, oldest first, as ``time direction text``, redacted."""
        lines: list[str] = []
        hidden = _Hidden()
        for moment, direction, data in self._pieces:
            stamp = datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]
            for text in _lines(bytes(data)):
                shown = hidden.take(text) if direction == "<" else redact_line(text)
                lines.append(f"{stamp} {direction} {shown}")
        return lines[-CAPACITY:]


class _Hidden:
    """Redacts the modem's lines, also those whose secret is told by the line before: texts of several lines."""

    def __init__(self) -> None:
        self._quote_open = False
        self._text_follows = False

    def take(self, line: str) -> str:
        """Return a line redacted."""
        if self._quote_open:
            self._quote_open = '"' not in line
            return "…"
        if self._text_follows and not line.startswith(("+", "^", "OK", "ERROR")):
            self._text_follows = False
            return redact_line(line) if _PDU.fullmatch(line) else "…"
        self._text_follows = _HEADER.match(line) is not None
        self._quote_open = line.startswith("+CUSD:") and line.count('"') == 1
        return redact_line(line)


def _lines(data: bytes) -> list[str]:
    text = data.decode("latin-1").replace("\x1a", "<^Z>").replace("\x1b", "<ESC>")
    parts = [part for part in re.split(r"[\r\n]+", text) if part.strip()]
    return ["".join(char if char.isprintable() else f"<{ord(char):02X}>" for char in part) for part in parts]


class TracedTransport:
    """A transport that records everything that passes through it."""

    def __init__(self, inner: Transport, trace: Trace) -> None:
        self._inner = inner
        self._trace = trace

    async def open(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        """Open the inner transport; see ``Transport.open``."""
        add = self._trace.add

        def traced(data: bytes) -> None:
            add("<", data)
            on_data(data)

        await self._inner.open(baudrate, traced, on_lost)

    def write(self, data: bytes) -> None:
        """Write to the inner transport; see ``Transport.write``."""
        self._trace.add(">", data)
        self._inner.write(data)

    async def close(self) -> None:
        """Close the inner transport; see ``Transport.close``."""
        await self._inner.close()
