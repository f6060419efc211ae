"""The simulated SmsGateway24 against its document: the document's examples, its filters, its webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgateway24 import (
    ErrorStyle,
    SmsGateway24Options,
    SmsGateway24Server,
)
from sms_bridge.simulator.provider_smsgateway24_account import DEVICE, EXAMPLE_DEVICES, Sms, ZoneStyle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.support.customer import Customer

TOKEN = "df427bfcf113c9a21c67718035076b5b"
NOW = datetime(2023, 11, 2, 21, 44, 43, tzinfo=UTC)
SMS = {"token": TOKEN, "sendto": "+4915752982212", "body": "Hi", "device_id": "260"}


@pytest.fixture
def clock() -> list[datetime]:
    """The time, in a place where it can be changed."""
    return [NOW]


@pytest.fixture
async def server(clock: list[datetime]) -> AsyncIterator[SmsGateway24Server]:
    options = SmsGateway24Options(tokens=(TOKEN,), clock=lambda: clock[0])
    async with SmsGateway24Server(options) as server:
        yield server


async def post(
    http: aiohttp.ClientSession, server: SmsGateway24Server, method: str, fields: Mapping[str, str]
) -> dict[str, Any]:
    """POST a form and give the answer's JSON; the status is always 200, the type always HTML."""
    async with http.post(server.base_url + method, data=fields) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        data: dict[str, Any] = json.loads(await answer.text())
    return data


async def get(http: aiohttp.ClientSession, server: SmsGateway24Server, path: str) -> dict[str, Any]:
    async with http.get(server.base_url + path) as answer:
        assert answer.status == 200
        data: dict[str, Any] = json.loads(await answer.text())
    return data


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_a_token_is_given_for_email_and_password(
    http: aiohttp.ClientSession, server: SmsGateway24Server, verb: str
) -> None:
    if verb == "GET":
        data = await get(http, server, "gettoken?email=user@example.com&pass=smsgateway24-access")
    else:
        data = await post(
            http, server, "gettoken", {"email": "user@example.com", "pass": "smsgateway24-access"}
        )
    assert (data["error"], data["message"], len(data["token"])) == (0, "OK", 32)
    assert (await post(http, server, "addsms", {**SMS, "token": data["token"]}))["error"] == 0


