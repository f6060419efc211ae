"""One attempt: claiming the next messages for a gateway, and writing down what became of them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing import router
from sms_bridge.routing.limits import quiet_until
from sms_bridge.routing.link import Submission
from sms_bridge.routing.reports import REFERENCE_WINDOW, new_segment, same_recipient, taken_segments
from sms_bridge.routing.transitions import announce, move
from sms_bridge.store.base import Phase
from sms_providers.model import (
    Error,
    ErrorCode,
    OnUnknown,
    OutboundMessage,
    RefusalClass,
    Refused,
    State,
    Taken,
    refusal_class,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.routing.limits import Calendar
    from sms_bridge.routing.reports import Reports
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Message, Transaction
    from sms_providers.model import DeliveryReport, NoAnswer, Outcome

#: Back-off between rounds over all gateways, in seconds (MQTT contract, *Refusals and failover*).
_LONGEST_BACKOFF: Final = 60.0
#: Pause before the second try at the same gateway, in seconds (3GPP TS 27.005 network failures pass in seconds).
_SAME_GATEWAY_PAUSE: Final = 5.0
#: Messages that one claim finds expired or held back by the quiet hours, before it leaves the rest to the next.
_HELD_AT_ONCE: Final = 200
#: Columns of the daily counters, by gateway.
SENT: Final = "sent:"
FAILED: Final = "failed:"


class Attempts:
    """The units of the dispatcher. Every method runs inside one transaction."""

    def __init__(self, settings: RoutingSettings, calendar: Calendar, reports: Reports) -> None:
        self._settings = settings
        self._reports = reports
        self._calendar = calendar

    def claim(
        self, tx: Transaction, gateway: str, usable: frozenset[str], limit: int, now: float
    ) -> list[Submission]:
        """Commit the next messages of this gateway as ``submitting``; at most ``limit``, all alike.

        A gateway takes what no usable gateway before it in a message's route would take. One claim holds messages of
        equal text and options only, so that a link may use its provider's batch request.
        """
        claimed: list[Message] = []
        held = 0
        while (
            not claimed and held < _HELD_AT_ONCE and (candidates := _candidates(tx, gateway, usable, limit))
        ):
            for message in candidates:
                if len(claimed) == limit or (claimed and not _alike(claimed[0], message)):
                    break
                if self._hold_back(tx, message, now):
                    held += 1
                else:
                    claimed.append(self._begin(tx, message, gateway, now))
        return [_submission(tx, message, now) for message in claimed]

    def segment_taken(self, tx: Transaction, row: int, seqno: int, reference: str, now: float) -> None:
        """Write down that a gateway took one segment of several: this run of attempts does not send it again."""
        message = tx.message(row)
        if message is not None:
            tx.add_segment(new_segment(message, seqno, reference, now))

    def settle(
        self,
        tx: Transaction,
        row: int,
        attempt: int,
        outcome: Outcome,
        *,
        usable: frozenset[str],
        now: float,
    ) -> None:
        """Write down what became of an attempt; nothing where it is no longer the message's present attempt."""
        message = tx.message(row)
        if message is None or message.phase is not Phase.SUBMITTING or message.attempt != attempt:
            return
        if isinstance(outcome, Taken):
            self._taken(tx, message, outcome, now)
        elif isinstance(outcome, Refused):
            self._refused(tx, message, outcome, usable, now)
        else:
            self.unanswered(tx, message, outcome, now)

    def unanswered(self, tx: Transaction, message: Message, outcome: NoAnswer, now: float) -> None:
        """It cannot be known whether the gateway has it: the grace for a late report begins."""
        message = replace(
            message,
            phase=Phase.UNKNOWN,
            due_at=now + self._settings.defaults.on_unknown_grace,
            expected_reference=outcome.expected_reference,
        )
        message = move(tx, message, State.UNKNOWN, now=now, error=outcome.error)
        self._reports.answer_from_kept(tx, message, now)

    def answered(self, tx: Transaction, gateway: str, row: int, taken: Taken, now: float) -> None:
        """The gateway has the message of an attempt without an answer; nothing where that was settled meanwhile."""
        message = tx.message(row)
        if message is None or message.gateway != gateway:
            return
        about_to_be_resent = message.phase is Phase.READY and message.state is State.UNKNOWN
        if message.phase in (Phase.UNKNOWN, Phase.HELD) or about_to_be_resent:
            self._taken(tx, message, taken, now)

    def not_sent(
        self, tx: Transaction, gateway: str, report: DeliveryReport, *, usable: frozenset[str], now: float
    ) -> None:
        """A gateway did not send after all what it had taken: its attempt is refused, and its segments do not count."""
        found = tx.segments_by_reference(gateway, report.reference, now - REFERENCE_WINDOW)
        segment = next((item for item in found if same_recipient(item.recipient, report.recipient)), None)
        message = None if segment is None else tx.message(segment.message_row)
        if segment is None or message is None or report.error is None:
            return
        if message.phase is Phase.REPORTING and message.attempt == segment.attempt and not message.final:
            begun_anew = replace(message, first_attempt=message.attempt + 1, references=())
            self._refused(tx, begun_anew, Refused(error=report.error), usable, now)

    def end_grace(self, tx: Transaction, message: Message, now: float) -> None:
        """No late answer came to an attempt that had none: ``on_unknown`` decides."""
        if self._reports.answer_from_kept(tx, message, now):
            return
        if message.on_unknown is OnUnknown.HOLD:
            held = move(tx, message, State.UNKNOWN, now=now, error=message.error, final=True)
            tx.save_message(replace(held, phase=Phase.HELD, due_at=now + REFERENCE_WINDOW))
        elif message.expires_at <= now:
            expire(tx, message, now)
        else:
            again = replace(message, phase=Phase.READY, due_at=message.expires_at, possible_duplicate=True)
            self._save(tx, again, now)

    def _taken(self, tx: Transaction, message: Message, outcome: Taken, now: float) -> None:
        written = taken_here(tx, message)
        for seqno, reference in enumerate(outcome.references, start=1):
            if written.get(seqno) != reference:
                tx.add_segment(new_segment(message, seqno, reference, now))
        final = outcome.final or not message.dlr
        message = self._reports.hand_over(
            tx, message, outcome.references, outcome.state, now=now, final=final
        )
        tx.count(f"{SENT}{message.gateway}", self._calendar.day(now))
        self._reports.apply_early(tx, message, now)

    def _hold_back(self, tx: Transaction, message: Message, now: float) -> bool:
        """A ready message that was sent after all, whose time is over, or has not come because of the quiet hours."""
        if message.state is State.UNKNOWN and self._reports.answer_from_kept(tx, message, now):
            return True
        if message.expires_at <= now:
            expire(tx, message, now)
            return True
        until = quiet_until(self._settings.limits, self._calendar, message.priority, now)
        if until is None:
            return False
        due_at = min(until, message.expires_at)
        tx.save_message(replace(message, phase=Phase.SCHEDULED, due_at=due_at, updated_at=now))
        return True

    def _begin(self, tx: Transaction, message: Message, gateway: str, now: float) -> Message:
        message = replace(
            message,
            phase=Phase.SUBMITTING,
            step=router.position(message.route, message.step, gateway),
            gateway=gateway,
            attempt=message.first_attempt if message.gateway is None else message.attempt + 1,
            submitted_at=now,
            expected_reference=None,
            due_at=None,
            updated_at=now,
        )
        if self._settings.verbose_states:
            return move(tx, message, State.SUBMITTING, now=now, error=message.error)
        tx.save_message(message)
        return message

    def _refused(
        self, tx: Transaction, message: Message, outcome: Refused, usable: frozenset[str], now: float
    ) -> None:
        kind = refusal_class(outcome.error.code)
        gateway = message.gateway or ""
        if kind is RefusalClass.CONTENT:
            self._fail(tx, message, outcome.error, now)
            return
        move_on = router.without if kind is RefusalClass.GATEWAY else router.after
        route, step = move_on(message.route, message.step, gateway)
        steps = router.open_steps(route)
        # Certainly not sent: no report can be about this attempt.
        present = replace(message, error=outcome.error, submitted_at=None)
        gone_on = replace(present, route=route, step=step, tries_here=0)
        if not steps:
            self._fail(tx, gone_on, outcome.error, now)
        elif not any(usable.intersection(names) for names in steps[step:]):
            pause = min(2.0**message.rounds, _LONGEST_BACKOFF)
            pause += random.uniform(0, pause / 4)
            self._wait(tx, replace(gone_on, step=0, rounds=message.rounds + 1), now + pause, now)
        elif outcome.same_gateway_again and message.tries_here == 0:
            self._wait(tx, replace(present, tries_here=1), now + _SAME_GATEWAY_PAUSE, now)
        else:
            self._save(tx, replace(gone_on, phase=Phase.READY, due_at=message.expires_at), now)

    def _wait(self, tx: Transaction, message: Message, until: float, now: float) -> None:
        due_at = min(until, message.expires_at)
        self._save(tx, replace(message, phase=Phase.WAITING, due_at=due_at), now)

    def _fail(self, tx: Transaction, message: Message, error: Error, now: float) -> None:
        tx.count(f"{FAILED}{message.gateway}", self._calendar.day(now))
        move(tx, message, State.FAILED, now=now, error=error, final=True)

    def _save(self, tx: Transaction, message: Message, now: float) -> None:
        tx.save_message(replace(message, updated_at=now))


