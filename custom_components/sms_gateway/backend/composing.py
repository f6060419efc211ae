"""From a request to the messages of an account: what the provider cannot do is refused before anything is kept."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads_object

from ..sms_providers.address import EMERGENCY_ANYWHERE
from ..sms_providers.charset import EncodingChoice, TextTooLongError, plan
from ..sms_providers.model import Capability, OnUnknown, OutboundMessage, Priority, State
from . import BackendError
from .record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..sms_providers.provider import Provider
    from .model import SendRequest

#: How long a message without ``valid_for`` is tried while the provider refuses it for the time being.
RETRY_TIME: Final = timedelta(minutes=10)
#: Segments that a message may have unless told (MQTT contract, section 1).
_MAX_SEGMENTS: Final = 10
#: MQTT contract, section 1.
_PRIORITIES: Final = {priority.name.lower(): priority for priority in Priority}
#: Fields that need an ability, and how it is called.
_NEEDED: Final = (
    ("flash", Capability.FLASH, "send flash messages"),
    ("originator", Capability.ORIGINATOR, "send from another originator than the account's own"),
    ("sim", Capability.SIM, "choose a SIM"),
    ("send_at", Capability.SCHEDULE, "send at a later time"),
)


def compose(request: SendRequest, provider: Provider, now: datetime) -> list[Record]:
    """Return one message for each recipient, repeats left out. Raises :class:`BackendError`."""
    _check_abilities(request, provider)
    _check_recipients(request)
    options = _options(request, provider)
    metadata = _metadata(request)
    text = request.text or ""
    encoding = EncodingChoice(request.encoding or EncodingChoice.AUTO)
    limit = request.max_segments or _MAX_SEGMENTS
    try:
        segments = plan(text, encoding, max_segments=limit).count
    except TextTooLongError as error:
        raise BackendError("too_long", str(error)) from error
    send_at = request.send_at if request.send_at is not None and request.send_at > now else None
    recipients = tuple(dict.fromkeys(request.recipients))
    group = request.id if len(recipients) > 1 else None
    fingerprint = fingerprint_of(request)
    return [
        Record(
            id=request.id if group is None else f"{request.id}/{number}",
            group=group,
            message=OutboundMessage(
                recipient=recipient,
                text=text,
                originator=request.originator,
                sim=request.sim,
                priority=_PRIORITIES[request.priority or "normal"],
                valid_for=request.valid_for,
                dlr=request.dlr is not False,
                flash=request.flash,
                encoding=encoding,
                options=options,
            ),
            fingerprint=fingerprint,
            created_at=now,
            expires_at=expiry(send_at or now, request.valid_for),
            segments=segments,
            send_at=send_at,
            gateways=request.gateway,
            on_unknown=OnUnknown(request.on_unknown or OnUnknown.RESEND),
            metadata=metadata,
            state=State.QUEUED if send_at is None else State.SCHEDULED,
        )
        for number, recipient in enumerate(recipients)
    ]


def expiry(begins: datetime, valid_for: int | None) -> datetime:
    """When a message that could not be handed over is given up."""
    return begins + (RETRY_TIME if valid_for is None else timedelta(seconds=valid_for))


def fingerprint_of(request: SendRequest) -> str:
    """What differs where the content does; recipients are compared by themselves."""
    content = {
        "text": request.text,
        "gateway": request.gateway,
        "originator": request.originator,
        "sim": request.sim,
        "priority": request.priority,
        "send_at": request.send_at and request.send_at.isoformat(),
        "valid_for": request.valid_for,
        "flash": request.flash,
        "dlr": request.dlr,
        "encoding": request.encoding,
        "options": dict(request.options),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _check_abilities(request: SendRequest, provider: Provider) -> None:
    title = provider.title
    if request.data is not None:
        raise BackendError("unsupported", f"data: {title} cannot send data; a modem on the bridge can.")
    for field, capability, what in _NEEDED:
        if getattr(request, field) not in {None, False} and capability not in provider.capabilities:
            raise BackendError("unsupported", f"{field}: {title} cannot {what}.")
    if request.gateway and Capability.DEVICES not in provider.capabilities:
        raise BackendError("unsupported", f"gateway: {title} has no gateways to choose from.")


def _check_recipients(request: SendRequest) -> None:
    emergency = EMERGENCY_ANYWHERE.intersection(request.recipients)
    if emergency:
        numbers = ", ".join(sorted(emergency))
        raise BackendError("blocked", f"target: {numbers} reaches emergency services; nothing is sent there.")


def _metadata(request: SendRequest) -> Mapping[str, object]:
    """The metadata in JSON's types: what cannot be written would keep everything else from being written, too."""
    try:
        metadata: Mapping[str, object] = json_loads_object(json_bytes(dict(request.metadata)))
    except (TypeError, ValueError) as error:
        raise BackendError(
            "invalid_payload", f"metadata: it holds what JSON cannot hold: {error}."
        ) from error
    return metadata


def _options(request: SendRequest, provider: Provider) -> Mapping[str, object]:
    """The options as the provider takes them."""
    checked: dict[str, object] = {}
    for key, value in request.options.items():
        if key not in provider.options:
            known = ", ".join(sorted(provider.options)) or "none"
            raise BackendError(
                "unknown_key", f"options: {provider.title} does not know {key}. It knows: {known}."
            )
        try:
            checked[key] = provider.options[key](value)
        except ValueError as error:
            raise BackendError("invalid_payload", f"options: {key}: {error}.") from error
    return checked
