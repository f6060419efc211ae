"""SMS Gateway: send and receive SMS through an MQTT bridge or a provider."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started

from .backend import AuthenticationError, BackendError
from .backend.mqtt import MqttBackend
from .backend.requests import Requests
from .backend.stream import storage
from .const import CONF_BASE_TOPIC, CONF_INSTANCE, DOMAIN
from .coordinator import RuntimeData, SmsGatewayCoordinator
from .otp import otp_keeper
from .services import async_setup_services
from .sms_control import async_setup_sms_control

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
    """Register what does not depend on an entry."""
    async_setup_services(hass)
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
    """Forget the entry's events, and let the bridge show its entities itself again."""
    await storage(hass, entry.entry_id).async_remove()
    await otp_keeper(hass).forget_entry(entry.entry_id)
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
    return MqttBackend(
        hass, base=entry.data[CONF_BASE_TOPIC], instance=entry.data[CONF_INSTANCE], key=entry.entry_id
    )


async def _reload(hass: HomeAssistant, entry: SmsGatewayConfigEntry) -> None:
    await hass.config_entries.async_reload(entry.entry_id)
