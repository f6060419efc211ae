"""Two modems under one bridge, and bridges beside each other on one broker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

TWO = {"first": ("--number", "+4917650000001"), "second": ("--number", "+4917650000002")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Failover from the first to the second; low priority spreads over both."""
    with World(
        tmp_path_factory.mktemp("gateways"),
        program="tests.e2e.impatient",
        modems=TWO,
        routes=[
            {"match": {"priority": ["low"]}, "use": [{"any": ["first", "second"]}]},
            {"use": ["first", "second"]},
        ],
    ) as world:
        world.start_bridge()
        yield world


def test_the_first_is_taken_while_it_is_there_and_the_second_while_it_is_not(
    world: World, number: str
) -> None:
    name = number[1:]
    first, second = world.modems["first"], world.modems["second"]
    world.client.send(to=number, text="x", id=f"one-{name}")
    assert world.client.final(f"one-{name}")["gateway"] == "first"

    mark = len(world.client.seen)
    first("unplug")
    down = wait_for(
        lambda: (state := world.client.gateway("first", mark)) and state["state"] != "online" and state,
        "the first going down",
    )
    assert down["detail"]
    wait_for(lambda: world.client.on("gateway/first/availability", since=mark), "its availability")
    assert world.client.on("gateway/first/availability", since=mark)[-1].payload == b"offline"
    world.client.send(to=number, text="y", id=f"two-{name}")
    final = world.client.final(f"two-{name}")
    assert (final["gateway"], final["state"]) == ("second", "delivered")

    mark = len(world.client.seen)
    first("plug")
    world.client.gateway_becomes("first", "online", since=mark)
    wait_for(
        lambda: [
            s for s in world.client.on("gateway/first/availability", since=mark) if s.payload == b"online"
        ],
        "its availability",
    )
    world.client.send(to=number, text="z", id=f"three-{name}")
    assert world.client.final(f"three-{name}")["gateway"] == "first"
    assert (first.submitted(number), second.submitted(number)) == (2, 1)


def test_a_refusal_for_good_or_for_now_goes_on_with_the_next_gateway(world: World, number: str) -> None:
    first, second = world.modems["first"], world.modems["second"]
    first("refuse", number=number, code=50)
    world.client.send(to=number, text="x", id=f"good-{number[1:]}")
    final = world.client.final(f"good-{number[1:]}")
    assert (final["gateway"], final["attempt"], final["possible_duplicate"]) == ("second", 2, False)
    assert world.client.states(f"good-{number[1:]}") == ["queued", "sent", "delivered"]
    assert (first.submitted(number), second.submitted(number)) == (0, 1)


def test_a_refused_number_does_not_fail_over(world: World, number: str) -> None:
    world.modems["first"]("refuse", number=number, code=28)
    world.client.send(to=number, text="x", id=f"bad-{number[1:]}")
    assert world.client.final(f"bad-{number[1:]}")["state"] == "failed"
    assert world.modems["second"].submitted(number) == 0


def test_there_is_no_failover_while_it_is_unknown(world: World, number: str) -> None:
    name = f"unknown-{number[1:]}"
    first, second = world.modems["first"], world.modems["second"]
    first("policy", policy="no-report", number=number)
    first("fault", fault="lost-answer:1")
    world.client.send(to=number, text="x", id=name, on_unknown="hold")
    held = world.client.final(name)
    assert (held["state"], held["gateway"]) == ("unknown", "first")
    # One more message to the same number: everything before it has been decided.
    world.client.send(to=number, text="y", id=f"after-{name}", gateway="second")
    world.client.final(f"after-{name}")
    assert (first.submitted(number), second.submitted(number)) == (1, 1)


def test_a_commands_gateway_beats_the_route(world: World, number: str) -> None:
    name = number[1:]
    world.client.send(to=number, text="x", id=f"forced-{name}", gateway="second")
    assert world.client.final(f"forced-{name}")["gateway"] == "second"
    world.client.send(to=number, text="x", id=f"list-{name}", gateway=["second", "first"])
    assert world.client.final(f"list-{name}")["gateway"] == "second"


def test_any_spreads_over_all_that_are_free(world: World, number: str) -> None:
    name = number[1:]
    for modem in world.modems.values():
        modem("latency", seconds=0.1)
    try:
        objects = [{"to": number, "text": f"{n}", "id": f"{n}-{name}", "priority": "low"} for n in range(8)]
        world.client.publish("send", objects)
        used = {world.client.final(f"{n}-{name}")["gateway"] for n in range(8)}
    finally:
        for modem in world.modems.values():
            modem("latency", seconds=0)
    assert used == {"first", "second"}
    assert sum(modem.submitted(number) for modem in world.modems.values()) == 8


