"""uBill: every request and answer that its documents show, to the letter."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from sms_providers.callbacks import CallbackReceiver
from sms_providers.model import Balance, DeliveryReport, State, Taken
from sms_providers.provider import OpenSend
from sms_providers.ubill import Brand, SendMethod
from tests.providers.sink import Sink
from tests.providers.ubill.account import ANNA, BERT, call, connect, example, outgoing
from tests.providers.wire import from_raw
from tests.support.raw_provider import RawProvider
from tests.support.raw_provider import http as answered

if TYPE_CHECKING:
    import aiohttp

    from tests.providers.ubill.account import Clock

ALL = {"stopList": False, "otp": True, "sendTime": "2026-02-01 23:30"}


async def test_the_request_line_is_written_as_it_is_shown(http: aiohttp.ClientSession, clock: Clock) -> None:
    shown = urlsplit(example("send.url").strip())
    async with RawProvider(answered(example("send.answer.json"))) as server:
        ubill = connect(
            server.url + shown.path, http, clock, api_key="0123456789", send_method=SendMethod.GET
        )
        outcomes = await ubill.send([outgoing(text="message"), outgoing(BERT, text="message")])
    asked = from_raw(server.requests[0])
    assert (asked.method, asked.path) == ("GET", "/v1/sms/send")
    expected = dict(parse_qsl(shown.query))
    assert asked.query == {**expected, "numbers": "995511194242,995511194243"}
    assert outcomes == [Taken(references=("117345",), state=State.ACCEPTED)] * 2


async def test_json_is_written_as_it_is_shown(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(answered(example("send.answer.json"))) as server:
        ubill = connect(f"{server.url}/v1/sms/send", http, clock, api_key="0123456789")
        (taken,) = await ubill.send([outgoing(text="..", options={"stopList": False, "otp": True})])
    asked = from_raw(server.requests[0])
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/sms/send", {"key": "0123456789"})
    assert asked.headers["content-type"] == "application/json"
    assert asked.json == json.loads(example("send.json"))
    assert taken == Taken(references=("117345",), state=State.ACCEPTED)


@pytest.mark.parametrize("method", list(SendMethod))
async def test_every_documented_parameter_is_used_and_no_other(
    http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    async with RawProvider(answered(example("send.answer.json"))) as server:
        await connect(server.url, http, clock, send_method=method).send([outgoing(options=ALL)])
    asked = from_raw(server.requests[0])
    given = dict(asked.query)
    if asked.body:
        assert isinstance(asked.json, dict)
        given |= asked.json
    assert sorted(given) == sorted(example("parameters.txt").split())


async def test_the_shown_report_is_read(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(answered(example("report.answer.json"))) as server:
        ubill = connect(f"{server.url}/v1/sms/send", http, clock)
        reports = await ubill.reports([OpenSend(reference="117345", recipient=ANNA, taken_at=clock())])
    assert from_raw(server.requests[0]).path == "/v1/sms/report/117345"
    assert reports == [DeliveryReport(reference="117345", state=State.DELIVERED, recipient=ANNA)]


async def test_the_shown_balance_is_read(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(answered(example("balance.answer.json"))) as server:
        balance = await connect(f"{server.url}/v1/sms/send", http, clock).balance()
    assert from_raw(server.requests[0]).path == "/v1/sms/balance"
    assert balance == Balance(amount=Decimal(123), currency=None)


async def test_the_shown_brand_names_are_read(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(answered(example("brand_names.answer.json"))) as server:
        brands = await connect(f"{server.url}/v1/sms/send", http, clock).brands()
    assert from_raw(server.requests[0]).path == "/v1/sms/brandNames"
    assert brands == (Brand(id=1, name="uBill", authorized=True, created_at="2020-10-20 16:37:45"),)


async def test_calls_are_answered_as_the_shown_script_does(http: aiohttp.ClientSession, clock: Clock) -> None:
    script = example("callback.php")
    assert all(f"$_GET['{name}']" in script for name in ("key", "smsID", "number", "statusID", "date"))
    ubill = connect("http://127.0.0.1", http, clock, callback_key="YourCallbackKey")
    receiver = CallbackReceiver(ubill, Sink())
    query = "smsID=117345&number=995511194242&statusID=1&date=2026-02-01+23:30:00"
    for key, status, body in (("YourCallbackKey", 200, "OK"), ("other", 403, "Forbidden")):
        answer = await receiver.receive(call(f"key={key}&{query}"))
        assert (answer.status, answer.body) == (status, body)
        assert f"http_response_code({status});\necho '{body}';" in script


async def test_every_listed_status_is_known(http: aiohttp.ClientSession, clock: Clock) -> None:
    ubill = connect("http://127.0.0.1", http, clock, callback_key="k")
    states = {
        "Sent": State.SENT,
        "Delivered": State.DELIVERED,
        "Failed": State.UNDELIVERABLE,
        "Pending": State.ACCEPTED,
        "Error": State.FAILED,
    }
    for line in example("statuses.txt").splitlines():
        status, _, word = line.partition(" ")
        (report,) = ubill.read_callback(call(f"key=k&smsID=1&number={ANNA[1:]}&statusID={status}"))
        assert isinstance(report, DeliveryReport)
        assert report.state is states[word]
