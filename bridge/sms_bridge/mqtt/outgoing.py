"""Publications until the broker has acknowledged them, never more in flight than it takes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import MQTTErrorCode

from sms_bridge.mqtt.errors import PublishRefusedError
from sms_bridge.mqtt.topics import is_publishable

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.client import Client

    from sms_bridge.mqtt.messages import Accepted, Publication

#: Publications in flight at most, where the broker allows as many.
WINDOW: Final = 100


@dataclass(slots=True)
class _Outgoing:
    publication: Publication
    done: asyncio.Future[None]
    mark: int = 0


class Outgoing:
    """The queue towards the broker. ``mark`` tells how much this connection had acknowledged (see ``Incoming``).

    What is unacknowledged when a connection ends is sent again over the next one: by paho with DUP where the broker
    kept the session (MQTT 5 clause 4.4), as a first sending where it did not.
    """

    def __init__(self, client: Client, mark: Callable[[], int], *, with_properties: bool) -> None:
        self._client = client
        self._mark = mark
        self._with_properties = with_properties
        self._waiting: deque[_Outgoing] = deque()
        self._in_flight: dict[int, _Outgoing] = {}
        self._window = 0
        self._granted = 0
        self._maximum_packet: int | None = None

    def publish(self, publication: Publication) -> asyncio.Future[None]:
        """Queue a publication. The future ends at the PUBACK or raises PublishRefusedError."""
        outgoing = _Outgoing(publication, asyncio.get_running_loop().create_future())
        if is_publishable(publication.topic):
            self._waiting.append(outgoing)
            self.pump()
        else:
            outgoing.done.set_exception(PublishRefusedError("The topic is none to publish to.", lasting=True))
        return outgoing.done

    def connected(self, accepted: Accepted) -> None:
        """Take the broker's limits. To be called before the client repeats what is in flight; then :meth:`open`."""
        self._maximum_packet = accepted.maximum_packet
        window = min(WINDOW, accepted.receive_maximum or WINDOW)
        too_large = any(self._is_too_large(outgoing.publication) for outgoing in self._in_flight.values())
        abandoned = any(outgoing.done.cancelled() for outgoing in self._in_flight.values())
        if not accepted.session_present or len(self._in_flight) > window or too_large or abandoned:
            _drop_unacknowledged(self._client)
            self._waiting.extendleft(reversed(self._in_flight.values()))
            self._in_flight.clear()
        for outgoing in self._in_flight.values():
            outgoing.mark = 0
        self._granted = window

    def open(self) -> None:
        """Begin to send over the connection."""
        self._window = self._granted
        self.pump()

    def disconnected(self) -> None:
        """Send nothing until the next connection."""
        self._window = self._granted = 0

    def acknowledged(self, packet_id: int, refusal: str | None) -> int:
        """Note a PUBACK; ``refusal`` is the broker's reason for not taking it. Returns the publication's mark."""
        outgoing = self._in_flight.pop(packet_id, None)
        if outgoing is None:
            return 0
        if outgoing.done.done():
            pass
        elif refusal is None:
            outgoing.done.set_result(None)
        else:
            message = f"The broker refuses what is published to {outgoing.publication.topic}: {refusal}."
            outgoing.done.set_exception(PublishRefusedError(message, lasting=False))
        return outgoing.mark

    def pump(self) -> None:
        """Send as much as the window allows."""
        while self._waiting and len(self._in_flight) < self._window:
            outgoing = self._waiting.popleft()
            if outgoing.done.done():
                continue
            if self._is_too_large(outgoing.publication):
                message = f"The broker takes packets of at most {self._maximum_packet:,} octets."
                outgoing.done.set_exception(PublishRefusedError(message, lasting=True))
            else:
                self._send(outgoing)

    def _send(self, outgoing: _Outgoing) -> None:
        publication = outgoing.publication
        properties = publication.properties() if self._with_properties else None
        info = self._client.publish(publication.topic, publication.payload, 1, publication.retain, properties)
        while (
            info.rc is MQTTErrorCode.MQTT_ERR_QUEUE_SIZE
        ):  # the packet identifier is still in use: take the next
            info = self._client.publish(
                publication.topic, publication.payload, 1, publication.retain, properties
            )
        outgoing.mark = self._mark()
        self._in_flight[info.mid] = outgoing

    def _is_too_large(self, publication: Publication) -> bool:
        return self._maximum_packet is not None and publication.octets > self._maximum_packet


def _drop_unacknowledged(client: Client) -> None:
    """Keep paho from sending again, under its old packet identifiers, what is in flight."""
    if hasattr(client, "drop_out_messages"):
        client.drop_out_messages()
    else:  # before paho-mqtt 2.2
        client._out_messages.clear()  # noqa: SLF001 - 2.1 has no public way
