"""Every request and answer that SmsGateway24's document shows, to the letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sms_providers.exceptions import AuthError
from sms_providers.model import ErrorCode, Refused, State, Taken
from tests.providers.smsgateway24.account import EMAIL, PASSWORD, connect, example, message, opened, outgoing
from tests.providers.wire import from_raw
from tests.support.raw_provider import RawProvider, http_json
from tests.support.raw_provider import http as octets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock

    Action = Callable[[SmsGateway24], Awaitable[Any]]

SAVED = Taken(references=("62807347",), state=State.ACCEPTED)
#: "2019-07-01 23:50:00" in Paris.
JULY = datetime(2019, 7, 1, 21, 50, tzinfo=UTC)
NOVEMBER = datetime(2024, 11, 21, 5, 29, 47, tzinfo=UTC)

#: What is asked for each of the document's tables of parameters: the method, and every parameter with a value of its
#: table, most of them the table's own.
REQUESTS: dict[str, tuple[Action, dict[str, str]]] = {
    "addsms": (
        lambda gateway: gateway.send(
            [
                outgoing(
                    message("+4915752982212", "Hello", options={"customerid": 122, "urgent": 1}, sim=1),
                    send_at=NOVEMBER,
                )
            ]
        ),
        {
            "token": "given",
            "sendto": "+4915752982212",
            "body": "Hello",
            "device_id": "260",
            "timetosend": "2024-11-21 06:29:47",
            "sim": "1",
            "customerid": "122",
            "urgent": "1",
        },
    ),
    "savetag": (lambda gateway: gateway.save_tag("Employees"), {"token": "given", "title": "Employees"}),
    "savecontact": (
        lambda gateway: gateway.save_contact(tag_id="8303", phone="+1 17642031984", full_name="Anna"),
        {
            "token": "given",
            "phone": "+1 17642031984",
            "ctag_id": "8303",
            "tag_id": "8303",
            "fullname": "Anna",
        },
    ),
    "savepaket": (
        lambda gateway: gateway.save_newsletter(
            title="News", text="Hello", tag_ids=["12", "13", "14"], send_at=NOVEMBER
        ),
        {
            "token": "given",
            "title": "News",
            "device_id": "260",
            "body": "Hello",
            "tags": "12,13,14",
            "sim": "0",
            "time_to_send": "21.11.2024 06:29:47",
        },
    ),
    "getalldevices": (lambda gateway: gateway.devices(), {"token": "given"}),
    "getsmsstatus": (
        lambda gateway: gateway.reports([opened("62807347", NOVEMBER)]),
        {"token": "given", "sms_id": "62807347"},
    ),
}


@pytest.fixture
def early(clock: Clock) -> Clock:
    """A time before all dates of the document."""
    clock.now = datetime(2019, 6, 1, tzinfo=UTC)
    return clock


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_has_the_documents_parameters(
    http: aiohttp.ClientSession, early: Clock, name: str
) -> None:
    action, parameters = REQUESTS[name]
    async with RawProvider(octets(example(f"{name}.answer.json"))) as raw:
        await action(connect(f"{raw.url}/getdata/", http, early, "260", token="given"))
        asked = from_raw(raw.requests[0])
    assert (asked.method, asked.path, asked.query) == ("POST", f"/getdata/{name}", {})
    assert asked.form == parameters


async def test_a_login_has_the_documents_parameters(http: aiohttp.ClientSession, early: Clock) -> None:
    answers = [octets(example(f"{name}.answer.json")) for name in ("gettoken", "getalldevices")]
    async with RawProvider(*answers) as raw:
        await connect(raw.url, http, early).check()
        login, listing = map(from_raw, raw.requests)
    assert (login.path, login.form) == ("/gettoken", {"email": EMAIL, "pass": PASSWORD})
    assert listing.form == {"token": "abbde3e31e9d026c02f41119fc551111e"}


async def test_a_message_with_a_login_has_the_documents_parameters(
    http: aiohttp.ClientSession, early: Clock
) -> None:
    action, parameters = REQUESTS["addsms"]
    async with RawProvider(octets(example("smstosend.answer.json"))) as raw:
        assert await action(connect(raw.url, http, early, "260", send_method="login")) == [SAVED]
        asked = from_raw(raw.requests[0])
    assert asked.path == "/smstosend"
    expected = {"email": EMAIL, "pass": PASSWORD, **parameters}
    del expected["token"]
    assert asked.form == expected


async def test_a_bulk_request_is_the_documents(http: aiohttp.ClientSession, early: Clock) -> None:
    documented = json.loads(example("addalotofsms.request.json"))
    batch = [
        outgoing(
            message(
                entry["sendto"],
                entry["body"],
                sim=entry["sim"],
                options={name: entry[name] for name in ("device_id", "customerid", "urgent")},
            ),
            send_at=JULY,
            reference=number,
        )
        for number, entry in enumerate(documented["smsdata"], 1)
    ]
    async with RawProvider(http_json({"error": 0, "message": "OK"}), http_json({"smss": []})) as raw:
        gateway = connect(raw.url, http, early, token=documented["token"])
        outcomes = await gateway.send(batch)
        asked = from_raw(raw.requests[0])
    assert list(asked.form) == ["datajson"]
    assert json.loads(asked.form["datajson"]) == documented
    assert outcomes == [Taken(references=("customerid:122",), state=State.ACCEPTED)] * 2


async def test_the_bulk_parameter_is_the_documents_but_for_our_reference(
    http: aiohttp.ClientSession, early: Clock
) -> None:
    documented = json.loads(example("addalotofsms.parameter.json"))
    batch = [
        outgoing(
            message(
                entry["sendto"],
                entry["body"],
                sim=entry["sim"],
                options={name: entry[name] for name in ("device_id", "urgent") if name in entry},
            ),
            send_at=JULY,
            reference=number,
        )
        for number, entry in enumerate(documented["smsdata"], 1)
    ]
    async with RawProvider(http_json({"error": 0, "message": "OK"}), http_json({"smss": {}})) as raw:
        await connect(raw.url, http, early, token=documented["token"]).send(batch)
        asked = json.loads(from_raw(raw.requests[0]).form["datajson"])
    assert [entry.pop("customerid") for entry in asked["smsdata"]] == [1, 2]
    assert asked == documented


@pytest.mark.parametrize("name", ["addsms", "smstosend"])
async def test_the_answer_to_a_message_is_understood(
    http: aiohttp.ClientSession, clock: Clock, name: str
) -> None:
    async with RawProvider(octets(example(f"{name}.answer.json"))) as raw:
        settings = {"token": "given"} if name == "addsms" else {"send_method": "login"}
        assert await connect(raw.url, http, clock, **settings).send([outgoing()]) == [SAVED]


async def test_the_list_of_messages_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(octets(example("getallsms.answer.json"))) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        first, second = await gateway.messages()
        sends = [opened(number, clock.now) for number in ("62050971", "62051117", "62050971", "62051117")]
        reports = await gateway.reports(sends)
    assert (first.id, first.number, first.text) == (
        "62050971",
        "+4912312312332",
        "Hello! Thank you for Order! ",
    )
    assert (first.status, first.status_title, first.device_id) == (2, "sending", "11231")
    assert first.created is not None
    assert first.created.astimezone(UTC) == datetime(2023, 11, 2, 21, 44, 43, tzinfo=UTC)
    assert (first.customer_id, first.urgent, first.sent, first.scheduled, first.newsletter_id) == (None,) * 5
    assert (second.id, second.status) == ("62051117", 7)
    assert [report.state for report in reports] == [State.ACCEPTED, State.DELIVERED] * 2


async def test_contact_lists_are_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(
        *(octets(example(f"{name}.answer.json")) for name in ("savetag", "savecontact"))
    ) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        assert await gateway.save_tag("Employees") == "8303"
        assert await gateway.save_contact(tag_id="8303", phone="1", full_name="A") == "15954765"


async def test_a_newsletter_whose_answer_has_no_number_is_made_all_the_same(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with RawProvider(octets(example("savepaket.answer.json"))) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        assert await gateway.save_newsletter(title="News", text="Hello", tag_ids=["12"]) is None
    async with RawProvider(http_json({"error": 0, "message": "OK", "paket_id": 7})) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        assert await gateway.save_newsletter(title="News", text="Hello", tag_ids=["12"]) == "7"


async def test_the_phones_are_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(octets(example("getalldevices.answer.json"))) as raw:
        first, second = await connect(raw.url, http, clock, token="given").devices()
    assert (first.id, first.title, first.imei, first.number) == (
        "1576",
        "AOSP_on_IA_Emulator",
        "358240051111110",
        None,
    )
    assert first.created == datetime(2020, 3, 28, 20, 10, 29, tzinfo=UTC)
    assert first.last_seen == datetime(2020, 4, 23, 17, 2, 21, tzinfo=UTC)
    assert (first.serial_number, first.app_version, first.app_is_current) == (
        "EMULATOR30X0X5X0",
        "12.1.21",
        False,
    )
    assert (first.delay_between_messages, first.delay_between_requests, first.subscription) == (None, 1, True)
    (sim,) = first.sims
    assert (sim.slot, sim.iccid, sim.number, sim.roaming, sim.country, sim.carrier) == (
        0,
        "89014103211118510720",
        "15555215554",
        False,
        "us",
        "Android (T-Mobile)",
    )
    assert (second.imei, second.serial_number, second.subscription) == (None, None, False)
    assert (second.delay_between_messages, second.delay_between_requests) == (5, 10)
    assert second.sims[0].roaming is True


async def test_a_status_whose_answer_has_none_changes_nothing(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with RawProvider(octets(example("getsmsstatus.answer.json"))) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        (report,) = await gateway.reports([opened("62807347", clock.now)])
    assert report.state is None


@pytest.mark.parametrize("name", ["gettoken", "savepaket", "getsmsstatus"])
async def test_a_wrong_login_is_understood(http: aiohttp.ClientSession, clock: Clock, name: str) -> None:
    async with RawProvider(octets(example(f"{name}.refused.json"))) as raw:
        gateway = connect(raw.url, http, clock, token="given")
        with pytest.raises(AuthError):
            await gateway.save_newsletter(title="News", text="Hello", tag_ids=["12"])
        with pytest.raises(AuthError):
            await gateway.reports([opened("62807347", clock.now)])
        with pytest.raises(AuthError):
            await connect(raw.url, http, clock).check()
        (outcome,) = await connect(raw.url, http, clock, send_method="login").send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.AUTH
