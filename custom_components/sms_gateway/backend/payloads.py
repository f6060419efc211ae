"""The bridge's JSON (MQTT contract) as the model has it, and back. Unknown keys are ignored, as the contract demands.

Every parser raises :class:`MalformedError` for what it cannot use; its message holds nothing of the payload.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads

from ..sms_providers.model import Capability, ErrorCode, State
from .model import (
    Balance,
    CallEvent,
    DeliveryEvent,
    Feature,
    GatewayState,
    IncomingEvent,
    MessageError,
    MessageStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import BackendEvent, SendRequest

#: A feature needs a command that the bridge allows, a capability of at least one gateway, or both.
_NEEDS: Final[tuple[tuple[Feature, frozenset[str], Capability | None], ...]] = (
    (Feature.CANCEL, frozenset({"cancel"}), None),
    (Feature.RESEND, frozenset({"resend"}), None),
    (Feature.QUOTE, frozenset({"quote"}), None),
    (Feature.HISTORY, frozenset({"message", "messages"}), None),
    (Feature.BALANCE, frozenset({"balance"}), Capability.BALANCE),
    (Feature.USSD, frozenset({"ussd"}), Capability.USSD),
    (Feature.DATA, frozenset(), Capability.DATA),
    (Feature.SCHEDULE, frozenset(), None),
    (Feature.INCOMING, frozenset(), Capability.INCOMING),
    (Feature.CALLS, frozenset(), Capability.CALLS),
    (Feature.GATEWAYS, frozenset(), None),
    (Feature.RESTART, frozenset({"restart_gateway"}), None),
    (Feature.PAIRING, frozenset({"pair", "unpair"}), None),
)


class MalformedError(ValueError):
    """A payload is not what the contract says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInfo:
    """What ``info`` says of one gateway."""

    kind: str
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeInfo:
    """The retained ``info`` of a bridge (MQTT contract, section 4)."""

    version: str
    api: int
    epoch: str | None = None
    admin: frozenset[str] = frozenset()
    gateways: Mapping[str, GatewayInfo] = field(default_factory=dict)

    @property
    def features(self) -> frozenset[Feature]:
        """What this bridge can do, as it is configured."""
        able = frozenset().union(*(gateway.capabilities for gateway in self.gateways.values()))
        return frozenset(
            feature
            for feature, commands, capability in _NEEDS
            if commands <= self.admin and (capability is None or capability.value in able)
        )


def decode_object(payload: str | bytes | bytearray) -> dict[str, object]:
    """Read a JSON object."""
    try:
        decoded = json_loads(payload)
    except JSON_DECODE_EXCEPTIONS as error:
        raise MalformedError("not JSON") from error
    if not isinstance(decoded, dict):
        raise MalformedError("not a JSON object")
    return cast("dict[str, object]", decoded)


def parse_info(body: Mapping[str, object]) -> BridgeInfo:
    """Read ``info``."""
    admin = body.get("admin")
    return BridgeInfo(
        version=_text(body, "version"),
        api=_number(body.get("api")) or 0,
        epoch=_optional_text(body, "epoch"),
        admin=frozenset(command for command in admin if isinstance(command, str))
        if isinstance(admin, list)
        else frozenset(),
        gateways={
            name: GatewayInfo(
                kind=_optional_text(gateway, "type") or "gateway",
                capabilities=frozenset(str(word) for word in _list(gateway, "capabilities")),
            )
            for name, gateway in _objects(body, "gateways").items()
        },
    )


def parse_gateway(
    name: str, info: GatewayInfo, body: Mapping[str, object], *, available: bool
) -> GatewayState:
    """Read a gateway's ``state`` object; an empty one is a gateway of which nothing is known yet."""
    balance = body.get("balance")
    return GatewayState(
        name=name,
        kind=info.kind,
        capabilities=info.capabilities,
        available=available,
        state=_optional_text(body, "state") or "offline",
        detail=_optional_text(body, "detail"),
        registration=_optional_text(body, "registration"),
        operator=_optional_text(body, "operator"),
        signal_dbm=_number(body.get("signal_dbm")),
        technology=_optional_text(body, "technology"),
        battery=_number(body.get("battery")),
        balance=parse_balance(balance) if isinstance(balance, dict) else None,
        sent_today=_number(body.get("sent_today")),
        failed_today=_number(body.get("failed_today")),
        received_today=_number(body.get("received_today")),
        queue=_number(body.get("queue")),
        storage_used=_number(body.get("storage_used")),
        storage_total=_number(body.get("storage_total")),
        model=_optional_text(body, "model"),
        firmware=_optional_text(body, "firmware"),
        number=_optional_text(body, "number"),
    )


def parse_balance(body: Mapping[str, object]) -> Balance:
    """Read a balance."""
    amount = parse_decimal(body.get("amount"))
    if amount is None:
        raise MalformedError("a balance without an amount")
    return Balance(amount=amount, currency=_optional_text(body, "currency"))


