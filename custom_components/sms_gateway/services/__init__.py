"""The actions. All are registered at once, whatever is set up, so that automations can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import service

from ..const import DOMAIN
from . import gateways, history, otp, schemas, sending

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import voluptuous as vol
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    type Action = Callable[[ServiceCall], Coroutine[None, None, ServiceResponse]]

#: Name, what it does, its fields, and whether the answer is all there is to it.
_ACTIONS: Final[tuple[tuple[str, Action, vol.Schema, SupportsResponse], ...]] = (
    ("send", sending.send, schemas.SEND, SupportsResponse.OPTIONAL),
    ("quote", sending.quote, schemas.QUOTE, SupportsResponse.ONLY),
    ("get_message", history.get_message, schemas.ONE_MESSAGE, SupportsResponse.ONLY),
    ("list_messages", history.list_messages, schemas.LIST_MESSAGES, SupportsResponse.ONLY),
    ("cancel", history.cancel, schemas.ONE_MESSAGE, SupportsResponse.OPTIONAL),
    ("resend", history.resend, schemas.ONE_MESSAGE, SupportsResponse.OPTIONAL),
    ("get_balance", gateways.get_balance, schemas.GET_BALANCE, SupportsResponse.ONLY),
    ("ussd", gateways.ussd, schemas.USSD, SupportsResponse.ONLY),
    ("send_otp", otp.send_otp, schemas.SEND_OTP, SupportsResponse.OPTIONAL),
    ("verify_otp", otp.verify_otp, schemas.VERIFY_OTP, SupportsResponse.ONLY),
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register every action."""
    for name, action, schema, supports_response in _ACTIONS:
        hass.services.async_register(DOMAIN, name, action, schema, supports_response)
    service.async_register_platform_entity_service(
        hass,
        DOMAIN,
        "send_to_contact",
        entity_domain=NOTIFY_DOMAIN,
        schema=schemas.SEND_TO_CONTACT,
        func=sending.send_to_contact,
        supports_response=SupportsResponse.OPTIONAL,
    )
