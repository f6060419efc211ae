"""Home Assistant discovery (MQTT contract, section 6): when the payloads are published, and when they are cleared."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.devices import Hardware
from sms_bridge.mqtt.errors import PublishRefusedError
from sms_bridge.mqtt.messages import Publication, Subscription
from sms_bridge.mqtt.recovery import Pace
from sms_bridge.mqtt.settings import DiscoveryMode
from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.mqtt.background import Spawn
    from sms_bridge.mqtt.devices import Devices
    from sms_bridge.mqtt.messages import Received
    from sms_bridge.mqtt.settings import HomeAssistantSettings
    from sms_bridge.store.base import Store

_LOGGER = logging.getLogger(__name__)

#: Whose word is kept in the store: the bridge's own, not a gateway's.
_OWNER: Final = ""
#: Key of what the ``discovery`` request said last: ``on`` or ``off``.
_WISH: Final = "discovery"
#: Key of the topics that hold a payload of ours, a JSON array.
_HELD: Final = "discovery topics"
#: Home Assistant's MQTT integration: payload of its birth message.
_BIRTH: Final = b"online"
#: Connections in a row that may end while a payload is unacknowledged. Some brokers answer what they forbid by closing
#: the connection (mosquitto 2.0.11 does with ``max_queued_messages 0``), and messages matter more than this.
_MOST_LOSSES: Final = 2
#: Seconds that a ``discovery`` request waits for the broker, so that its answer comes after what it changes.
_PATIENCE: Final = 2.0


class Discovery:
    """Keeps Home Assistant's discovery topics as they must be.

    ``devices`` makes the payloads. What is published is remembered in the store, so that a gateway that is no longer
    configured is cleared, also after the prefix or the base topic has changed.
    """

    def __init__(
        self, settings: HomeAssistantSettings, devices: Devices, store: Store, pace: Pace | None = None
    ) -> None:
        self._settings = settings
        self._devices = devices
        self._store = store
        self._pace = pace or Pace()
        self._birth_topic = f"{settings.prefix}/status"
        self._publish: Callable[[Publication], asyncio.Future[None]]
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._due = asyncio.Event()
        self._settled = asyncio.Event()
        self._hardware: dict[str, Hardware] = {}
        self._shown: dict[str, bytes] = {}
        self._in_flight: asyncio.Future[None] | None = None
        self._losses = 0
        self._given_up = False

    def start(self, publish: Callable[[Publication], asyncio.Future[None]], spawn: Spawn) -> None:
        """Wait for a connection; ``publish`` returns a future that ends at the broker's acknowledgement."""
        self._publish = publish
        self._task = spawn(self._run(), "mqtt home assistant discovery")

    async def stop(self) -> None:
        """Change nothing more; what is published stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What to subscribe to after each connection."""
        if self._settings.discovery is DiscoveryMode.OFF:
            return ()
        return (Subscription(filter=self._birth_topic, qos=0),)

    def connected(self) -> None:
        """Publish everything: the broker may have forgotten it."""
        self._shown.clear()
        self._connected.set()
        self._wake()

    def disconnected(self) -> None:
        """Wait for the next connection; what is not acknowledged is published anew there, or given up."""
        self._connected.clear()
        if self._in_flight is None or self._in_flight.done():
            return
        self._in_flight.cancel()
        self._losses += 1
        if self._losses >= _MOST_LOSSES:
            self._give_up("The connection ends whenever it is published, so the broker seems to forbid it.")

    def handle(self, received: Received) -> bool:
        """Take a message of Home Assistant's status topic; ``False`` for another topic."""
        if received.topic != self._birth_topic:
            return False
        if received.payload == _BIRTH:
            self._shown.clear()
            self._wake()
        return True

    def gateway_shown(self, name: str, gateway: Mapping[str, object]) -> None:
        """Note what a gateway's object (MQTT contract, section 4) tells of its make."""
        known = self._hardware.get(name, Hardware())
        told = Hardware(
            model=_text(gateway.get("model")) or known.model,
            firmware=_text(gateway.get("firmware")) or known.firmware,
        )
        if told != known:
            self._hardware[name] = told
            self._wake()

    async def enable(self, enabled: bool, /) -> bool:  # noqa: FBT001 - the signature that Administration calls
        """Do a ``discovery`` request: kept in the store, obeyed where the configuration says ``auto``.

        Returns whether Home Assistant is shown the bridge from now on. While connected, the topics have changed by
        then. Raises StoreError.
        """
        wish = "on" if enabled else "off"
        await self._store.write("discovery", lambda tx: tx.remember(_OWNER, _WISH, wish))
        self._given_up = False
        if self._connected.is_set():
            self._wake()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._settled.wait()
        return self._is_on(wish)

    def _is_on(self, wish: str | None) -> bool:
        if self._settings.discovery is DiscoveryMode.AUTO:
            return wish != "off"
        return self._settings.discovery is DiscoveryMode.ON

    def _wake(self) -> None:
        self._settled.clear()
        self._due.set()

    async def _run(self) -> None:
        while True:
            await self._due.wait()
            await self._connected.wait()
            self._due.clear()
            try:
                await self._update()
            except StoreError as error:
                _LOGGER.warning("Home Assistant's discovery waits because of the store: %s", error)
                await asyncio.sleep(self._pace.longest)
                self._due.set()
            if not self._due.is_set():
                self._settled.set()

    async def _update(self) -> None:
        """Clear what is held and not wanted, publish what is wanted and not shown yet: one after the other."""
        wish, kept = await self._store.read(lambda tx: (tx.recall(_OWNER, _WISH), tx.recall(_OWNER, _HELD)))
        wanted = self._devices.payloads(self._hardware) if self._is_on(wish) else {}
        held: list[str] = json.loads(kept or "[]")
        changes = {topic: b"" for topic in held if topic not in wanted}
        changes |= {topic: payload for topic, payload in wanted.items() if self._shown.get(topic) != payload}
        # Remembered first: a crash in between must not leave a payload that nobody knows of.
        held = await self._hold(held, [*held, *(topic for topic in wanted if topic not in held)])
        for topic, payload in changes.items():
            if self._given_up or not self._connected.is_set():
                return
            if await self._deliver(Publication(topic=topic, payload=payload, retain=True)):
                self._shown[topic] = payload
            if self._shown.get(topic) == b"":
                del self._shown[topic]
                held = await self._hold(held, [other for other in held if other != topic])

    async def _deliver(self, publication: Publication) -> bool:
        """Publish; returns whether the topic holds this. One that is refused holds nothing of ours to be cleared."""
        self._in_flight = self._publish(publication)
        await asyncio.wait([self._in_flight])
        if self._in_flight.cancelled():
            return False
        error = self._in_flight.exception()
        self._in_flight = None
        if isinstance(error, PublishRefusedError):
            self._give_up(str(error))
            return not publication.payload
        self._losses = 0
        return True

    async def _hold(self, held: list[str], topics: list[str]) -> list[str]:
        """Remember which topics hold a payload of ours."""
        if topics != held:
            value = json.dumps(topics) if topics else None
            await self._store.write("discovery_topics", lambda tx: tx.remember(_OWNER, _HELD, value))
        return topics

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        _LOGGER.error(
            "Home Assistant is not shown the bridge. %s Allow the bridge to publish below %s/device and restart it, "
            "or set homeassistant.discovery to off.",
            reason,
            self._settings.prefix,
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
