"""Who is called by providers, and where: the address holds a secret, for no provider signs its calls."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_providers.callbacks import CallbackResponse
    from sms_providers.provider import CallbackRequest

#: What is compared with for a gateway that is never called, so that the time tells nothing of who is configured.
_NOBODY: Final = "0" * 64


@runtime_checkable
class Callee(Protocol):
    """A gateway that its provider may call. ``callback_secret`` is ``None`` while or where it may not."""

    callback_secret: str | None

    async def receive(self, request: CallbackRequest) -> CallbackResponse:
        """Take a call; returns once what it says is kept."""


def callback_path(gateway: str, secret: str) -> str:
    """Return the path that the provider of a gateway calls."""
    return f"/callback/{gateway}/{secret}"


def find_callee(callees: Mapping[str, Callee], gateway: str, secret: str) -> Callee | None:
    """Return the gateway that this path leads to; a wrong secret takes as long as a right one."""
    callee = callees.get(gateway)
    expected = None if callee is None else callee.callback_secret
    given = secret.encode(errors="replace")
    is_right = hmac.compare_digest(given, (expected or _NOBODY).encode())
    return callee if is_right and expected is not None else None
