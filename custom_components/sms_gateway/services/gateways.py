"""The actions that ask a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..backend.model import Feature
from ..errors import errors_translated
from .checks import coordinator_of, require
from .schemas import ATTR_CODE, ATTR_GATEWAY

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall, ServiceResponse


async def get_balance(call: ServiceCall) -> ServiceResponse:
    """Money, or how many messages are left."""
    coordinator, gateway = coordinator_of(call), call.data.get(ATTR_GATEWAY)
    require(coordinator, Feature.BALANCE, gateway)
    with errors_translated(call.hass, coordinator.config_entry):
        balance = await coordinator.backend.get_balance(gateway)
    if balance.currency is None:
        return {"messages": int(balance.amount)}
    return {"amount": float(balance.amount), "currency": balance.currency}


async def ussd(call: ServiceCall) -> ServiceResponse:
    """Run a USSD code."""
    coordinator, gateway = coordinator_of(call), call.data[ATTR_GATEWAY]
    require(coordinator, Feature.USSD, gateway)
    with errors_translated(call.hass, coordinator.config_entry):
        answer = await coordinator.backend.ussd(gateway, call.data[ATTR_CODE])
    return {"text": answer.text, "more": answer.more}
