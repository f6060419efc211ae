"""Requests to SmsGateway24: the token that most of them bear, and what its refusals mean.

Source: SmsGateway24 API document. It answers HTTP 200 always; ``error`` 1 with a sentence is the only sign of failure.
Everything is asked by POST, which the document gives beside GET (the provider's samples also for ``gettoken``): an
address with a password or a text in it is written to logs on its way.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from yarl import URL

from ..client import Call
from ..exceptions import AuthError, NoAnswerError, ProtocolError, RejectedError, TemporaryError
from ..fields import as_text
from ..model import ErrorCode
from ..single_flight import SingleFlight
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..client import Client
    from ..exceptions import ProviderError
    from .settings import SmsGateway24Settings

#: Words of a refusal that mean the token or the login; the document has only "Login or password incorrect".
_LOGIN: Final = re.compile(r"token|auth|login", re.IGNORECASE)
#: Words of a refusal that mean the phone: this account cannot send through it, another gateway may.
_PHONE: Final = re.compile(r"device", re.IGNORECASE)
#: Words of a refusal that mean the request; the same one will be refused again.
_REQUEST: Final = re.compile(r"required", re.IGNORECASE)
#: ``error`` as it is written where there is none; the lists of the document have no ``error`` at all.
_NO_ERROR: Final = frozenset({None, "", "0", "false"})


class Session:
    """One account's requests. The token is fetched when one is needed, once for all who wait for it."""

    def __init__(self, client: Client, settings: SmsGateway24Settings) -> None:
        self._client = client
        self._settings = settings
        self._base = URL(settings.base_url.rstrip("/"))
        self._token = settings.token
        self._fetching = SingleFlight(self._fetch)

    async def ask(
        self,
        method: str,
        form: Mapping[str, str],
        *,
        private: Sequence[str] = (),
        reads: bool = False,
        quotable: bool = True,
    ) -> Mapping[str, object]:
        """Ask with the token. Raises ProviderError; a refused token is replaced once."""
        return await self._with_token(
            lambda token: self.call(
                method, {"token": token, **form}, private=private, reads=reads, quotable=quotable
            )
        )

    async def bulk(self, smsdata: Sequence[Mapping[str, str | int]], *, private: Sequence[str]) -> None:
        """Save many messages at once. Raises ProviderError; a refused token is replaced once."""

        def filled(token: str) -> Call:
            datajson = json.dumps({"token": token, "smsdata": list(smsdata)}, ensure_ascii=False)
            return self.call("addalotofsms", {"datajson": datajson}, private=private)

        await self._with_token(filled)

    async def login(
        self, method: str, form: Mapping[str, str], *, private: Sequence[str] = (), reads: bool = False
    ) -> Mapping[str, object]:
        """Ask with email and password. Raises ProviderError."""
        email, password = self._settings.email, self._settings.password
        if not email or not password:
            raise AuthError(f"{TITLE}: there is no token, and no email and password to get one")
        return await self._post(
            self.call(method, {"email": email, "pass": password, **form}, private=private, reads=reads)
        )

    def call(
        self,
        method: str,
        form: Mapping[str, str],
        *,
        private: Sequence[str] = (),
        reads: bool = False,
        quotable: bool = True,
    ) -> Call:
        """Return the request for a method of the document."""
        return Call(
            name=f"POST /{method}",
            method="POST",
            url=self._base / method,
            form=form,
            reads=reads,
            private=tuple(private),
            quotable=quotable,
        )

    async def _with_token(self, filled: Callable[[str], Call]) -> Mapping[str, object]:
        token = await self._valid_token(None)
        try:
            return await self._post(filled(token))
        except AuthError:
            if not self._settings.email or not self._settings.password:
                raise
            # A refused request has saved nothing.
            token = await self._valid_token(token)
        return await self._post(filled(token))

    async def _post(self, call: Call) -> Mapping[str, object]:
        answer = await self._client.request(call)
        if answer.failure is not None:
            raise answer.failure
        members = answer.members()
        if str(members.get("error") or "").strip().lower() not in _NO_ERROR:
            raise self._refusal(call, as_text(members.get("message")) or "")
        self._client.succeeded()
        return members

    def _refusal(self, call: Call, message: str) -> ProviderError:
        said = self._client.readable(message, call.private) or "no reason given"
        sentence = f"{TITLE}, {call.name}: {said}"
        if _LOGIN.search(message):
            return AuthError(f"{sentence}; check email and password, or the token", provider_code=said)
        if _PHONE.search(message):
            return RejectedError(f"{sentence}; check device_id", code=ErrorCode.NO_ROUTE, provider_code=said)
        if not _REQUEST.search(message):
            self._client.warn_once(said, f"{sentence}; this counts as a refusal of the request")
        return RejectedError(sentence, provider_code=said)

    async def _valid_token(self, refused: str | None) -> str:
        return await self._fetching.get(lambda: None if self._token == refused else self._token)

    async def _fetch(self) -> str:
        try:
            members = await self.login("gettoken", {}, reads=True)
        except RejectedError as error:
            # No matter what it is that this account lacks: it is not the fault of what was to be sent.
            raise AuthError(str(error), provider_code=error.provider_code) from None
        except NoAnswerError as error:
            # What the token is for has not even been asked.
            raise TemporaryError(str(error), provider_code=error.provider_code) from None
        token = as_text(members.get("token"))
        if not token:
            raise TemporaryError(f"{TITLE}, POST /gettoken: the answer has no token")
        self._client.hide(token)
        self._token = token
        return token


def unreadable(method: str) -> ProtocolError:
    """Return the error for an answer that lacks what it is asked for."""
    return ProtocolError(f"{TITLE}, POST /{method}: the answer does not have what the document promises")
