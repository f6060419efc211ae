"""What a provider is asked without anybody's request: lost answers, open reports, received messages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from sms_bridge.links.account import InletSink
from sms_providers.exceptions import ProviderError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from sms_bridge.routing.link import Inlet
    from sms_providers.model import Taken
    from sms_providers.provider import LostSend, OpenSend, Provider

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

#: Pauses between two questions after lost answers, in seconds; most graces (30 s by default) end within the first few.
_FIND_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 8.0, 15.0, 30.0, 60.0)
#: Questions that are asked although no answer is written down as lost: its commit may still be under way.
_FIND_AT_LEAST: Final = 2
#: References of what was taken that are remembered beside those in the store, whose commit may still be under way; and
#: lost answers that nobody could be asked for.
_REFERENCES: Final = 1_000
_UNASKED: Final = 1_000
#: How long before a lost send the references of other messages matter: clocks differ.
_BEFORE: Final = timedelta(hours=1)
#: Open messages that are looked at, and those that one round asks for.
_OPEN: Final = 1_000
_AT_ONCE: Final = 100
#: A message is asked for again after this share of its age: often at first, then ever more rarely.
_PATIENCE: Final = 0.1
#: Key under which the place in the received messages is remembered.
_POSITION: Final = "incoming_position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a poll stands on. ``interval`` is in seconds; ``now`` gives Unix seconds.

    ``provider`` is the present client, ``is_online`` whether the account answered when it was last checked;
    ``failed(what, error)`` hears of what could not be asked.
    """

    inlet: Inlet
    provider: Callable[[], Provider]
    interval: float
    is_online: Callable[[], bool]
    failed: Callable[[str, ProviderError], None]
    now: Callable[[], float]


class LostAnswers:
    """Asks whether the provider took what it has not answered, as long as the graces run.

    What it could not be asked for meanwhile is asked for later: when it can be, and before it is sent again.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._asked = 0
        self._references: dict[str, None] = {}
        self._unasked: dict[int, LostSend] = {}
        self._asking = asyncio.Lock()
        # What the last question has found.
        self._found: Mapping[int, Taken] = {}

    def begin(self) -> None:
        """An answer was lost, or may have been."""
        self._asked = 0

    def taken(self, taken: Taken) -> None:
        """The provider has answered with these references: they are of no lost answer."""
        self._references |= dict.fromkeys(taken.references)
        _shorten(self._references, _REFERENCES)

    async def step(self) -> float | None:
        """Ask once; returns the seconds until the next time, ``None`` where nothing is left to ask for."""
        async with self._asking:
            lost = await self._lost()
            if lost:
                await self._find(lost)
        pause = _FIND_PAUSES[min(self._asked, len(_FIND_PAUSES) - 1)]
        self._asked += 1
        return pause if lost or self._asked <= _FIND_AT_LEAST else None

    async def ask_first(self, rows: Collection[int]) -> Mapping[int, Taken]:
        """Which of the messages that are about to be sent the provider has already, by their rows."""
        doubtful = self._unasked.keys() & set(rows)
        if not doubtful:
            return {}
        async with self._asking:
            # The question before this one may have found some that were already claimed by then.
            if doubtful & self._unasked.keys():
                await self._find(await self._lost())
            return {row: self._found[row] for row in doubtful & self._found.keys()}

    async def _lost(self) -> Sequence[LostSend]:
        unanswered = {send.reference: send for send in await self._around.inlet.unanswered()}
        return tuple({**self._unasked, **unanswered}.values())

    async def _find(self, lost: Sequence[LostSend]) -> None:
        inlet = self._around.inlet
        since = min(send.sent_at for send in lost) - _BEFORE
        known = frozenset(self._references) | await inlet.references_since(since)
        try:
            self._found = await self._around.provider().find(lost, known)
        except ProviderError as error:
            self._around.failed("lost answers", error)
            self._unasked |= {send.reference: send for send in lost}
            _shorten(self._unasked, _UNASKED)
            self._found = {}
            return
        for send in lost:
            taken = self._found.get(send.reference)
            if taken is not None:
                self.taken(taken)
                await inlet.answered(send.reference, taken)
            self._unasked.pop(send.reference, None)


class OpenReports:
    """Asks what became of messages, for as long as anything is open."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._asked_at: dict[tuple[str, str], float] = {}

    async def step(self) -> float:
        """Ask once for what is due; returns the seconds until the next time."""
        return await _ask(self._around, "reports", self._look)

    async def _look(self) -> None:
        inlet = self._around.inlet
        due = self._due(await inlet.open_sends(_OPEN))
        if due:
            for report in await self._around.provider().reports(due):
                await inlet.report(report)

    def _due(self, sends: Sequence[OpenSend]) -> list[OpenSend]:
        """What has not been asked for lately, in relation to its age; the longest not asked first."""
        now = self._around.now()
        asked_at = {key: self._asked_at.get(key, 0.0) for key in map(_key, sends)}
        due = [
            send
            for send in sends
            if now - asked_at[_key(send)] >= _PATIENCE * (now - send.taken_at.timestamp())
        ]
        due.sort(key=lambda send: asked_at[_key(send)])
        del due[_AT_ONCE:]
        asked_at.update(dict.fromkeys(map(_key, due), now))
        self._asked_at = asked_at
        return due


class Incoming:
    """Asks for received messages; the place among them is remembered after they are kept."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._sink = InletSink(around.inlet)

    async def step(self) -> float:
        """Ask once; returns the seconds until the next time."""
        return await _ask(self._around, "received messages", self._look)

    async def _look(self) -> None:
        inlet = self._around.inlet
        position = await inlet.recall(_POSITION)
        page = await self._around.provider().incoming(position)
        if page is None:
            return
        for received in page.received:
            await self._sink.received(received)
        if page.position != position:
            await inlet.remember(_POSITION, page.position)


async def _ask(around: Surroundings, what: str, look: Callable[[], Awaitable[None]]) -> float:
    """Look, if the account answers; returns the seconds until the next time."""
    if not around.is_online():
        return around.interval
    try:
        await look()
    except ThrottledError as error:
        around.failed(what, error)
        return max(around.interval, error.retry_after)
    except ProviderError as error:
        around.failed(what, error)
    return around.interval


def _key(send: OpenSend) -> tuple[str, str]:
    return (send.reference, send.recipient)


def _shorten(kept: dict[_Key, _Value], limit: int) -> None:
    """Forget what has been kept longest."""
    while len(kept) > limit:
        kept.pop(next(iter(kept)))
