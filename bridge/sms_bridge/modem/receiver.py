"""Inbound: what the modem announces or holds is read, handed over, and deleted once it is safe elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import CMS_NO_CNMA_EXPECTED, CmsError, Interrupted, ModemError, NotStored
from .model import ReceivedPdu, StoredAt
from .storage import REPORTS
from .urc import MessageDelivered, MessageStored

if TYPE_CHECKING:
    from .at import AtChannel
    from .model import ModemEvents
    from .profiles import Profile
    from .storage import Storages

_LOGGER = logging.getLogger(__name__)

#: Some modems announce a message half a second before it can be read.
_READ_ATTEMPTS: Final = 4
_READ_PAUSE: Final = 0.5
#: How soon a sweep that failed is tried again, in seconds.
_RETRY: Final = 10.0
#: Most announcements kept; no storage of a modem holds as many messages.
_MOST_ANNOUNCED: Final = 1000


class Receiver:
    """Takes a session's announced and stored messages, one after the other.

    ``sim`` names the SIM in the PDUs handed over; ``acknowledge`` says that direct messages want AT+CNMA, and
    ``indications`` are the values of AT+CNMI that a modem forgets when it waited for one in vain; ``interval`` is the
    time between two safety sweeps, in seconds.
    """

    def __init__(
        self,
        channel: AtChannel,
        storages: Storages,
        events: ModemEvents,
        profile: Profile,
        *,
        sim: str,
        acknowledge: bool,
        indications: str | None,
        interval: float,
    ) -> None:
        self._channel = channel
        self._storages = storages
        self._events = events
        self._profile = profile
        self._sim = sim
        self._acknowledge = acknowledge
        self._indications = indications
        self._interval = interval
        self._pause = interval
        self._failing: set[str] = set()
        self._announced: deque[MessageStored | MessageDelivered] = deque()
        self._wake = asyncio.Event()
        self._sweep_due = True
        self._sweep_waiters: list[asyncio.Future[None]] = []
        self._known: dict[StoredAt, str] = {}
        self._deleting: set[StoredAt] = set()

    def announce(self, urc: MessageStored | MessageDelivered) -> None:
        """Take note of a message that came."""
        if isinstance(urc, MessageStored) and len(self._announced) >= _MOST_ANNOUNCED:
            # What is stored, a sweep finds as well.
            self._sweep_due = True
        else:
            self._announced.append(urc)
        self._wake.set()

    def request_sweep(self) -> None:
        """Read all storages as soon as possible."""
        self._sweep_due = True
        self._wake.set()

    async def sweep(self) -> None:
        """Read all storages; returns when that is done. Raises ``ModemError``."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sweep_waiters.append(done)
        self.request_sweep()
        await done

    async def delete(self, place: StoredAt, pdu_hex: str) -> None:
        """Delete a message if it is the one last read at its place. Raises ``NotStored`` and other ``ModemError``."""
        known = self._known.get(place)
        if known is None:
            raise NotStored(
                "This message has not been read since the port was opened; the next sweep finds it."
            )
        if known != pdu_hex.upper():
            return
        self._deleting.add(place)
        try:
            await self._storages.delete(place)
            if self._known.get(place) == known:
                del self._known[place]
        finally:
            self._deleting.discard(place)

    async def run(self) -> None:
        """Work until cancelled or until the port is lost."""
        try:
            while True:
                if self._announced:
                    await self._one_announced()
                elif self._sweep_due:
                    self._sweep_due = False
                    await self._sweep()
                else:
                    await self._wait()
        finally:
            for waiter in self._sweep_waiters:
                if not waiter.done():
                    waiter.set_exception(Interrupted("The modem's session ended before the sweep did."))

    async def _wait(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(self._pause):
                await self._wake.wait()
        except TimeoutError:
            self._sweep_due = True

    # --- announced messages

    async def _one_announced(self) -> None:
        urc = self._announced.popleft()
        try:
            if isinstance(urc, MessageDelivered):
                await self._take_delivered(urc)
            else:
                await self._take_stored(urc)
        except ModemError as error:
            _LOGGER.warning("A message that was announced could not be read: %s", error)
            self._sweep_due = True

    async def _take_delivered(self, urc: MessageDelivered) -> None:
        if urc.pdu is None:
            self._sweep_due = True
            return
        committed, _ = await self._hand_over(urc.pdu, None, report=urc.report)
        if committed and self._acknowledge:
            try:
                await self._channel.execute(commands.ACKNOWLEDGE)
            except CmsError as error:
                if error.code != CMS_NO_CNMA_EXPECTED:
                    raise

    async def _take_stored(self, urc: MessageStored) -> None:
        if urc.storage is None or urc.index is None or urc.storage not in self._storages.names:
            self._sweep_due = True
            return
        place = StoredAt(urc.storage, urc.index)
        pdu = await (self._report_at(place) if urc.report else self._message_at(place))
        if pdu is not None:
            if place not in self._known:
                self._storages.note_arrival(place.storage)
            await self._take(place, pdu)
        elif not (urc.report and await self._found_in_report_memory()):
            self._sweep_due = True

    async def _message_at(self, place: StoredAt) -> str | None:
        for attempt in range(_READ_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_READ_PAUSE)
            pdu = await self._storages.read(place)
            if pdu is not None:
                return pdu
        return None

    async def _report_at(self, place: StoredAt) -> str | None:
        """A report at its announced place, ``None`` if something else or nothing is there."""
        pdu = await self._storages.read(place)
        return pdu if pdu is not None and replies.is_status_report(pdu) else None

    async def _found_in_report_memory(self) -> bool:
        """Look where some modems keep the reports that they announce elsewhere."""
        if REPORTS not in self._storages.names:
            return False
        _, found = await self._sweep_storage(REPORTS)
        return found

    # --- sweeping

    async def _sweep(self) -> None:
        waiters, self._sweep_waiters = self._sweep_waiters, []
        failure: ModemError | None = None
        await self._renew_indications()
        complete: list[str] = []
        for storage in self._storages.names:
            try:
                is_complete, _ = await self._sweep_storage(storage)
            except ModemError as error:
                self._note_failure(storage, error)
                failure = error
            else:
                self._failing.discard(storage)
                complete += [storage] if is_complete else []
        self._pause = self._interval if failure is None else min(self._interval, _RETRY)
        present = {
            storage: [(place.index, pdu) for place, pdu in self._known.items() if place.storage == storage]
            for storage in complete
        }
        await self._tell_swept(present)
        for waiter in waiters:
            if waiter.done():
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(failure)

    async def _sweep_storage(self, storage: str) -> tuple[bool, bool]:
        """Take what a storage holds; return whether its listing is complete and whether it held anything."""
        content = await self._storages.read_all(storage)
        if content.complete:
            for place in [place for place in self._known if place.storage == storage]:
                if place.index not in content.messages:
                    del self._known[place]
        found = {StoredAt(storage, index): pdu for index, pdu in content.messages.items()}
        self._known.update(found)
        for place, pdu in found.items():
            while self._announced:
                await self._one_announced()
            # What was deleted since the listing must not come up again.
            if self._known.get(place) == pdu and place not in self._deleting:
                await self._take(place, pdu)
        return content.complete, bool(found)

    def _note_failure(self, storage: str, error: ModemError) -> None:
        """Warn of the first failure in a row only."""
        level = logging.DEBUG if storage in self._failing else logging.WARNING
        self._failing.add(storage)
        _LOGGER.log(level, "The messages in %s could not be listed: %s", storage, error)

    async def _renew_indications(self) -> None:
        if not self._acknowledge or self._indications is None:
            return
        try:
            await self._channel.execute(commands.plain(f"AT+CNMI={self._indications}"))
        except ModemError as error:
            _LOGGER.debug("The announcement of messages could not be renewed: %s", error)

    async def _tell_swept(self, present: dict[str, list[tuple[int, str]]]) -> None:
        try:
            await self._events.swept(self._sim, present)
        except Exception:
            # Whatever fails on the other side must not end the reception; the next sweep tells it again.
            _LOGGER.exception("The result of a sweep could not be handed over.")

    # --- handing over

    async def _take(self, place: StoredAt, pdu: str) -> None:
        self._known[place] = pdu
        report = place.storage == REPORTS or replies.is_status_report(pdu)
        committed, delete = await self._hand_over(pdu, place, report=report)
        if not (committed and delete):
            return
        try:
            await self.delete(place, pdu)
        except NotStored:
            return
        except ModemError as error:
            _LOGGER.warning("A message could not be deleted from %s: %s", place.storage, error)

    async def _hand_over(self, pdu: str, place: StoredAt | None, *, report: bool) -> tuple[bool, bool]:
        """Return (committed, delete it)."""
        received = ReceivedPdu(
            hex=pdu,
            sim=self._sim,
            at=place,
            storage_full=place is not None and self._storages.full(place.storage),
            double_store=self._profile.double_store,
            report=report,
        )
        try:
            return True, await self._events.pdu(received)
        except Exception:
            # Whatever fails on the other side must not end the reception: the message stays in the modem.
            _LOGGER.exception("A received message could not be handed over; it stays where it is.")
            return False, False
