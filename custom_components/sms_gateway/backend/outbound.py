"""The one place where an account's messages change, and where that is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..sms_providers.model import Capability, Error, ErrorCode, Priority, State
from ..sms_providers.provider import ProviderKind
from .model import DeliveryEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from homeassistant.core import HomeAssistant

    from ..sms_providers.model import DeliveryReport, NoAnswer, Taken
    from ..sms_providers.provider import Provider
    from .connection import Connection
    from .ledger import Ledger
    from .record import Attempt, Record

#: Providers whose reports bear our own reference, so that one fits even where the answer never came (GenioSms, IPN).
_OWN_REFERENCE: Final = frozenset({ProviderKind.GENIOSMS})
#: Reports that came before the answer of their send and are kept until it comes.
_EARLY: Final = 1_000
#: How long a report may be the answer that a send never got. What is older is not waited for (see the bridge's router).
_LATE: Final = timedelta(days=8)


class Outbound:
    """Applies outcomes and reports to messages. ``tell`` gets an event for each change that is one.

    ``not_sent`` is called with a message that the provider had taken and then could not send, and why. Whoever calls
    commits the ledger afterwards.
    """

    def __init__(
        self,
        ledger: Ledger,
        provider: Provider,
        *,
        tell: Callable[[DeliveryEvent], None],
        not_sent: Callable[[Record, Error], None],
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._tell = tell
        self._not_sent = not_sent
        self._early: list[DeliveryReport] = []
        #: Messages whose answer is awaited just now.
        self.in_flight: set[str] = set()

    @property
    def can_report(self) -> bool:
        """Whether the provider tells in any way what becomes of a message."""
        return bool({Capability.REPORT_CALLBACK, Capability.REPORT_POLL} & self._provider.capabilities)

    def created(self, records: Sequence[Record]) -> None:
        """Tell the first state of messages."""
        for record in records:
            record.note(dt_util.utcnow())
            self._publish(record)

    def begin(self, record: Record) -> Attempt:
        """A message is about to be handed over."""
        attempt = self._ledger.begin(record, dt_util.utcnow())
        if self._provider.kind in _OWN_REFERENCE:
            self._ledger.refer(record, attempt, [str(attempt.reference)])
        self.in_flight.add(record.id)
        return attempt

    async def commit(self, records: Sequence[Record]) -> None:
        """Write what changed."""
        await self._ledger.commit(records)

    # -- what a send ended with

    def taken(self, record: Record, attempt: Attempt, taken: Taken) -> None:
        """The provider has it."""
        attempt.answered = True
        self._ledger.refer(record, attempt, taken.references)
        first = record.taken_at is None
        record.taken_at = record.taken_at or dt_util.utcnow()
        record.tries = 0
        if first:
            self._ledger.today().sent += 1
        final = taken.final or not record.message.dlr or not self.can_report
        self._advance(record, taken.state, final=final)
        references = set(taken.references)
        for report in [item for item in self._early if item.reference in references]:
            self._early.remove(report)
            self.report(report, called=True)

    def refused(self, record: Record, attempt: Attempt) -> None:
        """The provider certainly did not send it; what follows is the dispatcher's to decide."""
        attempt.answered = True
        record.tries += 1

    def lost(self, record: Record, attempt: Attempt, outcome: NoAnswer) -> None:
        """It cannot be known whether the provider took it."""
        if outcome.expected_reference is not None:
            self._ledger.refer(record, attempt, [outcome.expected_reference])
        self._advance(record, State.UNKNOWN, error=outcome.error)

    def end(self, record: Record, state: State, error: Error | None) -> None:
        """Nothing more will be done for it."""
        self._advance(record, state, final=True, error=error)

    def settled(self, records: Sequence[Record]) -> list[Record]:
        """Their answers are no longer awaited; returns the messages that a report which came before has answered."""
        self.in_flight.difference_update(record.id for record in records)
        if self.in_flight:
            return []
        early, self._early = self._early, []
        return [record for report in early for record in self.report(report, called=True)]

    # -- reports

    def expects(self, report: DeliveryReport) -> bool:
        """Whether a report can be about something sent, or being sent."""
        return bool(self._ledger.referred(report.reference) or self.in_flight or self._unanswered(report))

    def report(self, report: DeliveryReport, *, called: bool = False) -> list[Record]:
        """Apply a report; ``called`` if the provider called with it. Returns the messages it is about."""
        found = [
            (record, attempt)
            for record, attempt in self._ledger.referred(report.reference)
            if report.recipient in {None, record.message.recipient}
        ]
        if not found and self.in_flight:
            if len(self._early) < _EARLY:
                self._early.append(report)
        elif not found and (lost := self._unanswered(report)) is not None:
            self._ledger.refer(*lost, [report.reference])
            found = [lost]
        for record, attempt in found:
            record.called_back = record.called_back or called
            self._apply(record, attempt, report)
        return [record for record, _attempt in found]

    def _unanswered(self, report: DeliveryReport) -> tuple[Record, Attempt] | None:
        """The message that a report nothing else explains must be about: the only one to its recipient without answer.

        Only a report that says something answers; one that was sent twice may have left another report.
        """
        if report.recipient is None or report.state is None or self._provider.kind in _OWN_REFERENCE:
            return None
        oldest = dt_util.utcnow() - _LATE
        doubtful = [
            record
            for record in self._ledger.records.values()
            if record.message.recipient == report.recipient
            and record.attempts
            and record.attempts[-1].at > oldest
            and (record.unanswered is not None or record.possible_duplicate)
        ]
        if len(doubtful) != 1 or (attempt := doubtful[0].unanswered) is None:
            return None
        return doubtful[0], attempt

    def _apply(self, record: Record, attempt: Attempt, report: DeliveryReport) -> None:
        current = record.attempts[-1] is attempt
        if report.not_sent and report.error is not None and not record.final:
            # A repeat, or word of an attempt that another one has followed, calls for no further one.
            if current and report.reference in attempt.parts:
                del attempt.parts[report.reference]
                record.taken_at = None
                self.refused(record, attempt)
                self._not_sent(record, report.error)
            return
        if report.state is None:
            LOGGER.debug("A report of %s changes nothing: %s", self._provider.title, report.error)
            return
        attempt.answered = True
        if record.taken_at is None and current:
            record.taken_at = dt_util.utcnow()
            self._ledger.today().sent += 1
        attempt.parts[report.reference] = report.state
        state = attempt.reported()
        if state is not None:
            self._advance(record, state, error=report.error, final=not record.message.dlr)

    def no_report(self, record: Record) -> None:
        """The report that should have come never did."""
        error = Error(
            code=ErrorCode.NO_REPORT, message=f"{self._provider.title} has sent no report on this message."
        )
        self._advance(record, record.state, final=True, error=error)

    def again(self, record: Record) -> None:
        """Begin anew on the user's wish: the only way back to the beginning."""
        record.state, record.final, record.error = State.QUEUED, False, None
        record.taken_at, record.tries, record.turn = None, 0, 0
        record.called_back = record.possible_duplicate = False
        if record.attempts:
            record.attempts[-1].answered = True
        self.created([record])

    # -- telling

    def _advance(
        self, record: Record, state: State, *, final: bool = False, error: Error | None = None
    ) -> None:
        was_final = record.final
        if not record.advance(state, dt_util.utcnow(), final=final, error=error):
            return
        if record.final and not was_final:
            if state in {State.FAILED, State.EXPIRED, State.UNDELIVERABLE}:
                self._ledger.today().failed += 1
            if record.message.priority is Priority.OTP:
                record.message, record.fingerprint = replace(record.message, text=None), ""
        self._publish(record)

    def _publish(self, record: Record) -> None:
        self._tell(DeliveryEvent(status=record.status(), at=dt_util.utcnow()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the parts of an account's backend work with."""

    hass: HomeAssistant
    provider: Provider
    connection: Connection
    ledger: Ledger
    outbound: Outbound
