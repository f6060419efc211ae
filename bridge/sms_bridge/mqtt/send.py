"""The send object (MQTT contract, section 1): from JSON's members to a command, or to the reason why it is none."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sms_bridge.mqtt import values
from sms_bridge.mqtt.topics import SendTopic
from sms_bridge.mqtt.values import UnexpectedValue
from sms_bridge.routing.command import Command, Rejection, Reply
from sms_providers.address import redact_numbers
from sms_providers.charset import EncodingChoice
from sms_providers.model import Error, ErrorCode, OnUnknown, Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


#: MQTT contract, section 1: seconds of the longest ``valid_for`` (63 weeks, 3GPP TS 23.040 clause 9.2.3.12.1).
MAX_VALID_FOR: Final = 38_102_400
#: MQTT contract, section 1: octets of ``metadata``.
MAX_METADATA: Final = 2_048
#: 3GPP TS 23.040 clause 9.2.3.24.1: segments of the longest message.
MAX_SEGMENTS: Final = 255
#: 3GPP TS 23.040 clause 9.2.3.24.4: the highest application port.
MAX_PORT: Final = 65_535
#: Numbers of SIM slots; what a gateway has is its own matter.
MAX_SIM: Final = 255
#: Characters of an unknown key that its rejection repeats.
_SHOWN_KEY: Final = 40
#: Similarity (difflib's ratio) from which another key is worth naming.
_ALIKE: Final = 0.5

#: Key → field of the command, and how its value is read.
FIELDS: Final[Mapping[str, tuple[str, Callable[[object], object]]]] = {
    "to": ("to", values.recipients),
    "text": ("text", values.message_text),
    "data": ("data", values.base64_octets),
    "port": ("port", values.whole_number(0, MAX_PORT)),
    "id": ("id", values.identifier),
    "gateway": ("gateway", values.names),
    "from": ("originator", values.name),
    "sim": ("sim", values.whole_number(0, MAX_SIM)),
    "priority": ("priority", values.choice({level.name.lower(): level for level in Priority})),
    "send_at": ("send_at", values.date_time),
    "valid_for": ("valid_for", values.whole_number(1, MAX_VALID_FOR)),
    "dlr": ("dlr", values.flag),
    "flash": ("flash", values.flag),
    "encoding": ("encoding", values.choice({choice.value: choice for choice in EncodingChoice})),
    "max_segments": ("max_segments", values.whole_number(1, MAX_SEGMENTS)),
    "on_unknown": ("on_unknown", values.choice({policy.value: policy for policy in OnUnknown})),
    "options": ("options", values.json_object(None)),
    "metadata": ("metadata", values.json_object(MAX_METADATA)),
}


class _RefusedError(Exception):
    """No command; ``error`` says why."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


def read_send_object(
    given: object, topic: SendTopic, reply: Reply, *, expiry: int | None, valid_for: int
) -> Command | Rejection:
    """Read one send object that came on ``topic``.

    ``expiry`` is MQTT 5's message expiry and ``valid_for`` the configured default, both in seconds.
    """
    try:
        fields = _read_members(given)
        _take_topic(fields, topic)
        _check_content(fields)
    except _RefusedError as refused:
        return _reject(given, topic, reply, refused.error)
    if expiry is not None:
        _shorten(fields, expiry, valid_for)
    grouped = len(fields["to"]) > 1 or (isinstance(given, dict) and isinstance(given.get("to"), list))
    return Command(is_group=grouped, reply=reply, **fields)


def read_untransported(given: object, valid_for: int) -> Command | Rejection:
    """Read a send object that no send topic brought (a quote); ``valid_for`` is the configured default."""
    return read_send_object(given, SendTopic(None, None), Reply(), expiry=None, valid_for=valid_for)


def reject_payload(
    topic: SendTopic, reply: Reply, message: str, code: ErrorCode, *, once: str | None = None
) -> Rejection:
    """Refuse a whole PUBLISH; ``message`` is a sentence."""
    rejection = _reject(None, topic, reply, Error(code=code, message=message))
    return rejection if once is None else replace(rejection, once=once)


