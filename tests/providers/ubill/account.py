"""Accounts at uBill, and the messages that tests send through them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sms_providers.charset import EncodingChoice
from sms_providers.model import OutboundMessage, Priority
from sms_providers.provider import CallbackRequest, Outgoing
from sms_providers.ubill import Ubill, UbillSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from tests.support.customer import Got

ANNA = "+995511194242"
BERT = "+995511194243"
TEXT = "The gate has been left open"
KEY = "simulated-key"
CALLBACK_KEY = "simulated-callback-key"

_EXAMPLES = Path(__file__).parent / "examples"


def example(name: str) -> str:
    """An example of uBill's documents, to the letter."""
    return (_EXAMPLES / name).read_text(encoding="utf-8")


class Clock:
    """A time that only tests move, of the day and in seconds."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def connect(base_url: str, http: aiohttp.ClientSession, clock: Clock, **settings: Any) -> Ubill:  # noqa: ANN401 - fields of the settings
    """An account at that address; nothing is asked yet."""
    given = {"api_key": KEY, "brand_id": 1, "callback_key": CALLBACK_KEY, "response_timeout": 5.0, **settings}
    return Ubill(
        http,
        UbillSettings(base_url=base_url, **given),
        sleep=clock.sleep,
        clock=clock.seconds,
        now=clock,
    )


def outgoing(
    recipient: str = ANNA,
    text: str | None = TEXT,
    *,
    reference: int = 1,
    send_at: datetime | None = None,
    originator: str | None = None,
    priority: Priority = Priority.NORMAL,
    encoding: EncodingChoice = EncodingChoice.AUTO,
    data: bytes | None = None,
    flash: bool = False,
    options: Mapping[str, object] | None = None,
) -> Outgoing:
    """A message to be sent."""
    message = OutboundMessage(
        recipient=recipient,
        text=text,
        data=data,
        originator=originator,
        priority=priority,
        encoding=encoding,
        flash=flash,
        options=options or {},
    )
    return Outgoing(reference=reference, message=message, send_at=send_at)


def call(query: str, *, method: str = "GET", body: bytes = b"") -> CallbackRequest:
    """A request to us."""
    return CallbackRequest(method=method, content_type="", query=query, body=body)


def as_request(got: Got) -> CallbackRequest:
    """What a web server got, as the provider's client is given it."""
    return CallbackRequest(method=got.method, content_type=got.content_type, query=got.query, body=got.body)