def test_a_paused_gateway_is_passed_over_and_says_so(world: World, number: str) -> None:
    name = number[1:]
    mark = len(world.client.seen)
    assert world.client.ask("pause", gateway="first") == {"gateway": "first"}
    try:
        world.client.gateway_becomes("first", "paused", since=mark)
        world.client.send(to=number, text="x", id=f"past-{name}")
        assert world.client.final(f"past-{name}")["gateway"] == "second"
        world.client.send(to=number, text="x", id=f"waits-{name}", gateway="first")
        world.client.reached(f"waits-{name}", "queued")
        world.modems["first"].deliver(f"still received {name}")
        assert world.client.incoming(f"still received {name}")["gateway"] == "first"
        assert world.client.states(f"waits-{name}") == ["queued"]
    finally:
        world.client.ask("resume", gateway="first")
    assert world.client.final(f"waits-{name}")["gateway"] == "first"


# -- bridges beside each other, and one after the other


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Broker and modem of bridges that come and go."""
    with World(tmp_path_factory.mktemp("bridges"), program="tests.e2e.impatient") as place:
        (place.folder / "other").mkdir()
        yield place


@pytest.fixture
def alone(place: World) -> Iterator[World]:
    """No bridge runs there, before and after."""
    place.write_config()
    yield place
    place.end_bridges()


def test_a_bridge_that_is_killed_is_shown_offline_by_its_will(alone: World) -> None:
    bridge = alone.start_bridge()
    mark = len(alone.client.seen)
    bridge.end(signal.SIGKILL)
    wait_for(lambda: alone.client.on("bridge/main/state", since=mark), "the will")
    assert alone.client.on("bridge/main/state", since=mark)[-1].json == {"state": "offline"}
    assert alone.start_bridge().end() == 0
    wait_for(
        lambda: alone.client.on("bridge/main/state")[-1].json == {"state": "offline"}, "the orderly offline"
    )


def test_a_pause_survives_a_restart(alone: World, number: str) -> None:
    bridge = alone.start_bridge()
    alone.client.ask("pause", gateway="stick")
    bridge.end(signal.SIGKILL)
    mark = len(alone.client.seen)
    alone.run()
    alone.client.gateway_becomes("stick", "paused", since=mark)
    alone.client.send(to=number, text="x", id="waits")
    alone.client.reached("waits", "queued")
    alone.client.ask("resume", gateway="stick")
    assert alone.client.final("waits")["state"] == "delivered"


def test_a_second_bridge_with_another_store_refuses_to_start(alone: World) -> None:
    first = alone.start_bridge()
    alone.write_config(
        instance="other",
        store={"url": f"sqlite:///{alone.folder}/other/bridge.db"},
        gateways={"stick": {"port": str(alone.folder / "none")}},
    )
    second = alone.run()
    assert second.process.wait(20) == 1
    last = second.log.strip().splitlines()[-1]
    assert last.startswith("sms-bridge: The bridge 'main' is online")
    assert "base_topic" in last
    assert "Traceback" not in second.log
    assert first.process.poll() is None
    alone.client.send(to="anna", text="x", id="still")
    assert alone.client.final("still")["state"] == "delivered"


def test_a_second_bridge_on_the_same_store_refuses_to_start(alone: World) -> None:
    alone.start_bridge()
    second = alone.run()
    assert second.process.wait(20) == 1
    assert "Traceback" not in second.log
    assert str(alone.folder / "bridge.db") in second.log


def test_two_programs_with_one_client_id_are_told_apart(alone: World) -> None:
    first = alone.start_bridge()
    alone.write_config(
        store={"url": f"sqlite:///{alone.folder}/other/bridge.db"},
        mqtt={"client_id": "sms_gateway-main", "base_topic": "elsewhere"},
        gateways={"stick": {"port": str(alone.folder / "none")}},
    )
    second = alone.run()
    wait_for(
        lambda: first.process.poll() is not None or second.process.poll() is not None, "one of them giving up"
    )
    ended = second if second.process.poll() is not None else first
    assert ended.process.returncode == 1
    last = ended.log.strip().splitlines()[-1]
    assert "'sms_gateway-main'" in last
    assert "mqtt.client_id" in last
    assert "Traceback" not in ended.log
