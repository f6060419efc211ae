"""The control socket: administration for whoever may read the store, one JSON object per line in each direction.

``{"command": …, "data": {…}}`` is answered by ``{"status": "ok", "data": …}`` or
``{"status": "error", "error": {"code", "message"}, "data"?: …}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sms_bridge.routing.requests import AdminCode, AdminError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Octets of the longest line in either direction: a page of 1,000 messages of ten segments, with room.
_LINE: Final = 16 * 1024 * 1024
_SOCKET: Final = "control.sock"


class ControlError(Exception):
    """The control socket cannot be used; the message says why and what to do."""


class Administration(Protocol):
    """Does what a request asks."""

    async def execute(self, command: str, members: Mapping[str, object]) -> Mapping[str, object]:
        """Do one command and return its data; raises :class:`AdminError`, nothing else."""


def control_folder(store_url: str) -> Path:
    """The folder of the control socket: the store's own."""
    return Path(store_url.removeprefix("sqlite:///")).parent


class ControlServer:
    """Answers on ``control.sock`` in ``folder``; only this user (and root) can connect."""

    def __init__(self, folder: Path, administration: Administration) -> None:
        self._folder = folder
        self._administration = administration
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Begin to listen, in place of a socket that a dead bridge left. Raises :class:`ControlError`."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short_name(self._folder) as name:
                _remove_stale(name, self._folder)
                # Linux gives the file the mode that the socket has when it is bound: never open, not for a moment.
                os.fchmod(listener.fileno(), 0o600)
                listener.bind(name)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_LINE)
        except OSError as error:
            listener.close()
            raise ControlError(
                f"cannot listen on {self._folder / _SOCKET}: {error.strerror}; the bridge must be able to "
                f"write to {self._folder}"
            ) from error
        except ControlError:
            listener.close()
            raise

    async def stop(self) -> None:
        """Close the socket, its connections, and remove its file."""
        if self._server is None:
            return
        self._server.close()
        for client in tuple(self._clients):
            client.close()
        with contextlib.suppress(FileNotFoundError):
            (self._folder / _SOCKET).unlink()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            # ValueError: a line longer than the limit. ConnectionError: the client went away.
            with contextlib.suppress(ConnectionError, ValueError):
                while line := await reader.readline():
                    writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                    await writer.drain()
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            command, members = _read_request(line)
            return {"status": "ok", "data": await self._administration.execute(command, members)}
        except AdminError as error:
            answer: dict[str, object] = {
                "status": "error",
                "error": {"code": error.code.value, "message": error.message},
            }
            return answer if error.data is None else {**answer, "data": dict(error.data)}


def call(
    folder: Path, command: str, members: Mapping[str, object], timeout: float | None
) -> dict[str, object]:
    """Ask the bridge whose store is in ``folder``; blocks for up to ``timeout`` seconds.

    Returns the data. Raises :class:`ControlError` where no bridge answers, :class:`AdminError` where it refuses.
    """
    where = folder / _SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            with _short_name(folder) as name:
                connection.connect(name)
            connection.sendall(json.dumps({"command": command, "data": members}).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer = json.loads(lines.readline() or b"null")
    except PermissionError as error:
        raise ControlError(f"{where} belongs to another user; run this as the bridge's user") from error
    except TimeoutError as error:
        raise ControlError(f"the bridge behind {where} does not answer") from error
    except (OSError, ValueError) as error:
        raise ControlError(f"no bridge listens on {where}; is it running with this configuration?") from error
    return _read_answer(answer, where)


def _read_answer(answer: object, where: Path) -> dict[str, object]:
    match answer:
        case {"status": "ok", "data": dict(data)}:
            return data
        case {"status": "error", "error": {"code": str(code), "message": str(message)}, **rest}:
            beside = rest.get("data")
            raise AdminError(AdminCode(code), message, beside if isinstance(beside, dict) else None)
    raise ControlError(f"what listens on {where} is no bridge of this version")


def _read_request(line: bytes) -> tuple[str, Mapping[str, object]]:
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    match request:
        case {"command": str(command), "data": dict(members), **rest} if not rest:
            return command, members
    raise AdminError(AdminCode.INVALID_PAYLOAD, 'Expected {"command": …, "data": {…}} on one line.')


@contextlib.contextmanager
def _short_name(folder: Path) -> Iterator[str]:
    """A name for the socket that fits into an address, however deep the folder lies (unix(7): 108 octets)."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{_SOCKET}"
    finally:
        os.close(descriptor)


def _remove_stale(name: str, folder: Path) -> None:
    """Remove the socket of a bridge that is gone; raise :class:`ControlError` where one still answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(name)
        except FileNotFoundError:
            return
        except OSError:
            Path(name).unlink()
            return
    raise ControlError(f"another bridge uses {folder / _SOCKET}; give each store a folder of its own")
