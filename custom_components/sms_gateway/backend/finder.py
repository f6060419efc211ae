"""Finds the bridge below a base topic and makes sure that it answers; for set-up, before there is a backend."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_dumps

from ..const import BRIDGE_API
from . import BackendError, NotConnectedError
from .payloads import MalformedError, decode_object, parse_info
from .requests import is_connected

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import HomeAssistant

#: Seconds until a bridge has told about itself (its retained info comes with the subscription) and has answered.
SEARCH_TIME: Final = 10.0
_QOS: Final = 1


class BridgeNotFoundError(BackendError):
    """No bridge has ever been below this base topic, or not this instance of it."""

    def __init__(self) -> None:
        super().__init__("not_found", "There is no bridge below this base topic.")


class BridgeSilentError(BackendError):
    """A bridge has been there, but does not answer."""

    def __init__(self) -> None:
        super().__init__("timeout", "The bridge does not answer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBridge:
    """What a bridge says of itself. One of another interface than ours was not asked whether it is there."""

    instance: str
    version: str
    api: int


async def find_bridge(hass: HomeAssistant, base: str, instance: str | None = None) -> FoundBridge:
    """Return the first bridge below the base topic that answers; ``instance`` looks for this one only.

    Raises :class:`NotConnectedError`, :class:`BridgeNotFoundError` or :class:`BridgeSilentError`, the last two after
    :data:`SEARCH_TIME`.
    """
    if not is_connected(hass):
        raise NotConnectedError("Home Assistant is not connected to the MQTT broker.")
    search = _Search(hass, base)
    with ExitStack() as subscriptions:
        try:
            async with asyncio.timeout(SEARCH_TIME):
                # In this order: who has sent his info can be asked, for the answers are subscribed already.
                for topic, received in (
                    (f"{base}/bridge/response/+", search.answered),
                    (f"{base}/bridge/{instance or '+'}/info", search.introduced),
                ):
                    subscriptions.callback(await mqtt.async_subscribe(hass, topic, received, qos=_QOS))
                return await search.found
        except TimeoutError:
            raise (BridgeSilentError if search.known else BridgeNotFoundError) from None
        except HomeAssistantError as error:
            raise NotConnectedError("The MQTT broker cannot be reached.") from error


class _Search:
    """Asks everybody who introduces himself; ``found`` is the first to answer."""

    def __init__(self, hass: HomeAssistant, base: str) -> None:
        self._hass = hass
        self._topic = f"{base}/bridge/request/health"
        self._transaction = uuid4().hex
        self.known: dict[str, FoundBridge] = {}
        self.found: asyncio.Future[FoundBridge] = hass.loop.create_future()

    async def introduced(self, message: ReceiveMessage) -> None:
        """Take a retained info."""
        instance = message.topic.split("/")[-2]
        try:
            info = parse_info(decode_object(message.payload))
        except MalformedError:
            return
        bridge = FoundBridge(instance=instance, version=info.version, api=info.api)
        self.known[instance] = bridge
        if info.api != BRIDGE_API:
            self._settle(bridge)
            return
        question = json_dumps({"instance": instance, "transaction": self._transaction})
        await mqtt.async_publish(self._hass, self._topic, question, qos=_QOS)

    @callback
    def answered(self, message: ReceiveMessage) -> None:
        """Take an answer; a refusal is one too."""
        try:
            answer = decode_object(message.payload)
        except MalformedError:
            return
        bridge = self.known.get(str(answer.get("instance")))
        if bridge is not None and answer.get("transaction") == self._transaction:
            self._settle(bridge)

    def _settle(self, bridge: FoundBridge) -> None:
        if not self.found.done():
            self.found.set_result(bridge)
