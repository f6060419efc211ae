"""The phones of a SmsGateway24 account as gateways."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from ..sms_providers.smsgateway24 import SmsGateway24
from .model import PHONE, GatewayState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ..sms_providers.provider import Provider
    from ..sms_providers.smsgateway24.records import Device

#: A phone that has not asked the provider for work for so long does not send. The app asks every few seconds, a phone
#: that saves power every few minutes.
OFFLINE_AFTER: Final = timedelta(minutes=15)


def phones_of(provider: Provider) -> Callable[[], Awaitable[Mapping[str, GatewayState]]] | None:
    """Return what asks for an account's phones, by their ids; ``None`` for a provider without phones."""
    if not isinstance(provider, SmsGateway24):
        return None
    account = provider

    async def ask() -> Mapping[str, GatewayState]:
        return {device.id: _state(device, account) for device in await account.devices()}

    return ask


def _state(device: Device, account: SmsGateway24) -> GatewayState:
    seen = device.last_seen
    available = seen is None or dt_util.utcnow() - seen < OFFLINE_AFTER
    return GatewayState(
        name=device.id,
        kind=PHONE,
        capabilities=frozenset(capability.value for capability in account.capabilities),
        available=available,
        state="online" if available else "offline",
        detail=None if available or seen is None else f"last seen {seen.isoformat()}",
        model="Android phone",
        firmware=device.app_version,
        title=device.title or None,
        last_seen=seen,
        sims=", ".join(filter(None, (sim.carrier for sim in device.sims))) or None,
    )
