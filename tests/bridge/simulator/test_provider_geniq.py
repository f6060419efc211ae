"""The simulated GENIQ: SMS, batches, one-time codes and callbacks, as GENIQ's reference documents them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_geniq_codes import (
    API_CODES,
    REASON_CODES,
    SMS_STATUSES,
    WHATSAPP_CODES,
    WHATSAPP_STATUSES,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from tests.support.customer import Customer

SMS = {"recipient": "6591234567", "originator": "Hello", "message": "Test message from GENIQ"}
BATCH = {"recipients": "6591234567,6581234567", "originator": "Hello", "message": "Test"}


class Clock:
    """A time of day that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2017, 1, 3, 6, 31, 28, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Client:
    """Speaks to the server with a token, and gives each answer's status and JSON."""

    def __init__(self, http: aiohttp.ClientSession, server: GeniqServer) -> None:
        self.http = http
        self.server = server
        self.headers: dict[str, str] = {}

    async def log_in(self) -> None:
        self.headers = {"Authorization": f"Bearer {(await self.token())[1]['token']}"}

    async def token(self, header: str | None = None) -> tuple[int, dict[str, str]]:
        options = self.server.account
        basic = base64.b64encode(f"{options.api_key}:{options.api_secret}".encode()).decode()
        headers = {"Authorization": header or f"Basic {basic}"}
        async with self.http.post(f"{self.server.base_url}/token", headers=headers) as answer:
            return answer.status, await answer.json()

    async def form(self, path: str, data: dict[str, str]) -> tuple[int, dict[str, object]]:
        async with self.http.post(self.server.base_url + path, data=data, headers=self.headers) as answer:
            return answer.status, await answer.json()

    async def json(self, method: str, path: str, data: object = None) -> tuple[int, dict[str, object]]:
        url = self.server.base_url + path
        async with self.http.request(method, url, json=data, headers=self.headers) as answer:
            return answer.status, await answer.json()


async def connect(http: aiohttp.ClientSession, server: GeniqServer) -> Client:
    client = Client(http, server)
    await client.log_in()
    return client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[GeniqServer]:
    numbers = (f"id-{number}" for number in range(1, 999))
    options = GeniqOptions(clock=clock, ids=lambda: next(numbers), callback_retry_after=0)
    async with GeniqServer(options) as server:
        yield server


@pytest.fixture
async def client(http: aiohttp.ClientSession, server: GeniqServer) -> Client:
    return await connect(http, server)


async def test_a_token_is_answered_like_the_example(client: Client) -> None:
    status, data = await client.token()
    assert status == 200
    assert data.pop("token").count(".") == 2
    assert data == {
        "expiry": "2017-01-03T15:31:28+08:00",
        "responseMessage": "Success",
        "responseCode": "0",
    }


async def test_the_requests_of_the_examples_are_taken_as_they_stand(http: aiohttp.ClientSession) -> None:
    options = GeniqOptions(
        api_key="any-key",
        api_secret="secret",
        ids=lambda: "otp_session_id",
        draw=lambda length: "123456"[:length],
    )
    async with GeniqServer(options) as server:

        async def ask(path: str, body: str, content_type: str, authorization: str) -> dict[str, str]:
            headers = {"Content-Type": content_type, "Authorization": authorization}
            async with http.post(server.base_url + path, data=body, headers=headers) as answer:
                assert answer.status == 200
                data: dict[str, str] = await answer.json()
                return data

        form = "application/x-www-form-urlencoded"
        data = await ask("/token", "{}", "application/json", "Basic YW55LWtleTpzZWNyZXQ=")
        bearer = f"Bearer {data['token']}"
        message = "message=Test%20message%20from%20GENIQ"
        await ask("/sms", f"recipient=6591234567&originator=Hello&{message}&reference=12345", form, bearer)
        recipients = "recipients=6591234567%2C6581234567"
        await ask("/batch_sms", f"{recipients}&originator=Hello&{message}&reference=12345", form, bearer)
        await ask("/verify", "recipient=6591234567&originator=Hello&reference=12345&expiry=300", form, bearer)
        proved = await ask("/verify/otp_session_id?code=123456", "reference=12345", form, bearer)
        assert proved == {"reference": "12345", "responseMessage": "Success", "responseCode": "0"}
        assert server.misuses == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer x", "24"),
        ("Basic !", "24"),
        ("Basic " + base64.b64encode(b"other:simulated-secret").decode(), "24"),
        ("Basic " + base64.b64encode(b"simulated-key:other").decode(), "1"),
    ],
)
async def test_wrong_credentials_get_no_token(client: Client, header: str, code: str) -> None:
    status, data = await client.token(header)
    assert (status, data["responseCode"]) == (401, code)
    assert "token" not in data


