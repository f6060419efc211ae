"""Requests to SMSgic, and what its refusals mean.

Source: SMSgic API document. It files nearly all errors of ``POST /sendings`` under ``message``, so their words decide.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from yarl import URL

from ..client import Call
from ..exceptions import AuthError, ProtocolError, RejectedError
from ..model import ErrorCode
from .records import refusal_code, refusal_words
from .settings import TITLE, RecipientsEncoding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..client import Answer, Client
    from ..exceptions import ProviderError
    from .settings import SmsgicSettings

#: Laravel answers in HTML whoever does not ask for JSON.
_HEADERS: Final = MappingProxyType({"Content-Type": "application/json", "Accept": "application/json"})


class Session:
    """One account's requests."""

    def __init__(self, client: Client, settings: SmsgicSettings) -> None:
        self._client = client
        self._base = URL(settings.base_url.rstrip("/"))
        self._authorization = {"Authorization": f"Bearer {settings.token}"}
        self._form = RecipientsEncoding(settings.recipients_encoding)
        # The form of recipients that a path has taken once.
        self._taken_form: dict[str, RecipientsEncoding] = {}

    async def get(
        self,
        path: str,
        *,
        variable: str = "",
        query: Mapping[str, str] | None = None,
        authorized: bool = True,
        quotable: bool = True,
    ) -> Answer:
        """Ask for something; ``variable`` follows the path. The answer is a success or HTTP 404 for a variable.

        Raises ProviderError for anything else.
        """
        call = Call(
            name=f"GET {path}" + ("{id}" if variable else ""),
            method="GET",
            url=self._base.joinpath((path + variable).removeprefix("/")),
            query=query or {},
            headers={**_HEADERS, **(self._authorization if authorized else {})},
            reads=True,
            quotable=quotable,
        )
        answer = await self._client.request(call)
        error = self._error(call, answer)
        if error is not None and not (variable and answer.status == HTTPStatus.NOT_FOUND):
            raise error
        return answer

    async def post(
        self, path: str, body: Mapping[str, object], numbers: Sequence[str], *, reads: bool = False
    ) -> Mapping[str, object]:
        """Post with recipients (digits), once more in their other form where the first is refused.

        A refused request made nothing. Raises ProviderError.
        """
        form = self._taken_form.get(path, self._form)
        if form is not RecipientsEncoding.AUTO:
            return await self._post(path, body, numbers, form, reads=reads)
        try:
            return await self._post(path, body, numbers, RecipientsEncoding.ARRAY, reads=reads)
        except RejectedError as error:
            if error.code is not ErrorCode.INVALID_RECIPIENT:
                raise
        return await self._post(path, body, numbers, RecipientsEncoding.STRING, reads=reads)

    async def _post(
        self,
        path: str,
        body: Mapping[str, object],
        numbers: Sequence[str],
        form: RecipientsEncoding,
        *,
        reads: bool,
    ) -> Mapping[str, object]:
        recipients = list(numbers)
        call = Call(
            name=f"POST {path}",
            method="POST",
            url=self._base.joinpath(path.removeprefix("/")),
            body={
                **body,
                "recipients": recipients if form is RecipientsEncoding.ARRAY else json.dumps(recipients),
            },
            headers={**_HEADERS, **self._authorization},
            reads=reads,
            private=(str(body["message"]), *numbers),
        )
        answer = await self._client.request(call)
        error = self._error(call, answer)
        if error is not None:
            raise error
        members = answer.members()
        self._taken_form[path] = form
        self._client.succeeded()
        return members

    def _error(self, call: Call, answer: Answer) -> ProviderError | None:
        """What an answer says went wrong: its words, where the status leaves more than one cause."""
        failure = answer.failure
        if not isinstance(failure, RejectedError | AuthError) or answer.status == HTTPStatus.UNAUTHORIZED:
            return failure
        said = refusal_words(answer.data)
        code = refusal_code(said)
        if answer.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            # Where a balance is too low, the document gives the sentence without a status.
            return self._rejected(call, answer, said, code) if code is ErrorCode.NO_CREDIT else failure
        if code is None:
            self._client.warn_once(
                said, f"{TITLE}: {call.name} is refused in words that are not known: {answer.excerpt}"
            )
        return self._rejected(call, answer, said, code)

    def _rejected(self, call: Call, answer: Answer, said: str, code: ErrorCode | None) -> RejectedError:
        words = self._client.readable(said, call.private)
        return RejectedError(
            f"{TITLE}, {call.name}: {words or 'refused without a word'}",
            code=code,
            provider_code=str(answer.status),
        )


def unreadable(name: str) -> ProtocolError:
    """Return the error for an answer that lacks what it is asked for."""
    return ProtocolError(f"{TITLE}, {name}: the answer does not have what the document promises")
