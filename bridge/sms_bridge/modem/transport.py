"""The byte stream to a modem: its interface, and the serial and network ports that pyserial opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnData = Callable[[bytes], None]
OnLost = Callable[[Exception | None], None]


class Transport(Protocol):
    """A byte stream that lives from ``open`` to ``close`` or to ``on_lost``, once."""

    async def open(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        """Open the stream; both callbacks run on the event loop, ``on_lost`` at most once and not after ``close``.

        ``baudrate`` in bits per second, ignored where there is none. Raises a ``PortError``.
        """

    def write(self, data: bytes) -> None:
        """Queue bytes for writing, in order; never blocks and never raises: a loss is told by ``on_lost``."""

    async def close(self) -> None:
        """Close the stream; may be called twice, and after a loss."""