async def test_a_token_ages_and_can_be_revoked(client: Client, server: GeniqServer, clock: Clock) -> None:
    clock.move(3599)
    assert (await client.form("/sms", SMS))[0] == 200
    clock.move(1)
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "23"
    await client.log_in()
    server.expire_tokens()
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "23"
    await client.log_in()
    server.tokens.revoke()
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "20"
    client.headers = {}
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "20"
    assert len(server.on_air) == 1


async def test_every_code_of_both_tables_can_be_asked_for(client: Client, server: GeniqServer) -> None:
    for code, text in (API_CODES | WHATSAPP_CODES).items():
        server.answer_code(code, path="POST /sms")
        _, data = await client.form("/sms", SMS)
        assert (data["responseCode"], data["responseMessage"]) == (str(code), text)
    assert server.on_air == []
    assert {name for name in server.met.names("code") if name.startswith("api ")} == {
        f"api {code}" for code in API_CODES
    }


async def test_an_sms_is_answered_like_the_example(client: Client, server: GeniqServer) -> None:
    assert await client.form("/sms", {**SMS, "reference": "12345"}) == (
        200,
        {
            "reference": "12345",
            "responseMessage": "Success",
            "responseCode": "0",
            "messageIds": ["id-1"],
        },
    )
    (message,) = server.on_air
    assert (message.recipient, message.text, message.ids) == ("6591234567", SMS["message"], ("id-1",))
    assert (message.reference, message.options) == ("12345", {"originator": "Hello"})


async def test_an_identifier_is_an_uuid_unless_told(http: aiohttp.ClientSession) -> None:
    async with GeniqServer() as server:
        client = await connect(http, server)
        _, data = await client.form("/sms", SMS)
        assert [len(message_id) for message_id in server.on_air[0].ids] == [36]
        assert data["messageIds"] == list(server.on_air[0].ids)


async def test_parameters_may_be_in_the_query(client: Client, server: GeniqServer) -> None:
    path = "/sms?recipient=6591234567&originator=Hello"
    assert (await client.form(path, {"message": "x"}))[0] == 200
    assert (await client.form(path, SMS))[0] == 400
    assert len(server.on_air) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": "+6591234567"}, "11"),
        ({"recipient": "006591234567"}, "11"),
        ({"recipient": "65 9123 4567"}, "11"),
        ({"recipient": "6591234567890123"}, "11"),
        ({"recipient": ""}, "11"),
        ({"originator": ""}, "12"),
        ({"originator": "1234567890123456"}, "12"),
        ({"originator": "+6591234567"}, "12"),
        ({"originator": "Hello", "originatorTon": "national"}, "12"),
        ({"originator": "TwelveLetter"}, "13"),
        ({"originator": "Héllo"}, "13"),
        ({"originator": "123456789012", "originatorTon": "alpha"}, "13"),
    ],
)
async def test_addresses_that_the_reference_forbids_are_refused(
    client: Client, server: GeniqServer, changes: dict[str, str], code: str
) -> None:
    status, data = await client.form("/sms", SMS | changes)
    assert (status, data["responseCode"]) == (400, code)
    assert server.on_air == []


@pytest.mark.parametrize(
    "changes", [{"originator": "123456789012345"}, {"originator": "ElevenChars"}, {"originatorTon": "alpha"}]
)
async def test_the_longest_originators_are_taken(client: Client, changes: dict[str, str]) -> None:
    assert (await client.form("/sms", SMS | changes))[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"message": ""},
        {"originatorTon": "Alpha"},
        {"dataCoding": "ucs2"},
        {"udh": "0500"},
        {"udh": "xx"},
        {"validity": "0"},
        {"validity": "1.5"},
        {"sender": "x"},
        {"udh": "050003010201", "message": "x" * 154},
        {"udh": "050003010201", "message": "ж" * 68},
    ],
)
async def test_what_no_code_exists_for_is_a_misuse(
    client: Client, server: GeniqServer, changes: dict[str, str]
) -> None:
    status, data = await client.form("/sms", SMS | changes)
    assert status == 400
    assert data["misuse"] == server.misuses[-1]
    assert server.on_air == []


