"""Connectivity of the hub and of each gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory

from .entity import GatewayEntity, HubEntity, follow_gateways

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import SmsGatewayConfigEntry

PARALLEL_UPDATES = 0

CONNECTIVITY: Final = BinarySensorEntityDescription(
    key="connectivity",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors, also of gateways that come later."""
    async_add_entities([HubConnectivity(entry.runtime_data.coordinator, CONNECTIVITY)])
    follow_gateways(entry, async_add_entities, (CONNECTIVITY,), GatewayConnectivity)


class HubConnectivity(HubEntity, BinarySensorEntity):
    """Whether the backend can be reached; itself always available, to say so."""

    @property
    @override
    def available(self) -> bool:
        """Always."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the backend can be reached."""
        return self.coordinator.data.connected


class GatewayConnectivity(GatewayEntity, BinarySensorEntity):
    """Whether messages can go through this gateway; itself always available, to say so."""

    @property
    @override
    def available(self) -> bool:
        """Always."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether both the bridge and the gateway are there."""
        return self.reachable
