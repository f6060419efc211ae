"""Set-up, unloading, removal: nothing is left behind, and the bridge knows who shows its entities."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.sms_gateway import async_remove_config_entry_device
from custom_components.sms_gateway.const import CONF_TEXTS_IN_ENTITIES, DOMAIN, EVENT_RECEIVED
from tests.component.bridge import BASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import entity_registry as er
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge


def listeners(hass: HomeAssistant) -> dict[str, int]:
    """How many listen to each event, but for the stores, which do while a write is pending."""
    return {
        str(name): count
        for name, count in hass.bus.async_listeners().items()
        if name != EVENT_HOMEASSISTANT_FINAL_WRITE
    }


async def test_an_entry_is_set_up_and_unloaded(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert loaded.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(loaded.entry_id)
    assert hass.config_entries.async_loaded_entries(DOMAIN) == []


async def test_unloading_and_reloading_leave_no_task_no_subscription_and_no_listener(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    client = bridge.mqtt_mock.return_value
    await hass.config_entries.async_reload(loaded.entry_id)
    await bridge.settle()
    subscribed, listening = len(client.subscriptions), listeners(hass)
    await hass.config_entries.async_reload(loaded.entry_id)
    await bridge.settle()
    assert (len(client.subscriptions), listeners(hass)) == (subscribed, listening)

    await hass.config_entries.async_unload(loaded.entry_id)
    await bridge.settle()
    assert [item.topic for item in client.subscriptions if item.topic.startswith(f"{BASE}/")] == []
    assert hass._background_tasks == set()


async def test_without_mqtt_the_set_up_is_tried_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.state, entry.error_reason_translation_key) == (
        ConfigEntryState.SETUP_RETRY,
        "not_connected",
    )


async def test_the_bridge_is_asked_to_withdraw_its_own_entities(
    bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    assert ("discovery", {"enabled": False}) in bridge.requests


async def test_a_bridge_that_comes_later_is_asked_then(
    bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    bridge.go_offline()
    await setup_entry()
    assert bridge.requests == []
    bridge.go_online()
    await bridge.settle()
    assert ("discovery", {"enabled": False}) in bridge.requests


async def test_a_bridge_that_does_not_allow_it_keeps_its_entities_and_works(
    bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    bridge.admin.remove("discovery")
    entry = await setup_entry()
    assert entry.runtime_data.coordinator.data.connected


async def test_removing_the_entry_gives_the_entities_back_and_forgets_the_position(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    bridge.incoming()
    await bridge.settle()
    await hass.config_entries.async_remove(loaded.entry_id)
    await bridge.settle()
    assert bridge.requests[-1] == ("discovery", {"enabled": True})
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def test_an_entry_can_be_removed_while_mqtt_is_away(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    for mqtt_entry in hass.config_entries.async_entries("mqtt"):
        await hass.config_entries.async_remove(mqtt_entry.entry_id)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_options_take_effect_at_once(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={CONF_TEXTS_IN_ENTITIES: True})
    await bridge.settle()
    bridge.incoming("shown")
    await bridge.settle()
    state = hass.states.get("event.sms_bridge_incoming_message")
    assert state is not None
    assert state.attributes["text"] == "shown"


async def test_what_comes_while_home_assistant_starts_waits_for_the_automations(
    hass: HomeAssistant, bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    heard: list[str] = []
    hass.bus.async_listen(EVENT_RECEIVED, lambda event: heard.append(event.data["id"]))
    hass.set_state(CoreState.starting)
    await setup_entry()
    bridge.incoming()
    await bridge.settle()
    assert heard == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await bridge.settle()
    assert heard == ["in-1"]


async def test_nothing_is_passed_on_while_home_assistant_stops_and_nothing_is_lost(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    heard: list[str] = []
    hass.bus.async_listen(EVENT_RECEIVED, lambda event: heard.append(event.data["id"]))
    bridge.incoming()
    await bridge.settle()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await bridge.settle()
    bridge.incoming()
    await bridge.settle()
    assert heard == ["in-1"]
    assert hass_storage[f"{DOMAIN}.events.{loaded.entry_id}"]["data"]["seq"] == 1


async def test_devices_belong_to_the_entry_and_to_at_most_one_subentry(
    device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    devices = dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    hub = device_registry.async_get_device_by_identifier((DOMAIN, loaded.entry_id), loaded.entry_id)
    assert hub is not None
    assert hub.sw_version == "0.1.0"
    assert {device.name: device.via_device_id for device in devices} == {
        "SMS bridge": None,
        "stick": hub.id,
        "Anna": hub.id,
        "Bert": hub.id,
        "Family": hub.id,
    }
    by_subentry = {device.name: device.config_subentry_id for device in devices}
    assert by_subentry["SMS bridge"] is by_subentry["stick"] is None
    assert len({by_subentry[name] for name in ("Anna", "Bert", "Family")} - {None}) == 3


async def test_a_removed_subentry_takes_its_device_with_it(
    hass: HomeAssistant, bridge: FakeBridge, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(loaded, next(iter(loaded.subentries)))
    await bridge.settle()
    devices = dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    assert {device.name for device in devices} == {"SMS bridge", "stick", "Bert", "Family"}


async def test_only_devices_without_a_source_can_be_deleted_by_hand(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    stale = device_registry.async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, f"{loaded.entry_id}_old")}
    )
    for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id):
        removable = await async_remove_config_entry_device(hass, loaded, device)
        assert removable is (device.id == stale.id)


@pytest.mark.usefixtures("loaded")
async def test_no_unique_id_holds_a_number(entity_registry: er.EntityRegistry) -> None:
    assert [
        entity.entity_id for entity in entity_registry.entities.values() if "49170" in entity.unique_id
    ] == []


async def test_topics_that_cannot_be_subscribed_to_are_tried_again(
    hass: HomeAssistant, bridge: FakeBridge, entry: MockConfigEntry
) -> None:
    with patch(
        "homeassistant.components.mqtt.async_subscribe", side_effect=HomeAssistantError("not enabled")
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_subscription_that_nobody_confirms_is_trusted_after_a_while(
    hass: HomeAssistant, bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    with patch("homeassistant.components.mqtt.async_on_subscribe_done", return_value=lambda: None):
        await setup_entry()
    assert bridge.requests == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await bridge.settle()
    assert [command for command, _ in bridge.requests] == ["events", "discovery"]
