"""What travels between bridge and broker, free of the MQTT library's types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage


def make_properties(packet_type: int, **values: object) -> Properties:
    """Make MQTT 5 properties by paho's names for them."""
    properties: Properties = Properties(packet_type)  # type: ignore[no-untyped-call] # paho's is not annotated
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One PUBLISH from the broker. ``packet_id`` is 0 and ``dup`` false where ``qos`` is 0.

    ``expiry`` is what is left of the message expiry, in seconds. With MQTT 3.1.1 all that it lacks is empty.
    """

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    dup: bool
    retain: bool
    response_topic: str | None = None
    correlation: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    expiry: int | None = None

    @classmethod
    def from_paho(cls, message: MQTTMessage) -> Received:
        """Convert; raises UnicodeDecodeError for a topic that is not UTF-8."""
        present: dict[str, Any] = {} if message.properties is None else vars(message.properties)
        return cls(
            topic=message.topic,
            payload=bytes(message.payload),
            qos=message.qos,
            packet_id=message.mid,
            dup=bool(message.dup),
            retain=bool(message.retain),
            response_topic=present.get("ResponseTopic"),
            correlation=present.get("CorrelationData"),
            user_properties=tuple((name, value) for name, value in present.get("UserProperty", ())),
            expiry=present.get("MessageExpiryInterval"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A topic filter. ``replay`` asks for the retained messages at each subscription.

    Without ``replay`` MQTT 5 replays nothing and keeps a live message's retain flag (clause 3.8.3.1: Retain Handling 2,
    Retain As Published); MQTT 3.1.1 always replays, with the flag set.
    """

    filter: str
    qos: int = 1
    replay: bool = False

    def options(self) -> SubscribeOptions:
        """Return MQTT 5's subscription options."""
        handling = (
            SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if self.replay else SubscribeOptions.RETAIN_DO_NOT_SEND
        )
        return SubscribeOptions(qos=self.qos, retainAsPublished=not self.replay, retainHandling=handling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One PUBLISH with QoS 1 to the broker. ``correlation`` is dropped with MQTT 3.1.1."""

    topic: str
    payload: bytes
    retain: bool = False
    correlation: bytes | None = None

    @property
    def octets(self) -> int:
        """An upper bound of the packet's size (MQTT 5 clause 3.3: 32 octets cover header and lengths)."""
        return len(self.topic.encode()) + len(self.payload) + len(self.correlation or b"") + 32

    def properties(self) -> Properties | None:
        """Return MQTT 5's properties of the PUBLISH."""
        if self.correlation is None:
            return None
        return make_properties(PacketTypes.PUBLISH, CorrelationData=self.correlation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What the broker's CONNACK says. ``receive_maximum`` bounds QoS 1 in flight; ``maximum_packet`` in octets."""

    session_present: bool
    receive_maximum: int | None = None
    maximum_packet: int | None = None
