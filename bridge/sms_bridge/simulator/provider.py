"""A provider's HTTP interface without the provider: what all simulated providers have in common."""

from __future__ import annotations

import asyncio
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Self

from aiohttp import web

from sms_bridge.simulator.provider_call import Call, Misuse, Refusal, refuse_unknown
from sms_bridge.simulator.provider_callbacks import Caller, Delivery
from sms_bridge.simulator.provider_faults import Fault, Faults
from sms_bridge.simulator.provider_record import Met, MetKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from sms_bridge.simulator.provider_call import Handler
    from sms_bridge.simulator.provider_callbacks import Callback, CallbackAttempt
    from sms_bridge.simulator.provider_record import OnAir


def now() -> datetime:
    """Give the time of day in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderOptions:
    """What every simulated provider can be told.

    `callback_url` is where callbacks go (None: nowhere). With `auto` each message walks to its final state by
    itself, one state every `auto_delay` seconds; with `echo` the recipient of an SMS then answers with its text, where
    the provider passes on what is received. `clock` gives the time with its zone, `sleep` waits for so many
    seconds, `ids` gives the provider's next identifier (None: the provider's own way). `listener` is told of each
    message that leaves. `callback_tries` and `callback_retry_after` (seconds) are for providers that call again
    until a callback is taken. `allowed_ips` are the clients' addresses (None: all).
    """

    callback_url: str | None = None
    auto: bool = False
    auto_delay: float = 0.05
    echo: bool = False
    clock: Callable[[], datetime] = now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ids: Callable[[], str] | None = None
    listener: Callable[[OnAir], None] | None = None
    callback_tries: int = 20
    callback_retry_after: float = 0.05
    allowed_ips: frozenset[str] | None = None


class ProviderServer(ABC):
    """A provider at a real socket. Subclasses give its endpoints, codes and callbacks.

    Public for tests: `met`, `on_air`, `faults`, `misuses` (sentences about requests that the documents do not
    know), `callback_attempts`, and `callback_url` and `allowed_ips`, which may be changed at any time.
    """

    #: The provider's name in configurations.
    name: ClassVar[str]
    #: What comes before the endpoints' documented paths.
    root: ClassVar[str] = ""
    #: What follows host and port in `base_url`; None is `root`.
    base_path: ClassVar[str | None] = None
    #: The states that `auto` walks through, in their order.
    walk: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: ProviderOptions | None = None) -> None:
        self.options = options or ProviderOptions()
        self.callback_url = self.options.callback_url
        self.allowed_ips = self.options.allowed_ips
        self.met = Met(self.name)
        self.on_air: list[OnAir] = []
        self.faults = Faults()
        self.misuses: list[str] = []
        self._caller = Caller(self.delivery(), self.options.sleep)
        self._runner: web.AppRunner | None = None
        self._host = ""
        self._port = 0

    @abstractmethod
    def routes(self) -> Mapping[str, Handler]:
        """Give the handler of each endpoint, keyed like ``POST /verify/{messageId}``."""

    @abstractmethod
    def coded(self, call: Call, code: str) -> web.Response:
        """Answer with `code` of the provider's own table, as a `Fault` with a code asks for."""

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Give the credentials that this server takes, under the names of the bridge's configuration."""

    @abstractmethod
    def advance(self, message_id: str, status: str) -> None:
        """Put a message into a state of the provider's vocabulary and fire the callback for it, if there is one.

        Raises KeyError if `message_id` was not issued here.
        """

    def answer_from(self, recipient: str, text: str) -> None:
        """Let the recipient of a message answer, where this provider passes on what is received."""
        del recipient, text

    def walk_of(self, message_id: str) -> Sequence[str]:
        """Give the states that `auto` walks a message through: `walk`, unless messages differ."""
        del message_id
        return self.walk

    def delivery(self) -> Delivery:
        """Say how callbacks are delivered: once, unless a provider documents more."""
        return Delivery()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. What the server remembers survives `stop` and another `start`."""
        application = web.Application(middlewares=[self._documented], client_max_size=1 << 20)
        for endpoint, handler in self.routes().items():
            method, _, path = endpoint.partition(" ")
            application.router.add_route(method, self.root + path, self._endpoint(endpoint, handler))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self._host, self._port = host, int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port, and forget callbacks that were not taken."""
        await self._caller.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """What the bridge's `base_url` is set to."""
        return self.url_at(self._host, self._port)

    def url_at(self, host: str, port: int) -> str:
        """Return what `base_url` is while the server listens there."""
        return f"http://{host}:{port}{self.root if self.base_path is None else self.base_path}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{self._host}:{self._port}"

    @property
    def callback_attempts(self) -> list[CallbackAttempt]:
        """Every attempt to call back, in the order of its end."""
        return self._caller.attempts

    async def settled(self) -> None:
        """Wait until every callback was taken or given up, and every walk of `auto` has ended."""
        await self._caller.settled()

    def answer_code(self, code: str | int, *, times: int | None = 1, path: str | None = None) -> None:
        """Let the next requests be refused with a code of the provider's own table."""
        self.faults.add(Fault(code=code), times=times, path=path)

    def auto_advance(self, message_id: str) -> None:
        """Walk one message through `walk` in the background."""
        self._caller.spawn(self._walk(message_id))

    def new_id(self) -> str:
        """Give the next identifier."""
        return self.options.ids() if self.options.ids else str(uuid.uuid4())

    def clock(self) -> datetime:
        """Give the time."""
        return self.options.clock()

    def sent(self, message: OnAir) -> None:
        """Remember a message that leaves; with `auto` its walk begins."""
        self.on_air.append(message)
        if self.options.listener is not None:
            self.options.listener(message)
        if self.options.auto:
            for message_id in dict.fromkeys(message.ids):
                self.auto_advance(message_id)
        if self.options.echo:
            self._caller.spawn(self._let_answer(message))

    def fire(self, callback: Callback) -> None:
        """Send a callback to `callback_url` in the background; without a URL nothing happens."""
        if self.callback_url is None:
            return
        self.met.add(MetKind.CALLBACK, f"callback {callback.kind}")
        for name in callback.fields:
            self.met.add(MetKind.CALLBACK, f"callback {callback.kind} {name}")
        self._caller.send(self.callback_url, callback)

    def meet_code(self, table: str, code: str | int) -> None:
        """Count a code that is answered or reported."""
        self.met.add(MetKind.CODE, f"{table} {code}")

    def meet_parameters(self, call: Call, given: Iterable[str], known: Iterable[str]) -> None:
        """Count the parameters of a request. Raises Misuse for one that is not in `known`."""
        given = list(given)
        refuse_unknown(call.endpoint, given, known)
        for name in given:
            self.met.add(MetKind.PARAMETER, f"{call.endpoint} {name}")

    def ip_allowed(self, call: Call) -> bool:
        """Say whether the client's address is among `allowed_ips`."""
        return self.allowed_ips is None or call.peer in self.allowed_ips

    async def _walk(self, message_id: str) -> None:
        for status in self.walk_of(message_id):
            await self.options.sleep(self.options.auto_delay)
            self.advance(message_id, status)

    async def _let_answer(self, message: OnAir) -> None:
        states = sum(len(self.walk_of(message_id)) for message_id in message.ids[:1])
        await self.options.sleep(self.options.auto_delay * (states + 1))
        self.answer_from(message.recipient, message.text)

    @web.middleware
    async def _documented(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            misuse = Misuse(f"{request.method} {request.path}: {error.reason}", status=error.status)
            self.misuses.append(misuse.sentence)
            return misuse.answer

    def _endpoint(
        self, endpoint: str, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            self.met.add(MetKind.ENDPOINT, endpoint)
            call = await _read(request, endpoint)
            fault = self.faults.take(endpoint)
            return await (self._handle(call, handler) if fault is None else self._spoil(call, handler, fault))

        return serve

    async def _handle(self, call: Call, handler: Handler) -> web.Response:
        try:
            return await handler(call)
        except Misuse as misuse:
            self.misuses.append(misuse.sentence)
            return misuse.answer
        except Refusal as refusal:
            return refusal.answer

    async def _spoil(self, call: Call, handler: Handler, fault: Fault) -> web.Response:
        answer = web.Response()
        if not fault.cut_before and (fault.processed or fault.cut_after or not fault.replaces):
            answer = await self._handle(call, handler)
        if fault.delay:
            await self.options.sleep(fault.delay)
        if fault.cut_before or fault.cut_after:
            if call.request.transport is not None:
                call.request.transport.close()
            return web.Response()
        if fault.code is not None:
            answer = self.coded(call, str(fault.code))
        elif fault.replaces:
            body = fault.body.encode() if isinstance(fault.body, str) else fault.body or b""
            answer = web.Response(body=body, content_type=fault.content_type)
        if fault.status is not None:
            answer.set_status(fault.status)
        answer.headers.update(fault.headers)
        return answer


async def _read(request: web.Request, endpoint: str) -> Call:
    multipart: dict[str, str] = {}
    body = b""
    if request.content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            if not isinstance(value, str):
                raise web.HTTPBadRequest(reason=f"{name} is a file")
            multipart[name] = value
    else:
        body = await request.read()
    return Call(
        request=request, endpoint=endpoint, path=dict(request.match_info), body=body, multipart=multipart
    )
