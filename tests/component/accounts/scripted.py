"""A provider that does what a test tells it to, and keeps what it was given."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from custom_components.sms_gateway.sms_providers.model import (
    Balance,
    Capability,
    Concat,
    DeliveryReport,
    Error,
    ErrorCode,
    InboundMessage,
    NoAnswer,
    Refused,
    State,
    Taken,
)
from custom_components.sms_gateway.sms_providers.options import flag
from custom_components.sms_gateway.sms_providers.provider import (
    CallbackError,
    ProviderKind,
    Received,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from custom_components.sms_gateway.sms_providers.model import Outcome
    from custom_components.sms_gateway.sms_providers.provider import (
        CallbackRequest,
        IncomingPage,
        LostSend,
        OpenSend,
        OptionCheck,
        Outgoing,
    )

#: Everything that the backend makes use of.
ABLE = frozenset(
    {
        Capability.ORIGINATOR,
        Capability.DELIVERY_REPORT,
        Capability.INCOMING,
        Capability.BALANCE,
        Capability.SCHEDULE,
        Capability.REPORT_CALLBACK,
        Capability.REPORT_POLL,
        Capability.INCOMING_CALLBACK,
        Capability.RECONCILE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What left: one message of a request."""

    recipient: str
    text: str | None
    reference: int
    outgoing: Outgoing


class ScriptedProvider:
    """Implements the Provider protocol.

    ``outcomes`` are taken in order, one per request (a sequence: one per message of it), then everything is taken.
    ``hold`` keeps answers back until it is set. A callback is the JSON of a report or received message.
    """

    kind = ProviderKind.GENIQ
    title = "Scripted"
    max_batch = 10

    def __init__(self) -> None:
        self.capabilities = ABLE
        self.options: Mapping[str, OptionCheck] = {"fancy": flag}
        self.batches: list[list[Outgoing]] = []
        self.outcomes: deque[Outcome | Sequence[Outcome] | Exception] = deque()
        self.errors: dict[str, Exception] = {}
        self.answered = asyncio.Event()
        self.answered.set()
        self.asked_to_send = asyncio.Event()
        self.asked: list[list[OpenSend]] = []
        self.found: dict[int, Taken] = {}
        self.lost: list[list[LostSend]] = []
        self.known: frozenset[str] = frozenset()
        self.to_report: list[DeliveryReport] = []
        self.pages: deque[IncomingPage] = deque()
        self.positions: list[str | None] = []
        self.money = Balance(amount=Decimal("12.50"), currency="EUR")
        self.checks = 0

    @property
    def sent(self) -> list[Sent]:
        """Every message handed over, in order."""
        return [
            Sent(
                recipient=item.message.recipient,
                text=item.message.text,
                reference=item.reference,
                outgoing=item,
            )
            for batch in self.batches
            for item in batch
        ]

    async def check(self) -> None:
        """Fail as told."""
        self.checks += 1
        self._fail("check")

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Answer with the next outcome."""
        self.batches.append(list(batch))
        self.asked_to_send.set()
        await self.answered.wait()
        outcome = self.outcomes.popleft() if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            return [taken(f"p{item.reference}") for item in batch]
        if isinstance(outcome, Taken | Refused | NoAnswer):
            return [outcome] * len(batch)
        return outcome

    async def find(self, lost: Sequence[LostSend], known: frozenset[str]) -> Mapping[int, Taken]:
        """Find what a test has hidden."""
        self.lost.append(list(lost))
        self.known = known
        self._fail("find")
        return {send.reference: self.found[send.reference] for send in lost if send.reference in self.found}

    async def reports(self, sends: Sequence[OpenSend]) -> Sequence[DeliveryReport]:
        """Tell what a test has put there."""
        self.asked.append(list(sends))
        self._fail("reports")
        return self.to_report

    async def incoming(self, after: str | None) -> IncomingPage | None:
        """Turn the next page."""
        self.positions.append(after)
        self._fail("incoming")
        return self.pages.popleft() if self.pages else None

    async def balance(self) -> Balance:
        """Tell the money."""
        self._fail("balance")
        return self.money

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        """Read a callback; without the word ``key`` in its query it is a forged one."""
        if "key" not in request.query:
            raise CallbackError(403, "wrong key")
        try:
            members = json.loads(request.body)
            if "text" in members:
                return [received(**members)]
            return [report(members["reference"], State(members["state"]))]
        except (ValueError, KeyError, TypeError) as error:
            raise CallbackError(400, "unreadable") from error

    def transcript(self) -> Sequence[str]:
        """Tell what was done."""
        return ["POST /sms: HTTP 200 (0.10 s)"]

    def _fail(self, what: str) -> None:
        if what in self.errors:
            raise self.errors[what]


def taken(*references: str) -> Taken:
    """The provider has it."""
    return Taken(references=references, state=State.ACCEPTED)


def refused(code: ErrorCode, *, retry_after: float | None = None) -> Refused:
    """The provider does not want it."""
    return Refused(
        error=Error(code=code, message=f"Scripted: {code}", provider_code="6"), retry_after=retry_after
    )


def no_answer(reference: str | None = None) -> NoAnswer:
    """Nobody knows."""
    error = Error(code=ErrorCode.TIMEOUT, message="Scripted: no answer")
    return NoAnswer(error=error, expected_reference=reference)


def report(
    reference: str, state: State | None, *, recipient: str | None = None, not_sent: bool = False
) -> DeliveryReport:
    """A delivery report."""
    error = Error(code=ErrorCode.NOT_REGISTERED, message="no service", temporary=True) if not_sent else None
    return DeliveryReport(
        reference=reference, state=state, recipient=recipient, error=error, not_sent=not_sent
    )


def received(
    key: str, text: str, *, seqno: int = 1, total: int = 1, sent_at: datetime | None = None
) -> Received:
    """A received message, or a segment of one."""
    concat = Concat(key="long", total=total, seqno=seqno) if total > 1 else None
    message = InboundMessage(
        originator="+491701234567", text=text, sent_at=sent_at, received_at=datetime.now(UTC)
    )
    return Received(key=key, message=message, concat=concat)
