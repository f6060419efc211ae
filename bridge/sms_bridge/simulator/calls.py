"""Incoming and outgoing voice calls, as far as they show at the AT interface."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.registers import Registers

#: Seconds between two RINGs (3GPP TS 22.001 leaves it to the network; 5 to 6 are usual).
RING_INTERVAL: Final = 5.0
#: 3GPP TS 27.007 clause 7.18, <stat>.
CALL_ACTIVE: Final = 0
CALL_INCOMING: Final = 4
#: 3GPP TS 24.008 clause 10.5.4.7: type of a number with and without country code.
TYPE_INTERNATIONAL: Final = 145
TYPE_UNKNOWN: Final = 129


def type_of_number(number: str) -> int:
    """Give the type octet AT replies show for a number."""
    return TYPE_INTERNATIONAL if number.startswith("+") else TYPE_UNKNOWN


class Calls:
    """At most one call at a time."""

    def __init__(self, registers: Registers, announce: Callable[[str], None]) -> None:
        """Know +CLIP and +CRC and where unsolicited lines go."""
        self._registers = registers
        self._announce = announce
        self._number = ""
        self._state: int | None = None
        self._incoming = True
        self._timer: asyncio.TimerHandle | None = None
        #: How many incoming calls were turned down by the client.
        self.hung_up = 0

    def ring(self, number: str, seconds: float) -> None:
        """Let someone call for some seconds; an empty number is a withheld one."""
        self.end()
        self._number, self._state, self._incoming = number, CALL_INCOMING, True
        loop = asyncio.get_running_loop()
        self._ring(loop.time() + seconds)

    def dial(self, number: str) -> None:
        """Begin an outgoing call; it is answered at once."""
        self._number, self._state, self._incoming = number, CALL_ACTIVE, False

    def answer(self) -> bool:
        """Take an incoming call; False if there is none."""
        if self._state != CALL_INCOMING:
            return False
        self._stop_ringing()
        self._state = CALL_ACTIVE
        return True

    def hang_up(self) -> None:
        """End the call at the client's wish."""
        if self._state == CALL_INCOMING:
            self.hung_up += 1
        self._stop_ringing()
        self._state = None

    def drop(self) -> None:
        """End the call without a word, as a modem that loses its power."""
        self._stop_ringing()
        self._state = None

    def end(self) -> None:
        """End the call from the other side."""
        self._stop_ringing()
        if self._state is not None:
            self._state = None
            self._announce("NO CARRIER")

    def listing(self) -> tuple[str, ...]:
        """Give the lines of +CLCC (3GPP TS 27.007 clause 7.18)."""
        if self._state is None:
            return ()
        direction = 1 if self._incoming else 0
        kind = type_of_number(self._number)
        return (f'+CLCC: 1,{direction},{self._state},0,0,"{self._number}",{kind}',)

    def _ring(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= until:
            self.end()
            return
        self._announce("+CRING: VOICE" if self._registers["+CRC"] == "1" else "RING")
        if self._registers["+CLIP"] == "1":
            kind = type_of_number(self._number)
            self._announce(f'+CLIP: "{self._number}",{kind},"",,"",0')
        pause = min(RING_INTERVAL, until - loop.time())
        self._timer = loop.call_later(pause, self._ring, until)

    def _stop_ringing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
