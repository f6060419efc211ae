"""The router's units on a real store, step by step: commit, claim, settle, report, let time pass."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sms_bridge.routing.attempts import Attempts
from sms_bridge.routing.command import Command, Reply
from sms_bridge.routing.inbox import Inbox
from sms_bridge.routing.intake import Intake
from sms_bridge.routing.limits import Calendar, Quota
from sms_bridge.routing.outbox import Outbox
from sms_bridge.routing.recipients import AddressBook
from sms_bridge.routing.reports import Reports
from sms_bridge.routing.router import Router
from sms_bridge.routing.settings import Contact, Limits, RoutingSettings
from sms_bridge.routing.timers import recover, run_due
from sms_bridge.store import open_store
from sms_bridge.store.base import EventKind, StoredReport
from sms_providers.model import (
    Capability,
    Error,
    ErrorCode,
    InboundMessage,
    NoAnswer,
    RefusalClass,
    Refused,
    State,
    Taken,
    refusal_class,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sms_bridge.routing.command import Packet, Rejection
    from sms_bridge.routing.link import Submission
    from sms_bridge.store.base import Event, Message, Transaction
    from sms_providers.model import Outcome
    from sms_providers.provider import OptionCheck

T = TypeVar("T")

#: 2026-11-20T10:15:00Z
NOW = 1_795_169_700.0
#: A number that no test gives to a contact.
NUMBER = "+491701234567"
ANNA = "+4917611111111"
BEN = "+4917622222222"
#: Nothing paces or refuses unless a test is about it.
NO_LIMITS = Limits(per_minute=None, per_day=None, per_recipient_per_hour=None)
CONTACTS = {
    "anna": Contact(name="anna", number=ANNA),
    "ben": Contact(name="ben", number=BEN, gateway=("spare",)),
}
GROUPS = {"family": ("anna", "ben")}


@dataclass
class Gateway:
    """As much of a link as routes are made of."""

    name: str
    kind: str = "fake"
    max_batch: int = 1
    capabilities: frozenset[Capability] = frozenset({Capability.DELIVERY_REPORT})
    parallel: int = 1
    by_segment: bool = True
    options: Mapping[str, OptionCheck] = field(default_factory=dict)


def settings(**values: object) -> RoutingSettings:
    """Settings with three gateways, two contacts and no limits, except for what is given."""
    given: dict[str, Any] = {
        "gateways": ("stick", "spare", "cloud"),
        "contacts": CONTACTS,
        "groups": GROUPS,
        "limits": NO_LIMITS,
        **values,
    }
    return RoutingSettings(**given)


def send(
    to: str | tuple[str, ...] = NUMBER, text: str | None = "the door is open", **values: object
) -> Command:
    """A send object."""
    given: dict[str, Any] = {"text": text, **values}
    several = isinstance(to, tuple)
    return Command(to=to if isinstance(to, tuple) else (to,), is_group=several, **given)


def refused(code: ErrorCode, **values: object) -> Refused:
    """A gateway's refusal."""
    temporary = refusal_class(code) is RefusalClass.TEMPORARY
    error = Error(code=code, message=f"refused: {code}", temporary=temporary)
    given: dict[str, Any] = {"error": error, **values}
    return Refused(**given)


def no_answer(expected: str | None = None) -> NoAnswer:
    """An attempt without an answer."""
    error = Error(code=ErrorCode.TIMEOUT, message="no answer in 120 s", temporary=True)
    return NoAnswer(error=error, expected_reference=expected)


def taken(*references: str, **values: object) -> Taken:
    """A gateway took everything."""
    given: dict[str, Any] = {"references": references, **values}
    return Taken(**given)


def join(segments: Sequence[str | None], received_at: datetime) -> InboundMessage:
    """A joiner whose raw segments are their own text."""
    return InboundMessage(
        originator=ANNA,
        text="".join("…" if raw is None else raw.partition("#")[0] for raw in segments),
        sent_at=None,
        received_at=received_at,
        segments=len(segments),
        incomplete=None in segments,
    )


