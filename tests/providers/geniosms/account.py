"""Accounts at GenioSms, and the messages that tests send through them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sms_providers.charset import EncodingChoice
from sms_providers.geniosms import GenioSms, GenioSmsSettings
from sms_providers.model import OutboundMessage
from sms_providers.provider import CallbackRequest, Outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import aiohttp

    from tests.support.customer import Got

ANNA = "+393331112223"
TEXT = "The gate has been left open"
KEY = "geniosms-access"
FORM = "application/x-www-form-urlencoded"

_EXAMPLES = Path(__file__).parent / "examples"


def example(name: str) -> str:
    """An example of GenioSms' documents, to the letter."""
    return (_EXAMPLES / name).read_text(encoding="utf-8").strip()


class Clock:
    """Seconds that only tests let pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def connect(
    base_url: str,
    http: aiohttp.ClientSession,
    clock: Clock | None = None,
    **settings: Any,  # noqa: ANN401 - fields of the settings
) -> GenioSms:
    """An account at that address."""
    clock = clock or Clock()
    given = {"api_key": KEY, "response_timeout": 5.0, **settings}
    return GenioSms(http, GenioSmsSettings(base_url=base_url, **given), sleep=clock.sleep, clock=clock)


def outgoing(
    recipient: str = ANNA,
    text: str | None = TEXT,
    *,
    reference: int = 17,
    send_at: datetime | None = None,
    encoding: EncodingChoice = EncodingChoice.AUTO,
    data: bytes | None = None,
    flash: bool = False,
    options: Mapping[str, object] | None = None,
) -> Outgoing:
    """A message to be sent."""
    message = OutboundMessage(
        recipient=recipient, text=text, data=data, encoding=encoding, flash=flash, options=options or {}
    )
    return Outgoing(reference=reference, message=message, send_at=send_at)


def call(body: bytes | str, *, method: str = "POST", content_type: str = FORM) -> CallbackRequest:
    """A request to us."""
    octets = body.encode() if isinstance(body, str) else body
    return CallbackRequest(method=method, content_type=content_type, query="", body=octets)


def as_request(got: Got) -> CallbackRequest:
    """What a web server got, as the provider's client is given it."""
    return CallbackRequest(method=got.method, content_type=got.content_type, query=got.query, body=got.body)
