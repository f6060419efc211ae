"""Messages whose answer never came: asked for a few times, waited for, then dealt with as their author wished."""

from __future__ import annotations

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
    from .record import Record

#: Seconds after a lost answer at which the provider is asked whether it has the message.
_LOOKS: Final = (2.0, 8.0, 20.0)
#: How long a late report is waited for (MQTT contract, ``on_unknown_grace``).
GRACE: Final = timedelta(seconds=30)


class Reconciler:
    """Settles messages without an answer. ``resend`` is called with one that is to be sent once more."""

    def __init__(self, shared: Shared, resend: Callable[[Record], None]) -> None:
        self._hass = shared.hass
        self._provider = shared.provider
        self._connection = shared.connection
        self._ledger = shared.ledger
        self._outbound = shared.outbound
        self._resend = resend
        self._lost: dict[str, tuple[Record, datetime]] = {}
        self._timers: set[Callable[[], None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, records: Sequence[Record]) -> None:
        """Take messages whose answer was lost just now."""
        ends = dt_util.utcnow() + GRACE
        self._lost |= {record.id: (record, ends) for record in records}
        looks = _LOOKS if Capability.RECONCILE in self._provider.capabilities else ()
        for seconds in (*looks, GRACE.total_seconds()):
            self._later(seconds)

    def stop(self) -> None:
        """Ask no more."""
        for cancel in self._timers:
            cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()

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
        present = [record for record, _ends in self._lost.values()]
        self._lost = {key: kept for key, kept in self._lost.items() if _is_lost(kept[0])}
        if self._lost and Capability.RECONCILE in self._provider.capabilities:
            await self._find()
        now = dt_util.utcnow()
        for record, ends in list(self._lost.values()):
            if not _is_lost(record):
                del self._lost[record.id]
            elif ends <= now:
                del self._lost[record.id]
                self._give_up(record)
        await self._outbound.commit(present)

    async def _find(self) -> None:
        """Ask which of them the provider has. One of a text that is just being sent may be mistaken for that."""
        sending = {self._ledger.records[key].message.text for key in self._outbound.in_flight}
        lost = {
            attempt.reference: (record, attempt)
            for record, _ends in self._lost.values()
            if (attempt := record.unanswered) is not None and record.message.text not in sending
        }
        if not lost or self._connection.pause:
            return
        asked = [
            LostSend(reference=reference, message=record.message, sent_at=attempt.at)
            for reference, (record, attempt) in lost.items()
        ]
        try:
            with self._connection.asking():
                found = await self._provider.find(asked, self._ledger.references())
        except BackendError as error:
            LOGGER.debug("%s cannot be asked for lost answers: %s", self._provider.title, error)
            return
        for reference, taken in found.items():
            record, attempt = lost[reference]
            if not attempt.answered:
                self._outbound.taken(record, attempt, taken)

    def _give_up(self, record: Record) -> None:
        if record.on_unknown is OnUnknown.RESEND and not record.possible_duplicate:
            record.possible_duplicate = True
            record.attempts[-1].answered = True
            self._resend(record)
        else:
            self._outbound.end(record, State.UNKNOWN, record.error)


def _is_lost(record: Record) -> bool:
    return not record.final and record.unanswered is not None
