"""The receiver of providers' callbacks: a request in, model events out, an answer back.

No provider signs its callbacks: the path that leads here is secret, and a report counts only for what we sent.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from .model import DeliveryReport
from .provider import CallbackError

if TYPE_CHECKING:
    from .provider import CallbackRequest, Provider, Received

_LOG: Final = logging.getLogger(__name__)
#: Octets of a request's body above which it is not read: the largest documented callback has some hundred.
MAX_BODY: Final = 262_144
#: HTTP methods by which any provider calls; anything else is not let in (RFC 9110 clause 15.5.6).
METHODS: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class CallbackResponse:
    """What to answer: HTTP status and a plain text."""

    status: int
    body: str


class CallbackSink(Protocol):
    """Who takes the events. Every coroutine returns once the event is kept for good; repeats change nothing."""

    async def expects(self, report: DeliveryReport) -> bool:
        """Whether this report can be about something that we sent, or are just sending."""

    async def report(self, report: DeliveryReport) -> None:
        """A delivery report."""

    async def received(self, received: Received) -> None:
        """A received message or segment."""


class CallbackReceiver:
    """Reads one account's callbacks and hands them to ``sink``."""

    def __init__(self, provider: Provider, sink: CallbackSink) -> None:
        self._provider = provider
        self._sink = sink

    async def receive(self, request: CallbackRequest) -> CallbackResponse:
        """Return the answer: 200 also for what concerns nobody here, 503 where the provider shall come again."""
        if request.method not in METHODS:
            return CallbackResponse(405, "Method Not Allowed")
        if len(request.body) > MAX_BODY:
            return CallbackResponse(413, "Content Too Large")
        title = self._provider.title
        try:
            events = self._provider.read_callback(request)
        except CallbackError as error:
            _LOG.warning("%s: a callback is not accepted: %s", title, error)
            return CallbackResponse(error.status, HTTPStatus(error.status).phrase)
        try:
            for event in events:
                await self._take(event)
        except Exception as error:  # noqa: BLE001 - whatever keeps us from keeping it, the provider shall come again
            # Not the error's own words: they may repeat a number or a text.
            _LOG.error("%s: a callback could not be kept: %s", title, type(error).__name__)
            return CallbackResponse(503, "Service Unavailable")
        return CallbackResponse(200, "OK")

    async def _take(self, event: DeliveryReport | Received) -> None:
        if not isinstance(event, DeliveryReport):
            await self._sink.received(event)
        elif await self._sink.expects(event):
            await self._sink.report(event)
        else:
            _LOG.info("%s: a report on nothing that we sent is ignored", self._provider.title)
