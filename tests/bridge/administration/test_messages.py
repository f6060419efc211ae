"""The commands about messages and events."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.link import LinkError
from sms_bridge.routing.requests import AdminError
from sms_providers.model import Price
from tests.support.running import PATIENCE

if TYPE_CHECKING:
    from tests.bridge.administration.conftest import Office


async def refusal(office: Office, command: str, **members: object) -> tuple[str, str]:
    with pytest.raises(AdminError) as caught:
        await office.ask(command, **members)
    return caught.value.code.value, caught.value.message


async def until_state(office: Office, message_id: str, state: str) -> None:
    """Wait until the dispatcher has brought a message so far; it tells of each step at the gateway."""
    stepped = asyncio.Event()
    unsubscribe = office.routing.gateways.subscribe(lambda _: stepped.set())
    async with asyncio.timeout(PATIENCE):
        while (await office.ask("message", id=message_id))["state"] != state:
            await stepped.wait()
            stepped.clear()
    unsubscribe()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("mesages", "mesages: this command is unknown. Did you mean messages?"),
        ("", None),
        ("../x", None),
    ],
)
async def test_an_unknown_command_is_told_with_the_nearest(
    office: Office, command: str, message: str | None
) -> None:
    code, told = await refusal(office, command)
    assert code == "unknown_command"
    assert message is None or told == message


@pytest.mark.parametrize("command", ["pair", "unpair", "reload"])
async def test_a_command_of_another_version_is_unsupported(office: Office, command: str) -> None:
    assert await refusal(office, command) == (
        "unsupported",
        f"{command}: this version does not have this command.",
    )


@pytest.mark.parametrize(
    "command",
    [
        "health", "gateway", "messages", "message", "events", "cancel", "resend", "quote", "balance", "ussd",
        "restart_gateway", "pause", "resume", "discovery",
    ],
)  # fmt: skip
async def test_every_command_refuses_an_unknown_key_by_name(office: Office, command: str) -> None:
    code, message = await refusal(office, command, bogus=1)
    assert code == "unknown_key"
    assert message.startswith("bogus: ")


@pytest.mark.parametrize(
    ("command", "members", "message"),
    [
        ("message", {}, "id: expected a string."),
        ("message", {"id": 7}, "id: expected a string."),
        ("cancel", {"id": ""}, "id: expected a string."),
        ("messages", {"limit": 0}, "limit: expected a whole number from 1 to 1000."),
        ("messages", {"limit": 1001}, "limit: expected a whole number from 1 to 1000."),
        ("messages", {"limit": True}, "limit: expected a whole number of at least 0."),
        ("messages", {"cursor": "zz"}, "cursor: expected the cursor of the page before."),
        ("messages", {"since": "yesterday"}, None),
        ("messages", {"since": "2026-11-20T10:15:02"}, None),
        ("messages", {"state": "quued"}, "quued: this state is unknown. Did you mean queued?"),
        ("messages", {"to": "x"}, None),
        ("events", {"after": 0}, "epoch: expected a string."),
        ("events", {"epoch": "e", "after": -1}, "after: expected a whole number of at least 0."),
        ("discovery", {}, "enabled: expected true or false."),
        ("quote", {"to": "anna"}, None),
        ("quote", {"to": "anna", "text": "x" * 2000}, None),
        ("quote", {"to": "nobody", "text": "x"}, None),
    ],
)
async def test_a_value_of_the_wrong_form_is_told(
    office: Office, command: str, members: dict[str, Any], message: str | None
) -> None:
    code, told = await refusal(office, command, **members)
    assert code == "invalid_payload"
    assert message is None or told == message


async def test_messages_come_newest_first_in_pages(office: Office) -> None:
    for number in range(5):
        await office.send(id=f"m{number}", to="anna")
    first = await office.ask("messages", limit=2)
    assert [message["id"] for message in first["messages"]] == ["m4", "m3"]
    second = await office.ask("messages", limit=2, cursor=first["cursor"])
    assert [message["id"] for message in second["messages"]] == ["m2", "m1"]
    third = await office.ask("messages", limit=2, cursor=second["cursor"])
    assert ([message["id"] for message in third["messages"]], third["cursor"]) == (["m0"], None)


async def test_a_page_that_ends_with_the_last_message_has_no_cursor(office: Office) -> None:
    await office.send(id="only", to="anna")
    assert (await office.ask("messages", limit=1))["cursor"] is None


@pytest.mark.parametrize("to", ["anna", "+491701234567", "491701234567", "0170 1234567", "00491701234567"])
async def test_messages_are_found_by_recipient_however_it_is_written(office: Office, to: str) -> None:
    await office.send(id="hers", to="anna")
    await office.send(id="other", to="+491709999999")
    assert [message["id"] for message in (await office.ask("messages", to=to))["messages"]] == ["hers"]


async def test_messages_are_found_by_state_and_time(office: Office) -> None:
    await office.send(id="now", to="anna")
    await office.send(id="later", to="anna", send_at="2026-11-21T00:00:00Z")
    by_state = await office.ask("messages", state="scheduled")
    assert [message["id"] for message in by_state["messages"]] == ["later"]
    assert len((await office.ask("messages", since="2026-11-20T11:15:00+01:00"))["messages"]) == 2
    assert (await office.ask("messages", since="2026-11-20T10:15:01Z"))["messages"] == []


async def test_a_message_is_shown_whole_with_its_events(office: Office) -> None:
    await office.send(id="m", to="anna", metadata={"a": 1}, valid_for=60)
    message = await office.ask("message", id="m")
    events = message.pop("events")
    assert message == {
        "id": "m",
        "group": None,
        "to": "+491701234567",
        "from": None,
        "text": "hello",
        "data": None,
        "port": None,
        "state": "queued",
        "final": False,
        "priority": "normal",
        "gateway": None,
        "segments": 1,
        "segments_delivered": 0,
        "attempt": 0,
        "reference": [],
        "error": None,
        "possible_duplicate": False,
        "created_at": "2026-11-20T10:15:00Z",
        "send_at": None,
        "expires_at": "2026-11-20T10:16:00Z",
        "updated_at": "2026-11-20T10:15:00Z",
        "metadata": {"a": 1},
    }
    assert [(event["state"], event["seq"]) for event in events] == [("queued", 1)]


async def test_the_text_of_a_one_time_password_is_null(office: Office) -> None:
    await office.send(id="otp", to="anna", text="987654", priority="otp")
    assert (await office.ask("message", id="otp"))["text"] is None
    assert "987654" not in str(await office.ask("messages"))


@pytest.mark.parametrize("command", ["message", "cancel", "resend"])
async def test_an_id_that_nobody_has_is_unknown(office: Office, command: str) -> None:
    assert (await refusal(office, command, id="nix"))[0] == "unknown_id"


async def test_events_without_a_number_tell_only_where_the_store_is(office: Office) -> None:
    empty = await office.ask("events")
    assert empty == {"epoch": empty["epoch"], "seq": 0}
    await office.send(id="m", to="anna")
    assert await office.ask("events", epoch="whatever") == {"epoch": empty["epoch"], "seq": 1}


async def test_events_come_oldest_first_and_say_if_there_are_more(office: Office) -> None:
    epoch = (await office.ask("events"))["epoch"]
    for number in range(3):
        await office.send(id=f"m{number}", to="anna")
    page = await office.ask("events", epoch=epoch, after=0, limit=2)
    assert [event["id"] for event in page["events"]] == ["m0", "m1"]
    assert (page["more"], page["seq"], page["epoch"]) == (True, 3, epoch)
    rest = await office.ask("events", epoch=epoch, after=2, limit=2)
    assert ([event["id"] for event in rest["events"]], rest["more"]) == (["m2"], False)
    assert rest["events"][0]["epoch"] == epoch
    assert (await office.ask("events", epoch=epoch, after=99))["events"] == []


async def test_events_of_another_store_are_refused_with_the_present_position(office: Office) -> None:
    await office.send(id="m", to="anna")
    with pytest.raises(AdminError) as caught:
        await office.ask("events", epoch="other", after=0)
    assert caught.value.code == "wrong_epoch"
    assert caught.value.data == await office.ask("events")


async def test_a_waiting_message_or_group_is_cancelled(office: Office) -> None:
    await office.send(id="one", to="anna")
    await office.send(id="all", to=["anna", "+491709999999"])
    assert await office.ask("cancel", id="one") == {"ids": ["one"]}
    assert await office.ask("cancel", id="all") == {"ids": ["all/0", "all/1"]}
    assert (await office.ask("message", id="one"))["state"] == "cancelled"
    assert (await refusal(office, "cancel", id="one"))[0] == "invalid_payload"


async def test_a_sent_message_is_not_sent_again_on_request(office: Office) -> None:
    office.stick.go_online()
    await office.send(id="m", to="anna", dlr=False)
    await until_state(office, "m", "sent")
    assert (await refusal(office, "resend", id="m"))[0] == "invalid_payload"


async def test_a_quote_commits_nothing(office: Office) -> None:
    office.stick.go_online()
    quote = await office.ask("quote", to="anna", text="x" * 161)
    assert {key: quote[key] for key in ("segments", "encoding", "gateway", "price")} == {
        "segments": 2,
        "encoding": "gsm7",
        "gateway": "stick",
        "price": None,
    }
    assert quote["characters_left"] == 306 - 161
    assert (await office.ask("messages"))["messages"] == []
    assert (await office.ask("events"))["seq"] == 0


async def test_a_quote_has_the_price_where_the_gateway_tells_one(office: Office) -> None:
    office.stick.cost = Price(amount=Decimal("0.450"), currency="GBP")
    quote = await office.ask("quote", to="anna", text="x", gateway="stick")
    assert (quote["price"], quote["currency"]) == ("0.450", "GBP")


async def test_a_gateway_that_cannot_be_asked_for_its_price_keeps_nothing_else_back(office: Office) -> None:
    office.stick.fault = LinkError("no connection")
    quote = await office.ask("quote", to="anna", text="x", gateway="stick")
    assert (quote["segments"], quote["price"], quote["currency"]) == (1, None, None)


async def test_an_unknown_key_in_a_quote_is_named(office: Office) -> None:
    code, message = await refusal(office, "quote", to="anna", text="x", validty=3)
    assert code == "unknown_key"
    assert "validty" in message


async def test_the_answer_to_discovery_is_what_holds_then_not_what_was_asked(office: Office) -> None:
    assert await office.ask("discovery", enabled=False) == {"enabled": True}
    assert office.shown == [False]


async def test_health_is_the_health_object(office: Office) -> None:
    await office.send(id="m", to="anna")
    health = await office.ask("health")
    assert health["queue"] == {"queued": 1}
    assert health["uptime"] == 0
