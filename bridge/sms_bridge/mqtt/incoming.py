"""Received messages until they are acknowledged: in order, and never more than can be held."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from sms_bridge.mqtt.messages import Received

    Handler = Callable[[Received], Coroutine[object, object, None] | None]

_LOGGER = logging.getLogger(__name__)

#: MQTT 5 clause 3.1.2.11.3, our Receive Maximum: unacknowledged messages that a broker may send.
RECEIVE_MAXIMUM: Final = 200
#: Messages in hand at which reading stops. Brokers overshoot the Receive Maximum, and MQTT 3.1.1 has none.
MOST_IN_HAND: Final = 400


@dataclass(slots=True, eq=False)
class _Delivery:
    received: Received
    settled: bool = False
    task: asyncio.Future[None] | None = None


class Incoming:
    """Hands messages to the handler in order, and acknowledges in the same order (MQTT 5 clause 4.6).

    The handler returns ``None`` when it is done with a message, else a coroutine that ends when the message may be
    acknowledged; many run at a time. ``hold`` is called with true when nothing more shall be read, with false when
    reading may go on.
    """

    def __init__(
        self,
        handler: Handler,
        acknowledge: Callable[[int, int], None],
        hold: Callable[[bool], None],
        most: int = MOST_IN_HAND,
    ) -> None:
        self._handler = handler
        self._acknowledge = acknowledge
        self._hold = hold
        self._most = most
        self._waiting: deque[_Delivery] = deque()
        self._orphans: list[_Delivery] = []
        self._tasks: set[asyncio.Future[None]] = set()
        self.holding = False
        self._acknowledged = 0
        self._unconfirmed: dict[int, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, received: Received) -> None:
        """Handle one message. Never raises."""
        self._unconfirmed.pop(received.packet_id, None)
        delivery = _Delivery(received)
        if received.qos:
            self._waiting.append(delivery)
        try:
            work = self._handler(received)
        except Exception:
            # A fault of ours in one message must not break the stream of all others; the broker keeps the message.
            _LOGGER.exception("A message could not be handled; it stays unacknowledged")
            self._remove(delivery)
            return
        if work is None:
            delivery.settled = True
            self._acknowledge_prefix()
            return
        delivery.task = asyncio.ensure_future(work)
        self._tasks.add(delivery.task)
        self._idle.clear()
        self._control()
        delivery.task.add_done_callback(partial(self._done, delivery))

    def disconnected(self) -> None:
        """Nothing of the old connection can be acknowledged any more; what has begun goes on."""
        self._orphans = [*self._orphans, *(delivery for delivery in self._waiting if not delivery.settled)]
        self._waiting.clear()
        self._unconfirmed.clear()
        self._acknowledged = 0

    def resumed(self) -> None:
        """The broker has kept the session and sends again what was unacknowledged: waiting attempts are given up."""
        orphans, self._orphans = self._orphans, []
        for delivery in orphans:
            if delivery.task is not None:
                delivery.task.cancel()

    def restarted(self) -> None:
        """The broker has no session: what is in hand exists nowhere else, and is carried through."""
        self._orphans = []

    def abandon(self) -> None:
        """Wait for nothing any more; the broker keeps what is unacknowledged."""
        for task in self._tasks:
            task.cancel()

    async def drained(self) -> None:
        """Wait until nothing is in hand."""
        await self._idle.wait()

    def mark(self) -> int:
        """How many acknowledgements this connection has been given so far; a mark for :meth:`confirmed`."""
        return self._acknowledged

    def confirmed(self, mark: int) -> list[int]:
        """Packet identifiers acknowledged up to that mark that were not confirmed before.

        The broker handles a connection's packets in order: an answer to something sent after an acknowledgement
        shows that it has the acknowledgement.
        """
        found = []
        for packet_id, number in self._unconfirmed.items():
            if number > mark:
                break
            found.append(packet_id)
        for packet_id in found:
            del self._unconfirmed[packet_id]
        return found

    def _done(self, delivery: _Delivery, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._idle.set()
        self._control()
        if task.cancelled():
            self._remove(delivery)
        elif (error := task.exception()) is not None:
            _LOGGER.error("A message could not be handled; it stays unacknowledged", exc_info=error)
            self._remove(delivery)
        else:
            delivery.settled = True
        self._acknowledge_prefix()

    def _acknowledge_prefix(self) -> None:
        while self._waiting and self._waiting[0].settled:
            received = self._waiting.popleft().received
            self._acknowledge(received.packet_id, received.qos)
            self._acknowledged += 1
            self._unconfirmed[received.packet_id] = self._acknowledged

    def _remove(self, delivery: _Delivery) -> None:
        if delivery in self._waiting:
            self._waiting.remove(delivery)
            self._acknowledge_prefix()

    def _control(self) -> None:
        """Stop reading at ``most``, go on at half of it."""
        if not self.holding and len(self._tasks) >= self._most:
            self.holding = True
        elif self.holding and len(self._tasks) <= self._most // 2:
            self.holding = False
        else:
            return
        self._hold(self.holding)
