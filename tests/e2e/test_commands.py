"""Commands as devices send them: by topic and by object, and everything the bridge refuses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.client import Client, wait_for
from tests.e2e.world import ANNA, BEN, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module", params=["5", "3.1.1"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge that routes German numbers, and urgent messages to anybody."""
    with World(
        tmp_path_factory.mktemp("commands"),
        version=request.param,
        routes=[
            {"match": {"prefix": ["+49"]}, "use": ["stick"]},
            {"match": {"priority": ["high"]}, "use": ["stick"]},
        ],
        limits={"per_recipient_per_hour": 5},
    ) as world:
        world.start_bridge()
        yield world


def texts(world: World, recipient: str) -> list[str]:
    return [message["text"] for message in world.modem.got(recipient)]


# -- topics of devices that cannot build JSON


def test_a_topic_with_digits_takes_plain_text(world: World, number: str) -> None:
    world.client.publish(f"send/{number[1:]}", "plain text, as it is")
    wait_for(lambda: texts(world, number), "the message")
    assert texts(world, number) == ["plain text, as it is"]


def test_a_topic_with_a_national_number_uses_the_country(world: World, number: str) -> None:
    world.client.publish(f"send/0{number[3:]}/nat-{number[1:]}", "national")
    event = world.client.final(f"nat-{number[1:]}")
    assert (event["to"], event["state"]) == (number, "delivered")
    assert texts(world, number) == ["national"]


def test_a_topic_takes_contacts_groups_and_several_with_commas(world: World, number: str) -> None:
    name = f"many-{number[1:]}"
    world.client.publish(f"send/family,{number[1:]},anna/{name}", "to each once")
    wait_for(lambda: len([e for e in world.client.of(name) if e["final"]]) >= 3, "three reports")
    assert {e["to"]: e["id"] for e in world.client.of(name)} == {
        ANNA: f"{name}/0",
        BEN: f"{name}/1",
        number: f"{name}/2",
    }
    assert {e["group"] for e in world.client.of(name)} == {name}


def test_a_contact_in_the_topic_is_a_single_message(world: World) -> None:
    world.client.publish("send/ben/to-ben", "hello Ben")
    event = world.client.final("to-ben")
    assert (event["id"], event["group"], event["to"]) == ("to-ben", None, BEN)


def test_a_short_code_stays_as_it_is(world: World) -> None:
    world.client.publish("send/22000/short", {"text": "BALANCE", "priority": "high"})
    assert world.client.final("short")["to"] == "22000"
    assert texts(world, "22000") == ["BALANCE"]


@pytest.mark.parametrize("text", ['{"temperature": 21}', "{not JSON", "[1, 2]", '"quoted"'])
def test_what_is_no_send_object_is_the_text_itself(world: World, number: str, text: str) -> None:
    world.client.publish(f"send/{number[1:]}", text)
    wait_for(lambda: texts(world, number), "the message")
    assert texts(world, number) == [text]


def test_an_object_on_a_recipients_topic_is_a_send_object(world: World, number: str) -> None:
    name = f"obj-{number[1:]}"
    world.client.publish(f"send/{number[1:]}/{name}", {"text": "inside", "id": name, "metadata": {"room": 3}})
    assert world.client.final(name)["metadata"] == {"room": 3}
    assert texts(world, number) == ["inside"]


# -- the send object


def test_every_state_comes_once_and_in_order_with_what_the_contract_names(world: World, number: str) -> None:
    name = f"whole-{number[1:]}"
    world.client.send(to=number, text="hello", id=name, metadata={"a": [1]})
    world.client.final(name)
    queued, sent, delivered = world.client.of(name)
    assert [queued["state"], sent["state"], delivered["state"]] == ["queued", "sent", "delivered"]
    assert (queued["gateway"], queued["attempt"], queued["final"]) == (None, 0, False)
    changing = ("at", "reference", "seq", "epoch")
    assert {key: value for key, value in delivered.items() if key not in changing} == {
        "id": name,
        "group": None,
        "to": number,
        "state": "delivered",
        "final": True,
        "gateway": "stick",
        "channel": "sms",
        "segments": 1,
        "segments_delivered": 1,
        "attempt": 1,
        "error": None,
        "cost": None,
        "possible_duplicate": False,
        "repeat": False,
        "metadata": {"a": [1]},
        "user_properties": [],
    }
    assert len(delivered["reference"]) == 1
    assert queued["seq"] < sent["seq"] < delivered["seq"]
    assert datetime.fromisoformat(delivered["at"]).utcoffset() == timedelta(0)


