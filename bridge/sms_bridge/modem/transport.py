"""The byte stream to a modem: its interface, and the serial and network ports that pyserial opens."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import io
import logging
import os
import socket
import termios
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from .errors import PortBusy, PortDenied, PortError, PortMissing
from .pumps import DescriptorPump, ThreadPump

if TYPE_CHECKING:
    from collections.abc import Callable

    import serial

    from .pumps import OnData, OnLost

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T")

#: How long closing may take before it is left to its thread, in seconds.
_CLOSE_WITHIN: Final = 2.0
#: How long a reading thread waits before it looks whether it should end, in seconds.
_THREAD_READ: Final = 0.2
#: tcp(7): idle seconds before the first probe, seconds between probes, and probes until the connection is given up.
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Transport(Protocol):
    """A byte stream that lives from ``open`` to ``close`` or to ``on_lost``, once."""

    async def open(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        """Open the stream; both callbacks run on the event loop, ``on_lost`` at most once and not after ``close``.

        ``baudrate`` in bits per second, ignored where there is none. Raises a ``PortError``.
        """

    def write(self, data: bytes) -> None:
        """Queue bytes for writing, in order; never blocks and never raises: a loss is told by ``on_lost``."""

    async def close(self) -> None:
        """Close the stream; may be called twice, and after a loss."""


class SerialTransport:
    """A device path or pyserial URL; ``open_timeout`` in seconds.

    The event loop reads the port's descriptor; a URL without one gets threads.
    """

    def __init__(self, port: str, *, open_timeout: float = 15.0) -> None:
        self._port = port
        self._open_timeout = open_timeout
        self._pump: DescriptorPump | ThreadPump | None = None
        self._serial: serial.Serial | None = None

    async def open(self, baudrate: int, on_data: OnData, on_lost: OnLost) -> None:
        """Open the port; see ``Transport.open``."""
        port = self._port
        try:
            opened = await _in_thread(lambda: _open(port, baudrate), self._open_timeout, late=_close)
        except TimeoutError as error:
            raise PortError(
                f"{port} did not open in {self._open_timeout:.0f} s: unplug the modem and plug it in again."
            ) from error
        self._serial = opened
        descriptor = _descriptor(opened)
        if descriptor is None:
            self._pump = ThreadPump(opened, on_data, on_lost)
        else:
            self._pump = DescriptorPump(descriptor, on_data, on_lost)

    def write(self, data: bytes) -> None:
        """Write to the port; see ``Transport.write``."""
        if self._pump is not None:
            self._pump.write(data)

    async def close(self) -> None:
        """Close the port; see ``Transport.close``."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.stop()
        opened, self._serial = self._serial, None
        if opened is not None:
            # A wedged driver may hold a close for half a minute.
            with contextlib.suppress(TimeoutError):
                await _in_thread(lambda: _close(opened), _CLOSE_WITHIN)


# --- opening


def _open(port: str, baudrate: int) -> serial.Serial:
    """Open a port exclusively; blocking. Raises ``PortError``."""
    import serial  # noqa: PLC0415 - pyserial is loaded only where a modem is configured

    url = "://" in port
    options: dict[str, Any] = {} if url else {"exclusive": True}
    try:
        opened: serial.Serial = serial.serial_for_url(
            port, baudrate=baudrate, timeout=_THREAD_READ, write_timeout=None, **options
        )
    except (OSError, ValueError) as error:
        raise port_error(port, error) from error
    descriptor = _descriptor(opened)
    if url and descriptor is not None:
        _keep_alive(descriptor)
    elif descriptor is not None and not os.path.realpath(port).startswith("/dev/pts/"):
        # Pseudo-terminals are left out: their mark would outlive this process.
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, termios.TIOCEXCL)
    return opened


def _close(opened: serial.Serial) -> None:
    """Close a port without waiting for bytes that nobody reads; blocking."""
    with contextlib.suppress(OSError, termios.error):
        opened.reset_output_buffer()
    with contextlib.suppress(OSError):
        opened.close()


def _descriptor(opened: serial.Serial) -> int | None:
    try:
        return opened.fileno()
    except (io.UnsupportedOperation, AttributeError):
        return None


def _keep_alive(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in _KEEPALIVE.items():
            option = getattr(socket, name, None)
            if option is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


def port_error(port: str, error: Exception) -> PortError:
    """Return what an opening's failure means, with what to do about it."""
    number = _errno_of(error)
    if number in {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}:
        return PortBusy(
            f"Another program uses {port}, probably ModemManager: stop it with `systemctl stop ModemManager`, "
            'or keep it away by a udev rule with ENV{ID_MM_DEVICE_IGNORE}="1".'
        )
    if number in {errno.EACCES, errno.EPERM}:
        return PortDenied(
            f"This user may not open {port}: add the user to the group `dialout` with "
            "`usermod -aG dialout USER` and log in again."
        )
    if "://" in port:
        return PortMissing(
            f"Nothing answers at {port}: look at the host, the port number and the network ({_reason(error)})."
        )
    if number in {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO}:
        return PortMissing(
            f"There is no {port}: plug the modem in, and name it by its path under /dev/serial/by-id/, "
            "which stays the same."
        )
    return PortError(f"{port} cannot be opened: {_reason(error)}.")


def _errno_of(error: BaseException) -> int | None:
    """The first errno in a chain of exceptions; pyserial buries it."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, OSError) and isinstance(current.errno, int):
            return current.errno
        current = current.__cause__ or current.__context__
    return None


def _reason(error: BaseException) -> str:
    number = _errno_of(error)
    return os.strerror(number) if number is not None and number > 0 else str(error)


async def _in_thread(work: Callable[[], _T], seconds: float, late: Callable[[_T], None] | None = None) -> _T:
    """Run blocking work in a thread of its own, which may stay behind; ``late`` gets a result that came too late.

    Unlike an executor's thread, a wedged one holds up neither the others nor the end of the program. Raises
    ``TimeoutError``.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def finish(result: _T | None, error: BaseException | None) -> None:
        if not future.done():
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # None only if T allows it
        elif error is None and late is not None:
            threading.Thread(target=late, args=(result,), daemon=True).start()

    def run() -> None:
        result: _T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - handed on to the waiting coroutine
            failure = error
        try:
            loop.call_soon_threadsafe(finish, result, failure)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            if failure is None and late is not None:
                late(result)  # type: ignore[arg-type]  # None only if T allows it

    threading.Thread(target=run, daemon=True, name="modem port").start()
    async with asyncio.timeout(seconds):
        return await future
