"""kill -9 of the bridge at random moments and at every commit boundary, unplugging, kill -9 of the broker."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from tests.support.world import World, end, wait_until
from tests.torture.verdict import judge_inbound, judge_outbound

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from tests.torture.verdict import Inbound, Outbound

#: Names of the commits a message passes (the first argument of ``Store.write``).
BOUNDARIES: Final = (
    "recover",
    "accept",
    "claim",
    "segment",
    "settle",
    "report",
    "received",
    "deleted",
    "swept",
    "published",
    "due",
)
#: Seconds the network takes per segment: long enough for kills to fall into it.
_LATENCY: Final = 0.03
#: Messages per second; the bridge is away about half of the time.
_RATE: Final = 10.0
#: A round ends after so many seconds even if its trap was not reached.
_ROUND: Final = 2.0
#: What a broker has not handed over after so many seconds of quiet, it has forgotten.
_FORGOTTEN: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run does.

    ``mutant`` is a bug that the run must find; ``only`` restricts it to one trap (``NAME:SIDE``); ``patience`` is how
    long everything may take to settle in the end, in seconds.
    """

    rounds: int
    seed: int
    on_unknown: str = "resend"
    kill_broker: bool = False
    unplug: bool = True
    mutant: str | None = None
    only: str | None = None
    patience: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run found."""

    kills: int
    unplugged: int
    outbound: Outbound
    inbound: Inbound

    def is_clean(self) -> bool:
        """Nothing lost, nothing doubled in silence, nothing left behind."""
        return not (
            self.outbound.lost
            or self.outbound.doubled_in_silence
            or self.inbound.lost
            or self.inbound.doubled
            or self.inbound.left_in_modem
        )


class Run:
    """One run of a plan in one world."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._world = World(folder, latency=_LATENCY)
        self._texts: list[str] = []
        self._kills = 0
        self._unplugged = 0

    def go(self) -> Result:
        """Hurt, let everything settle, count."""
        try:
            self._introduce()
            self._world.start_publisher(_RATE, self._plan.on_unknown)
            traps = cycle(f"{name}:{side}" for name in BOUNDARIES for side in ("before", "after"))
            for number in range(self._plan.rounds):
                self._round(number, next(traps))
            return self._settle()
        finally:
            self._world.close()

    def _introduce(self) -> None:
        """Let the broker know the bridge's session: before that it acknowledges what nobody will ever get."""
        bridge = self._world.start_bridge()
        wait_until(self._world.observer.online.is_set, "the gateway's coming online")
        end(bridge, signal.SIGTERM)

    def _round(self, number: int, trap: str) -> None:
        options = []
        if self._plan.mutant is not None:
            options += ["--mutant", self._plan.mutant]
        if self._plan.only is not None:
            options += ["--kill", f"{self._plan.only}:{self._chance.randint(1, 8)}"]
        elif number % 2:
            options += ["--kill", f"{trap}:{self._chance.randint(1, 8)}"]
        bridge = self._world.start_bridge(*options)
        self._deliver(number)
        if self._plan.unplug and number % 5 == 2:
            self._unplug()
        if self._plan.kill_broker and number % 3 == 1:
            time.sleep(self._chance.uniform(0.8, _ROUND))
            self._world.broker.kill()
            self._world.broker.start()
        if self._plan.only is not None or number % 2:
            self._wait_for_death(bridge)
        else:
            time.sleep(self._chance.uniform(0.5, _ROUND))
        self._kills += 1
        end(bridge, signal.SIGKILL)

    def _wait_for_death(self, bridge: Popen[bytes]) -> None:
        deadline = time.monotonic() + _ROUND
        while bridge.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)

    def _deliver(self, number: int) -> None:
        """An inbound message, every third in several segments and out of order."""
        text = f"inbound {number}"
        order = None
        if number % 3 == 0:
            text += " and more" * 40
            order = [2, 0, 1]
        self._texts.append(text)
        self._world.modem.call("deliver", originator="+491719999999", text=text, order=order)

    def _unplug(self) -> None:
        time.sleep(self._chance.uniform(0.3, 1.2))
        self._world.modem.call("unplug", seconds=self._chance.uniform(0.05, 0.5))
        self._unplugged += 1

    def _settle(self) -> Result:
        world = self._world
        world.stop_publisher()
        bridge = world.start_bridge()
        acknowledged = world.acknowledged()

        quiet_since = time.monotonic()
        last_seen: object = None

        def is_over() -> bool:
            nonlocal quiet_since, last_seen
            outbound, inbound = self._judge(acknowledged), self._judge_inbound()
            if (outbound, inbound) != last_seen:
                quiet_since, last_seen = time.monotonic(), (outbound, inbound)
            # What a killed broker has forgotten never comes.
            waiting = outbound.queued_at_broker and time.monotonic() - quiet_since < _FORGOTTEN
            return not (outbound.lost or waiting or inbound.lost or inbound.left_in_modem)

        with contextlib.suppress(TimeoutError):  # the verdict says what is missing
            wait_until(is_over, "the end of the queue", self._plan.patience, pause=0.5)
        time.sleep(2)
        world.events()  # while the bridge still answers
        end(bridge, signal.SIGTERM)
        time.sleep(0.5)
        return Result(
            kills=self._kills,
            unplugged=self._unplugged,
            outbound=self._judge(acknowledged),
            inbound=self._judge_inbound(),
        )

    def _judge(self, acknowledged: set[int]) -> Outbound:
        submits: Any = self._world.modem.call("submits")
        events = self._world.events()
        return judge_outbound(acknowledged, submits, events, broker_was_killed=self._plan.kill_broker)

    def _judge_inbound(self) -> Inbound:
        storage: Any = self._world.modem.call("storage")
        return judge_inbound(self._texts, self._world.events(), storage)
