"""The HTTP side that all providers share: one request, its time-outs, limits, retries, and what may be said of it.

A message is never sent by GET: aiohttp repeats a GET by itself when the connection drops before an answer, and the
second one is a second SMS.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import time
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import aiohttp

from .address import redact_numbers
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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from yarl import URL

_LOG: Final = logging.getLogger(__name__)
#: Seconds until a connection stands.
_CONNECT_TIMEOUT: Final = 10.0
#: Octets of an answer above which it is not read; a page of thousands of messages has some.
_MAX_ANSWER: Final = 8 * 1_048_576
#: Characters of an unreadable answer that an error quotes.
_EXCERPT: Final = 200
#: Tries of a request that changes nothing, and the pause before the second, in seconds; it doubles.
_READ_TRIES: Final = 3
_READ_PAUSE: Final = 0.5
#: Pauses of a throttled provider that does not say how long, in seconds: 1, 2, 4 … 60 (MQTT contract).
_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
#: Lines of dialogue that are kept for error reports.
_TRANSCRIPT_LINES: Final = 40
# A string of JSON, kept, or a comma with nothing behind it, dropped.
_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``name`` is how errors and logs call it, such as ``POST /sms``; never the address itself.

    At most one of ``form`` and ``body`` (JSON) is set. ``reads`` says that the request changes nothing and may be
    repeated. ``private`` are texts and numbers in it, which nobody may read in an error. ``quotable`` is false where the
    answer itself holds texts of messages: no error quotes it.
    """

    name: str
    method: str
    url: URL
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    private: tuple[str, ...] = ()
    quotable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that could be read. ``data`` is JSON with :class:`~decimal.Decimal` for fractions.

    ``failure`` is what the HTTP status alone says, ``None`` for success. ``excerpt`` is the beginning of the body, fit
    to be read by people.
    """

    status: int
    data: object
    failure: ProviderError | None
    excerpt: str

    def members(self) -> Mapping[str, object]:
        """Return the answer as an object. Raises what the HTTP status says, else :class:`ProtocolError`."""
        if isinstance(self.data, dict):
            return self.data
        if self.failure is not None:
            raise self.failure
        raise ProtocolError(f"an answer of another form than expected: {self.excerpt}")


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
        self._secrets = list(secrets)
        self._timeout = aiohttp.ClientTimeout(
            total=response_timeout, connect=min(_CONNECT_TIMEOUT, response_timeout)
        )
        self._sleep = sleep
        self._clock = clock
        self._paused_until = 0.0
        self._next_pause = _SHORTEST_PAUSE
        self._transcript: deque[str] = deque(maxlen=_TRANSCRIPT_LINES)

    def hide(self, secret: str) -> None:
        """Keep one more secret out of errors and transcript, such as a token that was just issued."""
        if secret not in self._secrets:
            self._secrets.append(secret)

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
            except ThrottledError:
                raise
            except (TemporaryError, NoAnswerError):
                pass
            else:
                if not isinstance(answer.failure, TemporaryError | NoAnswerError):
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
        if retry_after is None:
            retry_after = self._next_pause * random.uniform(1, 1.25)
            self._next_pause = min(self._next_pause * 2, _LONGEST_PAUSE)
        self._paused_until = max(self._paused_until, self._clock() + retry_after)
        return ThrottledError(message, retry_after=retry_after, provider_code=provider_code)

    def succeeded(self) -> None:
        """The provider has done what it was asked: the next pause is a short one again."""
        self._next_pause = _SHORTEST_PAUSE

    def readable(self, text: str, private: Sequence[str] = ()) -> str:
        """Return the beginning of a provider's words without secrets, texts and full numbers."""
        for hidden in sorted({*self._secrets, *private}, key=len, reverse=True):
            for written in {
                hidden,
                quote(hidden),
                quote(hidden, safe=""),
                quote_plus(hidden),
                json.dumps(hidden)[1:-1],
            }:
                if written:
                    text = text.replace(written, "…")
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
        """The only place where a request leaves; aiohttp's errors, which hold addresses, end here."""
        what = f"{self._title}, {call.name}"
        try:
            async with self._session.request(
                call.method,
                call.url.update_query(call.query) if call.query else call.url,
                data=call.form,
                json=call.body,
                headers=call.headers,
                timeout=self._timeout,
                # A redirected POST becomes a GET, and credentials must not travel on.
                allow_redirects=False,
            ) as response:
                content = await response.content.read(_MAX_ANSWER + 1)
                while len(content) <= _MAX_ANSWER and (more := await response.content.read(_MAX_ANSWER)):
                    content += more
                if len(content) > _MAX_ANSWER:
                    raise ProtocolError(f"{what}: the answer is larger than {_MAX_ANSWER} octets")
                return response.status, response.headers, content
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TemporaryError(
                f"{what}: no connection ({type(error).__name__}); check the network and the base URL"
            ) from None
        except TimeoutError:
            raise NoAnswerError(f"{what}: no answer within {self._timeout.total:g} s") from None
        except aiohttp.InvalidURL:
            raise RejectedError(f"{what}: the base URL is none", code=ErrorCode.UNSUPPORTED) from None
        except aiohttp.ClientError as error:
            raise NoAnswerError(
                f"{what}: the connection was lost before the answer ({type(error).__name__})"
            ) from None

    def _answer(self, call: Call, status: int, headers: Mapping[str, str], content: bytes) -> Answer:
        text = content.decode("utf-8-sig", errors="replace")
        excerpt = self.readable(text, call.private) if call.quotable else f"({len(content)} octets)"
        failure = self._failure(call, status, headers, excerpt)
        try:
            data = parse_json(text)
        except ValueError:
            if failure is not None:
                raise failure from None
            raise ProtocolError(
                f"{self._title}, {call.name}: HTTP {status} with an answer that is no JSON: {excerpt}"
            ) from None
        return Answer(status=status, data=data, failure=failure, excerpt=excerpt)

    def _failure(
        self, call: Call, status: int, headers: Mapping[str, str], excerpt: str
    ) -> ProviderError | None:
        """What an HTTP status says where the body does not say more (RFC 9110 clause 15)."""
        if status in range(200, 300):
            return None
        sentence = f"{self._title}, {call.name}: HTTP {status}: {excerpt}"
        word = str(status)
        if status == 429:  # noqa: PLR2004 - RFC 6585 clause 4
            return self.throttled(sentence, retry_after=retry_after(headers), provider_code=word)
        if status in _AMBIGUOUS:
            return NoAnswerError(sentence, code=ErrorCode.NETWORK, provider_code=word)
        if status in _AUTH:
            return AuthError(sentence, provider_code=word)
        if status >= 500:  # noqa: PLR2004 - RFC 9110 clause 15.6
            return TemporaryError(sentence, provider_code=word)
        code = _STATUS_CODES.get(status, ErrorCode.REJECTED_BY_NETWORK)
        return RejectedError(sentence, code=code, provider_code=word)

    def _note(self, call: Call, result: str, began: float) -> None:
        line = f"{call.name}: {result} ({self._clock() - began:.2f} s)"
        self._transcript.append(line)
        _LOG.debug("%s, %s", self._title, line)


#: A gateway between us and the provider gave up: the provider may have done it (provider contract, section 0).
_AMBIGUOUS: Final = frozenset({502, 504})
_AUTH: Final = frozenset({401, 403})
#: Statuses that concern this gateway only: no credit, and an address at which nothing of this kind is.
_STATUS_CODES: Final = {
    402: ErrorCode.NO_CREDIT,
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405, 410), ErrorCode.UNSUPPORTED),
}


def parse_json(text: str) -> object:
    """Read JSON as providers write it: a byte order mark and commas before a closing bracket are ignored.

    Fractions become Decimal. Raises ``ValueError``.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _load(text)
    except ValueError:
        return _load(_TRAILING_COMMA.sub(lambda match: match[1] or "", text))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 clause 10.2.3), bounded to a day; ``None`` without a readable one."""
    written = headers.get("Retry-After", "").strip()
    try:
        seconds = (
            float(written) if written.isdigit() else parsedate_to_datetime(written).timestamp() - time.time()
        )
    except ValueError:
        return None
    return min(max(seconds, 0.0), 86_400.0)


def _load(text: str) -> object:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
