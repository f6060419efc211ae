"""What users see: devices, entities, their states, and that they go and return with what they show."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.sms_gateway.backend.model import Balance, Snapshot
from custom_components.sms_gateway.const import CONF_TEXTS_IN_ENTITIES, DOMAIN
from custom_components.sms_gateway.event import SmsEventEntity
from custom_components.sms_gateway.events import OtpEvent, OtpOutcome
from tests.component.bridge import Gateway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant, State
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

#: Entity id → category, device class, enabled.
EXPECTED: dict[str, tuple[EntityCategory | None, str | None, bool]] = {
    "binary_sensor.sms_bridge_connectivity": (EntityCategory.DIAGNOSTIC, "connectivity", True),
    "button.sms_bridge_refresh": (EntityCategory.DIAGNOSTIC, None, True),
    "button.sms_bridge_send_test_sms": (EntityCategory.DIAGNOSTIC, None, True),
    "event.sms_bridge_call": (None, None, True),
    "event.sms_bridge_delivery": (None, None, True),
    "event.sms_bridge_incoming_message": (None, None, True),
    "event.sms_bridge_one_time_password": (None, None, True),
    "sensor.sms_bridge_failed_today": (None, None, True),
    "sensor.sms_bridge_queue": (EntityCategory.DIAGNOSTIC, None, False),
    "sensor.sms_bridge_received_today": (None, None, True),
    "sensor.sms_bridge_sent_today": (None, None, True),
    "binary_sensor.stick_connectivity": (EntityCategory.DIAGNOSTIC, "connectivity", True),
    "button.stick_restart": (EntityCategory.CONFIG, "restart", True),
    "sensor.stick_operator": (EntityCategory.DIAGNOSTIC, None, True),
    "sensor.stick_registration": (EntityCategory.DIAGNOSTIC, "enum", True),
    "sensor.stick_signal_strength": (EntityCategory.DIAGNOSTIC, "signal_strength", True),
    "sensor.stick_sim_storage_used": (EntityCategory.DIAGNOSTIC, None, False),
    "sensor.stick_technology": (EntityCategory.DIAGNOSTIC, None, False),
    "notify.anna": (None, None, True),
    "notify.bert": (None, None, True),
    "notify.family": (None, None, True),
}


def shown(hass: HomeAssistant, entity_id: str) -> str:
    """State of an entity."""
    return state_of(hass, entity_id).state


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """State object of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: entity_id}, blocking=True)


async def test_the_entities_are_as_promised(
    entity_registry: er.EntityRegistry, loaded: MockConfigEntry
) -> None:
    entities = er.async_entries_for_config_entry(entity_registry, loaded.entry_id)
    assert {
        entity.entity_id: (
            entity.entity_category,
            entity.original_device_class,
            entity.disabled_by is None,
        )
        for entity in entities
    } == EXPECTED
    assert all(entity.has_entity_name for entity in entities)


@pytest.mark.usefixtures("loaded")
async def test_the_state_topics_are_shown(hass: HomeAssistant) -> None:
    assert {
        entity_id: shown(hass, entity_id)
        for entity_id in EXPECTED
        if entity_id.partition(".")[0] in {"sensor", "binary_sensor"} and EXPECTED[entity_id][2]
    } == {
        "binary_sensor.sms_bridge_connectivity": STATE_ON,
        "binary_sensor.stick_connectivity": STATE_ON,
        "sensor.sms_bridge_failed_today": "1",
        "sensor.sms_bridge_received_today": "2",
        "sensor.sms_bridge_sent_today": "3",
        "sensor.stick_operator": "Testnet",
        "sensor.stick_registration": "home",
        "sensor.stick_signal_strength": "-71",
    }


async def test_the_noisy_ones_can_be_enabled(
    hass: HomeAssistant,
    bridge: FakeBridge,
    entity_registry: er.EntityRegistry,
    loaded: MockConfigEntry,
) -> None:
    for entity_id in ("sensor.sms_bridge_queue", "sensor.stick_technology", "sensor.stick_sim_storage_used"):
        entity_registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(loaded.entry_id)
    bridge.retain("sms_gateway/bridge/main/health", {"queue": {"queued": 2, "scheduled": 1}})
    await bridge.settle()
    assert shown(hass, "sensor.sms_bridge_queue") == "3"
    assert shown(hass, "sensor.stick_technology") == "LTE"
    assert shown(hass, "sensor.stick_sim_storage_used") == "10"