async def test_a_wrong_password_is_refused_in_the_documents_words(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    refusal = {"error": 1, "message": "Login or password incorrect"}
    assert await get(http, server, "gettoken?email=user@example.com&pass=wrong") == refusal
    fields = {**SMS, "email": "user@example.com", "pass": "wrong"}
    del fields["token"]
    assert await post(http, server, "smstosend", fields) == refusal
    assert server.on_air == []


async def test_an_sms_is_saved_like_in_the_example(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    assert await post(http, server, "addsms", SMS) == {
        "error": 0,
        "sms_id": 62807347,
        "message": "Sms has been saved successfully",
    }
    (message,) = server.on_air
    assert (message.recipient, message.text, message.ids) == ("+4915752982212", "Hi", ("62807347",))


async def test_multipart_is_taken_as_the_samples_send_it(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in SMS.items():
        form.add_field(name, value)
    async with http.post(server.base_url + "addsms", data=form) as answer:
        assert json.loads(await answer.text())["error"] == 0


async def test_login_and_password_send_without_a_token(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    query = "email=user@example.com&pass=smsgateway24-access&sendto=%2B4915752982212&body=Hi&device_id=260"
    assert (await get(http, server, f"smstosend?{query}"))["sms_id"] == 62807347
    assert server.on_air[0].recipient == "+4915752982212"


async def test_several_numbers_are_several_messages_and_one_id(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    fields = {**SMS, "sendto": "+4915752982212, +4917642111111, +1 17642031984"}
    assert (await post(http, server, "addsms", fields))["sms_id"] == 62807347
    assert [message.recipient for message in server.on_air] == [
        "+4915752982212",
        "+4917642111111",
        "+1 17642031984",
    ]


async def test_a_plus_that_was_not_escaped_is_refused(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    data = await get(http, server, f"addsms?token={TOKEN}&sendto=+4915752982212&body=Hi&device_id=260")
    assert (data["error"], server.on_air) == (1, [])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"token": "x"}, "Token is incorrect"),
        ({"token": ""}, "token is required"),
        ({"sendto": ""}, "sendto is required"),
        ({"body": ""}, "body is required"),
        ({"device_id": ""}, "device_id is required"),
        ({"device_id": "1"}, "Device not found"),
        ({"sim": "2"}, "sim is neither 0 nor 1"),
        ({"urgent": "yes"}, "urgent is neither 0 nor 1"),
        ({"customerid": "A1"}, "customerid is no number"),
        ({"timetosend": "21.11.2024 06:29:47"}, "timetosend is not YYYY-MM-DD HH:MM:SS"),
        ({"sendto": "+4915752982212,"}, "sendto is required"),
    ],
)
async def test_what_is_wrong_with_an_sms_is_said(
    http: aiohttp.ClientSession, server: SmsGateway24Server, changed: dict[str, str], sentence: str
) -> None:
    assert await post(http, server, "addsms", {**SMS, **changed}) == {"error": 1, "message": sentence}
    assert server.on_air == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2024-11-21", "2024-11-21 00:00:00.000000"),
        ("2024-11-21 06:29:47", "2024-11-21 06:29:47.000000"),
        ("2024-11-21 06:29", "2024-11-21 06:29:00.000000"),
    ],
)
async def test_every_way_to_write_a_time_is_taken(
    http: aiohttp.ClientSession, server: SmsGateway24Server, given: str, shown: str
) -> None:
    await post(
        http, server, "addsms", {**SMS, "timetosend": given, "sim": "1", "urgent": "1", "customerid": "7"}
    )
    (entry,) = (await post(http, server, "getallsms", {"token": TOKEN}))["smss"].values()
    assert entry["timetosend"] == {"date": shown, "timezone_type": 3, "timezone": "Europe/Paris"}
    assert (entry["sim"], entry["urgent"], entry["customerid"]) == (1, True, 7)
    assert server.on_air[0].reference == "7"


async def test_misuse_is_told_from_refusal(http: aiohttp.ClientSession, server: SmsGateway24Server) -> None:
    async with http.post(server.base_url + "addsms", data={**SMS, "to": "1"}) as answer:
        assert answer.status == 400
    async with http.post(server.base_url + f"addsms?token={TOKEN}", data=SMS) as answer:
        assert answer.status == 400
    async with http.post(server.base_url + "addsms", json=SMS) as answer:
        assert answer.status == 400
    assert len(server.misuses) == 3


BULK = (
    '{"token":"df427bfcf113c9a21c67718035076b5b","smsdata":[{"sendto":"015752982212","body":"Test message","sim":1,'
    '"timetosend":"2019-07-01 23:50:00","device_id":260},{"sendto":"+4915752982212","body":"Test message 2","sim":1,'
    '"timetosend":"2019-07-01 23:50:00","device_id":260,"urgent":1}]}'
)
BULK_WITH_CUSTOMERS = (
    '{ "token":"df427bfcf113c9a21c67718035076b5b", "smsdata":[ { "sendto":"015752982212", "body":"Your password is '
    '12345", "sim":1, "timetosend":"2019-07-01 23:50:00", "device_id":260, "customerid":122, "urgent":1 }, { "sendto":'
    '"015752982212", "body":"Regular SMS. Not urgnet", "sim":1, "timetosend":"2019-07-01 23:50:00", "device_id":260, '
    '"customerid":122, "urgent":0 } ] }'
)


