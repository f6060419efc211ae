"""The bridge as a backend: subscriptions, requests, and a message as what it becomes (MQTT contract)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_dumps

from ..const import LOGGER
from ..sms_providers.model import Capability
from . import BackendError, NotConnectedError
from .model import Feature, Quote, Snapshot, UssdAnswer
from .outgoing import Outgoing
from .payloads import (
    MalformedError,
    decode_object,
    parse_balance,
    parse_decimal,
    parse_event,
    parse_gateway,
    parse_info,
    send_object,
)
from .requests import GATEWAY_TIME, Requests, is_connected
from .stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import HomeAssistant

    from . import Listener
    from .model import Balance, GatewayState, MessageStatus, SendRequest
    from .payloads import BridgeInfo

#: Seconds until the broker has confirmed all subscriptions; after them it is asked for what was missed all the same.
_SUBSCRIBE_TIME: Final = 10.0
_QOS: Final = 1


class MqttBackend:
    """One instance of the bridge, through Home Assistant's own MQTT client. ``key`` names what it keeps on disk."""

    def __init__(self, hass: HomeAssistant, *, base: str, instance: str, key: str) -> None:
        self._hass = hass
        self._base = base
        self._requests = Requests(hass, base, instance)
        self._stream = EventStream(hass, key, self._requests, self._deliver)
        self._listener: Listener
        self._outgoing = Outgoing(hass)
        self._board = _Board()
        self._unsubscribe: list[Callable[[], None]] = []
        self._unconfirmed: set[str] = set()
        self._subscribing: asyncio.TimerHandle | None = None
        own = f"{base}/bridge/{instance}"
        self._topics: dict[str, Callable[[ReceiveMessage], None]] = {
            f"{own}/state": self._state_received,
            f"{own}/info": self._info_received,
            f"{own}/health": self._health_received,
            f"{base}/gateway/+/state": self._gateway_received,
            f"{base}/gateway/+/availability": self._availability_received,
            f"{base}/bridge/response/+": self._response_received,
            f"{base}/dlr": self._event_received,
            f"{base}/incoming": self._event_received,
            f"{base}/call": self._event_received,
        }

    # -- life

    async def start(self, listener: Listener) -> None:
        """See :meth:`Backend.start`."""
        if not await mqtt.async_wait_for_mqtt_client(self._hass):
            raise NotConnectedError("Home Assistant's MQTT integration is not connected.")
        self._listener = listener
        await self._stream.load()
        self._board.linked = is_connected(self._hass)
        self._unsubscribe.append(mqtt.async_subscribe_connection_status(self._hass, self._connection_changed))
        self._await_confirmations()
        try:
            for topic, received in self._topics.items():
                self._unsubscribe.append(
                    await mqtt.async_subscribe(self._hass, topic, self._guarded(received), qos=_QOS)
                )
                self._unsubscribe.append(
                    mqtt.async_on_subscribe_done(self._hass, topic, _QOS, partial(self._confirmed, topic))
                )
        except HomeAssistantError as error:
            await self.stop()
            raise NotConnectedError("The bridge's topics cannot be subscribed to.") from error

    def open(self) -> None:
        """See :meth:`Backend.open`."""
        self._stream.open()

    async def stop(self) -> None:
        """See :meth:`Backend.stop`."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        if self._subscribing is not None:
            self._subscribing.cancel()
        self._outgoing.stop()
        await self._stream.stop()
        self._requests.stop()

    def diagnostics(self) -> Mapping[str, object]:
        """See :meth:`Backend.diagnostics`."""
        position = self._stream.position
        return {
            "linked": self._board.linked,
            "bridge_online": self._board.online,
            "health": self._board.health,
            "epoch": None if position is None else position.epoch,
            "seq": None if position is None else position.seq,
        }

    # -- messages

    async def send(self, request: SendRequest, *, wait: float) -> list[MessageStatus]:
        """See :meth:`Backend.send`."""
        if not is_connected(self._hass):
            # The client would keep the message and send it with the next connection, after we said that it is lost.
            raise NotConnectedError("Home Assistant is not connected to the MQTT broker.")
        recipients = tuple(dict.fromkeys(request.recipients))
        payload = json_dumps(send_object(request, recipients))
        with self._outgoing.expect(request.id, recipients) as expected:
            try:
                async with asyncio.timeout(wait):
                    await self._publish(f"{self._base}/send", payload)
                    await expected.complete
            except TimeoutError:
                LOGGER.debug("No word of the message %s yet", request.id)
            found = expected.found
        return [found[recipient] for recipient in request.recipients]

    async def get_message(self, message_id: str) -> Mapping[str, object]:
        """See :meth:`Backend.get_message`."""
        return await self._requests.call("message", {"id": message_id})

    async def list_messages(self, filters: Mapping[str, object]) -> Mapping[str, object]:
        """See :meth:`Backend.list_messages`."""
        return await self._requests.call("messages", filters)

    async def cancel(self, message_id: str) -> list[str]:
        """See :meth:`Backend.cancel`."""
        return _ids(await self._requests.call("cancel", {"id": message_id}))

    async def resend(self, message_id: str) -> list[str]:
        """See :meth:`Backend.resend`."""
        return _ids(await self._requests.call("resend", {"id": message_id}))

    async def quote(self, request: SendRequest) -> Quote:
        """See :meth:`Backend.quote`."""
        members = send_object(request, request.recipients)
        del members["id"]
        data = await self._requests.call("quote", members)
        segments, left = data.get("segments"), data.get("characters_left")
        gateway, price, currency = data.get("gateway"), data.get("price"), data.get("currency")
        if not isinstance(segments, int) or not isinstance(left, int):
            raise BackendError("protocol", "The bridge's answer cannot be read.")
        return Quote(
            encoding=str(data.get("encoding")),
            segments=segments,
            characters_left=left,
            gateway=gateway if isinstance(gateway, str) else None,
            price=parse_decimal(price),
            currency=currency if isinstance(currency, str) else None,
        )

    # -- gateways

    async def get_balance(self, gateway: str | None) -> Balance:
        """See :meth:`Backend.get_balance`; without a gateway, of the only one that has a balance."""
        able = [item.name for item in self._board.snapshot().gateways.values() if _has_balance(item)]
        if gateway is None and len(able) != 1:
            raise BackendError("unsupported", "Name a gateway: not exactly one of them has a balance.")
        data = await self._requests.call("balance", {"gateway": gateway or able[0]}, seconds=GATEWAY_TIME)
        try:
            return parse_balance(data)
        except MalformedError as error:
            raise BackendError("protocol", "The bridge's answer cannot be read.") from error

    async def ussd(self, gateway: str, code: str) -> UssdAnswer:
        """See :meth:`Backend.ussd`."""
        data = await self._requests.call("ussd", {"gateway": gateway, "code": code}, seconds=GATEWAY_TIME)
        return UssdAnswer(text=str(data.get("text") or ""), more=data.get("more") is True)

    async def restart_gateway(self, gateway: str) -> None:
        """See :meth:`Backend.restart_gateway`."""
        await self._requests.call("restart_gateway", {"gateway": gateway}, seconds=GATEWAY_TIME)

    async def refresh(self) -> None:
        """See :meth:`Backend.refresh`: health, and the balances that can be asked for."""
        self._board.health = await self._requests.call("health")
        snapshot = self._board.snapshot()
        if Feature.BALANCE in snapshot.features:
            for gateway in snapshot.gateways.values():
                if gateway.available and _has_balance(gateway):
                    await self.get_balance(gateway.name)
        self._show()

    # -- what MQTT tells

    @callback
    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - Home Assistant's signature
        self._board.linked = connected
        self._board.online = None
        if connected:
            self._await_confirmations()
        self._show()

    def _await_confirmations(self) -> None:
        """Events are complete from the confirmation of the subscriptions on; before that, they are asked for."""
        self._unconfirmed = set(self._topics)
        if self._subscribing is not None:
            self._subscribing.cancel()
        # Where another integration subscribes the same topic with another QoS, nobody tells of ours.
        self._subscribing = self._hass.loop.call_later(_SUBSCRIBE_TIME, self._subscribed)

    @callback
    def _confirmed(self, topic: str) -> None:
        if topic in self._unconfirmed:
            self._unconfirmed.remove(topic)
            if not self._unconfirmed:
                self._subscribed()

    @callback
    def _subscribed(self) -> None:
        if self._subscribing is not None:
            self._subscribing.cancel()
            self._subscribing = None
        self._unconfirmed.clear()
        if self._board.online:
            self._bridge_came()

    def _bridge_came(self) -> None:
        """The bridge is there and we hear it: ask for what was missed, and take over its entities."""
        self._stream.catch_up()
        self._hass.async_create_background_task(self._claim(), f"{self._base} claim", eager_start=False)

    async def _claim(self) -> None:
        """Ask the bridge to withdraw its own discovery of entities (MQTT contract, section 6)."""
        try:
            await self._requests.call("discovery", {"enabled": False})
        except BackendError as error:
            LOGGER.debug("The bridge keeps its own MQTT discovery: %s", error)

    def _state_received(self, message: ReceiveMessage) -> None:
        online = _member(message, "state") == "online"
        came = online and not self._board.online
        self._board.online = online
        if came and not self._unconfirmed:
            self._bridge_came()
        self._show()

    def _info_received(self, message: ReceiveMessage) -> None:
        self._board.info = parse_info(decode_object(message.payload)) if message.payload else None
        self._show()

    def _health_received(self, message: ReceiveMessage) -> None:
        self._board.health = decode_object(message.payload) if message.payload else {}
        self._show()

    def _gateway_received(self, message: ReceiveMessage) -> None:
        name = message.topic.split("/")[-2]
        self._board.states[name] = decode_object(message.payload) if message.payload else {}
        self._show()

    def _availability_received(self, message: ReceiveMessage) -> None:
        name = message.topic.split("/")[-2]
        self._board.available[name] = message.payload == "online"
        self._show()

    def _response_received(self, message: ReceiveMessage) -> None:
        self._requests.answered(decode_object(message.payload))

    def _event_received(self, message: ReceiveMessage) -> None:
        body = decode_object(message.payload)
        # Whoever waits for his message must not wait for what was missed.
        self._outgoing.happened(body)
        self._stream.offer(body)

    def _guarded(self, received: Callable[[ReceiveMessage], None]) -> Callable[[ReceiveMessage], None]:
        """Ignore what cannot be read."""

        @callback
        def guarded(message: ReceiveMessage) -> None:
            try:
                received(message)
            except MalformedError as error:
                LOGGER.warning("A message on %s is ignored: %s", message.topic, error)

        return guarded

    def _show(self) -> None:
        if self._board.linked and self._board.online is None:
            return  # whether the bridge is there comes with the subscriptions
        snapshot = self._board.snapshot()
        if self._board.changed(snapshot):
            self._listener.snapshot_changed(snapshot)

    def _deliver(self, body: Mapping[str, object], late: bool) -> None:  # noqa: FBT001 - called by position
        try:
            event = parse_event(body, late=late)
        except MalformedError as error:
            LOGGER.warning("An event of the bridge is ignored: %s", error)
        else:
            self._listener.happened(event)

    async def _publish(self, topic: str, payload: str) -> None:
        try:
            await mqtt.async_publish(self._hass, topic, payload, qos=_QOS)
        except HomeAssistantError as error:
            # The connection broke just now: the client keeps the message for the next one.
            LOGGER.debug("The broker has not confirmed a message yet: %s", error)


class _Board:
    """What the retained topics say, put together."""

    def __init__(self) -> None:
        self.linked = False
        self.online: bool | None = None
        self.info: BridgeInfo | None = None
        self.health: Mapping[str, object] = {}
        self.states: dict[str, Mapping[str, object]] = {}
        self.available: dict[str, bool] = {}
        self._shown = Snapshot()

    def changed(self, snapshot: Snapshot) -> bool:
        """Whether this is another snapshot than the last."""
        before, self._shown = self._shown, snapshot
        return before != snapshot

    def snapshot(self) -> Snapshot:
        """The present state."""
        info = self.info
        if info is None:
            return Snapshot(connected=False)
        gateways = {name: self._gateway(name, info) for name in sorted(info.gateways)}
        queue = self.health.get("queue")
        return Snapshot(
            connected=self.linked and self.online is True,
            version=info.version,
            api=info.api,
            features=info.features,
            gateways=gateways,
            sent_today=_total(gateway.sent_today for gateway in gateways.values()),
            failed_today=_total(gateway.failed_today for gateway in gateways.values()),
            received_today=_total(gateway.received_today for gateway in gateways.values()),
            queue=_total(queue.values()) if isinstance(queue, dict) else None,
        )

    def _gateway(self, name: str, info: BridgeInfo) -> GatewayState:
        known, body = info.gateways[name], self.states.get(name, {})
        available = self.available.get(name, False)
        try:
            return parse_gateway(name, known, body, available=available)
        except MalformedError:
            return parse_gateway(name, known, {}, available=available)


def _total(counts: Iterable[object]) -> int | None:
    known = [count for count in counts if isinstance(count, int)]
    return sum(known) if known else None


def _has_balance(gateway: GatewayState) -> bool:
    return Capability.BALANCE.value in gateway.capabilities


def _ids(data: Mapping[str, object]) -> list[str]:
    ids = data.get("ids")
    return [str(item) for item in ids] if isinstance(ids, list) else []


def _member(message: ReceiveMessage, name: str) -> object:
    return decode_object(message.payload).get(name) if message.payload else None
