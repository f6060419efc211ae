"""What the bridge says of itself and its gateways (MQTT contract, section 4), in state topics and responses alike."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Final

from sms_bridge.routing.attempts import FAILED, SENT
from sms_bridge.routing.inbox import RECEIVED
from sms_providers.address import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sms_bridge.routing.gateways import Gateways
    from sms_bridge.routing.limits import Calendar
    from sms_bridge.routing.link import Balance
    from sms_bridge.store.base import Store, Transaction

#: Seconds over which the messages per minute are counted at least.
_MINUTE: Final = 60.0


class Overview:
    """Makes the gateway and health objects from the store, the gateways and the process.

    ``now`` gives Unix seconds; ``reconnects`` how often the broker was connected again; ``statm`` is the kernel's file
    on this process's memory (proc(5)).
    """

    def __init__(
        self,
        *,
        store: Store,
        gateways: Gateways,
        calendar: Calendar,
        instance: str,
        now: Callable[[], float],
        reconnects: Callable[[], int],
        statm: Path,
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._calendar = calendar
        self._instance = instance
        self._now = now
        self._reconnects = reconnects
        self._statm = statm
        self._started = now()
        self._sent: deque[tuple[float, int]] = deque()

    async def gateway(self, name: str, *, full: bool = False) -> dict[str, object]:
        """A gateway's state object; with ``full`` number and IMEI are whole, and more is told."""
        day = self._calendar.day(self._now())

        def read(tx: Transaction) -> tuple[list[int], int]:
            counts = [tx.counter(f"{scope}{name}", day) for scope in (SENT, FAILED, RECEIVED)]
            return counts, tx.queue_by_gateway().get(name, 0)

        (sent, failed, received), queue = await self._store.read(read)
        status = self._gateways.status(name)
        number, imei = status.number, status.imei
        body: dict[str, object] = {
            "state": status.state.value,
            "detail": status.detail,
            "registration": status.registration,
            "operator": status.operator,
            "signal_dbm": status.signal_dbm,
            "technology": status.technology,
            "sent_today": sent,
            "failed_today": failed,
            "received_today": received,
            "queue": queue,
            "battery": status.battery,
            "balance": balance_body(self._gateways.balance(name)),
            "number": number if full or number is None else mask(number),
            "imei": imei if full or imei is None else mask(imei),
            "firmware": status.firmware,
            "instance": self._instance,
        }
        return body if not full else {**body, **self._more(name)}

    def _more(self, name: str) -> Mapping[str, object]:
        link, status = self._gateways.links[name], self._gateways.status(name)
        return {
            "gateway": name,
            "type": link.kind,
            "capabilities": sorted(capability.value for capability in link.capabilities),
            "model": status.model,
            "storage_used": status.storage_used,
            "storage_total": status.storage_total,
        }

    async def health(self) -> dict[str, object]:
        """The health object; durations in seconds, memory in bytes."""
        now = self._now()
        day = self._calendar.day(now)

        def read(tx: Transaction) -> tuple[dict[str, int], float | None, int]:
            sent = sum(count for scope, count in tx.counters(day).items() if scope.startswith(SENT))
            return dict(tx.queue_depth()), tx.oldest_queued(), sent

        queue, oldest, sent = await self._store.read(read)
        return {
            "uptime": int(now - self._started),
            "queue": queue,
            "oldest_queued": None if oldest is None else max(0, int(now - oldest)),
            "messages_per_minute": self._per_minute(now, sent),
            "rss": self._rss(),
            "broker_reconnects": self._reconnects(),
        }

    def _per_minute(self, now: float, sent: int) -> float:
        """Messages that gateways took per minute, since the last look that is a minute ago."""
        if self._sent and sent < self._sent[-1][1]:
            self._sent.clear()  # the counters began anew at midnight
        self._sent.append((now, sent))
        while len(self._sent) > 1 and now - self._sent[1][0] >= _MINUTE:
            self._sent.popleft()
        since, before = self._sent[0]
        return round((sent - before) * 60 / max(now - since, _MINUTE), 2)

    def _rss(self) -> int | None:
        try:
            resident = int(self._statm.read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return resident * os.sysconf("SC_PAGE_SIZE")


def balance_body(balance: Balance | None) -> dict[str, object] | None:
    """``balance`` of a gateway's state."""
    return None if balance is None else {"amount": str(balance.amount), "currency": balance.currency}
