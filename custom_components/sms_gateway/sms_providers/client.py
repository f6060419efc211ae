"""The HTTP side that all providers share: one request, its time-outs, limits, retries, and what may be said of it.

A message is never sent by GET: aiohttp repeats a GET by itself when the connection drops before an answer, and the
second one is a second SMS.
"""

from __future__ import annotations

import asyncio
import html
import json
import logging
import random
import re
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import aiohttp

from .address import redact_numbers
from .connection import DroppedError, form_body, json_body, once
from .exceptions import (
    AuthError,
    NoAnswerError,
    ProtocolError,
    ProviderError,
    RejectedError,
    TemporaryError,
    ThrottledError,
)
from .model import ErrorCode
from .reading import parse_json, retry_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from yarl import URL

    from .connection import Body

_LOG: Final = logging.getLogger(__name__)
#: Seconds until a connection stands.
_CONNECT_TIMEOUT: Final = 10.0
#: Octets of an answer above which it is not read; a page of thousands of messages has some.
_MAX_ANSWER: Final = 8 * 1_048_576
#: Characters of an answer that an error quotes, and those among which they are looked for.
_EXCERPT: Final = 200
_QUOTED: Final = 65_536
#: Tries of a request that changes nothing, and the pause before the second, in seconds; it doubles.
_READ_TRIES: Final = 3
_READ_PAUSE: Final = 0.5
#: Pauses of a throttled provider that does not say how long, in seconds: 1, 2, 4 … 60 (MQTT contract).
_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
#: Issued secrets that are kept out of what people read: one is in use, its predecessor may be on its way yet.
_ISSUED: Final = 8
#: Words of no table that are warned of once each; a provider that always says another one is not listened to.
_UNKNOWN_WORDS: Final = 100
#: Lines of dialogue that are kept for error reports.
_TRANSCRIPT_LINES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``name`` is how errors and logs call it, such as ``POST /sms``; never the address itself.

    At most one of ``form`` and ``body`` (JSON) is set. ``reads`` says that the request changes nothing and may be
    repeated. ``private`` are texts and numbers in it, which nobody may read in an error. ``quotable`` is false where
    the answer itself holds texts of messages: no error quotes it.
    """

    name: str
    method: str
    url: URL = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reads: bool = False
    private: tuple[str, ...] = field(default=(), repr=False)
    quotable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that could be read. ``data`` is JSON with :class:`~decimal.Decimal` for fractions.

    ``name`` says whose answer to what it is. ``failure`` is what the HTTP status alone says, ``None`` for success.
    """

    name: str
    status: int
    data: object = field(repr=False)
    failure: ProviderError | None
    read: Callable[[], str] = field(repr=False)

    @property
    def excerpt(self) -> str:
        """The beginning of the body, fit to be read by people."""
        return self.read()

    def members(self) -> Mapping[str, object]:
        """Return the answer as an object. Raises what the HTTP status says, else :class:`ProtocolError`."""
        if isinstance(self.data, dict):
            return self.data
        raise self.unexpected()

    def unexpected(self) -> ProviderError:
        """Return the error of an answer of another form than expected: what the HTTP status says, if it does."""
        return self.failure or ProtocolError(
            f"{self.name}: an answer of another form than expected: {self.excerpt}"
        )


