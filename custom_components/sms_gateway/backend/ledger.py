"""What an account must not forget, in ``.storage``: messages and their ids, received ones, counters, positions.

What is still open is a small file that is written before every request to the provider; what is over moves to a second
one now and then, and stays there for 30 days.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .record import Attempt, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from homeassistant.core import HomeAssistant

    from .record import Record

_VERSION: Final = 1
#: How long messages and the keys of received ones are kept (component's contract, *Actions*).
KEPT: Final = timedelta(days=30)
#: Final messages that move to the second file at once; fewer wait for :meth:`Ledger.archive`.
_FULL: Final = 200
#: Our references: what every provider's field for them holds (SmsGateway24, ``customerid``).
_REFERENCES: Final = 2**31 - 1


@dataclass(slots=True)
class Today:
    """Counters of one day in Home Assistant's time zone."""

    day: str = ""
    sent: int = 0
    failed: int = 0
    received: int = 0


@dataclass(slots=True)
class Desk:
    """What is open beside messages.

    ``seen`` are keys of received events and when they came (Unix seconds); ``parts`` are segments that wait for the
    rest by the key of their message; ``inbox`` are received messages that nobody has heard of yet. ``called_at`` is
    when the provider last called with a report.
    """

    reference: int = field(default_factory=lambda: secrets.randbelow(2**30))
    position: str | None = None
    called_at: str | None = None
    today: Today = field(default_factory=Today)
    seen: dict[str, float] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    inbox: list[dict[str, Any]] = field(default_factory=list)


class Ledger:
    """The memory of one account. ``key`` names its files."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        self._open, self._closed = _stores(hass, key)
        self._lock = asyncio.Lock()
        self._changes = 0
        self._written = 0
        self._archived: set[str] = set()
        self._moving: set[str] = set()
        self._ended = False
        self._groups: dict[str, list[Record]] = defaultdict(list)
        self._by_reference: dict[str, list[tuple[Record, Attempt]]] = defaultdict(list)
        self.records: dict[str, Record] = {}
        self.desk = Desk()

    async def load(self) -> None:
        """Read what the last run has written; what is too old is forgotten."""
        stored = await self._open.async_load() or {}
        closed = await self._closed.async_load() or {}
        if "desk" in stored:
            self.desk = Desk(**{**stored["desk"], "today": Today(**stored["desk"]["today"])})
        for written in closed.get("records", ()):
            self._index(from_json(written))
            self._archived.add(written["id"])
        for written in stored.get("records", ()):
            self._archived.discard(written["id"])
            self._forget(written["id"])
            self._index(from_json(written))

    # -- messages

    def add(self, records: Iterable[Record]) -> None:
        """Keep messages; :meth:`commit` writes them."""
        for record in records:
            self._index(record)

    def find(self, message_id: str) -> Sequence[Record]:
        """The message with this id, or the messages of the group."""
        record = self.records.get(message_id)
        return [record] if record is not None else self._groups.get(message_id, [])

    def begin(self, record: Record, now: datetime) -> Attempt:
        """Note that a message is about to be handed over."""
        self.desk.reference = self.desk.reference % _REFERENCES + 1
        attempt = Attempt(reference=self.desk.reference, at=now)
        record.attempts.append(attempt)
        return attempt

    def refer(self, record: Record, attempt: Attempt, references: Iterable[str]) -> None:
        """Note what reports on an attempt bear."""
        for reference in references:
            if reference not in attempt.parts:
                attempt.parts[reference] = None
                self._by_reference[reference].append((record, attempt))

    def referred(self, reference: str) -> Sequence[tuple[Record, Attempt]]:
        """The attempts that a report with this reference may be about."""
        return self._by_reference.get(reference, ())

    def references(self) -> frozenset[str]:
        """Everything that the provider has named."""
        return frozenset(self._by_reference)

    def open_records(self) -> list[Record]:
        """The messages that are not over."""
        return [record for record in self.records.values() if not record.final]

    # -- the day

    def today(self) -> Today:
        """The counters of today, by Home Assistant's time zone."""
        day = dt_util.now().date().isoformat()
        if self.desk.today.day != day:
            self.desk.today = Today(day=day)
        return self.desk.today

    # -- disk

    async def commit(self, changed: Iterable[Record] = ()) -> None:
        """Return once everything noted so far is written. Those who ask together are written together."""
        touched = {record.id for record in changed}
        self._archived -= touched
        self._moving -= touched
        if self._ended:
            return
        self._changes += 1
        wanted = self._changes
        async with self._lock:
            if self._written < wanted:
                written = self._changes
                await self._open.async_save(self._open_data())
                self._written = written
        if len(self.records) - len(self._archived) > _FULL:
            await self.archive()

    async def archive(self) -> None:
        """Move what is over to the second file, and forget what is too old."""
        oldest = dt_util.utcnow() - KEPT
        for record in [item for item in self.records.values() if item.final and item.created_at < oldest]:
            self._forget(record.id)
        seen = self.desk.seen
        self.desk.seen = {key: at for key, at in seen.items() if at > oldest.timestamp()}
        over = [record for record in self.records.values() if record.final]
        self._moving = {record.id for record in over}
        if self._ended or self._moving == self._archived:
            return
        await self._closed.async_save({"records": [to_json(record) for record in over]})
        # Without what has changed meanwhile: only the first file has it as it is.
        self._archived = set(self._moving)

    async def close(self) -> None:
        """Write everything, and nothing ever after: these files may be another's by then."""
        await self.commit()
        await self.archive()
        self._ended = True

    def _open_data(self) -> dict[str, Any]:
        present = [record for key, record in self.records.items() if key not in self._archived]
        return {"desk": asdict(self.desk), "records": [to_json(record) for record in present]}

    def _index(self, record: Record) -> None:
        self.records[record.id] = record
        if record.group is not None:
            self._groups[record.group].append(record)
        for attempt in record.attempts:
            for reference in attempt.parts:
                self._by_reference[reference].append((record, attempt))

    def _forget(self, message_id: str) -> None:
        record = self.records.pop(message_id, None)
        if record is None:
            return
        if record.group is not None:
            self._groups[record.group].remove(record)
            if not self._groups[record.group]:
                del self._groups[record.group]
        for attempt in record.attempts:
            for reference in attempt.parts:
                left = [pair for pair in self._by_reference[reference] if pair[0] is not record]
                if left:
                    self._by_reference[reference] = left
                else:
                    del self._by_reference[reference]


async def remove_ledger(hass: HomeAssistant, key: str) -> None:
    """Delete an account's files."""
    for store in _stores(hass, key):
        await store.async_remove()


def _stores(hass: HomeAssistant, key: str) -> tuple[Store[dict[str, Any]], Store[dict[str, Any]]]:
    def store(name: str) -> Store[dict[str, Any]]:
        return Store(hass, _VERSION, f"{DOMAIN}.{name}.{key}", private=True, atomic_writes=True)

    return store("outbox"), store("history")