@pytest.mark.parametrize(
    ("datajson", "recipients"),
    [(BULK, ["015752982212", "+4915752982212"]), (BULK_WITH_CUSTOMERS, ["015752982212", "015752982212"])],
)
async def test_the_literal_bulk_requests_are_taken_and_give_no_ids(
    http: aiohttp.ClientSession, server: SmsGateway24Server, datajson: str, recipients: list[str]
) -> None:
    assert await post(http, server, "addalotofsms", {"datajson": datajson}) == {
        "error": 0,
        "message": "Sms has been saved successfully",
    }
    assert [message.recipient for message in server.on_air] == recipients
    assert "POST /addalotofsms smsdata.sendto" in server.met.names("parameter")


@pytest.mark.parametrize(
    ("datajson", "sentence"),
    [
        ('{"smsdata":[]}', "token is required"),
        ('{"token":"x","smsdata":[]}', "smsdata is required"),
        ('{"token":"x","smsdata":[{"sendto":"1","body":"a","device_id":260}]}', "Token is incorrect"),
        (f'{{"token":"{TOKEN}","smsdata":[{{"sendto":"1","body":"a"}}]}}', "device_id is required"),
        (
            '{"token":"df427bfcf113c9a21c67718035076b5b","smsdata":[{"sendto":"1","body":"a","device_id":260},{"body":"a"}]}',
            "sendto is required",
        ),
    ],
)
async def test_a_wrong_bulk_is_refused_as_a_whole(
    http: aiohttp.ClientSession, server: SmsGateway24Server, datajson: str, sentence: str
) -> None:
    data = await post(http, server, "addalotofsms", {"datajson": datajson})
    assert (data, server.on_air) == ({"error": 1, "message": sentence}, [])


@pytest.mark.parametrize(
    "datajson",
    [
        "{",
        "[]",
        '{"token":"x","smsdata":[{"sendto":1,"body":"a","device_id":260}]}',
        '{"token":"x","smsdata":[{"sendto":"1","body":["a"],"device_id":260}]}',
        '{"token":"x","smsdata":[{"sendto":"1","body":"a","device_id":260,"sim":"1"}]}',
        '{"token":"x","smsdata":[{"to":"1","body":"a","device_id":260}]}',
        '{"token":"x","data":[]}',
    ],
)
async def test_json_that_the_document_does_not_know_is_misuse(
    http: aiohttp.ClientSession, server: SmsGateway24Server, datajson: str
) -> None:
    async with http.post(server.base_url + "addalotofsms", data={"datajson": datajson}) as answer:
        assert answer.status == 400


