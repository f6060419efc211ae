"""Where a client reaches a simulated modem: a pseudo terminal, a TCP port, or memory."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
import tty
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sms_bridge.simulator.modem import ModemSimulator

#: Octets read at once from the pseudo terminal; the kernel's buffer holds 4096.
_CHUNK: Final = 4096
#: Seconds after which output that nobody reads is lost, as on a real port without a reader.
STALLED: Final = 3.0
#: Seconds between two releases of the terminal from a lock that a killed client left on it.
_UNLOCK_EVERY: Final = 0.2


class Endpoint(Protocol):
    """A port of the modem; it can be opened again after `close`, as a stick can be plugged in again."""

    @property
    def address(self) -> str:
        """What a client's configuration names: a path, or socket://host:port."""

    async def open(self) -> None:
        """Appear, if it is not there. Raises OSError if that is not possible."""

    def close(self) -> None:
        """Vanish, with whoever is connected."""


class PtyEndpoint:
    """A pseudo terminal; clients may come and go.

    The simulator keeps the client's side open too, so that a client that leaves ends nothing.
    """

    def __init__(self, modem: ModemSimulator, link: Path | None = None) -> None:
        """Serve this modem; `link` becomes a symbolic link to the terminal."""
        self._modem = modem
        self._link = link
        self._path = ""
        self._ours = self._theirs = -1
        self._unsent = bytearray()
        self._stalled: asyncio.TimerHandle | None = None
        self._detach: Callable[[], None] | None = None
        self._unlocking: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """The link, or the terminal's own path."""
        return str(self._link or self._path)

    async def open(self) -> None:
        """Appear. Raises OSError, also if something other than a link is at the link's path."""
        if self._ours >= 0:
            return
        if self._link is not None and self._link.exists() and not self._link.is_symlink():
            raise FileExistsError(f"{self._link} exists and is not a link; choose another path for the modem")
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._path = os.ttyname(self._theirs)
        if self._link is not None:
            fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
            fresh.symlink_to(self._path)
            fresh.replace(self._link)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        self._detach = self._modem.output.attach(self._write)
        self._unlock()

    def close(self) -> None:
        """Vanish: the client's side hangs up, the link is removed."""
        if self._ours < 0:
            return
        if self._detach is not None:
            self._detach()
        if self._unlocking is not None:
            self._unlocking.cancel()
        self._drop()
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == self._path:
            self._link.unlink()
        os.close(self._ours)
        os.close(self._theirs)
        self._ours = self._theirs = -1

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._modem.feed(os.read(self._ours, _CHUNK))

    def _unlock(self) -> None:
        """Lift a client's TIOCEXCL, which would outlive it because this side stays open."""
        fcntl.ioctl(self._theirs, termios.TIOCNXCL)
        self._unlocking = asyncio.get_running_loop().call_later(_UNLOCK_EVERY, self._unlock)

    def _write(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = os.write(self._ours, data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            loop = asyncio.get_running_loop()
            self._unsent += data[sent:]
            loop.add_writer(self._ours, self._write_unsent)
            self._stalled = loop.call_later(STALLED, self._drop)

    def _write_unsent(self) -> None:
        data = bytes(self._unsent)
        self._drop()
        self._write(data)

    def _drop(self) -> None:
        self._unsent.clear()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
            asyncio.get_running_loop().remove_writer(self._ours)


class TcpEndpoint:
    """A TCP port on the loopback interface, one client at a time, as ser2net serves a modem."""

    def __init__(self, modem: ModemSimulator, port: int = 0) -> None:
        """Serve this modem; port 0 lets the system choose one, which is kept."""
        self._modem = modem
        self.port = port
        self._server: asyncio.Server | None = None
        self._client: _TcpClient | None = None

    @property
    def address(self) -> str:
        """The URL pyserial opens."""
        return f"socket://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpClient(self._modem, self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Close the port and the client's connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._client is not None:
            self._client.abort()

    def enter(self, client: _TcpClient) -> bool:
        """Let a client in; False while another one is connected."""
        if self._client is not None:
            return False
        self._client = client
        return True

    def leave(self, client: _TcpClient) -> None:
        """Free the port again."""
        if self._client is client:
            self._client = None


class _TcpClient(asyncio.Protocol):
    def __init__(self, modem: ModemSimulator, endpoint: TcpEndpoint) -> None:
        self._modem = modem
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._detach: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._endpoint.enter(self):
            self._detach = self._modem.output.attach(self._transport.write)
        else:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._detach is not None:
            self._modem.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._detach is not None:
            self._detach()
            self._detach = None
        self._endpoint.leave(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class MemoryEndpoint:
    """A port within the process, with the interface of the modem engine's transports.

    Bytes arrive in a later turn of the event loop, as from a real port. `cut` is how many bytes
    arrive at once; 0 leaves them as they were written.
    """

    def __init__(self, modem: ModemSimulator, *, cut: int = 0) -> None:
        """Serve this modem, in pieces of `cut` bytes."""
        self._modem = modem
        self._cut = cut
        self._on_data: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[Exception | None], None] | None = None
        self._detach: Callable[[], None] | None = None

    async def open(
        self,
        baudrate: int,  # noqa: ARG002 - the interface of a transport; memory has no speed
        on_data: Callable[[bytes], None],
        on_lost: Callable[[Exception | None], None],
    ) -> None:
        """Connect."""
        self._on_data, self._on_lost = on_data, on_lost
        self._detach = self._modem.output.attach(self._from_modem)

    def write(self, data: bytes) -> None:
        """Write to the modem."""
        if self._on_data is not None:
            asyncio.get_running_loop().call_soon(self._modem.feed, data)

    async def close(self) -> None:
        """Disconnect."""
        self._disconnect()

    def lose(self, error: Exception | None = None) -> None:
        """Cut the connection from the modem's side."""
        on_lost = self._on_lost
        self._disconnect()
        if on_lost is not None:
            on_lost(error)

    def _disconnect(self) -> None:
        if self._detach is not None:
            self._detach()
            self._detach = None
        self._on_data = self._on_lost = None

    def _from_modem(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        step = self._cut or len(data)
        for start in range(0, len(data), step):
            loop.call_soon(self._arrive, data[start : start + step])

    def _arrive(self, data: bytes) -> None:
        if self._on_data is not None:
            self._on_data(data)
