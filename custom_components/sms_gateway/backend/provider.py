"""A provider account as a backend: what the bridge does for its gateways, Home Assistant does here itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_track_time_change
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..sms_providers.callbacks import CallbackReceiver
from ..sms_providers.charset import EncodingChoice, plan
from ..sms_providers.model import Capability, Channel, Error, ErrorCode, NoAnswer, OnUnknown, State
from . import AuthenticationError, BackendError, NotConnectedError
from .composing import compose, expiry, fingerprint_of
from .connection import Connection
from .dispatcher import Dispatcher
from .inbox import Inbox
from .ledger import Ledger
from .model import Balance, Feature, Quote, Snapshot
from .outbound import Outbound, Shared
from .phones import phones_of
from .pricing import priced
from .reconciler import Reconciler
from .submission import Submissions
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import timedelta

    from homeassistant.core import HomeAssistant

    from ..sms_providers.model import DeliveryReport
    from ..sms_providers.provider import Provider, Received
    from . import Listener
    from .model import BackendEvent, MessageStatus, SendRequest, UssdAnswer
    from .record import Record

#: What an account can do because the provider can.
_FEATURES: Final = {
    Capability.BALANCE: Feature.BALANCE,
    Capability.SCHEDULE: Feature.SCHEDULE,
    Capability.INCOMING_CALLBACK: Feature.INCOMING,
    Capability.INCOMING_POLL: Feature.INCOMING,
}
#: What may be sent once more on the user's wish (MQTT contract, ``resend``).
_RESENDABLE: Final = frozenset({State.FAILED, State.EXPIRED, State.UNKNOWN})
#: Messages of a page unless told, and at most (MQTT contract, section 5).
_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an account's backend needs of Home Assistant.

    ``key`` names its files; ``poll_interval`` is in seconds; ``max_age`` is what makes a message late. ``register``
    opens the webhook and returns what closes it; ``callback_url`` says whether anybody can reach it. ``auth_failed``
    asks the user to sign in again.
    """

    key: str
    poll_interval: int
    max_age: timedelta
    register: Callable[[CallbackReceiver], Callable[[], None]]
    callback_url: Callable[[], Awaitable[str | None]]
    auth_failed: Callable[[], None]


