"""Buttons: refresh, a test SMS, restart of a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.exceptions import ServiceValidationError

from .backend.model import Feature, SendRequest, new_message_id
from .const import DOMAIN
from .entity import GatewayEntity, HubEntity, follow_gateways
from .errors import errors_translated
from .notify import raise_if_refused

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import SmsGatewayConfigEntry

PARALLEL_UPDATES = 1

REFRESH: Final = ButtonEntityDescription(
    key="refresh", translation_key="refresh", entity_category=EntityCategory.DIAGNOSTIC
)
TEST_SMS: Final = ButtonEntityDescription(
    key="test_sms", translation_key="test_sms", entity_category=EntityCategory.DIAGNOSTIC
)
RESTART: Final = ButtonEntityDescription(
    key="restart", device_class=ButtonDeviceClass.RESTART, entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons, also of gateways that come later."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities([RefreshButton(coordinator, REFRESH), SendTestButton(coordinator, TEST_SMS)])
    follow_gateways(
        entry,
        async_add_entities,
        (RESTART,),
        RestartButton,
        lambda _description, _gateway: Feature.RESTART in coordinator.data.features,
    )


class RefreshButton(HubEntity, ButtonEntity):
    """Asks for everything that is not pushed."""

    @override
    async def async_press(self) -> None:
        """Ask."""
        with errors_translated(self.hass, self.coordinator.config_entry):
            await self.coordinator.backend.refresh()


class SendTestButton(HubEntity, ButtonEntity):
    """Sends a test SMS to the first contact."""

    @override
    async def async_press(self) -> None:
        """Send it."""
        contact = next(iter(self.coordinator.contacts.contacts.values()), None)
        if contact is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_contact")
        text = f"Test message from {self.hass.config.location_name}"
        request = SendRequest(id=new_message_id(), recipients=(), text=text)
        recipients = self.coordinator.contacts.members_of(contact.subentry_id)
        raise_if_refused(await self.coordinator.async_send(recipients, request))


class RestartButton(GatewayEntity, ButtonEntity):
    """Restarts a gateway, above all one that is not available."""

    @property
    @override
    def available(self) -> bool:
        """Whether the bridge is there."""
        return self.coordinator.data.connected and self.gateway is not None

    @override
    async def async_press(self) -> None:
        """Restart it."""
        with errors_translated(self.hass, self.coordinator.config_entry):
            await self.coordinator.backend.restart_gateway(self._name)
