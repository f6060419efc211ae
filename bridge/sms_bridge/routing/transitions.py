"""The one table of what a message's published state may become (MQTT contract, section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sms_bridge.routing.events import dlr_body
from sms_bridge.store.base import Copy, EventKind, Phase
from sms_providers.model import RANK, ErrorCode, State

if TYPE_CHECKING:
    from sms_bridge.store.base import Message, Transaction
    from sms_providers.model import Error

#: What may still follow a final state.
_AFTER_FINAL: Final = frozenset({State.DELIVERED, State.READ})


def is_published(message: Message, state: State, *, final: bool) -> bool:
    """Whether ``message`` going to ``state`` is an event.

    Up in rank always is; at equal rank only ``scheduled → queued`` and the same state becoming final. After a final
    state only ``delivered`` and ``read`` follow, except that a final ``unknown`` and a final ``no_report`` are settled
    by any later word.
    """
    before, after = RANK[message.state], RANK[state]
    if message.final and not (_is_open_ended(message) or state in _AFTER_FINAL):
        return False
    if after != before:
        return after > before
    if (message.state, state) == (State.SCHEDULED, State.QUEUED):
        return True
    return message.state == state and final and not message.final


def _is_open_ended(message: Message) -> bool:
    no_report = message.error is not None and message.error.code is ErrorCode.NO_REPORT
    return message.state is State.UNKNOWN or no_report


def move(
    tx: Transaction, message: Message, state: State, *, now: float, error: Error | None, final: bool = False
) -> Message:
    """Save ``message`` (as changed by the caller) and, where the table has it, publish ``state`` with ``error``.

    ``final`` ends it (phase ``done``), and an ephemeral text with it. Returns it as saved.
    """
    published = is_published(message, state, final=final)
    changes: dict[str, Any] = {"updated_at": now}
    if published or not message.final:
        changes["error"] = error
    if published:
        changes |= {"state": state, "final": final or message.final}
    elif (message.state, state) == (State.SUBMITTING, State.UNKNOWN):
        # Equal in rank, so not an event; but what follows goes by what is known.
        changes["state"] = state
    if final:
        changes |= {"phase": Phase.DONE, "due_at": None}
    message = replace(message, **changes)
    tx.save_message(message)
    if published:
        announce(tx, message, now=now, answer=message.final)
    if final and message.ephemeral:
        tx.erase_text(message.row)
    return message


def announce(tx: Transaction, message: Message, *, now: float, answer: bool, repeat: bool = False) -> None:
    """Append the event of the present state; ``answer`` sends it to the command's response topic as well."""
    copies: tuple[Copy, ...] = ()
    if answer and message.response_topic is not None:
        copies = (Copy(topic=message.response_topic, correlation=message.correlation),)
    body = dlr_body(message, at=now, repeat=repeat)
    tx.add_event(EventKind.DLR, body, at=now, copies=copies, message_row=message.row)