@pytest.mark.parametrize(
    ("changes", "segments"),
    [
        ({"message": "x" * 160}, 1),
        ({"message": "x" * 161}, 2),
        ({"message": "x" * 306}, 2),
        ({"message": "x" * 307}, 3),
        ({"message": "€" * 81}, 2),
        ({"message": "ж" * 70}, 1),
        ({"message": "ж" * 71}, 2),
        ({"message": "ж" * 135}, 3),
        ({"message": "x" * 71, "dataCoding": "unicode"}, 2),
        ({"message": "ж" * 71, "dataCoding": "text"}, 1),
        ({"message": "x" * 153, "udh": "050003010201"}, 1),
    ],
)
async def test_each_segment_has_an_identifier_and_costs(
    client: Client, server: GeniqServer, changes: dict[str, str], segments: int
) -> None:
    _, data = await client.form("/sms", SMS | changes)
    assert data["messageIds"] == [f"id-{number}" for number in range(1, segments + 1)]
    assert server.balance == Decimal("19.2594") - segments * Decimal("0.05")


async def test_text_coding_loses_what_gsm_has_not(client: Client, server: GeniqServer) -> None:
    await client.form("/sms", {**SMS, "message": "aжb", "dataCoding": "text"})
    assert server.on_air[0].text == "a?b"


async def test_balance_is_answered_like_the_example(client: Client) -> None:
    assert await client.json("GET", "/balance") == (
        200,
        {
            "currency": "EUR",
            "type": "Prepaid",
            "responseCode": "0",
            "balance": 19.2594,
            "responseMessage": "Success",
        },
    )


async def test_a_prepaid_account_without_credit_sends_nothing(http: aiohttp.ClientSession) -> None:
    async with GeniqServer(GeniqOptions(balance=Decimal("0.05"))) as server:
        client = await connect(http, server)
        assert (await client.form("/sms", SMS))[0] == 200
        status, data = await client.form("/sms", SMS)
        assert (status, data) == (
            402,
            {
                "reference": "",
                "responseCode": "6",
                "responseMessage": "Account does not have sufficient credit balance",
            },
        )
    async with GeniqServer(GeniqOptions(balance=Decimal(0), prepaid=False)) as server:
        client = await connect(http, server)
        assert (await client.form("/sms", SMS))[0] == 200
        assert (await client.json("GET", "/balance"))[1]["type"] == "Postpaid"


async def test_codes_can_be_numbers_and_refusals_http_200(http: aiohttp.ClientSession) -> None:
    async with GeniqServer(GeniqOptions(numeric_codes=True, always_200=True)) as server:
        client = await connect(http, server)
        status, data = await client.form("/sms", SMS | {"recipient": "x"})
        assert (status, data["responseCode"]) == (200, 11)
        details = (await client.form("/batch_sms", BATCH))[1]["details"]
        assert isinstance(details, dict)
        assert [entry["responseCode"] for entry in details["recipients"]] == [0, 0]


async def test_a_client_from_elsewhere_is_refused(client: Client, server: GeniqServer) -> None:
    server.allowed_ips = frozenset({"192.0.2.1"})
    assert (await client.token())[1]["responseCode"] == "2"
    status, data = await client.form("/sms", SMS)
    assert (status, data["responseCode"]) == (403, "2")


async def test_a_fast_client_is_throttled_until_a_second_has_passed(http: aiohttp.ClientSession) -> None:
    clock = Clock()
    async with GeniqServer(GeniqOptions(rate_limit=2, clock=clock)) as server:
        client = await connect(http, server)
        codes = [(await client.form("/sms", SMS))[1]["responseCode"] for _ in range(2)]
        clock.move(1)
        codes.append((await client.form("/sms", SMS))[1]["responseCode"])
    assert codes == ["0", "5", "0"]


