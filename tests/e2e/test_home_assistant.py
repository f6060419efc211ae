"""What a running bridge shows to Home Assistant, and that its buttons do what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

BALANCE = {"ussd": "*100#", "pattern": "([0-9.]+) EUR", "currency": "EUR"}
BRIDGE = "homeassistant/device/sms_gateway--bridge--main/config"
STICK = "homeassistant/device/sms_gateway--gateway--stick/config"
SPARE = "homeassistant/device/sms_gateway--gateway--spare/config"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two modems, of which one can be asked for its balance."""
    with World(
        tmp_path_factory.mktemp("homeassistant"),
        modems={"stick": (), "spare": ()},
        gateways={"stick": {"balance": BALANCE}},
    ) as world:
        world.start_bridge()
        yield world


def held(world: World) -> dict[str, Any]:
    """The device payloads as a subscriber knows them by now."""
    last = {seen.topic: seen.payload for seen in world.client.seen if seen.topic.startswith("homeassistant/")}
    return {topic: json.loads(payload) for topic, payload in last.items() if payload}


def test_the_bridge_and_each_modem_are_devices_with_model_and_firmware(world: World) -> None:
    wait_for(lambda: "sw" in held(world).get(STICK, {"dev": {}})["dev"], "the modem's firmware")
    assert set(held(world)) == {BRIDGE, STICK, SPARE}
    told = world.client.gateway("stick")
    assert told is not None
    device = held(world)[STICK]["dev"]
    assert (device["mdl"], device["sw"]) == (told["model"], told["firmware"])
    assert held(world)[STICK]["cmps"]["balance"]["unit_of_measurement"] == "EUR"
    assert "balance" not in held(world)[SPARE]["cmps"]


@pytest.mark.parametrize("button", ["refresh_balance", "restart"])
def test_what_a_button_publishes_is_done(world: World, button: str) -> None:
    wait_for(lambda: STICK in held(world), "the device")
    pressed = held(world)[STICK]["cmps"][button]
    topic = pressed["command_topic"].removeprefix("sms_gateway/")
    answers = topic.replace("request", "response")
    before = len(world.client.on(answers))
    world.client.publish(topic, pressed["payload_press"])
    wait_for(lambda: len(world.client.on(answers)) > before, "the answer")
    assert world.client.on(answers)[-1].json["status"] == "ok"


def test_a_claim_takes_the_devices_away_and_lasts_over_a_restart(world: World) -> None:
    wait_for(lambda: STICK in held(world), "the device")
    assert world.client.ask("discovery", enabled=False) == {"enabled": False}
    assert held(world) == {}
    (run,) = world._bridges
    assert run.end() == 0
    world.start_bridge()
    assert held(world) == {}
    assert world.cli("discovery", "on").stdout == "discovery is on\n"
    wait_for(lambda: set(held(world)) == {BRIDGE, STICK, SPARE}, "the devices' return")


def test_a_gateway_that_is_gone_from_the_configuration_goes(world: World) -> None:
    wait_for(lambda: SPARE in held(world), "the device")
    assert world._bridges[-1].end() == 0
    del world.modems["spare"]
    world.write_config()
    world.start_bridge("stick")
    wait_for(lambda: set(held(world)) == {BRIDGE, STICK}, "the removal")
