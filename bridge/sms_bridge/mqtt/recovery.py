"""What to do when a connection ended: when to try again, what to say, and when to stop.

Pure decisions: nothing here knows the network or the clock.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.errors import FatalMqttError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)

#: Seconds of connection after which the next failure is no longer part of a row of failures.
_STABLE: Final = 10.0
#: Take-overs told by the broker (MQTT 5) within the time span that are a loop.
_TOLD_TAKEOVERS: Final = 3
_TOLD_SPAN: Final = 120.0
#: Short connections in a row that are a loop where the broker tells no reason (MQTT 3.1.1).
_SILENT_TAKEOVERS: Final = 6
_SILENT_SPAN: Final = 180.0


class End(Enum):
    """How a connection, or the attempt at one, ended."""

    UNREACHABLE = auto()  #: no TCP or TLS connection, or no CONNACK
    CREDENTIALS = auto()  #: the broker does not know this user, or forbids it to connect
    REFUSED = auto()  #: the broker says no for another reason
    LOST = auto()  #: an accepted connection is gone
    TAKEN_OVER = auto()  #: another connection uses our client identifier (MQTT 5 reason code 0x8E)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One ended connection. ``detail`` is for people; ``lasted`` counts seconds from the CONNACK."""

    end: End
    detail: str
    lasted: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds before the next attempt: doubling from ``first`` to ``longest``; ``slow`` after wrong credentials."""

    first: float = 1.0
    longest: float = 30.0
    slow: float = 60.0


class Recovery:
    """Remembers the recent endings. ``broker`` and ``client_id`` are named in what it says."""

    def __init__(
        self,
        *,
        broker: str,
        client_id: str,
        pace: Pace,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._pace = pace
        self._spread = spread
        self._failures = 0
        self._said = ""
        self._told: deque[float] = deque(maxlen=_TOLD_TAKEOVERS)
        self._silent: deque[float] = deque(maxlen=_SILENT_TAKEOVERS)

    def connected(self) -> None:
        """The broker accepted us: the next failure is told again."""
        self._said = ""

    def after(self, ending: Ending, now: float) -> float:
        """Seconds to wait before the next attempt; ``now`` from any steady clock.

        Raises :class:`FatalMqttError` where trying again would only go on harming another bridge.
        """
        self._look_for_takeovers(ending, now)
        self._say(ending)
        if ending.lasted >= _STABLE or ending.end is End.TAKEN_OVER:
            self._failures = 0
        wait = self._pace.first * 2.0 ** min(self._failures, 16)
        self._failures += 1
        longest = self._pace.slow if ending.end is End.CREDENTIALS else self._pace.longest
        if ending.end is End.CREDENTIALS:
            wait = longest
        return min(wait, longest) * (0.5 + self._spread() / 2)

    def _look_for_takeovers(self, ending: Ending, now: float) -> None:
        if ending.end is End.TAKEN_OVER:
            self._told.append(now)
            if len(self._told) == _TOLD_TAKEOVERS and now - self._told[0] <= _TOLD_SPAN:
                raise FatalMqttError(self._explanation("is using"))
        if ending.end is End.LOST and ending.lasted < _STABLE:
            self._silent.append(now)
            if len(self._silent) == _SILENT_TAKEOVERS and now - self._silent[0] <= _SILENT_SPAN:
                raise FatalMqttError(self._explanation("is probably using"))
        else:
            self._silent.clear()

    def _explanation(self, uses: str) -> str:
        return (
            f"Another program {uses} the client id {self._client_id!r} on {self._broker}: each of the two ends the "
            "other's connection. Stop the other bridge, or give each its own mqtt.client_id and instance."
        )

    def _say(self, ending: Ending) -> None:
        """Say each kind of trouble once until it changes or is over."""
        if ending.detail == self._said:
            return
        self._said = ending.detail
        level = logging.WARNING if ending.end in {End.UNREACHABLE, End.LOST} else logging.ERROR
        _LOGGER.log(level, "%s (broker %s); trying again", ending.detail, self._broker)
