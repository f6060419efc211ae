"""Home Assistant's discovery payloads as they are made; tests/component shows what Home Assistant makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sms_bridge.mqtt.components import BRIDGE, GATEWAY
from sms_bridge.mqtt.devices import Devices, GatewayTraits, Hardware, discovery_id
from sms_bridge.mqtt.settings import DEFAULT_ADMIN
from sms_bridge.mqtt.topics import Topics
from sms_providers.model import Capability

MODEM = GatewayTraits(kind="modem", capabilities=frozenset(Capability), currency="EUR")
CLOUD = GatewayTraits(kind="cloud", capabilities=frozenset())


def payloads(
    base: str = "sms_gateway",
    instance: str = "main",
    admin: tuple[str, ...] = DEFAULT_ADMIN,
    hardware: dict[str, Hardware] | None = None,
    gateways: dict[str, GatewayTraits] | None = None,
) -> dict[str, Any]:
    """Return the payloads by their identifiers."""
    devices = Devices(
        Topics(base, instance),
        prefix="ha",
        version="1.2.3",
        admin=admin,
        gateways=gateways or {"stick": MODEM},
    )
    made = devices.payloads(hardware or {})
    found = {
        topic.removeprefix("ha/device/").removesuffix("/config"): payload for topic, payload in made.items()
    }
    assert all("/" not in name for name in found)
    return {name: json.loads(payload) for name, payload in found.items()}


BRIDGE_ID = "sms_gateway--bridge--main"
STICK_ID = "sms_gateway--gateway--stick"


def test_there_is_one_device_for_the_bridge_and_one_per_gateway() -> None:
    made = payloads(gateways={"stick": MODEM, "cloud": CLOUD})
    assert list(made) == [BRIDGE_ID, STICK_ID, "sms_gateway--gateway--cloud"]
    for name, payload in made.items():
        assert payload["dev"]["ids"] == [name]
        assert payload["o"] == {"name": "sms-bridge", "sw": "1.2.3"}
        assert payload["availability_mode"] == "all"
        assert payload["qos"] == 1
    assert made[STICK_ID]["dev"]["via_device"] == BRIDGE_ID


def test_a_gateway_is_available_while_the_bridge_and_itself_are_online() -> None:
    assert payloads()[STICK_ID]["availability"] == [
        {"topic": "sms_gateway/bridge/main/state", "value_template": "{{ value_json.state }}"},
        {"topic": "sms_gateway/gateway/stick/availability"},
    ]


def test_what_the_bridge_itself_knows_stays_available_while_the_gateway_is_away() -> None:
    components = payloads()[STICK_ID]["cmps"]
    bridge_alone = payloads()[BRIDGE_ID]["availability"]
    own = {name for name, component in components.items() if component.get("availability") == bridge_alone}
    assert own == {
        *("connection", "state", "queue", "restart", "sent_today", "failed_today", "received_today"),
    }
    assert {name for name, component in components.items() if "availability" not in component} == {
        *("signal", "operator", "registration", "technology", "battery", "storage"),
        *("balance", "refresh_balance"),
    }


def test_unique_ids_and_entity_ids_say_base_gateway_and_key_and_nothing_else() -> None:
    signal = payloads()[STICK_ID]["cmps"]["signal"]
    assert signal["unique_id"] == "sms_gateway--gateway--stick--signal"
    assert signal["default_entity_id"] == "sensor.sms_gateway_stick_signal"
    other = payloads(base="house/sms", instance="attic")["house--sms--bridge--attic"]
    assert other["cmps"]["queue"]["default_entity_id"] == "sensor.house_sms_attic_queue"
    assert other["dev"]["name"] == "SMS Gateway attic"


def test_every_unique_id_is_there_once() -> None:
    made = payloads(gateways={"stick": MODEM, "stick-signal": MODEM, "bridge.main": CLOUD})
    found = [component["unique_id"] for payload in made.values() for component in payload["cmps"].values()]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("sms_gateway/gateway/stick", "sms_gateway--gateway--stick"),
        ("a/b/gateway/my-stick.2", "a--b--gateway--my-2dstick-2e2"),
        ("смс/gateway/x", "-d1-81-d0-bc-d1-81--gateway--x"),
    ],
)
def test_an_identifier_is_the_topic_in_letters_that_home_assistant_takes(topic: str, expected: str) -> None:
    assert discovery_id(topic) == expected


def test_identifiers_of_similar_topics_differ() -> None:
    topics = ["a/b", "a-b", "a--b", "a_b", "a-2db", "a/-b", "a-/b", "a//b", "a.b", "A/b"]
    assert len({discovery_id(topic) for topic in topics}) == len(topics)


def test_a_gateway_has_only_what_it_can_do() -> None:
    assert set(payloads(gateways={"cloud": CLOUD})["sms_gateway--gateway--cloud"]["cmps"]) == {
        *("connection", "state", "queue", "sent_today", "failed_today", "received_today"),
    }
    assert set(payloads()[STICK_ID]["cmps"]) == {component.key for component in GATEWAY}


def test_a_button_is_there_only_while_its_request_is_allowed() -> None:
    components = payloads(admin=("health", "balance"))[STICK_ID]["cmps"]
    assert "restart" not in components
    assert components["refresh_balance"]["command_topic"] == "sms_gateway/bridge/request/balance"
    assert json.loads(components["refresh_balance"]["payload_press"]) == {"gateway": "stick"}


def test_money_has_a_currency_and_a_count_has_none() -> None:
    money = payloads()[STICK_ID]["cmps"]["balance"]
    assert (money["device_class"], money["state_class"], money["unit_of_measurement"]) == (
        *("monetary", "total"),
        "EUR",
    )
    able = GatewayTraits(kind="cloud", capabilities=frozenset({Capability.BALANCE}))
    count = payloads(gateways={"cloud": able})["sms_gateway--gateway--cloud"]["cmps"]["balance"]
    assert "device_class" not in count
    assert "unit_of_measurement" not in count


def test_model_and_firmware_are_told_once_they_are_known() -> None:
    assert payloads()[STICK_ID]["dev"] == {
        "ids": [STICK_ID],
        "name": "SMS Gateway stick",
        "mdl": "modem",
        "via_device": BRIDGE_ID,
    }
    known = payloads(hardware={"stick": Hardware(model="E3372", firmware="22.1")})[STICK_ID]["dev"]
    assert (known["mdl"], known["sw"]) == ("E3372", "22.1")


def test_keys_are_unique_in_their_device() -> None:
    for table in (BRIDGE, GATEWAY):
        keys = [component.key for component in table]
        assert len(keys) == len(set(keys))


def test_no_template_lets_a_text_out() -> None:
    """Home Assistant records attributes: of a text only its length is told."""
    templates = [
        str(component.options[name])
        for component in (*BRIDGE, *GATEWAY)
        for name in ("value_template", "json_attributes_template")
        if name in component.options
    ]
    assert [template for template in templates if "text" in template] == [
        template for template in templates if template.count("text") == 1 and "| length" in template
    ]
    assert not [template for template in templates if "metadata" in template or "data']" in template]
