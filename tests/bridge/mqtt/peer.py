"""An independent client: paho in its own thread, as other programs use it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.bridge.mqtt.fakes import until

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from paho.mqtt.client import MQTTMessage


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retain: bool
    correlation: bytes | None

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was published
        return json.loads(self.payload)


class Peer:
    """Listens to ``topics`` and publishes; an async context manager."""

    def __init__(self, host: str, port: int, *topics: str, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[Heard] = []
        self._topics = topics
        self._subscribed = False
        self._address = host, port
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_connect = self._on_connect

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, *self._address)
        self._client.loop_start()
        await until(lambda: self._subscribed)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def publish(
        self, topic: str, payload: object, *, retain: bool = False, **properties: object
    ) -> None:
        """Publish with QoS 1 and wait for the broker; anything but bytes and str is written as JSON."""
        octets = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        made: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's is not annotated
        for name, value in properties.items():
            setattr(made, name, value)
        info = self._client.publish(topic, octets, 1, retain, made)
        await asyncio.to_thread(info.wait_for_publish, 10)
        assert info.is_published()

    def on(self, topic: str) -> list[Heard]:
        return [heard for heard in self.heard if heard.topic == topic]

    async def hear(self, topic: str, count: int = 1) -> list[Heard]:
        """Wait for that many messages of a topic, and return all of them."""
        await until(lambda: len(self.on(topic)) >= count)
        return self.on(topic)

    async def hear_last(self, topic: str, payload: bytes) -> None:
        """Wait until the topic's last message is this one."""
        await until(lambda: self.on(topic) and self.on(topic)[-1].payload == payload)

    def _on_connect(self, *_: object) -> None:
        if self._topics:
            self._client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._subscribed = True

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self.heard.append(Heard(message.topic, bytes(message.payload), bool(message.retain), correlation))
