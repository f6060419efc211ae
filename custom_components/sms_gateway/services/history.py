"""The actions about messages that were sent before."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from homeassistant.util import dt as dt_util

from ..backend.model import Feature
from ..errors import errors_translated
from .checks import coordinator_of, only_recipient, require
from .schemas import ATTR_ID

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall, ServiceResponse
    from homeassistant.util.json import JsonObjectType


async def get_message(call: ServiceCall) -> ServiceResponse:
    """A message with its history."""
    coordinator = coordinator_of(call)
    require(coordinator, Feature.HISTORY)
    with errors_translated(call.hass, coordinator.config_entry):
        return cast("JsonObjectType", dict(await coordinator.backend.get_message(call.data[ATTR_ID])))


async def list_messages(call: ServiceCall) -> ServiceResponse:
    """A page of messages."""
    coordinator = coordinator_of(call)
    filters: dict[str, object] = {
        key: call.data[key] for key in ("state", "limit", "cursor") if key in call.data
    }
    if "to" in call.data:
        filters["to"] = only_recipient(coordinator, [call.data["to"]]).number
    if "since" in call.data:
        filters["since"] = dt_util.as_utc(call.data["since"]).isoformat()
    require(coordinator, Feature.HISTORY)
    with errors_translated(call.hass, coordinator.config_entry):
        return cast("JsonObjectType", dict(await coordinator.backend.list_messages(filters)))


async def cancel(call: ServiceCall) -> ServiceResponse:
    """Cancel a message or group that waits."""
    coordinator = coordinator_of(call)
    require(coordinator, Feature.CANCEL)
    with errors_translated(call.hass, coordinator.config_entry):
        return {"ids": [*await coordinator.backend.cancel(call.data[ATTR_ID])]}


async def resend(call: ServiceCall) -> ServiceResponse:
    """Queue a message again."""
    coordinator = coordinator_of(call)
    require(coordinator, Feature.RESEND)
    with errors_translated(call.hass, coordinator.config_entry):
        return {"ids": [*await coordinator.backend.resend(call.data[ATTR_ID])]}
