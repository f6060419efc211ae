"""SMS Gateway: send and receive SMS through an MQTT bridge or a provider."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started

from .backend import AuthenticationError, BackendError
from .backend.accounts import make_provider
from .backend.ledger import remove_ledger
from .backend.mqtt import MqttBackend
from .backend.provider import ProviderBackend, Surroundings
from .backend.requests import Requests
from .backend.stream import storage
from .const import (
    CONF_BASE_TOPIC,
    CONF_INSTANCE,
    CONF_KIND,
    CONF_MAX_AGE,
    CONF_POLL_INTERVAL,
    CONF_WEBHOOK_ID,
    DEFAULT_MAX_AGE,
    DEFAULT_POLL_INTERVAL,
    DOMAIN,
    EntryKind,
)
from .coordinator import RuntimeData, SmsGatewayCoordinator
from .otp import otp_keeper
from .services import async_setup_services
from .sms_control import async_setup_sms_control
from .webhook import callback_url, forget_cloudhook, register, release, reserve

if TYPE_CHECKING:
    from homeassistant.core import Event, HomeAssistant
    from homeassistant.helpers.device_registry import DeviceEntry
    from homeassistant.helpers.typing import ConfigType

    from .backend import Backend
    from .coordinator import SmsGatewayConfigEntry

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SENSOR,
]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what does not depend on a loaded entry."""
    async_setup_services(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if CONF_WEBHOOK_ID in entry.data:
            reserve(hass, entry)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> bool:
    """Connect one bridge or account."""
    coordinator = SmsGatewayCoordinator(hass, entry, _backend(hass, entry))
    entry.runtime_data = RuntimeData(coordinator=coordinator)
    try:
        await coordinator.async_start()
    except AuthenticationError as error:
        raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="not_authenticated") from error
    except BackendError as error:
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="not_connected") from error
    entry.async_on_unload(coordinator.async_stop)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_setup_sms_control(hass, entry)
    entry.async_on_unload(entry.add_update_listener(_reload))

    @callback
    def started(_hass: HomeAssistant) -> None:
        coordinator.async_open()

    async def stopping(_event: Event) -> None:
        await coordinator.async_stop()

    # Automations are armed before this, and hear nothing of what is passed on before.
    entry.async_on_unload(async_at_started(hass, started))
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stopping))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> bool:
    """Disconnect; what comes while nobody listens any more is left for the next time."""
    await entry.runtime_data.coordinator.async_stop()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> None:
    """Forget what was kept for the entry, and leave nothing behind at whom it was for."""
    await otp_keeper(hass).forget_entry(entry.entry_id)
    if entry.data[CONF_KIND] != EntryKind.BRIDGE:
        await remove_ledger(hass, entry.entry_id)
        release(hass, entry)
        await forget_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
        return
    await storage(hass, entry.entry_id).async_remove()
    # The bridge shows its entities itself again.
    requests = Requests(hass, entry.data[CONF_BASE_TOPIC], entry.data[CONF_INSTANCE])
    with suppress(BackendError):
        await requests.tell("discovery", {"enabled": True})


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, device: DeviceEntry
) -> bool:
    """Let the user delete the device of a gateway that the bridge has no more."""
    coordinator = entry.runtime_data.coordinator
    present = {coordinator.gateway_identifier(name) for name in coordinator.data.gateways}
    kept = present | {coordinator.hub_identifier}
    subentries = {(DOMAIN, f"{entry.entry_id}_{subentry_id}") for subentry_id in entry.subentries}
    return not device.identifiers & (kept | subentries)


def _backend(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> Backend:
    if entry.data[CONF_KIND] == EntryKind.BRIDGE:
        return MqttBackend(
            hass, base=entry.data[CONF_BASE_TOPIC], instance=entry.data[CONF_INSTANCE], key=entry.entry_id
        )
    around = Surroundings(
        key=entry.entry_id,
        poll_interval=entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL),
        max_age=timedelta(seconds=entry.options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE)),
        register=partial(register, hass, entry),
        callback_url=partial(callback_url, hass, entry),
        auth_failed=partial(entry.async_start_reauth, hass),
    )
    return ProviderBackend(hass, make_provider(hass, entry.data), around)


async def _reload(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> None:
    await hass.config_entries.async_reload(entry.entry_id)