class Client:
    """Speaks to one provider for one account. ``secrets`` appear in no error, log line or transcript.

    A provider that throttles is left alone until its time is over: requests fail meanwhile with
    :class:`~.exceptions.ThrottledError`, without being made.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        title: str,
        secrets: Sequence[str],
        response_timeout: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._title = title
        self._secrets = tuple(secrets)
        self._issued: deque[str] = deque(maxlen=_ISSUED)
        self._response_timeout = response_timeout
        # The first part is shorter than the whole: what runs out of time while it connects has not been sent.
        self._timeout = aiohttp.ClientTimeout(
            total=response_timeout, connect=min(_CONNECT_TIMEOUT, response_timeout / 2)
        )
        self._sleep = sleep
        self._clock = clock
        self._keeps = True
        self._paused_until = 0.0
        self._next_pause = _SHORTEST_PAUSE
        self._transcript: deque[str] = deque(maxlen=_TRANSCRIPT_LINES)
        self._unknown_words: set[str] = set()

    def hide(self, secret: str) -> None:
        """Keep a secret that was just issued, such as a token, out of errors and transcript; and the few before it."""
        if secret not in self._issued:
            self._issued.append(secret)

    def transcript(self) -> Sequence[str]:
        """Return the last requests and what became of them, oldest first."""
        return tuple(self._transcript)

    async def request(self, call: Call) -> Answer:
        """Make a request and read its answer, whatever its HTTP status; a read is tried again where that may help.

        Raises ProviderError: where nothing left (:class:`TemporaryError`), where no answer came
        (:class:`NoAnswerError`), and where it is no JSON.
        """
        pause = _READ_PAUSE
        for _ in range(_READ_TRIES - 1 if call.reads else 0):
            try:
                answer = await self._once(call)
            except ProviderError as error:
                if not _may_pass(error):
                    raise
            else:
                if not _may_pass(answer.failure):
                    return answer
            await self._sleep(pause * random.uniform(1, 1.5))
            pause *= 2
        return await self._once(call)

    def throttled(
        self, message: str, *, retry_after: float | None = None, provider_code: str | None = None
    ) -> ThrottledError:
        """Pause this provider, and return the error to raise.

        Without ``retry_after`` (seconds) each pause in a row is twice the one before.
        """
        now = self._clock()
        if retry_after is None:
            retry_after = self._next_pause * random.uniform(1, 1.25)
            if now >= self._paused_until:  # Several refusals of one moment are one.
                self._next_pause = min(self._next_pause * 2, _LONGEST_PAUSE)
        self._paused_until = max(self._paused_until, now + retry_after)
        return ThrottledError(message, retry_after=retry_after, provider_code=provider_code)

    def succeeded(self) -> None:
        """The provider has done what it was asked: the next pause is a short one again."""
        self._next_pause = _SHORTEST_PAUSE

    def warn_once(self, word: str, sentence: str) -> None:
        """Log a sentence on a word of the provider's that is in no table, the first time that it is met.

        Nothing private may be in the sentence.
        """
        if word not in self._unknown_words and len(self._unknown_words) < _UNKNOWN_WORDS:
            self._unknown_words.add(word)
            _LOG.warning("%s", sentence)

    def readable(self, text: str, private: Sequence[str] = ()) -> str:
        """Return the beginning of a provider's words without secrets, texts and full numbers."""
        text = text[:_QUOTED]
        for hidden in sorted({*self._secrets, *self._issued, *private}, key=len, reverse=True):
            for written in _spellings(hidden):
                text = re.sub(re.escape(written), "…", text, flags=re.IGNORECASE)
        return redact_numbers(" ".join(text.split()))[:_EXCERPT]

    async def _once(self, call: Call) -> Answer:
        left = self._paused_until - self._clock()
        if left > 0:
            raise ThrottledError(
                f"{self._title} is left alone for {left:.0f} s more, as it asked for", retry_after=left
            )
        began = self._clock()
        try:
            status, headers, content = await self._exchange(call)
        except ProviderError as error:
            self._note(call, str(error), began)
            raise
        self._note(call, f"HTTP {status}", began)
        return self._answer(call, status, headers, content)

    async def _exchange(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        url, body = self._prepare(call)
        if body is not None:
            body.fresh = not self._keeps
        while True:
            try:
                return await self._attempt(call, url, body)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                failure = self._lost(call, error)
            if body is None or not body.held_back:
                break
        # A server that breaks what it promised to keep is not trusted a second time.
        self._keeps = self._keeps and not (body is not None and body.on_kept)
        # Outside of the handler: aiohttp's errors hold addresses, and addresses hold keys.
        raise failure

    def _prepare(self, call: Call) -> tuple[URL, Body | None]:
        with suppress(ValueError):  # A lone surrogate is the one thing that cannot be written.
            url = call.url
            if call.query:
                "".join(call.query.values()).encode()  # yarl would leave it out in silence.
                url = url.update_query(call.query)
            if call.form is not None:
                return url, form_body(call.form)
            return url, None if call.body is None else json_body(call.body)
        raise RejectedError(
            f"{self._title}, {call.name}: the text holds characters that are no Unicode",
            code=ErrorCode.INVALID_TEXT,
        )

    async def _attempt(self, call: Call, url: URL, body: Body | None) -> tuple[int, Mapping[str, str], bytes]:
        """The only place where a request leaves."""
        async with self._session.request(
            call.method,
            url,
            data=body,
            # Only a body can be held back, so nothing else may lie idle.
            headers=call.headers
            if body is not None and self._keeps
            else {**call.headers, "Connection": "close"},
            timeout=self._timeout,
            # A redirected POST becomes a GET, and credentials must not travel on.
            allow_redirects=False,
            raise_for_status=False,
            middlewares=() if call.method == "POST" else (once,),
        ) as response:
            stream = response.content
            content = await stream.read(_MAX_ANSWER + 1)
            while len(content) <= _MAX_ANSWER and not stream.at_eof():
                content += await stream.read(_MAX_ANSWER)
            if body is not None:
                body.answered()
            return response.status, response.headers, content

    def _lost(self, call: Call, error: Exception) -> ProviderError:
        """What aiohttp's error means."""
        what = f"{self._title}, {call.name}"
        word = type(error).__name__
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return TemporaryError(f"{what}: no connection ({word}); check the network and the base URL")
        if isinstance(error, TimeoutError):
            return NoAnswerError(f"{what}: no answer within {self._response_timeout:g} s")
        if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
            return RejectedError(
                f"{what}: the base URL is none; it begins with https://", code=ErrorCode.UNSUPPORTED
            )
        if not isinstance(error, aiohttp.ClientError):
            return AuthError(f"{what}: the key or token holds characters that no header may hold")
        if isinstance(error, DroppedError):
            word = str(error)
        return NoAnswerError(f"{what}: the connection was lost before the answer ({word})")

    def _answer(self, call: Call, status: int, headers: Mapping[str, str], content: bytes) -> Answer:
        what = f"{self._title}, {call.name}"
        text = content[:_MAX_ANSWER].decode("utf-8-sig", errors="replace")

        def read() -> str:
            return self.readable(text, call.private) if call.quotable else f"({len(content)} octets)"

        failure = None if status in _SUCCESS else self._failure(what, status, headers, read())
        if len(content) > _MAX_ANSWER:
            raise failure or ProtocolError(f"{what}: the answer is larger than {_MAX_ANSWER} octets")
        with suppress(ValueError):
            data = parse_json(text)
            return Answer(name=what, status=status, data=data, failure=failure, read=read)
        raise failure or ProtocolError(f"{what}: HTTP {status} with an answer that is no JSON: {read()}")

    def _failure(self, what: str, status: int, headers: Mapping[str, str], excerpt: str) -> ProviderError:
        """What an HTTP status says where the body does not say more (RFC 9110 clause 15)."""
        sentence = f"{what}: HTTP {status}: {excerpt}"
        word = str(status)
        wait = retry_after(headers)
        if status == HTTPStatus.TOO_MANY_REQUESTS or (
            status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
        ):
            return self.throttled(sentence, retry_after=wait, provider_code=word)
        if status in _AMBIGUOUS:
            return NoAnswerError(sentence, code=ErrorCode.NETWORK, provider_code=word)
        if status in _AUTH:
            return AuthError(sentence, provider_code=word)
        if status in _NOT_DONE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return TemporaryError(sentence, provider_code=word)
        code = _STATUS_CODES.get(status, ErrorCode.REJECTED_BY_NETWORK)
        return RejectedError(sentence, code=code, provider_code=word)

    def _note(self, call: Call, result: str, began: float) -> None:
        line = f"{call.name}: {result} ({self._clock() - began:.2f} s)"
        self._transcript.append(line)
        _LOG.debug("%s, %s", self._title, line)


_SUCCESS: Final = range(200, 300)
#: A gateway between us and the provider gave up: the provider may have done it (provider contract, section 0). 520 and
#: 524 are Cloudflare's words for it.
_AMBIGUOUS: Final = frozenset({502, 504, 520, 524})
_AUTH: Final = frozenset({401, 403})
#: The request did not arrive as a whole, or is not to be looked at yet.
_NOT_DONE: Final = frozenset({408, 425})
#: Statuses that concern this gateway only: no credit, and an address at which nothing of this kind is.
_STATUS_CODES: Final = {
    402: ErrorCode.NO_CREDIT,
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405, 410), ErrorCode.UNSUPPORTED),
}


def _may_pass(failure: ProviderError | None) -> bool:
    """Whether a read may be repeated soon."""
    return isinstance(failure, TemporaryError | NoAnswerError) and not isinstance(failure, ThrottledError)


def _spellings(hidden: str) -> set[str]:
    """How a provider may repeat what it was told, which many trim: as it is, in an address, in JSON, in HTML."""
    hidden = hidden.strip()
    in_json, in_html = json.dumps(hidden)[1:-1], html.escape(hidden)
    return {
        hidden,
        quote(hidden, errors="replace"),
        quote(hidden, safe="", errors="replace"),
        quote_plus(hidden, errors="replace"),
        in_json,
        json.dumps(hidden, ensure_ascii=False)[1:-1],
        # PHP escapes the slash, and the apostrophe in decimal.
        in_json.replace("/", r"\/"),
        in_html,
        in_html.replace("&#x27;", "&#039;"),
    } - {""}
