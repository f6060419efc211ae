"""It comes back by itself: modem, SIM, network, broker and bridge go away and return."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.client import Event


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One bridge whose modem suffers."""
    with World(tmp_path_factory.mktemp("back"), program="tests.e2e.impatient") as world:
        world.start_bridge()
        yield world


def test_a_rebooted_modem_is_prepared_anew(world: World, number: str) -> None:
    name = number[1:]
    mark = len(world.client.seen)
    world.modem("reboot")
    world.modem("urc", line="RDY")  # as many modems say when they have booted
    down = wait_for(lambda: world.client.gateway("stick", mark), "the restart being shown")
    assert (down["state"], "restarted by itself" in down["detail"]) == ("offline", True)
    world.modem.deliver(f"after the boot {name}")
    world.client.send(to=number, text="x", id=f"booted-{name}")
    assert world.client.final(f"booted-{name}")["state"] == "delivered"
    assert world.client.incoming(f"after the boot {name}")["gateway"] == "stick"
    assert world.client.gateway_becomes("stick", "online", since=mark)["detail"] is None


def test_a_modem_that_reboots_with_a_message_in_hand_leaves_it_unknown_and_goes_on(
    world: World, number: str
) -> None:
    name = f"boot-{number[1:]}"
    world.modem("fault", fault="reboot-before-send:1")
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["possible_duplicate"]) == ("delivered", True)
    assert world.modem.submitted(number) == 1


def test_a_plug_that_is_pulled_and_put_back_is_no_reason_to_worry(world: World, number: str) -> None:
    name = number[1:]
    mark = len(world.client.seen)
    world.modem("unplug", seconds=0.5)
    world.modem.deliver(f"meanwhile {name}")
    world.client.send(to=number, text="x", id=f"waits-{name}")
    assert world.client.final(f"waits-{name}")["state"] == "delivered"
    assert world.client.incoming(f"meanwhile {name}")["gateway"] == "stick"
    assert world.client.gateway_becomes("stick", "online", since=mark)["detail"] is None


def test_messages_wait_for_a_lost_network(world: World, number: str) -> None:
    name = number[1:]
    mark = len(world.client.seen)
    world.modem("fault", fault="no-network:2.5")
    down = wait_for(
        lambda: (state := world.client.gateway("stick", mark)) and state["state"] != "online" and state,
        "the loss being shown",
    )
    assert down["registration"] == "searching"
    world.client.send(to=number, text="x", id=f"waits-{name}")
    world.client.reached(f"waits-{name}", "queued")
    assert world.client.final(f"waits-{name}")["state"] == "delivered"
    assert world.client.states(f"waits-{name}") == ["queued", "sent", "delivered"]
    world.client.gateway_becomes("stick", "online", since=mark)


# -- the SIM


def test_a_sim_that_is_busy_after_its_pin_is_waited_for(fresh: Callable[..., World]) -> None:
    world = fresh(
        modems={"stick": ("--pin", "4711", "--profile", "sim7600")}, gateways={"stick": {"pin": "4711"}}
    )
    world.start_bridge()
    (entered,) = world.modem.journal("pin")
    assert entered["right"] is True


def test_a_wrong_pin_is_tried_once_whatever_restarts(fresh: Callable[..., World]) -> None:
    world = fresh(modems={"stick": ("--pin", "4711")}, gateways={"stick": {"pin": "0000"}})

    def refused(since: int) -> Event:
        def told() -> Event | None:
            shown = world.client.gateway("stick", since)
            return shown if shown is not None and "PIN" in (shown["detail"] or "") else None

        return wait_for(told, "the refusal being shown")

    bridge = world.run()
    first = refused(0)
    assert first["state"] == "error"
    assert "not tried again" in first["detail"]
    assert world.modem("status")["pin_tries"] == 2
    bridge.end(signal.SIGKILL)
    mark = len(world.client.seen)
    bridge = world.run()
    refused(mark)
    assert (world.modem("status")["pin_tries"], world.modem("status")["wrong_codes"]) == (2, 1)
    # The right one is tried although the wrong one was refused.
    bridge.end()
    world.write_config(gateways={"stick": {"pin": "4711"}})
    world.start_bridge()
    assert [entry["right"] for entry in world.modem.journal("pin")] == [False, True]


