"""The retained topics that show the bridge and its gateways (MQTT contract, section 4)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from sms_bridge.mqtt.messages import Publication
from sms_bridge.mqtt.values import encode_json
from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sms_bridge.mqtt.background import Spawn
    from sms_bridge.mqtt.topics import Topics

_LOGGER = logging.getLogger(__name__)

#: MQTT contract, section 4: seconds between two health objects.
HEALTH_INTERVAL: Final = 60.0
#: Seconds between two states of the same gateway.
STATE_INTERVAL: Final = 1.0


class Board(Protocol):
    """What there is to show. The coroutines raise StoreError."""

    def names(self) -> Sequence[str]:
        """The configured gateways."""

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call ``listener(name)`` after each change of a gateway; returns the unsubscribe."""

    def is_online(self, name: str) -> bool:
        """Whether the gateway's availability is ``online``."""

    async def gateway(self, name: str) -> Mapping[str, object]:
        """One gateway's object, number and IMEI masked."""

    async def health(self) -> Mapping[str, object]:
        """The health object, without what only the MQTT side knows."""


class StateTopics:
    """Publishes what the board shows: gateways as they change, health regularly, everything after a connection.

    ``health`` gives the whole health object. ``gateway_shown`` is given each gateway's object as it is published.
    """

    def __init__(
        self,
        topics: Topics,
        board: Board,
        *,
        publish: Callable[[Publication], object],
        spawn: Spawn,
        health: Callable[[], Awaitable[Mapping[str, object]]],
        gateway_shown: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        self._topics = topics
        self._board = board
        self._publish = publish
        self._spawn = spawn
        self._health = health
        self._gateway_shown = gateway_shown
        self._shown: dict[str, bytes] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._connected = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Watch the board; nothing is published before :meth:`connected`."""
        self._unsubscribe = self._board.subscribe(self._changed)
        self._tasks = [
            self._spawn(self._show_gateways(), "mqtt gateway states"),
            self._spawn(self._show_health(), "mqtt health"),
        ]

    async def stop(self) -> None:
        """Show nothing more."""
        self._unsubscribe()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def connected(self) -> None:
        """Show everything: the broker may have forgotten it."""
        self._shown.clear()
        self.refresh()
        self._connected.set()

    def disconnected(self) -> None:
        """Wait for the next connection; only the latest state is worth publishing then."""
        self._connected.clear()

    def refresh(self) -> None:
        """Look at all gateways: their counters may have changed."""
        self._dirty.update(self._board.names())
        self._wake.set()

    def show(self, topic: str, payload: bytes) -> None:
        """Publish a retained topic."""
        self._publish(Publication(topic=topic, payload=payload, retain=True))

    def _changed(self, name: str) -> None:
        self._dirty.add(name)
        self._wake.set()

    async def _show_gateways(self) -> None:
        while True:
            await self._wake.wait()
            await self._connected.wait()
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                for name in [name for name in self._board.names() if name in dirty]:
                    gateway = await self._board.gateway(name)
                    self._show_changed(self._topics.gateway_state(name), encode_json(gateway))
                    self._gateway_shown(name, gateway)
                    availability = b"online" if self._board.is_online(name) else b"offline"
                    self._show_changed(self._topics.gateway_availability(name), availability)
            except StoreError as error:
                self._dirty |= dirty
                _LOGGER.warning("The gateways' states cannot be shown because of the store: %s", error)
            await asyncio.sleep(STATE_INTERVAL)

    def _show_changed(self, topic: str, payload: bytes) -> None:
        if self._shown.get(topic) != payload:
            self._shown[topic] = payload
            self.show(topic, payload)

    async def _show_health(self) -> None:
        while True:
            await self._connected.wait()
            try:
                self.show(self._topics.health, encode_json(await self._health()))
            except StoreError as error:
                _LOGGER.warning("The health cannot be shown because of the store: %s", error)
            await asyncio.sleep(HEALTH_INTERVAL)
