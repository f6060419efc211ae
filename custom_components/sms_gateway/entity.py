"""The entities' common ground: devices, unique ids, availability."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import SmsGatewayCoordinator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from homeassistant.config_entries import ConfigSubentry
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .backend.model import GatewayState
    from .coordinator import SmsGatewayConfigEntry


class HubEntity(CoordinatorEntity[SmsGatewayCoordinator]):
    """An entity of the bridge or account itself."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SmsGatewayCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={coordinator.hub_identifier})

    @property
    @override
    def available(self) -> bool:
        """Whether the backend can be reached."""
        return self.coordinator.data.connected


class GatewayEntity(CoordinatorEntity[SmsGatewayCoordinator]):
    """An entity of one gateway of the bridge."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: SmsGatewayCoordinator, gateway: GatewayState, description: EntityDescription
    ) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._name = gateway.name
        identifier = coordinator.gateway_identifier(gateway.name)
        self._attr_unique_id = f"{identifier[1]}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={identifier})

    @property
    def gateway(self) -> GatewayState | None:
        """The gateway's present state, ``None`` once the bridge has it no more."""
        return self.coordinator.data.gateways.get(self._name)

    @property
    def reachable(self) -> bool:
        """Whether both the bridge and the gateway are there."""
        gateway = self.gateway
        return self.coordinator.data.connected and gateway is not None and gateway.available

    @property
    @override
    def available(self) -> bool:
        """Whether both the bridge and the gateway are there."""
        return self.reachable


class SubentryEntity(Entity):
    """An entity of a contact or group."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, coordinator: SmsGatewayCoordinator, subentry: ConfigSubentry, description: EntityDescription
    ) -> None:
        self.coordinator = coordinator
        self.subentry = subentry
        self.entity_description = description
        identifier = f"{coordinator.config_entry.entry_id}_{subentry.subentry_id}"
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, identifier)},
            name=subentry.title,
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=coordinator.hub_device_id,
        )


@callback
def follow_gateways[DescriptionT: EntityDescription](
    entry: SmsGatewayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[DescriptionT],
    make: Callable[[SmsGatewayCoordinator, GatewayState, DescriptionT], GatewayEntity],
    exists: Callable[[DescriptionT, GatewayState], bool] = lambda _description, _gateway: True,
) -> None:
    """Add the entities of every gateway that there is or that comes, each when ``exists`` first says so."""
    coordinator = entry.runtime_data.coordinator
    added: set[tuple[str, str]] = set()

    @callback
    def look() -> None:
        gateways = coordinator.data.gateways
        added.difference_update({pair for pair in added if pair[0] not in gateways})
        fresh = [
            (gateway, description)
            for gateway in gateways.values()
            for description in descriptions
            if (gateway.name, description.key) not in added and exists(description, gateway)
        ]
        added.update((gateway.name, description.key) for gateway, description in fresh)
        if fresh:
            async_add_entities([make(coordinator, *item) for item in fresh])

    entry.async_on_unload(coordinator.async_add_listener(look))
    look()