async def test_spam_control_counts_sends_of_a_minute(http: aiohttp.ClientSession) -> None:
    async with GeniqServer(GeniqOptions(spam_limit=1)) as server:
        client = await connect(http, server)
        codes = [(await client.form("/sms", SMS))[1]["responseCode"] for _ in range(2)]
    assert codes == ["0", "19"]


async def test_single_recipients_can_be_refused(client: Client, server: GeniqServer) -> None:
    server.refusals["6591234567"] = 15
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "15"
    server.refusals.clear()
    assert (await client.form("/sms", SMS))[1]["responseCode"] == "0"


async def test_a_batch_is_answered_like_the_example(client: Client, server: GeniqServer) -> None:
    answer = await client.form("/batch_sms", BATCH | {"reference": "12345"})
    assert answer == (
        200,
        {
            "responseMessage": "Success",
            "responseCode": "0",
            "reference": "12345",
            "details": {
                "total": 2,
                "processed": 2,
                "failed": 0,
                "recipients": [
                    {
                        "recipient": recipient,
                        "messageIdList": [message_id],
                        "responseCode": "0",
                        "responseMessage": "Success",
                    }
                    for recipient, message_id in (("6591234567", "id-1"), ("6581234567", "id-2"))
                ],
            },
        },
    )
    assert [message.recipient for message in server.on_air] == ["6591234567", "6581234567"]


async def test_a_batch_tells_each_recipients_code(client: Client, server: GeniqServer) -> None:
    server.refusals["6591111111"] = 14
    recipients = "6591234567,+6581234567,6591234567,6591111111"
    status, data = await client.form("/batch_sms", BATCH | {"recipients": recipients})
    details = data["details"]
    assert isinstance(details, dict)
    assert (status, data["responseCode"]) == (200, "0")
    assert [entry["responseCode"] for entry in details["recipients"]] == ["0", "11", "16", "14"]
    assert (details["total"], details["processed"], details["failed"]) == (4, 1, 3)
    assert len(server.on_air) == 1


async def test_a_batch_of_failures_has_the_first_ones_code(client: Client) -> None:
    status, data = await client.form("/batch_sms", BATCH | {"recipients": "x,y"})
    assert (status, data["responseCode"]) == (400, "11")
    assert "details" in data


async def test_the_ambiguities_of_a_batch_can_be_chosen(http: aiohttp.ClientSession) -> None:
    options = GeniqOptions(
        batch_top_failure=True, batch_counts_failed=True, batch_omits=frozenset({"6591234567"})
    )
    async with GeniqServer(options) as server:
        client = await connect(http, server)
        _, data = await client.form("/batch_sms", BATCH | {"recipients": "6591234567,x"})
    details = data["details"]
    assert isinstance(details, dict)
    assert (data["responseCode"], details["processed"]) == ("11", 2)
    assert [entry["recipient"] for entry in details["recipients"]] == ["x"]


@pytest.mark.parametrize(("recipients", "code"), [("6591234567,6581234567", "17"), ("", "11")])
async def test_a_batch_without_or_with_too_many_recipients_is_refused_whole(
    http: aiohttp.ClientSession, recipients: str, code: str
) -> None:
    async with GeniqServer(GeniqOptions(batch_maximum=1)) as server:
        client = await connect(http, server)
        _, data = await client.form("/batch_sms", BATCH | {"recipients": recipients})
        assert (data["responseCode"], "details" in data, server.on_air) == (code, False, [])


async def test_a_one_time_code_is_sent_and_proved_once(client: Client, server: GeniqServer) -> None:
    form = {"recipient": "6591234567", "originator": "Hello", "reference": "12345", "expiry": "300"}
    assert await client.form("/verify", form) == (
        200,
        {
            "reference": "12345",
            "responseMessage": "Success",
            "responseCode": "0",
            "messageIds": ["id-1"],
        },
    )
    code = server.otp_code("id-1")
    assert server.on_air[0].text == f"Your verification code is {code}."
    assert server.balance == Decimal("19.2594") - Decimal("0.055")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert (await client.form(f"/verify/id-1?code={wrong}", {}))[1]["responseCode"] == "22"
    assert await client.form(f"/verify/id-1?code={code}", {"reference": "12345"}) == (
        200,
        {"reference": "12345", "responseMessage": "Success", "responseCode": "0"},
    )
    assert (await client.form(f"/verify/id-1?code={code}", {}))[1]["responseCode"] == "21"
    assert (await client.form("/verify/other?code=1", {}))[1]["responseCode"] == "21"


