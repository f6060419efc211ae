"""A provider's customer: a web server that remembers each request and answers as told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One request as it came; `query` is not decoded."""

    method: str
    query: str
    body: bytes
    content_type: str


class Customer:
    """Listens at `url`. `answers` holds the statuses of the next answers; 200 follows."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: deque[int] = deque()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/hook", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(
            Got(
                method=request.method,
                query=request.rel_url.raw_query_string,
                body=await request.read(),
                content_type=request.headers.get("Content-Type", ""),
            )
        )
        return web.Response(status=self.answers.popleft() if self.answers else 200, text="OK")
