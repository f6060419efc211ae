"""Handing messages to a provider: the urgent first, equal ones together, again later where that may help."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..sms_providers.model import (
    Error,
    ErrorCode,
    NoAnswer,
    RefusalClass,
    Refused,
    State,
    Taken,
    refusal_class,
)
from ..sms_providers.provider import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from ..sms_providers.model import Outcome
    from .outbound import Shared
    from .record import Attempt, Record

#: Requests at a time: an answer takes a network's round trip, and the provider's limits are unknown.
_PARALLEL: Final = 4
#: Seconds until a message that is refused for the time being is tried again: 1, 2, 4 … 60 (MQTT contract).
_LONGEST_PAUSE: Final = 60.0
#: Share of a pause that chance adds, so that not everybody comes back at once.
_JITTER: Final = 0.25
#: Seconds that a stop waits for answers; what has none by then is unknown after the next start.
_FINISH_WITHIN: Final = 8.0
#: Name of the option by which SmsGateway24 chooses a phone (its documentation, ``addsms``).
_PHONE: Final = "device_id"


class Dispatcher:
    """Sends what waits. ``lost`` is called with the messages whose answer never came."""

    def __init__(self, shared: Shared, lost: Callable[[Sequence[Record]], None]) -> None:
        self._hass = shared.hass
        self._provider = shared.provider
        self._connection = shared.connection
        self._outbound = shared.outbound
        self._lost = lost
        self._waiting: dict[str, tuple[Record, datetime]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._cancel_timer: Callable[[], None] | None = None
        self._stopped = False

    @property
    def queue(self) -> int:
        """How many messages have not been handed over."""
        return len(self._waiting)

    def add(self, records: Iterable[Record]) -> None:
        """Send messages, as soon as the account may be asked."""
        now = dt_util.utcnow()
        self._waiting |= {record.id: (record, now) for record in records}
        self._pump()

    def retry(self, record: Record, error: Error) -> None:
        """Decide what follows a refusal: another phone, another time, or the end."""
        kind = refusal_class(error.code)
        if kind is not RefusalClass.CONTENT and record.turn + 1 < len(record.gateways):
            record.turn += 1
            self.add([record])
        elif kind is RefusalClass.TEMPORARY:
            self._retry_later(record, error)
        else:
            self._outbound.end(record, State.FAILED, error)

    async def stop(self) -> None:
        """Begin nothing more, and wait a little for answers."""
        self._stopped = True
        self._stop_timer()
        if self._running:
            _done, late = await asyncio.wait(self._running, timeout=_FINISH_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # -- when

    def _retry_later(self, record: Record, error: Error) -> None:
        pause = min(2.0 ** (record.tries - 1), _LONGEST_PAUSE) * random.uniform(1, 1 + _JITTER)
        due = dt_util.utcnow() + max(timedelta(seconds=pause), self._connection.pause)
        record.turn = 0
        if due >= record.expires_at:
            self._outbound.end(record, State.EXPIRED, error)
            return
        record.error = error
        self._waiting[record.id] = (record, due)
        self._pump()

    @callback
    def _pump(self, _now: datetime | None = None) -> None:
        """Begin what is due, and come back for the rest."""
        self._stop_timer()
        if self._stopped:
            return
        pause = self._connection.pause
        now = dt_util.utcnow()
        while len(self._running) < _PARALLEL and (batch := self._take(now, paused=bool(pause))):
            # Home Assistant cancels background tasks before it says that it stops. What waits for the request may be;
            # the request itself would leave a message behind of which nobody knows whether it was sent.
            task = self._hass.loop.create_task(self._send(batch))
            self._running.add(task)
            task.add_done_callback(self._done)
            self._hass.async_create_background_task(asyncio.wait([task]), f"{DOMAIN} send", eager_start=True)
        if self._waiting and len(self._running) < _PARALLEL:
            first = max(min(due for _record, due in self._waiting.values()), now + pause)
            ends = min(record.expires_at for record, _due in self._waiting.values())
            left = max(min(first, ends) - now, timedelta(milliseconds=1))
            self._cancel_timer = async_call_later(self._hass, left, self._pump)

    def _take(self, now: datetime, *, paused: bool) -> list[Record]:
        """Take the most urgent due message, and those that can go with it; before it what has waited too long."""
        batch = [record for record, _at in self._waiting.values() if record.expires_at <= now]
        due = [record for record, at in self._waiting.values() if at <= now]
        if due and not batch and not paused:
            due.sort(key=lambda record: -record.message.priority)
            likeness = _likeness(due[0])
            batch = [record for record in due if _likeness(record) == likeness][: self._provider.max_batch]
        for record in batch:
            del self._waiting[record.id]
        return batch

    @callback
    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("Sending through %s failed", self._provider.title, exc_info=error)
        self._pump()

    def _stop_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    # -- one request

    async def _send(self, batch: Sequence[Record]) -> None:
        now = dt_util.utcnow()
        # A report may have said meanwhile that it was sent after all.
        batch = [record for record in batch if record.waiting]
        expired = [record for record in batch if record.expires_at <= now]
        for record in expired:
            self._outbound.end(record, State.EXPIRED, record.error or _too_late())
        fresh = [record for record in batch if record.expires_at > now]
        attempts = [self._outbound.begin(record) for record in fresh]
        # What is written is never sent a second time without being asked for; what is not, was never sent.
        await self._outbound.commit(batch)
        if not fresh:
            return
        try:
            outcomes = await self._ask(fresh, attempts)
            for record, attempt, outcome in zip(fresh, attempts, outcomes, strict=True):
                self._connection.sent(outcome)
                self._settle(record, attempt, outcome)
        finally:
            answered = self._outbound.settled(fresh)
        await self._outbound.commit([*fresh, *answered])
        # By the attempts: a message that was refused may be on its way again by now.
        lost = [record for record, attempt in zip(fresh, attempts, strict=True) if not attempt.answered]
        if lost:
            self._lost(lost)

    async def _ask(self, batch: Sequence[Record], attempts: Sequence[Attempt]) -> Sequence[Outcome]:
        outgoing = [_outgoing(record, attempt) for record, attempt in zip(batch, attempts, strict=True)]
        try:
            return await self._provider.send(outgoing)
        except Exception:  # noqa: BLE001 - after a fault of ours nobody knows either whether it was sent
            LOGGER.exception("Sending through %s failed", self._provider.title)
            error = Error(
                code=ErrorCode.INTERNAL, message="An error inside the integration; its log says more."
            )
            return [NoAnswer(error=error)] * len(batch)

    def _settle(self, record: Record, attempt: Attempt, outcome: Outcome) -> None:
        if record.final or attempt.answered:
            # A report that came before the answer has said more than the answer can.
            if isinstance(outcome, Taken):
                self._outbound.taken(record, attempt, outcome)
            return
        match outcome:
            case Taken():
                self._outbound.taken(record, attempt, outcome)
            case Refused(error=error):
                self._outbound.refused(record, attempt)
                self.retry(record, error)
            case NoAnswer():
                self._outbound.lost(record, attempt, outcome)


def _likeness(record: Record) -> tuple[object, ...]:
    """What is equal for messages that one request may carry."""
    return (record.fingerprint, record.gateway, record.message.text, record.send_at)


def _outgoing(record: Record, attempt: Attempt) -> Outgoing:
    message = record.message
    if record.gateway is not None:
        message = replace(message, options={**message.options, _PHONE: record.gateway})
    if message.valid_for is not None:
        begins = max(attempt.at, record.send_at or attempt.at)
        left = max(int((record.expires_at - begins).total_seconds()), 1)
        message = replace(message, valid_for=min(left, message.valid_for))
    return Outgoing(reference=attempt.reference, message=message, send_at=record.send_at)


def _too_late() -> Error:
    return Error(code=ErrorCode.EXPIRED, message="The message could not be sent within its validity.")
