"""A server that keeps requests as they came and answers with bytes that a test gives it."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

EXAMPLES = Path(__file__).parent / "examples"
BASE_PATH = "/rest/v1"
#: A token of far away, so that only the requests after it are of interest.
_TOKEN = '{"token": "YOUR_TOKEN", "expiry": "2099-12-11T16:14:46+08:00", "responseCode": "0"}'


def example(name: str) -> str:
    """An example of GENIQ's document, to the letter."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def table(name: str) -> dict[str, str]:
    """A table of two columns of GENIQ's document."""
    rows = (line.partition(" | ") for line in example(name).splitlines())
    return {first: second for first, _, second in rows}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what it says, whoever wrote it."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str
    form: dict[str, str] = field(default_factory=dict)
    body: object = None


def from_curl(text: str) -> Asked:
    """Read a request as the document shows it: a command line, whose line breaks are the shell's."""
    words = shlex.split(text.replace("\\\n", "").replace("`", ""))
    method, body = "GET", None
    form: list[str] = []
    headers: dict[str, str] = {}
    url = next(word for word in words if word.startswith("https://"))
    for option, value in pairwise(words):
        if option == "-X":
            method = value
        elif option == "-H":
            name, _, written = value.partition(": ")
            headers[name] = written
        elif option == "-d":
            form.append(value)
    if headers.get("Content-Type") == "application/json":
        body, form = json.loads(form[0]), []
    parts = urlsplit(url)
    return Asked(
        method=method,
        path=parts.path,
        query=dict(parse_qsl(parts.query)),
        authorization=headers["Authorization"].replace("[TOKEN]", "YOUR_TOKEN"),
        form=dict(parse_qsl("&".join(form))),
        body=body,
    )


class Recorder:
    """Listens at `base_url`. `answers` holds the next answers (status, body) of anything but ``/token``."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[tuple[int, str]] = []
        self.token = _TOKEN
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}{BASE_PATH}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def last(self) -> Asked:
        """The last request."""
        return self.asked[-1]

    async def _take(self, request: web.Request) -> web.Response:
        content = await request.read()
        is_json = request.content_type == "application/json"
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                authorization=request.headers["Authorization"],
                form={} if is_json else dict(parse_qsl(content.decode("ascii"))),
                body=json.loads(content) if is_json else None,
            )
        )
        if request.path.endswith("/token"):
            return web.Response(text=self.token, content_type="text/html")
        status, body = self.answers.pop(0)
        return web.Response(status=status, text=body, content_type="text/html")