async def test_messages_are_listed_like_in_the_example(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    for number, at, status in ((62050971, NOW, 2), (62051117, NOW + timedelta(seconds=86), 7)):
        server.messages[number] = Sms(
            id=number,
            sendto="+4912312312332",
            body="Hello! Thank you for Order! ",
            device_id=11231,
            sim=0,
            created=at,
            status=status,
        )
    data = await post(http, server, "getallsms", {"token": TOKEN})
    for entry in data["smss"].values():
        assert entry.pop("sim") == 0
    assert data == {
        "smss": {
            str(number): {
                "id": number,
                "sendto": "+4912312312332",
                "body": "Hello! Thank you for Order! ",
                "customerid": None,
                "status": status,
                "statustitle": title,
                "deviceid": 11231,
                "urgent": None,
                "created": {
                    "date": f"2023-11-02 {at}.000000",
                    "timezone_type": 3,
                    "timezone": "Europe/Paris",
                },
                "senttime": None,
                "timetosend": None,
                "paketid": None,
                "pakettitle": None,
                "paketbody": None,
            }
            for number, status, title, at in (
                (62050971, 2, "sending", "22:44:43"),
                (62051117, 7, "delivered", "22:46:09"),
            )
        }
    }


@pytest.fixture
async def filled(
    http: aiohttp.ClientSession, server: SmsGateway24Server, clock: list[datetime]
) -> SmsGateway24Server:
    """Three messages, an hour apart: ids 62807347, …48, …49; the last one is incoming."""
    await post(http, server, "addsms", {**SMS, "customerid": "11"})
    clock[0] += timedelta(hours=1)
    await post(http, server, "addsms", {**SMS, "sendto": "+49 176 42111111", "sim": "1", "customerid": "12"})
    server.advance("62807348", "6")
    clock[0] += timedelta(hours=1)
    server.receive("MyBank", "Code 1")
    return server


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [47, 48, 49]),
        ({"orderbydesc": "1"}, [49, 48, 47]),
        ({"orderbydesc": "0"}, [47, 48, 49]),
        ({"status": "1"}, [47]),
        ({"status": "6"}, [48]),
        ({"status": "5"}, [49]),
        ({"sim": "1"}, [48]),
        ({"customerid": "12"}, [48]),
        ({"device_id": "260"}, [47, 48, 49]),
        ({"device_id": "261"}, []),
        ({"phone": "+4917642111111"}, [48]),
        ({"phone": "MyBank"}, [49]),
        ({"begindate": "2023-11-02 23:00:00"}, [48, 49]),
        ({"enddate": "2023-11-02 23:00:00"}, [47]),
        ({"begindate": "2023-11-03"}, [49]),
        ({"begindate": "2023-11-02 22:00:00", "timezone": "UTC"}, [48, 49]),
    ],
)
async def test_every_filter_selects(
    http: aiohttp.ClientSession, filled: SmsGateway24Server, filters: dict[str, str], found: list[int]
) -> None:
    data = await post(http, filled, "getallsms", {"token": TOKEN, **filters})
    assert list(data["smss"]) == [f"628073{number}" for number in found]


async def test_only_the_count_can_be_asked_for(
    http: aiohttp.ClientSession, filled: SmsGateway24Server
) -> None:
    fields = {"token": TOKEN, "onlycount": "1", "sim": "0"}
    assert await post(http, filled, "getallsms", fields) == {"error": 0, "count": 2, "message": "Ok"}


async def test_the_timezone_decides_how_dates_are_written(
    http: aiohttp.ClientSession, filled: SmsGateway24Server
) -> None:
    fields = {"token": TOKEN, "status": "1", "timezone": "Australia/Sydney"}
    (entry,) = (await post(http, filled, "getallsms", fields))["smss"].values()
    assert entry["created"] == {
        "date": "2023-11-03 08:44:43.000000",
        "timezone_type": 3,
        "timezone": "Australia/Sydney",
    }


@pytest.mark.parametrize(
    "filters", [{"timezone": "Mars"}, {"status": "4"}, {"begindate": "now"}, {"sim": "x"}, {"onlycount": "2"}]
)
async def test_a_wrong_filter_is_refused(
    http: aiohttp.ClientSession, filled: SmsGateway24Server, filters: dict[str, str]
) -> None:
    assert (await post(http, filled, "getallsms", {"token": TOKEN, **filters}))["error"] == 1


@pytest.mark.parametrize(
    ("style", "zone"),
    [(ZoneStyle.OFFSET, "+01:00"), (ZoneStyle.ABBREVIATION, "CET"), (ZoneStyle.NAME, "Europe/Paris")],
)
async def test_a_zone_is_written_in_each_of_phps_ways(
    http: aiohttp.ClientSession, style: ZoneStyle, zone: str
) -> None:
    options = SmsGateway24Options(tokens=(TOKEN,), zone_style=style, clock=lambda: NOW)
    async with SmsGateway24Server(options) as server:
        await post(http, server, "addsms", SMS)
        (entry,) = (await post(http, server, "getallsms", {"token": TOKEN}))["smss"].values()
    assert entry["created"] == {
        "date": "2023-11-02 22:44:43.000000",
        "timezone_type": int(style),
        "timezone": zone,
    }


