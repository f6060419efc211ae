"""From the PUBLISH of a send topic to commands (MQTT contract, section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.mqtt.send import read_send_object, reject_payload
from sms_bridge.mqtt.values import decode_json
from sms_providers.model import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sms_bridge.mqtt.topics import SendTopic
    from sms_bridge.routing.command import Command, Rejection, Reply

#: MQTT contract, section 1: octets of the largest payload.
MAX_PAYLOAD: Final = 256 * 1024
#: MQTT contract, section 1: send objects in one array.
MAX_OBJECTS: Final = 1_000


def parse_send(
    topic: SendTopic, payload: bytes, reply: Reply, *, expiry: int | None, valid_for: int
) -> Sequence[Command | Rejection]:
    """Read what was published to a send topic; every element of an array is judged alone.

    ``expiry`` is what is left of MQTT 5's message expiry and ``valid_for`` the configured default, in seconds. Never
    raises: what cannot be read is a rejection.
    """
    try:
        text = _decode(payload)
        objects = _objects(decode_json(text)) if topic.recipients is None else [_topic_object(text)]
    except ValueError as error:
        message = f"The payload is refused: {error}."
        return [reject_payload(topic, reply, message, ErrorCode.INVALID_PAYLOAD)]
    return [read_send_object(given, topic, reply, expiry=expiry, valid_for=valid_for) for given in objects]


def _decode(payload: bytes) -> str:
    """Raise ValueError for a payload that is no text of an acceptable size."""
    if not payload:
        raise ValueError("it is empty")
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"expected at most {MAX_PAYLOAD:,} octets, got {len(payload):,}")
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: octet {error.start + 1} fits nowhere") from None


def _objects(decoded: object) -> list[object]:
    """Raise ValueError for an array of a wrong length."""
    if not isinstance(decoded, list):
        return [decoded]
    if not 0 < len(decoded) <= MAX_OBJECTS:
        raise ValueError(f"expected 1 to {MAX_OBJECTS:,} send objects in an array, got {len(decoded):,}")
    return decoded


def _topic_object(text: str) -> object:
    """A JSON object with ``text`` or ``data`` is a send object, anything else is the text itself."""
    if text.lstrip(" \t\r\n").startswith("{"):
        try:
            decoded = decode_json(text)
        except ValueError:
            return {"text": text}
        if isinstance(decoded, dict) and not decoded.keys().isdisjoint({"text", "data"}):
            return decoded
    return {"text": text}
