"""The store's protocol: what the router keeps, and the transactions by which it does.

A *unit* is a plain function of one :class:`Transaction`. Units run one after the other in the store's writer thread;
several of them share one commit (group commit), each inside its own savepoint, so that an exception in one undoes only
that one. ``Store.write`` returns after the commit: what it returned is on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from sms_providers.charset import EncodingChoice
from sms_providers.model import OnUnknown, Priority, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sms_providers.model import Error

T = TypeVar("T")

#: A message's route: steps in order, each a set of gateways any of which will do.
Steps = tuple[tuple[str, ...], ...]


class StoreError(Exception):
    """The store cannot keep what it was given (disk full, broken file); the message says what to do."""


class StoreInUseError(StoreError):
    """Another process has the store open."""


class Phase(StrEnum):
    """Where a message is inside the bridge (its published ``state`` may lag behind)."""

    SCHEDULED = "scheduled"  #: waits for ``send_at``
    READY = "ready"  #: a gateway may take it
    WAITING = "waiting"  #: every gateway refused it for now; tried again at ``due_at``
    SUBMITTING = "submitting"  #: a gateway is being given it
    UNKNOWN = "unknown"  #: an attempt had no answer; the grace runs until ``due_at``
    HELD = "held"  #: finally unknown; a late report may still settle it until ``due_at``
    REPORTING = "reporting"  #: handed over; a report is expected until ``due_at``
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One outbound message to one recipient. Times are Unix seconds (UTC).

    ``row`` is 0 until the store assigned it. ``route`` is the failover order, each step a set of gateways any of which
    will do; behind an empty step stand those that refused for good. ``step`` is the index of the present step.
    ``due_at`` is when the clock must next look at the message in its phase, ``None`` for never. ``submitted_at`` is
    when the last attempt began that was not refused, ``first_attempt`` the attempt since which segments count as taken
    (a requested resend begins anew); ``rounds`` counts how often the whole route was used up, ``tries_here`` the tries
    at one gateway.
    ``ephemeral``: the text is erased once the message is final.
    ``response_topic`` and ``correlation`` are MQTT 5's, for the first and the final event.
    """

    row: int = 0
    id: str
    group_id: str | None = None
    recipient: str
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    originator: str | None = None
    sim: int | None = None
    priority: Priority = Priority.NORMAL
    encoding: EncodingChoice = EncodingChoice.AUTO
    flash: bool = False
    dlr: bool = True
    on_unknown: OnUnknown = OnUnknown.RESEND
    options: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    user_properties: tuple[tuple[str, str], ...] = ()
    response_topic: str | None = None
    correlation: bytes | None = None
    fingerprint: Mapping[str, str | None] = field(default_factory=dict)
    segments: int = 1
    concat_ref: int = 0
    created_at: float
    send_at: float | None = None
    valid_for: int
    ephemeral: bool = False
    # what changes
    expires_at: float
    route: Steps
    step: int = 0
    phase: Phase = Phase.READY
    state: State = State.QUEUED
    final: bool = False
    gateway: str | None = None
    attempt: int = 0
    first_attempt: int = 1
    rounds: int = 0
    tries_here: int = 0
    due_at: float | None = None
    updated_at: float = 0.0
    segments_delivered: int = 0
    references: tuple[str, ...] = ()
    expected_reference: str | None = None
    submitted_at: float | None = None
    possible_duplicate: bool = False
    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One outbound segment that a gateway took; ``recipient`` as sent. ``outcome`` is a report's state or ``None``."""

    message_row: int
    attempt: int
    seqno: int
    gateway: str
    reference: str
    recipient: str
    taken_at: float
    outcome: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A delivery report that has found no segment yet.

    ``submitted_at`` is by the network's clock, ``seen_at`` by ours.
    """

    row: int = 0
    gateway: str
    reference: str
    recipient: str | None
    state: State | None
    error: Error | None
    submitted_at: float | None
    seen_at: float


class EventKind(StrEnum):
    """The topic of an event."""

    DLR = "dlr"
    INCOMING = "incoming"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A further publication of an event.

    Without ``text`` it goes to the response topic ``topic`` with the event's own payload; with it, ``text`` goes alone
    to ``topic`` below the base topic.
    """

    topic: str
    correlation: bytes | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it is published. ``payload`` is its JSON text, complete with ``seq`` and ``epoch``."""

    seq: int
    kind: EventKind
    payload: str
    copies: tuple[Copy, ...] = ()
    message_row: int | None = None
    inbound_group: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPart:
    """One received segment of a message that may not be complete yet.

    ``concat_key`` is ``None`` for a message of one segment. ``group`` numbers the message that the part belongs to.
    """

    row: int = 0
    group: int
    gateway: str
    kind: str
    concat_key: str | None
    total: int
    seqno: int
    raw: str
    received_at: float


class SourceState(StrEnum):
    """Where the gateway's own copy of a received segment is in its life."""

    WAITING = "waiting"  #: its event has not been acknowledged by the broker
    DELETABLE = "deletable"  #: the gateway may delete it


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSource:
    """The gateway's own copy of a received segment: the dedupe key, until its deletion is confirmed."""

    gateway: str
    sim: str
    storage: str
    index: int
    pdu: str
    group: int
    state: SourceState = SourceState.WAITING