def expire(tx: Transaction, message: Message, now: float) -> None:
    """End a message whose validity is over, with the last error if there was one."""
    over = Error(code=ErrorCode.EXPIRED, message="its validity was over before a gateway took it")
    move(tx, message, State.EXPIRED, now=now, error=message.error or over, final=True)


def requeue(tx: Transaction, message: Message, *, now: float) -> Message:
    """Begin anew at ``queued``, valid for as long as at first, with every gateway and every segment still to try."""
    expires_at = now + message.valid_for
    message = replace(
        message,
        state=State.QUEUED,
        final=False,
        phase=Phase.READY,
        route=router.restored(message.route),
        step=0,
        gateway=None,
        attempt=message.attempt + 1,
        first_attempt=message.attempt + 1,
        rounds=0,
        tries_here=0,
        segments_delivered=0,
        references=(),
        expected_reference=None,
        submitted_at=None,
        possible_duplicate=message.possible_duplicate or message.state is State.UNKNOWN,
        error=None,
        expires_at=expires_at,
        due_at=expires_at,
        updated_at=now,
    )
    tx.save_message(message)
    announce(tx, message, now=now, answer=False)
    return message


def _candidates(tx: Transaction, gateway: str, usable: frozenset[str], limit: int) -> list[Message]:
    """What is ready for this gateway, from every lane where it has its turn: highest priority first, then oldest."""
    found = [
        message
        for route, step in tx.ready_lanes()
        if router.has_turn(route, step, gateway, usable)
        for message in tx.ready(route, step, limit)
    ]
    found.sort(key=lambda message: (-message.priority, message.row))
    return found


