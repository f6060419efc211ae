"""Requests to GENIQ: the token that each of them bears, and what the code in the answer means.

Source: GENIQ REST API Reference, *Authentication*, ``/token``, *API Response & Reason Codes*.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from yarl import URL

from ..client import Call
from ..exceptions import (
    AuthError,
    NoAnswerError,
    ProtocolError,
    RejectedError,
    TemporaryError,
    ThrottledError,
)
from ..model import ErrorCode, RefusalClass, refusal_class
from ..single_flight import SingleFlight
from .codes import API_CODES, SPAM_CONTROL, SUCCESS, WHATSAPP_CODES, Effect, number_of
from .instant import read_instant
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..client import Answer, Client
    from ..exceptions import ProviderError
    from .settings import GeniqSettings

#: How long before its expiry a token is not used any more: a request is on its way for a while.
_MARGIN: Final = timedelta(seconds=60)
#: Seconds without a request after GENIQ's spam control has struck: the longest pause of the MQTT contract.
_SPAM_PAUSE: Final = 60.0


def now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of GENIQ: its members, and what its code says went wrong, ``None`` for success."""

    members: Mapping[str, object]
    error: ProviderError | None


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    #: ``None`` where only GENIQ can tell.
    use_until: datetime | None


class Session:
    """One account's requests. The token is fetched when one is needed, once for all who wait for it."""

    def __init__(
        self, client: Client, settings: GeniqSettings, basic: str, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._client = client
        self._base = URL(settings.base_url.rstrip("/"))
        self._basic = basic
        self._clock = clock
        self._token: _Token | None = None
        self._fetching = SingleFlight(self._fetch)

    def call(
        self,
        method: str,
        path: str,
        *,
        variable: str | None = None,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        reads: bool = False,
        private: tuple[str, ...] = (),
    ) -> Call:
        """Return a request for one of the documented paths; ``variable`` is the value of a ``{…}`` at its end."""
        where = path if variable is None else f"{path.rpartition('/')[0]}/{quote(variable, safe='')}"
        return Call(
            name=f"{method} {path}",
            method=method,
            url=self._base.joinpath(where.removeprefix("/"), encoded=True),
            query=query or {},
            form=form,
            body=body,
            reads=reads,
            private=private,
        )

    async def ask(self, call: Call) -> Mapping[str, object]:
        """Make a request and return what was answered. Raises ProviderError for every code but success."""
        reply = await self.exchange(call)
        if reply.error is not None:
            raise reply.error
        return reply.members

    async def exchange(self, call: Call) -> Reply:
        """Make a request; a refused token is replaced once, since what came with it was not processed.

        Raises ProviderError where nothing was answered, or no token was to be had.
        """
        reply, refused = await self._attempt(call)
        if refused:
            reply, _ = await self._attempt(call)
        return reply

    def error(
        self, call: Call, value: object, message: object, *, retry_after: float | None = None
    ) -> ProviderError:
        """Return what a code other than success means; a throttling one pauses the account.

        ``message`` are GENIQ's words, which count only where the code is in no table. ``retry_after`` is in seconds.
        """
        number = number_of(value)
        entry = _ENTRIES.get(number) if isinstance(number, int) else None
        word = str(number)
        if entry is None:
            if not isinstance(number, int):
                # Shortened last: half a secret would not be recognised.
                word = self._client.readable(word, call.private)[:_LONGEST_WORD]
            return self._unknown(call.name, word, self._client.readable(str(message or ""), call.private))
        sentence = f"{TITLE}, {call.name}: {entry.meaning} (code {word})"
        if entry.advice:
            sentence += f"; {entry.advice}"
        if entry.effect is Effect.THROTTLED:
            if number == SPAM_CONTROL:
                retry_after = max(retry_after or 0.0, _SPAM_PAUSE)
            return self._client.throttled(sentence, retry_after=retry_after, provider_code=word)
        return _RAISED[entry.effect](sentence, code=entry.error, provider_code=word)

    def _unknown(self, name: str, word: str, words: str) -> ProviderError:
        self._client.warn_once(
            word, f"{TITLE}, {name}: the code {word} is in no table; it counts as a refusal"
        )
        return RejectedError(f"{TITLE}, {name}: refused with code {word}: {words}", provider_code=word)

    async def _attempt(self, call: Call) -> tuple[Reply, bool]:
        """Make a request once; the second of the pair says that its token was refused."""
        token = await self._fetching.get(self._usable)
        bearing = replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"})
        try:
            reply = self._read(call, await self._client.request(bearing))
        except AuthError:
            # No word of GENIQ's own: an HTTP status alone. Whether it is the token's fault shows with the next one.
            self._forget(token)
            raise
        number = number_of(reply.members.get("responseCode"))
        refused = isinstance(number, int) and number in _TOKEN_REFUSED
        if refused:
            self._forget(token)
        return reply, refused

    def _read(self, call: Call, answer: Answer) -> Reply:
        """Read the code, whatever the HTTP status. Raises what the status says where there is none."""
        members = answer.members()
        value = members.get("responseCode")
        number = number_of(value)
        if number is None:
            if answer.failure is not None:
                raise answer.failure
            if call.reads and "data" in members:  # A list of templates is documented without a code.
                return Reply(members, None)
            raise ProtocolError(f"{TITLE}, {call.name}: an answer without responseCode: {answer.excerpt}")
        if number == SUCCESS:
            self._client.succeeded()
            return Reply(members, None)
        paused = answer.failure.retry_after if isinstance(answer.failure, ThrottledError) else None
        return Reply(members, self.error(call, value, members.get("responseMessage"), retry_after=paused))

    def _usable(self) -> str | None:
        if self._token is None:
            return None
        until = self._token.use_until
        return self._token.value if until is None or self._clock() < until else None

    def _forget(self, token: str) -> None:
        """Drop that token; one that came since stays."""
        if self._token is not None and self._token.value == token:
            self._token = None

    async def _fetch(self) -> str:
        call = replace(
            self.call("POST", "/token", reads=True), headers={"Authorization": f"Basic {self._basic}"}
        )
        try:
            reply = self._read(call, await self._client.request(call))
            if reply.error is not None:
                raise reply.error
        except NoAnswerError as error:
            # Whatever became of it: the request that wanted this token has not been made.
            raise TemporaryError(str(error), provider_code=error.provider_code) from None
        except RejectedError as error:
            if refusal_class(error.code) is not RefusalClass.CONTENT:
                raise
            # Neither number nor text has been seen yet: another gateway may send it.
            raise AuthError(str(error), provider_code=error.provider_code) from None
        value = reply.members.get("token")
        if not isinstance(value, str) or not value:
            raise TemporaryError(f"{TITLE}, {call.name}: an answer without a token", code=ErrorCode.NETWORK)
        self._client.hide(value)
        self._token = _Token(value, self._use_until(reply.members.get("expiry")))
        return value

    def _use_until(self, expiry: object) -> datetime | None:
        """When to fetch the next one: ``None`` for an expiry that cannot be, such as one that is over already."""
        instant = read_instant(expiry)
        if instant is None:
            return None
        until = instant - _MARGIN
        return until if until > self._clock() else None


def basic_credentials(settings: GeniqSettings) -> str:
    """Return API key and secret as HTTP's Basic scheme has them (RFC 7617 clause 2)."""
    return b64encode(f"{settings.api_key}:{settings.api_secret}".encode()).decode("ascii")


_ENTRIES: Final = {**API_CODES, **WHATSAPP_CODES}
_TOKEN_REFUSED: Final = {number for number, entry in _ENTRIES.items() if entry.effect is Effect.TOKEN}
_RAISED: Final[Mapping[Effect, type[ProviderError]]] = {
    Effect.REFUSED: RejectedError,
    Effect.AUTH: AuthError,
    Effect.TOKEN: AuthError,
    Effect.TEMPORARY: TemporaryError,
    Effect.AMBIGUOUS: NoAnswerError,
}
#: Characters of a code that is in no table.
_LONGEST_WORD: Final = 40
