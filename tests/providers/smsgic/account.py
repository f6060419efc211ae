"""Accounts at SMSgic, and the messages that tests send through them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sms_providers.charset import EncodingChoice
from sms_providers.model import OutboundMessage
from sms_providers.provider import LostSend, OpenSend, Outgoing
from sms_providers.smsgic import RecipientsEncoding, Smsgic, SmsgicSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import aiohttp

    from tests.providers.clock import Clock

ANNA = "+4915752982212"
BERT = "+447700900123"
TEXT = "The gate has been left open"
TOKEN = "smsgic-access"

_EXAMPLES = Path(__file__).parent / "examples"


def example(name: str) -> str:
    """An example of SMSgic's document, to the letter."""
    return (_EXAMPLES / name).read_text(encoding="utf-8")


async def no_sleep(seconds: float) -> None:
    """Wait for nothing."""
    del seconds


def connect(
    base_url: str,
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    token: str = TOKEN,
    recipients_encoding: RecipientsEncoding | str = RecipientsEncoding.AUTO,
    response_timeout: float = 5.0,
) -> Smsgic:
    """An account at that address; nothing is asked yet."""
    settings = SmsgicSettings(
        token=token,
        originator="INFO",
        base_url=base_url,
        response_timeout=response_timeout,
        recipients_encoding=recipients_encoding,
    )
    return Smsgic(http, settings, now=clock, sleep=no_sleep)


def message(
    recipient: str = ANNA,
    text: str | None = TEXT,
    *,
    originator: str | None = None,
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
    """A message that SMSgic took."""
    return OpenSend(reference=reference, recipient=recipient, taken_at=taken_at)
