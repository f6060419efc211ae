"""What links hand up, committed: one inlet per gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.routing.commit import commit_surely
from sms_bridge.routing.events import call_body
from sms_bridge.store.base import EventKind, StoredReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.inbox import Inbox
    from sms_bridge.routing.link import CallEvent, InboundSegment, LinkStatus, Source
    from sms_bridge.routing.reports import Reports
    from sms_bridge.store.base import Store, Transaction
    from sms_providers.model import DeliveryReport


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
        gateways: Gateways,
        committed: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._kind = kind
        self._store = store
        self._inbox = inbox
        self._reports = reports
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
