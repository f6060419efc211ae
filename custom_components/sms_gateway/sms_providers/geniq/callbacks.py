"""GENIQ's four callbacks: SMS and WhatsApp messages received, and what became of those sent.

Source: GENIQ REST API Reference, *Receiving SMS Callback*, *SMS Delivery Reports*, *Receiving WhatsApp Callback*,
*WhatsApp Delivery Reports*. An older document has the report on an SMS as a GET whose times are not escaped.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from ..address import MSISDN_DIGITS
from ..charset import Encoding, fits_gsm7
from ..fields import as_content, as_text
from ..model import Channel, Concat, DeliveryReport, Error, ErrorCode, InboundMessage, Media, State
from ..provider import CallbackError, Received
from ..reading import parse_json
from .codes import REASONS, REPORT_STATES, WHATSAPP_CODES, Reason, number_of
from .instant import read_instant
from .settings import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..provider import CallbackRequest

#: Parameters of a form above which it is none of GENIQ's, which have seven.
_MOST_PARAMETERS: Final = 50
#: Characters of an id above which it is none of GENIQ's, which are UUIDs.
_LONGEST_ID: Final = 128
#: What stands for octets that are no UTF-8.
_NO_CHARACTER: Final = "\ufffd"
#: Characters of a status that is in no table.
_LONGEST_WORD: Final = 40
#: Types of received messages that have an address with the content behind it.
_MEDIA: Final = frozenset({"image", "video", "audio", "document", "sticker"})
#: 3GPP TS 23.040 clause 9.2.3.24.1 and .8: the elements of a concatenated message, and the octets of each.
_CONCAT_ELEMENTS: Final = {0x00: 3, 0x08: 4}
_NUMBER: Final = re.compile(rf"[1-9][0-9]{{{MSISDN_DIGITS.start - 1},{MSISDN_DIGITS.stop - 2}}}")
#: The reason of whatever has none of its own.
_OTHER: Final = 4
_STATE: Final = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
_KNOWN_STATES: Final = frozenset(word for states in REPORT_STATES.values() for word in states)
#: States after which a report tells why.
_FAILED: Final = frozenset({State.FAILED, State.EXPIRED, State.UNDELIVERABLE})


def read_callback(request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
    """Return the event of a callback; none for a kind that no document has. Raises CallbackError for what is none."""
    members = _members(request)
    message_id = _word(members, "messageId")
    if not message_id or len(message_id) > _LONGEST_ID or _NO_CHARACTER in message_id:
        raise CallbackError(400, "it has no messageId")
    if "status" in members:
        return (_report(message_id, members),)
    if "type" in members:
        return (_whatsapp(message_id, members),)
    if "message" in members:
        return (_sms(message_id, members),)
    return ()


def unknown_words(events: Sequence[DeliveryReport | Received]) -> Sequence[str]:
    """Return the states in reports that are in no table; only single words without a number: nothing private is one."""
    words = [
        event.error.provider_code or ""
        for event in events
        if isinstance(event, DeliveryReport) and event.state is None and event.error is not None
    ]
    return [word for word in words if word not in _KNOWN_STATES and _STATE.fullmatch(word)]


def _members(request: CallbackRequest) -> Mapping[str, object]:
    body = request.body.strip()
    if body.startswith(b"{") or "json" in request.content_type.lower():
        try:
            data = parse_json(body.decode("utf-8-sig", errors="replace"))
        except ValueError:
            raise CallbackError(400, "its body is no JSON") from None
        if not isinstance(data, dict):
            raise CallbackError(400, "its body is no JSON object")
        return data
    try:
        written = body.decode(errors="replace") if body else request.query
        # A text with an octet of another encoding would be refused, and called with, for ever.
        return dict(parse_qsl(written, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        raise CallbackError(400, "its parameters cannot be read") from None


def _report(message_id: str, members: Mapping[str, object]) -> DeliveryReport:
    channel = _channel(members)
    status = _word(members, "status").lower()
    states = REPORT_STATES[channel]
    state = states.get(status)
    error = None
    if state in _FAILED:
        error = _failure(status, state, members.get("reasonCode"))
    elif state is None:
        error = Error(
            code=REASONS[0].error,
            message=f"{TITLE} reports a state that says nothing about the delivery.",
            provider_code=status[:_LONGEST_WORD],
        )
    at = (
        members.get("operatorTimestamp")
        or members.get("providerTimestamp")
        or members.get("messageTimestamp")
    )
    recipient = _party(_word(members, "recipient"))
    return DeliveryReport(
        reference=message_id,
        state=state,
        # An answer that was lost is known by the recipient alone.
        recipient=recipient if recipient.startswith("+") else None,
        at=read_instant(at),
        error=error,
    )


def _channel(members: Mapping[str, object]) -> Channel:
    named = _word(members, "channel").lower()
    if named in REPORT_STATES:
        return Channel(named)
    return Channel.WHATSAPP if "providerTimestamp" in members else Channel.SMS


def _failure(status: str, state: State | None, code: object) -> Error:
    number = number_of(code)
    if number in {0, None}:
        return Error(
            code=ErrorCode.EXPIRED if state is State.EXPIRED else REASONS[0].error,
            message=f"{TITLE} reports: {status}. It tells no reason.",
            provider_code=status,
        )
    reason = _reason(number)
    return Error(
        code=reason.error,
        message=f"{TITLE} reports: {status}, because of: {reason.meaning}.",
        provider_code=str(number)[:_LONGEST_WORD],
        temporary=reason.temporary,
    )


def _reason(number: int | str | None) -> Reason:
    """A report on a WhatsApp message may bear a code of that channel; one of no table is *Other Error*."""
    if isinstance(number, int) and number in REASONS:
        return REASONS[number]
    entry = WHATSAPP_CODES.get(number) if isinstance(number, int) else None
    return REASONS[_OTHER] if entry is None else Reason(entry.meaning, entry.error)


def _sms(message_id: str, members: Mapping[str, object]) -> Received:
    text = _content(members, "message")
    message = _inbound(members, text, Channel.SMS)
    concat = _concat(_word(members, "udh"), message.originator, message.recipient or "")
    # Segments of one message may share its id.
    key = message_id if concat is None else f"{message_id}/{concat.seqno}"
    return Received(key=key, message=message, concat=concat)


def _whatsapp(message_id: str, members: Mapping[str, object]) -> Received:
    kind = _word(members, "type").lower()
    url = _word(members, "url")
    media: tuple[Media, ...] = ()
    raw: tuple[str, ...] = ()
    if kind in _MEDIA and url:
        media = (Media(type=kind, url=url, caption=_word(members, "caption") or None),)
    elif kind != "text":
        # Nothing is documented about what a location or a contact has: whoever wants it finds it here.
        raw = (as_content(json.dumps(members, ensure_ascii=False, sort_keys=True, default=str)),)
    body = _content(members, "body") if "body" in members else None
    return Received(key=message_id, message=_inbound(members, body, Channel.WHATSAPP, media, raw))


def _inbound(
    members: Mapping[str, object],
    text: str | None,
    channel: Channel,
    media: tuple[Media, ...] = (),
    raw: tuple[str, ...] = (),
) -> InboundMessage:
    return InboundMessage(
        originator=_party(_word(members, "originator")),
        originator_name=_word(members, "originatorName") or None,
        recipient=_party(_word(members, "recipient")) or None,
        text=text,
        sent_at=read_instant(members.get("messageTimestamp")),
        received_at=datetime.now(UTC),
        channel=channel,
        encoding=(Encoding.GSM7 if fits_gsm7(text or "") else Encoding.UCS2).value,
        media=media,
        raw=raw,
    )


def _party(written: str) -> str:
    """Return who writes or is written to: a number with its plus sign, a short code or a name as it came."""
    bare = written.removeprefix("+")
    return f"+{bare}" if _NUMBER.fullmatch(bare) else written


def _concat(udh: str, originator: str, recipient: str) -> Concat | None:
    """Return the place in a concatenated message (3GPP TS 23.040 clause 9.2.3.24); ``None`` for any other header."""
    try:
        octets = bytes.fromhex(udh.strip())
    except ValueError:
        return None
    at, end = 1, min(1 + octets[0], len(octets)) if octets else 0
    while at + 2 <= end:
        iei, length = octets[at], octets[at + 1]
        data = octets[at + 2 : min(at + 2 + length, end)]
        at += 2 + length
        if _CONCAT_ELEMENTS.get(iei) == len(data) == length:
            *ref, total, seqno = data
            if 0 < seqno <= total:
                return Concat(
                    key=f"{originator}/{recipient}/{bytes(ref).hex()}/{total}", total=total, seqno=seqno
                )
    return None


def _word(members: Mapping[str, object], name: str) -> str:
    """Return a member without blanks around it, empty where there is none."""
    return as_text(members.get(name)) or ""


def _content(members: Mapping[str, object], name: str) -> str:
    """Return a member as it is; a text that looks like a number may be written as one."""
    value = members.get(name)
    return as_content(value) if isinstance(value, str) else as_text(value) or ""
