"""Event entities: received messages, changes of sent ones, calls, one-time passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from .backend.model import CallEvent, DeliveryEvent, IncomingEvent
from .entity import HubEntity
from .events import OtpEvent, OtpOutcome, call_data, delivery_data, incoming_data, otp_data
from .sms_providers.model import State

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .coordinator import SmsGatewayConfigEntry
    from .events import Happening

PARALLEL_UPDATES = 0

_RECEIVED: Final = "received"

INCOMING: Final = EventEntityDescription(key="incoming", translation_key="incoming", event_types=[_RECEIVED])
DELIVERY: Final = EventEntityDescription(
    key="delivery", translation_key="delivery", event_types=[state.value for state in State]
)
CALL: Final = EventEntityDescription(key="call", translation_key="call", event_types=["ringing", "missed"])
OTP: Final = EventEntityDescription(
    key="otp", translation_key="otp", event_types=[outcome.value for outcome in OtpOutcome]
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the entities."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        SmsEventEntity(coordinator, description) for description in (INCOMING, DELIVERY, CALL, OTP)
    )


class SmsEventEntity(HubEntity, EventEntity):
    """Shows the last event of one sort; the text, if at all, is kept out of the database."""

    _unrecorded_attributes = frozenset({"text"})

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to listen."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_event_listener(self._happened))

    @callback
    def _happened(self, event: Happening) -> None:
        found = self._shown(event)
        if found is not None and found[0] in self.event_types:
            self._trigger_event(*found)
            self.async_write_ha_state()

    def _shown(self, event: Happening) -> tuple[str, dict[str, Any]] | None:
        """Type and attributes of an event that belongs here."""
        book, wanted = self.coordinator.contacts, self.entity_description.key
        match event:
            case IncomingEvent() if wanted == INCOMING.key:
                return _RECEIVED, incoming_data(event, book, with_text=self.coordinator.texts_shown)
            case DeliveryEvent() if wanted == DELIVERY.key:
                data = delivery_data(event, book)
                return data["state"], data
            case CallEvent() if wanted == CALL.key:
                return event.event, call_data(event, book)
            case OtpEvent() if wanted == OTP.key:
                return event.outcome.value, otp_data(event, book)
        return None
