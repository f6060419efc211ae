"""The simulated uBill: its documented requests, answers and callback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_ubill import BRAND_CODES, SEND_CODES, STATUSES, UbillOptions, UbillServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from tests.support.customer import Customer

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
KEY = "simulated-key"
SMS: dict[str, object] = {"brandID": 1, "numbers": [995511194242], "text": "message"}
SENT = {"statusID": 0, "smsID": 117345, "message": "SMS sent successfully"}
#: The documented request line.
EXAMPLE = f"?key={KEY}&brandID=1&numbers=995511194242,995511194243&text=message"


@pytest.fixture
async def server() -> AsyncIterator[UbillServer]:
    async with UbillServer(UbillOptions(clock=lambda: NOW)) as server:
        yield server


async def get(http: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, dict[str, object]]:
    async with http.get(url, headers=headers) as answer:
        return answer.status, await answer.json()


async def post(
    http: aiohttp.ClientSession, server: UbillServer, data: object = None, path: str = f"?key={KEY}"
) -> tuple[int, dict[str, object]]:
    url = path if path.startswith("http") else server.base_url + path
    async with http.post(url, json=SMS if data is None else data) as answer:
        return answer.status, await answer.json()


def place(server: UbillServer, path: str) -> str:
    """Give the address of another endpoint, which replaces the last part of `base_url`."""
    return f"{server.base_url.removesuffix('send')}{path}?key={KEY}"


async def test_the_documented_request_line_is_taken(http: aiohttp.ClientSession, server: UbillServer) -> None:
    assert server.base_url.endswith("/v1/sms/send")
    assert await get(http, server.base_url + EXAMPLE) == (200, SENT)
    assert [(message.recipient, message.text, message.ids) for message in server.on_air] == [
        ("995511194242", "message", ("117345",)),
        ("995511194243", "message", ("117345",)),
    ]


async def test_json_is_taken_with_the_key_in_query_or_header(
    http: aiohttp.ClientSession, server: UbillServer
) -> None:
    data = {**SMS, "stopList": False, "otp": True}
    assert await post(http, server, data) == (200, SENT)
    async with http.post(server.base_url, json=data, headers={"key": KEY}) as answer:
        assert await answer.json() == SENT | {"smsID": 117346}
    assert server.on_air[0].options == {"brandID": "1", "stopList": "false", "otp": "true"}


@pytest.mark.parametrize("path", ["", "?key=", "?key=other"])
async def test_a_wrong_key_is_http_401(http: aiohttp.ClientSession, server: UbillServer, path: str) -> None:
    assert (await post(http, server, path=path))[0] == 401
    assert (await get(http, server.base_url + path))[0] == 401
    assert server.on_air == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"brandID": 2}, 10),
        ({"brandID": None}, 10),
        ({"numbers": []}, 20),
        ({"numbers": None}, 20),
        ({"text": ""}, 30),
        ({"text": None}, 30),
        ({"text": "x" * 160 * 101}, 40),
        ({"numbers": [5]}, 50),
    ],
)
async def test_each_refusal_has_its_code_in_http_200(
    http: aiohttp.ClientSession, server: UbillServer, changes: dict[str, object], code: int
) -> None:
    data = {name: value for name, value in (SMS | changes).items() if value is not None}
    status, answer = await post(http, server, data)
    assert (status, answer) == (200, {"statusID": code, "message": SEND_CODES[code]})
    assert server.on_air == []


@pytest.mark.parametrize("numbers", ["+995511194242", "00995511194242", "x", "12"])
async def test_a_number_with_plus_or_zeros_is_not_valid(
    http: aiohttp.ClientSession, server: UbillServer, numbers: str
) -> None:
    query = f"?key={KEY}&brandID=1&text=x&numbers={numbers.replace('+', '%2B')}"
    assert (await get(http, server.base_url + query))[1]["statusID"] == 50


async def test_broken_json_has_its_code(http: aiohttp.ClientSession, server: UbillServer) -> None:
    async with http.post(
        f"{server.base_url}?key={KEY}", data=b"{", headers={"Content-Type": "application/json"}
    ) as answer:
        assert await answer.json() == {"statusID": 90, "message": "JSON error"}


@pytest.mark.parametrize("code", [code for code in SEND_CODES if code])
async def test_every_code_can_be_asked_for(
    http: aiohttp.ClientSession, server: UbillServer, code: int
) -> None:
    server.answer_code(code)
    assert (await post(http, server))[1]["statusID"] == code
    server.answer_code(401)
    assert (await post(http, server))[0] == 401
    assert server.on_air == []


@pytest.mark.parametrize(
    "changes",
    [
        {"numbers": "995511194242"},
        {"numbers": ["995511194242"]},
        {"numbers": [True]},
        {"brandID": "1"},
        {"text": 1},
        {"stopList": "false"},
        {"otp": 1},
        {"sendTime": 1},
        {"sendTime": "2026-02-01 23:30:00"},
        {"sendTime": "01.02.2026 23:30"},
        {"brandId": 1},
    ],
)
async def test_json_of_other_types_or_parameters_is_a_misuse(
    http: aiohttp.ClientSession, server: UbillServer, changes: dict[str, object]
) -> None:
    status, answer = await post(http, server, SMS | changes)
    assert (status, set(answer), server.on_air) == (400, {"misuse"}, [])


@pytest.mark.parametrize("more", ["&otp=True", "&stopList=0", "&otp=", "&sender=x", "&text=twice"])
async def test_a_query_with_other_literals_or_parameters_is_a_misuse(
    http: aiohttp.ClientSession, server: UbillServer, more: str
) -> None:
    status, answer = await get(http, server.base_url + EXAMPLE + more)
    assert (status, set(answer)) == (400, {"misuse"})


async def test_a_form_is_not_taken(http: aiohttp.ClientSession, server: UbillServer) -> None:
    async with http.post(f"{server.base_url}?key={KEY}", data={"brandID": "1"}) as answer:
        assert answer.status == 400


async def test_invalid_and_stopped_numbers_of_a_list_are_dropped_in_silence(
    http: aiohttp.ClientSession, server: UbillServer
) -> None:
    server.stop_list.add("995511194243")
    numbers = [995511194242, 995511194243, 5, 995511194242]
    assert await post(http, server, SMS | {"numbers": numbers}) == (200, SENT)
    assert [message.recipient for message in server.on_air] == ["995511194242"]
    await post(http, server, SMS | {"numbers": numbers, "stopList": False})
    assert [message.recipient for message in server.on_air[1:]] == ["995511194242", "995511194243"]
    assert (await post(http, server, SMS | {"numbers": [995511194243]}))[1]["statusID"] == 50


async def test_a_scheduled_sms_leaves_at_its_time_in_tbilisi(
    http: aiohttp.ClientSession, server: UbillServer
) -> None:
    await post(http, server, SMS | {"sendTime": "2026-02-01 23:30"})
    assert server.on_air[0].at == datetime(2026, 2, 1, 19, 30, tzinfo=UTC)
    assert (await post(http, server, SMS | {"sendTime": "2026-02-01 16:00"}))[1]["statusID"] == 99
    assert (await post(http, server, SMS | {"sendTime": "2026-02-01 16:01"}))[1]["statusID"] == 0


async def test_balance_counts_segments_of_all_numbers(
    http: aiohttp.ClientSession, server: UbillServer
) -> None:
    assert await get(http, place(server, "balance")) == (200, {"statusID": 0, "sms": "100"})
    await post(http, server, SMS | {"text": "ж" * 71, "numbers": [995511194242, 995511194243]})
    assert (await get(http, place(server, "balance")))[1]["sms"] == "96"


async def test_a_report_tells_each_numbers_status(http: aiohttp.ClientSession, server: UbillServer) -> None:
    await get(http, server.base_url + EXAMPLE)
    server.advance("117345", "1", number="995511194243")
    assert await get(http, place(server, "report/117345")) == (
        200,
        {
            "statusID": 0,
            "result": [
                {"number": "995511194242", "statusID": "3"},
                {"number": "995511194243", "statusID": "1"},
            ],
        },
    )
    assert (await get(http, place(server, "report/5")))[1]["statusID"] == 99


async def test_brands_are_listed_and_made(
    http: aiohttp.ClientSession, server: UbillServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    path = place(server, "brandNameCreate")
    assert await post(http, server, {"brandName": "My Shop"}, path) == (
        200,
        {"statusID": 0, "brandID": 2, "message": BRAND_CODES[0]},
    )
    assert (await post(http, server, SMS | {"brandID": 2}))[1]["statusID"] == 10
    server.activate_brand(2)
    await server.settled()
    assert "event=brand" in customer.got[0].query
    assert (await post(http, server, SMS | {"brandID": 2}))[1]["statusID"] == 0
    _, answer = await get(http, place(server, "brandNames"))
    assert answer == {
        "statusID": 0,
        "brands": [
            {"id": "1", "name": "SIMULATED", "authorized": "1", "createdAt": "2026-02-01 16:00:00"},
            {"id": "2", "name": "My Shop", "authorized": "1", "createdAt": "2026-02-01 16:00:00"},
        ],
    }


@pytest.mark.parametrize(
    ("brand", "code"), [("", 10), ("x", 20), ("x" * 12, 20), ("Shöp", 30), ("SIMULATED", 40), ("Other", 50)]
)
async def test_each_rule_for_a_brand_has_its_code(
    http: aiohttp.ClientSession, server: UbillServer, brand: str, code: int
) -> None:
    path = place(server, "brandNameCreate")
    if code == 50:
        await post(http, server, {"brandName": "First"}, path)
    assert (await post(http, server, {"brandName": brand}, path))[1]["statusID"] == code


async def test_a_callback_is_the_documented_query(
    http: aiohttp.ClientSession, server: UbillServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    await post(http, server)
    server.advance("117345", "1")
    await server.settled()
    (got,) = customer.got
    assert (got.method, got.body) == ("GET", b"")
    assert got.query == (
        "key=simulated-callback-key&smsID=117345&number=995511194242&statusID=1&date=2026-02-01+16%3A00%3A00"
    )


@pytest.mark.parametrize("status", [200, 299, 403])
async def test_a_callback_goes_out_once(
    http: aiohttp.ClientSession, server: UbillServer, customer: Customer, status: int
) -> None:
    server.callback_url = customer.url
    customer.answers.append(status)
    await post(http, server)
    server.advance("117345", "0")
    await server.settled()
    assert [attempt.status for attempt in server.callback_attempts] == [status]


async def test_only_documented_statuses_of_issued_messages_are_reported(
    http: aiohttp.ClientSession, server: UbillServer
) -> None:
    await post(http, server)
    for status in STATUSES:
        server.advance("117345", status)
    with pytest.raises(ValueError, match="5 is no statusID"):
        server.advance("117345", "5")
    with pytest.raises(KeyError):
        server.advance("1", "1")
    with pytest.raises(KeyError):
        server.advance("117345", "1", number="1")


async def test_auto_reports_each_number_to_its_end(http: aiohttp.ClientSession, customer: Customer) -> None:
    options = UbillOptions(auto=True, auto_delay=0, callback_url=customer.url, event=True)
    async with UbillServer(options) as server:
        await get(http, server.base_url + EXAMPLE)
        await server.settled()
    assert len(customer.got) == 4
    assert all(got.query.endswith("&event=sms.delivery.updated") for got in customer.got)


async def test_the_sdks_variants_can_be_chosen(http: aiohttp.ClientSession) -> None:
    async with UbillServer(UbillOptions(strings=True, brands_key="data", ids=lambda: "7")) as server:
        assert (await post(http, server))[1] == {**SENT, "statusID": "0", "smsID": "7"}
        assert "data" in (await get(http, place(server, "brandNames")))[1]


def test_credentials_are_those_of_a_configuration() -> None:
    assert json.dumps(UbillServer().credentials()) == json.dumps(
        {"api_key": KEY, "brand_id": "1", "callback_key": "simulated-callback-key"}
    )
