"""The seam between the router and one configured gateway.

A link submits messages and hands up what comes back. It knows its engine; it knows neither MQTT nor the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sms_providers.model import (
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
    from sms_providers.provider import LostSend, OpenSend, OptionCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One attempt to hand one message to a gateway; committed as ``submitting`` before a link sees it.

    ``row`` is the store's row number, the message's reference towards any gateway. ``concat_ref`` is 0…65535 and stays
    the same for all attempts. ``taken`` maps the seqno (1-based) of each segment that this gateway has already taken in
    an earlier attempt to its reference: these are not sent again.
    """

    row: int
    attempt: int
    message: OutboundMessage
    concat_ref: int
    taken: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the gateway keeps a received segment: SIM identity, storage name, index, and the PDU itself."""

    sim: str
    storage: str
    index: int
    pdu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSegment:
    """One received segment. ``message`` is what it says when read alone; ``raw`` is the PDU in hexadecimal.

    ``source`` is ``None`` where the gateway keeps no copy. ``storage_full`` says that the gateway's storage is ≥ 80 %
    full. ``event_key`` is equal for the same event of a gateway that may report one twice, ``None`` elsewhere.
    """

    raw: str
    message: InboundMessage
    concat: Concat | None = None
    source: Source | None = None
    storage_full: bool = False
    event_key: str | None = None


class Joiner(Protocol):
    """Joins the segments of one message."""

    def __call__(self, segments: Sequence[str | None], received_at: datetime, /) -> InboundMessage:
        """The ``raw`` strings in order, ``None`` for a missing segment (at least one is there) → the message."""


class LinkState(StrEnum):
    """``state`` of a gateway; ``paused`` is the router's word, not a link's."""

    ONLINE = "online"
    OFFLINE = "offline"
    ERROR = "error"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """What a gateway says of itself (MQTT contract, section 4). ``detail`` is a sentence for people.

    ``registration`` is ``home``, ``roaming``, ``searching``, ``denied`` or ``None``. ``number`` and ``imei`` are whole.
    ``balance`` is what it told without being asked by anybody; ``None`` changes nothing.
    """

    state: LinkState
    detail: str | None = None
    registration: str | None = None
    operator: str | None = None
    signal_dbm: int | None = None
    technology: str | None = None
    battery: int | None = None
    number: str | None = None
    imei: str | None = None
    firmware: str | None = None
    model: str | None = None
    storage_used: int | None = None
    storage_total: int | None = None
    balance: Balance | None = None


class CallEvent(StrEnum):
    """``event`` on the call topic."""

    RINGING = "ringing"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UssdAnswer:
    """The network's text; ``more`` says that it waits for a reply."""

    text: str
    more: bool


class LinkError(Exception):
    """A link cannot do what an administrator asked; the message is for people."""


class UnsupportedError(LinkError):
    """This kind of gateway cannot do it."""


class Inlet(Protocol):
    """What a link hands up. Every coroutine returns after the commit."""

    async def received(self, segment: InboundSegment) -> bool:
        """Commit a received segment; ``True`` when the gateway shall delete its copy at once."""

    async def deleted(self, source: Source) -> None:
        """The gateway's copy is confirmed to be deleted."""

    async def swept(self, sim: str, present: Mapping[str, Collection[tuple[int, str]]]) -> None:
        """A complete listing: storage → (index, PDU) of what this SIM's gateway holds."""

    async def report(self, report: DeliveryReport) -> None:
        """A delivery report, in any order relative to the answer of its submission.

        One of something that was *not sent* counts for an attempt whose answer is known, and is dropped else.
        """

    async def expects(self, report: DeliveryReport) -> bool:
        """Whether a report can be about something that this gateway took, or is just being given."""

    async def open_sends(self, limit: int) -> Sequence[OpenSend]:
        """What this gateway took and has not said its last word on, newest first; for gateways that must be asked."""

    async def references_since(self, since: datetime) -> frozenset[str]:
        """Under which references this gateway has taken something since."""

    async def unanswered(self) -> Sequence[LostSend]:
        """The submissions to this gateway whose answer is lost and whose grace still runs, also of the last run."""

    async def answered(self, row: int, taken: Taken) -> None:
        """The gateway has the message whose answer was lost; nothing where that was settled meanwhile."""

    async def late_answer(self, reference: str) -> None:
        """The answer to the last submission that had none, with the reference of the segment it is for."""

    async def call(self, originator: str | None, event: CallEvent, at: datetime) -> None:
        """An incoming call."""

    async def recall(self, key: str) -> str | None:
        """What this gateway remembered under ``key``, across restarts."""

    async def remember(self, key: str, value: str | None) -> None:
        """Keep ``value`` under ``key`` for this gateway; ``None`` forgets it."""

    def status_changed(self, status: LinkStatus) -> None:
        """The gateway's state is another."""


class Link(Protocol):
    """One configured gateway. ``name`` is the user's, ``kind`` its ``type`` in the configuration.

    ``max_batch`` is how many messages of equal text and options one ``submit`` may carry, ``parallel`` how many
    ``submit`` may run at once. ``options`` are the keys of a send object's ``options`` that it knows, with the check of
    their values. ``by_segment`` says that segments are handed over one by one: then a report is about one of them; else
    any report shows that the gateway took the whole message.
    """

    name: str
    kind: str
    max_batch: int
    capabilities: frozenset[Capability]
    parallel: int
    by_segment: bool
    options: Mapping[str, OptionCheck]

    async def start(self, inlet: Inlet) -> None:
        """Begin to connect; returns at once. The link comes back by itself for as long as it runs."""

    async def stop(self) -> None:
        """Finish the segment in the gateway's hands (at most 8 s) and close."""

    async def submit(
        self,
        batch: Sequence[Submission],
        segment_taken: Callable[[int, int, str], Awaitable[None]],
    ) -> Sequence[Outcome]:
        """Hand over a batch; one outcome per submission, in order. Never raises for what a gateway may do.

        ``segment_taken(row, seqno, reference)`` is awaited for each segment but the last that a gateway took: it
        returns after the commit, and only then may the next segment leave.
        """

    async def discard(self, source: Source) -> None:
        """Delete the gateway's copy of a received segment, then call ``Inlet.deleted``; failures are tried again."""

    async def balance(self) -> Balance:
        """Ask the gateway. Raises :class:`UnsupportedError` or :class:`LinkError`."""

    async def price(self, text: str, recipients: Sequence[str]) -> Price | None:
        """What a text would cost altogether, ``None`` where the gateway does not say. Raises :class:`LinkError`."""

    async def ussd(self, code: str) -> UssdAnswer:
        """Start a USSD session. Raises :class:`UnsupportedError` or :class:`LinkError`."""

    async def ussd_reply(self, text: str) -> UssdAnswer:
        """Answer the network in the open session. Raises :class:`LinkError`."""

    async def ussd_end(self) -> None:
        """End the open session. Raises :class:`LinkError`."""

    async def restart(self) -> None:
        """Restart the gateway itself."""

    def transcript(self) -> Sequence[str]:
        """The last lines exchanged with the gateway, oldest first, without texts, numbers or secrets."""
