"""What links hand up, committed: one inlet per gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sms_bridge.routing.attempts import as_given
from sms_bridge.routing.commit import commit_surely
from sms_bridge.routing.events import call_body
from sms_bridge.store.base import EventKind, Phase, StoredReport
from sms_providers.provider import LostSend, OpenSend

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sms_bridge.routing.attempts import Attempts
    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.inbox import Inbox
    from sms_bridge.routing.link import CallEvent, InboundSegment, LinkStatus, Source
    from sms_bridge.routing.reports import Reports
    from sms_bridge.store.base import Store, Transaction
    from sms_providers.model import DeliveryReport, Taken


class GatewayInlet:
    """The :class:`~sms_bridge.routing.link.Inlet` of one gateway.

    ``committed`` is called after each commit that may have added events or work.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        store: Store,
        inbox: Inbox,
        reports: Reports,
        attempts: Attempts,
        gateways: Gateways,
        committed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._kind = kind
        self._store = store
        self._inbox = inbox
        self._reports = reports
        self._attempts = attempts
        self._gateways = gateways
        self._committed = committed
        self._now = now

    async def received(self, segment: InboundSegment) -> bool:
        """See :meth:`sms_bridge.routing.link.Inlet.received`."""
        delete_now = await commit_surely(
            self._store,
            "received",
            lambda tx: self._inbox.received(tx, self._name, self._kind, segment, now=self._now()),
        )
        self._committed()
        self._gateways.touch(self._name)
        return delete_now

    async def deleted(self, source: Source) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.deleted`."""
        await commit_surely(self._store, "deleted", lambda tx: self._inbox.deleted(tx, self._name, source))

    async def swept(self, sim: str, present: Mapping[str, Collection[tuple[int, str]]]) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.swept`."""
        await commit_surely(self._store, "swept", lambda tx: self._inbox.swept(tx, self._name, sim, present))

    async def report(self, report: DeliveryReport) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.report`."""
        if report.not_sent:
            await self._not_sent(report)
            return
        arrived = StoredReport(
            gateway=self._name,
            reference=report.reference,
            recipient=report.recipient,
            state=report.state,
            error=report.error,
            submitted_at=None if report.submitted_at is None else report.submitted_at.timestamp(),
            seen_at=self._now(),
        )
        await commit_surely(self._store, "report", lambda tx: self._reports.apply(tx, arrived, self._now()))
        self._committed()

    async def _not_sent(self, report: DeliveryReport) -> None:
        usable, now = self._gateways.usable(), self._now()
        await commit_surely(
            self._store,
            "not_sent",
            lambda tx: self._attempts.not_sent(tx, self._name, report, usable=usable, now=now),
        )
        self._committed()

    async def expects(self, report: DeliveryReport) -> bool:
        """See :meth:`sms_bridge.routing.link.Inlet.expects`."""
        return await self._store.read(
            lambda tx: self._reports.is_expected(
                tx, self._name, report.reference, report.recipient, self._now()
            )
        )

    async def open_sends(self, limit: int) -> Sequence[OpenSend]:
        """See :meth:`sms_bridge.routing.link.Inlet.open_sends`."""
        segments = await self._store.read(lambda tx: tx.open_segments(self._name, limit))
        return [
            OpenSend(
                reference=segment.reference,
                recipient=segment.recipient,
                taken_at=datetime.fromtimestamp(segment.taken_at, UTC),
            )
            for segment in segments
        ]

    async def references_since(self, since: datetime) -> frozenset[str]:
        """See :meth:`sms_bridge.routing.link.Inlet.references_since`."""
        return await self._store.read(lambda tx: tx.references_since(self._name, since.timestamp()))

    async def unanswered(self) -> Sequence[LostSend]:
        """See :meth:`sms_bridge.routing.link.Inlet.unanswered`."""
        messages = await self._store.read(lambda tx: tx.in_phase(Phase.UNKNOWN, self._name))
        return [
            LostSend(
                reference=message.row,
                message=as_given(message, self._now()),
                sent_at=datetime.fromtimestamp(message.submitted_at, UTC),
            )
            for message in messages
            if message.submitted_at is not None
        ]

    async def answered(self, row: int, taken: Taken) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.answered`."""
        await commit_surely(
            self._store,
            "answered",
            lambda tx: self._attempts.answered(tx, self._name, row, taken, self._now()),
        )
        self._committed()

    async def late_answer(self, reference: str) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.late_answer`."""
        await commit_surely(
            self._store,
            "late_answer",
            lambda tx: self._reports.late_answer(tx, self._name, reference, self._now()),
        )
        self._committed()

    async def call(self, originator: str | None, event: CallEvent, at: datetime) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.call`."""
        body = call_body(originator, self._name, event, at)

        def unit(tx: Transaction) -> None:
            tx.add_event(EventKind.CALL, body, at=self._now())

        await commit_surely(self._store, "call", unit)
        self._committed()

    async def recall(self, key: str) -> str | None:
        """See :meth:`sms_bridge.routing.link.Inlet.recall`."""
        return await self._store.read(lambda tx: tx.recall(self._name, key))

    async def remember(self, key: str, value: str | None) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.remember`."""
        await commit_surely(self._store, "remember", lambda tx: tx.remember(self._name, key, value))

    def status_changed(self, status: LinkStatus) -> None:
        """See :meth:`sms_bridge.routing.link.Inlet.status_changed`."""
        self._gateways.status_changed(self._name, status)
