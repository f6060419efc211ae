"""The seam between Home Assistant and whatever sends: platforms, actions and flows know only this protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import BackendEvent, Balance, MessageStatus, Quote, SendRequest, Snapshot, UssdAnswer


class BackendError(Exception):
    """The backend refused; ``code`` is an error code of the MQTT contract, the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotConnectedError(BackendError):
    """There is no way to the backend at all: nothing was handed over."""

    def __init__(self, message: str) -> None:
        super().__init__("not_connected", message)


class AuthenticationError(BackendError):
    """The credentials are refused: the user has to sign in again."""

    def __init__(self, message: str) -> None:
        super().__init__("auth", message)


class Listener(Protocol):
    """Who hears of everything, in order."""

    def snapshot_changed(self, snapshot: Snapshot) -> None:
        """The state is another."""

    def happened(self, event: BackendEvent) -> None:
        """A message came, a message changed, or somebody calls; each event once."""


class Backend(Protocol):
    """One configured way to send and receive. Every request may raise :class:`BackendError`."""

    async def start(self, listener: Listener) -> None:
        """Connect and begin to tell the state. Raises :class:`NotConnectedError` or :class:`AuthenticationError`."""

    def open(self) -> None:
        """Begin to tell events, now that somebody hears them; those that came since :meth:`start` come first."""

    async def stop(self) -> None:
        """Tell no more; leaves no task, timer or subscription behind. May be called again."""

    async def send(self, request: SendRequest, *, wait: float) -> list[MessageStatus]:
        """Hand over a message; one status per recipient, in their order.

        Returns once the backend has committed it or after ``wait`` seconds, then with ``state`` ``None``: the message
        is on its way and must not be sent again. Raises only when nothing was handed over.
        """

    async def get_message(self, message_id: str) -> Mapping[str, object]:
        """A message with its history, as the backend tells it."""

    async def list_messages(self, filters: Mapping[str, object]) -> Mapping[str, object]:
        """A page of messages: ``messages`` and, if there are more, ``cursor``."""

    async def cancel(self, message_id: str) -> list[str]:
        """Cancel a message or group that waits; returns the ids."""

    async def resend(self, message_id: str) -> list[str]:
        """Queue a failed, expired or unknown message again; returns the ids."""

    async def quote(self, request: SendRequest) -> Quote:
        """What a message would be; nothing is sent."""

    async def get_balance(self, gateway: str | None) -> Balance:
        """Ask for the balance now."""

    async def ussd(self, gateway: str, code: str) -> UssdAnswer:
        """Run a USSD code; a reply to an open session likewise."""

    async def restart_gateway(self, gateway: str) -> None:
        """Restart one gateway."""

    async def refresh(self) -> None:
        """Ask for everything that is not pushed."""

    def diagnostics(self) -> Mapping[str, object]:
        """What helps to find a fault, in JSON's types, without secrets, numbers and texts."""
