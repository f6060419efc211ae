"""The seam between bridge or component and one account at a provider.

Sources of what each can do: the provider's own documents, named in its module. Every coroutine may raise
:class:`~.exceptions.ProviderError`, unless it says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .model import (
        Balance,
        Capability,
        Concat,
        DeliveryReport,
        InboundMessage,
        OutboundMessage,
        Outcome,
        Price,
        Taken,
    )

    #: Checks the value of one key of ``options``: returns it as the provider takes it, raises ``ValueError`` with a
    #: sentence that says what was expected.
    OptionCheck = Callable[[object], object]


class ProviderKind(StrEnum):
    """``type`` of a gateway in the bridge's configuration, ``kind`` of a config entry of the component."""

    GENIQ = "geniq"
    SMSGIC = "smsgic"
    UBILL = "ubill"
    SMSGATEWAY24 = "smsgateway24"
    GENIOSMS = "geniosms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to be sent. ``reference`` (1…2³¹-1) is ours: it finds the message again where the provider keeps it.

    ``send_at`` (aware) leaves the scheduling to the provider; ``None`` sends at once.
    """

    reference: int
    message: OutboundMessage
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSend:
    """A send whose answer never came: what it was, and when the attempt began (aware)."""

    reference: int
    message: OutboundMessage
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSend:
    """Something that a provider took and has not said its last word on. ``reference`` is the provider's own."""

    reference: str
    recipient: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A received message or one segment of it. ``key`` names it at the provider: the same key is the same event."""

    key: str
    message: InboundMessage
    concat: Concat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPage:
    """What came since the last look, oldest first; ``position`` is where the next look begins."""

    received: tuple[Received, ...]
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A provider's HTTP request to us. ``query`` is the raw query string, still encoded."""

    method: str
    content_type: str
    query: str = field(repr=False)
    body: bytes = field(repr=False)


class CallbackError(Exception):
    """A callback that is not accepted; ``status`` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@runtime_checkable
class Pricing(Protocol):
    """A provider that tells a price before anything is sent (:attr:`~.model.Capability.QUOTE`)."""

    async def price(self, text: str, recipients: Sequence[str]) -> Price:
        """Return what a text to ``recipients`` (E.164) would cost altogether. Raises ProviderError."""


class Provider(Protocol):
    """One account. ``title`` is the provider's name for people.

    ``max_batch`` is how many messages of equal text and options one :meth:`send` may carry. ``options`` are the keys of
    a message's ``options`` that it knows. These attributes are the class's own, readable before there is an account.
    """

    kind: ProviderKind
    title: str
    capabilities: frozenset[Capability]
    max_batch: int
    options: Mapping[str, OptionCheck]

    async def check(self) -> None:
        """Ask something cheap that needs the credentials.

        Raises :class:`~.exceptions.UnsupportedError` where nothing can be asked without sending.
        """

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Send messages of equal text and options; one outcome each, in order. Never raises a ProviderError."""

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Tell which of the sends without an answer the provider has after all, by our reference.

        ``known`` are the provider's references of other messages of ours. Empty where the provider cannot tell.
        """

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Ask what became of messages; empty where the provider cannot tell."""

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Ask what was received after that position; ``None`` where the provider cannot tell.

        Without a position nothing is returned but the present one: history is not replayed.
        """

    async def balance(self) -> Balance:
        """Ask what is left. Raises :class:`~.exceptions.UnsupportedError` where the provider does not tell."""

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read what the provider calls us with. Raises :class:`CallbackError`, nothing else.

        A call that is genuine and of no interest gives nothing.
        """

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first; without secrets, texts and numbers."""