def _read_members(given: object) -> dict[str, Any]:
    """Read every key by its check: field → value."""
    if isinstance(given, values.RepeatedKey):
        raise _misfit(f"{_shown(given.key)}: occurs twice in the object.")
    if not isinstance(given, dict):
        raise _misfit(f"Expected a send object, got {values.type_name(given)}.")
    fields: dict[str, Any] = {}
    for key, value in given.items():
        field = FIELDS.get(key)
        if field is None:
            raise _RefusedError(_unknown_key(key))
        attribute, read = field
        try:
            fields[attribute] = read(value)
        except UnexpectedValue as unexpected:
            raise _unexpected(key, unexpected) from None
    return fields


def _take_topic(fields: dict[str, Any], topic: SendTopic) -> None:
    """Add what the topic said, where the object does not say something else."""
    if topic.recipients is None:
        if "to" not in fields:
            raise _misfit("to: missing; it names who gets the message.")
        return
    if "to" in fields:
        raise _misfit("to: not allowed on a topic that names the recipient.")
    try:
        fields["to"] = values.recipients(topic.recipients)
    except UnexpectedValue as unexpected:
        raise _unexpected("to", unexpected) from None
    if topic.id is None:
        return
    try:
        topic_id = values.identifier(topic.id)
    except UnexpectedValue as unexpected:
        raise _unexpected("id", unexpected) from None
    if fields.setdefault("id", topic_id) != topic_id:
        raise _misfit("id: topic and object name different ids.")


def _check_content(fields: dict[str, Any]) -> None:
    """Check that there is a text, or data with a port."""
    if "data" not in fields:
        if "text" not in fields:
            raise _misfit("text: missing; a message has a text, or data and port.")
        if "port" in fields:
            raise _misfit("port: goes with data only.")
    elif "text" in fields:
        raise _misfit("data: a message has a text or data, not both.")
    elif "port" not in fields:
        raise _misfit("port: missing; data needs the application port it is for.")


def _shorten(fields: dict[str, Any], expiry: int, valid_for: int) -> None:
    """MQTT 5 clause 3.3.2.3.3: what is left of the message expiry, in seconds, shortens the validity."""
    if expiry < fields.get("valid_for", valid_for):
        fields["valid_for"] = max(expiry, 1)


def _misfit(message: str) -> _RefusedError:
    return _RefusedError(Error(code=ErrorCode.INVALID_PAYLOAD, message=message))


def _unexpected(key: str, unexpected: UnexpectedValue) -> _RefusedError:
    return _RefusedError(Error(code=unexpected.code, message=f"{key}: {unexpected}."))


@lru_cache(maxsize=256)
def _unknown_key(key: str) -> Error:
    alike = get_close_matches(key[:_SHOWN_KEY], FIELDS, n=1, cutoff=_ALIKE)
    hint = f"did you mean {alike[0]}?" if alike else f"the keys are {', '.join(FIELDS)}."
    return Error(code=ErrorCode.UNKNOWN_KEY, message=f"{_shown(key)}: unknown key; {hint}")


def _shown(key: str) -> str:
    readable = key.encode(errors="replace").decode()
    shown = redact_numbers(readable)
    return shown if len(shown) <= _SHOWN_KEY else shown[: _SHOWN_KEY - 1] + "…"


def _reject(given: object, topic: SendTopic, reply: Reply, error: Error) -> Rejection:
    """A rejection that says as much of the command as can be read of it."""
    members = given if isinstance(given, dict) else {}
    return Rejection(
        id=_readable(values.identifier, members.get("id", topic.id)),
        to=values.presentable(members.get("to")) if topic.recipients is None else topic.recipients,
        error=error,
        metadata=_readable(FIELDS["metadata"][1], members.get("metadata")) or {},
        reply=reply,
    )


def _readable(read: Callable[[object], object], value: object) -> Any:  # noqa: ANN401 - what ``read`` returns
    try:
        return read(value)
    except UnexpectedValue:
        return None
