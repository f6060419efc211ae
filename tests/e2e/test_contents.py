"""What a message may hold, and when it goes: texts, data, classes, schedules."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


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
