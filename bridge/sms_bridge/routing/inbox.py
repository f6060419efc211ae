"""Received segments: recognised, joined, published once, and freed from the gateway when it is safe."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.events import incoming_body
from sms_bridge.routing.identifiers import ulid
from sms_bridge.store.base import Copy, EventKind, InboundPart, InboundSource, SourceState
from sms_providers.model import InboundMessage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sms_bridge.routing.limits import Calendar
    from sms_bridge.routing.link import InboundSegment, Joiner, Source
    from sms_bridge.routing.recipients import AddressBook
    from sms_bridge.routing.settings import RoutingSettings
    from sms_bridge.store.base import Transaction
    from sms_providers.model import Concat

#: Columns of the daily counters, by gateway.
RECEIVED: Final = "received:"
#: For how long a modem that stores twice may repeat itself, in seconds.
_CONTENT_WINDOW: Final = 86_400.0


class Inbox:
    """The units of inbound traffic. Every method runs inside one transaction. ``joiners`` are by kind of gateway."""

    def __init__(
        self,
        settings: RoutingSettings,
        book: AddressBook,
        calendar: Calendar,
        joiners: Mapping[str, Joiner],
    ) -> None:
        self._settings = settings
        self._book = book
        self._calendar = calendar
        self._joiners = joiners

    def received(self, tx: Transaction, gateway: str, kind: str, segment: InboundSegment, now: float) -> bool:
        """Commit a segment unless it is known; ``True`` when the gateway shall delete its copy at once.

        The dedupe key is (SIM, storage, index, PDU) and lives until the deletion is confirmed.
        """
        source = segment.source
        if source is not None:
            known = tx.source(gateway, source.sim, source.storage, source.index)
            if known is not None and known.pdu == source.pdu:
                if segment.storage_full:
                    tx.add_source(replace(known, state=SourceState.DELETABLE))
                return segment.storage_full or known.state is SourceState.DELETABLE
        if segment.event_key is not None:
            # An event of a provider has a name of its own: it is the same however late it comes again.
            since = 0.0 if source is None else now - _CONTENT_WINDOW
            if self._is_repeated(tx, gateway, segment.event_key, since=since, now=now):
                return True
        group, is_whole = self._place(tx, gateway, kind, segment, now=now)
        delete_now = segment.storage_full or not is_whole
        if source is not None:
            tx.add_source(
                InboundSource(
                    gateway=gateway,
                    sim=source.sim,
                    storage=source.storage,
                    index=source.index,
                    pdu=source.pdu,
                    group=group,
                    state=SourceState.DELETABLE if delete_now else SourceState.WAITING,
                )
            )
        return delete_now

    def deleted(self, tx: Transaction, gateway: str, source: Source) -> None:
        """The gateway's copy is gone; another message may lie in its place already."""
        known = tx.source(gateway, source.sim, source.storage, source.index)
        if known is not None and known.pdu == source.pdu:
            tx.remove_source(gateway, source.sim, source.storage, source.index)

    def swept(
        self,
        tx: Transaction,
        gateway: str,
        sim: str,
        present: Mapping[str, Collection[tuple[int, str]]],
    ) -> None:
        """Close the books on copies that a complete listing no longer shows."""
        for known in tx.sources(gateway, sim):
            if known.storage in present and (known.index, known.pdu) not in present[known.storage]:
                tx.remove_source(gateway, sim, known.storage, known.index)

    def is_overdue(self, first_part: float, now: float) -> bool:
        """Whether a message whose first segment came then has waited long enough for the others."""
        return first_part < now - self._settings.join_timeout

    def give_up(self, tx: Transaction, numbers: Mapping[str, str | None], now: float) -> None:
        """Publish what is there of messages whose missing segments have not come in time.

        ``numbers`` are the gateways' own, by name.
        """
        overdue = sorted(
            tx.overdue_parts(now - self._settings.join_timeout), key=attrgetter("group", "seqno")
        )
        for _, parts in groupby(overdue, key=attrgetter("group")):
            together = list(parts)
            self._publish_joined(tx, together, now, numbers.get(together[0].gateway))

    def _is_repeated(
        self, tx: Transaction, gateway: str, event_key: str, *, since: float, now: float
    ) -> bool:
        digest = hashlib.blake2b(event_key.encode(), digest_size=16).digest()
        if tx.recent_content(gateway, digest, since):
            return True
        tx.remember_content(gateway, digest, now)
        return False

    def _place(
        self, tx: Transaction, gateway: str, kind: str, segment: InboundSegment, *, now: float
    ) -> tuple[int, bool]:
        """The message that a segment belongs to, and whether it is whole (then it has been published)."""
        concat = segment.concat
        if concat is None or concat.total == 1:
            group = tx.new_inbound_group()
            self._publish(tx, gateway, group, segment.message, now)
            return group, True
        parts = tx.open_parts(gateway, concat.key)
        group = _group_lacking(parts, concat) or tx.new_inbound_group()
        part = InboundPart(
            group=group,
            gateway=gateway,
            kind=kind,
            concat_key=concat.key,
            total=concat.total,
            seqno=concat.seqno,
            raw=segment.raw,
            received_at=now,
        )
        tx.add_part(part)
        together = [*(other for other in parts if other.group == group), part]
        if len(together) < concat.total:
            return group, False
        self._publish_joined(tx, together, now, segment.message.recipient)
        return group, True

    def _publish_joined(
        self, tx: Transaction, parts: Sequence[InboundPart], now: float, recipient: str | None
    ) -> None:
        first = parts[0]
        by_seqno = {part.seqno: part.raw for part in parts}
        raws = [by_seqno.get(seqno) for seqno in range(1, first.total + 1)]
        received_at = datetime.fromtimestamp(now, UTC)
        message = self._joiners.get(first.kind, _leave_unread)(raws, received_at)
        tx.remove_parts(first.group)
        self._publish(tx, first.gateway, first.group, replace(message, recipient=recipient), now)

    def _publish(
        self, tx: Transaction, gateway: str, group: int, message: InboundMessage, now: float
    ) -> None:
        name = self._book.name_of(message.originator)
        message = replace(message, originator_name=message.originator_name or name)
        copies: tuple[Copy, ...] = ()
        if self._settings.plain_topics and name is not None and message.text is not None:
            copies = (Copy(topic=f"incoming/{name}", text=message.text),)
        body = incoming_body(f"in-{ulid(now)}", gateway, message)
        tx.add_event(EventKind.INCOMING, body, at=now, copies=copies, inbound_group=group)
        tx.count(f"{RECEIVED}{gateway}", self._calendar.day(now))


def _leave_unread(segments: Sequence[str | None], received_at: datetime) -> InboundMessage:
    """What is left where no gateway of that kind is configured any more: the segments as they came."""
    return InboundMessage(
        originator="",
        text="",
        sent_at=None,
        received_at=received_at,
        segments=len(segments),
        incomplete=True,
        raw=tuple(raw for raw in segments if raw is not None),
    )


def _group_lacking(parts: Sequence[InboundPart], concat: Concat) -> int | None:
    """The oldest unfinished message of this key that still lacks this segment."""
    lacking: dict[int, bool] = {}
    for part in parts:
        lacking[part.group] = lacking.get(part.group, True) and part.seqno != concat.seqno
    return next((group for group in sorted(lacking) if lacking[group]), None)
