"""One request to a simulated provider, and how it is answered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    #: Answers the requests to one endpoint; it may raise Refusal.
    Handler = Callable[["Call"], Awaitable[web.Response]]

_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_JSON: Final = "application/json"
#: A line that only closes an object or array of indented JSON.
_CLOSER: Final = re.compile(r"[}\]],?")


def reply(
    data: object,
    *,
    status: int = 200,
    content_type: str = _JSON,
    headers: Mapping[str, str] | None = None,
    trailing_commas: bool = False,
) -> web.Response:
    """Answer with `data` as JSON; `trailing_commas` writes one before every closing bracket, as some documents do."""
    text = json.dumps(data, ensure_ascii=False)
    if trailing_commas:
        lines = json.dumps(data, ensure_ascii=False, indent=1).split("\n")
        for index in range(1, len(lines)):
            if _CLOSER.fullmatch(lines[index].strip()):
                lines[index - 1] += ","
        text = "\n".join(lines)
    return web.Response(text=text, status=status, content_type=content_type, headers=headers)


class Refusal(Exception):
    """The request is refused with this answer."""

    def __init__(self, answer: web.Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Misuse(Refusal):
    """The request is none that the documents know: HTTP 400 (or `status`) with ``{"misuse": sentence}``."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(reply({"misuse": sentence}, status=status))
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: `endpoint` as documented (``POST /verify/{messageId}``), `path` its variables."""

    request: web.Request
    endpoint: str
    path: Mapping[str, str]
    body: bytes
    multipart: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """The media type without its parameters, empty if the request names none."""
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def peer(self) -> str:
        """The client's IP address."""
        return self.request.remote or ""

    def query(self) -> dict[str, str]:
        """Give the query's parameters. Raises Misuse for one that comes twice or is not UTF-8."""
        return self._pairs(self.request.rel_url.raw_query_string)

    def form(self, *, multipart: bool = False) -> dict[str, str]:
        """Give the form's parameters; an empty body is an empty form.

        Raises Misuse for another content type (`multipart` allows multipart/form-data too), for a parameter that
        comes twice and for bytes that are not UTF-8.
        """
        if multipart and self.content_type == _MULTIPART:
            return dict(self.multipart)
        if not self.body:
            return {}
        if self.content_type != _FORM:
            raise Misuse(f"{self.endpoint} takes {_FORM}, not {self.content_type or 'a body without a type'}")
        try:
            return self._pairs(self.body.decode("ascii"))
        except UnicodeDecodeError:
            raise Misuse(f"{self.endpoint}: the form is not percent-encoded") from None

    def json_object(self) -> dict[str, object]:
        """Give the body's JSON object. Raises Misuse for another content type or anything else than an object."""
        if self.content_type != _JSON:
            raise Misuse(f"{self.endpoint} takes {_JSON}, not {self.content_type or 'a body without a type'}")
        try:
            data = json.loads(self.body.decode("utf-8"))
        except ValueError:
            raise Misuse(f"{self.endpoint}: the body is not JSON") from None
        if not isinstance(data, dict):
            raise Misuse(f"{self.endpoint} takes a JSON object")
        return data

    def _pairs(self, text: str) -> dict[str, str]:
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
        except ValueError:
            raise Misuse(f"{self.endpoint}: the parameters cannot be decoded") from None
        found: dict[str, str] = {}
        for name, value in pairs:
            if name in found:
                raise Misuse(f"{self.endpoint}: the parameter {name} comes twice")
            found[name] = value
        return found


def refuse_unknown(endpoint: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise Misuse if `given` has a parameter which `known` has not."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise Misuse(f"{endpoint}: unknown parameter {', '.join(unknown)}")
