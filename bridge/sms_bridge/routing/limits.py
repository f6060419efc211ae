"""What protects the purse: quotas at the commit, pacing at the dispatch, quiet hours."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sms_providers.model import Error, ErrorCode, Priority

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import tzinfo

    from sms_bridge.routing.settings import Limits
    from sms_bridge.store.base import Transaction

#: Counter of messages that passed the quotas, per day and per month.
_COMMITTED: Final = "committed"
_HOUR: Final = 3600.0


class Calendar:
    """Days, months and quiet hours in the configured time zone."""

    def __init__(self, time_zone: tzinfo | None) -> None:
        self._time_zone = time_zone

    def local(self, now: float) -> datetime:
        """``now`` (Unix seconds) in the configured zone."""
        moment = datetime.fromtimestamp(now, UTC)
        return moment.astimezone(self._time_zone)

    def day(self, now: float) -> str:
        """``YYYY-MM-DD``, the period of daily counters."""
        return self.local(now).date().isoformat()

    def month(self, now: float) -> str:
        """``YYYY-MM``, the period of monthly counters."""
        return self.day(now)[:7]


class Quota:
    """``per_day``, ``per_month``, ``per_recipient_per_hour``: over them a message is refused with ``quota``."""

    def __init__(self, limits: Limits, calendar: Calendar) -> None:
        self._limits = limits
        self._calendar = calendar

    def spend(self, tx: Transaction, recipient: str, priority: Priority, now: float) -> Error | None:
        """Count one message, or say which limit forbids it (then nothing is counted)."""
        limits = self._limits
        hourly = limits.per_recipient_per_hour
        if hourly is not None and tx.count_recent(recipient, now - _HOUR) >= self._share(hourly, priority):
            return _refusal("per_recipient_per_hour", hourly)
        kinds = (
            ("per_day", limits.per_day, self._calendar.day),
            ("per_month", limits.per_month, self._calendar.month),
        )
        bounded = [(name, limit, period(now)) for name, limit, period in kinds if limit is not None]
        for name, limit, period in bounded:
            if tx.counter(_COMMITTED, period) >= self._share(limit, priority):
                return _refusal(name, limit)
        for _, _, period in bounded:
            tx.count(_COMMITTED, period)
        return None

    def _share(self, limit: int, priority: Priority) -> int:
        """What of ``limit`` this priority may use: the reserve is kept for ``high`` and ``otp``."""
        return limit if priority >= Priority.HIGH else limit - int(limit * self._limits.reserve)


def _refusal(name: str, limit: int) -> Error:
    return Error(
        code=ErrorCode.QUOTA,
        message=f"limits.{name}: {limit} is reached (a share of it is kept for high and otp); nothing was sent",
        temporary=True,
    )


def quiet_until(limits: Limits, calendar: Calendar, priority: Priority, now: float) -> float | None:
    """When the quiet hours that hold this message back end, in Unix seconds; ``None`` if it may go now."""
    quiet = limits.quiet_hours
    if quiet is None or priority >= Priority.HIGH:
        return None
    local = calendar.local(now)
    clock = local.time()
    over_midnight = quiet.start > quiet.end
    inside = clock >= quiet.start or clock < quiet.end if over_midnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    end = local.replace(hour=quiet.end.hour, minute=quiet.end.minute, second=quiet.end.second, microsecond=0)
    if end <= local:
        end += timedelta(days=1)
    return end.timestamp()


class Pace:
    """``per_minute`` and ``burst``: a token bucket over the whole bridge. ``None`` paces nothing."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._rate = None if limits.per_minute is None else limits.per_minute / 60
        self._burst = max(limits.burst, 1)
        self._clock = clock
        self._tokens = float(self._burst)
        self._filled_at = clock()
        self._turn = asyncio.Lock()

    def turn(self) -> AbstractAsyncContextManager[object]:
        """From taking tokens to giving back: what one worker turns out not to need must not keep others waiting."""
        return nullcontext() if self._rate is None else self._turn

    def take(self, wanted: int) -> int:
        """Tokens granted, at most ``wanted``; 0 when the bucket is empty."""
        if self._rate is None:
            return wanted
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted

    def give_back(self, unused: int) -> None:
        """Tokens that were granted and not needed."""
        if self._rate is not None:
            self._tokens = min(self._burst, self._tokens + unused)

    def wait(self) -> float:
        """Seconds until there is a token again."""
        if self._rate is None or self._tokens >= 1:
            return 0.0
        return (1 - self._tokens) / self._rate
