"""The names of all topics (MQTT contract), and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sms_bridge.store.base import EventKind

#: Does not follow the base topic: here the component looks for bridges (MQTT contract, section 6).
DISCOVERY_ROOT: Final = "sms_gateway/discovery"
#: MQTT 5 clause 1.5.4: the longest UTF-8 string, in octets.
_TOPIC_OCTETS: Final = 65_535


def is_publishable(topic: str) -> bool:
    """Tell whether a client may publish to ``topic`` (MQTT 5 clause 4.7: no wildcards, not empty, no U+0000)."""
    try:
        octets = topic.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(octets) <= _TOPIC_OCTETS and not any(char in topic for char in "+#\0")


@dataclass(frozen=True, slots=True)
class SendTopic:
    """What a command's topic says: ``None`` for both on the plain ``send`` topic; both as they came."""

    recipients: str | None
    id: str | None


class Topics:
    """Every topic of one bridge. ``base`` and ``instance`` are from the configuration."""

    def __init__(self, base: str, instance: str) -> None:
        self.base = base
        self.instance = instance
        own = f"{base}/bridge/{instance}"
        self.send = f"{base}/send"
        self.send_filter = f"{base}/send/#"
        self.state = f"{own}/state"
        self.info = f"{own}/info"
        self.health = f"{own}/health"
        self.log = f"{own}/log"
        self.states_filter = f"{base}/bridge/+/state"
        self.infos_filter = f"{base}/bridge/+/info"
        self.discovery = f"{DISCOVERY_ROOT}/{instance}"
        self._bridge = f"{base}/bridge/"
        self._request = f"{base}/bridge/request/"
        self.request_filter = f"{self._request}#"

    def event(self, kind: EventKind) -> str:
        """Where events of this kind are published."""
        return f"{self.base}/{kind.value}"

    def gateway_state(self, name: str) -> str:
        """A gateway's retained state."""
        return f"{self.base}/gateway/{name}/state"

    def gateway_availability(self, name: str) -> str:
        """A gateway's retained availability."""
        return f"{self.base}/gateway/{name}/availability"

    def request_topic(self, command: str) -> str:
        """Where a command is asked for."""
        return f"{self._request}{command}"

    def response(self, command: str) -> str:
        """Where a request is answered that names no response topic."""
        return f"{self.base}/bridge/response/{command}"

    def parse_send(self, topic: str) -> SendTopic | None:
        """Read ``<base>/send``, ``<base>/send/<recipient>`` or ``<base>/send/<recipient>/<id>``.

        Returns ``None`` for more levels than these.
        """
        if topic == self.send:
            return SendTopic(None, None)
        recipients, *rest = topic.removeprefix(self.send + "/").split("/")
        if len(rest) > 1:
            return None
        return SendTopic(recipients, rest[0] if rest else None)

    def is_send(self, topic: str) -> bool:
        """Tell whether ``topic`` brings a send command."""
        return topic == self.send or topic.startswith(self.send + "/")

    def request(self, topic: str) -> str | None:
        """The command of an administration request's topic, ``None`` for another topic."""
        return topic.removeprefix(self._request) if topic.startswith(self._request) else None

    def is_command(self, topic: str) -> bool:
        """Tell whether what is published to ``topic`` would make this bridge act."""
        return self.is_send(topic) or self.request(topic) is not None

    def bridge_topic(self, topic: str) -> tuple[str, str] | None:
        """Split ``<base>/bridge/<instance>/<leaf>`` into instance and leaf; ``None`` for another topic."""
        if not topic.startswith(self._bridge):
            return None
        instance, _, leaf = topic.removeprefix(self._bridge).partition("/")
        return instance, leaf
