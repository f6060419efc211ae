"""Matching delivery reports to what was sent: before the answer, after it, after a restart, or for want of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase, Segment
from sms_providers.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sms_bridge.routing.settings import Defaults
    from sms_bridge.store.base import Message, StoredReport, Transaction

#: References repeat (TP-MR has 8 bits, 3GPP TS 23.040 clause 9.2.3.6): older segments are not looked at, in seconds.
REFERENCE_WINDOW: Final = 8 * 86_400.0
#: How long before its answer a report may have come, and how far the network's clock may be off, in seconds.
_NEARBY: Final = 600.0
#: A report that comes later than this after its message's validity is not waited for, in seconds (MQTT contract).
_REPORT_MARGIN: Final = 3600.0
#: Trailing digits by which a report's address is compared: networks change the rest (national or international form).
_SUFFIX_DIGITS: Final = 8
#: Reports after which a segment will not arrive.
_NOT_DELIVERED: Final = frozenset({State.FAILED, State.EXPIRED, State.UNDELIVERABLE})


def same_recipient(one: str, other: str | None) -> bool:
    """Whether two addresses agree in their trailing digits; an absent one agrees with all."""
    if other is None:
        return True
    mine = "".join(filter(str.isdigit, one))[-_SUFFIX_DIGITS:]
    theirs = "".join(filter(str.isdigit, other))[-_SUFFIX_DIGITS:]
    return bool(mine) and bool(theirs) and (mine.endswith(theirs) or theirs.endswith(mine))


def standing_segments(tx: Transaction, message: Message) -> Sequence[Segment]:
    """The segments that count: of the present run of attempts, the newest of each seqno, in order."""
    newest = {
        segment.seqno: segment
        for segment in tx.segments(message.row)
        if segment.attempt >= message.first_attempt
    }
    return [newest[seqno] for seqno in sorted(newest)]


class Reports:
    """Applies delivery reports inside a transaction."""

    def __init__(self, defaults: Defaults) -> None:
        self._defaults = defaults

    def due_at(self, message: Message, now: float) -> float:
        """Until when a report is waited for that has been handed over now."""
        timeout = self._defaults.report_timeout
        if timeout is None:
            return now + message.valid_for + _REPORT_MARGIN
        return now + timeout

    def apply(self, tx: Transaction, arrived: StoredReport, now: float) -> None:
        """Apply a report to the segment it is about; keep it where there is none yet."""
        segments = [
            segment
            for segment in tx.segments_by_reference(
                arrived.gateway, arrived.reference, now - REFERENCE_WINDOW
            )
            if same_recipient(segment.recipient, arrived.recipient)
        ]
        segment = _best(segments, arrived)
        if segment is not None:
            self._apply_to(tx, segment, arrived, now)
        elif not segments and not self._answer_unknown(tx, arrived, now):
            tx.add_report(arrived)

    def apply_early(self, tx: Transaction, message: Message, now: float) -> None:
        """After an answer: reports that came before it, and those on segments taken in earlier attempts."""
        early = [
            (segment, arrived)
            for segment in standing_segments(tx, message)
            if segment.outcome is None
            for arrived in tx.reports(segment.gateway, segment.reference, now - _NEARBY)
            if same_recipient(segment.recipient, arrived.recipient)
        ]
        for segment, arrived in early:
            tx.remove_report(arrived.row)
            self._apply_to(tx, segment, arrived, now)
        if message.segments > 1 and not early:
            _conclude(tx, message, None, now)

    def answer_from_kept(self, tx: Transaction, message: Message, began: float, now: float) -> None:
        """An attempt that began then has no answer: a report that came meanwhile may tell that the gateway took it."""
        for arrived in tx.recent_reports(message.gateway or "", began):
            if self._answer_unknown(tx, arrived, now):
                tx.remove_report(arrived.row)

    def late_answer(self, tx: Transaction, gateway: str, reference: str, now: float) -> None:
        """The answer to the submission that had none last."""
        waiting = [message for message in tx.in_phase(Phase.UNKNOWN, gateway) if not message.final]
        if waiting:
            latest = max(waiting, key=lambda message: message.updated_at)
            self._segment_was_taken(tx, latest, reference, now)

    def _answer_unknown(self, tx: Transaction, arrived: StoredReport, now: float) -> bool:
        """A report nobody waits for, to the recipient of exactly one message whose answer was lost, is its answer."""
        if arrived.recipient is None:
            return False
        suspects = [
            message
            for message in tx.in_phase(Phase.UNKNOWN, arrived.gateway)
            if same_recipient(message.recipient, arrived.recipient)
            and message.expected_reference in (None, arrived.reference)
            and _is_nearby(message, arrived)
        ]
        if len(suspects) != 1:
            return False
        segment = self._segment_was_taken(tx, suspects[0], arrived.reference, now)
        if segment is None:
            return False
        self._apply_to(tx, segment, arrived, now)
        return True

    def _segment_was_taken(
        self, tx: Transaction, message: Message, reference: str, now: float
    ) -> Segment | None:
        """Evidence for the segment that was in the gateway's hands: the first that is not known to be taken."""
        standing = {segment.seqno: segment.reference for segment in standing_segments(tx, message)}
        seqno = next((number for number in range(1, message.segments + 1) if number not in standing), None)
        if seqno is None:
            return None
        segment = new_segment(message, seqno, reference, now)
        tx.add_segment(segment)
        standing[seqno] = reference
        if len(standing) == message.segments:
            references = tuple(standing[number] for number in sorted(standing))
            self.hand_over(tx, message, references, State.SENT, now=now, final=not message.dlr)
        elif not message.final:
            waiting = replace(
                message, phase=Phase.READY, due_at=message.expires_at, expected_reference=None, updated_at=now
            )
            tx.save_message(waiting)
        return segment

    def hand_over(
        self,
        tx: Transaction,
        message: Message,
        references: tuple[str, ...],
        state: State,
        *,
        now: float,
        final: bool,
    ) -> Message:
        """The gateway has every segment: publish ``sent`` or ``accepted`` and wait for reports."""
        message = replace(
            message,
            phase=Phase.REPORTING,
            due_at=self.due_at(message, now),
            references=references,
            submitted_at=now,
            expected_reference=None,
            tries_here=0,
            error=None,
        )
        return move(tx, message, state, now=now, final=final)

    def _apply_to(self, tx: Transaction, segment: Segment, arrived: StoredReport, now: float) -> None:
        message = tx.message(segment.message_row)
        if message is None or arrived.state is None:
            return
        tx.save_segment(replace(segment, outcome=arrived.state))
        _conclude(tx, message, arrived, now)