# -- the broker


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_killed_broker_costs_no_event_and_no_command(
    fresh: Callable[..., World], number: str, version: str
) -> None:
    world = fresh(version=version, program="tests.e2e.impatient")
    world.start_bridge()
    world.modem("latency", seconds=0.02)
    begin = world.client.ask("events")
    for n in range(24):
        world.client.send(to=number, text=f"{n}", id=f"m-{n}")
        world.modem.deliver(f"in {n}")
        if n in {7, 15}:
            # What a broker acknowledged and had not yet written, its death may cost; nobody else's.
            world.client.reached(f"m-{n}", "queued")
            world.broker.kill()
            world.modem.deliver(f"away {n}")
            world.broker.start()
    for n in range(24):
        world.client.final(f"m-{n}")
    texts = {f"in {n}" for n in range(24)} | {"away 7", "away 15"}
    wait_for(lambda: {e["text"] for e in world.client.events("incoming")} == texts, "every received message")
    wait_for(lambda: not world.modem.stored(), "an empty modem")
    kept = world.client.ask("events", epoch=begin["epoch"], after=begin["seq"], limit=1000)["events"]
    heard = [event for topic in ("dlr", "incoming") for event in world.client.events(topic)]
    assert sorted(heard, key=lambda event: event["seq"]) == kept
    assert [event["seq"] for event in kept] == list(range(begin["seq"] + 1, begin["seq"] + 1 + len(kept)))
    assert world.modem.submitted(number) == 24
    for n in range(24):
        assert world.client.states(f"m-{n}") == ["queued", "sent", "delivered"]


def test_commands_that_came_while_the_bridge_was_away_are_done_when_it_is_back(
    fresh: Callable[..., World], number: str
) -> None:
    world = fresh()
    assert world.start_bridge().end() == 0
    world.client.send(to=number, text="x", id="meanwhile")
    world.client.publish(f"send/{number[1:]}", "plain")
    world.start_bridge()
    assert world.client.final("meanwhile")["state"] == "delivered"
    wait_for(lambda: len(world.modem.got(number)) == 2, "both messages")


# -- the bridge


def test_a_bridge_that_starts_before_its_broker_and_modem_waits_for_both(
    fresh: Callable[..., World], number: str
) -> None:
    world = fresh(program="tests.e2e.impatient")
    world.modem("unplug")
    world.broker.stop()
    bridge = world.run()
    wait_for(lambda: "cannot be reached" in bridge.log, "the broker being missed")
    assert world.shown("gateway", "stick")[0]["state"] == "error"
    world.modem("plug")
    world.modem.deliver("before the broker")
    wait_for(lambda: world.shown("events", "--after", "0"), "the message being kept")
    world.broker.start()
    assert world.client.incoming("before the broker")["seq"] == 1
    # Before its first subscription no broker keeps anything for it.
    wait_for(lambda: world.client.on("bridge/main/state"), "the bridge being online")
    world.client.send(to=number, text="x", id="first")
    assert world.client.final("first")["state"] == "delivered"
    world.broker.stop()
    began = time.monotonic()
    assert bridge.end() == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in bridge.log


def test_sigterm_lets_the_segment_in_hand_finish(fresh: Callable[..., World], number: str) -> None:
    world = fresh(modems={"stick": ("--latency", "0.4")})
    bridge = world.start_bridge()
    world.client.send(to=number, text="part " * 100, id="four")  # four segments
    wait_for(lambda: world.modem.submitted(number) == 2, "the second segment")
    began = time.monotonic()
    assert bridge.end() == 0
    assert time.monotonic() - began < 10
    wait_for(lambda: world.client.on("bridge/main/state")[-1].json == {"state": "offline"}, "offline")
    assert "Traceback" not in bridge.log
    assert world.modem.submitted(number) == 2
    world.start_bridge()
    final = world.client.final("four")
    assert (final["state"], final["possible_duplicate"]) == ("delivered", False)
    assert world.client.states("four") == ["queued", "sent", "delivered"]
    (message,) = world.modem.got(number)
    assert message["copies"] == [1, 1, 1, 1]


def test_sigterm_does_not_wait_for_a_modem_that_never_answers(
    fresh: Callable[..., World], number: str
) -> None:
    world = fresh()
    bridge = world.start_bridge()
    world.modem("policy", policy="no-report", number=number)
    world.modem("fault", fault="lost-answer:1")
    world.client.send(to=number, text="x", id="stuck", on_unknown="hold")
    wait_for(lambda: world.modem.submitted(number) == 1, "the hand-over")
    began = time.monotonic()
    assert bridge.end() == 0
    assert time.monotonic() - began < 10
    world.start_bridge()
    held = world.client.final("stuck")
    assert (held["state"], held["final"]) == ("unknown", True)
    assert world.modem.submitted(number) == 1


def test_a_killed_bridge_loses_no_acknowledged_command(fresh: Callable[..., World], number: str) -> None:
    world = fresh(modems={"stick": ("--latency", "0.02")})
    bridge = world.start_bridge()
    for n in range(40):
        world.client.send(to=number, text=f"{n}", id=f"k-{n}", dlr=False)
        if n % 13 == 12:
            bridge.end(signal.SIGKILL)
            bridge = world.run()
    finals = [world.client.final(f"k-{n}") for n in range(40)]
    assert {final["state"] for final in finals} == {"sent"}
    copies = {message["text"]: sum(message["copies"]) for message in world.modem.got(number)}
    assert set(copies) == {str(n) for n in range(40)}
    doubled = {f"k-{text}" for text, count in copies.items() if count > 1}
    assert doubled <= {final["id"] for final in finals if final["possible_duplicate"]}
