"""Accounts at SmsGateway24, and the messages that tests send through them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sms_providers.charset import EncodingChoice
from sms_providers.model import OutboundMessage, Priority
from sms_providers.provider import CallbackRequest, LostSend, OpenSend, Outgoing
from sms_providers.smsgateway24 import SmsGateway24, SmsGateway24Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import aiohttp

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from tests.providers.clock import Clock
    from tests.support.customer import Got

ANNA = "+4915752982212"
BERT = "+447700900123"
TEXT = "The gate has been left open"
EMAIL = "user@example.com"
PASSWORD = "smsgateway24-access"

_EXAMPLES = Path(__file__).parent / "examples"


def example(name: str) -> str:
    """An example of SmsGateway24's document, to the letter."""
    return (_EXAMPLES / name).read_text(encoding="utf-8")


async def no_sleep(seconds: float) -> None:
    """Wait for nothing."""
    del seconds


def connect(
    base_url: str,
    http: aiohttp.ClientSession,
    clock: Clock,
    device_id: str = "1576",
    **settings: Any,  # noqa: ANN401 - whatever the settings take
) -> SmsGateway24:
    """An account at that address, with email and password unless a token is given; nothing is asked yet."""
    if "token" not in settings:
        settings = {"email": EMAIL, "password": PASSWORD, **settings}
    return SmsGateway24(
        http,
        SmsGateway24Settings(base_url=base_url, device_id=device_id, **settings),
        now=clock,
        sleep=no_sleep,
    )


def at(
    server: SmsGateway24Server,
    http: aiohttp.ClientSession,
    clock: Clock,
    **settings: Any,  # noqa: ANN401 - as above
) -> SmsGateway24:
    """An account at a simulated SmsGateway24, with its first phone."""
    return connect(server.base_url, http, clock, server.credentials()["device_id"], **settings)


def message(
    recipient: str = ANNA,
    text: str | None = TEXT,
    *,
    originator: str | None = None,
    sim: int | None = None,
    priority: Priority = Priority.NORMAL,
    encoding: EncodingChoice = EncodingChoice.AUTO,
    flash: bool = False,
    data: bytes | None = None,
    options: Mapping[str, object] | None = None,
) -> OutboundMessage:
    """A message."""
    return OutboundMessage(
        recipient=recipient,
        text=text,
        originator=originator,
        sim=sim,
        priority=priority,
        encoding=encoding,
        flash=flash,
        data=data,
        options=options or {},
    )


def outgoing(
    what: OutboundMessage | None = None, *, reference: int = 1, send_at: datetime | None = None
) -> Outgoing:
    """A message to be sent."""
    return Outgoing(reference=reference, message=what or message(), send_at=send_at)


def lost(sent_at: datetime, what: OutboundMessage | None = None, *, reference: int = 1) -> LostSend:
    """A send without an answer."""
    return LostSend(reference=reference, message=what or message(), sent_at=sent_at)


def opened(reference: str, taken_at: datetime, recipient: str = ANNA) -> OpenSend:
    """A message that SmsGateway24 took."""
    return OpenSend(reference=reference, recipient=recipient, taken_at=taken_at)


def request_of(got: Got) -> CallbackRequest:
    """A callback as the receiver is given it."""
    return CallbackRequest(method=got.method, content_type=got.content_type, query=got.query, body=got.body)


def posted(body: str | bytes, method: str = "POST") -> CallbackRequest:
    """A callback that somebody made up."""
    content = body.encode() if isinstance(body, str) else body
    return CallbackRequest(method=method, content_type="application/json", query="", body=content)
