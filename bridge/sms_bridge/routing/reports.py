"""Matching delivery reports to what was sent: before the answer, after it, after a restart, or for want of one.

A wrong match would lose a message: a report is the answer to an attempt that had none only where nothing else that the
bridge knows of can be meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase, Segment
from sms_providers.model import RANK, Error, ErrorCode, State

if TYPE_CHECKING:
    from collections.abc import Sequence

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
#: Phases in which nobody may say yet which reports are about a message.
_IN_FLIGHT: Final = (Phase.SUBMITTING, Phase.UNKNOWN, Phase.HELD)
#: Messages to one recipient that are looked through for an older attempt without an answer.
_RIVALS: Final = 50


def same_recipient(one: str, other: str | None) -> bool:
    """Whether two addresses agree in their trailing digits; an absent one agrees with all."""
    if other is None:
        return True
    mine = "".join(filter(str.isdigit, one))[-_SUFFIX_DIGITS:]
    theirs = "".join(filter(str.isdigit, other))[-_SUFFIX_DIGITS:]
    return bool(mine) and bool(theirs) and (mine.endswith(theirs) or theirs.endswith(mine))


def taken_segments(tx: Transaction, message: Message) -> Sequence[Segment]:
    """What the message's present gateway has taken in this run of attempts: the newest of each seqno, in order."""
    newest = {
        segment.seqno: segment
        for segment in tx.segments(message.row)
        if segment.attempt >= message.first_attempt and segment.gateway == message.gateway
    }
    return [newest[seqno] for seqno in sorted(newest)]


