"""Somebody else's MQTT client: paho, knowing nothing of the bridge but its topics."""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

#: Seconds after which what was waited for has failed to happen.
PATIENCE: Final = 20.0
#: Seconds that the broker keeps this client's session, so that a restart of the broker hides nothing from it.
_SESSION: Final = 600

Event = dict[str, Any]


def wait_for(find: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """The first result of ``find`` that is true; raises TimeoutError naming ``what``."""
    deadline = time.monotonic() + patience
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {patience:.0f} s")
        time.sleep(0.01)
    return found


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A PUBLISH as it came; ``retain`` marks what the broker had kept from before."""

    topic: str
    payload: bytes
    retain: bool
    correlation: bytes | None

    @cached_property
    def json(self) -> Any:  # noqa: ANN401 - whatever JSON is
        """The payload; read once, because waiting looks at it again and again."""
        return json.loads(self.payload)


class Client:
    """Sees everything, with QoS 1 and a session of its own. ``version`` is the MQTT version it speaks.

    ``user`` is a name and a password.
    """

    def __init__(
        self, port: int, *, version: str = "5", name: str = "somebody", user: tuple[str, str] | None = None
    ) -> None:
        self.seen: list[Seen] = []
        self._v5 = version == "5"
        self._transactions = (f"{name}-{number}" for number in itertools.count())
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=None if self._v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311,
        )
        if user is not None:
            self._client.username_pw_set(*user)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._arrived
        properties = _properties(PacketTypes.CONNECT, SessionExpiryInterval=_SESSION) if self._v5 else None
        self._client.connect("127.0.0.1", port, clean_start=False if self._v5 else 3, properties=properties)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE), "the broker does not answer"

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    # -- publishing

    def publish(
        self,
        topic: str,
        payload: bytes | str | Event | Sequence[object],
        *,
        qos: int = 1,
        retain: bool = False,
        user_properties: Sequence[tuple[str, str]] = (),
        **properties: object,
    ) -> None:
        """Publish below ``sms_gateway/`` and wait for the broker's acknowledgement. ``properties`` are MQTT 5's."""
        if not isinstance(payload, bytes | str):
            payload = json.dumps(payload)
        wire = None
        if self._v5:
            wire = _properties(PacketTypes.PUBLISH, **properties)
            if user_properties:
                wire.UserProperty = list(user_properties)
        wait_for(self._client.is_connected, "the connection to the broker")
        info = self._client.publish(f"sms_gateway/{topic}", payload, qos=qos, retain=retain, properties=wire)
        info.wait_for_publish(PATIENCE)
        assert info.is_published()

    def send(self, **send_object: object) -> None:
        """Publish a send object; ``to`` and the other keys as the contract has them."""
        self.publish("send", send_object)

    def request(self, command: str, **members: object) -> Event:
        """Ask for administration and return the whole answer."""
        transaction = next(self._transactions)
        self.publish(f"bridge/request/{command}", {**members, "transaction": transaction})

        def answer() -> Event | None:
            found = (seen.json for seen in self.on(f"bridge/response/{command}"))
            return next((body for body in found if body.get("transaction") == transaction), None)

        return wait_for(answer, f"an answer to {command}")

    def ask(self, command: str, **members: object) -> Any:  # noqa: ANN401 - the data of any command
        """The data of an administration request that must succeed."""
        answer = self.request(command, **members)
        assert answer["status"] == "ok", answer
        return answer["data"]

    # -- what came

    def on(self, topic: str, *, since: int = 0) -> list[Seen]:
        """What came on one topic below ``sms_gateway/``, from position ``since`` of everything seen."""
        return [seen for seen in self.seen[since:] if seen.topic == f"sms_gateway/{topic}"]

    def events(self, topic: str = "dlr") -> list[Event]:
        """The events of a topic, each ``seq`` once, in order of their first coming."""
        found: dict[int, Event] = {}
        for seen in self.on(topic):
            event = seen.json
            assert found.setdefault(event["seq"], event) == event, "one seq, two events"
        return list(found.values())

    def of(self, message_id: str) -> list[Event]:
        """The ``dlr`` events of one message, or of a group, in order."""
        return [event for event in self.events() if message_id in (event["id"], event["group"])]

    def states(self, message_id: str) -> list[str]:
        """The states that were published of one message, without answers to repeated commands."""
        return [event["state"] for event in self.of(message_id) if not event["repeat"]]

    def final(self, message_id: str, patience: float = PATIENCE) -> Event:
        """The first final event of a message."""
        return wait_for(
            lambda: next((event for event in self.of(message_id) if event["final"]), None),
            f"the end of {message_id}",
            patience,
        )

    def reached(self, message_id: str, state: str, patience: float = PATIENCE) -> Event:
        """The event by which a message reached a state."""
        return wait_for(
            lambda: next((event for event in self.of(message_id) if event["state"] == state), None),
            f"{message_id} {state}",
            patience,
        )

    def incoming(self, text: str) -> Event:
        """The event of the received message with this text."""
        return wait_for(
            lambda: next((event for event in self.events("incoming") if event["text"] == text), None),
            "the received message",
        )

    def rejected(self, about: Callable[[Event], bool], count: int = 1) -> list[Event]:
        """The ``rejected`` events that ``about`` is true for, at least ``count``."""
        found: list[Event] = []

        def enough() -> bool:
            found[:] = [event for event in self.events() if event["state"] == "rejected" and about(event)]
            return len(found) >= count

        wait_for(enough, "a rejection")
        return found

    def gateway(self, name: str, since: int = 0) -> Event | None:
        """The latest state of a gateway that came from position ``since`` on."""
        found = self.on(f"gateway/{name}/state", since=since)
        state: Event | None = found[-1].json if found else None
        return state

    def gateway_becomes(self, name: str, state: str, since: int = 0) -> Event:
        """Wait until a gateway's state is this one."""

        def holds() -> Event | None:
            shown = self.gateway(name, since)
            return shown if shown is not None and shown["state"] == state else None

        return wait_for(holds, f"{name} being {state}")

    # -- paho's callbacks

    def _connected(self, client: mqtt.Client, *_: object) -> None:
        # Each topic of its own: whoever subscribes with overlapping filters may get a message twice.
        topics = ("sms_gateway/#", "answers/#", "homeassistant/#")
        if self._v5:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics])
        else:
            client.subscribe([(topic, 1) for topic in topics])

    def _subscribed(self, *_: object) -> None:
        self._ready.set()

    def _arrived(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        properties = message.properties
        self.seen.append(
            Seen(
                topic=message.topic,
                payload=bytes(message.payload),
                retain=message.retain,
                correlation=getattr(properties, "CorrelationData", None),
            )
        )


def _properties(packet: int, **values: object) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call] # paho's
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