def _alike(one: Message, other: Message) -> bool:
    return _content(one) == _content(other)


def _content(message: Message) -> tuple[object, ...]:
    return (
        message.text,
        message.data,
        message.port,
        message.originator,
        message.sim,
        message.priority,
        message.encoding,
        message.flash,
        message.dlr,
        message.options,
    )


def _submission(tx: Transaction, message: Message, now: float) -> Submission:
    return Submission(
        row=message.row,
        attempt=message.attempt,
        message=as_given(message, now),
        concat_ref=message.concat_ref,
        taken=taken_here(tx, message),
    )


def as_given(message: Message, now: float) -> OutboundMessage:
    """A message as a gateway is given it at that time."""
    return OutboundMessage(
        recipient=message.recipient,
        text=message.text,
        data=message.data,
        port=message.port,
        originator=message.originator,
        sim=message.sim,
        priority=message.priority,
        valid_for=max(1, int(message.expires_at - now)),
        dlr=message.dlr,
        flash=message.flash,
        encoding=message.encoding,
        options=message.options,
    )


def taken_here(tx: Transaction, message: Message) -> Mapping[int, str]:
    """The segments that the message's present gateway has taken in this run of attempts: seqno → reference."""
    if message.segments == 1:
        return {}
    return {segment.seqno: segment.reference for segment in taken_segments(tx, message)}
