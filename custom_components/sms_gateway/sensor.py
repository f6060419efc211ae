"""Sensors of the hub and of each gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, SIGNAL_STRENGTH_DECIBELS_MILLIWATT, EntityCategory
from homeassistant.core import callback

from .backend.model import PHONE
from .entity import GatewayEntity, HubEntity, follow_gateways

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .backend.model import Balance, GatewayState, Snapshot
    from .coordinator import SmsGatewayConfigEntry

PARALLEL_UPDATES = 0

#: MQTT contract, section 4.
_REGISTRATIONS: Final = ("home", "roaming", "searching", "denied")

type Value = str | int | Decimal | datetime | None


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor of the hub; ``value`` reads it."""

    value: Callable[[Snapshot], Value]


@dataclass(frozen=True, kw_only=True)
class GatewaySensorDescription(SensorEntityDescription):
    """A sensor of a gateway; it exists once ``value`` has read something.

    ``always`` keeps it available while the gateway is not.
    """

    value: Callable[[GatewayState], Value]
    always: bool = False


def _storage_percent(gateway: GatewayState) -> int | None:
    if gateway.storage_used is None or not gateway.storage_total:
        return None
    return round(100 * gateway.storage_used / gateway.storage_total)


HUB_SENSORS: Final = (
    HubSensorDescription(
        key="sent_today",
        translation_key="sent_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda snapshot: snapshot.sent_today,
    ),
    HubSensorDescription(
        key="failed_today",
        translation_key="failed_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda snapshot: snapshot.failed_today,
    ),
    HubSensorDescription(
        key="received_today",
        translation_key="received_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda snapshot: snapshot.received_today,
    ),
    HubSensorDescription(
        key="queue",
        translation_key="queue",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda snapshot: snapshot.queue,
    ),
)

GATEWAY_SENSORS: Final = (
    GatewaySensorDescription(
        key="signal",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.signal_dbm,
    ),
    GatewaySensorDescription(
        key="operator",
        translation_key="operator",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.operator,
    ),
    GatewaySensorDescription(
        key="registration",
        translation_key="registration",
        device_class=SensorDeviceClass.ENUM,
        options=list(_REGISTRATIONS),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.registration if gateway.registration in _REGISTRATIONS else None,
    ),
    GatewaySensorDescription(
        key="technology",
        translation_key="technology",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda gateway: gateway.technology,
    ),
    GatewaySensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.battery,
    ),
    GatewaySensorDescription(
        key="sim_storage",
        translation_key="sim_storage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=_storage_percent,
    ),
    GatewaySensorDescription(
        key="last_seen",
        translation_key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.last_seen,
        always=True,
    ),
    GatewaySensorDescription(
        key="sims",
        translation_key="sims",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda gateway: gateway.sims,
    ),
    GatewaySensorDescription(
        key="app_version",
        translation_key="app_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda gateway: gateway.firmware if gateway.kind == PHONE else None,
    ),
)

BALANCE: Final = SensorEntityDescription(
    key="balance", translation_key="balance", suggested_display_precision=2
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors, also of gateways that come later."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(HubSensor(coordinator, description) for description in HUB_SENSORS)
    follow_gateways(
        entry,
        async_add_entities,
        GATEWAY_SENSORS,
        GatewaySensor,
        lambda description, gateway: description.value(gateway) is not None,
    )
    follow_gateways(
        entry,
        async_add_entities,
        (BALANCE,),
        GatewayBalanceSensor,
        lambda _description, gateway: gateway.balance is not None,
    )
    _follow_balance(entry, async_add_entities)


@callback
def _follow_balance(entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the account's balance when the backend first tells one."""
    coordinator = entry.runtime_data.coordinator
    added = False

    @callback
    def look() -> None:
        nonlocal added
        if not added and coordinator.data.balance is not None:
            added = True
            async_add_entities([HubBalanceSensor(coordinator, BALANCE)])

    entry.async_on_unload(coordinator.async_add_listener(look))
    look()


class HubSensor(HubEntity, SensorEntity):
    """A number over all gateways."""

    entity_description: HubSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """The present value."""
        return self.entity_description.value(self.coordinator.data)


class GatewaySensor(GatewayEntity, SensorEntity):
    """A reading of one gateway."""

    entity_description: GatewaySensorDescription

    @property
    @override
    def available(self) -> bool:
        """Whether the reading is one of the present."""
        if self.entity_description.always:
            return self.coordinator.data.connected and self.gateway is not None
        return super().available

    @property
    @override
    def native_value(self) -> Value:
        """The present value."""
        gateway = self.gateway
        return None if gateway is None else self.entity_description.value(gateway)


class _BalanceSensor(SensorEntity):
    """Money in its currency, or a number of messages."""

    @property
    def balance(self) -> Balance | None:
        """The present balance."""
        raise NotImplementedError

    @property
    @override
    def native_value(self) -> Value:
        """The amount."""
        return None if self.balance is None else self.balance.amount

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The currency (ISO 4217)."""
        return None if self.balance is None else self.balance.currency

    @property
    @override
    def device_class(self) -> SensorDeviceClass | None:
        """Monetary, unless messages are counted."""
        return SensorDeviceClass.MONETARY if self.native_unit_of_measurement else None

    @property
    @override
    def state_class(self) -> SensorStateClass:
        """Money allows a total only."""
        return SensorStateClass.TOTAL if self.native_unit_of_measurement else SensorStateClass.MEASUREMENT


class HubBalanceSensor(HubEntity, _BalanceSensor):
    """The account's balance."""

    @property
    @override
    def balance(self) -> Balance | None:
        """The present balance."""
        return self.coordinator.data.balance


class GatewayBalanceSensor(GatewayEntity, _BalanceSensor):
    """The balance of one gateway's SIM or account."""

    @property
    @override
    def balance(self) -> Balance | None:
        """The present balance."""
        return None if self.gateway is None else self.gateway.balance
