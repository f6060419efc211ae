"""The bridge's own MQTT discovery in a real Home Assistant: its MQTT integration is fed what the bridge publishes.

The custom component takes no part in this: a bridge is of use in Home Assistant without it.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from homeassistant.components import mqtt
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

from sms_bridge.mqtt.devices import Devices, GatewayTraits
from sms_bridge.mqtt.discovery import Discovery
from sms_bridge.mqtt.messages import Received
from sms_bridge.mqtt.payloads import parse_send
from sms_bridge.mqtt.settings import DEFAULT_ADMIN, HomeAssistantSettings
from sms_bridge.mqtt.topics import Topics
from sms_bridge.mqtt.values import encode_json
from sms_bridge.routing.command import Command, Reply
from sms_bridge.routing.engine import Routing
from sms_bridge.routing.link import CallEvent, InboundSegment, LinkState, LinkStatus
from sms_bridge.routing.settings import Limits, RoutingSettings
from sms_bridge.store import open_store
from sms_providers.model import Capability, InboundMessage
from tests.bridge.administration.conftest import Gateway, read_send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from homeassistant.core import HomeAssistant, State
    from pytest_homeassistant_custom_component.typing import MqttMockHAClient

    from sms_bridge.mqtt.messages import Publication

GUIDE = Path(__file__).parents[2] / "docs" / "mqtt-api.md"
TEXT = 'The "code" of the door is 1234 <b>'
STATUS = LinkStatus(
    state=LinkState.ONLINE,
    registration="home",
    operator="Testnet",
    signal_dbm=-71,
    technology="LTE",
    firmware="22.1",
    model="E3372",
    number="+4915112345678",
    imei="490154203237518",
    storage_used=12,
    storage_total=50,
)


@dataclass
class Bridge:
    """The parts of a real bridge that decide what is published; Home Assistant hears it as from a broker."""

    hass: HomeAssistant
    routing: Routing
    discovery: Discovery
    link: Gateway
    topics: Topics
    held: dict[str, bytes] = field(default_factory=dict)
    seen: int = 0

    def publish(self, publication: Publication) -> asyncio.Future[None]:
        """Publish as the session does, acknowledged at once; a subscriber gets what is live without the retain flag."""
        self.held[publication.topic] = publication.payload
        async_fire_mqtt_message(self.hass, publication.topic, publication.payload.decode(), 1)
        done = self.hass.loop.create_future()
        done.set_result(None)
        return done

    async def show(self) -> None:
        """Show the bridge and its gateways (retained), as after a connection."""
        await self.hass.async_block_till_done()
        topics, board = self.topics, self.routing.board
        gateway = await board.gateway("stick")
        self.discovery.gateway_shown("stick", gateway)
        await self.settled()
        states = {
            topics.state: b'{"state":"online"}',
            topics.info: encode_json({"version": "1.2.3"}),
            topics.health: encode_json({**await board.health(), "broker_reconnects": 0}),
            topics.gateway_state("stick"): encode_json(gateway),
            topics.gateway_availability("stick"): b"online" if board.is_online("stick") else b"offline",
        }
        for topic, payload in states.items():
            async_fire_mqtt_message(self.hass, topic, payload.decode(), 1)
        await self.hass.async_block_till_done()

    async def settled(self) -> None:
        async with asyncio.timeout(10):
            await self.discovery._settled.wait()
        await self.hass.async_block_till_done()

    async def tell(self) -> list[dict[str, Any]]:
        """Publish the events that have come up since, and return them."""
        events = await self.routing.publication.unpublished(self.seen, 100)
        for event in events:
            async_fire_mqtt_message(self.hass, self.topics.event(event.kind), event.payload, 1)
        await self.hass.async_block_till_done()
        self.seen = events[-1].seq
        return [json.loads(event.payload) for event in events]

    def say(self, topic: str, payload: str) -> None:
        async_fire_mqtt_message(self.hass, topic, payload, 1)


@pytest.fixture
def mqtt_config_entry_options() -> dict[str, Any]:
    """Home Assistant's MQTT integration with its discovery on."""
    return {mqtt.CONF_BIRTH_MESSAGE: {}, mqtt.CONF_DISCOVERY: True}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's MQTT client leaves timers of its own behind."""
    return True


