"""The connection to the broker: made, kept, made again, with everything that must survive between.

The session is persistent: what is published while the bridge is away waits at the broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from typing import TYPE_CHECKING, Final, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from sms_bridge.mqtt.errors import FatalMqttError, NotConnectedError
from sms_bridge.mqtt.incoming import RECEIVE_MAXIMUM, Incoming
from sms_bridge.mqtt.messages import Accepted, Received, make_properties
from sms_bridge.mqtt.outgoing import Outgoing
from sms_bridge.mqtt.recovery import Pace, Recovery
from sms_bridge.mqtt.refusals import lost_connection, refused_connection, unreachable
from sms_bridge.mqtt.settings import Protocol as MqttProtocol
from sms_bridge.mqtt.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from sms_bridge.mqtt.background import Spawn
    from sms_bridge.mqtt.incoming import Handler
    from sms_bridge.mqtt.messages import Publication, Subscription
    from sms_bridge.mqtt.recovery import Ending
    from sms_bridge.mqtt.settings import MqttSettings, TlsSettings

#: MQTT 5 clause 3.1.2.11.2: seconds that the broker keeps our session while we are away; 7 days.
_SESSION_EXPIRY: Final = 7 * 86_400
#: Seconds to wait for the CONNACK.
_CONNACK_TIMEOUT: Final = 10.0
#: Seconds that a stop waits for the broker.
_STOP_TIMEOUT: Final = 3.0


class Listener(Protocol):
    """Who is told what becomes of the session. Every call comes in the loop's thread and returns at once."""

    def connected(self, *, session_present: bool) -> None:
        """The broker accepted us; without a session of ours, packet identifiers begin anew."""

    def disconnected(self) -> None:
        """An accepted connection is gone."""

    def confirmed(self, packet_ids: Sequence[int]) -> None:
        """The broker is known to have our acknowledgements of these packets."""

    def failed(self, error: FatalMqttError) -> None:
        """The session has ended for good."""


