"""A bridge that speaks the MQTT contract, and the broker between it and Home Assistant's mocked MQTT client."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from homeassistant.components.mqtt.const import MQTT_CONNECTION_STATE
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest.mock import MagicMock

    from homeassistant.core import HomeAssistant

BASE = "sms_gateway"
INSTANCE = "main"
EPOCH = "7f3a9c"

#: Data of an answer; an error with its code, message and data; or silence.
type Answer = dict[str, Any] | tuple[str, str] | tuple[str, str, dict[str, Any]] | None

#: What the bridge allows over MQTT unless its configuration says otherwise.
DEFAULT_ADMIN = (
    "health",
    "gateway",
    "messages",
    "message",
    "events",
    "cancel",
    "resend",
    "quote",
    "balance",
    "restart_gateway",
    "pause",
    "resume",
    "discovery",
)


@dataclass
class Gateway:
    """A gateway of the fake bridge: what ``info``, ``state`` and ``availability`` say of it."""

    kind: str = "modem"
    capabilities: tuple[str, ...] = ("data", "flash", "delivery_report", "incoming", "ussd", "calls")
    online: bool = True
    state: dict[str, Any] = field(
        default_factory=lambda: {
            "state": "online",
            "detail": None,
            "registration": "home",
            "operator": "Testnet",
            "signal_dbm": -71,
            "technology": "LTE",
            "sent_today": 3,
            "failed_today": 1,
            "received_today": 2,
            "queue": 0,
            "battery": None,
            "balance": None,
            "number": "…4567",
            "imei": "…1234",
            "firmware": "1.2.3",
            "model": "E3372",
            "storage_used": 2,
            "storage_total": 20,
            "instance": INSTANCE,
        }
    )


class FakeBridge:
    """Answers commands and requests at once; what it was asked is in ``sent`` and ``requests``.

    Everything it publishes to a Home Assistant that is not connected, or does not subscribe yet, is lost, as with a
    real broker; retained topics are given to each new subscription. ``answers`` maps a command to the data of its
    answer, to an error (code, message), or to ``None`` for silence; ``swallow`` loses send commands.
    """

    def __init__(self, hass: HomeAssistant, client: MagicMock, mqtt_mock: MagicMock) -> None:
        self.hass = hass
        self.client = client
        self.mqtt_mock = mqtt_mock
        self.base = BASE
        self.instance = INSTANCE
        self.epoch = EPOCH
        self.events: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Answer] = {}
        self.rejections: dict[str, tuple[str, str]] = {}
        self.swallow = False
        self.admin = list(DEFAULT_ADMIN)
        self.gateways: dict[str, Gateway] = {"stick": Gateway()}
        self.retained: dict[str, str] = {}
        self.connected = True
        self._filters: set[str] = set()
        self._publish = client.publish.side_effect
        self._subscribe = client.subscribe.side_effect
        client.publish.side_effect = self._published
        client.subscribe.side_effect = self._subscribed

    # -- the bridge's life

    def start(self, *, online: bool = True) -> None:
        """Publish every retained topic."""
        self.show_info()
        for name in self.gateways:
            self.show_gateway(name)
        self.retain(f"{self.base}/bridge/{self.instance}/state", {"state": "online" if online else "offline"})

    def go_offline(self) -> None:
        """Publish the will."""
        self.retain(f"{self.base}/bridge/{self.instance}/state", {"state": "offline"})

    def go_online(self) -> None:
        """Say that commands are taken."""
        self.retain(f"{self.base}/bridge/{self.instance}/state", {"state": "online"})

    def show_info(self, **changes: object) -> None:
        """Publish ``info``."""
        info = {
            "version": "0.1.0",
            "api": 1,
            "epoch": self.epoch,
            "instance": self.instance,
            "admin": self.admin,
            "gateways": {
                name: {"type": gateway.kind, "capabilities": list(gateway.capabilities)}
                for name, gateway in self.gateways.items()
            },
            "configuration": {},
        }
        self.retain(f"{self.base}/bridge/{self.instance}/info", {**info, **changes})

    def show_gateway(self, name: str, **changes: object) -> None:
        """Publish a gateway's state, with changes, and its availability."""
        gateway = self.gateways[name]
        gateway.state |= changes
        self.retain(f"{self.base}/gateway/{name}/state", gateway.state)
        self.retain(f"{self.base}/gateway/{name}/availability", "online" if gateway.online else "offline")

    def add_gateway(self, name: str, gateway: Gateway | None = None) -> None:
        """Have one more gateway."""
        self.gateways[name] = gateway or Gateway()
        self.show_info()
        self.show_gateway(name)

    def remove_gateway(self, name: str) -> None:
        """Have one gateway less."""
        del self.gateways[name]
        self.show_info()
        self.retain(f"{self.base}/gateway/{name}/state", "")
        self.retain(f"{self.base}/gateway/{name}/availability", "")

    # -- events

    @property
    def seq(self) -> int:
        """The last event's number."""
        return self.events[-1]["seq"] if self.events else 0

    def record(self, body: dict[str, Any]) -> dict[str, Any]:
        """Commit an event without publishing it: it happened while nobody listened."""
        event = {**body, "seq": self.seq + 1, "epoch": self.epoch}
        self.events.append(event)
        return event

    def publish(self, event: dict[str, Any]) -> None:
        """Publish an event on its topic."""
        kind = "dlr" if "state" in event else "incoming" if "received_at" in event else "call"
        self.fire(f"{self.base}/{kind}", event)

    def incoming(
        self,
        text: str | None = "status?",
        *,
        originator: str = "+491701234567",
        live: bool = True,
        **changes: object,
    ) -> dict[str, Any]:
        """Receive a message; ``live`` says whether it is published too."""
        number = self.seq + 1
        body: dict[str, Any] = {
            "id": f"in-{number}",
            "from": originator,
            "from_name": None,
            "text": text,
            "gateway": "stick",
            "channel": "sms",
            "sim": 0,
            "to": "+4915112345678",
            "sent_at": now(),
            "received_at": now(),
            "segments": 1,
            "encoding": "gsm7",
            "class": None,
            "data": None,
            "port": None,
            "media": [],
            "incomplete": False,
        }
        return self._happens({**body, **changes}, live=live)

    def delivery(
        self,
        message_id: str,
        state: str,
        *,
        to: object = "+491701234567",
        live: bool = True,
        **changes: object,
    ) -> dict[str, Any]:
        """Change a message's state."""
        body: dict[str, Any] = {
            "id": message_id,
            "group": None,
            "to": to,
            "state": state,
            "final": state
            in {"failed", "expired", "undeliverable", "delivered", "read", "rejected", "cancelled"},
            "gateway": "stick",
            "channel": "sms",
            "segments": 1,
            "segments_delivered": int(state == "delivered"),
            "attempt": 1,
            "at": now(),
            "reference": [],
            "error": None,
            "cost": None,
            "possible_duplicate": False,
            "repeat": False,
            "metadata": {},
            "user_properties": [],
        }
        return self._happens({**body, **changes}, live=live)

    def call(self, event: str = "ringing", *, live: bool = True, **changes: object) -> dict[str, Any]:
        """Be called."""
        body: dict[str, Any] = {"from": "+491701234567", "gateway": "stick", "at": now(), "event": event}
        return self._happens({**body, **changes}, live=live)

    def _happens(self, body: dict[str, Any], *, live: bool) -> dict[str, Any]:
        event = self.record(body)
        if live:
            self.publish(event)
        return event

    # -- the broker

    def retain(self, topic: str, payload: object) -> None:
        """Publish a retained message."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        if text:
            self.retained[topic] = text
        else:
            self.retained.pop(topic, None)
        self.fire(topic, text)

    def fire(self, topic: str, payload: object) -> None:
        """Give a publication to Home Assistant, if it is connected and subscribes it."""
        if self.connected and self.subscribes(topic):
            text = payload if isinstance(payload, str) else json.dumps(payload)
            async_fire_mqtt_message(self.hass, topic, text, qos=1)

    def subscribes(self, topic: str) -> bool:
        """Whether Home Assistant subscribes a topic."""
        return any(matches(topic, wanted) for wanted in self._filters)

    def disconnect(self) -> None:
        """Break Home Assistant's connection to the broker."""
        self.connected = False
        self._filters.clear()
        self.mqtt_mock.connected = False
        async_dispatcher_send(self.hass, MQTT_CONNECTION_STATE, False)

    def connect(self) -> None:
        """Let Home Assistant connect again; it subscribes everything anew, having no session."""
        self.connected = True
        self.mqtt_mock.connected = True
        self.client.on_connect(self.client, None, 0, SimpleNamespace(value=0, is_failure=False))

    async def settle(self) -> None:
        """Wait until Home Assistant has done everything that follows from what happened."""
        client = self.mqtt_mock.return_value
        while True:
            await self.hass.async_block_till_done(wait_background_tasks=True)
            subscribing = client._subscribe_debouncer
            if not self.connected or (subscribing._timer is None and subscribing._task is None):
                break
            await asyncio.sleep(0)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def _subscribed(
        self, filters: str | list[tuple[str, int]], qos: int = 0, **properties: object
    ) -> tuple[int, int]:
        answer: tuple[int, int] = self._subscribe(filters, qos, **properties)
        fresh = [item[0] for item in filters] if isinstance(filters, list) else [filters]
        self._filters.update(fresh)
        for topic, payload in list(self.retained.items()):
            if any(matches(topic, wanted) for wanted in fresh):
                async_fire_mqtt_message(self.hass, topic, payload, qos=1, retain=True)
        return answer

    def _published(self, topic: str, payload: str | bytes, *args: object) -> object:
        info = self._publish(topic, payload, *args)
        if self.connected and topic.startswith(f"{self.base}/"):
            self.hass.loop.call_soon(self._handle, topic, payload)
        return info

    # -- commands

    def _handle(self, topic: str, payload: str | bytes) -> None:
        if topic == f"{self.base}/send":
            decoded = json.loads(payload)
            for command in decoded if isinstance(decoded, list) else [decoded]:
                self.sent.append(command)
                if not self.swallow:
                    self._take(command)
        elif topic.startswith(f"{self.base}/bridge/request/"):
            members = json.loads(payload) if payload else {}
            self._answer(topic.rsplit("/", 1)[1], members)

    def _take(self, command: dict[str, Any]) -> None:
        recipients = command["to"] if isinstance(command["to"], list) else [command["to"]]
        grouped = isinstance(command["to"], list)
        for number, recipient in enumerate(recipients):
            message_id = f"{command['id']}/{number}" if grouped else command["id"]
            group = command["id"] if grouped else None
            if recipient in self.rejections:
                code, message = self.rejections[recipient]
                error = {"code": code, "message": message, "provider_code": None, "temporary": False}
                self.delivery(
                    message_id, "rejected", to=recipient, group=group, error=error, gateway=None, segments=0
                )
                continue
            state = "scheduled" if "send_at" in command else "queued"
            metadata = command.get("metadata", {})
            self.delivery(message_id, state, to=recipient, group=group, gateway=None, metadata=metadata)

    def _answer(self, command: str, members: dict[str, Any]) -> None:
        transaction = members.pop("transaction", None)
        assert members.pop("instance", self.instance) == self.instance
        self.requests.append((command, members))
        given = self.answers[command] if command in self.answers else self._do(command, members)
        if given is None:
            return
        if isinstance(given, tuple):
            error = {"code": given[0], "message": given[1]}
            answer: dict[str, Any] = {
                "status": "error",
                "error": error,
                "data": given[2] if len(given) == 3 else None,
            }
        else:
            answer = {"status": "ok", "data": given}
        answer |= {"transaction": transaction, "instance": self.instance}
        self.fire(f"{self.base}/bridge/response/{command}", answer)

    def _do(self, command: str, members: dict[str, Any]) -> Answer:
        if command not in self.admin:
            return ("not_allowed", f"{command}: not allowed over MQTT; write under mqtt: admin: [{command}]")
        if command == "events":
            return self._events(members)
        answers: dict[str, Answer] = {
            "health": {"uptime": 1, "queue": {"queued": 0}, "oldest_queued_age": None},
            "balance": {"amount": "12.40", "currency": "EUR"},
            "cancel": {"ids": [members.get("id")]},
            "resend": {"ids": [members.get("id")]},
            "quote": {
                "encoding": "gsm7",
                "segments": 1,
                "characters_left": 150,
                "gateway": "stick",
                "price": None,
            },
            "ussd": {"text": "Your balance is 12.40 EUR", "more": False},
        }
        return answers.get(command, members)

    def _events(self, members: dict[str, Any]) -> Answer:
        position = {"epoch": self.epoch, "seq": self.seq}
        if "after" not in members:
            return position
        if members["epoch"] != self.epoch:
            return (
                "wrong_epoch",
                "epoch: the store is another one; begin anew with its epoch and seq.",
                position,
            )
        after = [event for event in self.events if event["seq"] > members["after"]]
        limit = members.get("limit", 100)
        return {**position, "events": after[:limit], "more": len(after) > limit}


def matches(topic: str, wanted: str) -> bool:
    """Whether a topic matches a filter (MQTT 5 clause 4.7)."""
    levels, filters = topic.split("/"), wanted.split("/")
    if filters[-1] == "#":
        return levels[: len(filters) - 1] == filters[:-1]
    return len(levels) == len(filters) and all(
        pattern in {level, "+"} for level, pattern in zip(levels, filters, strict=True)
    )


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop turn until something is so."""
    while not condition():  # noqa: ASYNC110 - nothing tells when it is
        await asyncio.sleep(0)


def now() -> str:
    """The present as the bridge writes it."""
    return dt_util.utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z")
