"""Received messages: each exactly once, in order, and out of the modem only when the broker has them."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.world import World


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_200_messages_come_once_each_in_order_and_leave_the_modem_empty(
    fresh: Callable[..., World], version: str
) -> None:
    world = fresh(version=version)
    world.start_bridge()
    chance = random.Random(7)
    texts: list[str] = []
    for number in range(200):
        if number % 10 == 3:  # three segments, in any order
            text = f"long {number} " + "and more of it " * 25
            world.modem.deliver(text, order=chance.sample([1, 2, 3], 3))
        elif number % 10 == 6:  # the same words in the same second as the message before
            text = texts[-1]
            world.modem.deliver(text, at="2026-11-20T10:15:00+00:00")
        else:
            text = f"short {number}"
            at = "2026-11-20T10:15:00+00:00" if number % 10 == 5 else None
            world.modem.deliver(text, at=at)
        texts.append(text)

    wait_for(lambda: len(world.client.events("incoming")) >= 200, "200 events")
    wait_for(lambda: not world.modem.stored() and not world.modem("status")["waiting"], "an empty modem")
    events = world.client.events("incoming")
    assert sorted(event["text"] for event in events) == sorted(texts)
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert len({event["id"] for event in events}) == 200
    whole = [event["text"] for event in events if event["segments"] == 1]
    assert whole == [text for text in texts if text.startswith("short")]
    assert not any(event["incomplete"] for event in events)


def test_a_message_leaves_the_modem_only_after_the_brokers_acknowledgement(
    fresh: Callable[..., World],
) -> None:
    world = fresh()
    world.start_bridge()
    world.broker.stop()
    world.modem.deliver("while the broker is away")
    wait_for(lambda: world.shown("events", "--after", "0") or None, "the commit of the received message")
    assert len(world.modem.stored()) == 1
    assert world.modem.journal("deleted") == []
    world.broker.start()
    assert world.client.incoming("while the broker is away")["incomplete"] is False
    wait_for(lambda: not world.modem.stored(), "the deletion")
    assert len(world.modem.journal("deleted")) == 1


def test_a_bridge_killed_before_the_deletion_publishes_nothing_anew_and_deletes_later(
    fresh: Callable[..., World],
) -> None:
    world = fresh()
    bridge = world.start_bridge()
    world.modem("fault", fault="silence:+CMGD")
    world.modem.deliver("read once")
    first = world.client.incoming("read once")
    assert world.modem.stored()
    bridge.end(signal.SIGKILL)
    world.modem("clear")
    world.start_bridge()
    wait_for(lambda: not world.modem.stored(), "the deletion")
    world.modem.deliver("after that")
    world.client.incoming("after that")
    again = [event for event in world.client.events("incoming") if event["text"] == "read once"]
    assert again == [first]


def test_a_full_sim_is_drained_while_the_broker_is_away_and_nothing_is_lost(
    fresh: Callable[..., World],
) -> None:
    world = fresh()
    world.start_bridge()
    world.broker.stop()
    texts = [f"kept {number}" for number in range(60)]
    for text in texts:
        world.modem.deliver(text)
    wait_for(lambda: len(world.modem.journal("stored")) == 60, "room for every message")
    # 3GPP TS 27.005 clause 3.1: this SIM has 30 places; below 80 % of them messages wait for the broker.
    wait_for(lambda: len(world.modem.stored()) == 23, "a SIM filled to just below 80 %")
    world.broker.start()
    wait_for(lambda: len(world.client.events("incoming")) >= 60, "60 events")
    assert [event["text"] for event in world.client.events("incoming")] == texts
    wait_for(lambda: not world.modem.stored(), "an empty SIM")


def test_a_sim_that_filled_up_without_a_bridge_is_emptied_at_its_start(fresh: Callable[..., World]) -> None:
    world = fresh()
    texts = {f"early {number}" for number in range(40)}
    for text in texts:
        world.modem.deliver(text)
    assert world.modem("status")["waiting"] == 10
    world.start_bridge()
    wait_for(lambda: len(world.client.events("incoming")) >= 40, "40 events")
    assert {event["text"] for event in world.client.events("incoming")} == texts
    wait_for(lambda: not world.modem.stored(), "an empty SIM")
