"""Moving bytes between an open port and the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import serial

OnData = Callable[[bytes], None]
OnLost = Callable[[Exception | None], None]

#: Most bytes taken at once.
_CHUNK: Final = 4096


class DescriptorPump:
    """Moves bytes by the event loop's readiness of a non-blocking descriptor."""

    def __init__(self, descriptor: int, on_data: OnData, on_lost: OnLost) -> None:
        self._descriptor = descriptor
        self._on_data = on_data
        self._on_lost = on_lost
        self._pending: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._alive = True
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    def write(self, data: bytes) -> None:
        """Queue bytes; see ``Transport.write``."""
        if not self._alive:
            return
        if not self._pending:
            data = self._write_now(data)
            if not data or not self._alive:
                return
            self._loop.add_writer(self._descriptor, self._writable)
        self._pending.append(data)

    def stop(self) -> None:
        """Move nothing more, and tell nothing more."""
        if self._alive:
            self._alive = False
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._pending.clear()

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._on_data(data)
        else:
            # A readable descriptor without bytes is at its end: unplugged, or closed by the other side.
            self._lose(None)

    def _write_now(self, data: bytes) -> bytes:
        try:
            return data[os.write(self._descriptor, data) :]
        except (BlockingIOError, InterruptedError):
            return data
        except OSError as error:
            # Told from the loop, so that no caller is surprised in the middle of its own work.
            self._loop.call_soon(self._lose, error)
            return b""

    def _writable(self) -> None:
        while self._pending and self._alive:
            rest = self._write_now(self._pending.popleft())
            if rest:
                self._pending.appendleft(rest)
                return
        if self._alive:
            self._loop.remove_writer(self._descriptor)

    def _lose(self, error: Exception | None) -> None:
        if self._alive:
            self.stop()
            self._on_lost(error)


class ThreadPump:
    """Moves bytes by two threads, for ports without a descriptor (RFC 2217)."""

    def __init__(self, opened: serial.Serial, on_data: OnData, on_lost: OnLost) -> None:
        self._serial = opened
        self._on_data = on_data
        self._on_lost = on_lost
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._alive = True
        for target in (self._read, self._write):
            threading.Thread(target=target, daemon=True, name="modem bytes").start()

    def write(self, data: bytes) -> None:
        """Queue bytes; see ``Transport.write``."""
        self._outgoing.put(data)

    def stop(self) -> None:
        """Move nothing more, and tell nothing more."""
        self._alive = False
        self._outgoing.put(None)

    def _read(self) -> None:
        try:
            while self._alive:
                data = self._serial.read(self._serial.in_waiting or 1)
                if data:
                    self._call(self._deliver, data)
        except Exception as error:  # noqa: BLE001 - the handlers of URLs raise whatever they like
            self._call(self._lose, error)

    def _write(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None:
                self._serial.write(data)
        except Exception as error:  # noqa: BLE001 - the handlers of URLs raise whatever they like
            self._call(self._lose, error)

    def _call(self, callback: Callable[..., None], argument: object) -> None:
        # The loop may be closed already: then nobody listens any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, argument)

    def _deliver(self, data: bytes) -> None:
        if self._alive:
            self._on_data(data)

    def _lose(self, error: Exception) -> None:
        if self._alive:
            self.stop()
            self._on_lost(error)
