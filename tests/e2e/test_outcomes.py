"""What becomes of messages when network and modem do what networks and modems do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge that notices a lost answer within half a second, and then waits a second for a late report."""
    with World(
        tmp_path_factory.mktemp("outcomes"), program="tests.e2e.impatient", defaults={"report_timeout": 1}
    ) as world:
        world.start_bridge()
        yield world


# -- what the network reports


@pytest.mark.parametrize(
    ("policy", "state", "code"),
    [
        ("undeliverable", "undeliverable", "rejected_by_network"),
        ("given-up", "undeliverable", "absent_subscriber"),
        ("expired", "expired", "expired"),
    ],
)
def test_a_bad_report_ends_a_message_with_its_code(
    world: World, number: str, policy: str, state: str, code: str
) -> None:
    name = f"{policy}-{number[1:]}"
    world.modem("policy", policy=policy, number=number)
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["error"]["code"]) == (state, code)
    assert world.client.states(name) == ["queued", "sent", state]


def test_no_report_in_time_is_said(world: World, number: str) -> None:
    name = f"silent-{number[1:]}"
    world.modem("policy", policy="no-report", number=number)
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["error"]["code"]) == ("sent", "no_report")
    assert world.client.states(name) == ["queued", "sent", "sent"]


def test_without_a_wish_for_a_report_sent_is_the_end(world: World, number: str) -> None:
    name = f"nodlr-{number[1:]}"
    world.client.send(to=number, text="x", id=name, dlr=False)
    assert world.client.final(name)["state"] == "sent"


def test_a_report_before_the_answer_is_not_lost(world: World, number: str) -> None:
    name = f"early-{number[1:]}"
    world.modem("fault", fault="early-report:1")
    world.client.send(to=number, text="x", id=name)
    assert world.client.final(name)["state"] == "delivered"
    assert world.client.states(name) in (["queued", "sent", "delivered"], ["queued", "delivered"])


# -- what modem and network refuse


def test_a_refused_number_delays_nobody(world: World, number: str) -> None:
    name = number[1:]
    world.modem("refuse", number=number, code=1)  # unassigned number
    world.client.publish(
        "send",
        [{"to": number, "text": "x", "id": f"bad-{name}"}, {"to": "anna", "text": "x", "id": f"good-{name}"}],
    )
    bad = world.client.final(f"bad-{name}")
    assert (bad["state"], bad["error"]["code"], bad["error"]["provider_code"]) == (
        "failed",
        "rejected_by_network",
        "1",
    )
    assert world.client.final(f"good-{name}")["state"] == "delivered"
    assert bad["attempt"] == 1


def test_what_this_gateway_cannot_do_fails_at_once(world: World, number: str) -> None:
    name = f"never-{number[1:]}"
    world.modem("refuse", number=number, code=50)  # requested facility not subscribed
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["error"]["code"], final["attempt"]) == ("failed", "unsupported", 1)
    # The failed message goes out after all when somebody says so.
    world.modem("refuse", number=number)
    assert world.client.ask("resend", id=name) == {"ids": [name]}
    delivered = world.client.reached(name, "delivered")
    assert world.client.states(name) == ["queued", "failed", "queued", "sent", "delivered"]
    assert delivered["attempt"] == 2
    assert world.client.request("resend", id=name)["error"]["code"] == "invalid_payload"


def test_a_passing_failure_is_tried_again_on_the_same_modem_and_delays_nobody(
    world: World, number: str
) -> None:
    name = number[1:]
    world.modem("fault", fault=f"cms-for:{number}=41,1")  # temporary failure
    world.client.send(to=number, text="x", id=f"again-{name}")
    wait_for(lambda: world.modem.journal("refused")[-1:], "the refusal")
    world.client.send(to="anna", text="x", id=f"meanwhile-{name}")
    world.client.final(f"meanwhile-{name}")
    assert world.client.states(f"again-{name}") == ["queued"]
    final = world.client.final(f"again-{name}")
    assert (final["state"], final["attempt"], final["error"]) == ("delivered", 2, None)
    assert world.client.states(f"again-{name}") == ["queued", "sent", "delivered"]
    assert final["possible_duplicate"] is False
    assert world.modem.submitted(number) == 1


def test_what_fails_until_its_validity_is_over_expires_with_the_last_error(world: World, number: str) -> None:
    name = f"late-{number[1:]}"
    world.modem("refuse", number=number, code=42)  # congestion
    world.client.send(to=number, text="x", id=name, valid_for=3)
    final = world.client.final(name)
    assert (final["state"], final["error"]["code"], final["error"]["provider_code"]) == (
        "expired",
        "network",
        "42",
    )