def parse_decimal(value: object) -> Decimal | None:
    """Read an amount, a string or a number; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def parse_event(body: Mapping[str, object], *, late: bool = False) -> BackendEvent:
    """Read an event of the topics ``dlr``, ``incoming`` and ``call``, which its keys tell apart."""
    if "state" in body:
        return _parse_delivery(body, late=late)
    if "received_at" in body:
        return _parse_incoming(body, late=late)
    return CallEvent(
        originator=_optional_text(body, "from"),
        gateway=_optional_text(body, "gateway"),
        event=_text(body, "event"),
        at=_time(body, "at"),
        seq=_number(body.get("seq")),
        late=late,
    )


def parse_status(body: Mapping[str, object]) -> MessageStatus:
    """Read what an event of the ``dlr`` topic says of its message."""
    try:
        state = State(_text(body, "state"))
    except ValueError as error:
        raise MalformedError("an unknown state") from error
    message_error = _parse_error(body.get("error"))
    metadata = body.get("metadata")
    recipient = body.get("to")
    return MessageStatus(
        # The id of a rejected command is null where it could not be read.
        id=_optional_text(body, "id") or "",
        to=recipient if isinstance(recipient, str) else "",
        state=state,
        conflict=message_error is not None and message_error.code == ErrorCode.ID_CONFLICT,
        final=body.get("final") is True,
        segments=_number(body.get("segments")),
        gateway=_optional_text(body, "gateway"),
        channel=_optional_text(body, "channel") or "sms",
        possible_duplicate=body.get("possible_duplicate") is True,
        error=message_error,
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def event_time(body: Mapping[str, object]) -> datetime | None:
    """When an event happened; ``None`` where it does not say."""
    for name in ("received_at", "at"):
        value = body.get(name)
        if isinstance(value, str):
            return _read_time(value)
    return None


def send_object(request: SendRequest, recipients: tuple[str, ...]) -> dict[str, object]:
    """A send object (MQTT contract, section 1); what is not asked for is left to the bridge's defaults."""
    given: dict[str, object | None] = {
        "id": request.id,
        "to": recipients[0] if len(recipients) == 1 else list(recipients),
        "text": request.text,
        "data": None if request.data is None else base64.b64encode(request.data).decode(),
        "port": request.port,
        "gateway": list(request.gateway) or None,
        "from": request.originator,
        "sim": request.sim,
        "priority": request.priority,
        "send_at": None if request.send_at is None else request.send_at.astimezone(UTC).isoformat(),
        "valid_for": request.valid_for,
        "flash": request.flash or None,
        "dlr": request.dlr,
        "encoding": request.encoding,
        "max_segments": request.max_segments,
        "on_unknown": request.on_unknown,
        "options": dict(request.options) or None,
        "metadata": dict(request.metadata) or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _parse_delivery(body: Mapping[str, object], *, late: bool) -> DeliveryEvent:
    return DeliveryEvent(
        status=parse_status(body), at=_time(body, "at"), seq=_number(body.get("seq")), late=late
    )


def _parse_incoming(body: Mapping[str, object], *, late: bool) -> IncomingEvent:
    sent_at = body.get("sent_at")
    return IncomingEvent(
        id=_text(body, "id"),
        originator=_text(body, "from"),
        originator_name=_optional_text(body, "from_name"),
        text=_optional_text(body, "text"),
        gateway=_optional_text(body, "gateway"),
        channel=_optional_text(body, "channel") or "sms",
        received_at=_time(body, "received_at"),
        sent_at=_read_time(sent_at) if isinstance(sent_at, str) else None,
        recipient=_optional_text(body, "to"),
        segments=_number(body.get("segments")) or 1,
        data=_octets(body.get("data")),
        port=_number(body.get("port")),
        media=tuple(
            {key: value if isinstance(value, str) else None for key, value in item.items()}
            for item in _list(body, "media")
            if isinstance(item, dict)
        ),
        incomplete=body.get("incomplete") is True,
        seq=_number(body.get("seq")),
        late=late,
    )


def _parse_error(value: object) -> MessageError | None:
    if not isinstance(value, dict):
        return None
    return MessageError(
        code=_optional_text(value, "code") or ErrorCode.INTERNAL.value,
        message=_optional_text(value, "message") or "",
        temporary=value.get("temporary") is True,
    )


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise MalformedError(f"{name}: expected a string")
    return value


def _optional_text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else int(value)


def _list(body: Mapping[str, object], name: str) -> list[object]:
    value = body.get(name)
    return value if isinstance(value, list) else []


def _objects(body: Mapping[str, object], name: str) -> dict[str, dict[str, object]]:
    value = body.get(name)
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, dict)}


def _time(body: Mapping[str, object], name: str) -> datetime:
    moment = _read_time(_text(body, name))
    if moment is None:
        raise MalformedError(f"{name}: expected an RFC 3339 time")
    return moment


def _read_time(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _octets(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise MalformedError("data: expected base64") from error