@pytest.mark.usefixtures("loaded")
async def test_a_change_is_shown_at_once(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.show_gateway("stick", signal_dbm=-101, sent_today=4, registration="a new word")
    await bridge.settle()
    assert shown(hass, "sensor.stick_signal_strength") == "-101"
    assert shown(hass, "sensor.sms_bridge_sent_today") == "4"
    assert shown(hass, "sensor.stick_registration") == STATE_UNKNOWN


@pytest.mark.usefixtures("loaded")
async def test_readings_that_come_later_make_their_entities_then(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    assert hass.states.get("sensor.stick_battery") is None
    bridge.show_gateway("stick", battery=80, balance={"amount": "12.40", "currency": "EUR"})
    await bridge.settle()
    assert shown(hass, "sensor.stick_battery") == "80"
    balance = state_of(hass, "sensor.stick_balance")
    assert (balance.state, balance.attributes["unit_of_measurement"]) == ("12.40", "EUR")
    assert (balance.attributes["device_class"], balance.attributes["state_class"]) == ("monetary", "total")


@pytest.mark.usefixtures("loaded")
async def test_a_balance_in_messages_is_a_number(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.show_gateway("stick", balance={"amount": "250", "currency": None})
    await bridge.settle()
    balance = state_of(hass, "sensor.stick_balance")
    assert float(balance.state) == 250
    assert "device_class" not in balance.attributes
    assert balance.attributes["state_class"] == "measurement"


async def test_an_account_shows_its_own_balance(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    coordinator = loaded.runtime_data.coordinator
    coordinator.snapshot_changed(
        Snapshot(connected=True, balance=Balance(amount=Decimal("7.5"), currency="EUR"))
    )
    await hass.async_block_till_done()
    assert float(shown(hass, "sensor.sms_bridge_balance")) == 7.5


@pytest.mark.usefixtures("loaded")
async def test_entities_go_and_return_with_the_bridge_and_two_lines_say_so(
    hass: HomeAssistant, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.sms_gateway")
    bridge.go_offline()
    bridge.show_gateway("stick", signal_dbm=-72)
    await bridge.settle()
    for entity_id in ("sensor.sms_bridge_sent_today", "sensor.stick_operator", "button.stick_restart"):
        assert shown(hass, entity_id) == STATE_UNAVAILABLE
    assert shown(hass, "binary_sensor.sms_bridge_connectivity") == STATE_OFF
    assert shown(hass, "binary_sensor.stick_connectivity") == STATE_OFF
    assert shown(hass, "notify.anna") == STATE_UNKNOWN
    bridge.go_online()
    await bridge.settle()
    assert shown(hass, "sensor.stick_operator") == "Testnet"
    assert caplog.text.count("SMS bridge is not available") == 1
    assert caplog.text.count("SMS bridge is available again") == 1
    assert "The gateway" not in caplog.text


@pytest.mark.usefixtures("loaded")
async def test_entities_go_and_return_with_the_gateway_and_two_lines_say_so(
    hass: HomeAssistant, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.sms_gateway")
    bridge.gateways["stick"].online = False
    bridge.show_gateway("stick", state="offline")
    bridge.show_gateway("stick", detail="no port")
    await bridge.settle()
    assert shown(hass, "sensor.stick_operator") == STATE_UNAVAILABLE
    assert shown(hass, "binary_sensor.stick_connectivity") == STATE_OFF
    assert shown(hass, "sensor.sms_bridge_sent_today") == "3"
    assert shown(hass, "button.stick_restart") == STATE_UNKNOWN
    bridge.gateways["stick"].online = True
    bridge.show_gateway("stick", state="online")
    await bridge.settle()
    assert shown(hass, "sensor.stick_operator") == "Testnet"
    assert caplog.text.count("The gateway stick of SMS bridge is not available") == 1
    assert caplog.text.count("The gateway stick of SMS bridge is available again") == 1


@pytest.mark.usefixtures("loaded")
async def test_entities_go_and_return_with_the_connection_to_the_broker(
    hass: HomeAssistant, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.sms_gateway")
    bridge.disconnect()
    await bridge.settle()
    assert shown(hass, "sensor.sms_bridge_sent_today") == STATE_UNAVAILABLE
    bridge.connect()
    await bridge.settle()
    assert shown(hass, "sensor.sms_bridge_sent_today") == "3"
    assert caplog.text.count("is not available") == caplog.text.count("is available again") == 1


async def test_a_start_beside_a_running_bridge_says_nothing(
    bridge: FakeBridge,
    setup_entry: Callable[[], Awaitable[MockConfigEntry]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.sms_gateway")
    bridge.add_gateway("spare", Gateway(online=False))
    await setup_entry()
    assert "available" not in caplog.text


async def test_a_gateway_appears_and_disappears_with_the_bridge_s_word(
    hass: HomeAssistant, bridge: FakeBridge, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    bridge.add_gateway("phone", Gateway(kind="android"))
    await bridge.settle()
    assert shown(hass, "sensor.phone_operator") == "Testnet"
    bridge.remove_gateway("phone")
    await bridge.settle()
    assert hass.states.get("sensor.phone_operator") is None
    names = {device.name for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)}
    assert "phone" not in names
    bridge.add_gateway("phone", Gateway(kind="android"))
    await bridge.settle()
    assert shown(hass, "sensor.phone_operator") == "Testnet"


async def test_a_gateway_that_went_while_home_assistant_was_down_leaves_no_device(
    hass: HomeAssistant, bridge: FakeBridge, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    bridge.remove_gateway("stick")
    await hass.config_entries.async_setup(loaded.entry_id)
    await bridge.settle()
    names = {device.name for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)}
    assert names == {"SMS bridge", "Anna", "Bert", "Family"}


async def test_a_gateway_s_device_tells_model_and_firmware(
    bridge: FakeBridge, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    bridge.show_gateway("stick", firmware="2.0")
    await bridge.settle()
    identifier = (DOMAIN, f"{loaded.entry_id}_gateway_stick")
    device = device_registry.async_get_device_by_identifier(identifier, loaded.entry_id)
    assert device is not None
    assert (device.model, device.sw_version) == ("E3372", "2.0")


async def test_event_entities_show_messages_without_texts(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.incoming("secret", originator="Bank")
    bridge.delivery("m1", "failed", error={"code": "no_credit", "message": "…", "temporary": False})
    bridge.call("missed")
    await bridge.settle()
    incoming = state_of(hass, "event.sms_bridge_incoming_message").attributes
    assert (incoming["event_type"], incoming["originator"], incoming["length"]) == ("received", "Bank", 6)
    assert "secret" not in str(incoming)
    delivery = state_of(hass, "event.sms_bridge_delivery").attributes
    assert (delivery["event_type"], delivery["id"], delivery["error"]) == ("failed", "m1", "no_credit")
    assert delivery["contact"] == "Anna"
    call = state_of(hass, "event.sms_bridge_call").attributes
    assert (call["event_type"], call["contact"]) == ("missed", "Anna")


@pytest.mark.parametrize("options", [{CONF_TEXTS_IN_ENTITIES: True}])
@pytest.mark.usefixtures("loaded")
async def test_texts_are_shown_where_the_user_wants_them_and_never_recorded(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.incoming("secret")
    await bridge.settle()
    assert state_of(hass, "event.sms_bridge_incoming_message").attributes["text"] == "secret"
    assert "text" in SmsEventEntity._unrecorded_attributes


async def test_missed_messages_are_shown_as_late(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.incoming(live=False)
    bridge.incoming(live=False)
    bridge.go_offline()
    bridge.go_online()
    await bridge.settle()
    attributes = state_of(hass, "event.sms_bridge_incoming_message").attributes
    assert (attributes["id"], attributes["late"]) == ("in-2", True)


async def test_one_time_passwords_are_shown_without_the_code(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    loaded.runtime_data.coordinator.async_otp_happened(
        OtpEvent(
            otp_id="o1",
            outcome=OtpOutcome.VERIFIED,
            recipient="+491701234567",
            at=dt_util.utcnow(),
        )
    )
    attributes = state_of(hass, "event.sms_bridge_one_time_password").attributes
    assert (attributes["event_type"], attributes["otp_id"]) == ("verified", "o1")


@pytest.mark.usefixtures("loaded")
async def test_an_event_of_an_unknown_kind_is_not_shown(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.call("hung up")
    await bridge.settle()
    assert shown(hass, "event.sms_bridge_call") == STATE_UNKNOWN


@pytest.mark.usefixtures("loaded")
async def test_the_buttons_ask_the_bridge(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await press(hass, "button.sms_bridge_refresh")
    await press(hass, "button.stick_restart")
    assert bridge.requests[-2:] == [("health", {}), ("restart_gateway", {"gateway": "stick"})]
    await press(hass, "button.sms_bridge_send_test_sms")
    assert bridge.sent[0]["to"] == "+491701234567"


@pytest.mark.usefixtures("loaded")
async def test_updating_an_entity_asks_for_what_is_not_pushed(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    target = {ATTR_ENTITY_ID: "sensor.sms_bridge_sent_today"}
    await hass.services.async_call("homeassistant", "update_entity", target, blocking=True)
    await bridge.settle()
    assert bridge.requests[-1] == ("health", {})


async def test_a_refresh_that_fails_leaves_the_entities_as_they_are(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.answers["health"] = ("internal", "The store cannot be read.")
    with pytest.raises(HomeAssistantError, match="The store cannot be read"):
        await press(hass, "button.sms_bridge_refresh")
    await loaded.runtime_data.coordinator.async_refresh()
    await bridge.settle()
    assert shown(hass, "sensor.sms_bridge_sent_today") == "3"


@pytest.mark.usefixtures("loaded")
async def test_a_restart_that_the_bridge_does_not_allow_says_what_to_write(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.admin.remove("restart_gateway")
    with pytest.raises(HomeAssistantError, match="write under mqtt: admin"):
        await press(hass, "button.stick_restart")


async def test_where_gateways_cannot_be_restarted_there_is_no_button(
    hass: HomeAssistant, bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    bridge.admin.remove("restart_gateway")
    bridge.show_info()
    await setup_entry()
    assert hass.states.get("button.stick_restart") is None


@pytest.mark.parametrize("subentries", [[]])
@pytest.mark.usefixtures("loaded")
async def test_a_test_sms_needs_a_contact(hass: HomeAssistant) -> None:
    with pytest.raises(HomeAssistantError, match="no contact"):
        await press(hass, "button.sms_bridge_send_test_sms")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("sms_gateway/bridge/main/info", "no json"),
        ("sms_gateway/bridge/main/info", '{"api":1}'),
        ("sms_gateway/bridge/main/state", "offline?"),
        ("sms_gateway/gateway/stick/state", "[1]"),
    ],
)
@pytest.mark.usefixtures("loaded")
async def test_an_unreadable_state_topic_changes_nothing(
    hass: HomeAssistant, bridge: FakeBridge, topic: str, payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.fire(topic, payload)
    await bridge.settle()
    assert shown(hass, "sensor.sms_bridge_sent_today") == "3"
    assert topic in caplog.text


@pytest.mark.usefixtures("loaded")
async def test_a_balance_that_cannot_be_read_hides_no_gateway(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.show_gateway("stick", balance={"amount": "much"})
    await bridge.settle()
    assert shown(hass, "binary_sensor.stick_connectivity") == STATE_ON


@pytest.mark.usefixtures("loaded")
async def test_a_bridge_that_is_cleared_from_the_broker_is_gone(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    for topic in list(bridge.retained):
        bridge.retain(topic, "")
    await bridge.settle()
    assert shown(hass, "binary_sensor.sms_bridge_connectivity") == STATE_OFF
