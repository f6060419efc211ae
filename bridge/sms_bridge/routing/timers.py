"""What time does to a message: schedules begin, validity ends, graces and report times run out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sms_bridge.routing.attempts import expire
from sms_bridge.routing.link import NoAnswer
from sms_bridge.routing.reports import REFERENCE_WINDOW
from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase
from sms_providers.model import Error, ErrorCode, OnUnknown, State

if TYPE_CHECKING:
    from sms_bridge.routing.attempts import Attempts
    from sms_bridge.store.base import Message, Transaction


def run_due(tx: Transaction, now: float, limit: int) -> int:
    """Treat at most ``limit`` messages whose time has come; returns how many there were."""
    due = tx.due(now, limit)
    for message in due:
        _TREATMENT[message.phase](tx, message, now)
    return len(due)


def recover(tx: Transaction, attempts: Attempts, now: float) -> int:
    """After a start: whatever was ``submitting`` has lost its answer; returns how many messages that were."""
    interrupted = tx.in_phase(Phase.SUBMITTING)
    error = Error(
        code=ErrorCode.TIMEOUT,
        message="the bridge was stopped before the gateway answered",
        temporary=True,
    )
    for message in interrupted:
        attempts.unanswered(tx, message, NoAnswer(error=error), now)
    return len(interrupted)


def _begin_or_retry(tx: Transaction, message: Message, now: float) -> None:
    if message.expires_at <= now:
        expire(tx, message, now)
        return
    move(tx, replace(message, phase=Phase.READY, due_at=message.expires_at), State.QUEUED, now=now)


def _end_grace(tx: Transaction, message: Message, now: float) -> None:
    """``on_unknown`` decides once the grace has passed without a report."""
    if message.final:
        tx.save_message(replace(message, phase=Phase.DONE, due_at=None))
    elif message.on_unknown is OnUnknown.HOLD:
        held = move(tx, message, State.UNKNOWN, now=now, final=True)
        tx.save_message(replace(held, phase=Phase.UNKNOWN, due_at=now + REFERENCE_WINDOW))
    elif message.expires_at <= now:
        expire(tx, message, now)
    else:
        ready = replace(
            message,
            phase=Phase.READY,
            due_at=message.expires_at,
            possible_duplicate=True,
            expected_reference=None,
            updated_at=now,
        )
        tx.save_message(ready)


def _end_report(tx: Transaction, message: Message, now: float) -> None:
    error = Error(
        code=ErrorCode.NO_REPORT,
        message="no delivery report came in time; the network may not give any",
    )
    move(tx, replace(message, error=error), message.state, now=now, final=True)


_TREATMENT = {
    Phase.SCHEDULED: _begin_or_retry,
    Phase.READY: expire,
    Phase.WAITING: _begin_or_retry,
    Phase.UNKNOWN: _end_grace,
    Phase.REPORTING: _end_report,
}
