"""What happens by itself: messages whose time has come, segments given up, old ones purged, clocks that were set."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.timers import fail_orphans, orphaned_lanes, run_due
from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.routing.attempts import Attempts
    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.inbox import Inbox
    from sms_bridge.store.base import Store

_LOG: Final = logging.getLogger(__name__)
#: How often the clock looks, in seconds.
_TICK: Final = 1.0
#: Messages that one commit treats at most.
_DUE_AT_ONCE: Final = 200
#: How often old messages are purged, in seconds, and how many one commit removes.
_PURGE_EVERY: Final = 3600.0
_PURGE_AT_ONCE: Final = 500
#: From so many seconds on the wall clock has not drifted but was set: a machine without a battery learnt the time.
_JUMP: Final = 30.0
_DAY: Final = 86_400.0


class Clock:
    """Looks every second. ``now`` gives Unix seconds, ``steady`` seconds that never jump.

    ``committed`` is called after each commit that may have added events, ``wake`` when messages became ready.
    """

    def __init__(
        self,
        store: Store,
        gateways: Gateways,
        *,
        attempts: Attempts,
        inbox: Inbox,
        keep_days: int,
        committed: Callable[[], None],
        wake: Callable[[], None],
        now: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._attempts = attempts
        self._inbox = inbox
        self._keep = keep_days * _DAY
        self._committed = committed
        self._wake = wake
        self._now = now
        self._steady = steady

    async def run(self) -> None:
        """Run until cancelled. A store that does not work is said, and tried again."""
        purged_at = self._steady() - _PURGE_EVERY
        offset = self._now() - self._steady()
        while True:
            try:
                offset = await self._follow(offset)
                await self._end_what_is_due()
                await self._end_orphans()
                await self._give_up_segments()
                if self._steady() - purged_at >= _PURGE_EVERY:
                    purged_at = self._steady()
                    await self._purge()
            except StoreError as error:
                _LOG.error("%s", error)
            await asyncio.sleep(_TICK)

    async def _follow(self, offset: float) -> float:
        """Move what runs with a wall clock that was set, so that validity and graces keep their length."""
        jump = self._now() - self._steady() - offset
        if abs(jump) < _JUMP:
            return offset + jump
        _LOG.warning("The clock was set by %+.0f s; the times of waiting messages are moved with it", jump)
        await self._store.write("clock", lambda tx: tx.move_times(jump))
        return offset + jump

    async def _end_what_is_due(self) -> None:
        now = self._now()
        next_due = await self._store.read(lambda tx: tx.next_due())
        if next_due is None or next_due > now:
            return
        treated = _DUE_AT_ONCE
        while treated:
            treated = await self._store.write(
                "due", lambda tx: run_due(tx, self._attempts, now, _DUE_AT_ONCE)
            )
            self._committed()
        self._wake()

    async def _end_orphans(self) -> None:
        now, configured = self._now(), self._gateways.links
        ended = len(await self._store.read(lambda tx: orphaned_lanes(tx, configured)))
        while ended:
            ended = await self._store.write(
                "orphans", lambda tx: fail_orphans(tx, configured, now, _DUE_AT_ONCE)
            )
            self._committed()

    async def _give_up_segments(self) -> None:
        now = self._now()
        first = await self._store.read(lambda tx: tx.first_open_part())
        if first is None or not self._inbox.is_overdue(first, now):
            return
        numbers = {name: self._gateways.status(name).number for name in self._gateways.links}
        await self._store.write("join", lambda tx: self._inbox.give_up(tx, numbers, now))
        self._committed()

    async def _purge(self) -> None:
        before = self._now() - self._keep
        removed = _PURGE_AT_ONCE
        while removed:
            removed = await self._store.write("purge", lambda tx: tx.purge(before, _PURGE_AT_ONCE))
