"""What an account is asked now and then: reports and messages that it does not push, its balance, its phones."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..sms_providers.exceptions import UnsupportedError
from ..sms_providers.model import Capability
from ..sms_providers.provider import OpenSend
from . import BackendError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from ..sms_providers.model import Balance, DeliveryReport
    from ..sms_providers.provider import Received
    from .model import GatewayState
    from .outbound import Shared
    from .record import Record

#: A report is asked for again after this share of the message's age: soon at first, then ever more rarely.
_PATIENCE: Final = 0.5
#: How long a callback is given before the same is asked for, where callbacks arrive.
_CALLBACK_TIME: Final = timedelta(minutes=10)
#: How long ago the last callback may be for callbacks to count as arriving.
_CALLBACKS_ARRIVE: Final = timedelta(days=7)
#: How long after its handing over a message should have had a callback.
CALLBACK_DUE: Final = timedelta(hours=1)
#: A message without ``valid_for`` is valid for a day; a report may come for an hour longer (MQTT contract, section 2).
_VALIDITY: Final = timedelta(days=1)
_REPORT_TIME: Final = timedelta(hours=1)
#: Messages that are asked for in one round.
_AT_ONCE: Final = 100
#: Between two tries of credentials that are refused: more of them look like an attack.
_DENIED_INTERVAL: Final = timedelta(minutes=30)
#: Between two looks at the balance, and at the phones.
BALANCE_INTERVAL: Final = timedelta(minutes=15)
PHONES_INTERVAL: Final = timedelta(minutes=5)


class Watch:
    """Asks in rounds. ``report`` and ``received`` get what was found; ``changed`` is called after each round.

    ``phones`` asks for the account's phones, where it has any.
    """

    def __init__(
        self,
        shared: Shared,
        *,
        report: Callable[[DeliveryReport], Awaitable[None]],
        received: Callable[[Received], Awaitable[None]],
        phones: Callable[[], Awaitable[Mapping[str, GatewayState]]] | None,
        changed: Callable[[], None],
    ) -> None:
        self._hass = shared.hass
        self._provider = shared.provider
        self._connection = shared.connection
        self._ledger = shared.ledger
        self._outbound = shared.outbound
        self._report = report
        self._received = received
        self._ask_phones = phones
        self._changed = changed
        self._asked_at: dict[str, datetime] = {}
        self._looked_at: dict[str, datetime] = {}
        self._round: asyncio.Lock = asyncio.Lock()
        self._cancel: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.balance: Balance | None = None
        #: The phones by their names, ``None`` until they are known.
        self.phones: Mapping[str, GatewayState] | None = None
        self.callbacks_missing = False

    def start(self, interval: int) -> None:
        """Begin, with a round at once. ``interval`` is in seconds."""
        self._cancel = async_track_time_interval(
            self._hass, self._begin_round, timedelta(seconds=interval), cancel_on_shutdown=True
        )
        self._begin_round(dt_util.utcnow())

    async def stop(self) -> None:
        """Ask no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Ask for everything now. Raises :class:`BackendError`."""
        async with self._round:
            await self._step(everything=True)
        if self._connection.pause:
            raise BackendError("throttled", f"{self._provider.title} wants to be left alone for a while.")

    async def check(self) -> None:
        """Ask whether the account works. Raises :class:`BackendError`."""
        self._asked_at["check"] = dt_util.utcnow()
        with self._connection.asking(), suppress(UnsupportedError):
            # Where nothing can be asked it is taken to work, until a message shows that it does not.
            await self._provider.check()

    async def ask_balance(self) -> Balance:
        """Ask for the balance now. Raises :class:`BackendError`."""
        with self._connection.asking():
            self.balance = await self._provider.balance()
        self._asked_at["balance"] = dt_util.utcnow()
        self._changed()
        return self.balance

    # -- rounds

    @callback
    def _begin_round(self, _now: datetime) -> None:
        if self._task is None or self._task.done():
            self._task = self._hass.async_create_background_task(
                self._go_round(), f"{DOMAIN} round", eager_start=False
            )

    async def _go_round(self) -> None:
        try:
            async with self._round:
                await self._step(everything=False)
        except BackendError as error:
            LOGGER.debug("%s was not asked for everything: %s", self._provider.title, error)

    async def _step(self, *, everything: bool) -> None:
        """One round. What is refused does not keep from asking the rest; raises the first error at the end."""
        self._end_waiting()
        self.callbacks_missing = self._is_call_missing()
        failed: BackendError | None = None
        for question in self._questions(everything=everything):
            if self._connection.pause:
                break
            try:
                await question()
            except BackendError as error:
                failed = failed or error
                if not self._connection.connected:
                    break
        await self._ledger.archive()
        self._changed()
        if failed is not None:
            raise failed

    def _questions(self, *, everything: bool) -> Iterator[Callable[[], Awaitable[object]]]:
        able = self._provider.capabilities
        if self._connection.denied and not everything and not self._is_due("check", _DENIED_INTERVAL):
            return
        if not self._connection.connected:
            yield self.check
        if Capability.REPORT_POLL in able:
            yield partial(self._look_for_reports, everything=everything)
        if Capability.INCOMING_POLL in able:
            yield self._look_for_incoming
        if Capability.BALANCE in able and (everything or self._is_due("balance", BALANCE_INTERVAL)):
            yield self.ask_balance
        if self._ask_phones is not None and (everything or self._is_due("phones", PHONES_INTERVAL)):
            yield self._look_at_phones

    def _is_due(self, what: str, interval: timedelta) -> bool:
        asked = self._asked_at.get(what)
        return asked is None or dt_util.utcnow() - asked >= interval

    async def _look_at_phones(self) -> None:
        assert self._ask_phones is not None
        with self._connection.asking():
            self.phones = await self._ask_phones()
        self._asked_at["phones"] = dt_util.utcnow()

    # -- reports

    def _end_waiting(self) -> None:
        """Close what no report will come for any more."""
        now = dt_util.utcnow()
        ended = []
        for record in self._ledger.open_records():
            begun = _begun(record)
            valid = (
                _VALIDITY if record.message.valid_for is None else timedelta(seconds=record.message.valid_for)
            )
            if begun is not None and now >= begun + valid + _REPORT_TIME:
                self._outbound.no_report(record)
                ended.append(record)
        if ended:
            self._hass.async_create_background_task(self._ledger.commit(ended), f"{DOMAIN} commit")

    async def _look_for_reports(self, *, everything: bool) -> None:
        records = [record for record in self._ledger.open_records() if _begun(record) is not None]
        due = [record for record in records if everything or self._is_report_due(record)]
        now = dt_util.utcnow()
        asked = {record.id: record for record in due[:_AT_ONCE]}
        sends = [
            OpenSend(reference=reference, recipient=record.message.recipient, taken_at=_begun(record) or now)
            for record in asked.values()
            for reference in record.attempts[-1].parts
        ]
        if not sends:
            return
        with self._connection.asking():
            reports = await self._provider.reports(sends)
        self._looked_at = {
            key: at for key, at in self._looked_at.items() if key in {item.id for item in records}
        }
        self._looked_at.update(dict.fromkeys(asked, now))
        for report in reports:
            await self._report(report)

    def _is_report_due(self, record: Record) -> bool:
        begun, now = _begun(record), dt_util.utcnow()
        if begun is None or now < begun:
            return False
        if self._callbacks_arrive() and now - begun < _CALLBACK_TIME:
            return False
        asked = self._looked_at.get(record.id)
        return asked is None or now - asked >= _PATIENCE * (now - begun)

    def _callbacks_arrive(self) -> bool:
        called = self._ledger.desk.called_at
        return called is not None and dt_util.utcnow() - datetime.fromisoformat(called) < _CALLBACKS_ARRIVE

    def _is_call_missing(self) -> bool:
        """Whether a message should have had a callback, and none at all has come since it was handed over."""
        if Capability.REPORT_CALLBACK not in self._provider.capabilities:
            return False
        called = self._ledger.desk.called_at
        last = None if called is None else datetime.fromisoformat(called)
        now = dt_util.utcnow()
        return any(
            record.message.dlr
            and not record.called_back
            and (begun := _begun(record)) is not None
            and begun + CALLBACK_DUE <= now
            and (last is None or last < begun)
            for record in self._ledger.records.values()
        )

    # -- received messages

    async def _look_for_incoming(self) -> None:
        desk = self._ledger.desk
        with self._connection.asking():
            page = await self._provider.incoming(desk.position)
        if page is None:
            return
        for received in page.received:
            await self._received(received)
        if page.position != desk.position:
            desk.position = page.position
            await self._ledger.commit()

    def diagnostics(self) -> Mapping[str, Any]:
        """When what was asked for last."""
        return {
            "balance_asked_at": self._asked_at.get("balance"),
            "phones_asked_at": self._asked_at.get("phones"),
            "callbacks_missing": self.callbacks_missing,
        }


def _begun(record: Record) -> datetime | None:
    """When reports on a message begin, ``None`` for one that no provider has."""
    if record.taken_at is None or not record.attempts or not record.attempts[-1].parts:
        return None
    return record.taken_at if record.send_at is None else max(record.taken_at, record.send_at)
