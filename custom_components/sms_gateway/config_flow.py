"""Set-up of bridges and accounts. Bridges are found through MQTT or named by hand; all are asked before being saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector

from .account_flow import AccountFlow
from .backend import BackendError, NotConnectedError
from .backend.finder import BridgeNotFoundError, find_bridge
from .backend.payloads import MalformedError, decode_object
from .backend.requests import is_connected
from .const import (
    BRIDGE_API,
    CONF_BASE_TOPIC,
    CONF_INSTANCE,
    CONF_KIND,
    DEFAULT_BASE_TOPIC,
    DOMAIN,
    EntryKind,
    SubentryKind,
)
from .options_flow import SmsGatewayOptionsFlow
from .subentry_flow import ContactFlow, GroupFlow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import (
        ConfigEntry,
        ConfigFlow,
        ConfigFlowResult,
        ConfigSubentryFlow,
        OptionsFlow,
    )
    from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

    from .backend.finder import FoundBridge

#: What can be set up; each has a step of its name.
KINDS: Final[list[str]] = list(EntryKind)

_BRIDGE_SCHEMA: Final = vol.Schema({vol.Required(CONF_BASE_TOPIC): TextSelector()})


class SmsGatewayConfigFlow(AccountFlow, domain=DOMAIN):
    """Makes and changes config entries.

    A bridge's unique id is its base topic: Home Assistant has one broker, and one base topic has one store (MQTT
    contract), so this names what an entry talks to for as long as it exists. The epoch would not do, as it changes
    with a fresh store, nor the instance, of which several may share a store: both would make a second entry for the
    same messages.
    """

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._base_topic = DEFAULT_BASE_TOPIC
        self._instance: str | None = None
        self._placeholders: dict[str, str] = {}

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        return {SubentryKind.CONTACT: ContactFlow, SubentryKind.GROUP: GroupFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        return SmsGatewayOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to set up."""
        return self.async_show_menu(step_id="user", menu_options=KINDS)

    async def async_step_bridge(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name a bridge by its base topic."""
        if not _mqtt_is_set_up(self):
            return self.async_abort(reason="mqtt_not_configured")
        errors: dict[str, str] = {}
        if user_input is not None:
            base_topic = _tidy(user_input[CONF_BASE_TOPIC])
            # A bridge that is also offered as discovered may be set up either way.
            await self.async_set_unique_id(base_topic, raise_on_progress=False)
            self._abort_if_unique_id_configured()
            if bridge := await self._find(base_topic, None, errors):
                return self._create(base_topic, bridge)
        return self._show("bridge", user_input or {CONF_BASE_TOPIC: DEFAULT_BASE_TOPIC}, errors)

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """A bridge has announced itself (MQTT contract, section 6)."""
        try:
            announced = decode_object(discovery_info.payload)
        except MalformedError:
            return self.async_abort(reason="invalid_discovery_info")
        base_topic, instance = announced.get("base_topic"), announced.get("instance")
        if not (isinstance(base_topic, str) and isinstance(instance, str)) or _is_no_topic(base_topic):
            return self.async_abort(reason="invalid_discovery_info")
        if entry := await self.async_set_unique_id(base_topic):
            await self._follow(entry, instance)
            return self.async_abort(reason="already_configured")
        self._base_topic, self._instance = base_topic, instance
        self.context["title_placeholders"] = {"name": _title(base_topic)}
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask before a discovered bridge is set up."""
        errors: dict[str, str] = {}
        if user_input is not None and (bridge := await self._find(self._base_topic, self._instance, errors)):
            return self._create(self._base_topic, bridge)
        return self.async_show_form(
            step_id="confirm",
            errors=errors,
            description_placeholders={
                "base_topic": self._base_topic,
                "instance": str(self._instance),
                **self._placeholders,
            },
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change an account, follow a bridge to another base topic, or look anew for its instance."""
        entry = self._get_reconfigure_entry()
        if entry.data[CONF_KIND] != EntryKind.BRIDGE:
            step: ConfigFlowResult = await getattr(self, f"async_step_{entry.data[CONF_KIND]}")()
            return step
        errors: dict[str, str] = {}
        if user_input is not None:
            base_topic = _tidy(user_input[CONF_BASE_TOPIC])
            if await self.async_set_unique_id(base_topic, raise_on_progress=False) not in {None, entry}:
                return self.async_abort(reason="already_configured")
            if bridge := await self._find(base_topic, None, errors):
                named_by_us = entry.title == _title(entry.data[CONF_BASE_TOPIC])
                return self.async_update_and_abort(
                    entry,
                    unique_id=base_topic,
                    title=_title(base_topic) if named_by_us else entry.title,
                    data_updates={CONF_BASE_TOPIC: base_topic, CONF_INSTANCE: bridge.instance},
                )
        return self._show("reconfigure", user_input or entry.data, errors)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Offer the first contact: without one there is nobody to send to."""
        subentry = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SubentryKind.CONTACT),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, subentry["flow_id"])
        return result

    async def _find(
        self, base_topic: str, instance: str | None, errors: dict[str, str]
    ) -> FoundBridge | None:
        """Return a bridge that answers and speaks our interface; else say in ``errors`` what is wrong."""
        if _is_no_topic(base_topic):
            errors[CONF_BASE_TOPIC] = "invalid_topic"
            return None
        try:
            bridge = await find_bridge(self.hass, base_topic, instance)
        except NotConnectedError:
            errors["base"] = "mqtt_not_connected"
        except BridgeNotFoundError:
            errors["base"] = "bridge_not_found"
        except BackendError:
            errors["base"] = "bridge_silent"
        else:
            if bridge.api == BRIDGE_API:
                return bridge
            errors["base"] = "bridge_too_new" if bridge.api > BRIDGE_API else "bridge_too_old"
            self._placeholders = {"version": bridge.version}
        return None

    async def _follow(self, entry: ConfigEntry, instance: str) -> None:
        """Follow a bridge whose instance got another name.

        An old announcement may still be on the broker, so the entry changes only where its own instance is gone and the
        announced one answers.
        """
        if instance == entry.data[CONF_INSTANCE]:
            return
        if entry.state is ConfigEntryState.LOADED and entry.runtime_data.coordinator.data.connected:
            return
        if await self._find(entry.data[CONF_BASE_TOPIC], instance, {}):
            self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_INSTANCE: instance})

    def _create(self, base_topic: str, bridge: FoundBridge) -> ConfigFlowResult:
        return self.async_create_entry(
            title=_title(base_topic),
            data={
                CONF_KIND: EntryKind.BRIDGE,
                CONF_BASE_TOPIC: base_topic,
                CONF_INSTANCE: bridge.instance,
            },
        )

    def _show(self, step: str, values: Mapping[str, Any], errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(_BRIDGE_SCHEMA, values),
            errors=errors,
            description_placeholders=self._placeholders,
        )


def _mqtt_is_set_up(flow: ConfigFlow) -> bool:
    return is_connected(flow.hass) or bool(flow.hass.config_entries.async_entries(mqtt.DOMAIN))


def _tidy(topic: str) -> str:
    """A topic without the blanks and slashes around it that people copy along."""
    return topic.strip().strip("/")


def _is_no_topic(topic: str) -> bool:
    """Whether nothing can be published below ``topic`` (MQTT 5 clause 4.7)."""
    try:
        mqtt.valid_publish_topic(topic)
    except vol.Invalid:
        return True
    return False


def _title(base_topic: str) -> str:
    """The name of a bridge; its base topic is said where it is not the usual one."""
    return "SMS bridge" if base_topic == DEFAULT_BASE_TOPIC else f"SMS bridge {base_topic}"
