"""Which bridges are online below the base topic: this one says so, and finds those that must not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.errors import FatalMqttError
from sms_bridge.mqtt.messages import Publication
from sms_bridge.mqtt.values import decode_json

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from sms_bridge.mqtt.messages import Received
    from sms_bridge.mqtt.topics import Topics

ONLINE: Final = b'{"state":"online"}'
OFFLINE: Final = b'{"state":"offline"}'


class Presence:
    """Keeps this bridge's retained state true. ``epoch`` names this bridge's store.

    ``publish`` sends a state; ``foreign`` is called when another bridge with another store is online here.
    """

    def __init__(
        self,
        topics: Topics,
        epoch: str,
        *,
        publish: Callable[[Publication], asyncio.Future[None]],
        foreign: Callable[[FatalMqttError], None],
    ) -> None:
        self._topics = topics
        self._epoch = epoch
        self._publish = publish
        self._foreign = foreign
        self._online = False
        self._states: dict[str, object] = {}
        self._epochs: dict[str, object] = {}

    def will(self) -> Publication:
        """What the broker publishes when this bridge vanishes."""
        return Publication(topic=self._topics.state, payload=OFFLINE, retain=True)

    def go_online(self) -> None:
        """Say that this bridge takes commands, and say it again whenever its old will claims otherwise."""
        self._online = True
        self._publish(Publication(topic=self._topics.state, payload=ONLINE, retain=True))

    def go_offline(self) -> asyncio.Future[None]:
        """Say that this bridge stops; the future ends when the broker knows it."""
        self._online = False
        return self._publish(self.will())

    def find_foreign(self) -> FatalMqttError | None:
        """Look for an online bridge with another store among those heard of so far."""
        for instance, state in self._states.items():
            epoch = self._epochs.get(instance)
            if state == "online" and epoch not in {None, self._epoch}:
                return FatalMqttError(
                    f"The bridge {instance!r} is online below {self._topics.base!r} with another store: two stores "
                    "must not share a base topic. Give this bridge its own mqtt.base_topic; if that bridge no longer "
                    f"exists, clear the retained topics {self._topics.base}/bridge/{instance}/state and …/info."
                )
        return None

    def handle(self, received: Received) -> None:
        """Take a message of ``bridge/+/state`` or ``bridge/+/info``."""
        place = self._topics.bridge_topic(received.topic)
        if place is None:
            return
        instance, leaf = place
        if instance == self._topics.instance:
            if leaf == "state" and self._online and _member(received.payload, "state") != "online":
                self.go_online()
            return
        if leaf == "state":
            self._states[instance] = _member(received.payload, "state")
        elif leaf == "info":
            self._epochs[instance] = _member(received.payload, "epoch")
        foreign = self.find_foreign() if self._online else None
        if foreign is not None:
            self._foreign(foreign)


def _member(payload: bytes, name: str) -> str | None:
    """Read a string of somebody else's JSON object; ``None`` where there is none."""
    try:
        decoded = decode_json(payload.decode())
    except ValueError:
        return None
    value = decoded.get(name) if isinstance(decoded, dict) else None
    return value if isinstance(value, str) else None
