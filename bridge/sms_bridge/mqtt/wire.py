"""A paho client on the asyncio loop: who calls its read, write and timer functions, and when.

paho connects blockingly (DNS, TCP, TLS), so that part runs in a thread; while it does, nothing else touches the
client. Once the socket exists, everything happens in the loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import ssl
import termios
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.enums import MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import Client

#: Seconds between looks at the keep alive.
_TICK: Final = 1.0
#: Packets read in one turn of the loop besides the one that made the socket readable.
_READS_PER_TURN: Final = 64


class Wire:
    """Drives one client. The client must use manual reconnection; its other callbacks belong to the caller."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket: Any = None
        self._paused = False
        self._tick: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connect and send CONNECT; raises OSError. What is read from then on arrives by the client's callbacks."""
        self._loop = asyncio.get_running_loop()
        self._paused = False
        self._client.on_socket_register_write = None
        self._client.on_socket_unregister_write = None
        self._client.on_socket_close = None
        code = await self._loop.run_in_executor(None, self._client.reconnect)
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionError(f"CONNECT could not be sent (paho says {code.name})")
        self._attach(self._loop)

    def pause(self) -> None:
        """Stop reading: the broker feels it as TCP's back pressure."""
        if self._loop is not None and self._socket is not None and not self._paused:
            self._loop.remove_reader(self._socket)
        self._paused = True

    def resume(self) -> None:
        """Read again."""
        if self._loop is not None and self._socket is not None and self._paused:
            self._loop.add_reader(self._socket, self._read)
            self._loop.call_soon(self._read_more)
        self._paused = False

    def drop(self) -> None:
        """Break the connection; the client notices when it writes next, at once, and calls its ``on_disconnect``."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._client.disconnect()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = self._client.socket()
        self._client.on_socket_register_write = self._wants_write
        self._client.on_socket_unregister_write = self._wants_no_write
        self._client.on_socket_close = self._closes
        loop.add_reader(self._socket, self._read)
        loop.call_soon(self._read_more)
        if self._client.want_write():
            loop.add_writer(self._socket, self._write)
        self._tick = loop.call_later(_TICK, self._look)

    def _read(self) -> None:
        self._client.loop_read()
        self._read_more()

    def _read_more(self) -> None:
        """Read what else has come: paho takes one packet at a time, and what TLS holds makes no socket readable."""
        for _ in range(_READS_PER_TURN):
            if self._paused or not self._has_more():
                return
            self._client.loop_read()
        if self._loop is not None:
            self._loop.call_soon(self._read_more)

    def _has_more(self) -> bool:
        if self._socket is None:
            return False
        if isinstance(self._socket, ssl.SSLSocket):
            return self._socket.pending() > 0
        waiting = bytearray(4)  # tty_ioctl(4), tcp(7): FIONREAD gives an int
        fcntl.ioctl(self._socket, termios.FIONREAD, waiting)
        return any(waiting)

    def _write(self) -> None:
        """Write what paho has gathered in this turn; what the socket does not take, when it takes more."""
        self._client.loop_write()
        if self._loop is not None and self._socket is not None and self._client.want_write():
            self._loop.add_writer(self._socket, self._write)

    def _look(self) -> None:
        self._client.loop_misc()
        if self._loop is not None and self._socket is not None:
            self._tick = self._loop.call_later(_TICK, self._look)

    def _wants_write(self, _client: object, _userdata: object, _sock: object) -> None:
        if self._loop is not None:
            self._loop.call_soon(self._write)

    def _wants_no_write(self, _client: object, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's union
        if self._loop is not None:
            self._loop.remove_writer(sock)

    def _closes(self, _client: object, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's union
        self._socket = None
        if self._tick is not None:
            self._tick.cancel()
        if self._loop is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
