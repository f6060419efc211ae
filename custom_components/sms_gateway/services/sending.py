"""The actions that send, and the one that only says what sending would mean."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from homeassistant.util import dt as dt_util

from ..backend.model import Feature, SendRequest, new_message_id
from ..errors import errors_translated
from ..notify import raise_if_refused
from ..sms_providers.charset import plan
from ..sms_providers.model import State
from .checks import coordinator_of, invalid, require, require_sendable
from .results import raise_if_all, record
from .schemas import (
    ATTR_DATA,
    ATTR_GATEWAY,
    ATTR_ID,
    ATTR_MESSAGE,
    ATTR_PORT,
    ATTR_TARGET,
    ATTR_TIMEOUT,
    ATTR_WAIT_FOR,
)

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall, ServiceResponse
    from homeassistant.util.json import JsonObjectType, JsonValueType

    from ..contacts import Recipient
    from ..coordinator import SmsGatewayCoordinator
    from ..notify import ContactNotifyEntity

#: Seconds an action waits unless told: for the bridge alone, and for a network or handset.
_QUEUED_TIME: Final = 10.0
_NETWORK_TIME: Final = 60.0
#: Fields of the actions that are keys of a request by the same name.
_SAME: Final = (
    "originator",
    "sim",
    "priority",
    "valid_for",
    "flash",
    "dlr",
    "encoding",
    "max_segments",
    "on_unknown",
    "options",
    "metadata",
)


async def send(call: ServiceCall) -> ServiceResponse:
    """Send to numbers, contacts and groups."""
    coordinator = coordinator_of(call)
    recipients = coordinator.contacts.resolve(call.data[ATTR_TARGET])
    return await _send(coordinator, recipients, _request(call.data), call)


async def send_to_contact(entity: ContactNotifyEntity, call: ServiceCall) -> ServiceResponse:
    """Send to the contact or group behind a notify entity.

    An ``id`` is made the entity's own, because the same one for two entities would be two messages with one id.
    """
    request = _request(call.data, suffix=f".{entity.subentry.subentry_id}")
    response = await _send(entity.coordinator, entity.recipients, request, call)
    entity.record_sent()
    return response


async def quote(call: ServiceCall) -> ServiceResponse:
    """Say what a text would be; without recipients that needs no backend."""
    coordinator, message = coordinator_of(call), call.data[ATTR_MESSAGE]
    if ATTR_TARGET not in call.data:
        planned = plan(message)
        return {
            "encoding": planned.encoding.value,
            "segments": planned.count,
            "characters_left": planned.characters_left,
            "gateway": None,
            "price": None,
            "currency": None,
            "destinations": [],
        }
    recipients = coordinator.contacts.resolve(call.data[ATTR_TARGET])
    require(coordinator, Feature.QUOTE)
    numbers = tuple(recipient.number for recipient in recipients)
    with errors_translated(call.hass, coordinator.config_entry):
        found = await coordinator.backend.quote(
            SendRequest(id=new_message_id(), recipients=numbers, text=message)
        )
    return {
        "encoding": found.encoding,
        "segments": found.segments,
        "characters_left": found.characters_left,
        "gateway": found.gateway,
        "price": None if found.price is None else float(found.price),
        "currency": found.currency,
        "destinations": _plain(found.destinations),
    }


async def _send(
    coordinator: SmsGatewayCoordinator,
    recipients: Sequence[Recipient],
    request: SendRequest,
    call: ServiceCall,
) -> JsonObjectType:
    """Send and wait as the call says.

    Raises when nobody can get the message because the request is wrong, and, where the caller does not look at the
    answer, also when it failed for everybody.
    """
    require_sendable(coordinator, request)
    wait_for = State(call.data[ATTR_WAIT_FOR])
    timeout = call.data.get(ATTR_TIMEOUT, _QUEUED_TIME if wait_for is State.QUEUED else _NETWORK_TIME)
    ends = call.hass.loop.time() + timeout
    statuses = await coordinator.async_send(recipients, request, wait=timeout)
    left = max(ends - call.hass.loop.time(), 0)
    statuses = await coordinator.async_wait_for(statuses, wait_for, left)
    raise_if_all(statuses, State.REJECTED)
    if not call.return_response:
        raise_if_refused(statuses)
    return {"messages": [record(status) for status in statuses]}


def _request(fields: Mapping[str, Any], suffix: str = "") -> SendRequest:
    """The request that the fields ask for; its recipients are named apart. Raises ServiceValidationError."""
    if (ATTR_MESSAGE in fields) == (ATTR_DATA in fields):
        raise invalid("message_or_data")
    if (ATTR_DATA in fields) != (ATTR_PORT in fields):
        raise invalid("data_and_port")
    send_at = fields.get("send_at")
    return SendRequest(
        id=f"{fields[ATTR_ID]}{suffix}" if ATTR_ID in fields else new_message_id(),
        recipients=(),
        text=fields.get(ATTR_MESSAGE),
        data=_octets(fields[ATTR_DATA]) if ATTR_DATA in fields else None,
        port=fields.get(ATTR_PORT),
        gateway=tuple(fields.get(ATTR_GATEWAY, ())),
        send_at=None if send_at is None else dt_util.as_utc(send_at),
        **{key: fields[key] for key in _SAME if key in fields},
    )


def _octets(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise invalid("invalid_data") from error


def _plain(value: object) -> JsonValueType:
    """A value as JSON has it; amounts are decimals."""
    match value:
        case None | str() | int() | float():
            return value
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
    return float(str(value))
