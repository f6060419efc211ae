"""What SmsGateway24 calls us with: the webhooks that are set for a phone.

Source: the provider's page on webhooks (``smsgateway24.com/en/docs/webhook``): JSON by POST, unsigned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..address import InvalidNumberError, NumberKind, parse_number
from ..fields import as_content, as_int, as_text
from ..model import Channel, InboundMessage, Media
from ..provider import CallbackError, Received
from ..reading import parse_json
from .dates import read_date
from .statuses import report_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from ..model import DeliveryReport
    from ..provider import CallbackRequest
    from .records import StoredMessage

#: HTTP statuses of a call that is none of the documented ones (RFC 9110 clauses 15.5.1 and 15.5.6).
_BAD_REQUEST: Final = 400
_NOT_ALLOWED: Final = 405
#: ``type`` of an image, which only the messengers of the phone receive.
_IMAGE: Final = "img"
#: The document's slots of a phone; other channels are its messengers.
_SLOTS: Final = (0, 1)


def read_webhook(
    request: CallbackRequest, *, device_id: str, zone: tzinfo, now: datetime
) -> Sequence[DeliveryReport | Received]:
    """Read a call; one of another phone gives nothing. Raises CallbackError."""
    if request.method != "POST":
        raise CallbackError(_NOT_ALLOWED, "SmsGateway24 calls by POST")
    try:
        members = parse_json(request.body.decode("utf-8", errors="replace"))
    except ValueError:
        raise CallbackError(_BAD_REQUEST, "the body is no JSON") from None
    if not isinstance(members, dict):
        raise CallbackError(_BAD_REQUEST, "the body is no JSON object")
    if "status_id" in members:
        return _delivery(members, zone)
    if "address" not in members:
        raise CallbackError(_BAD_REQUEST, "the body is neither a delivery nor a received message")
    if as_text(members.get("device_id")) not in {None, device_id}:
        return ()
    return (_incoming(members, zone, now),)


def received(message: StoredMessage, now: datetime) -> Received:
    """Return a message of status 5 as it was found in the list; ``number`` is then who sent it."""
    return Received(
        key=message.id,
        message=InboundMessage(
            originator=_originator(message.number),
            text=message.text,
            sent_at=message.sent or message.created,
            received_at=now,
            sim=message.sim,
        ),
    )


def _delivery(members: Mapping[str, object], zone: tzinfo) -> Sequence[DeliveryReport]:
    reference = as_text(members.get("sms_id"))
    if not reference:
        raise CallbackError(_BAD_REQUEST, "the delivery names no message")
    report = report_of(
        as_int(members.get("status_id")), reference, at=read_date(members.get("senttime"), zone)
    )
    return () if report is None else (report,)


def _incoming(members: Mapping[str, object], zone: tzinfo, now: datetime) -> Received:
    channel = as_int(members.get("channel_id", members.get("sim")))
    image = as_text(members.get("img_url"))
    is_image = members.get("type") == _IMAGE
    # Without a number of its own the phone's number of it must do.
    own = as_text(members.get("sms_id"))
    key = own or f"{as_text(members.get('device_id'))}/{as_text(members.get('internal_id'))}"
    return Received(
        key=key,
        message=InboundMessage(
            originator=_originator(as_text(members.get("address")) or ""),
            text=as_content(members.get("body")),
            sent_at=read_date(members.get("date_sent"), zone) or read_date(members.get("date"), zone),
            received_at=now,
            channel=Channel.WHATSAPP if is_image else Channel.SMS,
            sim=channel if channel in _SLOTS else None,
            media=(Media(type="image", url=image),) if image else (),
        ),
    )


def _originator(written: str) -> str:
    """Return an international number as E.164, anything else as it came."""
    if not written.startswith("+"):
        return written
    try:
        number = parse_number(written)
    except InvalidNumberError:
        return written
    return number.value if number.kind is NumberKind.INTERNATIONAL else written
