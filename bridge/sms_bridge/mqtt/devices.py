"""Home Assistant's device discovery payloads (MQTT contract, section 6): one for the bridge, one per gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.components import BRIDGE, GATEWAY, Watched
from sms_bridge.mqtt.values import encode_json
from sms_bridge.store.base import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sms_bridge.mqtt.components import Component
    from sms_bridge.mqtt.topics import Topics
    from sms_providers.model import Capability

#: Who says so, in Home Assistant's logs.
_ORIGIN: Final = "sms-bridge"
#: Name of the bridge's device, and the beginning of its gateways' names.
_NAME: Final = "SMS Gateway"
#: The default of ``instance``: only a bridge of another name shows it.
_USUAL_INSTANCE: Final = "main"
#: Home Assistant, MQTT discovery: QoS of what an entity subscribes and publishes.
_QOS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTraits:
    """What decides which entities a gateway has. ``kind`` is its ``type``, ``currency`` (ISO 4217) its balance's."""

    kind: str
    capabilities: frozenset[Capability]
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a gateway has told of its make; ``None`` for what it has not told yet."""

    model: str | None = None
    firmware: str | None = None


def discovery_id(topic: str) -> str:
    """A device's identifier: its own topic, in what Home Assistant allows (letters, digits, ``_`` and ``-``).

    ``/`` becomes ``--``, every other octet ``-`` and two hexadecimal digits. Two topics never have the same.
    """
    return re.sub(
        rb"[^A-Za-z0-9_]",
        lambda found: b"--" if found[0] == b"/" else b"-%02x" % found[0][0],
        topic.encode(),
    ).decode()


class Devices:
    """Makes the payloads. ``admin`` are the administration commands that are allowed over MQTT."""

    def __init__(
        self,
        topics: Topics,
        *,
        prefix: str,
        version: str,
        admin: Iterable[str],
        gateways: Mapping[str, GatewayTraits],
    ) -> None:
        self._topics = topics
        self._prefix = prefix
        self._version = version
        self._admin = frozenset(admin)
        self._gateways = gateways
        self._bridge_id = discovery_id(f"{topics.base}/bridge/{topics.instance}")

    def payloads(self, hardware: Mapping[str, Hardware]) -> dict[str, bytes]:
        """Return the payload of each device by its topic, the bridge's first. ``hardware`` is by gateway's name."""
        made = {self._topic(self._bridge_id): self._bridge()}
        for name, traits in self._gateways.items():
            identifier = discovery_id(f"{self._topics.base}/gateway/{name}")
            made[self._topic(identifier)] = self._gateway(
                name, identifier, traits, hardware.get(name, Hardware())
            )
        return {topic: encode_json(payload) for topic, payload in made.items()}

    def _topic(self, identifier: str) -> str:
        return f"{self._prefix}/device/{identifier}/config"

    def _bridge(self) -> dict[str, object]:
        topics, instance = self._topics, self._topics.instance
        name, words = _NAME, [topics.base]
        if instance != _USUAL_INSTANCE:
            name, words = f"{_NAME} {instance}", [topics.base, instance]
        read = {"state": topics.state, "info": topics.info, "health": topics.health}
        read |= {kind.value: topics.event(kind) for kind in EventKind}
        device = {"name": name, "mdl": "MQTT bridge", "sw": self._version}
        components = {
            component.key: self._component(component, self._bridge_id, words, read) for component in BRIDGE
        }
        return self._payload(self._bridge_id, device, components, [self._bridge_online()])

    def _gateway(
        self, name: str, identifier: str, traits: GatewayTraits, hardware: Hardware
    ) -> dict[str, object]:
        topics = self._topics
        words = [topics.base, name]
        read = {"state": topics.gateway_state(name), "availability": topics.gateway_availability(name)}
        device = {
            "name": f"{_NAME} {name}",
            "mdl": hardware.model or traits.kind,
            "via_device": self._bridge_id,
        }
        if hardware.firmware is not None:
            device["sw"] = hardware.firmware
        components = {
            component.key: self._component(component, identifier, words, read)
            for component in GATEWAY
            if self._applies(component, traits)
        }
        for component in components.values():
            if "command_topic" in component:
                component["payload_press"] = encode_json({"gateway": name}).decode()
        if "balance" in components:
            components["balance"] |= _money(traits.currency)
        online = [self._bridge_online(), {"topic": topics.gateway_availability(name)}]
        return self._payload(identifier, device, components, online)

    def _payload(
        self,
        identifier: str,
        device: Mapping[str, object],
        components: Mapping[str, object],
        availability: list[dict[str, str]],
    ) -> dict[str, object]:
        return {
            "dev": {"ids": [identifier], **device},
            "o": {"name": _ORIGIN, "sw": self._version},
            "availability": availability,
            "availability_mode": "all",
            "qos": _QOS,
            "cmps": components,
        }

    def _component(
        self, component: Component, device: str, words: list[str], read: Mapping[str, str]
    ) -> dict[str, object]:
        made: dict[str, object] = {
            "p": component.platform,
            "name": component.name,
            "unique_id": f"{device}--{component.key}",
            "default_entity_id": f"{component.platform}.{_slug(*words, component.key)}",
            **component.options,
        }
        if component.topic is not None:
            made["state_topic"] = read[component.topic]
            if "json_attributes_template" in component.options:
                made["json_attributes_topic"] = read[component.topic]
        if component.request is not None:
            made["command_topic"] = self._topics.request_topic(component.request)
        if component.watched is Watched.NOTHING:
            made["availability"] = []
        elif component.watched is Watched.BRIDGE:
            made["availability"] = [self._bridge_online()]
        return made

    def _applies(self, component: Component, traits: GatewayTraits) -> bool:
        return (
            (component.needs is None or component.needs in traits.capabilities)
            and (component.kinds is None or traits.kind in component.kinds)
            and (component.request is None or component.request in self._admin)
        )

    def _bridge_online(self) -> dict[str, str]:
        return {"topic": self._topics.state, "value_template": "{{ value_json.state }}"}


def _money(currency: str | None) -> dict[str, object]:
    """Home Assistant's sensor: an amount of money has a currency, and ``total`` is its only state class."""
    if currency is None:
        return {"state_class": "measurement"}
    return {"device_class": "monetary", "state_class": "total", "unit_of_measurement": currency}


def _slug(*words: str) -> str:
    """The object part of an entity id."""
    slugs = (re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words)
    return "_".join(filter(None, slugs))
