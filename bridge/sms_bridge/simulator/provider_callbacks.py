"""How a simulated provider calls its customer back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request to the customer. `kind` is its name in `Met`, `fields` what is counted there."""

    kind: str
    method: str
    fields: Mapping[str, object]
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def form(cls, kind: str, fields: Mapping[str, str]) -> Callback:
        """POST `fields` as application/x-www-form-urlencoded."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls(kind=kind, method="POST", fields=fields, body=urlencode(fields).encode(), headers=headers)

    @classmethod
    def json(cls, kind: str, fields: Mapping[str, object]) -> Callback:
        """POST `fields` as a JSON object."""
        body = json.dumps(fields, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        return cls(kind=kind, method="POST", fields=fields, body=body, headers=headers)

    @classmethod
    def get(cls, kind: str, fields: Mapping[str, str]) -> Callback:
        """GET with `fields` in the query."""
        return cls(kind=kind, method="GET", fields=fields, query=urlencode(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAttempt:
    """One attempt: `status` and `answer` as the customer gave them, None and empty if there was no answer."""

    callback: Callback
    number: int
    status: int | None
    answer: str = ""


def only_200(status: int) -> bool:
    """Whether a callback was taken, for providers that ask for exactly 200."""
    return status == 200  # noqa: PLR2004 - HTTP's own number


def any_2xx(status: int) -> bool:
    """Whether a callback was taken, for providers that are content with 200 to 299."""
    return 200 <= status <= 299  # noqa: PLR2004 - HTTP's own numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a provider delivers callbacks: what counts as taken, and how often and after how long it tries again."""

    taken: Callable[[int], bool] = only_200
    tries: int = 1
    retry_after: float = 0.1
    #: Seconds until an attempt without an answer counts as failed.
    timeout: float = 5.0


class Caller:
    """Sends callbacks, each on its own, until it is taken or all tries are used."""

    def __init__(self, delivery: Delivery, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.delivery = delivery
        #: Every attempt in the order of its end.
        self.attempts: list[CallbackAttempt] = []
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Awaitable[None]) -> None:
        """Let `work` run until `stop`; `settled` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def send(self, url: str, callback: Callback) -> None:
        """Send one callback in the background."""
        self.spawn(self._deliver(url, callback))

    async def settled(self) -> None:
        """Wait until nothing is being sent."""
        while self._tasks:
            under_way = tuple(self._tasks)
            await asyncio.gather(*under_way)
            # Python 3.14 tells of ended tasks without a turn of the loop, in which they would leave by themselves.
            self._tasks.difference_update(under_way)

    async def stop(self) -> None:
        """Forget what is being sent, and close."""
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, url: str, callback: Callback) -> None:
        for number in range(1, self.delivery.tries + 1):
            if number > 1:
                await self._sleep(self.delivery.retry_after)
            attempt = await self._attempt(url, callback, number)
            self.attempts.append(attempt)
            if attempt.status is not None and self.delivery.taken(attempt.status):
                return

    async def _attempt(self, url: str, callback: Callback, number: int) -> CallbackAttempt:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.delivery.timeout),
                skip_auto_headers=("Content-Type",),
            )
        if callback.query:
            url += ("&" if "?" in url else "?") + callback.query
        try:
            async with self._session.request(
                callback.method,
                URL(url, encoded=True),
                data=callback.body or None,
                headers=callback.headers,
                allow_redirects=False,
            ) as answer:
                text = await answer.text(errors="replace")
                return CallbackAttempt(callback=callback, number=number, status=answer.status, answer=text)
        except (aiohttp.ClientError, TimeoutError):
            return CallbackAttempt(callback=callback, number=number, status=None)
