"""The actions for contact lists at the provider, and for what is sent to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.util import dt as dt_util

from ..sms_providers.model import Capability
from ..sms_providers.smsgateway24 import SmsGateway24
from .account import account_of
from .checks import invalid, only_recipient, require_gateways
from .schemas import ATTR_GATEWAY, ATTR_MESSAGE, ATTR_TARGET

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall, ServiceResponse


async def create_contact_list(call: ServiceCall) -> ServiceResponse:
    """Make a list."""
    account = account_of(call, Capability.CONTACT_LISTS, SmsGateway24)
    with account.asking():
        return {"list_id": await account.provider.save_tag(call.data["title"])}


async def add_contact(call: ServiceCall) -> ServiceResponse:
    """Put somebody on a list, under the name of the contact here unless another is given."""
    account, fields = account_of(call, Capability.CONTACT_LISTS, SmsGateway24), call.data
    coordinator = account.coordinator
    number = only_recipient(coordinator, fields[ATTR_TARGET]).number
    name = fields.get("name") or coordinator.contacts.name_of(number)
    if name is None:
        raise invalid("name_needed")
    with account.asking():
        contact_id = await account.provider.save_contact(
            tag_id=fields["list_id"], phone=number, full_name=name
        )
    return {"contact_id": contact_id}


async def send_newsletter(call: ServiceCall) -> ServiceResponse:
    """Send a text to lists."""
    account, fields = account_of(call, Capability.CONTACT_LISTS, SmsGateway24), call.data
    gateway, send_at = fields.get(ATTR_GATEWAY), fields.get("send_at")
    if gateway is not None and account.coordinator.data.gateways:
        require_gateways(account.coordinator, (gateway,))
    with account.asking():
        newsletter_id = await account.provider.save_newsletter(
            title=fields["title"],
            text=fields[ATTR_MESSAGE],
            tag_ids=fields["list_ids"],
            device_id=gateway,
            sim=fields.get("sim"),
            send_at=None if send_at is None else dt_util.as_utc(send_at),
        )
    return {"newsletter_id": newsletter_id}
