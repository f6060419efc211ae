"""Accounts at GENIQ, and the messages that tests send through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_providers.charset import EncodingChoice
from sms_providers.geniq import Geniq, GeniqSettings
from sms_providers.model import OutboundMessage
from sms_providers.provider import CallbackRequest, Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import aiohttp

    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.support.customer import Got

ANNA = "+6591234567"
BERT = "+6581234567"
TEXT = "The gate has been left open"


async def no_sleep(seconds: float) -> None:
    """Wait for nothing."""
    del seconds


def connect(
    server: GeniqServer,
    http: aiohttp.ClientSession,
    clock: Callable[[], datetime],
    *,
    api_secret: str | None = None,
    originator: str = "HOME",
    response_timeout: float = 5.0,
) -> Geniq:
    """An account at that server; nothing is asked yet."""
    credentials = server.credentials()
    settings = GeniqSettings(
        api_key=credentials["api_key"],
        api_secret=api_secret or credentials["api_secret"],
        originator=originator,
        base_url=server.base_url,
        response_timeout=response_timeout,
    )
    return Geniq(http, settings, now=clock, sleep=no_sleep)


def outgoing(
    recipient: str = ANNA,
    text: str | None = TEXT,
    *,
    reference: int = 1,
    originator: str | None = None,
    valid_for: int | None = None,
    encoding: EncodingChoice = EncodingChoice.AUTO,
    flash: bool = False,
    data: bytes | None = None,
    options: Mapping[str, object] | None = None,
    send_at: datetime | None = None,
) -> Outgoing:
    """A message to be sent."""
    return Outgoing(
        reference=reference,
        send_at=send_at,
        message=OutboundMessage(
            recipient=recipient,
            text=text,
            originator=originator,
            valid_for=valid_for,
            encoding=encoding,
            flash=flash,
            data=data,
            options=options or {},
        ),
    )


def request_of(got: Got) -> CallbackRequest:
    """A callback as the receiver is given it."""
    return CallbackRequest(method=got.method, content_type=got.content_type, query=got.query, body=got.body)
