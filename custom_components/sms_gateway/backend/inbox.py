"""Received messages: each once, whole where that is possible, and on disk until somebody has heard of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..sms_providers.inbound import join_received, to_raw
from .model import IncomingEvent, new_message_id

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from homeassistant.core import HomeAssistant

    from ..sms_providers.model import Concat, InboundMessage
    from ..sms_providers.provider import Received
    from .ledger import Ledger

#: How long segments wait for the rest. A provider delivers them within seconds, and comes again when it is not heard.
JOIN_TIME: Final = timedelta(hours=1)


class Inbox:
    """Takes what a provider has received. ``tell`` gets each message once; ``max_age`` is what makes it late."""

    def __init__(
        self, hass: HomeAssistant, ledger: Ledger, max_age: timedelta, tell: Callable[[IncomingEvent], None]
    ) -> None:
        self._hass = hass
        self._ledger = ledger
        self._max_age = max_age
        self._tell = tell
        self._open = False
        self._cancel_timer: Callable[[], None] | None = None

    def open(self) -> None:
        """Begin to tell; what was kept comes first."""
        self._open = True
        self._in_background(self._pass_on())
        self._wait()

    def stop(self) -> None:
        """Tell no more."""
        self._open = False
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    async def take(self, received: Received) -> None:
        """Keep a message or segment; returns once it is on disk. One that was taken before changes nothing."""
        desk, now = self._ledger.desk, dt_util.utcnow()
        if received.key in desk.seen:
            # A repeat may come before the first is on disk: whoever is told that we have it must be right.
            await self._ledger.commit()
            return
        desk.seen[received.key] = now.timestamp()
        if received.concat is None or received.concat.total == 1:
            self._complete([to_raw(received)], now)
        else:
            self._collect(received, received.concat, now)
        await self._ledger.commit()
        await self._pass_on()

    # -- segments

    def _collect(self, received: Received, concat: Concat, now: datetime) -> None:
        parts, raw = self._ledger.desk.parts, to_raw(received)
        kept = parts.get(concat.key)
        if kept is not None and (kept["total"] != concat.total or str(concat.seqno) in kept["raws"]):
            # References of segments repeat: this is another message of the same one.
            self._give_up(concat.key)
            kept = None
        if kept is None:
            kept = parts[concat.key] = {"total": concat.total, "since": now.isoformat(), "raws": {}}
        kept["raws"][str(concat.seqno)] = raw
        if len(kept["raws"]) == concat.total:
            self._give_up(concat.key)
        self._wait()

    def _give_up(self, key: str) -> None:
        """Pass on what there is of a message."""
        kept = self._ledger.desk.parts.pop(key)
        raws = [kept["raws"].get(str(seqno)) for seqno in range(1, kept["total"] + 1)]
        self._complete(raws, datetime.fromisoformat(kept["since"]))

    def _wait(self) -> None:
        """Come back when the oldest message has waited long enough."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
        parts = self._ledger.desk.parts
        if parts and self._open:
            oldest = min(datetime.fromisoformat(kept["since"]) for kept in parts.values())
            left = max(oldest + JOIN_TIME - dt_util.utcnow(), timedelta(milliseconds=1))
            self._cancel_timer = async_call_later(self._hass, left, self._waited)

    @callback
    def _waited(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._in_background(self._end_waiting())

    async def _end_waiting(self) -> None:
        now = dt_util.utcnow()
        for key, kept in list(self._ledger.desk.parts.items()):
            if datetime.fromisoformat(kept["since"]) + JOIN_TIME <= now:
                LOGGER.warning("A received message is passed on without segments that never came")
                self._give_up(key)
        await self._ledger.commit()
        await self._pass_on()
        self._wait()

    # -- whole messages

    def _complete(self, raws: list[str | None], received_at: datetime) -> None:
        self._ledger.today().received += 1
        self._ledger.desk.inbox.append(
            {"id": f"in-{new_message_id()}", "raws": raws, "received_at": received_at.isoformat()}
        )

    async def _pass_on(self) -> None:
        """Tell what is on disk, and forget it there."""
        inbox = self._ledger.desk.inbox
        if not self._open or not inbox:
            return
        while inbox:
            self._tell(self._event(inbox.pop(0)))
        await self._ledger.commit()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self._hass.async_create_background_task(work, f"{DOMAIN} received", eager_start=True)

    def _event(self, kept: dict[str, Any]) -> IncomingEvent:
        message = join_received(kept["raws"], datetime.fromisoformat(kept["received_at"]))
        return IncomingEvent(
            id=kept["id"],
            originator=message.originator,
            originator_name=message.originator_name,
            text=message.text,
            gateway=None,
            channel=message.channel.value,
            received_at=message.received_at,
            sent_at=message.sent_at,
            recipient=message.recipient,
            segments=message.segments,
            media=tuple(
                {"type": media.type, "url": media.url, "caption": media.caption} for media in message.media
            ),
            incomplete=message.incomplete,
            late=self._is_late(message),
        )

    def _is_late(self, message: InboundMessage) -> bool:
        """Whether it was sent too long ago, however soon after its arrival somebody hears of it."""
        return message.sent_at is not None and dt_util.utcnow() - message.sent_at > self._max_age
