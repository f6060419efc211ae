"""A short-lived MQTT client for commands that go through the bridge's broker."""

from __future__ import annotations

import queue
import secrets
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.mqtt.settings import Protocol

if TYPE_CHECKING:
    from types import TracebackType

    from paho.mqtt.reasoncodes import ReasonCode

    from sms_bridge.mqtt.settings import MqttSettings

#: Seconds that the broker may take for a connection, a subscription, an acknowledgement.
_PATIENCE: Final = 10.0
#: MQTT 5 clause 3.4.2.1: "no matching subscribers", of a broker that tells.
_NOBODY: Final = 0x10


class Received(NamedTuple):
    """A PUBLISH."""

    topic: str
    payload: bytes
    retain: bool


class Broker:
    """A connection with its own client identifier and no session; every method may end the command with exit 4."""

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._arrived: queue.SimpleQueue[Received] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[ReasonCode]] = queue.SimpleQueue()
        self._topics: list[tuple[str, int]] = []
        self._client = self._make_client()

    def __enter__(self) -> Self:
        """Connect."""
        settings = self._settings
        try:
            self._client.connect(settings.host, settings.port, settings.keepalive)
        except (OSError, ValueError) as error:
            raise self._unreachable(str(error)) from error
        self._client.loop_start()
        (reason,) = self._answer("it does not answer")
        if reason.is_failure:
            raise self._unreachable(str(reason))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, *topics: str) -> None:
        """Subscribe with QoS 1, again after each reconnection; returns when the broker has it."""
        self._topics = [(topic, 1) for topic in topics]
        self._client.subscribe(self._topics)
        for reason in self._answer("it does not answer a subscription"):
            if reason.is_failure:
                raise Stop(f"the broker refuses to show {', '.join(topics)}: {reason}", Exit.UNREACHABLE)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1; returns when the broker has acknowledged it, for somebody."""
        self._client.publish(topic, payload, qos=1)
        (reason,) = self._answer("it does not acknowledge the message")
        if reason.value == _NOBODY:
            raise Stop(f"no bridge listens on {topic}; is it running?", Exit.UNREACHABLE)
        if reason.is_failure:
            raise Stop(f"the broker refuses to pass on what is for {topic}: {reason}", Exit.UNREACHABLE)

    def receive(self, timeout: float | None) -> Received | None:
        """The next PUBLISH, or ``None`` after ``timeout`` seconds."""
        try:
            return self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None

    def _make_client(self) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"sms-bridge-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion.MQTTv5
            if settings.protocol is Protocol.V5
            else MQTTProtocolVersion.MQTTv311,
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            tls = settings.tls
            try:
                client.tls_set(tls.ca, tls.cert, tls.key)
            except (OSError, ssl.SSLError) as error:
                raise Stop(f"mqtt.tls: a certificate or key cannot be read: {error}", Exit.USAGE) from error
            client.tls_insecure_set(tls.insecure)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if self._topics:
            client.subscribe(self._topics)
        else:
            self._answers.put([reason])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._arrived.put(Received(message.topic, bytes(message.payload), message.retain))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        self._answers.put(reasons)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, _mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        self._answers.put([reason])

    def _answer(self, silence: str) -> list[ReasonCode]:
        try:
            return self._answers.get(timeout=_PATIENCE)
        except queue.Empty:
            raise self._unreachable(silence) from None

    def _unreachable(self, reason: str) -> Stop:
        where = f"{self._settings.host}:{self._settings.port}"
        return Stop(f"cannot use the MQTT broker at {where}: {reason}", Exit.UNREACHABLE)
