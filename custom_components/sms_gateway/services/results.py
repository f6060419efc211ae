"""What the actions that send return, and when they raise instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..backend import BackendError
from ..errors import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeassistant.exceptions import HomeAssistantError
    from homeassistant.util.json import JsonObjectType

    from ..backend.model import MessageStatus
    from ..sms_providers.model import State

#: What a message is whose backend has not said anything of it yet.
_PENDING: Final = "pending"


def record(status: MessageStatus) -> JsonObjectType:
    """What is known of one message."""
    error = status.error
    return {
        "id": status.id,
        "to": status.to,
        "segments": status.segments,
        "state": _PENDING if status.state is None else status.state.value,
        "error": None
        if error is None
        else {"code": error.code, "message": error.message, "temporary": error.temporary},
    }


def raise_if_all(statuses: Sequence[MessageStatus], state: State) -> None:
    """Raise HomeAssistantError where every message has come to this bad end; nobody gets anything of it."""
    if all(status.state is state for status in statuses):
        raise failure(statuses[0])


def failure(status: MessageStatus) -> HomeAssistantError:
    """The error that says what is wrong with a message."""
    error = status.error
    return translated(
        BackendError("internal", "no reason was given")
        if error is None
        else BackendError(error.code, error.message)
    )