@pytest.fixture
async def bridge(
    hass: HomeAssistant,
    mqtt_mock: MqttMockHAClient,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Bridge]:
    """A bridge with one modem, online and shown; Home Assistant may have complained of nothing."""
    store = open_store(f"sqlite:///{tmp_path}/bridge.db")
    await store.open()
    link = Gateway("stick", kind="modem", capabilities=frozenset(Capability))
    links: dict[str, Any] = {"stick": link}
    settings = RoutingSettings(gateways=("stick",), limits=Limits(per_minute=None))
    routing = Routing(settings, links, store, joiners={}, instance="main")
    topics = Topics("sms_gateway", "main")
    traits = GatewayTraits(kind=link.kind, capabilities=link.capabilities, currency="EUR")
    devices = Devices(
        topics, prefix="homeassistant", version="1.2.3", admin=DEFAULT_ADMIN, gateways={"stick": traits}
    )
    made = Bridge(hass, routing, Discovery(HomeAssistantSettings(), devices, store), link, topics)
    await routing.start()

    def spawn(work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=name)

    made.discovery.start(made.publish, spawn)
    made.discovery.connected()
    link._inlet.status_changed(STATUS)
    await made.settled()
    await made.show()
    yield made
    await made.discovery.stop()
    await routing.stop()
    await store.close()
    complaints = [record for record in caplog.records if record.name.startswith("homeassistant")]
    assert [record.getMessage() for record in complaints if record.levelname in {"WARNING", "ERROR"}] == []


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} is not there; there are {sorted(hass.states.async_entity_ids())}"
    return state


#: Entity id → state, device class, unit, category.
SHOWN = {
    "binary_sensor.sms_gateway_stick_connection": (STATE_ON, "connectivity", None, "diagnostic"),
    "sensor.sms_gateway_stick_state": ("online", "enum", None, "diagnostic"),
    "sensor.sms_gateway_stick_signal": ("-71", "signal_strength", "dBm", "diagnostic"),
    "sensor.sms_gateway_stick_operator": ("Testnet", None, None, "diagnostic"),
    "sensor.sms_gateway_stick_registration": ("home", "enum", None, "diagnostic"),
    "sensor.sms_gateway_stick_technology": ("LTE", None, None, "diagnostic"),
    "sensor.sms_gateway_stick_storage": ("24", None, "%", "diagnostic"),
    "sensor.sms_gateway_stick_balance": (STATE_UNKNOWN, "monetary", "EUR", None),
    "sensor.sms_gateway_stick_sent_today": ("0", None, "messages", None),
    "sensor.sms_gateway_stick_failed_today": ("0", None, "messages", None),
    "sensor.sms_gateway_stick_received_today": ("0", None, "messages", None),
    "sensor.sms_gateway_stick_queue": ("0", None, "messages", None),
    "button.sms_gateway_stick_restart": (STATE_UNKNOWN, "restart", None, "config"),
    "button.sms_gateway_stick_refresh_balance": (STATE_UNKNOWN, None, None, "diagnostic"),
    "binary_sensor.sms_gateway_connection": (STATE_ON, "connectivity", None, "diagnostic"),
    "sensor.sms_gateway_queue": ("0", None, "messages", None),
    "sensor.sms_gateway_oldest": ("0", "duration", "s", "diagnostic"),
    "sensor.sms_gateway_messages_per_minute": ("0", None, "messages/min", "diagnostic"),
    "sensor.sms_gateway_version": ("1.2.3", None, None, "diagnostic"),
    "event.sms_gateway_incoming": (STATE_UNKNOWN, None, None, None),
    "event.sms_gateway_delivery": (STATE_UNKNOWN, None, None, None),
    "event.sms_gateway_call": (STATE_UNKNOWN, None, None, None),
}
#: There, but only for those who enable it.
DISABLED = {
    "sensor.sms_gateway_stick_battery",
    "sensor.sms_gateway_uptime",
    "sensor.sms_gateway_memory",
    "sensor.sms_gateway_broker_reconnects",
}


async def test_the_bridge_and_its_gateway_are_there_with_states_classes_and_units(
    hass: HomeAssistant, bridge: Bridge, entity_registry: er.EntityRegistry
) -> None:
    found = {}
    for entity_id in hass.states.async_entity_ids():
        state, entry = state_of(hass, entity_id), entity_registry.async_get(entity_id)
        assert entry is not None
        found[entity_id] = (
            state.state,
            state.attributes.get("device_class"),
            state.attributes.get("unit_of_measurement"),
            None if entry.entity_category is None else EntityCategory(entry.entity_category).value,
        )
    assert found == SHOWN
    disabled = {
        entry.entity_id
        for entry in entity_registry.entities.values()
        if entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    }
    assert disabled == DISABLED


