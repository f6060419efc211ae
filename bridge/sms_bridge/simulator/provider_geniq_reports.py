"""What GENIQ tells its customer: delivery reports and incoming messages, of SMS and WhatsApp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sms_bridge.simulator.provider_callbacks import Callback
from sms_bridge.simulator.provider_geniq_codes import SMS_STATUSES, WHATSAPP_STATUSES
from sms_bridge.simulator.provider_geniq_tokens import stamp
from sms_bridge.simulator.provider_text import divide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

#: "Receiving WhatsApp Callback", field type.
INCOMING_TYPES: Final = ("text", "image", "video", "audio", "document", "location", "sticker", "contact")
#: No voice callback is documented.
_STATUSES: Final = {"sms": SMS_STATUSES, "whatsapp": WHATSAPP_STATUSES}


@dataclass(slots=True, kw_only=True)
class Sent:
    """One message identifier that was issued. `expires` is the end of its validity, None for an endless one."""

    id: str
    channel: str
    recipient: str
    expires: datetime | None = None
    fallback: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A WhatsApp message from a subscriber; `body` is only for the type text, `url` for media."""

    id: str
    type: str
    originator: str
    originator_name: str
    recipient: str
    at: datetime
    body: str | None = None
    url: str | None = None


def report(sent: Sent, reason: int, at: datetime, *, by_get: bool) -> Callback:
    """Write the report on a message's status, at GENIQ and at the operator at the same time.

    `by_get` writes it as GENIQ's older reference shows it: a GET whose time zone's "+" is not escaped.
    Raises ValueError for a status that the channel does not have.
    """
    if sent.status not in _STATUSES.get(sent.channel, ()):
        raise ValueError(f"{sent.status} is no status of {sent.channel}")
    fields = {
        "messageId": sent.id,
        "channel": sent.channel,
        "recipient": sent.recipient,
        "status": sent.status,
        "reasonCode": str(reason),
        "messageTimestamp": stamp(at),
    }
    if sent.channel != "sms":
        return Callback.json("whatsapp dlr", {**fields, "providerTimestamp": stamp(at)})
    fields["operatorTimestamp"] = stamp(at)
    if by_get:
        query = "&".join(f"{name}={quote(value, safe=':+')}" for name, value in fields.items())
        return Callback(kind="dlr", method="GET", fields=fields, query=query)
    return Callback.form("dlr", fields)


def incoming_sms(
    ids: Iterator[str], *, originator: str, recipient: str, message: str, concat_ref: int, at: datetime
) -> list[Callback]:
    """Write an SMS of a subscriber, one callback for each segment; several have a header for concatenation.

    The header is that of 3GPP TS 23.040 clause 9.2.3.24.1, in hex: length 5, element 0 of length 3, reference,
    number of segments, number of this one.
    """
    parts = divide(message)
    callbacks = []
    for seqno, part in enumerate(parts, start=1):
        udh = {"udh": f"050003{concat_ref:02X}{len(parts):02X}{seqno:02X}"} if len(parts) > 1 else {}
        fields = {
            "messageId": next(ids),
            "recipient": recipient,
            "originator": originator,
            **udh,
            "message": part,
            "messageTimestamp": stamp(at),
        }
        callbacks.append(Callback.form("sms", fields))
    return callbacks


def incoming_whatsapp(arrival: Arrival) -> Callback:
    """Write a WhatsApp message of a subscriber. Raises ValueError for a type that is not documented."""
    if arrival.type not in INCOMING_TYPES:
        raise ValueError(f"{arrival.type} is no type of a WhatsApp message")
    fields = {
        "messageId": arrival.id,
        "type": arrival.type,
        "originator": arrival.originator,
        "originatorName": arrival.originator_name,
        "recipient": arrival.recipient,
        "body": arrival.body,
        "url": arrival.url,
        "messageTimestamp": stamp(arrival.at),
    }
    return Callback.json("whatsapp", {name: value for name, value in fields.items() if value is not None})
