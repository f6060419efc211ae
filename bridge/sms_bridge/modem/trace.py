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


def redact_line(line: str) -> str:
    """Return an AT line without PIN, USSD text, PDU contents and digits of numbers beyond the last two."""
    line = _PIN.sub(r"\1…", line)
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
        lines = []
        for moment, direction, data in self._pieces:
            stamp = datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]
            lines += [f"{stamp} {direction} {redact_line(text)}" for text in _lines(bytes(data))]
        return lines[-CAPACITY:]


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
