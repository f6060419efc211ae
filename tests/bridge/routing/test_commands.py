"""Commands: identity, recipients, refusals (MQTT contract, section 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.command import Packet, Rejection
from sms_bridge.routing.settings import Defaults, Limits, Route, RouteMatch
from sms_providers import options
from sms_providers.charset import EncodingChoice
from sms_providers.model import Capability, Error, ErrorCode, OnUnknown, Priority
from tests.bridge.routing.bench import ANNA, BEN, NUMBER, Gateway, reply, send, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]


# -- identity


async def test_the_same_id_and_content_is_answered_by_the_present_event_and_sent_once(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.accept(send(id="m", reply=reply("again")))
    repeated = await bench.last()
    assert (repeated["state"], repeated["repeat"], repeated["attempt"]) == ("sent", True, 1)
    assert (await bench.raw_events())[-1].copies[0].topic == "again"
    assert await bench.claim() == []


async def test_the_recipient_may_be_written_in_another_way(bench: Bench) -> None:
    await bench.queue(to="+491701234567")
    await bench.accept(send("00491701234567", id="m"), send("01701234567", id="m"))
    assert [event["repeat"] for event in await bench.events()] == [False, True, True]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"text": "the window is open"}, "text"),
        ({"to": BEN}, "to"),
        ({"to": BEN, "text": "x"}, "to, text"),
        ({"text": None, "data": b"\x01", "port": 5}, "text, data, port"),
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict_that_names_what_differs(
    bench: Bench, other: dict[str, Any], named: str
) -> None:
    await bench.queue()
    event = await bench.rejection(id="m", **other)
    assert event["error"]["code"] == "id_conflict"
    assert f"another {named};" in event["error"]["message"]
    assert (event["id"], event["repeat"], event["to"]) == ("m", True, other.get("to", NUMBER))
    assert (await bench.message()).text == "the door is open"


async def test_a_one_time_password_is_compared_too_while_the_bridge_runs(bench: Bench) -> None:
    await bench.queue(text="4711", priority=Priority.OTP, dlr=False)
    await bench.attempt(taken("2a"))
    await bench.accept(send(id="m", text="4711", priority=Priority.OTP))
    assert (await bench.last())["state"] == "sent"
    event = await bench.rejection(id="m", text="4712", priority=Priority.OTP)
    assert event["error"]["code"] == "id_conflict"
    await bench.restart()
    await bench.accept(send(id="m", text="4712", priority=Priority.OTP))
    assert (await bench.last())["repeat"] is True
    assert (await bench.rejection(id="m", to=BEN, text="4711"))["error"]["code"] == "id_conflict"


async def test_an_ordinary_message_does_not_hide_a_password_with_its_id(bench: Bench) -> None:
    await bench.queue(text="4711")
    event = await bench.rejection(id="m", text="4712", priority=Priority.OTP)
    assert event["error"]["code"] == "id_conflict"


async def test_a_rejected_command_does_not_occupy_its_id(bench: Bench) -> None:
    await bench.rejection(id="m", to="nobody")
    await bench.queue()
    assert await bench.states() == ["rejected!", "queued"]


async def test_two_commands_of_one_array_with_one_id_are_one_message(bench: Bench) -> None:
    await bench.accept(send(id="m"), send(id="m"), send(id="m", text="other"))
    states = [(event["state"], event["repeat"]) for event in await bench.events()]
    assert states == [("queued", False), ("queued", True), ("rejected", True)]


async def test_a_command_without_id_gets_one_each_time(bench: Bench) -> None:
    await bench.accept(send(), send())
    first, second = await bench.events()
    assert first["id"] != second["id"]


async def test_an_id_survives_a_restart(bench: Bench) -> None:
    await bench.queue()
    await bench.restart()
    await bench.accept(send(id="m"))
    assert (await bench.last())["repeat"] is True


# -- redelivery


def packet(number: int = 7, *, dup: bool = True, payload: bytes = b"same") -> Packet:
    return Packet(packet_id=number, dup=dup, digest=payload)


async def test_a_redelivery_of_the_same_session_sends_nothing_again(bench: Bench) -> None:
    assert await bench.accept(send(), packet=packet(dup=False))
    await bench.restart()
    assert not await bench.accept(send(), packet=packet())
    assert len(await bench.events()) == 1


@pytest.mark.parametrize(
    "second",
    [packet(dup=False), packet(payload=b"other"), packet(8)],
    ids=["no dup", "another payload", "another packet"],
)
async def test_what_is_not_a_redelivery_is_sent(bench: Bench, second: Packet) -> None:
    await bench.accept(send(), packet=packet(dup=False))
    assert await bench.accept(send(), packet=second)
    assert len(await bench.events()) == 2


async def test_a_redelivery_after_the_broker_forgot_the_session_is_another_command(bench: Bench) -> None:
    await bench.accept(send(), packet=packet(dup=False))
    await bench.outbox.forget_packets()
    assert await bench.accept(send(), packet=packet())


async def test_a_packet_known_to_be_acknowledged_is_not_redelivered(bench: Bench) -> None:
    await bench.accept(send(), packet=packet(dup=False))
    await bench.outbox.packets_acknowledged([7])
    assert await bench.accept(send(), packet=packet())


async def test_a_redelivery_with_an_id_is_answered_by_the_id(bench: Bench) -> None:
    await bench.accept(send(id="m"), packet=packet(dup=False))
    await bench.accept(send(id="m"), packet=packet())
    assert [event["repeat"] for event in await bench.events()] == [False, True]


async def test_the_last_thousand_packets_are_remembered(bench: Bench) -> None:
    for number in range(1, 1003):
        await bench.accept(send("nobody"), packet=packet(number, dup=False))
    assert await bench.accept(send("nobody"), packet=packet(2))
    assert not await bench.accept(send("nobody"), packet=packet(4))


async def test_a_replayed_retained_topic_is_refused_once(bench: Bench) -> None:
    error = Error(code=ErrorCode.RETAINED_COMMAND, message="a retained command is never sent")
    replay = Rejection(id=None, to=None, error=error, once="retained:sms_gateway/send/anna")
    await bench.accept(replay)
    await bench.restart()
    await bench.accept(replay)
    assert [event["error"]["code"] for event in await bench.events()] == ["retained_command"]


async def test_a_refusal_goes_to_the_response_topic_with_what_it_was_about(bench: Bench) -> None:
    error = Error(code=ErrorCode.UNKNOWN_KEY, message="validty: did you mean valid_for?")
    await bench.accept(Rejection(id=None, to=["anna", 5], error=error, reply=reply(), metadata={"a": 1}))
    (event,) = await bench.raw_events()
    assert [(copy.topic, copy.correlation) for copy in event.copies] == [("answers/7", b"\x07")]
    body = await bench.last()
    assert (body["id"], body["to"], body["metadata"]) == (None, ["anna", 5], {"a": 1})
    assert (body["seq"], body["user_properties"]) == (1, [["room", "hall"]])


# -- recipients


async def test_contacts_national_numbers_and_short_codes_are_resolved(bench: Bench) -> None:
    await bench.accept(
        send("anna"), send("01701234567"), send("00491701234567"), send("491701234567"), send("22922")
    )
    assert [event["to"] for event in await bench.events()] == [ANNA, NUMBER, NUMBER, NUMBER, "22922"]


async def test_national_numbers_take_the_configured_country(make_bench: MakeBench) -> None:
    bench = await make_bench(defaults=Defaults(country="AT"))
    await bench.accept(send("06641234567"))
    assert (await bench.last())["to"] == "+436641234567"


async def test_the_members_of_a_group_are_messages_without_repeats_frozen_at_commit(bench: Bench) -> None:
    await bench.accept(send(("family", "anna", NUMBER, "+" + NUMBER[1:]), id="g"))
    assert [(e["id"], e["group"], e["to"]) for e in await bench.events()] == [
        ("g/0", "g", ANNA),
        ("g/1", "g", BEN),
        ("g/2", "g", NUMBER),
    ]
    bench.configure(replace(bench.settings, groups={"family": ("ben",)}))
    await bench.accept(send(("family", "anna", NUMBER, NUMBER), id="g"))
    repeats = (await bench.events())[3:]
    assert [(e["id"], e["repeat"]) for e in repeats] == [("g/0", True), ("g/1", True), ("g/2", True)]


async def test_a_group_name_makes_a_group_also_alone(bench: Bench) -> None:
    await bench.accept(send("family", id="g"))
    assert [event["id"] for event in await bench.events()] == ["g/0", "g/1"]


async def test_an_array_of_one_is_a_group_of_one(bench: Bench) -> None:
    await bench.accept(send((NUMBER,), id="g"))
    assert (await bench.last())["id"] == "g/0"


async def test_a_bad_member_is_refused_as_given_and_the_rest_goes_on(bench: Bench) -> None:
    await bench.accept(send((NUMBER, "nobody", "anna"), id="g"))
    events = await bench.events()
    assert [(e["id"], e["state"], e["to"]) for e in events] == [
        ("g/0", "queued", NUMBER),
        ("g/1", "rejected", "nobody"),
        ("g/2", "queued", ANNA),
    ]
    assert events[1]["error"]["code"] == "unknown_recipient"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("nobody", "unknown_recipient"),
        ("+12", "invalid_recipient"),
        ("112", "blocked"),
        ("+88212345678", "blocked"),
    ],
)
async def test_a_recipient_that_may_not_be_is_refused_with_its_reason(
    bench: Bench, to: str, code: str
) -> None:
    event = await bench.rejection(to=to, id="m")
    assert (event["error"]["code"], event["to"], event["id"]) == (code, to, "m")


async def test_a_refusal_of_a_contact_names_it_as_given(make_bench: MakeBench) -> None:
    bench = await make_bench(limits=Limits(per_day=0))
    assert (await bench.rejection(to="anna"))["to"] == "anna"


async def test_only_allowed_prefixes_pass(make_bench: MakeBench) -> None:
    bench = await make_bench(allow=("+49",))
    await bench.queue()
    assert (await bench.rejection(to="+33612345678"))["error"]["code"] == "blocked"


async def test_emergency_numbers_pass_only_with_allow_emergency(make_bench: MakeBench) -> None:
    bench = await make_bench(allow_emergency=True)
    await bench.queue(to="112")


# -- what is sent


async def test_a_text_of_too_many_segments_is_refused_whole(bench: Bench) -> None:
    event = await bench.rejection(to=("anna", "ben"), id="g", text="x" * 400, max_segments=2)
    assert (event["error"]["code"], event["to"], event["id"]) == ("too_long", ["anna", "ben"], "g")


async def test_the_configured_number_of_segments_holds_without_one(make_bench: MakeBench) -> None:
    bench = await make_bench(defaults=Defaults(max_segments=1))
    assert (await bench.rejection(text="x" * 161))["error"]["code"] == "too_long"
    assert (await bench.queue("long", text="x" * 161, max_segments=2)).segments == 2


async def test_the_encoding_decides_the_segments(bench: Bench) -> None:
    assert (await bench.queue("a", text="ć" * 100)).segments == 2
    assert (await bench.queue("b", text="ć" * 100, encoding=EncodingChoice.GSM7)).segments == 1
    assert (
        (await bench.queue("c", text=None, data=b"x" * 200, port=5, gateway=("able",))).segments == 2
        if ("able" in bench.links)
        else True
    )


async def test_everything_a_command_says_reaches_the_gateway(make_bench: MakeBench) -> None:
    able = Gateway("able", capabilities=frozenset(Capability), options={"udh": options.whole(0, 9)})
    bench = await make_bench({"able": able}, gateways=("able",))
    await bench.queue(
        text=None, data=b"\x01\x02", port=5, originator="HOME", sim=1, priority=Priority.HIGH, valid_for=90,
        dlr=False, flash=True, options={"udh": 1},
    )  # fmt: skip
    message = (await bench.claim_one("able")).message
    assert (message.data, message.port, message.originator, message.sim) == (b"\x01\x02", 5, "HOME", 1)
    assert (message.priority, message.valid_for, message.dlr, message.flash) == (
        Priority.HIGH,
        90,
        False,
        True,
    )
    assert message.options == {"udh": 1}


async def test_the_configured_defaults_hold_where_a_command_says_nothing(make_bench: MakeBench) -> None:
    bench = await make_bench(defaults=Defaults(dlr=False, valid_for=77, on_unknown=OnUnknown.HOLD))
    message = await bench.queue()
    assert (message.dlr, message.valid_for, message.on_unknown) == (False, 77, OnUnknown.HOLD)


@pytest.mark.parametrize(
    ("asked", "key"),
    [({"flash": True}, "flash"), ({"originator": "X"}, "from"), ({"sim": 1}, "sim"),
     ({"text": None, "data": b"x", "port": 1}, "data")],
)  # fmt: skip
async def test_what_no_gateway_of_the_route_can_do_is_refused_by_its_key(
    bench: Bench, asked: dict[str, Any], key: str
) -> None:
    event = await bench.rejection(**asked)
    assert event["error"]["code"] == "unsupported"
    assert event["error"]["message"].startswith(f"{key}:")


async def test_an_option_that_no_gateway_of_the_route_knows_is_an_unknown_key(make_bench: MakeBench) -> None:
    links = {"stick": Gateway("stick"), "cloud": Gateway("cloud", options={"brand": options.whole(1, 9)})}
    bench = await make_bench(links, gateways=("stick", "cloud"))
    await bench.queue("both", options={"brand": 1})
    event = await bench.rejection(options={"brand": 1}, gateway=("stick",))
    assert event["error"]["code"] == "unknown_key"
    assert "options.brand" in event["error"]["message"]


async def test_an_option_whose_value_a_gateway_refuses_is_an_invalid_payload(make_bench: MakeBench) -> None:
    links = {"stick": Gateway("stick"), "cloud": Gateway("cloud", options={"brand": options.whole(1, 9)})}
    bench = await make_bench(links, gateways=("stick", "cloud"))
    event = await bench.rejection(options={"brand": 12})
    assert event["error"]["code"] == "invalid_payload"
    assert event["error"]["message"] == "options.brand: expected a whole number from 1 to 9"


async def test_an_unknown_gateway_is_refused_with_those_there_are(bench: Bench) -> None:
    event = await bench.rejection(gateway=("stik",))
    assert event["error"]["code"] == "invalid_payload"
    assert "stick, spare, cloud" in event["error"]["message"]


async def test_no_route_is_refused(make_bench: MakeBench) -> None:
    bench = await make_bench(routes=(Route(match=RouteMatch(prefix=("+43",)), use=(("stick",),)),))
    assert (await bench.rejection())["error"]["code"] == "no_route"