@dataclass
class Bench:
    """The units around one store; ``now`` is the wall clock."""

    folder: Path
    settings: RoutingSettings = field(default_factory=settings)
    links: dict[str, Gateway] = field(default_factory=dict)
    now: float = NOW

    def __post_init__(self) -> None:
        self.store = open_store(f"sqlite:///{self.folder}/bridge.db")
        self.links = self.links or {name: Gateway(name) for name in self.settings.gateways}
        self.usable = frozenset(self.links)
        self.configure(self.settings)

    def configure(self, new: RoutingSettings) -> None:
        """Build the units anew, as after a restart with this configuration."""
        self.settings = new
        self.calendar = Calendar(new.defaults.time_zone or UTC)
        book = AddressBook(new)
        links: Any = self.links
        router = Router(new, links)
        wholesale = frozenset(name for name, link in self.links.items() if not link.by_segment)
        self.reports = Reports(new.defaults, wholesale)
        self.attempts = Attempts(new, self.calendar, self.reports)
        self.inbox = Inbox(new, book, self.calendar, {"fake": join})
        self.intake = Intake(new, book, router, Quota(new.limits, self.calendar), self.calendar)
        self.outbox = Outbox(
            self.store, self.intake, book, router, committed=lambda: None, now=lambda: self.now
        )

    async def do(self, unit: Callable[[Transaction], T]) -> T:
        """Commit one unit."""
        return await self.store.write("test", unit)

    async def accept(self, *commands: Command | Rejection, packet: Packet | None = None) -> bool:
        """Judge the commands of one PUBLISH."""
        return await self.do(lambda tx: self.intake.accept(tx, commands, packet, self.now))

    async def queue(self, message_id: str = "m", **values: object) -> Message:
        """Commit one message that must be accepted."""
        given: dict[str, Any] = {"id": message_id, **values}
        await self.accept(send(**given))
        return await self.message(message_id)

    async def rejection(self, **values: object) -> dict[str, Any]:
        """The one event that a command causes, which is a refusal."""
        given: dict[str, Any] = values
        before = len(await self.events())
        await self.accept(send(**given))
        (event,) = (await self.events())[before:]
        assert (event["state"], event["final"], event["gateway"]) == ("rejected", True, None)
        return event

    async def claim(self, gateway: str = "stick", limit: int = 1) -> list[Submission]:
        """What a gateway's worker would be given."""
        return await self.do(lambda tx: self.attempts.claim(tx, gateway, self.usable, limit, self.now))

    async def claim_one(self, gateway: str = "stick") -> Submission:
        """The one submission that must be there."""
        (submission,) = await self.claim(gateway)
        return submission

    async def segment(self, submission: Submission, seqno: int, reference: str) -> None:
        """A gateway took one segment of several."""
        await self.do(lambda tx: self.attempts.segment_taken(tx, submission.row, seqno, reference, self.now))

    async def settle(self, submission: Submission, outcome: Outcome) -> None:
        """Write down an attempt's outcome."""
        await self.do(
            lambda tx: self.attempts.settle(
                tx, submission.row, submission.attempt, outcome, usable=self.usable, now=self.now
            )
        )

    async def attempt(self, outcome: Outcome, gateway: str = "stick") -> Submission:
        """Claim and settle."""
        submission = await self.claim_one(gateway)
        await self.settle(submission, outcome)
        return submission

    async def report(
        self,
        reference: str,
        state: State | None = State.DELIVERED,
        *,
        gateway: str = "stick",
        recipient: str | None = NUMBER,
        submitted_at: float | None = None,
        error: Error | None = None,
    ) -> None:
        """A delivery report comes in."""
        arrived = StoredReport(
            gateway=gateway,
            reference=reference,
            recipient=recipient,
            state=state,
            error=error,
            submitted_at=submitted_at,
            seen_at=self.now,
        )
        await self.do(lambda tx: self.reports.apply(tx, arrived, self.now))

    async def late_answer(self, reference: str, gateway: str = "stick") -> None:
        """The answer to an attempt comes after all."""
        await self.do(lambda tx: self.reports.late_answer(tx, gateway, reference, self.now))

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and the clock look."""
        self.now += seconds
        while await self.do(lambda tx: run_due(tx, self.attempts, self.now, 100)):
            pass

    def transcript(self) -> list[str]:
        return []

    async def restart(self) -> None:
        """Kill the process and start it again."""
        await self.store.close()
        self.store = open_store(f"sqlite:///{self.folder}/bridge.db")
        await self.store.open()
        self.configure(self.settings)
        await self.do(lambda tx: recover(tx, self.attempts, self.now))

    async def message(self, message_id: str = "m") -> Message:
        """A message as it is kept."""
        found = await self.store.read(lambda tx: tx.message_by_id(message_id))
        assert found is not None, message_id
        return found

    async def raw_events(self) -> Sequence[Event]:
        """All events, oldest first."""
        return await self.store.read(lambda tx: tx.events_after(0, 10_000))

    async def events(self, kind: EventKind = EventKind.DLR) -> list[dict[str, Any]]:
        """The payloads of all events of a kind."""
        return [json.loads(event.payload) for event in await self.raw_events() if event.kind is kind]

    async def states(self, message_id: str = "m") -> list[str]:
        """The published states of a message, ``!`` marking the final ones."""
        return [
            event["state"] + ("!" if event["final"] else "")
            for event in await self.events()
            if event["id"] == message_id and not event["repeat"]
        ]

    async def last(self) -> dict[str, Any]:
        """The last dlr event."""
        return (await self.events())[-1]


def reply(topic: str = "answers/7") -> Reply:
    """MQTT 5's wish for an answer."""
    return Reply(topic=topic, correlation=b"\x07", user_properties=(("room", "hall"),))


def at(clock: str) -> float:
    """Unix seconds of a time in UTC."""
    return datetime.fromisoformat(clock).replace(tzinfo=UTC).timestamp()
