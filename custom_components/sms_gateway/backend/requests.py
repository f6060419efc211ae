"""Administration requests to a bridge (MQTT contract, section 5), matched with their answers by transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from homeassistant.components import mqtt
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_dumps

from . import BackendError, NotConnectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import HomeAssistant

#: Seconds until a bridge has answered from its store.
ANSWER_TIME: Final = 10.0
#: Seconds until a gateway has answered; the bridge itself gives up after 150.
GATEWAY_TIME: Final = 160.0


class RequestRefusedError(BackendError):
    """The bridge answered with an error; ``data`` is what it sent beside it."""

    def __init__(self, code: str, message: str, data: Mapping[str, object]) -> None:
        super().__init__(code, message)
        self.data = data


class UnansweredError(BackendError):
    """The bridge did not answer in time."""

    def __init__(self, command: str) -> None:
        super().__init__("timeout", f"The bridge did not answer the request {command} in time.")


def is_connected(hass: HomeAssistant) -> bool:
    """Whether Home Assistant has a connection to its broker; ``False`` too where MQTT is not set up."""
    try:
        return mqtt.is_connected(hass)
    except KeyError:
        return False


class Requests:
    """Asks one instance of a bridge below one base topic."""

    def __init__(self, hass: HomeAssistant, base: str, instance: str) -> None:
        self._hass = hass
        self._instance = instance
        self._topic = f"{base}/bridge/request/"
        self._waiting: dict[str, asyncio.Future[Mapping[str, object]]] = {}
        self._stopped = False

    async def call(
        self, command: str, members: Mapping[str, object] | None = None, *, seconds: float | None = None
    ) -> Mapping[str, object]:
        """Ask, and return the answer's data.

        Raises :class:`NotConnectedError`, :class:`UnansweredError` after ``seconds`` (:data:`ANSWER_TIME`), or
        :class:`RequestRefusedError`.
        """
        if self._stopped or not is_connected(self._hass):
            raise NotConnectedError("Home Assistant is not connected to the MQTT broker.")
        transaction = uuid4().hex
        answer: asyncio.Future[Mapping[str, object]] = self._hass.loop.create_future()
        self._waiting[transaction] = answer
        try:
            async with asyncio.timeout(ANSWER_TIME if seconds is None else seconds):
                await self.tell(command, {**(members or {}), "transaction": transaction})
                return _data_of(await answer)
        except TimeoutError as error:
            raise UnansweredError(command) from error
        finally:
            del self._waiting[transaction]

    async def tell(self, command: str, members: Mapping[str, object]) -> None:
        """Ask without waiting for the answer. Raises :class:`NotConnectedError`."""
        payload = json_dumps({"instance": self._instance, **members})
        try:
            await mqtt.async_publish(self._hass, self._topic + command, payload, qos=1)
        except HomeAssistantError as error:
            raise NotConnectedError("The MQTT broker cannot be reached.") from error

    def answered(self, answer: Mapping[str, object]) -> None:
        """Take what came on a response topic; answers to others are ignored."""
        transaction = answer.get("transaction")
        waiting = self._waiting.get(transaction) if isinstance(transaction, str) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def stop(self) -> None:
        """Fail whoever waits, and whoever comes."""
        self._stopped = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NotConnectedError("The connection to the bridge is being closed."))


def _data_of(answer: Mapping[str, object]) -> Mapping[str, object]:
    """The data of an answer; raises :class:`RequestRefusedError`."""
    data = answer.get("data")
    if answer.get("status") == "ok":
        return data if isinstance(data, dict) else {}
    found = answer.get("error")
    error = found if isinstance(found, dict) else {}
    raise RequestRefusedError(
        str(error.get("code", "internal")),
        str(error.get("message", "The bridge gave no reason.")),
        data if isinstance(data, dict) else error,
    )