class Transaction(Protocol):
    """What a unit may do. Everything it reads is as of now, everything it writes is committed or undone together."""

    # -- the store itself
    epoch: str

    def last_seq(self) -> int:
        """The highest ``seq`` given so far."""

    def recall(self, owner: str, key: str) -> str | None:
        """A remembered value; ``owner`` is a gateway's name or ``""`` for the bridge."""

    def remember(self, owner: str, key: str, value: str | None) -> None:
        """Keep or (``None``) forget a value."""

    # -- the receive window (MQTT redelivery)
    def packet(self, packet_id: int) -> bytes | None:
        """Digest of the last command committed under this packet identifier and not yet out of the window."""

    def remember_packet(self, packet_id: int, digest: bytes, keep: int) -> None:
        """Note a committed command; only the last ``keep`` are remembered."""

    def forget_packet(self, packet_id: int) -> None:
        """The broker has our acknowledgement: under this identifier comes another packet, or none."""

    def forget_packets(self) -> None:
        """The broker has no session of ours: packet identifiers begin anew."""

    # -- messages
    def add_message(self, message: Message) -> Message:
        """Insert; returns it with ``row`` (and a ``concat_ref`` made from it).

        Raises ``ValueError`` where the ``id`` is taken.
        """

    def message(self, row: int) -> Message | None:
        """One message by row."""

    def message_by_id(self, message_id: str) -> Message | None:
        """One message by its identifier."""

    def group(self, group_id: str) -> Sequence[Message]:
        """The messages of a group, in the order of their numbers."""

    def save_message(self, message: Message) -> None:
        """Write what changes of a message: ``expires_at`` and all that follows it in the record."""

    def erase_text(self, row: int) -> None:
        """Overwrite a message's text and data with nothing; its fingerprint stays."""

    def ready_lanes(self) -> Sequence[tuple[Steps, int]]:
        """Every (route, step) under which messages may be ready."""

    def ready(self, route: Steps, step: int, limit: int) -> Sequence[Message]:
        """Ready messages of one lane: highest priority first, then oldest. Uses an index at any queue length."""

    def due(self, now: float, limit: int) -> Sequence[Message]:
        """Messages whose ``due_at`` has come, earliest first."""

    def next_due(self) -> float | None:
        """The earliest ``due_at`` of all."""

    def in_phase(self, phase: Phase, gateway: str | None = None) -> Sequence[Message]:
        """All messages in a phase, optionally of one gateway (meant for the few that are submitting or unknown)."""

    def find_messages(
        self,
        *,
        state: State | None,
        recipient: str | None,
        since: float | None,
        before_row: int | None,
        limit: int,
    ) -> Sequence[Message]:
        """A page of messages, newest first."""

    def count_recent(self, recipient: str, since: float) -> int:
        """How many messages to this recipient were committed since then."""

    def queue_depth(self) -> Mapping[str, int]:
        """Number of messages that are not done, by published state."""

    def queue_by_gateway(self) -> Mapping[str, int]:
        """Number of messages ready, waiting, submitting or unknown, by the first gateway of their present step."""

    def oldest_queued(self) -> float | None:
        """``created_at`` of the message with the lowest row among those ready or waiting."""

    # -- segments and reports
    def add_segment(self, segment: Segment) -> None:
        """Note a segment that a gateway took; the same (message, attempt, seqno) again replaces it."""

    def segments(self, message_row: int) -> Sequence[Segment]:
        """All segments of a message, by attempt and seqno."""

    def segments_by_reference(self, gateway: str, reference: str, since: float) -> Sequence[Segment]:
        """Segments of this gateway with this reference, newest first."""

    def references_since(self, gateway: str, since: float) -> frozenset[str]:
        """References of all segments that this gateway took since."""

    def open_segments(self, gateway: str, limit: int) -> Sequence[Segment]:
        """Segments of messages that wait for this gateway's reports and are not on the handset yet, newest first."""

    def save_segment(self, segment: Segment) -> None:
        """Write the outcome of a segment."""

    def add_report(self, report: StoredReport) -> None:
        """Keep a report that matches nothing yet; an equal one is kept once."""

    def reports(self, gateway: str, reference: str, since: float) -> Sequence[StoredReport]:
        """Kept reports of this gateway with this reference that arrived since then, oldest first."""

    def recent_reports(self, gateway: str, since: float) -> Sequence[StoredReport]:
        """Kept reports of this gateway that arrived since then, oldest first."""

    def remove_report(self, row: int) -> None:
        """A kept report has found its segment."""

    # -- events
    def add_event(
        self,
        kind: EventKind,
        body: Mapping[str, object],
        *,
        at: float,
        copies: tuple[Copy, ...] = (),
        message_row: int | None = None,
        inbound_group: int | None = None,
    ) -> Event:
        """Append an event; ``seq`` and ``epoch`` are added to the body as its last keys."""

    def unpublished(self, after: int, limit: int) -> Sequence[Event]:
        """Events with ``seq`` > after that no broker has acknowledged, in order."""

    def mark_published(self, seqs: Iterable[int]) -> None:
        """The broker has acknowledged these events and their copies."""

    def events_after(self, seq: int, limit: int) -> Sequence[Event]:
        """Events with a higher ``seq``, oldest first, published or not."""

    def events_of(self, message_row: int) -> Sequence[Event]:
        """The events of one message, oldest first."""

    # -- inbound
    def new_inbound_group(self) -> int:
        """A number for a new inbound message."""

    def add_part(self, part: InboundPart) -> None:
        """Keep a received segment until its message is published."""

    def open_parts(self, gateway: str, concat_key: str) -> Sequence[InboundPart]:
        """The parts of unfinished messages under this key, by group and seqno."""

    def overdue_parts(self, before: float) -> Sequence[InboundPart]:
        """All parts of those unfinished messages whose first part came before then."""

    def first_open_part(self) -> float | None:
        """``received_at`` of the oldest part of an unfinished message."""

    def remove_parts(self, group: int) -> None:
        """The message is whole (or given up): its parts are no longer needed."""

    def source(self, gateway: str, sim: str, storage: str, index: int) -> InboundSource | None:
        """What is known of the copy at this place."""

    def add_source(self, source: InboundSource) -> None:
        """Note (or replace) the copy at this place."""

    def sources(self, gateway: str, sim: str) -> Sequence[InboundSource]:
        """All copies known at one SIM's gateway."""

    def sources_of_group(self, group: int) -> Sequence[InboundSource]:
        """The copies that belong to one inbound message."""

    def remove_source(self, gateway: str, sim: str, storage: str, index: int) -> None:
        """The copy is confirmed to be gone."""

    def recent_content(self, gateway: str, digest: bytes, since: float) -> bool:
        """Whether this gateway handed up the same content since then (profiles that report twice)."""

    def remember_content(self, gateway: str, digest: bytes, at: float) -> None:
        """Note the content of a received segment."""

    # -- counters
    def count(self, scope: str, period: str, by: int = 1) -> int:
        """Add to a counter and return its new value."""

    def counter(self, scope: str, period: str) -> int:
        """A counter's value."""

    def counters(self, period: str) -> Mapping[str, int]:
        """All counters of one period, by scope."""

    # -- housekeeping
    def move_times(self, by: float) -> None:
        """The wall clock was set by so many seconds: move what counts a duration, not what names a time of day.

        That is ``expires_at`` and ``due_at`` of messages that are neither scheduled nor done, and the arrival of parts.
        """

    def purge(self, before: float, limit: int) -> int:
        """Remove at most ``limit`` rows of what is older than ``before``; returns how many.

        These are done messages (by ``updated_at``, with their segments), published events, kept reports, remembered
        contents, and counters of periods that ended 62 days earlier still.
        """


class Store(Protocol):
    """A durable memory. One process at a time."""

    async def open(self) -> None:
        """Open, migrate, check. Raises :class:`StoreInUseError` or :class:`StoreError`."""

    async def close(self) -> None:
        """Finish what was begun and close."""

    async def write(self, name: str, unit: Callable[[Transaction], T]) -> T:
        """Run a unit and return its result after the commit. ``name`` names the commit boundary in tests and metrics.

        Raises what the unit raised (nothing of it is kept), or :class:`StoreError` where the commit failed. Cancelling
        the caller does not undo the unit.
        """

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, beside the writer. Sees what has been committed."""

    def commit_age(self) -> float:
        """Seconds since the writer last showed that it is alive, for the watchdog."""