@pytest.mark.parametrize("length", [6, 8])
async def test_a_code_has_the_length_and_text_asked_for(
    client: Client, server: GeniqServer, length: int
) -> None:
    form = {
        "recipient": "6591234567",
        "originator": "Hello",
        "codeLength": str(length),
        "template": "[CODE] is it",
    }
    await client.form("/verify", form)
    code = server.otp_code("id-1")
    assert len(code) == length
    assert server.on_air[0].text == f"{code} is it"


async def test_a_code_is_too_late_after_its_expiry(client: Client, server: GeniqServer, clock: Clock) -> None:
    await client.form("/verify", {"recipient": "6591234567", "originator": "Hello"})
    clock.move(30)
    code = server.otp_code("id-1")
    assert (await client.form(f"/verify/id-1?code={code}", {}))[1]["responseCode"] == "22"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/verify", {"template": "no place"}),
        ("/verify", {"codeLength": "5"}),
        ("/verify", {"codeLength": "9"}),
        ("/verify", {"expiry": "0"}),
        ("/verify", {"code_length": "6"}),
        ("/verify/id-1", {"code": "123456"}),
        ("/verify/id-1", {}),
    ],
)
async def test_a_verification_that_is_not_documented_is_a_misuse(
    client: Client, path: str, form: dict[str, str]
) -> None:
    addresses = {"recipient": "6591234567", "originator": "Hello"} if path == "/verify" else {}
    status, data = await client.form(path, addresses | form)
    assert (status, set(data)) == (400, {"misuse"})


async def test_a_report_is_the_examples_form(client: Client, server: GeniqServer, customer: Customer) -> None:
    server.callback_url = customer.url
    await client.form("/sms", SMS)
    server.advance("id-1", "delivered")
    await server.settled()
    (got,) = customer.got
    assert got.method == "POST"
    assert got.content_type == "application/x-www-form-urlencoded"
    assert got.body == (
        b"messageId=id-1&channel=sms&recipient=6591234567&status=delivered&reasonCode=0"
        b"&messageTimestamp=2017-01-03T14%3A31%3A28%2B08%3A00"
        b"&operatorTimestamp=2017-01-03T14%3A31%3A28%2B08%3A00"
    )


