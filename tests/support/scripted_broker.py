"""An MQTT broker that does exactly what a test says, and shows every packet: for what real brokers do only rarely.

It has its own codec, so that it agrees with the bridge's only where both agree with the specification.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from types import TracebackType

#: MQTT 5 clause 2.1.2: packet types.
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1,
    2,
    3,
    4,
    8,
    9,
    12,
    13,
    14,
)


@dataclass(frozen=True)
class Packet:
    """One packet from the client; ``packet_id`` where its type has one, ``payload`` of a PUBLISH."""

    kind: int
    flags: int
    body: bytes
    packet_id: int = 0
    topic: str = ""
    payload: bytes = b""

    @property
    def dup(self) -> bool:
        return bool(self.flags & 8)


@dataclass
class Connection:
    """One connection of the client, from its CONNECT on."""

    writer: asyncio.StreamWriter
    v5: bool
    packets: list[Packet] = field(default_factory=list)
    closed: bool = False
    held: bytearray | None = None

    def of(self, kind: int) -> list[Packet]:
        return [packet for packet in self.packets if packet.kind == kind]

    @property
    def acknowledged(self) -> list[int]:
        """Packet identifiers of the client's PUBACKs, in order."""
        return [packet.packet_id for packet in self.of(PUBACK)]

    @property
    def published(self) -> list[Packet]:
        return self.of(PUBLISH)

    def deliver(
        self,
        topic: str,
        payload: bytes,
        packet_id: int,
        *,
        dup: bool = False,
        retain: bool = False,
        properties: bytes = b"",
    ) -> None:
        """Send a PUBLISH; ``packet_id`` 0 sends it with QoS 0."""
        head = _string(topic) + (packet_id.to_bytes(2) if packet_id else b"")
        if self.v5:
            head += _length(len(properties)) + properties
        flags = dup << 3 | (2 if packet_id else 0) | retain
        self.send(PUBLISH, head + payload, flags)

    def acknowledge(self, packet_id: int, reason: int = 0) -> None:
        """Send a PUBACK."""
        body = packet_id.to_bytes(2)
        self.send(PUBACK, body + bytes([reason]) if reason else body)

    def end(self, reason: int | None = None) -> None:
        """Close the connection, with a DISCONNECT where a reason is given."""
        if reason is not None:
            self.send(DISCONNECT, bytes([reason]))
        self.writer.close()

    def send(self, kind: int, body: bytes, flags: int = 0) -> None:
        octets = bytes([kind << 4 | flags]) + _length(len(body)) + body
        if self.held is None:
            self.writer.write(octets)
        else:
            self.held += octets

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Write all that is sent within in one piece."""
        self.held = bytearray()
        yield
        self.writer.write(self.held)
        self.held = None


class ScriptedBroker:
    """Accepts connections on ``port``. Attributes say how it behaves from the next packet on."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.host = "127.0.0.1"
        self.port = 0
        self.connections: list[Connection] = []
        self.reason = 0  #: of the CONNACK
        self.session_present = False
        self.properties = b""  #: of the CONNACK (MQTT 5)
        self.acknowledges = True  #: whether a PUBLISH is answered at once
        self.publish_reason = 0
        self.subscribe_reason = 1
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            connection.writer.close()

    @property
    def last(self) -> Connection:
        return self.connections[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer, v5=False)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._react(connection, await _read(reader, connection))
        connection.closed = True
        writer.close()

    def _react(self, connection: Connection, packet: Packet) -> None:
        connection.packets.append(packet)
        tail = b"\0" if connection.v5 else b""
        if packet.kind == CONNECT:
            connection.v5 = packet.body[6] == 5
            properties = _length(len(self.properties)) + self.properties if connection.v5 else b""
            self.connections.append(connection)
            connection.send(CONNACK, bytes([self.session_present, self.reason]) + properties)
        elif packet.kind == SUBSCRIBE:
            count = _count_filters(packet.body, v5=connection.v5)
            reasons = bytes([self.subscribe_reason]) * count
            connection.send(SUBACK, packet.packet_id.to_bytes(2) + tail + reasons)
        elif packet.kind == PUBLISH and self.acknowledges:
            connection.acknowledge(packet.packet_id, self.publish_reason)
        elif packet.kind == PINGREQ:
            connection.send(PINGRESP, b"")


async def _read(reader: asyncio.StreamReader, connection: Connection) -> Packet:
    first = (await reader.readexactly(1))[0]
    kind, flags = first >> 4, first & 0x0F
    length = shift = 0
    while True:
        octet = (await reader.readexactly(1))[0]
        length |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            break
    body = await reader.readexactly(length)
    if kind == PUBLISH:
        size = int.from_bytes(body[:2])
        topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
        payload = rest[2:]
        if connection.v5:
            payload = payload[1 + payload[0] :]
        return Packet(kind, flags, body, int.from_bytes(rest[:2]), topic, payload)
    packet_id = int.from_bytes(body[:2]) if kind in {PUBACK, SUBSCRIBE} else 0
    return Packet(kind, flags, body, packet_id)


def _count_filters(body: bytes, *, v5: bool) -> int:
    at = 2 + (1 + body[2] if v5 else 0)
    count = 0
    while at < len(body):
        at += 2 + int.from_bytes(body[at : at + 2]) + 1
        count += 1
    return count


def _string(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()


def _length(value: int) -> bytes:
    octets = bytearray()
    while True:
        value, octet = divmod(value, 128)
        octets.append(octet | 0x80 if value else octet)
        if not value:
            return bytes(octets)