@pytest.mark.parametrize("shown", [[], {}])
async def test_php_writes_an_empty_object_as_a_list(http: aiohttp.ClientSession, shown: object) -> None:
    options = SmsGateway24Options(tokens=(TOKEN,), devices=(), empty_lists=shown == [])
    async with SmsGateway24Server(options) as server:
        assert await post(http, server, "getallsms", {"token": TOKEN}) == {"smss": shown}
        assert await post(http, server, "getalldevices", {"token": TOKEN}) == {"count": 0, "device": shown}


@pytest.mark.parametrize(
    ("style", "errors"),
    [
        (ErrorStyle.DOCUMENT, [0, None, 1]),
        (ErrorStyle.INT, [0, 0, 1]),
        (ErrorStyle.STRING, ["0", "0", "1"]),
        (ErrorStyle.ABSENT, [None, None, 1]),
    ],
)
async def test_error_can_be_a_number_a_text_or_absent(
    http: aiohttp.ClientSession, server: SmsGateway24Server, style: ErrorStyle, errors: list[object]
) -> None:
    server.error_style = style
    sent = await post(http, server, "addsms", SMS)
    listed = await post(http, server, "getallsms", {"token": TOKEN})
    refused = await post(http, server, "getallsms", {"token": "x"})
    assert [data.get("error") for data in (sent, listed, refused)] == errors


async def test_contacts_and_a_newsletter(http: aiohttp.ClientSession, server: SmsGateway24Server) -> None:
    assert await post(http, server, "savetag", {"token": TOKEN, "title": "Employees"}) == {
        "error": 0,
        "tag_id": 8303,
        "message": "OK",
    }
    await post(http, server, "savetag", {"token": TOKEN, "title": "Friends"})
    contact = {"token": TOKEN, "phone": "+4915752982212", "fullname": "Anna"}
    assert await post(http, server, "savecontact", {**contact, "ctag_id": "8303"}) == {
        "error": 0,
        "contact_id": 15954765,
        "message": "ok",
    }
    other = {**contact, "phone": "+4917642111111", "fullname": "Ben"}
    await post(http, server, "savecontact", {**other, "tag_id": "8304"})
    await post(http, server, "savecontact", {**contact, "ctag_id": "8304", "tag_id": "8304"})
    newsletter = {
        "token": TOKEN,
        "title": "News",
        "device_id": "260",
        "body": "Hello",
        "tags": "8303,8304",
        "sim": "0",
        "time_to_send": "03.11.2023 08:00:00",
    }
    data = await post(http, server, "savepaket", newsletter)
    assert data == {"error": 0, "message": "OK", "paket_id": 4401}
    assert [message.recipient for message in server.on_air] == ["+4915752982212", "+4917642111111"]
    entry = (await post(http, server, "getallsms", {"token": TOKEN}))["smss"]["62807347"]
    assert (entry["paketid"], entry["pakettitle"], entry["paketbody"]) == (4401, "News", "Hello")
    assert entry["timetosend"]["date"] == "2023-11-03 08:00:00.000000"
    assert (await post(http, server, "savepaket", {**newsletter, "time_to_send": "0"}))["error"] == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"tags": "1"}, "Tag not found"),
        ({"tags": ""}, "tags is required"),
        ({"time_to_send": "2023-11-03 08:00:00"}, "time_to_send is not DD.MM.YYYY HH:MM:SS"),
        ({"sim": ""}, "sim is required"),
        ({"device_id": "1"}, "Device not found"),
    ],
)
async def test_a_wrong_newsletter_is_refused(
    http: aiohttp.ClientSession, server: SmsGateway24Server, changed: dict[str, str], sentence: str
) -> None:
    await post(http, server, "savetag", {"token": TOKEN, "title": "Employees"})
    fields = {"token": TOKEN, "title": "N", "device_id": "260", "body": "B", "tags": "8303", "sim": "0"}
    data = await post(http, server, "savepaket", {**fields, "time_to_send": "0", **changed})
    assert data == {"error": 1, "message": sentence}