class Session:
    """One client identifier's session. ``handler`` is given every message; see :class:`Incoming` for its contract."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        will: Publication,
        handler: Handler,
        listener: Listener,
        spawn: Spawn,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._spawn = spawn
        self._clock = clock
        self._v5 = settings.protocol is MqttProtocol.V5
        self._client = _make_client(settings, will)
        self._wire = Wire(self._client)
        self._incoming = Incoming(handler, self._acknowledge, self._hold)
        self._outgoing = Outgoing(self._client, self._incoming.mark, with_properties=self._v5)
        self._recovery = Recovery(
            broker=f"{settings.host}:{settings.port}",
            client_id=settings.effective_client_id,
            pace=pace or Pace(),
        )
        self._subscribing: dict[int, asyncio.Future[Sequence[ReasonCode]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._ended: asyncio.Future[Ending] | None = None
        self._refusal: Ending | None = None
        self._accepted_at: float | None = None
        self._taking = True
        self.reconnects = -1

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted the present connection."""
        return self._accepted_at is not None

    async def start(self) -> None:
        """Begin to connect, and return. Raises :class:`FatalMqttError` for unreadable TLS files."""
        if self._settings.tls is not None:
            self._client.tls_set_context(make_tls_context(self._settings.tls))
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.connect_async(
            self._settings.host,
            self._settings.port,
            self._settings.keepalive,
            clean_start=False if self._v5 else 3,
            properties=_connect_properties() if self._v5 else None,
        )
        self._task = self._spawn(self._run(), "mqtt session")

    async def stop_taking(self) -> None:
        """Take no further message (the broker keeps them) and wait until those in hand are acknowledged."""
        self._taking = False
        await self._incoming.drained()

    async def stop(self) -> None:
        """Disconnect; the broker publishes no will, and keeps the session."""
        self._stopping.set()
        if self.is_connected:
            self._client.disconnect()
        else:
            self._wire.drop()
        if self._task is not None:
            _, unfinished = await asyncio.wait([self._task], timeout=_STOP_TIMEOUT)
            for task in unfinished:
                task.cancel()
        self._incoming.abandon()

    def publish(self, publication: Publication) -> asyncio.Future[None]:
        """Publish with QoS 1; the future ends at the PUBACK, whatever becomes of connections until then.

        It raises :class:`PublishRefusedError` where the broker does not take it.
        """
        return self._outgoing.publish(publication)

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[tuple[Subscription, str]]:
        """Subscribe, and return what the broker refused with its reasons.

        Raises :class:`NotConnectedError` where the connection ends before the broker has answered.
        """
        if self._v5:
            code, packet_id = self._client.subscribe(
                [(each.filter, each.options()) for each in subscriptions]
            )
        else:
            code, packet_id = self._client.subscribe([(each.filter, each.qos) for each in subscriptions])
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS or packet_id is None:
            raise NotConnectedError("The connection to the broker is gone.")
        answer: asyncio.Future[Sequence[ReasonCode]] = asyncio.get_running_loop().create_future()
        self._subscribing[packet_id] = answer
        reasons = await answer
        return [
            (subscription, reason.getName())
            for subscription, reason in zip(subscriptions, reasons, strict=False)
            if reason.is_failure
        ]

    async def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                ending = await self._connection()
                if self._stopping.is_set():
                    return
                wait = self._recovery.after(ending, self._clock())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._stopping.wait()
        except FatalMqttError as error:
            self._listener.failed(error)

    async def _connection(self) -> Ending:
        """One connection from its attempt to its end."""
        loop = asyncio.get_running_loop()
        self._refusal = None
        self._ended = loop.create_future()
        try:
            await self._wire.open()
        except (OSError, ValueError) as error:
            return unreachable(error)
        timer = loop.call_later(_CONNACK_TIMEOUT, self._drop_unaccepted)
        if self._stopping.is_set():
            self._wire.drop()
        try:
            return await self._ended
        finally:
            timer.cancel()

    def _drop_unaccepted(self) -> None:
        if not self.is_connected:
            self._wire.drop()

    def _acknowledge(self, packet_id: int, qos: int) -> None:
        self._client.ack(packet_id, qos)

    def _hold(self, hold: bool) -> None:  # noqa: FBT001 - the signature that Incoming calls
        if hold:
            self._wire.pause()
        else:
            self._wire.resume()

    # -- paho's callbacks; their parameters are paho's

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refusal = refused_connection(reason, self._settings)
            return
        limits = {} if properties is None else vars(properties)
        accepted = Accepted(
            session_present=flags.session_present,
            receive_maximum=limits.get("ReceiveMaximum"),
            maximum_packet=limits.get("MaximumPacketSize"),
        )
        self._accepted_at = self._clock()
        self.reconnects += 1
        self._recovery.connected()
        self._outgoing.connected(accepted)
        if accepted.session_present:
            self._incoming.resumed()
        else:
            self._incoming.restarted()
        if self._incoming.holding:
            self._wire.pause()
        asyncio.get_running_loop().call_soon(self._outgoing.open)
        self._listener.connected(session_present=accepted.session_present)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        lasted = None if self._accepted_at is None else self._clock() - self._accepted_at
        self._accepted_at = None
        self._outgoing.disconnected()
        self._incoming.disconnected()
        for answer in self._subscribing.values():
            if not answer.done():
                answer.set_exception(NotConnectedError("The connection to the broker is gone."))
        self._subscribing.clear()
        if lasted is not None:
            self._listener.disconnected()
        if self._ended is not None and not self._ended.done():
            told = reason if flags.is_disconnect_packet_from_server else None
            self._ended.set_result(self._refusal or lost_connection(lasted, told, self._settings))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if not self._taking:
            return
        try:
            received = Received.from_paho(message)
        except UnicodeDecodeError:
            self._client.ack(message.mid, message.qos)
            return
        self._incoming.take(received)

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        packet_id: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        mark = self._outgoing.acknowledged(packet_id, reason.getName() if reason.is_failure else None)
        confirmed = self._incoming.confirmed(mark)
        if confirmed:
            self._listener.confirmed(confirmed)
        self._outgoing.pump()

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        answer = self._subscribing.pop(packet_id, None)
        if answer is not None and not answer.done():
            answer.set_result(reasons)


def make_tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """Load the files; raises :class:`FatalMqttError` where one cannot be read."""
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        if settings.cert is not None:
            context.load_cert_chain(settings.cert, settings.key)
    except OSError as error:
        raise FatalMqttError(
            f"A file of mqtt.tls cannot be used ({error.strerror or error}): "
            "ca, cert and key are paths of PEM files that the bridge may read."
        ) from error
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _make_client(settings: MqttSettings, will: Publication) -> Client:
    v5 = settings.protocol is MqttProtocol.V5
    client = Client(
        CallbackAPIVersion.VERSION2,
        settings.effective_client_id,
        clean_session=None if v5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.max_inflight_messages = 0  # the window is ours: paho's forgets itself at a reconnection
    client.will_set(will.topic, will.payload, 1, will.retain)
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    return client


def _connect_properties() -> Properties:
    return make_properties(
        PacketTypes.CONNECT, SessionExpiryInterval=_SESSION_EXPIRY, ReceiveMaximum=RECEIVE_MAXIMUM
    )
