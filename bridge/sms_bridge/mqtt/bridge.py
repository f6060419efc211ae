"""The MQTT side as one piece: session, commands, events, states and administration, wired."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.admin import Admin
from sms_bridge.mqtt.background import Background
from sms_bridge.mqtt.commands import Commands
from sms_bridge.mqtt.errors import NotConnectedError
from sms_bridge.mqtt.logtopic import LogTopic
from sms_bridge.mqtt.messages import Publication, Subscription
from sms_bridge.mqtt.presence import Presence
from sms_bridge.mqtt.publisher import Publisher
from sms_bridge.mqtt.recovery import Pace
from sms_bridge.mqtt.session import Session
from sms_bridge.mqtt.settings import Protocol
from sms_bridge.mqtt.state import StateTopics
from sms_bridge.mqtt.topics import Topics
from sms_bridge.mqtt.values import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from sms_bridge.mqtt.admin import Administration
    from sms_bridge.mqtt.commands import Outbox
    from sms_bridge.mqtt.discovery import Discovery
    from sms_bridge.mqtt.errors import FatalMqttError
    from sms_bridge.mqtt.messages import Received
    from sms_bridge.mqtt.publisher import Events
    from sms_bridge.mqtt.settings import MqttSettings
    from sms_bridge.mqtt.state import Board

_LOGGER = logging.getLogger(__name__)

#: Version of the MQTT contract.
API: Final = 1
#: Seconds that a stop waits for commits, and again for the broker.
_STOP_TIMEOUT: Final = 2.0


class MqttSide:
    """Everything between the broker and the rooms below.

    ``version`` is the bridge's, ``epoch`` its store's. ``details`` adds gateways and configuration to the info topic.
    ``failed`` is called once when the bridge must exit; the error's sentence says why.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        version: str,
        epoch: str,
        outbox: Outbox,
        events: Events,
        board: Board,
        administration: Administration,
        discovery: Discovery,
        details: Callable[[], Mapping[str, object]],
        failed: Callable[[FatalMqttError], None],
        pace: Pace | None = None,
    ) -> None:
        pace = pace or Pace()
        self._settings = settings
        self._version = version
        self._epoch = epoch
        self._board = board
        self._discovery = discovery
        self._details = details
        self._failed = failed
        self._topics = topics = Topics(settings.base_topic, settings.instance)
        replays_retained = settings.protocol is Protocol.V311
        self._background = Background(failed)
        spawn = self._background.spawn
        self._presence = Presence(topics, epoch, publish=self._show, foreign=failed)
        self._session = Session(
            settings, will=self._presence.will(), handler=self._handle, listener=self, spawn=spawn, pace=pace
        )
        self._commands = Commands(
            topics,
            outbox,
            valid_for=settings.valid_for,
            replays_retained=replays_retained,
            pace=pace,
        )
        self._states = StateTopics(
            topics,
            board,
            publish=self._show,
            spawn=spawn,
            health=self.health,
            gateway_shown=discovery.gateway_shown,
        )
        self._publisher = Publisher(
            topics, events, publish=self._publish, published=self._states.refresh, spawn=spawn, pace=pace
        )
        self._admin = Admin(
            topics,
            administration,
            publish=self._publish,
            allowed=settings.admin,
            replays_retained=replays_retained,
        )
        self._log = LogTopic(topics.log, self._publish)
        self._pace = pace
        self._greeting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and return. Raises :class:`FatalMqttError` for unreadable TLS files."""
        await self._session.start()
        self._log.start()
        self._discovery.start(self._publish, self._background.spawn)
        self._states.start()
        self._publisher.start()

    async def stop_commands(self) -> None:
        """Take no further command or request; what was received is committed and acknowledged first."""
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await self._session.stop_taking()
        except TimeoutError:
            _LOGGER.warning("Some commands are not committed yet; the broker will deliver them again")

    async def stop(self) -> None:
        """Take no command, publish ``offline``, disconnect. Unpublished events wait in the store."""
        await self.stop_commands()
        if self._greeting is not None:
            self._greeting.cancel()
        await self._admin.stop()
        await self._states.stop()
        await self._discovery.stop()
        await self._publisher.stop()
        self._log.stop()
        self._commands.stop()
        if self._session.is_connected:
            offline = self._presence.go_offline()
            await asyncio.wait([offline], timeout=_STOP_TIMEOUT)
        await self._session.stop()

    async def health(self) -> dict[str, object]:
        """The health object (MQTT contract, section 4). Raises StoreError."""
        return {**await self._board.health(), "broker_reconnects": max(self._session.reconnects, 0)}

    # -- what the session tells

    def connected(self, *, session_present: bool) -> None:
        """See :class:`~sms_bridge.mqtt.session.Listener`."""
        if not session_present:
            _LOGGER.info("The broker has no session of this bridge: a first connection, or it has lost it")
            self._commands.session_lost()
        self._greeting = self._background.spawn(self._greet(), "mqtt greeting")

    def disconnected(self) -> None:
        """See :class:`~sms_bridge.mqtt.session.Listener`."""
        if self._greeting is not None:
            self._greeting.cancel()
        self._states.disconnected()
        self._discovery.disconnected()
        self._log.disconnected()

    def confirmed(self, packet_ids: Sequence[int]) -> None:
        """See :class:`~sms_bridge.mqtt.session.Listener`."""
        self._commands.confirmed(packet_ids)

    def failed(self, error: FatalMqttError) -> None:
        """See :class:`~sms_bridge.mqtt.session.Listener`."""
        self._failed(error)

    def _publish(self, publication: Publication) -> asyncio.Future[None]:
        return self._session.publish(publication)

    def _show(self, publication: Publication) -> asyncio.Future[None]:
        """Publish something that nobody waits for; a refusal is said."""
        done = self._publish(publication)
        done.add_done_callback(_say_refusal)
        return done

    def _handle(self, received: Received) -> Coroutine[object, object, None] | None:
        if self._topics.is_send(received.topic):
            return self._commands.handle(received)
        if self._topics.request(received.topic) is not None:
            self._admin.handle(received)
        elif not self._discovery.handle(received):
            self._presence.handle(received)
        return None

    # -- what is said after each connection

    async def _greet(self) -> None:
        """Look who else is here, then take commands, then say so."""
        try:
            await self._subscribe(
                Subscription(filter=self._topics.states_filter, qos=0, replay=True),
                Subscription(filter=self._topics.infos_filter, qos=0, replay=True),
            )
            await self._say_info()
            # The acknowledgement of the info came after the others' retained states.
            if (foreign := self._presence.find_foreign()) is not None:
                self._failed(foreign)
                return
            self._commands.admit()
            refused = await self._subscribe(
                Subscription(filter=self._topics.send_filter),
                Subscription(filter=self._topics.request_filter),
            )
            self._presence.go_online()
            self._states.show(self._topics.discovery, self._announcement())
            self._states.connected()
            self._discovery.connected()
            self._log.connected()
            if self._discovery.subscriptions:
                await self._subscribe(*self._discovery.subscriptions)
            while refused:
                await asyncio.sleep(self._pace.slow)
                refused = await self._subscribe(*refused)
        except NotConnectedError:
            return  # the next connection greets anew

    async def _say_info(self) -> None:
        info = {
            "version": self._version,
            "api": API,
            "epoch": self._epoch,
            "instance": self._settings.instance,
            "admin": list(self._settings.admin),
            **self._details(),
        }
        publication = Publication(topic=self._topics.info, payload=encode_json(info), retain=True)
        await asyncio.wait([self._show(publication)])

    def _announcement(self) -> bytes:
        return encode_json(
            {
                "base_topic": self._settings.base_topic,
                "instance": self._settings.instance,
                "api": API,
                "version": self._version,
                "epoch": self._epoch,
            }
        )

    async def _subscribe(self, *subscriptions: Subscription) -> list[Subscription]:
        """Subscribe; returns what the broker refuses, after saying so."""
        refused = await self._session.subscribe(subscriptions)
        for subscription, reason in refused:
            _LOGGER.error(
                "The broker refuses the subscription to %s (%s): allow the bridge to read it",
                subscription.filter,
                reason,
            )
        return [subscription for subscription, _ in refused]


def _say_refusal(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        _LOGGER.error("A state is not shown. %s Allow the bridge to publish it.", error)
