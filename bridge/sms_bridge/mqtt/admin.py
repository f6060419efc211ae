"""Administration over MQTT (MQTT contract, section 5): who may ask, and how answers travel."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from sms_bridge.mqtt.errors import PublishRefusedError
from sms_bridge.mqtt.messages import Publication
from sms_bridge.mqtt.settings import ADMIN_COMMANDS
from sms_bridge.mqtt.topics import is_publishable
from sms_bridge.mqtt.values import decode_json, encode_json, presentable, type_name
from sms_bridge.routing.requests import AdminCode, AdminError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.mqtt.messages import Received
    from sms_bridge.mqtt.topics import Topics

_LOGGER = logging.getLogger(__name__)

#: Requests that are worked on at a time; a gateway may take minutes for one.
MOST_AT_ONCE: Final = 16


class Administration(Protocol):
    """Does what a request asks."""

    async def execute(self, command: str, members: Mapping[str, object]) -> Mapping[str, object]:
        """Do one command and return its data; raises :class:`AdminError`, nothing else."""


class Admin:
    """Answers requests. ``allowed`` are the commands that the configuration allows over MQTT.

    ``replays_retained`` says that the retain flag marks a replay (MQTT 3.1.1), which nobody waits for.
    """

    def __init__(
        self,
        topics: Topics,
        administration: Administration,
        *,
        publish: Callable[[Publication], asyncio.Future[None]],
        allowed: tuple[str, ...],
        replays_retained: bool,
    ) -> None:
        self._topics = topics
        self._administration = administration
        self._publish = publish
        self._allowed = allowed
        self._replays_retained = replays_retained
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, received: Received) -> None:
        """Take one request; it is answered in the background."""
        command = self._topics.request(received.topic)
        if command is None or (received.retain and (self._replays_retained or not received.payload)):
            return
        task = asyncio.create_task(self._answer(command, received, crowded=len(self._tasks) >= MOST_AT_ONCE))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give up what is unanswered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, command: str, received: Received, *, crowded: bool) -> None:
        answer: dict[str, object] = {}
        transaction: object = None
        try:
            members = _members(received.payload)
            transaction = members.pop("transaction", None)
            if _instance(members) not in {None, self._topics.instance}:
                return
            self._check(command, received, crowded=crowded)
            data = await self._administration.execute(command, members)
            answer = {"status": "ok", "data": data}
        except AdminError as error:
            answer = {"status": "error", "error": {"code": error.code.value, "message": error.message}}
            if error.data is not None:
                answer["data"] = error.data
        answer |= {"transaction": transaction, "instance": self._topics.instance}
        await self._respond(command, received, answer)

    def _check(self, command: str, received: Received, *, crowded: bool) -> None:
        """Raise :class:`AdminError` for what is not even tried."""
        if received.retain:
            raise AdminError(
                AdminCode.INVALID_PAYLOAD,
                "A retained request is never done: publish it without the retain flag.",
            )
        if command in ADMIN_COMMANDS and command not in self._allowed:
            line = ", ".join([*self._allowed, command])
            raise AdminError(
                AdminCode.NOT_ALLOWED,
                f"{command}: not allowed over MQTT; to allow it, write under mqtt: admin: [{line}]",
            )
        if crowded:
            raise AdminError(
                AdminCode.INTERNAL,
                f"{MOST_AT_ONCE} requests are being worked on; try again when they are done.",
            )

    async def _respond(self, command: str, received: Received, answer: Mapping[str, object]) -> None:
        wanted = received.response_topic
        if wanted is None or not is_publishable(wanted) or self._topics.is_command(wanted):
            wanted = self._topics.response(command)
        try:
            payload = encode_json(answer)
        except (ValueError, TypeError):
            # An answer that JSON cannot carry is a fault of ours; whoever asked is still owed one.
            _LOGGER.exception("The answer to the request %s cannot be written", command)
            error = {
                "code": AdminCode.INTERNAL.value,
                "message": "The answer cannot be written; the log says more.",
            }
            payload = encode_json({"status": "error", "error": error, "instance": self._topics.instance})
        try:
            await self._publish(Publication(topic=wanted, payload=payload, correlation=received.correlation))
        except PublishRefusedError as error:
            _LOGGER.warning("The answer to the request %s is not delivered. %s", command, error)


def _instance(members: dict[str, object]) -> str | None:
    """Take the instance out of a request; raises :class:`AdminError` where it names none."""
    instance = members.pop("instance", None)
    if instance is None or isinstance(instance, str):
        return instance
    raise AdminError(AdminCode.INVALID_PAYLOAD, f"instance: expected a string, got {type_name(instance)}.")


def _members(payload: bytes) -> dict[str, object]:
    """Read a request's object, an empty payload as an empty one; raises :class:`AdminError`."""
    if not payload:
        return {}
    try:
        members = decode_json(payload.decode())
    except UnicodeDecodeError:
        raise AdminError(AdminCode.INVALID_PAYLOAD, "The payload is not UTF-8.") from None
    except ValueError as error:
        raise AdminError(AdminCode.INVALID_PAYLOAD, f"The payload is {error}.") from None
    if not isinstance(members, dict):
        raise AdminError(AdminCode.INVALID_PAYLOAD, f"Expected a JSON object, got {type_name(members)}.")
    if presentable(members) is None:
        raise AdminError(
            AdminCode.INVALID_PAYLOAD,
            "The payload repeats a key, nests too deeply, or holds no Unicode text.",
        )
    return dict(members)