@pytest.mark.parametrize(
    ("tag", "sentence"), [({}, "ctag_id is required"), ({"ctag_id": "1"}, "Tag not found")]
)
async def test_a_contact_needs_its_list(
    http: aiohttp.ClientSession, server: SmsGateway24Server, tag: dict[str, str], sentence: str
) -> None:
    fields = {"token": TOKEN, "phone": "1", "fullname": "A", **tag}
    assert await post(http, server, "savecontact", fields) == {"error": 1, "message": sentence}


async def test_devices_are_listed_like_in_the_example(http: aiohttp.ClientSession) -> None:
    options = SmsGateway24Options(tokens=(TOKEN,), devices=EXAMPLE_DEVICES, zone="UTC")
    async with SmsGateway24Server(options) as server:
        data = await post(http, server, "getalldevices", {"token": TOKEN})
    assert data["count"] == 2
    assert data["device"]["1576"] == {
        "id": 1576,
        "title": "AOSP_on_IA_Emulator",
        "number": None,
        "imei": "358240051111110",
        "created": {"date": "2020-03-28 20:10:29.000000", "timezone_type": 3, "timezone": "UTC"},
        "createdhumanformat": "28.03.2020 20:10:29",
        "lastseen": {"date": "2020-04-23 17:02:21.000000", "timezone_type": 3, "timezone": "UTC"},
        "lastseenhumanformat": "23.04.2020 17:02:21",
        "serialnumber": "EMULATOR30X0X5X0",
        "siminfo": [
            {
                "Slot": "0",
                "IccId": "89014103211118510720",
                "Number": " 15555215554",
                "Roaming": "0",
                "CountryIso": "us",
                "CarrierName": "Android (T-Mobile)",
            }
        ],
        "appversion": "12.1.21",
        "isappversionactual": False,
        "delaybetweeneachsms": None,
        "delaybetweenrequest": 1,
        "subscription": True,
    }
    assert data["device"]["1297"]["imei"] == "null"
    assert data["device"]["1297"]["siminfo"][0]["Roaming"] == "1"
    assert data["device"]["1297"]["subscription"] is False


async def test_a_phone_tells_when_it_was_last_seen(http: aiohttp.ClientSession) -> None:
    options = SmsGateway24Options(tokens=(TOKEN,), devices=(DEVICE, *EXAMPLE_DEVICES), clock=lambda: NOW)
    async with SmsGateway24Server(options) as server:
        here = await post(http, server, "getdevicestatus", {"token": TOKEN, "device_id": "260"})
        gone = await post(http, server, "getdevicestatus", {"token": TOKEN, "device_id": "1576"})
    assert (here["online"], here["diffseconds"], here["title"]) == (True, 0, "Pixel")
    assert (gone["online"], gone["diffseconds"], gone["error"]) == (False, 111300142, 0)


STATUSES = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 100, 101]


@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_can_be_reported(
    http: aiohttp.ClientSession, server: SmsGateway24Server, customer: Customer, status: int
) -> None:
    server.callback_url = customer.url
    await post(http, server, "addsms", {**SMS, "sim": "1"})
    server.advance("62807347", str(status))
    data = await post(http, server, "getsmsstatus", {"token": TOKEN, "sms_id": "62807347"})
    assert (data["error"], data["sms_id"], data["status"]) == (0, 62807347, status)
    await server.settled()
    (got,) = customer.got
    assert (got.method, got.content_type) == ("POST", "application/json")
    sent = "2023-11-02 22:44:43" if status >= 6 else None
    assert json.loads(got.body) == {
        "sms_id": 62807347,
        "status_id": status,
        "status_message": data["status_description"],
        "sendto": "+4915752982212",
        "senttime": sent,
        "channel_id": 1,
        "device_id": 260,
    }
    assert f"status {status}" in server.met.names("code")