def test_a_bad_element_does_not_keep_back_the_rest_of_its_array(world: World, number: str) -> None:
    name = number[1:]
    world.client.publish(
        "send",
        [
            {"to": number, "text": "first", "id": f"a-{name}"},
            {"to": number, "text": "second", "id": f"b-{name}", "validty": 60},
            17,
            {"to": number, "text": "last", "id": f"c-{name}"},
        ],
    )
    assert world.client.final(f"a-{name}")["state"] == "delivered"
    assert world.client.final(f"c-{name}")["state"] == "delivered"
    refused = world.client.final(f"b-{name}")
    assert (refused["state"], refused["error"]["code"], refused["to"]) == ("rejected", "unknown_key", number)
    assert "validty" in refused["error"]["message"]
    assert "valid_for" in refused["error"]["message"]
    assert texts(world, number) == ["first", "last"]


def test_an_array_of_recipients_is_a_group_without_repeats(world: World, number: str) -> None:
    name = f"grp-{number[1:]}"
    world.client.send(to=[number, f"00{number[1:]}", "nobody", f"0{number[3:]}"], text="x", id=name)
    wait_for(lambda: len([e for e in world.client.of(name) if e["final"]]) >= 1, "a report")
    assert world.client.final(f"{name}/0")["state"] == "delivered"
    refused = world.client.final(f"{name}/1")
    assert (refused["to"], refused["error"]["code"]) == ("nobody", "unknown_recipient")
    assert len(texts(world, number)) == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": None}, "invalid_payload"),
    ({"text": 5}, "invalid_payload"),
    ({"data": "AAEC"}, "invalid_payload"),
    ({"text": "x", "port": 5}, "invalid_payload"),
    ({"text": "x", "priority": "urgent"}, "invalid_payload"),
    ({"text": "x", "valid_for": 0}, "invalid_payload"),
    ({"text": "x", "send_at": "tomorrow"}, "invalid_payload"),
    ({"text": "x", "gateway": "carrier"}, "invalid_payload"),
    ({"text": "x", "metadata": {"a": "b" * 2100}}, "invalid_payload"),
    ({"text": "x", "validty": 60}, "unknown_key"),
    ({"text": "x", "options": {"originatorTon": 1}}, "unknown_key"),
    ({"text": "x", "to": "12345678901234567890"}, "invalid_recipient"),
    ({"text": "x", "to": "+49"}, "invalid_recipient"),
    ({"text": "x", "to": ""}, "invalid_recipient"),
    ({"text": "x", "to": "nobody"}, "unknown_recipient"),
    ({"text": "x" * 2000}, "too_long"),
    ({"text": "x" * 161, "max_segments": 1}, "too_long"),
    ({"text": "x", "from": "HOME"}, "unsupported"),
    ({"text": "x", "sim": 1}, "unsupported"),
    ({"text": "x", "to": "+3315700000001"}, "no_route"),
    ({"text": "x", "to": "+88216000000"}, "blocked"),
    ({"text": "x", "to": "112"}, "blocked"),
]


def test_refused_objects_are_rejected_with_their_codes_and_leave_their_ids_free(
    world: World, number: str
) -> None:
    def named(n: int, keys: dict[str, Any]) -> dict[str, Any]:
        given = {"to": number, "id": f"no-{number[1:]}-{n}", **keys}
        return {key: value for key, value in given.items() if value is not None}

    objects = [named(n, keys) for n, (keys, _) in enumerate(REFUSED)]
    world.client.publish("send", objects)
    events = [world.client.final(given["id"]) for given in objects]
    got = [(event["state"], event["error"]["code"]) for event in events]
    assert got == [("rejected", code) for _, code in REFUSED]
    assert [(event["to"], event["gateway"]) for event in events] == [(given["to"], None) for given in objects]
    assert all(event["error"]["message"] for event in events)
    assert world.modem.submitted(number) == 0
    world.client.send(to=number, id=objects[0]["id"], text="corrected")
    assert world.client.reached(objects[0]["id"], "delivered")["repeat"] is False


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (b"not json", "JSON"),
        (b"", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"[]", "array"),
        (b'"text"', "got a string"),
        (b" " * (256 * 1024 + 1), "octets"),
        (b'{"to":"+4915700009999","to":"+4915700009999","text":"x"}', "twice"),
    ],
    ids=["no JSON", "empty", "no UTF-8", "empty array", "a string", "too big", "a key twice"],
)
def test_an_unreadable_payload_is_rejected_without_id(world: World, payload: bytes, word: str) -> None:
    before = len(world.client.events())
    world.client.publish("send", payload)
    (event,) = world.client.rejected(lambda e: e["id"] is None and word in e["error"]["message"])
    assert event in world.client.events()[before:]
    assert event["error"]["code"] == "invalid_payload"