async def test_devices_name_bridge_and_modem_and_hold_no_number(
    hass: HomeAssistant,
    bridge: Bridge,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    signal = entity_registry.async_get("sensor.sms_gateway_stick_signal")
    queue = entity_registry.async_get("sensor.sms_gateway_queue")
    assert signal is not None
    assert queue is not None
    assert signal.unique_id == "sms_gateway--gateway--stick--signal"
    stick = device_registry.async_get(signal.device_id or "")
    whole = device_registry.async_get(queue.device_id or "")
    assert isinstance(stick, dr.DeviceEntry)
    assert isinstance(whole, dr.DeviceEntry)
    assert (stick.name, stick.model, stick.sw_version) == ("SMS Gateway stick", "E3372", "22.1")
    assert (whole.name, whole.sw_version) == ("SMS Gateway", "1.2.3")
    assert stick.via_device_id == whole.id
    assert state_of(hass, "sensor.sms_gateway_stick_signal").name == "SMS Gateway stick Signal strength"
    payloads = b"".join(bridge.held.values()).decode()
    assert not [hidden for hidden in ("15112345678", "5678", "490154203237518", "7518") if hidden in payloads]


async def test_states_follow_the_gateway(hass: HomeAssistant, bridge: Bridge) -> None:
    unknown = replace(STATUS, signal_dbm=None, operator=None, registration="searching", storage_total=None)
    bridge.link._inlet.status_changed(replace(unknown, detail="The SIM searches a network."))
    await bridge.routing.gateways.ask_balance("stick")
    await bridge.show()
    assert state_of(hass, "sensor.sms_gateway_stick_signal").state == STATE_UNKNOWN
    assert state_of(hass, "sensor.sms_gateway_stick_operator").state == STATE_UNKNOWN
    assert state_of(hass, "sensor.sms_gateway_stick_storage").state == STATE_UNKNOWN
    assert state_of(hass, "sensor.sms_gateway_stick_registration").state == "searching"
    assert state_of(hass, "sensor.sms_gateway_stick_balance").state == "12.40"
    detail = state_of(hass, "sensor.sms_gateway_stick_state").attributes["detail"]
    assert detail == "The SIM searches a network."


async def test_without_its_gateway_only_what_the_bridge_knows_is_available(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    bridge.link._inlet.status_changed(LinkStatus(state=LinkState.ERROR, detail="The PIN is wrong."))
    await bridge.show()
    away = {entity for entity in SHOWN if state_of(hass, entity).state == STATE_UNAVAILABLE}
    words = ("signal", "operator", "registration", "technology", "storage", "balance")
    assert away == {
        *(f"sensor.sms_gateway_stick_{word}" for word in words),
        "button.sms_gateway_stick_refresh_balance",
    }
    assert state_of(hass, "binary_sensor.sms_gateway_stick_connection").state == STATE_OFF
    assert state_of(hass, "sensor.sms_gateway_stick_state").state == "error"


async def test_without_the_bridge_nothing_is_available_but_the_word_that_it_is_away(
    hass: HomeAssistant, bridge: Bridge
) -> None:
    bridge.say(bridge.topics.state, '{"state":"offline"}')
    await hass.async_block_till_done()
    there = {entity for entity in SHOWN if state_of(hass, entity).state != STATE_UNAVAILABLE}
    events = {"event.sms_gateway_incoming", "event.sms_gateway_delivery", "event.sms_gateway_call"}
    assert there == {"binary_sensor.sms_gateway_connection", *events}
    assert state_of(hass, "binary_sensor.sms_gateway_connection").state == STATE_OFF
    bridge.say(bridge.topics.state, '{"state":"online"}')
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.sms_gateway_stick_signal").state == "-71"


async def test_a_received_message_is_an_event_without_its_text(hass: HomeAssistant, bridge: Bridge) -> None:
    now = datetime.now(UTC)
    message = InboundMessage(originator="+491701234567", text=TEXT, sent_at=now, received_at=now)
    await bridge.link._inlet.received(InboundSegment(raw="00", message=message))
    (event,) = await bridge.tell()
    assert event["text"] == TEXT
    state = state_of(hass, "event.sms_gateway_incoming")
    assert state.state not in {STATE_UNKNOWN, STATE_UNAVAILABLE}
    shown = dict(state.attributes)
    assert shown["event_type"] == "received"
    assert shown["length"] == len(TEXT)
    for name in (
        "id",
        "from",
        "from_name",
        "gateway",
        "segments",
        "received_at",
        "incomplete",
        "seq",
        "epoch",
    ):
        assert shown[name] == event[name]
    assert "1234 " not in str(shown)


async def test_a_binary_message_is_an_event_of_length_zero(hass: HomeAssistant, bridge: Bridge) -> None:
    now = datetime.now(UTC)
    message = InboundMessage(
        originator="22666", text=None, data=b"\x00", port=16, sent_at=None, received_at=now
    )
    await bridge.link._inlet.received(InboundSegment(raw="00", message=message))
    await bridge.tell()
    assert state_of(hass, "event.sms_gateway_incoming").attributes["length"] == 0


async def test_what_becomes_of_a_message_is_told_state_by_state(hass: HomeAssistant, bridge: Bridge) -> None:
    command = read_send({"to": "+491701234567", "text": TEXT, "id": "door-17", "metadata": {"note": TEXT}})
    await bridge.routing.outbox.accept([command], None)
    states: list[str] = []
    async with asyncio.timeout(10):
        while "sent" not in states:
            states += [event["state"] for event in await bridge.tell()]
    shown = dict(state_of(hass, "event.sms_gateway_delivery").attributes)
    assert (shown["event_type"], shown["id"], shown["to"]) == ("sent", "door-17", "+491701234567")
    assert (shown["gateway"], shown["final"], shown["error"]) == ("stick", False, None)
    assert TEXT not in str(shown)


async def test_a_refused_command_is_told_with_its_error_code(hass: HomeAssistant, bridge: Bridge) -> None:
    await bridge.routing.outbox.accept([read_send({"to": ["anna"], "text": "x", "id": "n"})], None)
    await bridge.tell()
    shown = state_of(hass, "event.sms_gateway_delivery").attributes
    assert (shown["event_type"], shown["error"]) == ("rejected", "unknown_recipient")


async def test_a_call_is_told(hass: HomeAssistant, bridge: Bridge) -> None:
    await bridge.link._inlet.call(None, CallEvent.RINGING, datetime.now(UTC))
    await bridge.tell()
    shown = state_of(hass, "event.sms_gateway_call").attributes
    assert (shown["event_type"], shown["from"], shown["gateway"]) == ("ringing", None, "stick")


@pytest.mark.parametrize(
    ("button", "command"), [("restart", "restart_gateway"), ("refresh_balance", "balance")]
)
async def test_a_button_asks_the_bridge(
    hass: HomeAssistant, bridge: Bridge, mqtt_mock: MqttMockHAClient, button: str, command: str
) -> None:
    entity_id = f"button.sms_gateway_stick_{button}"
    await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)
    (call,) = mqtt_mock.async_publish.mock_calls
    topic, payload, qos, retain = call.args[:4]
    assert bridge.topics.request(topic) == command
    assert json.loads(payload) == {"gateway": "stick"}
    assert (qos, retain) == (1, False)


async def test_the_birth_message_changes_nothing_that_is_there(hass: HomeAssistant, bridge: Bridge) -> None:
    before = {entity: state_of(hass, entity) for entity in SHOWN}
    birth = Received(
        topic="homeassistant/status", payload=b"online", qos=0, packet_id=0, dup=False, retain=False
    )
    bridge.held.clear()
    assert bridge.discovery.handle(birth)
    await bridge.settled()
    assert len(bridge.held) == 2
    assert {entity: state_of(hass, entity) for entity in SHOWN} == before


async def test_a_claim_takes_all_entities_and_devices_away_and_giving_back_brings_them_again(
    hass: HomeAssistant,
    bridge: Bridge,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    assert await bridge.discovery.enable(False) is False
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids() == []
    assert not entity_registry.entities
    assert not [device for device in device_registry.devices if "SMS" in (device.name or "")]
    assert await bridge.discovery.enable(True) is True
    await bridge.show()
    assert state_of(hass, "sensor.sms_gateway_stick_signal").state == "-71"


def documented() -> dict[str, Any]:
    """The MQTT integration's part of the configuration that the guide shows for Home Assistant."""
    _, _, section = GUIDE.read_text(encoding="utf-8").partition("\n## Home Assistant without a component\n")
    block = re.search(r"```yaml\n(mqtt:.*?)```", section, re.DOTALL)
    assert block is not None
    return dict(yaml.safe_load(block[1]))


@pytest.mark.parametrize("hass_config", [documented()])
@pytest.mark.parametrize("text", [TEXT, '{"text": "no object"}', "first\nsecond ✓", "{{ x }}"])
async def test_the_notify_entity_of_the_guide_sends_any_text_as_it_is(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, text: str
) -> None:
    (entity_id,) = hass.states.async_entity_ids("notify")
    data = {"entity_id": entity_id, "message": text}
    await hass.services.async_call("notify", "send_message", data, blocking=True)
    (call,) = mqtt_mock.async_publish.mock_calls
    topic, payload, qos, retain = call.args[:4]
    sent = Topics("sms_gateway", "main").parse_send(topic)
    assert sent is not None
    (command,) = parse_send(sent, payload.encode(), Reply(), expiry=None, valid_for=60)
    assert isinstance(command, Command)
    assert (command.to, command.text, qos, retain) == (("anna",), text, 1, False)
