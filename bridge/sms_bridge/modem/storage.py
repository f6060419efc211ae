"""The message storages of a modem: which there are, selecting, reading, listing and deleting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import BUSY_CODES, CMS_INVALID_INDEX, AtFailed, AtTimeout, CmsError, NotReady, ResultError
from .replies import StorageTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .at import AtChannel
    from .model import StoredAt
    from .replies import Listing

#: 3GPP TS 27.005 clause 3.2.2: the SIM, the modem, and the status reports; both messages storages of a phone are swept.
_MESSAGES: Final = ("SM", "ME")
REPORTS: Final = "SR"
#: 3GPP TS 27.005 clause 3.2.2: SM and ME (and more) seen as one.
_COMBINED: Final = "MT"

#: From this share on a storage counts as full, and messages are deleted at once.
FULL: Final = 0.8


@dataclass(frozen=True, slots=True)
class Content:
    """The received messages of a storage by index; ``complete`` only if certainly nothing is missing."""

    messages: dict[int, str]
    complete: bool


class Storages:
    """Message storages behind one channel; every command sequence that depends on the selected one is exclusive.

    ``on_counts`` is called whenever the numbers of used places changed.
    """

    def __init__(self, channel: AtChannel, on_counts: Callable[[], None]) -> None:
        self._channel = channel
        self._on_counts = on_counts
        self._lock = asyncio.Lock()
        self._test: StorageTest | None = None
        self._selected: str | None = None
        self._broken_listing: set[str] = set()
        self._miscounting: set[str] = set()
        self.receiving = "SM"
        #: The storages that are swept.
        self.names: tuple[str, ...] = ("SM",)
        #: Per storage (used, total).
        self.counts: dict[str, tuple[int, int]] = {}

    async def set_up(self) -> None:
        """Learn what storages there are and receive into one that can be read. Raises ``ModemError``."""
        try:
            test = replies.read_storage_test(await self._channel.execute(commands.STORAGES_TEST))
        except (AtFailed, ResultError) as error:
            if isinstance(error, ResultError) and error.code in BUSY_CODES:
                raise
            test = StorageTest(())
        state = replies.read_storage_state(await self._channel.execute(commands.STORAGES))
        readable = test.lists[0] if test.lists else tuple(name for name, _, _ in state[:1])
        self._test = test
        present = state[-1][0] if state else ""
        names: list[str] = [name for name in _MESSAGES if name in readable]
        position = max(len(test.lists) - 1, 0)
        able = [name for name in names if test.allows(position, name)]
        if able:
            self.receiving = present if present in able else able[0]
        else:
            self.receiving = _COMBINED if _COMBINED in readable else (present or "SM")
            names = [self.receiving]
        # The storage that receives is read last, so that it stays selected between two sweeps.
        others = [name for name in names if name != self.receiving]
        reports = [REPORTS] if REPORTS in readable else []
        self.names = (*reports, *others, self.receiving)
        await self._select(self.receiving, anew=True)

    def full(self, storage: str) -> bool:
        """Whether a storage is filled to 80 % or more."""
        used, total = self.counts.get(storage, (0, 0))
        return total > 0 and used >= FULL * total

    def note_arrival(self, storage: str) -> None:
        """Count a message that has just been stored."""
        self._count(storage, 1)

    async def read(self, place: StoredAt) -> str | None:
        """Return the PDU of the received message at a place, ``None`` if there is none (yet). Raises ``ModemError``."""
        async with self._lock:
            await self._select(place.storage)
            return await self._read(place.index)

    async def read_all(self, storage: str) -> Content:
        """Return the received messages of a storage. Raises ``ModemError``."""
        async with self._lock:
            await self._select(storage, anew=True)
            used = self.counts.get(storage, (0, 0))[0]
            if storage not in self._broken_listing:
                try:
                    listing = await self._listing()
                except AtTimeout:
                    self._broken_listing.add(storage)
                    raise
                except (AtFailed, ResultError):
                    listing = None
                if listing is not None and listing.readable:
                    if listing.entries >= used:
                        return Content(listing.received, complete=True)
                    if storage in self._miscounting:
                        return Content(listing.received, complete=False)
            content = await self._read_each(used)
            if not content.complete and storage not in self._broken_listing:
                self._miscounting.add(storage)
            return content

    async def delete(self, place: StoredAt) -> None:
        """Delete what is at a place; an empty place is done. Raises ``ModemError``."""
        async with self._lock:
            await self._select(place.storage)
            try:
                await self._channel.execute(commands.delete_message(place.index))
            except CmsError as error:
                if error.code != CMS_INVALID_INDEX:
                    raise
            self._count(place.storage, -1)

    async def _select(self, storage: str, *, anew: bool = False) -> None:
        if storage == self._selected and not anew:
            return
        if self._test is None:
            raise NotReady("The modem's storages are not known yet.")
        # Should the command fail half way, nothing is taken for selected.
        self._selected = None
        lines = await self._channel.execute(commands.select_storages(self._arguments(storage)))
        self._selected = storage
        counts = replies.read_storage_counts(lines)
        if counts is None:
            state = replies.read_storage_state(await self._channel.execute(commands.STORAGES))
            counts = next(((used, total) for name, used, total in state if name == storage), None)
        if counts is not None and counts != self.counts.get(storage):
            self.counts[storage] = counts
            self._on_counts()

    def _arguments(self, storage: str) -> list[str]:
        """The storages for reading, writing and receiving, as many as the modem advertises."""
        test = self._test
        if test is None or not test.lists:
            return [storage]
        arguments = [storage]
        for position in range(1, len(test.lists)):
            fits = test.allows(position, self.receiving)
            arguments.append(self.receiving if fits else test.lists[position][0])
        return arguments

    async def _listing(self) -> Listing:
        listing = replies.read_listing(await self._channel.execute(commands.LIST_ALL))
        if listing.text_mode:
            await self._channel.execute(commands.PDU_MODE)
            listing = replies.read_listing(await self._channel.execute(commands.LIST_ALL))
        return listing

    async def _read(self, index: int) -> str | None:
        try:
            stored = replies.read_stored(await self._channel.execute(commands.read_message(index)))
            if stored.text_mode:
                await self._channel.execute(commands.PDU_MODE)
                stored = replies.read_stored(await self._channel.execute(commands.read_message(index)))
        except CmsError as error:
            if error.code != CMS_INVALID_INDEX:
                raise
            return None
        return stored.pdu

    async def _read_each(self, used: int) -> Content:
        """Read place by place, for modems whose AT+CMGL hangs or lies."""
        messages: dict[int, str] = {}
        if used == 0:
            # Some modems count a message only half a second after it came: an empty storage is no certainty.
            return Content(messages, complete=False)
        indexes = replies.read_delete_test(await self._channel.execute(commands.DELETE_TEST))
        for index in indexes:
            if len(messages) >= used:
                return Content(messages, complete=False)
            try:
                pdu = await self._read(index)
            except (AtFailed, ResultError):
                # Modems have many words for an empty place; the count tells whether something is missing.
                continue
            if pdu is not None:
                messages[index] = pdu
        return Content(messages, complete=len(messages) >= used)

    def _count(self, storage: str, change: int) -> None:
        used, total = self.counts.get(storage, (0, 0))
        if total:
            self.counts[storage] = (min(max(used + change, 0), total), total)
            self._on_counts()
