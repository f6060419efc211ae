"""Send commands: from the PUBLISH to the commit, and only then to the acknowledgement."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import traceback
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from sms_bridge.mqtt.payloads import parse_send
from sms_bridge.mqtt.recovery import Pace
from sms_bridge.mqtt.send import reject_payload
from sms_bridge.mqtt.topics import SendTopic, is_publishable
from sms_bridge.routing.command import Command, Packet, Rejection, Reply
from sms_bridge.store.base import StoreError
from sms_providers.address import redact_numbers
from sms_providers.model import Error, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from sms_bridge.mqtt.messages import Received
    from sms_bridge.mqtt.topics import Topics

_LOGGER = logging.getLogger(__name__)

#: Octets of the digest by which a redelivered command is recognised.
_DIGEST: Final = 16


class Outbox(Protocol):
    """Where commands go. Every coroutine returns after the commit and raises StoreError where there was none."""

    async def accept(self, commands: Sequence[Command | Rejection], packet: Packet | None) -> None:
        """Commit the commands of one PUBLISH, or find that they are committed."""

    async def forget_packets(self) -> None:
        """The broker has no session of ours: its packet identifiers begin anew."""

    async def packets_acknowledged(self, packet_ids: Sequence[int]) -> None:
        """The broker is known to have our acknowledgement of these packets: they cannot be redelivered."""


class Commands:
    """Reads commands and has them committed. ``valid_for`` is the configured default in seconds.

    ``replays_retained`` says that the retain flag marks a replay (MQTT 3.1.1). Nothing is committed before
    :meth:`admit`; what arrives waits.
    """

    def __init__(
        self,
        topics: Topics,
        outbox: Outbox,
        *,
        valid_for: int,
        replays_retained: bool,
        pace: Pace | None = None,
    ) -> None:
        self._topics = topics
        self._outbox = outbox
        self._valid_for = valid_for
        self._replays_retained = replays_retained
        self._pace = pace or Pace()
        self._admitted = asyncio.Event()
        self._forgetting: asyncio.Task[None] | None = None
        self._collecting: asyncio.Task[None] | None = None
        self._anonymous: set[int] = set()
        self._confirmed: set[int] = set()
        self._store_fails = False

    def admit(self) -> None:
        """Begin to commit."""
        self._admitted.set()

    def session_lost(self) -> None:
        """The broker has no session of ours. To be called before the first message of the new one is handled."""
        self._anonymous.clear()
        self._confirmed.clear()
        self._forgetting = asyncio.create_task(self._persist(self._outbox.forget_packets))

    def confirmed(self, packet_ids: Sequence[int]) -> None:
        """The broker is known to have our acknowledgements of these packets."""
        self._confirmed |= self._anonymous.intersection(packet_ids)
        if self._confirmed and (self._collecting is None or self._collecting.done()):
            self._collecting = asyncio.create_task(self._tell_confirmed())

    def stop(self) -> None:
        """Give up what only waits; what is being committed is committed."""
        for task in (self._forgetting, self._collecting):
            if task is not None:
                task.cancel()

    def handle(self, received: Received) -> Coroutine[object, object, None] | None:
        """Read one PUBLISH of a send topic; the coroutine ends when it may be acknowledged."""
        if received.retain and not received.payload:
            return None  # clears a retained message; with MQTT 5 we are told
        self._confirmed.discard(received.packet_id)
        self._anonymous.discard(received.packet_id)
        commands = self._read(received)
        packet = None
        if received.qos:
            octets = received.topic.encode() + b"\0" + received.payload
            digest = hashlib.blake2b(octets, digest_size=_DIGEST).digest()
            packet = Packet(packet_id=received.packet_id, dup=received.dup, digest=digest)
            if any(isinstance(command, Command) and command.id is None for command in commands):
                self._anonymous.add(received.packet_id)
        return self._commit(commands, packet)

    def _read(self, received: Received) -> Sequence[Command | Rejection]:
        reply = self._reply(received)
        topic = self._topics.parse_send(received.topic)
        if topic is None:
            message = (
                "The topic has too many levels: expected send, send/<recipient> or send/<recipient>/<id>."
            )
            return [reject_payload(SendTopic(None, None), reply, message, ErrorCode.INVALID_PAYLOAD)]
        try:
            commands = parse_send(
                topic, received.payload, reply, expiry=received.expiry, valid_for=self._valid_for
            )
        except Exception as error:  # noqa: BLE001 - a fault of ours must not bring this payload back for ever
            _log_fault("A command could not be read", error)
            message = "The bridge failed to read it; its log says more."
            return [reject_payload(topic, reply, message, ErrorCode.INTERNAL)]
        if not received.retain:
            return commands
        if self._replays_retained:
            return [_reject_replay(commands[0], received.topic)]
        _LOGGER.warning(
            "A command on %s was published with the retain flag; it is sent, but the flag has no use there",
            redact_numbers(received.topic),
        )
        return commands

    def _reply(self, received: Received) -> Reply:
        wanted = received.response_topic
        if wanted is None:
            return Reply(user_properties=received.user_properties)
        if not is_publishable(wanted) or self._topics.is_command(wanted):
            _LOGGER.warning(
                "A command's response topic is ignored: it is none, or the bridge's own command topic"
            )
            return Reply(user_properties=received.user_properties)
        return Reply(topic=wanted, correlation=received.correlation, user_properties=received.user_properties)

    async def _commit(self, commands: Sequence[Command | Rejection], packet: Packet | None) -> None:
        await self._admitted.wait()
        if self._forgetting is not None and not self._forgetting.done():
            await asyncio.wait([self._forgetting])
        try:
            await self._persist(partial(self._outbox.accept, commands, packet))
        except Exception as error:  # noqa: BLE001 - as in _read: the command is refused, not brought back for ever
            _log_fault("A command could not be judged", error)
            failed = [_reject_fault(command) for command in commands]
            await self._persist(partial(self._outbox.accept, failed, packet))

    async def _persist(self, commit: Callable[[], Awaitable[None]]) -> None:
        """Try until it is committed. A cancellation ends the waiting; the store finishes a commit that has begun."""
        wait = self._pace.first
        while True:
            try:
                await commit()
            except StoreError as error:
                self._say_store_fails(error)
            else:
                self._store_fails = False
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._pace.longest)

    def _say_store_fails(self, error: StoreError) -> None:
        """Say it once until the store takes something again."""
        if not self._store_fails:
            _LOGGER.error("Commands are not acknowledged, and tried again, because of the store: %s", error)
        self._store_fails = True

    async def _tell_confirmed(self) -> None:
        while self._confirmed:
            await asyncio.sleep(self._pace.first)  # one commit for all of that time
            packet_ids, self._confirmed = sorted(self._confirmed), set()
            self._anonymous.difference_update(packet_ids)
            if packet_ids:
                await self._persist(partial(self._outbox.packets_acknowledged, packet_ids))


def _reject_replay(command: Command | Rejection, topic: str) -> Rejection:
    message = (
        "A retained command is a replay and never sent: publish commands without the retain flag, "
        "and clear this one by an empty retained message on its topic."
    )
    error = Error(code=ErrorCode.RETAINED_COMMAND, message=message)
    return Rejection(id=command.id, to=_as_given(command), error=error, metadata=command.metadata, once=topic)


def _reject_fault(command: Command | Rejection) -> Rejection:
    error = Error(code=ErrorCode.INTERNAL, message="The bridge failed to judge it; its log says more.")
    return Rejection(
        id=command.id, to=_as_given(command), error=error, metadata=command.metadata, reply=command.reply
    )


def _as_given(command: Command | Rejection) -> object:
    if isinstance(command, Rejection):
        return command.to
    return list(command.to) if command.is_group else command.to[0]


def _log_fault(what: str, error: Exception) -> None:
    """Log where it happened but not what the exception says: that may quote a text or a number."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _LOGGER.error("%s (%s)\n%s", what, type(error).__name__, where)
