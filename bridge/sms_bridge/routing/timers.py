"""What time does to a message: schedules begin, validity ends, graces and report times run out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sms_bridge.routing.attempts import expire
from sms_bridge.routing.reports import no_report
from sms_bridge.routing.router import open_steps
from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase
from sms_providers.model import Error, ErrorCode, NoAnswer, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from sms_bridge.routing.attempts import Attempts
    from sms_bridge.store.base import Message, Steps, Transaction


def run_due(tx: Transaction, attempts: Attempts, now: float, limit: int) -> int:
    """Treat at most ``limit`` messages whose time has come; returns how many there were."""
    due = tx.due(now, limit)
    for message in due:
        if message.phase is Phase.UNKNOWN:
            attempts.end_grace(tx, message, now)
        else:
            _TREATMENT[message.phase](tx, message, now)
    return len(due)


def orphaned_lanes(tx: Transaction, configured: Collection[str]) -> list[tuple[Steps, int]]:
    """Lanes with ready messages none of whose gateways is configured any more."""
    return [
        (route, step)
        for route, step in tx.ready_lanes()
        if not any(name in configured for names in open_steps(route) for name in names)
    ]


def fail_orphans(tx: Transaction, configured: Collection[str], now: float, limit: int) -> int:
    """End messages that no configured gateway may take, at most ``limit`` of each lane; returns how many."""
    error = Error(
        code=ErrorCode.NO_ROUTE,
        message="the gateways of this message are no longer configured; send it as a new message",
    )
    orphans = [message for lane in orphaned_lanes(tx, configured) for message in tx.ready(*lane, limit)]
    for message in orphans:
        move(tx, message, State.FAILED, now=now, error=error, final=True)
    return len(orphans)


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
    ready = replace(message, phase=Phase.READY, due_at=message.expires_at)
    move(tx, ready, State.QUEUED, now=now, error=message.error)


def _let_go(tx: Transaction, message: Message, now: float) -> None:
    tx.save_message(replace(message, phase=Phase.DONE, due_at=None, updated_at=now))


def _end_report(tx: Transaction, message: Message, now: float) -> None:
    move(tx, message, message.state, now=now, error=no_report(message.error), final=True)


_TREATMENT = {
    Phase.SCHEDULED: _begin_or_retry,
    Phase.READY: expire,
    Phase.WAITING: _begin_or_retry,
    Phase.REPORTING: _end_report,
    Phase.HELD: _let_go,
}
