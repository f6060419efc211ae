"""Registration and signal: asked for while idle, in the words people use."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import AtFailed, Interrupted, ResultError
from .model import Registration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from .at import AtChannel, Command

_LOGGER = logging.getLogger(__name__)

#: 3GPP TS 27.007 clauses 7.2, 10.1.20, 10.1.22: circuit-switched, packet-switched and LTE registration.
DOMAINS: Final = ("CREG", "CGREG", "CEREG")

#: 3GPP TS 27.007 clause 7.2, <stat>; 6 and 7 are for SMS only, 9 and 10 without preferred circuit-switched fallback.
_HOME: Final = frozenset({1, 6, 9})
_ROAMING: Final = frozenset({5, 7, 10})
_SEARCHING: Final = 2
_DENIED: Final = 3

_REGISTERED: Final = frozenset({Registration.HOME, Registration.ROAMING})

#: Pause between two queries while not registered, in seconds.
_SEARCH_INTERVAL: Final = 2.0
#: Least pause between two rounds, in seconds, however often the modem reports a change.
_LEAST_INTERVAL: Final = 1.0


def registration_of(stats: Collection[int]) -> Registration | None:
    """Return the registration that the <stat> values of all domains mean together; ``None`` if the modem is idle."""
    present = set(stats)
    if present & _HOME:
        return Registration.HOME
    if present & _ROAMING:
        return Registration.ROAMING
    if _SEARCHING in present:
        return Registration.SEARCHING
    if _DENIED in present:
        return Registration.DENIED
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one round found out; ``None`` where unknown."""

    registration: Registration | None
    signal_dbm: int | None
    operator: str | None
    technology: str | None


class Observer:
    """Asks for registration, signal and operator.

    ``report`` gets what each round found out; ``after_round`` runs then; ``locked`` is called when the SIM asks for a
    PIN again. ``interval`` is the time between rounds while registered, in seconds.
    """

    def __init__(
        self,
        channel: AtChannel,
        interval: float,
        *,
        report: Callable[[Observation], None],
        locked: Callable[[], None],
        after_round: Callable[[], Awaitable[None]],
    ) -> None:
        self._channel = channel
        self._interval = interval
        self._report = report
        self._locked = locked
        self._after_round = after_round
        self._extended = True
        self._poke = asyncio.Event()
        self.only_lte = False

    def poke(self) -> None:
        """Ask again soon: something has changed."""
        self._poke.set()

    async def run(self) -> None:
        """Work until cancelled."""
        for domain in DOMAINS:
            await self._ask(commands.report_registration(domain))
        await self._ask(commands.OPERATOR_NAMES)
        while True:
            registered = await self._round()
            self._poke.clear()
            try:
                async with asyncio.timeout(self._interval if registered else _SEARCH_INTERVAL):
                    await self._poke.wait()
                await asyncio.sleep(_LEAST_INTERVAL)
            except TimeoutError:
                continue

    async def _round(self) -> bool:
        try:
            registration = await self._registration()
            signal = await self._signal()
            operator, technology = await self._operator() if registration is not None else (None, None)
            self._report(
                Observation(
                    registration=registration, signal_dbm=signal, operator=operator, technology=technology
                )
            )
            await self._after_round()
            if registration not in _REGISTERED and await self._is_locked():
                self._locked()
        except Interrupted as error:
            # The channel recovers or gives the port up by itself.
            _LOGGER.debug("The modem's state could not be read: %s", error)
            return True
        return registration in _REGISTERED

    async def _registration(self) -> Registration | None:
        stats: dict[str, int] = {}
        for domain in DOMAINS:
            stat = replies.read_registration(await self._ask(commands.query_registration(domain)) or ())
            if stat is not None:
                stats[domain] = stat
        if not stats:
            # No domain can be asked for: a modem that names its operator is registered.
            operator, _ = await self._operator()
            return Registration.HOME if operator is not None else None
        usable = _HOME | _ROAMING
        self.only_lte = stats.get("CEREG") in usable and stats.get("CREG") not in usable
        return registration_of(stats.values())

    async def _signal(self) -> int | None:
        lines = await self._ask(commands.SIGNAL)
        signal = replies.read_signal(lines or ())
        if signal is None and self._extended:
            lines = await self._ask(commands.EXTENDED_SIGNAL)
            self._extended = lines is not None
            signal = replies.read_extended_signal(lines or ())
        return signal

    async def _is_locked(self) -> bool:
        lines = await self._ask(commands.PIN_STATE)
        return replies.read_pin_state(lines or ()) not in {"", "READY"}

    async def _operator(self) -> tuple[str | None, str | None]:
        return replies.read_operator(await self._ask(commands.OPERATOR) or ())

    async def _ask(self, command: Command) -> list[str] | None:
        """The reply, ``None`` if the modem refuses the command."""
        try:
            return await self._channel.execute(command)
        except (AtFailed, ResultError):
            return None
