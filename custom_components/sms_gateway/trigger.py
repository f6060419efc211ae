"""Automation triggers. Nothing else depends on this file: Home Assistant's interface for triggers may still change."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, override

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_OPTIONS
from homeassistant.core import callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import Trigger
from homeassistant.util import dt as dt_util

from .backend.model import CallEvent, DeliveryEvent, IncomingEvent
from .coordinator import async_listen
from .events import (
    OtpEvent,
    OtpOutcome,
    call_data,
    delivery_data,
    happened_at,
    incoming_data,
    otp_data,
)
from .sms_providers.model import State

if TYPE_CHECKING:
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant
    from homeassistant.helpers.trigger import (
        TriggerActionRunner,
        TriggerConfig,
        TriggerNotTriggeredReporter,
    )
    from homeassistant.helpers.typing import ConfigType

    from .coordinator import SmsGatewayCoordinator
    from .events import Happening

CONF_GATEWAY: Final = "gateway"
CONF_FROM: Final = "from"
CONF_CONTAINS: Final = "contains"
CONF_MATCHES: Final = "matches"
CONF_STATE: Final = "state"
CONF_ID: Final = "id"
CONF_EVENT: Final = "event"
CONF_OUTCOME: Final = "outcome"
CONF_PURPOSE: Final = "purpose"
CONF_MAX_AGE: Final = "max_age"
CONF_INCLUDE_LATE: Final = "include_late"

_NAMES: Final = vol.All(cv.ensure_list_csv, [cv.string])
_ENTRY: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_LATE: Final = {
    vol.Optional(CONF_MAX_AGE): vol.All(cv.time_period, vol.Range(min=timedelta(seconds=1))),
    vol.Optional(CONF_INCLUDE_LATE, default=False): cv.boolean,
}
_MATCHED: Final = {vol.Optional(CONF_GATEWAY): _NAMES, vol.Optional(CONF_FROM): _NAMES}


class _HappeningTrigger(Trigger):
    """A trigger on one kind of event. Subclasses say which, and what the automation is told."""

    _fields: ClassVar[dict[Any, Any]]

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """See :class:`Trigger`."""
        schema = vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): vol.Schema(cls._fields)})
        return cast("ConfigType", schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._options: dict[str, Any] = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """See :class:`Trigger`."""

        @callback
        def happened(coordinator: SmsGatewayCoordinator, event: Happening) -> None:
            entry = coordinator.config_entry
            if self._options.get(ATTR_CONFIG_ENTRY_ID, entry.entry_id) != entry.entry_id:
                return
            if self._is_too_late(coordinator, event):
                return
            told = self._told(coordinator, event)
            if told is not None:
                # trigger.id is the name that the automation gives its trigger.
                told = {"message_id" if key == "id" else key: value for key, value in told.items()}
                run_action({ATTR_CONFIG_ENTRY_ID: entry.entry_id, **told}, f"event of {entry.title}")

        return async_listen(self._hass, happened)

    def _told(self, coordinator: SmsGatewayCoordinator, event: Happening) -> dict[str, Any] | None:
        """What the automation is told of an event, ``None`` if it is not for it."""
        raise NotImplementedError

    def _is_too_late(self, coordinator: SmsGatewayCoordinator, event: Happening) -> bool:
        if self._options.get(CONF_INCLUDE_LATE, True):
            return False
        max_age: timedelta = self._options.get(CONF_MAX_AGE, coordinator.max_age)
        return dt_util.utcnow() - happened_at(event) > max_age

    def _wants(self, option: str, value: str | None) -> bool:
        return option not in self._options or value in self._options[option]

    def _is_from(self, coordinator: SmsGatewayCoordinator, event: IncomingEvent | CallEvent) -> bool:
        return self._wants(CONF_GATEWAY, event.gateway) and (
            CONF_FROM not in self._options
            or coordinator.contacts.includes(self._options[CONF_FROM], event.originator)
        )


class MessageReceived(_HappeningTrigger):
    """A message was received; the automation gets its text and what the regular expression found."""

    _fields: ClassVar = {
        **_ENTRY,
        **_MATCHED,
        vol.Optional(CONF_CONTAINS): cv.string,
        vol.Optional(CONF_MATCHES): cv.is_regex,
        **_LATE,
    }

    @override
    def _told(self, coordinator: SmsGatewayCoordinator, event: Happening) -> dict[str, Any] | None:
        if not isinstance(event, IncomingEvent) or not self._is_from(coordinator, event):
            return None
        text = event.text or ""
        if self._options.get(CONF_CONTAINS, "").casefold() not in text.casefold():
            return None
        found = self._options[CONF_MATCHES].search(text) if CONF_MATCHES in self._options else None
        if CONF_MATCHES in self._options and found is None:
            return None
        return {
            **incoming_data(event, coordinator.contacts, with_text=True),
            "groups": [] if found is None else list(found.groups()),
            "named_groups": {} if found is None else found.groupdict(),
        }


class CallReceived(_HappeningTrigger):
    """Somebody calls, or has called in vain."""

    _fields: ClassVar = {
        **_ENTRY,
        **_MATCHED,
        vol.Optional(CONF_EVENT, default=["ringing"]): vol.All(
            cv.ensure_list, [vol.In(["ringing", "missed"])]
        ),
        **_LATE,
    }

    @override
    def _told(self, coordinator: SmsGatewayCoordinator, event: Happening) -> dict[str, Any] | None:
        if not isinstance(event, CallEvent) or not self._wants(CONF_EVENT, event.event):
            return None
        if not self._is_from(coordinator, event):
            return None
        return {**call_data(event, coordinator.contacts), "event": event.event}


class DeliveryChanged(_HappeningTrigger):
    """A sent message has another state."""

    _fields: ClassVar = {
        **_ENTRY,
        vol.Optional(CONF_STATE): vol.All(cv.ensure_list, [vol.In([state.value for state in State])]),
        vol.Optional(CONF_ID): vol.All(cv.ensure_list, [cv.string]),
        **_LATE,
    }

    @override
    def _told(self, coordinator: SmsGatewayCoordinator, event: Happening) -> dict[str, Any] | None:
        if not isinstance(event, DeliveryEvent):
            return None
        told = delivery_data(event, coordinator.contacts)
        wanted = self._wants(CONF_STATE, told["state"]) and self._wants(CONF_ID, told["id"])
        return told if wanted else None


class OtpHappened(_HappeningTrigger):
    """Something became of a one-time password."""

    _fields: ClassVar = {
        **_ENTRY,
        vol.Optional(CONF_OUTCOME): vol.All(
            cv.ensure_list, [vol.In([outcome.value for outcome in OtpOutcome])]
        ),
        vol.Optional(CONF_PURPOSE): cv.string,
    }

    @override
    def _told(self, coordinator: SmsGatewayCoordinator, event: Happening) -> dict[str, Any] | None:
        if not isinstance(event, OtpEvent) or not self._wants(CONF_OUTCOME, event.outcome):
            return None
        if self._options.get(CONF_PURPOSE, event.purpose) != event.purpose:
            return None
        return {**otp_data(event, coordinator.contacts), "outcome": event.outcome.value}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration by name."""
    return {
        "message_received": MessageReceived,
        "call_received": CallReceived,
        "delivery_changed": DeliveryChanged,
        "otp": OtpHappened,
    }
