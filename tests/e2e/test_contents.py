"""What a message may hold, when it goes, and what MQTT 5 adds to a command."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.client import Event


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge as it comes."""
    with World(tmp_path_factory.mktemp("contents")) as world:
        world.start_bridge()
        yield world


def texts(world: World, recipient: str) -> list[str]:
    return [message["text"] for message in world.modem.got(recipient)]


def test_a_scheduled_message_can_be_cancelled_and_another_goes_at_its_time(world: World, number: str) -> None:
    name = number[1:]
    at = datetime.now(UTC) + timedelta(seconds=1.5)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    world.client.send(to=number, text="never", id=f"never-{name}", send_at=later)
    world.client.send(to=number, text="soon", id=f"soon-{name}", send_at=at.isoformat())
    world.client.reached(f"never-{name}", "scheduled")
    assert world.client.ask("cancel", id=f"never-{name}") == {"ids": [f"never-{name}"]}
    cancelled = world.client.final(f"never-{name}")
    assert (cancelled["state"], cancelled["error"]["code"]) == ("cancelled", "cancelled")
    world.client.final(f"soon-{name}")
    events = world.client.of(f"soon-{name}")
    assert [e["state"] for e in events] == ["scheduled", "queued", "sent", "delivered"]
    assert datetime.fromisoformat(events[1]["at"]) >= at
    assert texts(world, number) == ["soon"]
    too_late = world.client.request("cancel", id=f"soon-{name}")
    assert too_late["error"]["code"] == "invalid_payload"
    assert world.client.request("cancel", id="no-such")["error"]["code"] == "unknown_id"


def test_data_goes_to_its_port_and_flash_is_class_0(world: World, number: str) -> None:
    name = number[1:]
    world.client.send(
        to=number, data=base64.b64encode(b"\x00\x01\xff").decode(), port=2948, id=f"data-{name}"
    )
    assert world.client.final(f"data-{name}")["state"] == "delivered"
    world.client.send(to=number, text="now!", flash=True, id=f"flash-{name}")
    world.client.final(f"flash-{name}")
    data, flash = world.modem.got(number)
    assert (data["text"], data["data"]) == (None, "0001ff")
    assert (flash["text"], flash["message_class"]) == ("now!", 0)
    submits = [submit["pdu"] for submit in world.modem("submits") if submit["da"] == number]
    assert "05040B84" in submits[0]  # 3GPP TS 23.040 clause 9.2.3.24.4: destination port 2948


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("€ [x] {y} ~ ^ | \\", "auto", 1),
        ("żółć 😀 Ελλάδα", "auto", 1),
        ("plain", "ucs2", 1),
        ("long " * 100, "auto", 4),
        ("😀" * 99, "auto", 3),  # 67 code units a segment, and no pair is split
        ("😀" * 100, "auto", 4),
    ],
    ids=["extension", "ucs2", "ucs2 forced", "long", "three ucs2", "four ucs2"],
)
def test_every_text_arrives_as_it_was_written(
    world: World, number: str, text: str, encoding: str, segments: int
) -> None:
    name = f"text-{number[1:]}"
    world.client.send(to=number, text=text, id=name, encoding=encoding)
    final = world.client.final(name)
    assert final["state"] == "delivered"
    assert final["segments"] == final["segments_delivered"] == len(final["reference"]) == segments
    assert texts(world, number) == [text]
    assert world.modem.submitted(number) == segments


def test_gsm7_writes_what_does_not_fit_in_other_letters(world: World, number: str) -> None:
    world.client.send(to=number, text="ćao", id=f"gsm-{number[1:]}", encoding="gsm7")
    world.client.final(f"gsm-{number[1:]}")
    assert texts(world, number) == ["cao"]


def test_a_retained_command_that_comes_live_is_sent_once_with_a_warning(world: World, number: str) -> None:
    world.client.publish(f"send/{number[1:]}/live", "live", retain=True)
    assert world.client.final("live")["state"] == "delivered"
    assert "retain flag" in (world.folder / "bridge.log").read_text()
    world.client.publish(f"send/{number[1:]}/live", b"", retain=True)  # clears it: no command
    world.client.send(to="anna", text="barrier", id="barrier")
    world.client.final("barrier")
    assert world.client.of("live")[-1]["state"] == "delivered"
    assert [event for event in world.client.events() if event["to"] == number[1:]] == []
    assert world.modem.submitted(number) == 1


# -- MQTT 5


def answers(world: World, topic: str) -> list[tuple[Event, bytes | None]]:
    return [(seen.json, seen.correlation) for seen in world.client.seen if seen.topic == topic]


def test_the_response_topic_hears_the_first_and_the_final_event(world: World) -> None:
    world.client.publish(
        "send",
        {"to": "anna", "text": "x", "id": "answered"},
        ResponseTopic="answers/mine",
        CorrelationData=b"\x01two",
        user_properties=[("k", "1"), ("k", "2")],
    )
    world.client.final("answered")
    wait_for(lambda: len(answers(world, "answers/mine")) == 2, "two answers")
    events = world.client.of("answered")
    assert len(events) == 3
    assert answers(world, "answers/mine") == [(events[0], b"\x01two"), (events[-1], b"\x01two")]
    assert all(event["user_properties"] == [["k", "1"], ["k", "2"]] for event in events)


def test_a_refusal_goes_to_the_response_topic_too(world: World) -> None:
    world.client.publish("send", {"text": "x"}, ResponseTopic="answers/refused", CorrelationData=b"3")
    wait_for(lambda: answers(world, "answers/refused"), "an answer")
    ((event, correlation),) = answers(world, "answers/refused")
    assert (event["state"], correlation) == ("rejected", b"3")


def test_a_request_is_answered_on_its_response_topic(world: World) -> None:
    world.client.publish("bridge/request/health", {}, ResponseTopic="answers/health", CorrelationData=b"4")
    wait_for(lambda: answers(world, "answers/health"), "an answer")
    ((answer, correlation),) = answers(world, "answers/health")
    assert (answer["status"], correlation) == ("ok", b"4")


def test_the_message_expiry_shortens_the_validity(world: World) -> None:
    world.client.ask("pause", gateway="stick")
    try:
        command = {"to": "anna", "text": "x", "id": "brief", "valid_for": 600}
        world.client.publish("send", command, MessageExpiryInterval=1)
        final = world.client.final("brief")
        assert (final["state"], final["error"]["code"]) == ("expired", "expired")
        world.client.publish("send", {"to": "anna", "text": "x", "id": "hour"}, MessageExpiryInterval=3600)
        world.client.reached("hour", "queued")
        message = world.client.ask("message", id="hour")
        left = datetime.fromisoformat(message["expires_at"]) - datetime.fromisoformat(message["created_at"])
        assert timedelta(minutes=59) < left <= timedelta(hours=1)
    finally:
        world.client.ask("resume", gateway="stick")
