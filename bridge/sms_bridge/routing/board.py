"""What the bridge shows of itself: health, and one object per gateway (MQTT contract, section 4)."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.attempts import FAILED, SENT
from sms_bridge.routing.inbox import RECEIVED
from sms_bridge.routing.link import LinkState
from sms_providers.address import mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.routing.dispatcher import Dispatcher
    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.limits import Calendar
    from sms_bridge.store.base import Store

_STATM: Final = Path("/proc/self/statm")


class Board:
    """Reads what is to be shown; ``instance`` is this bridge's name, ``started_at`` Unix seconds."""

    def __init__(
        self,
        store: Store,
        gateways: Gateways,
        dispatcher: Dispatcher,
        *,
        calendar: Calendar,
        instance: str,
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._dispatcher = dispatcher
        self._calendar = calendar
        self._instance = instance
        self._now = now
        self._started_at = now()

    def names(self) -> tuple[str, ...]:
        """The configured gateways, in their order."""
        return tuple(self._gateways.links)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call ``listener(name)`` after each change of a gateway; returns the unsubscribe."""
        return self._gateways.subscribe(listener)

    def is_online(self, name: str) -> bool:
        """Whether the gateway's availability is ``online``."""
        return self._gateways.status(name).state is LinkState.ONLINE

    async def gateway(self, name: str, *, full: bool = False) -> dict[str, object]:
        """One gateway's object; number and IMEI are masked unless ``full``."""
        status = self._gateways.status(name)
        balance = self._gateways.balance(name)
        day = self._calendar.day(self._now())
        counters, queue = await self._store.read(lambda tx: (tx.counters(day), tx.queue_by_gateway()))
        return {
            "state": status.state.value,
            "detail": status.detail,
            "registration": status.registration,
            "operator": status.operator,
            "signal_dbm": status.signal_dbm,
            "technology": status.technology,
            "sent_today": counters.get(SENT + name, 0),
            "failed_today": counters.get(FAILED + name, 0),
            "received_today": counters.get(RECEIVED + name, 0),
            "queue": queue.get(name, 0),
            "battery": status.battery,
            "balance": None
            if balance is None
            else {"amount": str(balance.amount), "currency": balance.currency},
            "number": _shown(status.number, full=full),
            "imei": _shown(status.imei, full=full),
            "firmware": status.firmware,
            "model": status.model,
            "storage_used": status.storage_used,
            "storage_total": status.storage_total,
            "instance": self._instance,
        }

    async def health(self) -> dict[str, object]:
        """The health object; the MQTT side adds its own reconnects."""
        depth, oldest = await self._store.read(lambda tx: (tx.queue_depth(), tx.oldest_queued()))
        now = self._now()
        return {
            "uptime": int(now - self._started_at),
            "queue": dict(depth),
            "oldest_queued_age": None if oldest is None else max(0, int(now - oldest)),
            "messages_per_minute": self._dispatcher.sent_last_minute(),
            "rss_mb": round(_rss() / 1_048_576, 1),
        }


def _shown(value: str | None, *, full: bool) -> str | None:
    return value if value is None or full else mask(value)


def _rss() -> int:
    """Resident memory in octets; where /proc is missing, its peak."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