class ProviderBackend:
    """One account. Every id is on disk before the provider is asked, and none is sent twice without being told to."""

    def __init__(self, hass: HomeAssistant, provider: Provider, around: Surroundings) -> None:
        self._hass = hass
        self._around = around
        self._listener: Listener
        self._heard = False
        self._stopped = False
        self._reachable = False
        self._events: list[BackendEvent] = []
        self._shown: Snapshot | None = None
        self._close: list[Callable[[], None]] = []
        self.provider = provider
        self.connection = Connection(self._show, around.auth_failed)
        self._ledger = Ledger(hass, around.key)
        self._outbound = Outbound(self._ledger, provider, tell=self._tell, not_sent=self._was_not_sent)
        shared = Shared(
            hass=hass,
            provider=provider,
            connection=self.connection,
            ledger=self._ledger,
            outbound=self._outbound,
        )
        self._reconciler = Reconciler(shared, self._send_again)
        self._dispatcher = Dispatcher(shared, self._reconciler.add)
        self.submissions = Submissions(self._ledger, self._outbound, self.connection, self._show)
        self._inbox = Inbox(hass, self._ledger, around.max_age, self._tell)
        self._watch = Watch(
            shared,
            report=self._polled,
            received=self._inbox.take,
            phones=phones_of(provider),
            changed=self._show,
        )

    # -- life

    async def start(self, listener: Listener) -> None:
        """See :meth:`Backend.start`.

        A provider that cannot be reached just now is no reason not to start: it may call, and nobody else would hear.
        """
        self._listener = listener
        await self._ledger.load()
        self._close.append(self._around.register(CallbackReceiver(self.provider, self)))
        try:
            await self._watch.check()
        except AuthenticationError:
            await self.stop()
            raise
        except BackendError as error:
            LOGGER.warning("%s cannot be reached: %s", self.provider.title, error)
        self._reachable = await self._around.callback_url() is not None
        self._close.append(async_track_time_change(self._hass, self._midnight, hour=0, minute=0, second=0))
        self._show()
        self._resume()
        self._watch.start(self._around.poll_interval)

    def open(self) -> None:
        """See :meth:`Backend.open`."""
        self._heard = True
        for event in self._events:
            self._listener.happened(event)
        self._events.clear()
        self._inbox.open()

    async def stop(self) -> None:
        """See :meth:`Backend.stop`."""
        if self._stopped:
            return
        self._stopped = True
        self._inbox.stop()
        self._reconciler.stop()
        await self._dispatcher.stop()
        await self.submissions.stop()
        await self._watch.stop()
        # Last: what the provider calls with meanwhile may be the answer that is waited for.
        for close in self._close:
            close()
        self._close.clear()
        await self._ledger.close()

    def diagnostics(self) -> Mapping[str, object]:
        """See :meth:`Backend.diagnostics`."""
        desk = self._ledger.desk
        return {
            "provider": self.provider.title,
            "capabilities": sorted(self.provider.capabilities),
            "reachable": self._reachable,
            "paused_for": self.connection.pause.total_seconds(),
            "messages": dict(Counter(record.state.value for record in self._ledger.records.values())),
            "waiting_segments": len(desk.parts),
            "last_callback": desk.called_at,
            **self._watch.diagnostics(),
            "transcript": list(self.provider.transcript()),
        }

    # -- messages

    async def send(self, request: SendRequest, *, wait: float) -> list[MessageStatus]:
        """See :meth:`Backend.send`."""
        if self._stopped:
            raise NotConnectedError(f"The account at {self.provider.title} is not loaded.")
        recipients = list(dict.fromkeys(request.recipients))
        records: Sequence[Record] = self._ledger.find(request.id)
        if records:
            self._check_repeat(request, recipients, records)
        else:
            records = compose(request, self.provider, dt_util.utcnow())
            self._check_phones(request)
            self._ledger.add(records)
            self._outbound.created(records)
            # Before anything is waited for: whoever sends may be stopped meanwhile, and the message must go out then.
            self._dispatcher.add(records)
            try:
                async with asyncio.timeout(wait):
                    await self._ledger.commit(records)
            except TimeoutError:
                LOGGER.debug("The message %s is not on disk yet", request.id)
            self._show()
        found = {record.message.recipient: record.status() for record in records}
        return [found[recipient] for recipient in request.recipients]

    async def get_message(self, message_id: str) -> Mapping[str, object]:
        """See :meth:`Backend.get_message`."""
        record = self._ledger.records.get(message_id)
        if record is None:
            raise _unknown(message_id)
        return {**record.body(), "events": list(record.events)}

    async def list_messages(self, filters: Mapping[str, object]) -> Mapping[str, object]:
        """See :meth:`Backend.list_messages`: newest first."""
        since, limit = filters.get("since"), filters.get("limit")
        begin = datetime.fromisoformat(since) if isinstance(since, str) else None
        found = [
            record
            for record in reversed(self._ledger.records.values())
            if filters.get("state") in {None, record.state.value}
            and filters.get("to") in {None, record.message.recipient}
            and (begin is None or record.created_at >= begin)
        ]
        found.sort(key=lambda record: record.created_at, reverse=True)
        cursor = filters.get("cursor")
        if cursor is not None:
            ids = [record.id for record in found]
            if cursor not in ids:
                raise BackendError("invalid_payload", "cursor: it is not of this list.")
            found = found[ids.index(str(cursor)) + 1 :]
        page = found[: limit if isinstance(limit, int) else _PAGE]
        return {
            "messages": [record.body() for record in page],
            "cursor": page[-1].id if len(page) < len(found) else None,
        }

    async def cancel(self, message_id: str) -> list[str]:
        """See :meth:`Backend.cancel`: no provider takes a message back."""
        if not self._ledger.find(message_id):
            raise _unknown(message_id)
        raise BackendError(
            "unsupported", f"{self.provider.title} cannot cancel a message, not even a scheduled one."
        )

    async def resend(self, message_id: str) -> list[str]:
        """See :meth:`Backend.resend`."""
        known = self._ledger.find(message_id)
        if not known:
            raise _unknown(message_id)
        able = [
            record
            for record in known
            if record.final
            and record.state in _RESENDABLE
            and record.channel is Channel.SMS
            and record.message.text is not None
        ]
        if not able:
            raise BackendError(
                "invalid_payload", "id: only an SMS that failed, expired or is unknown is sent again."
            )
        now = dt_util.utcnow()
        for record in able:
            record.send_at = None
            record.expires_at = expiry(now, record.message.valid_for)
            self._outbound.again(record)
        self._dispatcher.add(able)
        await self._ledger.commit(able)
        self._show()
        return [record.id for record in able]

    async def quote(self, request: SendRequest) -> Quote:
        """See :meth:`Backend.quote`."""
        planned = plan(request.text or "", EncodingChoice(request.encoding or EncodingChoice.AUTO))
        quote = Quote(
            encoding=planned.encoding.value,
            segments=planned.count,
            characters_left=planned.characters_left,
        )
        if Capability.QUOTE not in self.provider.capabilities or not request.recipients:
            return quote
        with self.connection.asking():
            return await priced(
                quote, self.provider, request.text or "", request.recipients, self._watch.balance
            )

    # -- the account

    async def get_balance(self, gateway: str | None) -> Balance:
        """See :meth:`Backend.get_balance`."""
        if gateway is not None:
            raise BackendError("unsupported", f"gateway: {self.provider.title} has one balance for all.")
        balance = await self._watch.ask_balance()
        return Balance(amount=balance.amount, currency=balance.currency)

    async def ussd(self, gateway: str, code: str) -> UssdAnswer:
        """See :meth:`Backend.ussd`."""
        raise self._cannot("run USSD codes")

    async def restart_gateway(self, gateway: str) -> None:
        """See :meth:`Backend.restart_gateway`."""
        raise self._cannot("restart anything")

    async def refresh(self) -> None:
        """See :meth:`Backend.refresh`."""
        await self._watch.refresh()

    # -- what the provider tells (CallbackSink)

    async def expects(self, report: DeliveryReport) -> bool:
        """See :meth:`CallbackSink.expects`."""
        return self._outbound.expects(report)

    async def report(self, report: DeliveryReport) -> None:
        """See :meth:`CallbackSink.report`."""
        self._ledger.desk.called_at = dt_util.utcnow().isoformat()
        await self._reported(report, called=True)

    async def received(self, received: Received) -> None:
        """See :meth:`CallbackSink.received`."""
        await self._inbox.take(received)
        self._show()

    async def _polled(self, report: DeliveryReport) -> None:
        await self._reported(report, called=False)

    async def _reported(self, report: DeliveryReport, *, called: bool) -> None:
        await self._ledger.commit(self._outbound.report(report, called=called))
        self._show()

    # -- inside

    def _resume(self) -> None:
        """Go on with what the last run has left. What was being sent then is never sent again by itself."""
        waiting, lost = [], []
        for record in self._ledger.open_records():
            attempt = record.unanswered
            if attempt is not None:
                record.on_unknown = OnUnknown.HOLD
                self._outbound.lost(record, attempt, NoAnswer(error=_stopped_meanwhile()))
                lost.append(record)
            elif record.waiting and record.message.text is None:
                self._outbound.end(record, State.EXPIRED, _stopped_meanwhile())
            elif record.waiting:
                waiting.append(record)
        if lost:
            self._reconciler.add(lost)
        self._dispatcher.add(waiting)

    def _was_not_sent(self, record: Record, error: Error) -> None:
        self._dispatcher.retry(record, error)

    def _send_again(self, record: Record) -> None:
        record.expires_at = max(record.expires_at, expiry(dt_util.utcnow(), None))
        self._dispatcher.add([record])

    def _check_repeat(self, request: SendRequest, recipients: list[str], records: Sequence[Record]) -> None:
        """The same request again is answered; another one under the same id is refused."""
        differs = []
        if recipients != [record.message.recipient for record in records]:
            differs.append("target")
        if any(record.fingerprint not in {"", fingerprint_of(request)} for record in records):
            differs.append("content")
        if differs:
            raise BackendError(
                "id_conflict",
                f"id: {request.id} belongs to another message; what differs: {', '.join(differs)}.",
            )

    def _check_phones(self, request: SendRequest) -> None:
        known = self._watch.phones
        wrong = [] if known is None else [name for name in request.gateway if name not in known]
        if known is not None and wrong:
            raise BackendError(
                "unknown_gateway",
                f"gateway: {self.provider.title} has no phone {wrong[0]}. It has: {', '.join(known)}.",
            )

    def _cannot(self, what: str) -> BackendError:
        return BackendError("unsupported", f"{self.provider.title} cannot {what}.")

    @callback
    def _midnight(self, _now: datetime) -> None:
        self._show()

    @callback
    def _tell(self, event: BackendEvent) -> None:
        if self._heard:
            self._listener.happened(event)
        else:
            self._events.append(event)
        self._show()

    @callback
    def _show(self) -> None:
        if self._stopped:
            return
        snapshot = self._snapshot()
        if snapshot != self._shown:
            self._shown = snapshot
            self._listener.snapshot_changed(snapshot)

    def _snapshot(self) -> Snapshot:
        today, balance, phones = self._ledger.today(), self._watch.balance, self._watch.phones
        features = {Feature.HISTORY, Feature.RESEND, Feature.QUOTE}
        features |= {_FEATURES[item] for item in self.provider.capabilities & _FEATURES.keys()}
        if phones is not None:
            features.add(Feature.GATEWAYS)
        return Snapshot(
            connected=self.connection.connected,
            features=frozenset(features),
            gateways=phones or {},
            balance=None if balance is None else Balance(amount=balance.amount, currency=balance.currency),
            sent_today=today.sent,
            failed_today=today.failed,
            received_today=today.received,
            queue=self._dispatcher.queue,
            provider=self.provider.title,
            callbacks_missing=self._reachable and self._watch.callbacks_missing,
        )


def _unknown(message_id: str) -> BackendError:
    return BackendError("unknown_id", f"id: no message has the id {message_id}.")


def _stopped_meanwhile() -> Error:
    return Error(
        code=ErrorCode.TIMEOUT, message="Home Assistant was stopped before the provider had answered."
    )
