"""A provider that does what a test says, and an inlet that notes what it is handed."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sms_bridge.links.provider import ProviderLink
from sms_bridge.routing.link import Submission
from sms_providers.inbound import join_received
from sms_providers.model import (
    Balance,
    Capability,
    Error,
    ErrorCode,
    InboundMessage,
    NoAnswer,
    OutboundMessage,
    Refused,
    State,
    Taken,
)
from sms_providers.provider import (
    CallbackError,
    LostSend,
    OpenSend,
    ProviderKind,
    Received,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import aiohttp

    from sms_bridge.routing.link import InboundSegment, LinkState, LinkStatus
    from sms_providers.model import (
        DeliveryReport,
        Outcome,
    )
    from sms_providers.provider import (
        CallbackRequest,
        IncomingPage,
        OptionCheck,
        Outgoing,
    )

#: 2026-11-20T10:15:00Z
NOW = 1_795_169_700.0
NUMBER = "+491701234567"
ALL = frozenset(Capability)


def at(seconds: float = 0.0) -> datetime:
    """A time so many seconds after the beginning."""
    return datetime.fromtimestamp(NOW + seconds, UTC)


def refused(code: ErrorCode, **values: Any) -> Refused:  # noqa: ANN401 - fields of Refused
    return Refused(error=Error(code=code, message=f"refused: {code}"), **values)


def no_answer() -> NoAnswer:
    return NoAnswer(error=Error(code=ErrorCode.TIMEOUT, message="no answer"))


def received(key: str, text: str) -> Received:
    message = InboundMessage(originator=NUMBER, text=text, sent_at=at(), received_at=at())
    return Received(key=key, message=message)


def submission(row: int = 1, text: str = "the door is open", **values: Any) -> Submission:  # noqa: ANN401
    message = OutboundMessage(recipient=NUMBER, text=text, **values)
    return Submission(row=row, attempt=1, message=message, concat_ref=row)


@dataclass
class Script:
    """What the provider says and was asked; it outlives sessions. Errors among the answers are raised.

    What is asked for without an answer left in its queue is answered well: checks pass, sends are taken.
    """

    checks: deque[Exception | None] = field(default_factory=deque)
    sends: deque[Outcome | Exception | asyncio.Event] = field(default_factory=deque)
    finds: deque[Mapping[int, Taken] | Exception] = field(default_factory=deque)
    report_answers: deque[Sequence[DeliveryReport] | Exception] = field(default_factory=deque)
    pages: deque[IncomingPage | Exception | None] = field(default_factory=deque)
    balance: Balance | Exception = field(
        default_factory=lambda: Balance(amount=Decimal("12.40"), currency="EUR")
    )
    callback: Sequence[DeliveryReport | Received] | Exception = ()
    #: What was asked, and when (seconds of the loop).
    log: list[tuple[str, float]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    asked_find: list[tuple[list[int], frozenset[str]]] = field(default_factory=list)
    asked_reports: list[list[str]] = field(default_factory=list)
    asked_incoming: list[str | None] = field(default_factory=list)
    sessions: list[aiohttp.ClientSession] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.log.append((what, asyncio.get_running_loop().time()))

    def times(self, what: str) -> list[float]:
        return [when for name, when in self.log if name == what]


class ScriptedProvider:
    """One account, on one session."""

    kind = ProviderKind.GENIQ
    title = "GENIQ"
    capabilities: frozenset[Capability] = ALL
    max_batch = 10
    options: Mapping[str, OptionCheck] = {"dataCoding": str}

    def __init__(self, session: aiohttp.ClientSession, script: Script) -> None:
        self._script = script
        script.sessions.append(session)

    async def check(self) -> None:
        self._script.note("check")
        answer = self._script.checks.popleft() if self._script.checks else None
        if answer is not None:
            raise answer

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        self._script.note("send")
        self._script.sent += batch
        return [await self._outcome(outgoing) for outgoing in batch]

    async def _outcome(self, outgoing: Outgoing) -> Outcome:
        answer = self._script.sends.popleft() if self._script.sends else None
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = None
        return answer or Taken(references=(f"r{outgoing.reference}",), state=State.ACCEPTED)

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        self._script.note("find")
        self._script.asked_find.append(([send.reference for send in lost], known))
        answer = self._script.finds.popleft() if self._script.finds else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        self._script.note("reports")
        self._script.asked_reports.append([send.reference for send in sends])
        answer = self._script.report_answers.popleft() if self._script.report_answers else ()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def incoming(self, after: str | None) -> IncomingPage | None:
        self._script.note("incoming")
        self._script.asked_incoming.append(after)
        answer = self._script.pages.popleft() if self._script.pages else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def balance(self) -> Balance:
        if isinstance(self._script.balance, Exception):
            raise self._script.balance
        return self._script.balance

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        if request.body == b"garbage":
            raise CallbackError(400, "no form")
        if isinstance(self._script.callback, Exception):
            raise self._script.callback
        return self._script.callback

    def transcript(self) -> Sequence[str]:
        return ("POST /sms: HTTP 200 (0.10 s)",)


@dataclass
class Inlet:
    """Keeps what it is handed; `lost` and `opened` are what the store would say."""

    lost: list[LostSend] = field(default_factory=list)
    opened: list[OpenSend] = field(default_factory=list)
    memory: dict[str, str] = field(default_factory=dict)
    statuses: list[LinkStatus] = field(default_factory=list)
    reports: list[DeliveryReport] = field(default_factory=list)
    segments: list[InboundSegment] = field(default_factory=list)
    found: list[tuple[int, Taken]] = field(default_factory=list)
    known: set[str] = field(default_factory=lambda: {"r1"})
    fault: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def state(self) -> LinkState:
        return self.statuses[-1].state

    def status_changed(self, status: LinkStatus) -> None:
        self.statuses.append(status)
        self.changed.set()

    async def told(self, count: int) -> None:
        """Wait until the link has told its state so many times."""
        async with asyncio.timeout(10):
            while len(self.statuses) < count:
                self.changed.clear()
                await self.changed.wait()

    async def recall(self, key: str) -> str | None:
        return self.memory.get(key)

    async def remember(self, key: str, value: str | None) -> None:
        assert value is not None
        self.memory[key] = value

    async def unanswered(self) -> Sequence[LostSend]:
        return tuple(self.lost)

    async def open_sends(self, limit: int) -> Sequence[OpenSend]:
        return self.opened[:limit]

    async def references_since(self, since: datetime) -> frozenset[str]:
        return frozenset(send.reference for send in self.opened if send.taken_at >= since)

    async def answered(self, row: int, taken: Taken) -> None:
        self.lost = [send for send in self.lost if send.reference != row]
        self.found.append((row, taken))

    async def expects(self, report: DeliveryReport) -> bool:
        return report.reference in self.known

    async def report(self, report: DeliveryReport) -> None:
        if self.fault is not None:
            raise self.fault
        self.reports.append(report)

    async def received(self, segment: InboundSegment) -> bool:
        assert segment.event_key
        message = join_received([segment.raw], segment.message.received_at)
        assert message == replace(segment.message, raw=message.raw)
        self.segments.append(segment)
        return True


@dataclass
class Stand:
    """A running link on a scripted provider."""

    link: ProviderLink
    script: Script
    inlet: Inlet

    async def submit(self, *batch: Submission) -> Sequence[Outcome]:
        async def segment_taken(row: int, seqno: int, reference: str) -> None:
            raise AssertionError((row, seqno, reference))

        return await self.link.submit(batch or (submission(),), segment_taken)

    def lose(self, row: int = 1, text: str = "the door is open") -> None:
        """The store has an attempt without an answer."""
        message = OutboundMessage(recipient=NUMBER, text=text)
        self.inlet.lost.append(LostSend(reference=row, message=message, sent_at=at()))

    def open(self, reference: str, taken_at: float = 0.0) -> None:
        """The store has a message whose report is awaited."""
        self.inlet.opened.append(OpenSend(reference=reference, recipient=NUMBER, taken_at=at(taken_at)))


def make_link(script: Script, capabilities: frozenset[Capability] = ALL) -> ProviderLink:
    class Provider(ScriptedProvider):
        pass

    Provider.capabilities = capabilities
    loop = asyncio.get_running_loop()
    return ProviderLink(
        "cloud",
        Provider,
        script,
        poll_interval=60,
        now=lambda: NOW + loop.time(),
    )


@asynccontextmanager
async def standing(
    script: Script | None = None, inlet: Inlet | None = None, *without: Capability
) -> AsyncIterator[Stand]:
    """A link that has been started, and is stopped at the end."""
    script = script or Script()
    link = make_link(script, ALL - set(without))
    stand = Stand(link, script, inlet or Inlet())
    await link.start(stand.inlet)  # type: ignore[arg-type] # a modem's methods are left out
    await asyncio.sleep(0)
    try:
        yield stand
    finally:
        await link.stop()
        assert all(session.closed for session in script.sessions)