class Reports:
    """Applies delivery reports inside a transaction.

    ``wholesale`` are the gateways that take a message as a whole: any report on it shows that they have all of it.
    """

    def __init__(self, defaults: Defaults, wholesale: frozenset[str] = frozenset()) -> None:
        self._defaults = defaults
        self._wholesale = wholesale

    def apply(self, tx: Transaction, arrived: StoredReport, now: float) -> None:
        """Apply a report to the segment it is about; keep it where there is none yet."""
        known = [
            segment
            for segment in tx.segments_by_reference(
                arrived.gateway, arrived.reference, now - REFERENCE_WINDOW
            )
            if same_recipient(segment.recipient, arrived.recipient)
        ]
        if known:
            segment = min(known, key=lambda one: _unlikeliness(one, arrived))
            if _is_near(segment.taken_at, arrived) or not _is_of_one_in_flight(tx, arrived):
                self._apply_to(tx, segment, arrived, now)
                return
        if not self._answer_unknown(tx, arrived, now):
            tx.add_report(arrived)

    def apply_early(self, tx: Transaction, message: Message, now: float) -> None:
        """After an answer: reports that came before it, and those on segments taken in earlier attempts."""
        for segment in taken_segments(tx, message):
            if segment.outcome is not None:
                continue
            for arrived in tx.reports(segment.gateway, segment.reference, now - _NEARBY):
                if same_recipient(segment.recipient, arrived.recipient):
                    tx.remove_report(arrived.row)
                    self._apply_to(tx, segment, arrived, now)
        if message.segments > 1 and (present := tx.message(message.row)) is not None:
            _conclude(tx, present, None, now)

    def answer_from_kept(self, tx: Transaction, message: Message, now: float) -> bool:
        """Whether a report that came since its attempt began tells that the gateway took it; then it is applied."""
        if message.submitted_at is None:
            return False
        for arrived in tx.recent_reports(message.gateway or "", message.submitted_at):
            if self._answer_unknown(tx, arrived, now, message):
                tx.remove_report(arrived.row)
                return True
        return False

    def is_expected(
        self, tx: Transaction, gateway: str, reference: str, recipient: str | None, now: float
    ) -> bool:
        """Whether a report can be about a segment that this gateway took, or about a message in flight."""
        known = tx.segments_by_reference(gateway, reference, now - REFERENCE_WINDOW)
        if any(same_recipient(segment.recipient, recipient) for segment in known):
            return True
        in_flight = (message for phase in _IN_FLIGHT for message in tx.in_phase(phase, gateway))
        if any(same_recipient(message.recipient, recipient) for message in in_flight):
            return True
        if recipient is None:
            return False
        # One that waits to be sent again may be taken already.
        waiting = tx.find_messages(
            state=State.UNKNOWN, recipient=recipient, since=None, before_row=None, limit=_RIVALS
        )
        return any(message.gateway == gateway for message in waiting)

    def late_answer(self, tx: Transaction, gateway: str, reference: str, now: float) -> None:
        """The answer to the submission that had none last."""
        waiting = tx.in_phase(Phase.UNKNOWN, gateway)
        if waiting:
            latest = max(waiting, key=lambda message: message.submitted_at or 0.0)
            self._segment_was_taken(tx, latest, reference, now)

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
        """The gateway has every segment: publish ``sent`` or ``accepted`` and wait for reports.

        One that was given up as final ``unknown`` is final again, and open for any later report.
        """
        timeout = self._defaults.report_timeout
        message = replace(
            message,
            phase=Phase.REPORTING,
            due_at=now + (message.valid_for + _REPORT_MARGIN if timeout is None else timeout),
            references=references,
            expected_reference=None,
            tries_here=0,
        )
        error = no_report() if message.final and message.dlr else None
        return move(tx, message, state, now=now, error=error, final=final or message.final)

    def _answer_unknown(
        self, tx: Transaction, arrived: StoredReport, now: float, about: Message | None = None
    ) -> bool:
        """A report that nothing else explains, to the recipient of one message whose answer was lost, is its answer.

        ``about`` asks for one message, whatever became of it after the grace.
        """
        if about and not same_recipient(about.recipient, arrived.recipient):
            return False
        suspects = {message.row: message for message in _to_recipient(tx, arrived, Phase.UNKNOWN, Phase.HELD)}
        if about is not None:
            suspects[about.row] = about
        suspect = self._suspect(tx, list(suspects.values()), arrived)
        if suspect is None:
            return False
        segment = self._segment_was_taken(tx, suspect, arrived.reference, now)
        if segment is None:
            return False
        self._apply_to(tx, segment, arrived, now)
        return True

    def _suspect(self, tx: Transaction, suspects: Sequence[Message], arrived: StoredReport) -> Message | None:
        whole = arrived.gateway in self._wholesale
        if whole:
            # What such a gateway's reports can be foreseen to bear is a reference of ours: no other message has it.
            foreseen = (message for message in suspects if message.expected_reference == arrived.reference)
            if (message := next(foreseen, None)) is not None:
                return message
        if arrived.recipient is None or len(suspects) != 1 or _has_rival(tx, suspects[0], arrived):
            return None
        return suspects[0] if _is_answer(suspects[0], arrived, whole=whole) else None

    def _segment_was_taken(
        self, tx: Transaction, message: Message, reference: str, now: float
    ) -> Segment | None:
        """Evidence for the segment that was in the gateway's hands: the first that is not known to be taken."""
        taken = {segment.seqno: segment.reference for segment in taken_segments(tx, message)}
        seqno = next((number for number in range(1, message.segments + 1) if number not in taken), None)
        if seqno is None:
            return None
        segment = new_segment(message, seqno, reference, now)
        tx.add_segment(segment)
        taken[seqno] = reference
        whole = message.gateway in self._wholesale
        if whole or len(taken) == message.segments:
            references = tuple(taken[number] for number in sorted(taken))
            state = State.ACCEPTED if whole else State.SENT
            self.hand_over(tx, message, references, state, now=now, final=not message.dlr)
        elif not message.final:
            rest = replace(
                message, phase=Phase.READY, due_at=message.expires_at, expected_reference=None, updated_at=now
            )
            tx.save_message(rest)
        return segment

    def _apply_to(self, tx: Transaction, segment: Segment, arrived: StoredReport, now: float) -> None:
        """Note what a report says of a segment; only a better word changes one that was said before."""
        message = tx.message(segment.message_row)
        if message is None:
            return
        if arrived.state is None:
            if message.phase is Phase.REPORTING and segment.outcome is None and arrived.error is not None:
                tx.save_message(replace(message, error=arrived.error))
        elif segment.outcome is None or RANK[arrived.state] > RANK[segment.outcome]:
            tx.save_segment(replace(segment, outcome=arrived.state))
            _conclude(tx, message, arrived, now)


