"""The modem's side of the wire: bytes out, whole or mangled."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.faults import FaultName

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.faults import Faults

#: What a brown-out looks like on a serial line.
GARBAGE: Final = b"\xff\x00\xfe????\x80\r\n"


class Output:
    """Sends to whatever endpoint is attached; without one the bytes are gone, as on a real port."""

    def __init__(self, faults: Faults) -> None:
        """Know the faults that mangle bytes."""
        self._faults = faults
        self._sinks: list[Callable[[bytes], None]] = []
        self._slow: deque[int] = deque()
        self._timer: asyncio.Handle | None = None

    def attach(self, sink: Callable[[bytes], None]) -> Callable[[], None]:
        """Send to `sink` too, until the returned function is called."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def write(self, text: str) -> None:
        """Send a text; characters beyond Latin-1 become question marks."""
        data = text.encode("latin-1", "replace")
        if self._faults:
            if self._faults.take(FaultName.GARBAGE):
                data = GARBAGE + data
            fault = self._faults.active(FaultName.BYTES)
            if fault or self._slow:
                self._slow.extend(data)
                if self._timer is None:
                    self._send_byte()
                return
        self._send(data)

    def reset(self) -> None:
        """Drop what was not sent yet."""
        self._slow.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, data: bytes) -> None:
        for sink in self._sinks:
            sink(data)

    def _send_byte(self) -> None:
        self._timer = None
        if not self._slow:
            return
        self._send(bytes((self._slow.popleft(),)))
        fault = self._faults.active(FaultName.BYTES)
        loop = asyncio.get_running_loop()
        interval = fault.seconds if fault else 0
        if interval:
            self._timer = loop.call_later(interval, self._send_byte)
        else:
            self._timer = loop.call_soon(self._send_byte)
