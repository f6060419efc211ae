"""The simulated GenioSms against its guide and its samples: nine codes, several records, notifications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer, Wrapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from tests.support.customer import Customer

SMS = {"api": "geniosms-access", "to": "+393331112223", "msg": "Hi"}
HERE = frozenset({"127.0.0.1"})
ELSEWHERE = frozenset({"192.0.2.1"})


async def send(
    http: aiohttp.ClientSession, server: GenioSmsServer, fields: Mapping[str, str] | None = None
) -> object:
    """POST a form and give the answer's JSON; the status is always 200, the type always HTML."""
    async with http.post(server.base_url, data=SMS if fields is None else fields) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        data: object = json.loads(await answer.text())
    return data


async def test_the_example_of_the_guide_is_answered(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer(GenioSmsOptions(over_ip=True)) as server:
        assert server.base_url.endswith("/tools/api.pl")
        assert await send(http, server) == {"response": "200", "status_code": "2"}
    (message,) = server.on_air
    assert (message.recipient, message.text, message.reference) == ("+393331112223", "Hi", None)


async def test_the_samples_request_by_get_is_taken(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer() as server:
        query = "to=%2B393331112223&msg=Perch%C3%A9&api=geniosms-access&custom=m-1"
        async with http.get(f"{server.base_url}?{query}") as answer:
            assert json.loads(await answer.text()) == {"response": "200", "status_code": "1"}
    (message,) = server.on_air
    assert (message.text, message.reference, message.ids) == ("Perché", "m-1", ("1",))


@pytest.mark.parametrize(
    ("options", "changed", "code"),
    [
        (GenioSmsOptions(allowed_ips=HERE), {}, "1"),
        (GenioSmsOptions(allowed_ips=HERE, over_ip=True), {}, "1"),
        (GenioSmsOptions(allowed_ips=ELSEWHERE, over_ip=True), {}, "2"),
        (GenioSmsOptions(), {"api": "wrong"}, "3"),
        (GenioSmsOptions(allowed_ips=ELSEWHERE), {"api": "wrong"}, "3"),
        (GenioSmsOptions(allowed_ips=ELSEWHERE), {}, "4"),
        (GenioSmsOptions(), {"to": "Anna"}, "5"),
        (GenioSmsOptions(extra=(("token", "t"), ("id_device", "7"))), {"token": "t", "id_device": "8"}, "6"),
        (GenioSmsOptions(extra=(("token", "t"),)), {}, "6"),
        (GenioSmsOptions(), {"to": ""}, "7"),
        (GenioSmsOptions(), {"msg": ""}, "8"),
        (GenioSmsOptions(credit=0), {}, "9"),
    ],
)
async def test_every_code_has_its_cause(
    http: aiohttp.ClientSession, options: GenioSmsOptions, changed: dict[str, str], code: str
) -> None:
    async with GenioSmsServer(options) as server:
        assert await send(http, server, {**SMS, **changed}) == {"response": "200", "status_code": code}
        assert server.met.names("code") == [f"send {code}"]
    assert len(server.on_air) == (code in {"1", "2"})


@pytest.mark.parametrize("code", range(1, 10))
async def test_every_code_can_be_asked_for(http: aiohttp.ClientSession, code: int) -> None:
    async with GenioSmsServer() as server:
        server.faults.add(Fault(code=code))
        assert await send(http, server) == {"response": "200", "status_code": str(code)}
    assert server.on_air == []


@pytest.mark.parametrize(
    ("wrapping", "answer"),
    [
        (Wrapping.OBJECT, {"response": "200", "status_code": "1"}),
        (
            Wrapping.LIST,
            [
                {"response": "400", "status_code": "6"},
                {"response": "200", "status_code": "1"},
                {"response": "200", "status_code": "1"},
            ],
        ),
        (
            Wrapping.OBJECTS,
            {
                "0": {"response": "400", "status_code": "6"},
                "1": {"response": "200", "status_code": "1"},
                "2": {"response": "200", "status_code": "1"},
            },
        ),
    ],
)
async def test_each_phone_has_its_record_and_one_of_them_sends(
    http: aiohttp.ClientSession, wrapping: Wrapping, answer: object
) -> None:
    options = GenioSmsOptions(phones=("11", "12", "13"), wrapping=wrapping, refused_response="400")
    async with GenioSmsServer(options) as server:
        server.phones["11"] = 6
        assert await send(http, server) == answer
    assert len(server.on_air) == 1
    assert server.messages["1"].pin == "12"


async def test_nothing_leaves_where_every_phone_refuses(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer() as server:
        server.phones["1001"] = 6
        assert await send(http, server) == {"response": "200", "status_code": "6"}
    assert server.on_air == []


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (GenioSmsOptions(numeric=True), {"response": 200, "status_code": 1}),
        (GenioSmsOptions(bare=True), {"response": "200"}),
        (GenioSmsOptions(bare=True, credit=0, refused_response="402"), {"response": "402"}),
    ],
)
async def test_the_answer_varies_where_the_guide_is_silent(
    http: aiohttp.ClientSession, options: GenioSmsOptions, answer: object
) -> None:
    async with GenioSmsServer(options) as server:
        assert await send(http, server) == answer


async def test_parameters_can_have_other_names(http: aiohttp.ClientSession) -> None:
    names = (("to", "phone"), ("msg", "text"), ("api", "key"), ("custom", "ref"))
    options = GenioSmsOptions(names=names, extra=(("id_device", "7"),))
    async with GenioSmsServer(options) as server:
        fields = {
            "phone": "+393331112223",
            "text": "Hi",
            "key": "geniosms-access",
            "ref": "m-1",
            "id_device": "7",
        }
        await send(http, server, fields)
        assert server.met.names("parameter") == [
            f"POST /tools/api.pl {name}" for name in ("to", "msg", "api", "custom", "id_device")
        ]
        async with http.post(server.base_url, data=SMS) as answer:
            assert answer.status == 400
    (message,) = server.on_air
    assert (message.reference, message.options) == ("m-1", {"id_device": "7"})


async def test_misuse_is_told_from_refusal(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer() as server:
        async with http.post(server.base_url, data={**SMS, "from": "1"}) as answer:
            assert answer.status == 400
        async with http.post(f"{server.base_url}?api=geniosms-access", data=SMS) as answer:
            assert answer.status == 400
        async with http.post(server.base_url, json=SMS) as answer:
            assert answer.status == 400
    assert len(server.misuses) == 3
    assert server.on_air == []


async def test_credit_goes_down(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer(GenioSmsOptions(credit=1)) as server:
        codes = [await send(http, server), await send(http, server)]
    assert codes == [{"response": "200", "status_code": "1"}, {"response": "200", "status_code": "9"}]


async def test_a_notification_is_the_form_of_the_samples(
    http: aiohttp.ClientSession, customer: Customer
) -> None:
    async with GenioSmsServer(GenioSmsOptions(callback_url=customer.url)) as server:
        await send(http, server, {**SMS, "msg": "Perché & più", "custom": "m-1"})
        server.advance("1", "DELIVERY RESULT_OK")
        await server.settled()
    (got,) = customer.got
    assert (got.method, got.content_type) == ("POST", "application/x-www-form-urlencoded")
    assert got.body == (
        b"status=RESULT_OK&status_code=-1&id_smsout=1&request_code=1&pin=1001&custom=m-1&ipn_type=DELIVERY"
        b"&to=%2B393331112223&from=%2B393331234567&msg=Perch%C3%A9+%26+pi%C3%B9"
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SENT RESULT_OK", "-1"),
        ("SENT RESULT_ERROR", "1"),
        ("SENT RESULT_ERROR 2", "2"),
        ("SENT RESULT_ERROR 3", "3"),
        ("SENT RESULT_ERROR 4", "4"),
        ("DELIVERY RESULT_OK", "-1"),
        ("DELIVERY RESULT_ERROR", "0"),
    ],
)
async def test_every_notification_can_be_asked_for(
    http: aiohttp.ClientSession, customer: Customer, status: str, code: str
) -> None:
    async with GenioSmsServer(GenioSmsOptions(callback_url=customer.url)) as server:
        await send(http, server)
        server.advance("1", status)
        await server.settled()
    fields = dict(parse_qsl(customer.got[0].body.decode(), keep_blank_values=True))
    assert f"{fields['ipn_type']} {fields['status']}" == " ".join(status.split()[:2])
    assert (fields["status_code"], fields["custom"]) == (code, "")
    assert f"ipn {fields['ipn_type']} {fields['status']}" in server.met.names("code")


@pytest.mark.parametrize(("message_id", "status"), [("2", "SENT RESULT_OK"), ("1", "READ RESULT_OK")])
async def test_what_was_never_sent_cannot_be_notified(
    http: aiohttp.ClientSession, message_id: str, status: str
) -> None:
    async with GenioSmsServer() as server:
        await send(http, server)
        with pytest.raises(KeyError):
            server.advance(message_id, status)


@pytest.mark.parametrize("kinds", [["SENT", "DELIVERY"], ["DELIVERY", "SENT"]])
async def test_the_delivery_can_be_notified_before_the_sending(
    http: aiohttp.ClientSession, customer: Customer, kinds: list[str]
) -> None:
    options = GenioSmsOptions(callback_url=customer.url, delivery_first=kinds[0] == "DELIVERY")
    async with GenioSmsServer(options) as server:
        await send(http, server)
        for status in server.walk_of("1"):
            server.advance("1", status)
            await server.settled()
    assert [dict(parse_qsl(got.body.decode()))["ipn_type"] for got in customer.got] == kinds


async def test_a_message_walks_to_its_end_by_itself(http: aiohttp.ClientSession, customer: Customer) -> None:
    options = GenioSmsOptions(auto=True, auto_delay=0, callback_url=customer.url)
    async with GenioSmsServer(options) as server:
        await send(http, server)
        await server.settled()
    assert len(customer.got) == 2


async def test_credentials_open_the_account(http: aiohttp.ClientSession) -> None:
    async with GenioSmsServer(GenioSmsOptions(api_key="k")) as server:
        fields = {**SMS, "api": server.credentials()["api_key"]}
        assert await send(http, server, fields) == {"response": "200", "status_code": "1"}
