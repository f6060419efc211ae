"""How a request leaves: once, and never on a connection that the other side may be closing at this moment.

A message that is sent on a connection which was idle for a while meets the server's own time limit sooner or later, and
nobody can tell then whether it was read. A request without an answer shall say something about the provider, not about
an old connection.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.payload import BytesPayload

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_middlewares import ClientHandlerType

#: Seconds after which an idle connection carries no body any more. The shortest time that a common server keeps one is
#: 2 s (gunicorn's ``keepalive``); Apache's and Node's is 5 s.
KEPT_FOR: Final = 0.5
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)
#: When each connection last carried an answer to us (seconds of ``time.monotonic``).
_LAST_USE: Final[WeakKeyDictionary[asyncio.Transport, float]] = WeakKeyDictionary()


class IdleConnectionError(Exception):
    """The connection is too old for a body; nothing was written."""


class DroppedError(aiohttp.ClientError):
    """The connection was lost while a request was under way; the message names aiohttp's error."""


class Body(BytesPayload):
    """A request's body.

    With ``fresh`` it leaves on a new connection only. ``held_back`` says that the last try met an old one, which is
    closed since, ``on_kept`` that the one it left on had carried another request before.
    """

    def __init__(self, value: bytes, content_type: str) -> None:
        super().__init__(value, content_type=content_type)
        self.fresh = False
        self.held_back = False
        self.on_kept = False
        self._transport: asyncio.Transport | None = None

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body, with the headers before it: aiohttp keeps them until now."""
        self._transport = getattr(writer, "transport", None)
        last = None if self._transport is None else _LAST_USE.get(self._transport)
        self.on_kept = last is not None
        self.held_back = last is not None and (self.fresh or time.monotonic() - last > KEPT_FOR)
        if self.held_back:
            raise IdleConnectionError
        await super().write_with_length(writer, content_length)

    def answered(self) -> None:
        """The answer is read: from here the connection is idle."""
        if self._transport is not None:
            _LAST_USE[self._transport] = time.monotonic()


def json_body(content: Mapping[str, object]) -> Body:
    """Return JSON (RFC 8259). Raises ``ValueError`` for text that is no Unicode."""
    return Body(_ENCODER.encode(content).encode(), "application/json")


def form_body(fields: Mapping[str, str]) -> Body:
    """Return a form (WHATWG URL, *application/x-www-form-urlencoded*). Raises ``ValueError`` as above."""
    return Body(urlencode(fields).encode(), "application/x-www-form-urlencoded")


async def once(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
    """Be a middleware that keeps aiohttp from repeating a request of its own accord.

    It does so for GET, PUT and DELETE when the connection drops before an answer, on errors of two kinds
    (``IDEMPOTENT_METHODS`` in its ``client`` module); one of another kind is left alone.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise DroppedError(type(error).__name__) from None
