"""The HTTP server. What it logs has no path, query or body: they hold secrets, numbers and texts."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from sms_bridge.web.callbacks import callback_path, find_callee
from sms_bridge.web.errors import WebError
from sms_providers.callbacks import MAX_BODY
from sms_providers.provider import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler

    from sms_bridge.web.callbacks import Callee
    from sms_bridge.web.settings import HttpSettings, TlsFiles

_LOG: Final = logging.getLogger(__name__)
#: Octets that are read at a time.
_CHUNK: Final = 65_536
#: Seconds within which a request's body has to arrive.
_BODY_TIMEOUT: Final = 20.0
#: Seconds for which the rest of a refused body is drained, so that its sender reads the answer before the connection
#: ends (RFC 9112 clause 9.6).
_DRAIN: Final = 1.0
#: Seconds that a stop leaves to requests: the commit of one callback takes less.
_SHUTDOWN: Final = 2.0


class WebServer:
    """Answers on ``settings.listen``. ``alive`` says whether all of the bridge works; ``callees`` are by gateway."""

    def __init__(
        self, settings: HttpSettings, callees: Mapping[str, Callee], alive: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._callees = callees
        self._alive = alive
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen. Raises :class:`WebError`."""
        assert self._settings.listen is not None  # without it there is no server
        host, port = self._settings.listen
        context = None if self._settings.tls is None else _tls_context(self._settings.tls)
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            # aiohttp's own lines quote what was sent; ours are below.
            logger=_silent_logger(),
            handle_signals=False,
            lingering_time=_DRAIN,
            # Nobody calls with a compressed body, and a small one may unpack to any size.
            auto_decompress=False,
            shutdown_timeout=_SHUTDOWN,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port, ssl_context=context).start()
        except OSError as error:
            await self.stop()
            raise WebError(
                f"http.listen: cannot listen on {host}:{port}: {error.strerror or error}; is another program there?"
            ) from error
        _LOG.info("The web server listens on %s:%d", host, self.port)

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._runner is not None  # asked only while it listens
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Take no more requests, and let those that are being answered end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_answer_faults])
        application.router.add_get("/healthz", self._health)
        application.router.add_route("*", callback_path("{gateway}", "{secret}"), self._callback)
        return application

    async def _health(self, _request: web.Request) -> web.Response:
        if self._alive():
            return web.Response(text="ok")
        return web.Response(status=503, text="a part of the bridge does not work; its log tells more")

    async def _callback(self, request: web.Request) -> web.Response:
        gateway = request.match_info["gateway"]
        callee = find_callee(self._callees, gateway, request.match_info["secret"])
        if callee is None:
            raise web.HTTPNotFound
        body = await _read(request)
        answer = await callee.receive(
            CallbackRequest(
                method=request.method,
                content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
                query=request.raw_path.partition("?")[2],
                body=body,
            )
        )
        return web.Response(status=answer.status, text=answer.body)


async def _read(request: web.Request) -> bytes:
    """Read a body, at most as much as any callback has; raises the HTTP answer to one that is larger or too slow."""
    if (request.content_length or 0) > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            while chunk := await request.content.read(_CHUNK):
                body += chunk
                if len(body) > MAX_BODY:
                    raise web.HTTPRequestEntityTooLarge(MAX_BODY, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


@web.middleware
async def _answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a fault of ours without a word about it: whoever called shall come again."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return web.Response(
            status=answer.status,
            text=answer.reason,
            headers={name: value for name, value in answer.headers.items() if name == hdrs.ALLOW},
        )
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - one request must not tell its sender about the bridge
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else f" in {place.tb_frame.f_code.co_qualname}, line {place.tb_lineno}"
        # Not the error's own words: they may repeat a number or a text.
        _LOG.error("A request could not be answered: %s%s", type(error).__name__, where)
        return web.Response(status=503, text="Service Unavailable")


def _tls_context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(files.cert, files.key)
    except OSError as error:
        what = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise WebError(
            f"http.tls: certificate and key cannot be used ({what}); both must be readable PEM files that belong "
            "together"
        ) from error
    return context


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.aiohttp")
    logger.disabled = True
    return logger
