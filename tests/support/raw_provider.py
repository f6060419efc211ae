"""A provider's server made of octets: it answers what a test tells it to, or nothing, or half of it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType


class Rude(Enum):
    """What a server may do instead of answering."""

    CLOSE_AT_ONCE = auto()
    CLOSE_AFTER_READING = auto()
    NEVER_ANSWER = auto()


def http(body: bytes | str, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """An answer with its length."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def http_json(data: object, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """An answer in JSON."""
    return http(json.dumps(data), status, headers)


class RawProvider:
    """Listens at `url`; `answers` holds what happens to the next requests, the last one to all further ones.

    `requests` are the requests as they came, `connections` counts those that were opened. A connection stays open
    after an answer in octets, unless `closes` is set. `tls` is set before the start.
    """

    def __init__(self, *answers: bytes | Rude) -> None:
        self.answers = deque(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.closes = False
        self.tls: ssl.SSLContext | None = None
        self.url = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Close every connection, whatever it is doing."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if not (self.answers and self.answers[0] is Rude.CLOSE_AT_ONCE):
                while await self._serve_one(reader, writer):
                    pass
            else:
                self._next()
        self._writers.discard(writer)
        writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.requests.append(head + await reader.readexactly(length))
        answer = self._next()
        if answer is Rude.NEVER_ANSWER:
            await reader.read()
        if isinstance(answer, Rude):
            return False
        writer.write(answer)
        await writer.drain()
        return not self.closes

    def _next(self) -> bytes | Rude:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