async def test_the_status_of_an_unknown_message_is_refused(
    http: aiohttp.ClientSession, server: SmsGateway24Server
) -> None:
    data = await post(http, server, "getsmsstatus", {"token": TOKEN, "sms_id": "1"})
    assert data == {"error": 1, "message": "Sms not found"}
    with pytest.raises(KeyError):
        server.advance("1", "6")


@pytest.mark.parametrize("slot_field", ["channel_id", "sim"])
async def test_an_incoming_sms_is_told_and_listed(
    http: aiohttp.ClientSession, customer: Customer, slot_field: str
) -> None:
    options = SmsGateway24Options(
        tokens=(TOKEN,), callback_url=customer.url, slot_field=slot_field, clock=lambda: NOW
    )
    async with SmsGateway24Server(options) as server:
        number = server.receive("+4915752982212", "Grüße", sim=1)
        await server.settled()
        data = await post(http, server, "getallsms", {"token": TOKEN, "status": "5"})
    assert json.loads(customer.got[0].body) == {
        "address": "+4915752982212",
        "date": "2023-11-02 22:44:43",
        "date_sent": "2023-11-02 22:44:43",
        "body": "Grüße",
        "internal_id": 1,
        slot_field: 1,
        "sms_id": number,
        "device_id": 260,
        "device_name": "Pixel",
        "type": "text",
    }
    assert data["smss"][str(number)]["sendto"] == "+4915752982212"
    assert server.on_air == []


async def test_an_incoming_image_is_told(
    http: aiohttp.ClientSession, server: SmsGateway24Server, customer: Customer
) -> None:
    del http
    server.callback_url = customer.url
    server.receive_image("+4915752982212", "https://example.com/image")
    await server.settled()
    data = json.loads(customer.got[0].body)
    assert (data["type"], data["img_url"], data["body"]) == ("img", "https://example.com/image", "")


async def test_a_message_walks_to_its_end_by_itself(http: aiohttp.ClientSession, customer: Customer) -> None:
    options = SmsGateway24Options(tokens=(TOKEN,), auto=True, auto_delay=0, callback_url=customer.url)
    async with SmsGateway24Server(options) as server:
        await post(http, server, "addsms", SMS)
        await server.settled()
        assert server.messages[62807347].status == 7
    assert sorted(json.loads(got.body)["status_id"] for got in customer.got) == [2, 3, 6, 7]


async def test_tokens_age(http: aiohttp.ClientSession, clock: list[datetime]) -> None:
    options = SmsGateway24Options(token_lifetime=60, token_error="Auth failed", clock=lambda: clock[0])
    async with SmsGateway24Server(options) as server:
        login = {"email": "user@example.com", "pass": "smsgateway24-access"}
        token = (await post(http, server, "gettoken", login))["token"]
        assert (await post(http, server, "addsms", {**SMS, "token": token}))["error"] == 0
        clock[0] += timedelta(seconds=60)
        refusal = {"error": 1, "message": "Auth failed"}
        assert await post(http, server, "addsms", {**SMS, "token": token}) == refusal
        token = (await post(http, server, "gettoken", login))["token"]
        server.expire_tokens()
        assert await post(http, server, "addsms", {**SMS, "token": token}) == refusal


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("login", "Login or password incorrect"), ("token", "Token is incorrect"), ("Blocked", "Blocked")],
)
async def test_every_refusal_can_be_asked_for(
    http: aiohttp.ClientSession, server: SmsGateway24Server, code: str, sentence: str
) -> None:
    server.faults.add(Fault(code=code), path="/addsms")
    assert await post(http, server, "addsms", SMS) == {"error": 1, "message": sentence}
    assert server.on_air == []


async def test_credentials_open_the_account(http: aiohttp.ClientSession, server: SmsGateway24Server) -> None:
    credentials = server.credentials()
    fields = {"email": credentials["email"], "pass": credentials["password"], "sendto": "1", "body": "Hi"}
    data = await post(http, server, "smstosend", {**fields, "device_id": credentials["device_id"]})
    assert data["error"] == 0
