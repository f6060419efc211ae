"""The bodies of events, key by key as the MQTT contract has them (sections 2, 3 and 4)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sms_providers.model import Channel, State

if TYPE_CHECKING:
    from sms_bridge.routing.command import Rejection
    from sms_bridge.routing.link import CallEvent
    from sms_bridge.store.base import Message
    from sms_providers.model import Error, InboundMessage


def rfc3339(when: float | datetime) -> str:
    """A time in UTC with milliseconds where it has them: ``2026-11-20T10:15:02.120Z``."""
    moment = datetime.fromtimestamp(when, UTC) if isinstance(when, float | int) else when.astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


def error_body(error: Error | None) -> dict[str, object] | None:
    """``error`` of an event."""
    if error is None:
        return None
    return {
        "code": error.code.value,
        "message": error.message,
        "provider_code": error.provider_code,
        "temporary": error.temporary,
    }


def dlr_body(message: Message, *, at: float, repeat: bool = False) -> dict[str, object]:
    """An event on the ``dlr`` topic, without ``seq`` and ``epoch``."""
    return {
        "id": message.id,
        "group": message.group_id,
        "to": message.recipient,
        "state": message.state.value,
        "final": message.final,
        "gateway": message.gateway,
        "channel": Channel.SMS.value,
        "segments": message.segments,
        "segments_delivered": message.segments_delivered,
        "attempt": message.attempt,
        "at": rfc3339(at),
        "reference": list(message.references),
        "error": error_body(message.error),
        "cost": None,
        "possible_duplicate": message.possible_duplicate,
        "repeat": repeat,
        "metadata": dict(message.metadata),
        "user_properties": [list(pair) for pair in message.user_properties],
    }


def rejected_body(rejection: Rejection, *, at: float, repeat: bool = False) -> dict[str, object]:
    """A ``rejected`` event: the bridge refuses, no message exists."""
    return {
        "id": rejection.id,
        "group": None,
        "to": rejection.to,
        "state": State.REJECTED.value,
        "final": True,
        "gateway": None,
        "channel": Channel.SMS.value,
        "segments": 0,
        "segments_delivered": 0,
        "attempt": 0,
        "at": rfc3339(at),
        "reference": [],
        "error": error_body(rejection.error),
        "cost": None,
        "possible_duplicate": False,
        "repeat": repeat,
        "metadata": dict(rejection.metadata),
        "user_properties": [list(pair) for pair in rejection.reply.user_properties],
    }


def incoming_body(message_id: str, gateway: str, message: InboundMessage) -> dict[str, object]:
    """An event on the ``incoming`` topic, without ``seq`` and ``epoch``; ``raw`` only where decoding failed."""
    body: dict[str, object] = {
        "id": message_id,
        "from": message.originator,
        "from_name": message.originator_name,
        "text": message.text,
        "gateway": gateway,
        "channel": message.channel.value,
        "sim": message.sim,
        "to": message.recipient,
        "sent_at": None if message.sent_at is None else rfc3339(message.sent_at),
        "received_at": rfc3339(message.received_at),
        "segments": message.segments,
        "encoding": message.encoding,
        "class": message.message_class,
        "data": None if message.data is None else base64.b64encode(message.data).decode(),
        "port": message.port,
        "media": [{"type": item.type, "url": item.url, "caption": item.caption} for item in message.media],
        "incomplete": message.incomplete,
    }
    if message.raw:
        body["raw"] = list(message.raw)
    return body


def call_body(originator: str | None, gateway: str, event: CallEvent, at: datetime) -> dict[str, object]:
    """An event on the ``call`` topic, without ``seq`` and ``epoch``."""
    return {"from": originator, "gateway": gateway, "at": rfc3339(at), "event": event.value}