async def test_every_status_and_reason_can_be_reported(
    client: Client, server: GeniqServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    await client.form("/sms", SMS)
    for status in SMS_STATUSES:
        server.advance("id-1", status)
    for reason in REASON_CODES:
        server.advance("id-1", "undeliverable", reason=reason)
    await server.settled()
    bodies = b" ".join(got.body for got in customer.got)
    assert all(f"status={status}&".encode() in bodies for status in SMS_STATUSES)
    assert all(f"reasonCode={reason}&".encode() in bodies for reason in REASON_CODES)
    with pytest.raises(ValueError, match="read is no status of sms"):
        server.advance("id-1", "read")
    with pytest.raises(KeyError):
        server.advance("other", "delivered")


async def test_a_report_is_repeated_until_the_answer_is_200(
    client: Client, server: GeniqServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    customer.answers.extend([500, 204, 302])
    await client.form("/sms", SMS)
    server.advance("id-1", "processed")
    await server.settled()
    assert [attempt.status for attempt in server.callback_attempts] == [500, 204, 302, 200]
    assert len({got.body for got in customer.got}) == 1


async def test_a_message_delivered_after_its_validity_is_expired(
    client: Client, server: GeniqServer, customer: Customer, clock: Clock
) -> None:
    server.callback_url = customer.url
    await client.form("/sms", SMS | {"validity": "60"})
    clock.move(60)
    server.advance("id-1", "delivered")
    await server.settled()
    assert b"status=expired&" in customer.got[0].body


async def test_the_older_reference_reports_by_get_with_a_bare_plus(
    http: aiohttp.ClientSession, customer: Customer
) -> None:
    async with GeniqServer(GeniqOptions(dlr_by_get=True, callback_url=customer.url, clock=Clock())) as server:
        client = await connect(http, server)
        await client.form("/sms", SMS)
        server.advance(server.on_air[0].ids[0], "delivered")
        await server.settled()
    assert customer.got[0].method == "GET"
    assert customer.got[0].query.endswith("&operatorTimestamp=2017-01-03T14:31:28+08:00")


async def test_auto_reports_every_segment_to_its_end(http: aiohttp.ClientSession, customer: Customer) -> None:
    options = GeniqOptions(auto=True, auto_delay=0, callback_url=customer.url)
    async with GeniqServer(options) as server:
        client = await connect(http, server)
        await client.form("/sms", SMS | {"message": "x" * 161})
        await server.settled()
    assert len(customer.got) == 4
    assert len([got for got in customer.got if b"status=delivered" in got.body]) == 2


async def test_an_incoming_sms_is_the_examples_form(server: GeniqServer, customer: Customer) -> None:
    server.callback_url = customer.url
    assert server.receive_sms("6591234567", "hello") == ["id-1"]
    await server.settled()
    assert customer.got[0].body == (
        b"messageId=id-1&recipient=88888&originator=6591234567&message=hello"
        b"&messageTimestamp=2017-01-03T14%3A31%3A28%2B08%3A00"
    )


async def test_a_long_incoming_sms_comes_in_parts_with_a_header(
    server: GeniqServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    assert server.receive_sms("6591234567", "ж" * 68 + "x" * 67) == ["id-1", "id-2", "id-3"]
    await server.settled()
    bodies = {got.body for got in customer.got}
    assert all(any(b"&udh=0500030103%02d&message=" % seqno in body for body in bodies) for seqno in (1, 2, 3))


async def test_a_whatsapp_report_is_the_examples_object(
    client: Client, server: GeniqServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    server.open_session("6588880000")
    await client.json("POST", "/whatsapp/messages", {"recipient": "6588880000", "type": "text", "body": "x"})
    for status in WHATSAPP_STATUSES:
        server.advance("id-1", status)
    await server.settled()
    reports = {report["status"]: report for report in (json.loads(got.body) for got in customer.got)}
    assert reports.keys() == set(WHATSAPP_STATUSES)
    assert reports["delivered"] == {
        "messageId": "id-1",
        "recipient": "6588880000",
        "status": "delivered",
        "reasonCode": "0",
        "channel": "whatsapp",
        "messageTimestamp": "2017-01-03T14:31:28+08:00",
        "providerTimestamp": "2017-01-03T14:31:28+08:00",
    }


async def test_incoming_whatsapp_messages_are_the_examples_objects(
    server: GeniqServer, customer: Customer
) -> None:
    server.callback_url = customer.url
    server.receive_whatsapp("6588880000", body="Hi, this is a test message")
    await server.settled()
    server.receive_whatsapp("6588880000", "image", url="https://geniq.io/media/callback.jpg")
    await server.settled()
    common = {
        "originator": "6588880000",
        "originatorName": "Mark Gold",
        "recipient": "6598989898",
        "messageTimestamp": "2017-01-03T14:31:28+08:00",
    }
    assert [json.loads(got.body) for got in customer.got] == [
        common | {"messageId": "id-1", "type": "text", "body": "Hi, this is a test message"},
        common | {"messageId": "id-2", "type": "image", "url": "https://geniq.io/media/callback.jpg"},
    ]
    assert {got.content_type for got in customer.got} == {"application/json"}
    with pytest.raises(ValueError, match="poll is no type"):
        server.receive_whatsapp("6588880000", "poll")


async def test_a_lost_answer_leaves_exactly_one_sms_on_air(client: Client, server: GeniqServer) -> None:
    server.faults.add(Fault(status=502, body="<html>", processed=True), path="/sms")
    async with client.http.post(f"{server.base_url}/sms", data=SMS, headers=client.headers) as answer:
        assert (answer.status, await answer.text()) == (502, "<html>")
    assert len(server.on_air) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sms"), ("POST", "/balance"), ("PUT", "/token"), ("POST", "/mms")]
)
async def test_only_documented_methods_and_paths_exist(client: Client, method: str, path: str) -> None:
    status, data = await client.json(method, path)
    assert (status in {404, 405}, set(data)) == (True, {"misuse"})