def new_segment(message: Message, seqno: int, reference: str, now: float) -> Segment:
    """A segment that the message's present gateway took now."""
    return Segment(
        message_row=message.row,
        attempt=message.attempt,
        seqno=seqno,
        gateway=message.gateway or "",
        reference=reference,
        recipient=message.recipient,
        taken_at=now,
    )


def missing_segments(tx: Transaction, message: Message, references: Mapping[int, str]) -> Mapping[int, str]:
    """Those of ``references`` (by seqno) that are not written down yet for the present gateway and run of attempts."""
    if message.segments == 1:
        return references
    known = {
        (segment.seqno, segment.reference)
        for segment in standing_segments(tx, message)
        if segment.gateway == message.gateway
    }
    return {seqno: reference for seqno, reference in references.items() if (seqno, reference) not in known}


def _best(segments: Iterable[Segment], arrived: StoredReport) -> Segment | None:
    """Of the segments that may be meant, one without a final report: the nearest in time, else the newest."""
    open_ones = [segment for segment in segments if segment.outcome is None]
    if not open_ones:
        return None
    submitted_at = arrived.submitted_at
    if submitted_at is None:
        return open_ones[0]
    return min(open_ones, key=lambda segment: abs(segment.taken_at - submitted_at))


def _is_nearby(message: Message, arrived: StoredReport) -> bool:
    """Whether the network took what the report is about at the time of the attempt; without its word, yes."""
    return arrived.submitted_at is None or abs(arrived.submitted_at - message.updated_at) <= _NEARBY


def _conclude(tx: Transaction, message: Message, arrived: StoredReport | None, now: float) -> None:
    """What the reports on all segments together say of the message."""
    outcomes = [segment.outcome for segment in standing_segments(tx, message)]
    delivered = sum(outcome in (State.DELIVERED, State.READ) for outcome in outcomes)
    message = replace(message, segments_delivered=delivered)
    bad = next((outcome for outcome in outcomes if outcome in _NOT_DELIVERED), None)
    if message.phase in (Phase.SUBMITTING, Phase.READY, Phase.WAITING):
        tx.save_message(message)
    elif delivered == message.segments:
        state = State.READ if all(outcome is State.READ for outcome in outcomes) else State.DELIVERED
        move(tx, replace(message, error=None), state, now=now, final=True)
    elif bad is not None:
        error = message.error if arrived is None or arrived.error is None else arrived.error
        move(tx, replace(message, error=error), bad, now=now, final=True)
    else:
        tx.save_message(message)
