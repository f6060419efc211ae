"""What the network keeps for one modem until the modem takes it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sms_bridge.simulator.modem import ModemSimulator


class Downlink:
    """A queue of TPDUs, handed over one at a time.

    What the modem refuses (memory full, no network, no acknowledgement) is kept and tried again
    at `retry`, as a service centre does: nothing is lost.
    """

    def __init__(self, modem: ModemSimulator) -> None:
        self._modem = modem
        self._queue: deque[bytes] = deque()
        self._refused: list[bytes] = []
        self._current: bytes | None = None
        self._pumping = False

    @property
    def waiting(self) -> int:
        """How many TPDUs the modem does not have yet."""
        return len(self._queue) + len(self._refused) + (self._current is not None)

    def push(self, tpdu: bytes) -> None:
        """Hand over a DELIVER or a STATUS-REPORT, now or later."""
        self._queue.append(tpdu)
        self._pump()

    def retry(self) -> None:
        """Try again what was refused, before everything newer."""
        self._queue.extendleft(reversed(self._refused))
        self._refused.clear()
        self._pump()

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        while self._queue and self._current is None:
            self._current = self._queue.popleft()
            self._modem.receiver.receive(self._current, self._settle)
        self._pumping = False

    def _settle(self, accepted: bool) -> None:  # noqa: FBT001 - a callback with its only result
        if self._current is not None and not accepted:
            self._refused.append(self._current)
        self._current = None
        self._pump()