def no_report(last_word: Error | None = None) -> Error:
    """Why a message is final without a report; ``last_word`` is what the network said before."""
    return Error(
        code=ErrorCode.NO_REPORT,
        message="no delivery report came in time; the network may not give any",
        provider_code=last_word.provider_code if last_word else None,
    )


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


def _unlikeliness(segment: Segment, arrived: StoredReport) -> tuple[bool, bool, bool, float]:
    """By what one segment of several with a report's reference is meant: recipient, time, what it lacks, nearness."""
    submitted_at = arrived.submitted_at
    distance = -segment.taken_at if submitted_at is None else abs(segment.taken_at - submitted_at)
    is_other = arrived.recipient not in (None, segment.recipient)
    return is_other, not _is_near(segment.taken_at, arrived), segment.outcome is not None, distance


def _is_near(at: float | None, arrived: StoredReport) -> bool:
    """Whether the network took what a report is about at that time; without its word, perhaps."""
    return arrived.submitted_at is None or (at is not None and abs(at - arrived.submitted_at) <= _NEARBY)


def _to_recipient(tx: Transaction, arrived: StoredReport, *phases: Phase) -> list[Message]:
    return [
        message
        for phase in phases
        for message in tx.in_phase(phase, arrived.gateway)
        if same_recipient(message.recipient, arrived.recipient)
    ]


def _is_of_one_in_flight(tx: Transaction, arrived: StoredReport) -> bool:
    """Whether a message whose segments are not all known yet fits a report in time."""
    return any(_is_near(message.submitted_at, arrived) for message in _to_recipient(tx, arrived, *_IN_FLIGHT))


def _is_answer(message: Message, arrived: StoredReport, *, whole: bool) -> bool:
    """Whether a report fits the attempt without an answer: in time, and in its reference where that is foreseen.

    A gateway that takes messages as a whole has references that nobody can foresee, and tells no time of submission.
    """
    if message.expected_reference is None and whole:
        return message.submitted_at is not None and arrived.seen_at >= message.submitted_at
    if message.expected_reference is None:
        return arrived.submitted_at is not None and _is_near(message.submitted_at, arrived)
    return message.expected_reference == arrived.reference and _is_near(message.submitted_at, arrived)


def _has_rival(tx: Transaction, message: Message, arrived: StoredReport) -> bool:
    """Whether a report may be about another message to this recipient: being submitted, or once left without answer."""
    if _to_recipient(tx, arrived, Phase.SUBMITTING):
        return True
    others = tx.find_messages(
        state=None, recipient=message.recipient, since=None, before_row=None, limit=_RIVALS
    )
    return any(other.row != message.row and _may_have_left(other, arrived) for other in others)


def _may_have_left(message: Message, arrived: StoredReport) -> bool:
    """Whether an attempt whose answer never came may be what a report is about, though something followed it."""
    if not (message.possible_duplicate or (message.state is State.EXPIRED and not message.references)):
        return False
    return arrived.submitted_at is None or message.updated_at >= arrived.submitted_at - _NEARBY


def _conclude(tx: Transaction, message: Message, arrived: StoredReport | None, now: float) -> None:
    """What the reports on all segments together say of the message."""
    outcomes = [segment.outcome for segment in taken_segments(tx, message)]
    # A gateway that gives one reference for the whole reports on the whole.
    wanted = len(message.references) or message.segments
    reached = {
        state: sum(outcome is not None and RANK[outcome] >= RANK[state] for outcome in outcomes) == wanted
        for state in (State.READ, State.DELIVERED, State.SENT)
    }
    delivered = sum(outcome in (State.DELIVERED, State.READ) for outcome in outcomes)
    message = replace(message, segments_delivered=message.segments if reached[State.DELIVERED] else delivered)
    bad = next((outcome for outcome in outcomes if outcome in _NOT_DELIVERED), None)
    if message.phase in (Phase.SUBMITTING, Phase.READY, Phase.WAITING):
        tx.save_message(message)
    elif reached[State.DELIVERED]:
        state = State.READ if reached[State.READ] else State.DELIVERED
        move(tx, message, state, now=now, error=None, final=True)
    elif bad is not None:
        error = message.error if arrived is None or arrived.error is None else arrived.error
        move(tx, message, bad, now=now, error=error, final=True)
    elif reached[State.SENT]:
        move(tx, message, State.SENT, now=now, error=None)
    else:
        tx.save_message(message)