def test_half_a_surrogate_pair_is_an_invalid_text(world: World, number: str) -> None:
    name = f"half-{number[1:]}"
    world.client.publish("send", f'{{"to":"{number}","text":"\\ud83d","id":"{name}"}}')
    assert world.client.final(name)["error"]["code"] == "invalid_text"


def test_different_ids_in_topic_and_object_are_refused(world: World, number: str) -> None:
    world.client.publish(f"send/{number[1:]}/one-{number[1:]}", {"text": "x", "id": f"two-{number[1:]}"})
    (event,) = world.client.rejected(lambda e: e["to"] == number[1:])
    assert event["error"]["code"] == "invalid_payload"


def test_a_quota_refuses_what_is_above_it_and_keeps_a_reserve_for_urgent_messages(
    world: World, number: str
) -> None:
    name = number[1:]
    for n in range(5):
        world.client.send(to=number, text=f"{n}", id=f"{n}-{name}")
    refused = world.client.final(f"4-{name}")
    assert (refused["state"], refused["error"]["code"]) == ("rejected", "quota")
    world.client.send(to=number, text="urgent", id=f"high-{name}", priority="high")
    assert world.client.final(f"high-{name}")["state"] == "delivered"
    world.client.send(to=number, text="urgent", id=f"over-{name}", priority="otp")
    assert world.client.final(f"over-{name}")["error"]["code"] == "quota"


# -- ids


def test_the_same_command_again_sends_once_and_is_answered_with_the_present_state(
    world: World, number: str
) -> None:
    name = f"same-{number[1:]}"
    world.client.send(to=number, text="once", id=name)
    world.client.final(name)
    other = Client(world.broker.port, version="3.1.1", name=f"other-{name}")
    other.send(text="once", id=name, to=[number[1:]])  # the same, written in another way
    other.close()
    world.client.send(to=number, text="once", id=name)
    wait_for(lambda: len([e for e in world.client.of(name) if e["repeat"]]) >= 1, "an answer to the repeat")
    world.client.send(to=number, text="twice", id=name)
    (conflict,) = world.client.rejected(lambda e: e["id"] == name and "text" in e["error"]["message"])
    assert (conflict["error"]["code"], conflict["repeat"], conflict["to"]) == ("id_conflict", True, number)
    repeats = [e for e in world.client.of(name) if e["repeat"] and e["state"] != "rejected"]
    assert {(e["state"], e["final"]) for e in repeats} == {("delivered", True)}
    assert texts(world, number) == ["once"]
    assert world.modem.submitted(number) == 1


def test_the_id_of_a_group_repeats_as_a_whole(world: World, number: str) -> None:
    name = f"team-{number[1:]}"
    command = {"to": [number, "anna"], "text": "all", "id": name}
    world.client.send(**command)
    wait_for(lambda: len([e for e in world.client.of(name) if e["final"]]) == 2, "both reports")
    world.client.send(**command)
    wait_for(lambda: len([e for e in world.client.of(name) if e["repeat"]]) == 2, "both answers")
    assert world.modem.submitted(number) == 1


# -- retained commands


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_retained_command_is_told_of_once_and_never_sent_again(
    fresh: Callable[..., World], number: str, version: str
) -> None:
    world = fresh(version=version)
    topic = f"send/{number[1:]}"
    # Nobody subscribes yet: the broker only keeps it. A first session is shown it in 3.1.1, and never in 5.
    world.client.publish(topic, "retained", retain=True)
    for turn in range(2):
        bridge = world.start_bridge()
        world.client.send(to="anna", text="barrier", id=f"barrier-{turn}")
        world.client.final(f"barrier-{turn}")
        if turn == 0:
            world.broker.kill()
            world.broker.start()
            world.client.send(to="anna", text="barrier", id="back")
            world.client.final("back")
        bridge.end()
    rejections = [event for event in world.client.events() if event["state"] == "rejected"]
    if version == "5":
        assert rejections == []
    else:
        assert [event["error"]["code"] for event in rejections] == ["retained_command"]
        assert (rejections[0]["id"], rejections[0]["to"]) == (None, number[1:])
    assert world.modem.submitted(number) == 0
