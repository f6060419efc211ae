"""The bodies of SmsGateway24's webhooks, as the provider's page on webhooks describes them.

Times are texts without a zone, in the account's. ``slot_field`` is the name of the SIM's slot: ``channel_id``, or
``sim`` as older pages have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.simulator.provider_smsgateway24_account import STATUS_TITLES

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from sms_bridge.simulator.provider_smsgateway24_account import Device, Sms


def delivery_fields(sms: Sms, zone: tzinfo, slot_field: str) -> dict[str, object]:
    """Tell the status of a message that was to be sent."""
    return {
        "sms_id": sms.id,
        "status_id": sms.status,
        "status_message": STATUS_TITLES.get(sms.status, ""),
        "sendto": sms.sendto,
        "senttime": _date(sms.senttime, zone),
        slot_field: sms.sim,
        "device_id": sms.device_id,
    }


def text_fields(
    sms: Sms, device: Device, internal_id: int, zone: tzinfo, slot_field: str
) -> dict[str, object]:
    """Tell an incoming SMS; ``internal_id`` is the phone's own."""
    return {
        "address": sms.sendto,
        "date": _date(sms.created, zone),
        "date_sent": _date(sms.created, zone),
        "body": sms.body,
        "internal_id": internal_id,
        slot_field: sms.sim,
        "sms_id": sms.id,
        "device_id": device.id,
        "device_name": device.title,
        "type": "text",
    }


def image_fields(sms: Sms, url: str, zone: tzinfo) -> dict[str, object]:
    """Tell an incoming image that the provider stores at ``url``."""
    return {
        "address": sms.sendto,
        "date": _date(sms.created, zone),
        "date_sent": _date(sms.created, zone),
        "body": "",
        "internal_id": None,
        "sim": sms.sim,
        "sms_id": sms.id,
        "type": "img",
        "img_url": url,
    }


def _date(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