# -- when nobody can know


def test_a_lost_answer_is_settled_by_the_report_and_nothing_is_doubled(world: World, number: str) -> None:
    name = f"lost-{number[1:]}"
    world.modem("fault", fault="lost-answer:1")
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["possible_duplicate"], final["attempt"]) == ("delivered", False, 1)
    assert "unknown" in world.client.states(name)
    assert world.modem.submitted(number) == 1


def test_an_answer_that_comes_late_is_believed(world: World, number: str) -> None:
    name = f"late-{number[1:]}"
    world.modem("policy", policy="no-report", number=number)
    world.modem("fault", fault="late-answer:0.9,1")
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("sent", 1, False)
    assert world.client.states(name) == ["queued", "unknown", "sent", "sent"]
    assert world.modem.submitted(number) == 1


def test_what_was_not_sent_is_sent_again_as_a_possible_duplicate(world: World, number: str) -> None:
    name = f"again-{number[1:]}"
    world.modem("fault", fault="not-sent:1")
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["attempt"], final["possible_duplicate"]) == ("delivered", 2, True)
    assert world.client.states(name) == ["queued", "unknown", "sent", "delivered"]
    assert world.modem.submitted(number) == 1


def test_a_message_that_must_not_be_doubled_is_held(world: World, number: str) -> None:
    name = f"held-{number[1:]}"
    world.modem("policy", policy="no-report", number=number)
    world.modem("fault", fault="lost-answer:1")
    world.client.send(to=number, text="x", id=name, on_unknown="hold")
    final = world.client.final(name)
    assert (final["state"], final["error"]["code"]) == ("unknown", "timeout")
    assert world.client.states(name) == ["queued", "unknown", "unknown"]
    assert world.modem.submitted(number) == 1
    # A person decides.
    world.client.ask("resend", id=name)
    sent = world.client.reached(name, "sent")
    assert (sent["attempt"], sent["possible_duplicate"]) == (2, True)
    assert world.modem.submitted(number) == 2


def test_a_port_that_vanishes_after_the_hand_over_leaves_it_unknown_and_then_sends_again(
    world: World, number: str
) -> None:
    name = f"pulled-{number[1:]}"
    world.modem("fault", fault="unplug-before-send:0.3,1")
    world.client.send(to=number, text="x", id=name)
    final = world.client.final(name)
    assert (final["state"], final["possible_duplicate"]) == ("delivered", True)
    assert "unknown" in world.client.states(name)


def test_a_long_message_goes_on_with_the_segment_that_had_no_answer(world: World, number: str) -> None:
    name = f"parts-{number[1:]}"
    world.modem("policy", policy="no-report", number=number)
    world.modem("latency", seconds=0.15)
    try:
        world.client.send(to=number, text="part " * 100, id=name)  # four segments
        wait_for(lambda: world.modem.submitted(number) >= 2, "the second segment")
        world.modem("fault", fault="not-sent:1")
        world.client.reached(name, "sent")
    finally:
        world.modem("latency", seconds=0)
    (message,) = world.modem.got(number)
    assert message["text"] == "part " * 100
    assert message["copies"] == [1, 1, 1, 1]


# -- order


def test_urgent_messages_overtake_and_equal_ones_keep_their_order(world: World, number: str) -> None:
    name = number[1:]
    world.client.ask("pause", gateway="stick")
    order = ["low", "normal", "normal", "high", "otp", "low", "high"]
    for n, priority in enumerate(order):
        world.client.send(to=number, text=f"{n} {priority}", id=f"{n}-{name}", priority=priority)
        world.client.reached(f"{n}-{name}", "queued")
    world.client.ask("resume", gateway="stick")
    for n in range(len(order)):
        world.client.final(f"{n}-{name}")
    assert [message["text"] for message in world.modem.got(number)] == [
        "4 otp",
        "3 high",
        "6 high",
        "1 normal",
        "2 normal",
        "0 low",
        "5 low",
    ]


def test_a_silent_number_does_not_keep_the_worker_from_others(world: World, number: str) -> None:
    """While one message is unknown, the modem goes on with the next as soon as it answers again."""
    name = number[1:]
    world.modem("policy", policy="no-report", number=number)
    world.modem("fault", fault="lost-answer:1")
    world.client.send(to=number, text="x", id=f"unknown-{name}", on_unknown="hold")
    world.client.reached(f"unknown-{name}", "unknown")
    began = time.monotonic()
    world.client.send(to="ben", text="x", id=f"next-{name}")
    assert world.client.final(f"next-{name}")["state"] == "delivered"
    assert time.monotonic() - began < 5
