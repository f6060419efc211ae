"""Messages whose answer never came: asked for a few times, waited for, then dealt with as their author wished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..sms_providers.model import Capability, OnUnknown, State
from ..sms_providers.provider import LostSend
from . import BackendError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .outbound import Shared
    from .record import Attempt, Record

#: Seconds after a lost answer at which the provider is asked whether it has the message.
_LOOKS: Final = (2.0, 8.0, 20.0)
#: How long a late report is waited for (MQTT contract, ``on_unknown_grace``).
GRACE: Final = timedelta(seconds=30)
#: How much longer a message waits that the provider could not be asked for within the grace, and how often it is asked.
_UNASKED: Final = timedelta(minutes=10)
_AGAIN: Final = timedelta(seconds=15)


@dataclass(slots=True, kw_only=True)
class _Lost:
    """An attempt without an answer. ``ends`` is the end of its grace; ``asked``: the provider said that it has it not.

    Where a provider cannot tell, there is nothing to ask.
    """

    record: Record
    attempt: Attempt
    ends: datetime
    asked: bool

    @property
    def is_open(self) -> bool:
        """Whether it still has no answer, neither its own nor a report."""
        return not self.record.final and not self.attempt.answered

    def is_over(self, now: datetime) -> bool:
        """Whether it has waited long enough. What would be sent again is asked for before, if that is possible."""
        patient = not self.asked and _is_resent(self.record)
        return now >= (self.ends + _UNASKED if patient else self.ends)


class Reconciler:
    """Settles messages without an answer. ``resend`` is called with one that is to be sent once more."""

    def __init__(self, shared: Shared, resend: Callable[[Record], None]) -> None:
        self._hass = shared.hass
        self._provider = shared.provider
        self._connection = shared.connection
        self._ledger = shared.ledger
        self._outbound = shared.outbound
        self._resend = resend
        self._lost: dict[str, _Lost] = {}
        self._timers: set[Callable[[], None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, records: Sequence[Record]) -> None:
        """Take messages whose answer was lost just now."""
        ends = dt_util.utcnow() + GRACE
        for record in records:
            attempt = record.attempts[-1]
            self._lost[record.id] = _Lost(record=record, attempt=attempt, ends=ends, asked=not self._can_tell)
        for seconds in (*(_LOOKS if self._can_tell else ()), GRACE.total_seconds()):
            self._later(seconds)

    def stop(self) -> None:
        """Ask no more."""
        for cancel in self._timers:
            cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()

    @property
    def _can_tell(self) -> bool:
        return Capability.RECONCILE in self._provider.capabilities

    def _later(self, seconds: float) -> None:
        @callback
        def look(_now: datetime) -> None:
            self._timers.discard(cancel)
            task = self._hass.async_create_background_task(
                self._look(), f"{DOMAIN} lost answers", eager_start=False
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        cancel = async_call_later(self._hass, seconds, look)
        self._timers.add(cancel)

    async def _look(self) -> None:
        present = [lost.record for lost in self._lost.values()]
        self._lost = {key: lost for key, lost in self._lost.items() if lost.is_open}
        if self._lost and self._can_tell:
            await self._find()
        now = dt_util.utcnow()
        for lost in list(self._lost.values()):
            if not lost.is_open:
                del self._lost[lost.record.id]
            elif lost.is_over(now):
                del self._lost[lost.record.id]
                self._give_up(lost.record)
        if self._lost and not self._timers:
            # Nobody could be asked, or the clock was set back.
            self._later(_AGAIN.total_seconds())
        await self._outbound.commit(present)

    async def _find(self) -> None:
        """Ask which of them the provider has. One of a text that is just being sent may be mistaken for that."""
        sending = {self._ledger.records[key].message.text for key in self._outbound.in_flight}
        wanted = {
            lost.attempt.reference: lost
            for lost in self._lost.values()
            if lost.record.message.text not in sending
        }
        if not wanted or self._connection.pause:
            return
        asked = [
            LostSend(reference=reference, message=lost.record.message, sent_at=lost.attempt.at)
            for reference, lost in wanted.items()
        ]
        try:
            with self._connection.asking():
                found = await self._provider.find(asked, self._ledger.references())
        except BackendError as error:
            LOGGER.debug("%s cannot be asked for lost answers: %s", self._provider.title, error)
            return
        for reference, lost in wanted.items():
            lost.asked = True
            if reference in found and not lost.attempt.answered:
                self._outbound.taken(lost.record, lost.attempt, found[reference])

    def _give_up(self, record: Record) -> None:
        if _is_resent(record):
            record.possible_duplicate = True
            record.attempts[-1].answered = True
            self._resend(record)
        else:
            self._outbound.end(record, State.UNKNOWN, record.error)


def _is_resent(record: Record) -> bool:
    """Whether its author wants it to be sent again; a second time is enough."""
    return record.on_unknown is OnUnknown.RESEND and not record.possible_duplicate
