"""Incoming calls: many rings, one call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from .model import Call, CallEvent
from .urc import CallEnded, CallerId

if TYPE_CHECKING:
    from collections.abc import Callable

    from .urc import Ring

#: A call that has not rung for this long is over, in seconds; networks ring every 3 to 6 s.
_SILENCE: Final = 8.0
#: How long the number may follow the first ring, in seconds.
_NUMBER_FOLLOWS: Final = 1.5


class Calls:
    """Collapses ring and caller URCs; tells each call once ringing and once missed.

    ``on_call`` hears of calls; ``hang_up`` is called once per call, right after it was told ringing.
    """

    def __init__(self, on_call: Callable[[Call], None], hang_up: Callable[[], None]) -> None:
        self._on_call = on_call
        self._hang_up = hang_up
        self._ringing = False
        self._told = False
        self._number: str | None = None
        self._end: asyncio.TimerHandle | None = None
        self._tell: asyncio.TimerHandle | None = None

    def take(self, urc: Ring | CallerId | CallEnded) -> None:
        """Take a URC about a call."""
        if isinstance(urc, CallEnded):
            self._over()
            return
        loop = asyncio.get_running_loop()
        if self._end is not None:
            self._end.cancel()
        self._end = loop.call_later(_SILENCE, self._over)
        if isinstance(urc, CallerId):
            self._number = self._number or urc.number
            self._ring()
        elif not self._ringing:
            self._ringing = True
            self._tell = loop.call_later(_NUMBER_FOLLOWS, self._ring)

    def close(self) -> None:
        """End the call in hand, if any."""
        self._over()

    def _ring(self) -> None:
        self._ringing = True
        if self._tell is not None:
            self._tell.cancel()
            self._tell = None
        if not self._told:
            self._told = True
            self._on_call(Call(self._number, CallEvent.RINGING))
            self._hang_up()

    def _over(self) -> None:
        for timer in (self._end, self._tell):
            if timer is not None:
                timer.cancel()
        if self._ringing:
            if not self._told:
                self._on_call(Call(self._number, CallEvent.RINGING))
            self._on_call(Call(self._number, CallEvent.MISSED))
        self._end = self._tell = None
        self._ringing = self._told = False
        self._number = None
