"""The actions. All are registered at once, whatever is set up, so that automations can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import service

from ..const import DOMAIN
from . import (
    account_schemas,
    gateways,
    history,
    listing,
    newsletters,
    otp,
    schemas,
    sending,
    templates,
    voice,
    whatsapp,
)

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
    ("list_senders", listing.list_senders, account_schemas.LIST, SupportsResponse.ONLY),
    ("list_rates", listing.list_rates, account_schemas.LIST_RATES, SupportsResponse.ONLY),
    ("list_devices", listing.list_devices, account_schemas.LIST, SupportsResponse.ONLY),
    (
        "create_contact_list",
        newsletters.create_contact_list,
        account_schemas.CREATE_CONTACT_LIST,
        SupportsResponse.OPTIONAL,
    ),
    ("add_contact", newsletters.add_contact, account_schemas.ADD_CONTACT, SupportsResponse.OPTIONAL),
    (
        "send_newsletter",
        newsletters.send_newsletter,
        account_schemas.SEND_NEWSLETTER,
        SupportsResponse.OPTIONAL,
    ),
    ("send_whatsapp", whatsapp.send_whatsapp, account_schemas.SEND_WHATSAPP, SupportsResponse.OPTIONAL),
    (
        "create_whatsapp_template",
        templates.create_template,
        account_schemas.CREATE_TEMPLATE,
        SupportsResponse.OPTIONAL,
    ),
    (
        "list_whatsapp_templates",
        templates.list_templates,
        account_schemas.LIST_TEMPLATES,
        SupportsResponse.ONLY,
    ),
    (
        "delete_whatsapp_template",
        templates.delete_template,
        account_schemas.DELETE_TEMPLATE,
        SupportsResponse.OPTIONAL,
    ),
    ("call", voice.read_aloud, account_schemas.CALL, SupportsResponse.OPTIONAL),
    ("call_menu", voice.ask_by_menus, account_schemas.CALL_MENU, SupportsResponse.OPTIONAL),
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
