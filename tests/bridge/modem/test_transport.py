"""Real ports: pseudo-terminals, TCP, and a port without a descriptor."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import tty
from typing import TYPE_CHECKING

import pytest
import serial

from sms_bridge.modem import transport as transport_module
from sms_bridge.modem.errors import PortBusy, PortDenied, PortError, PortMissing
from sms_bridge.modem.transport import SerialTransport, port_error

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # pyserial sleeps 0.3 s in a thread when it closes a socket; that thread may outlive the test.
    monkeypatch.setattr(transport_module, "_CLOSE_WITHIN", 0.05)


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A raw pseudo-terminal: the modem's end, and the path of ours."""
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    try:
        os.close(master)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise


class Ear:
    """Collects what a transport tells."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []
        self._news = asyncio.Event()

    def on_data(self, data: bytes) -> None:
        self.data += data
        self._news.set()

    def on_lost(self, error: Exception | None) -> None:
        self.lost.append(error)
        self._news.set()

    async def hear(self, expected: bytes) -> None:
        async with asyncio.timeout(5):
            while self.data != expected:
                self._news.clear()
                await self._news.wait()

    async def loss(self) -> Exception | None:
        async with asyncio.timeout(5):
            while not self.lost:
                self._news.clear()
                await self._news.wait()
        return self.lost[0]


async def opened(port: str) -> tuple[SerialTransport, Ear]:
    ear = Ear()
    transport = SerialTransport(port)
    await transport.open(115200, ear.on_data, ear.on_lost)
    return transport, ear


async def test_bytes_go_both_ways(pty: tuple[int, str]) -> None:
    master, path = pty
    transport, ear = await opened(path)
    transport.write(b"AT\r")
    assert os.read(master, 100) == b"AT\r"
    os.write(master, b"\r\nOK\r\n")
    await ear.hear(b"\r\nOK\r\n")
    await transport.close()
    await transport.close()
    assert ear.lost == []


async def test_q47_a_port_in_use_is_refused_with_the_likely_culprit(pty: tuple[int, str]) -> None:
    _, path = pty
    first, _ = await opened(path)
    with pytest.raises(PortBusy, match="ModemManager"):
        await opened(path)
    await first.close()
    second, _ = await opened(path)
    await second.close()


async def test_q48_a_port_that_is_not_there_is_told_with_advice() -> None:
    with pytest.raises(PortMissing, match="by-id"):
        await opened("/dev/serial/by-id/usb-none-if02-port0")


async def test_q48_an_unplugged_modem_is_noticed_while_idle(pty: tuple[int, str]) -> None:
    master, path = pty
    transport, ear = await opened(path)
    os.close(master)
    await ear.loss()
    transport.write(b"AT\r")
    await transport.close()
    assert len(ear.lost) == 1


async def test_a_modem_that_does_not_read_blocks_nobody(pty: tuple[int, str]) -> None:
    master, path = pty
    transport, _ = await opened(path)
    data = bytes(range(1, 250)) * 800
    loop = asyncio.get_running_loop()
    before = loop.time()
    transport.write(data)
    transport.write(b"end")
    assert loop.time() - before < 0.2
    os.set_blocking(master, False)
    received = b""
    async with asyncio.timeout(10):
        while not received.endswith(b"end"):
            try:
                received += os.read(master, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.001)
    assert received == data + b"end"
    await transport.close()


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (errno.EACCES, PortDenied, "dialout"),
        (errno.EBUSY, PortBusy, "ID_MM_DEVICE_IGNORE"),
        (errno.EAGAIN, PortBusy, "systemctl stop ModemManager"),
        (errno.ENOENT, PortMissing, "/dev/serial/by-id/"),
        (errno.ENXIO, PortMissing, "plug the modem in"),
        (errno.EINVAL, PortError, "Invalid argument"),
    ],
)
def test_people_are_told_why_a_port_does_not_open(number: int, kind: type[PortError], word: str) -> None:
    error = port_error("/dev/ttyUSB0", serial.SerialException(number, "could not open port"))
    assert type(error) is kind
    assert word in str(error)


class Server:
    """A TCP port as ser2net offers it."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self.listening.getsockname()[1]}"

    async def accept(self) -> socket.socket:
        connection, _ = await asyncio.to_thread(self.listening.accept)
        return connection


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.listening.close()


async def test_q53_a_tcp_modem_that_vanishes_is_noticed(server: Server) -> None:
    transport, ear = await opened(server.url)
    connection = await server.accept()
    connection.sendall(b"\r\nRING\r\n")
    await ear.hear(b"\r\nRING\r\n")
    connection.close()
    assert await ear.loss() is None
    transport.write(b"AT\r")
    transport.write(b"AT\r")
    await transport.close()


async def test_q53_writing_to_a_reset_connection_is_a_loss_and_no_signal(server: Server) -> None:
    transport, ear = await opened(server.url)
    connection = await server.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    transport.write(b"AT\r")
    transport.write(b"AT\r")
    await ear.loss()
    assert len(ear.lost) == 1
    await transport.close()


async def test_q53_tcp_connections_are_kept_alive(server: Server) -> None:
    transport, _ = await opened(server.url)
    (await server.accept()).close()
    assert transport._serial is not None
    with socket.socket(fileno=os.dup(transport._serial.fileno())) as connection:
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
    await transport.close()


async def test_q53_a_host_that_does_not_answer_is_told(server: Server) -> None:
    server.listening.close()
    with pytest.raises(PortMissing, match="Nothing answers at socket://"):
        await opened(server.url)


async def test_a_port_without_a_descriptor_works_by_threads() -> None:
    transport, ear = await opened("loop://")
    transport.write(b"AT\r")
    await ear.hear(b"AT\r")
    assert transport._serial is not None
    transport._serial.close()
    await ear.loss()
    await transport.close()
    assert len(ear.lost) == 1


async def test_a_wedged_port_holds_up_nobody_and_is_closed_when_it_opens_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wedged, closed = threading.Event(), threading.Event()

    class Late:
        def reset_output_buffer(self) -> None: ...

        def close(self) -> None:
            closed.set()

    def slowly(_port: str, _baudrate: int) -> Late:
        wedged.wait(10)
        return Late()

    monkeypatch.setattr(transport_module, "_open", slowly)
    transport = SerialTransport("/dev/ttyUSB0", open_timeout=0.05)
    with pytest.raises(PortError, match="unplug"):
        await transport.open(115200, lambda _data: None, lambda _error: None)
    wedged.set()
    assert await asyncio.to_thread(closed.wait, 5)
    await transport.close()


async def test_an_unopened_port_takes_no_harm() -> None:
    transport = SerialTransport("/dev/ttyUSB0")
    transport.write(b"AT\r")
    await transport.close()
