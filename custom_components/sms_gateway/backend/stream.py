"""Every event of a bridge once and in order, also those of the time when nobody listened.

Home Assistant's MQTT client keeps no session, so what a bridge publishes while Home Assistant is away is lost. The
stream remembers the last event it has passed on (``seq``, and the ``epoch`` that names the bridge's store) and asks for
those after it (MQTT contract, sections 2 and 5).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from homeassistant.helpers.storage import Store

from ..const import DOMAIN, LOGGER
from . import NotConnectedError
from .payloads import event_time
from .requests import RequestRefusedError, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from homeassistant.core import HomeAssistant

    from .requests import Requests

_VERSION: Final = 1
#: Seconds until what was passed on is written down; a crash in between repeats it, marked late.
_SAVE_DELAY: Final = 1.0
#: Events asked for at a time: few enough to be read without holding up the event loop.
_PAGE: Final = 100
#: Seconds of work after which the event loop gets its turn.
_TURN: Final = 0.02
#: Seconds until a bridge that did not answer is asked again, doubled each time up to the longest.
_FIRST_RETRY: Final = 30.0
_LONGEST_RETRY: Final = 960.0
#: Events passed on above a gap that nobody has explained; beyond them the gap is given up.
_MOST_AHEAD: Final = 1_000


@dataclass(slots=True, kw_only=True)
class Position:
    """How far events of the store ``epoch`` were passed on: all up to ``seq``, and those in ``ahead``.

    ``at`` is the time of the last one. A position that ``begins`` skips what is older than that: it is another store's
    past.
    """

    epoch: str
    seq: int
    ahead: set[int] = field(default_factory=set)
    at: datetime | None = None
    begins: bool = False

    def has(self, seq: int) -> bool:
        """Whether the event with this number was passed on."""
        return seq <= self.seq or seq in self.ahead

    def advance(self, seq: int) -> None:
        """Note that everything up to ``seq`` is done."""
        self.seq = max(self.seq, seq)
        while self.seq + 1 in self.ahead:
            self.seq += 1
        self.ahead = {later for later in self.ahead if later > self.seq}

    def note(self, seq: int) -> None:
        """Note one event."""
        if seq == self.seq + 1:
            self.advance(seq)
        elif not self.has(seq):
            self.ahead.add(seq)
            if len(self.ahead) > _MOST_AHEAD:
                self.advance(max(self.ahead))


class EventStream:
    """Puts the events of one bridge in order. ``deliver(body, late)`` gets each once.

    ``key`` names the file that remembers the position.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        requests: Requests,
        deliver: Callable[[Mapping[str, object], bool], None],
    ) -> None:
        self._hass = hass
        self._store = storage(hass, key)
        self._requests = requests
        self._deliver = deliver
        self._position: Position | None = None
        self._queue: deque[Mapping[str, object]] = deque()
        self._behind = False
        self._unanswered = False
        #: Gaps below this number were asked about: nobody has those events any more.
        self._explained = 0
        self._save_pending = False
        self._worker: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._retry_after = _FIRST_RETRY
        self._refused = False
        self._open = False
        self._stopped = False

    @property
    def position(self) -> Position | None:
        """How far events were passed on, ``None`` before the first word of the bridge."""
        return self._position

    async def load(self) -> None:
        """Read the position of the last run."""
        stored = await self._store.async_load()
        if stored is not None:
            self._position = Position(
                epoch=stored["epoch"],
                seq=stored["seq"],
                ahead=set(stored["ahead"]),
                at=None if stored["at"] is None else datetime.fromisoformat(stored["at"]),
            )

    def open(self) -> None:
        """Begin to pass on; what came before is kept until then."""
        self._open = True
        self._wake()

    async def stop(self) -> None:
        """Pass on nothing more, and write the position down."""
        if self._stopped:
            return
        self._stopped = True
        if self._retry is not None:
            self._retry.cancel()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        if self._position is not None:
            await self._store.async_save(self._stored())

    def offer(self, body: Mapping[str, object]) -> None:
        """Take an event that the bridge has published."""
        if isinstance(body.get("seq"), int) and isinstance(body.get("epoch"), str):
            self._queue.append(body)
            self._wake()
        else:
            LOGGER.warning("An event of the bridge without seq and epoch is ignored")

    def catch_up(self) -> None:
        """Ask for what was missed."""
        self._behind = True
        self._wake()

    def _wake(self) -> None:
        if self._open and not self._stopped and (self._worker is None or self._worker.done()):
            self._worker = self._hass.async_create_background_task(
                self._work(), f"{DOMAIN} events", eager_start=False
            )

    async def _work(self) -> None:
        while self._behind or self._queue:
            if self._behind:
                self._behind = False
                await self._catch_up()
            self._pass_on()
            await asyncio.sleep(0)

    def _pass_on(self) -> None:
        """Pass on what came, until a gap shows or the turn is over."""
        ends = self._hass.loop.time() + _TURN
        while self._queue and not self._behind and self._hass.loop.time() < ends:
            body = self._queue[0]
            seq, epoch = _seq(body), body["epoch"]
            position = self._position
            if position is None or position.epoch != epoch:
                if not self._unanswered:
                    self._behind = True
                    return
                position = self._position = Position(epoch=str(epoch), seq=seq - 1)
            gap = seq > position.seq + 1 and seq > self._explained
            if gap and not position.has(seq) and not self._unanswered:
                self._behind = True
                return
            self._queue.popleft()
            self._pass_one(position, body, late=False)
            if not gap:
                position.advance(seq)

    def _pass_one(self, position: Position, body: Mapping[str, object], *, late: bool) -> None:
        seq = _seq(body)
        if position.has(seq):
            return
        at = event_time(body)
        if position.begins and at is not None and position.at is not None and at < position.at:
            position.note(seq)
            return
        self._deliver(body, late)
        position.note(seq)
        position.at = at or position.at
        self._save_soon()

    async def _catch_up(self) -> None:
        """Ask until there is no more; what comes meanwhile waits in the queue."""
        try:
            while await self._fetch():
                pass
        except RequestRefusedError as error:
            if error.code == "wrong_epoch" and self._adopt(error.data):
                self._unanswered = False
                return
            if not self._refused:
                LOGGER.warning("Events that were missed cannot be asked for. The bridge says: %s", error)
            self._refused = True
            self._begin_with_queue()
        except UnansweredError:
            self._unanswered = True
            self._retry_later()
            return
        except NotConnectedError:
            return  # the next connection asks again
        else:
            self._refused = False
        self._unanswered = False
        self._retry_after = _FIRST_RETRY
        self._explained = max(map(_seq, self._queue), default=0)

    async def _fetch(self) -> bool:
        """Pass on one page of missed events; ``True`` if there is a further one."""
        position = self._position
        if position is None:
            self._begin(await self._requests.call("events"))
            return False
        asked = {"epoch": position.epoch, "after": position.seq, "limit": _PAGE}
        answer = await self._requests.call("events", asked)
        last, events = answer.get("seq"), answer.get("events")
        if isinstance(last, int) and last < position.seq:
            LOGGER.warning("The bridge's store is an older one of the same epoch: going on with its events")
            self._begin(answer)
            return False
        ends = self._hass.loop.time() + _TURN
        live = {_seq(body) for body in self._queue if body["epoch"] == position.epoch}
        for body in events if isinstance(events, list) else ():
            if isinstance(body, dict) and isinstance(body.get("seq"), int):
                if self._hass.loop.time() > ends:
                    await asyncio.sleep(0)
                    ends = self._hass.loop.time() + _TURN
                self._pass_one(position, body, late=_seq(body) not in live)
                position.advance(_seq(body))
        if answer.get("more") is True and events:
            return True
        if isinstance(last, int):
            position.advance(last)
        position.begins = False
        self._save_soon()
        return False

    def _begin(self, answer: Mapping[str, object]) -> None:
        """Begin where the bridge is, or with the first event that it has published since."""
        epoch, last = answer.get("epoch"), answer.get("seq")
        if not isinstance(epoch, str) or not isinstance(last, int):
            LOGGER.warning(
                "The bridge does not say how far its events go: those it publishes are taken as they come"
            )
            self._begin_with_queue()
            return
        first = min((_seq(body) - 1 for body in self._queue if body["epoch"] == epoch), default=last)
        self._position = Position(epoch=epoch, seq=min(first, last))
        self._save_soon()

    def _begin_with_queue(self) -> None:
        if self._queue:
            body = self._queue[0]
            self._position = Position(epoch=str(body["epoch"]), seq=_seq(body) - 1)

    def _adopt(self, data: Mapping[str, object]) -> bool:
        """Go over to another store; of its events only those after the last one passed on are missed ones.

        Returns ``False`` where the bridge names no other store.
        """
        epoch = data.get("epoch")
        before = self._position
        if not isinstance(epoch, str) or (before is not None and before.epoch == epoch):
            return False
        LOGGER.warning("The bridge has another store (epoch %s): going over to its events", epoch)
        self._explained = 0
        if before is not None and before.at is not None:
            self._position = Position(epoch=epoch, seq=0, at=before.at, begins=True)
            self._behind = True
        else:
            self._begin(data)
        return True

    def _retry_later(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._hass.loop.call_later(self._retry_after, self.catch_up)
        self._retry_after = min(self._retry_after * 2, _LONGEST_RETRY)

    def _save_soon(self) -> None:
        # Asking again would postpone the write that is pending.
        if not self._save_pending and not self._stopped:
            self._save_pending = True
            self._store.async_delay_save(self._stored, _SAVE_DELAY)

    def _stored(self) -> dict[str, Any]:
        self._save_pending = False
        position = self._position
        assert position is not None
        return {
            "epoch": position.epoch,
            "seq": position.seq,
            "ahead": sorted(position.ahead),
            "at": None if position.at is None else position.at.isoformat(),
        }


def storage(hass: HomeAssistant, key: str) -> Store[dict[str, Any]]:
    """The file that remembers the position of one config entry's events."""
    return Store(hass, _VERSION, f"{DOMAIN}.events.{key}")


def _seq(body: Mapping[str, object]) -> int:
    seq = body["seq"]
    assert isinstance(seq, int)
    return seq
