"""The actions that return a provider's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sms_providers.model import Capability
from ..sms_providers.smsgateway24 import SmsGateway24
from ..sms_providers.smsgic import Smsgic
from ..sms_providers.ubill import Ubill
from .account import account_of

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import ServiceCall, ServiceResponse
    from homeassistant.util.json import JsonObjectType

    from ..sms_providers.smsgateway24.records import Device
    from .account import Account


async def list_senders(call: ServiceCall) -> ServiceResponse:
    """The names under which an account may send."""
    account: Account[Smsgic | Ubill] = account_of(call, Capability.SENDERS, Smsgic, Ubill)
    with account.asking():
        match account.provider:
            case Smsgic() as smsgic:
                names = await smsgic.senders()
                return {"senders": [{"id": sender.id, "name": sender.name} for sender in names]}
            case ubill:
                brands = await ubill.brands()
    return {
        "senders": [
            {
                "id": str(brand.id),
                "name": brand.name,
                "authorized": brand.authorized,
                "created_at": brand.created_at,
            }
            for brand in brands
        ]
    }


async def list_rates(call: ServiceCall) -> ServiceResponse:
    """What a segment costs, by country and network."""
    account, fields = account_of(call, Capability.RATES, Smsgic), call.data
    with account.asking():
        rates = await account.provider.rates(
            mcc=fields.get("mcc"),
            mnc=fields.get("mnc"),
            country=fields.get("country"),
            country_id=fields.get("country_id"),
        )
        currency = await account.currency()
    return {
        "currency": currency,
        "rates": [
            {"mcc": rate.mcc, "mnc": rate.mnc, "country": rate.country.strip(), "rate": float(rate.rate)}
            for rate in rates
        ],
    }


async def list_devices(call: ServiceCall) -> ServiceResponse:
    """The phones of an account."""
    account = account_of(call, Capability.DEVICES, SmsGateway24)
    with account.asking():
        devices = await account.provider.devices()
    return {"devices": [_device(device) for device in devices]}


def _device(device: Device) -> JsonObjectType:
    return {
        "id": device.id,
        "title": device.title,
        "number": device.number,
        "created": _written(device.created),
        "last_seen": _written(device.last_seen),
        "app_version": device.app_version,
        "app_is_current": device.app_is_current,
        "delay_between_messages": device.delay_between_messages,
        "delay_between_requests": device.delay_between_requests,
        "subscription": device.subscription,
        "sims": [
            {
                "slot": sim.slot,
                "number": sim.number,
                "carrier": sim.carrier,
                "country": sim.country,
                "roaming": sim.roaming,
            }
            for sim in device.sims
        ],
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
