"""The simulated SMSgic against its document: the document's examples, and what it forbids."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_bridge.simulator.provider_smsgic_rules import RecipientsForm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import aiohttp

NOW = datetime(2023, 8, 22, 9, 0, tzinfo=UTC)
HEADERS = {
    "Authorization": "Bearer smsgic-access",
    "Content-Type": "application/json",
    "Accept": "application/json",
}
EXAMPLE = (
    '{"message":"message","recipients":"[\\"951490713339111991\\"]","sender":"INFO",'
    '"scheduled_at":"2023-08-22 09:03:42"}'
)
SMS = {"message": "Hi", "recipients": ["4915752982212"], "sender": "INFO"}


@pytest.fixture
async def server() -> AsyncIterator[SmsgicServer]:
    async with SmsgicServer(SmsgicOptions(clock=lambda: NOW)) as server:
        yield server


async def call(
    http: aiohttp.ClientSession,
    server: SmsgicServer,
    request: str,
    body: str | Mapping[str, object] | None = None,
    headers: Mapping[str, str] = HEADERS,
) -> tuple[int, Any]:
    """Ask like curl: ``request`` is a method and a path; the answer is its status and JSON."""
    method, _, path = request.partition(" ")
    text = body if isinstance(body, str) else None if body is None else json.dumps(body)
    async with http.request(
        method, server.base_url + path, data=text, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, json.loads(await answer.text())


async def test_balance_is_a_text_with_three_decimals(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    assert await call(http, server, "GET /balance") == (
        200,
        {"balance": "450.000", "sign": "£", "code": "GBP"},
    )


async def test_senders_are_those_of_the_document(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    _, data = await call(http, server, "GET /senders")
    assert data == {
        "senders": [
            {"id": 45, "sender": "MegaShop"},
            {"id": 46, "sender": "DSTLCKDM"},
            {"id": 136, "sender": "MEGA"},
        ]
    }


async def test_status_is_told_to_anybody(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != "Authorization"}
    assert await call(http, server, "GET /status", headers=headers) == (200, ["OK"])


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /balance",
        "GET /senders",
        "GET /rates",
        "POST /sendings/calculate",
        "GET /sendings",
        "POST /sendings",
        "GET /sendings/301",
    ],
)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic smsgic-access", "smsgic-access"])
async def test_everything_else_needs_the_token(
    http: aiohttp.ClientSession, server: SmsgicServer, request_line: str, authorization: str | None
) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    assert await call(http, server, request_line, headers=headers) == (401, {"message": "Unauthenticated."})


async def test_who_does_not_ask_for_json_is_sent_to_the_login_page(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    headers = {**HEADERS, "Accept": "*/*"}
    async with http.get(f"{server.base_url}/balance", headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.content_type) == (302, "text/html")
        assert answer.headers["Location"] == f"{server.base_url}/login"


async def test_a_request_without_a_content_type_is_misuse(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != "Content-Type"}
    assert (await call(http, server, "GET /balance", headers=headers))[0] == 400
    assert server.misuses == ["GET /balance: no Content-Type: application/json"]


async def test_the_literal_request_for_rates_is_taken(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    path = '/rates?{"mcc":"742","mnc":"551","country":"Latvia","country_id":1}'
    assert await call(http, server, f"GET {path}") == (
        200,
        {"rates": [{"mcc": "742", "mnc": "551", "country": "Latvia", "rate": 0.4397}]},
    )


async def test_rates_are_filtered(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    _, by_mcc = await call(http, server, "GET /rates?mcc=218")
    assert [rate["mnc"] for rate in by_mcc["rates"]] == ["90", None, "05", "03"]
    for query, mncs in (
        ("mcc=218&mnc=05", ["05"]),
        ("mcc=218&mnc=null", [None]),
        ("mcc=218&mnc='null'", [None]),
    ):
        _, by_mnc = await call(http, server, f"GET /rates?{query}")
        assert [rate["mnc"] for rate in by_mnc["rates"]] == mncs
    for query in ("country=denm", "country_id=2"):
        _, by_country = await call(http, server, f"GET /rates?{query}")
        assert by_country == {"rates": [{"mcc": "238", "mnc": "02", "country": "Denmark", "rate": 0.45}]}


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("mnc=05", {"mcc": ["The mcc field is required when mnc is present."]}),
        ("mcc=21", {"mcc": ["The mcc format is invalid."]}),
        ("mcc=2180", {"mcc": ["The mcc format is invalid."]}),
        ("country_id=one", {"country_id": ["The country id must be an integer."]}),
        ("country_id=999", {"country_id": ["The selected country id is invalid."]}),
    ],
)
async def test_wrong_filters_are_refused(
    http: aiohttp.ClientSession, server: SmsgicServer, query: str, errors: dict[str, list[str]]
) -> None:
    status, data = await call(http, server, f"GET /rates?{query}")
    assert (status, data["errors"]) == (422, errors)


async def test_calculate_answers_like_the_example(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    recipients = ["45879921", "6523478945", "7554684221"]
    body = {"message": "message", "recipients": recipients}
    _, data = await call(http, server, "POST /sendings/calculate", body)
    assert data["calculate"]["info"] == {"sms_count": 3, "subtotal": 1.35, "total": 1.35, "tax": 0}
    names = ["Denmark Telenor", "Singapore ", "Russia "]
    assert data["calculate"]["destinations"] == [
        {
            "numbers": [
                {"phone_number": int(number), "destination": name, "sms": 1, "rate": 0.45, "total": 0.45}
            ],
            "destination": name,
            "sms_count": 1,
            "price": 0.45,
            "total": 0.45,
        }
        for number, name in zip(recipients, names, strict=True)
    ]


async def test_calculate_takes_the_literal_request(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    body = '{"message":"message","recipients":["50670503888225"]}'
    status, data = await call(http, server, "POST /sendings/calculate", body)
    assert (status, data["calculate"]["info"]["sms_count"]) == (200, 1)


async def test_calculate_counts_segments(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    for text, count in (("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("ш" * 70, 1), ("ш" * 71, 2)):
        body = {"message": text, "recipients": ["4915752982212"]}
        _, data = await call(http, server, "POST /sendings/calculate", body)
        assert data["calculate"]["info"]["sms_count"] == count


NO_MESSAGE = "Please send `message` post parameter with text for SMS"
NO_RECIPIENTS = "Please send `recipients` post parameter with recipient`s number"
NO_SENDER = "Please send `sender` post parameter with name of SMS sender"


@pytest.mark.parametrize(
    ("body", "sentence", "errors"),
    [
        ({"recipients": ["4915752982212"]}, NO_MESSAGE, {"message": [NO_MESSAGE]}),
        ({"message": "Hi"}, NO_RECIPIENTS, {"recipients": [NO_RECIPIENTS]}),
        ({}, "The given data was invalid.", {"message": [NO_MESSAGE], "recipients": [NO_RECIPIENTS]}),
        (
            {"message": "Hi", "recipients": ["+4915752982212"]},
            "The recipients.0 format is invalid.",
            {"recipients.0": ["The recipients.0 format is invalid."]},
        ),
    ],
)
async def test_calculate_files_errors_under_their_fields(
    http: aiohttp.ClientSession,
    server: SmsgicServer,
    body: dict[str, object],
    sentence: str,
    errors: dict[str, list[str]],
) -> None:
    assert await call(http, server, "POST /sendings/calculate", body) == (
        422,
        {"message": sentence, "errors": errors},
    )


async def test_the_literal_request_to_send_is_answered_like_the_example(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    assert await call(http, server, "POST /sendings", EXAMPLE) == (
        200,
        {"message": "SMS champing created", "sending_id": 458},
    )
    (message,) = server.on_air
    assert (message.recipient, message.text, message.ids) == ("951490713339111991", "message", ("458",))
    assert message.options == {"sender": "INFO", "scheduled_at": "2023-08-22 09:03:42"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"message": None}, NO_MESSAGE),
        ({"message": ""}, NO_MESSAGE),
        ({"message": 1}, "The message must be a string."),
        ({"recipients": []}, NO_RECIPIENTS),
        ({"recipients": "4915752982212"}, NO_RECIPIENTS),
        ({"recipients": [4915752982212]}, "The recipients.0 must be a string."),
        ({"recipients": ["4915752982212", "004915752982212x"]}, "The recipients.1 format is invalid."),
        ({"recipients": ["1234567"]}, "The recipients.0 format is invalid."),
        ({"recipients": ["1" * 21]}, "The recipients.0 format is invalid."),
        ({"sender": None}, NO_SENDER),
        ({"sender": "Unknown"}, "The selected `sender` is invalid."),
    ],
)
async def test_sending_files_what_is_missing_under_message(
    http: aiohttp.ClientSession, server: SmsgicServer, changed: dict[str, object], sentence: str
) -> None:
    assert await call(http, server, "POST /sendings", {**SMS, **changed}) == (
        422,
        {"message": sentence, "errors": {"message": [sentence]}},
    )
    assert server.on_air == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"scheduled_at": "2023-08-22T10:00:00"}, "scheduled_at"),
        ({"scheduled_at": "2023-08-22 10:00"}, "scheduled_at"),
        ({"scheduled_at": "2023-02-30 10:00:00"}, "scheduled_at"),
        ({"scheduled_at": "2023-08-22 09:00:00"}, "scheduled_at"),
        ({"type": "viber"}, "type"),
    ],
)
async def test_schedule_and_route_are_checked(
    http: aiohttp.ClientSession, server: SmsgicServer, changed: dict[str, object], field: str
) -> None:
    status, data = await call(http, server, "POST /sendings", {**SMS, **changed})
    assert (status, list(data["errors"])) == (422, [field])


@pytest.mark.parametrize("route", ["default", "infobip", "twilio", "messente", "trumpia"])
async def test_every_route_is_taken(http: aiohttp.ClientSession, server: SmsgicServer, route: str) -> None:
    assert (await call(http, server, "POST /sendings", {**SMS, "type": route}))[0] == 200
    assert server.met.names("code") == [f"type {route}", "http 200"]


async def test_an_unknown_parameter_is_misuse(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    assert (await call(http, server, "POST /sendings", {**SMS, "from": "INFO"}))[0] == 400
    assert server.misuses == ["POST /sendings: unknown parameter from"]


@pytest.mark.parametrize(
    ("form", "taken"),
    [(RecipientsForm.ARRAY, SMS["recipients"]), (RecipientsForm.STRING, '["4915752982212"]')],
)
async def test_recipients_can_be_taken_in_one_form_only(
    http: aiohttp.ClientSession, server: SmsgicServer, form: RecipientsForm, taken: object
) -> None:
    server.recipients_form = form
    answers = []
    for recipients in (SMS["recipients"], '["4915752982212"]'):
        status, _ = await call(http, server, "POST /sendings", {**SMS, "recipients": recipients})
        answers.append((recipients, status))
    assert [recipients for recipients, status in answers if status == 200] == [taken]


async def test_recipients_can_be_taken_as_the_examples_have_them(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    server.recipients_form = RecipientsForm.DOCUMENT
    taken = {
        (path, type(recipients))
        for path in ("/sendings", "/sendings/calculate")
        for recipients in (["4915752982212"], '["4915752982212"]')
        for body in [SMS if path == "/sendings" else {"message": "Hi"}]
        if (await call(http, server, f"POST {path}", {**body, "recipients": recipients}))[0] == 200
    }
    assert taken == {("/sendings", str), ("/sendings/calculate", list)}


async def test_a_campaign_costs_each_segment_of_each_recipient(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    body = {**SMS, "message": "ш" * 71, "recipients": ["4915752982212", "4581234567"]}
    await call(http, server, "POST /sendings", body)
    assert (await call(http, server, "GET /balance"))[1]["balance"] == "448.950"
    assert [message.recipient for message in server.on_air] == ["4915752982212", "4581234567"]
    assert server.sendings[458].total_sms == 4


@pytest.mark.parametrize("status", [402, 403, 422])
async def test_a_balance_that_is_too_low_is_told(http: aiohttp.ClientSession, status: int) -> None:
    async with SmsgicServer(SmsgicOptions(balance="0.01", balance_status=status)) as server:
        answer, data = await call(http, server, "POST /sendings", SMS)
        assert (answer, data["message"]) == (status, "Your account must have balance enough")
        assert server.on_air == []


async def test_list_and_detail_name_the_same_state_differently(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    await call(http, server, "POST /sendings", SMS)
    _, listed = await call(http, server, "GET /sendings")
    assert listed == {
        "sendings": [
            {
                "id": 458,
                "text": "Hi",
                "created_at": "2023-08-22T09:00:00.000000Z",
                "scheduled_at": "2023-08-22 09:00:00",
                "status": "Pending",
                "total_sms": 1,
            }
        ]
    }
    _, detail = await call(http, server, "GET /sendings/458")
    assert detail == {
        "sending": {
            "id": 458,
            "status": "Draft",
            "updated_at": "2023-08-22T09:00:00.000000Z",
            "scheduled_at": "2023-08-22 09:00:00",
        }
    }


async def test_a_status_can_be_any_text(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    await call(http, server, "POST /sendings", SMS)
    server.advance("458", "Canceled")
    assert (await call(http, server, "GET /sendings/458"))[1]["sending"]["status"] == "Canceled"
    assert "status Canceled" in server.met.names("code")
    with pytest.raises(KeyError):
        server.advance("1", "Canceled")


async def test_a_campaign_walks_to_its_end_by_itself(http: aiohttp.ClientSession) -> None:
    async with SmsgicServer(SmsgicOptions(auto=True, auto_delay=0)) as server:
        await call(http, server, "POST /sendings", SMS)
        await server.settled()
        assert (await call(http, server, "GET /sendings"))[1]["sendings"][0]["status"] == "Delivered"


@pytest.mark.parametrize("number", ["301", "x"])
async def test_an_unknown_sending_is_not_found(
    http: aiohttp.ClientSession, server: SmsgicServer, number: str
) -> None:
    assert await call(http, server, f"GET /sendings/{number}") == (
        404,
        {"message": f"No query results for model {number}"},
    )


async def test_the_quote_is_limited_per_minute(http: aiohttp.ClientSession) -> None:
    clock = [NOW]
    body = {"message": "Hi", "recipients": ["4915752982212"]}
    async with SmsgicServer(SmsgicOptions(clock=lambda: clock[0], calculate_limit=1)) as server:
        statuses = [(await call(http, server, "POST /sendings/calculate", body))[0] for _ in range(2)]
        clock[0] += timedelta(minutes=1)
        statuses.append((await call(http, server, "POST /sendings/calculate", body))[0])
    assert statuses == [200, 429, 200]


async def test_json_can_have_the_documents_trailing_commas(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    server.trailing_commas = True
    async with http.get(f"{server.base_url}/senders", headers=HEADERS) as answer:
        text = await answer.text()
    assert '"sender": "MegaShop",\n' in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


async def test_a_revoked_token_is_unauthenticated_until_there_is_another(
    http: aiohttp.ClientSession, server: SmsgicServer
) -> None:
    server.expire_tokens()
    assert (await call(http, server, "GET /balance"))[0] == 401
    server.token = "smsgic-access"
    assert (await call(http, server, "GET /balance"))[0] == 200


@pytest.mark.parametrize(
    ("code", "status"),
    [("401", 401), ("402", 402), ("404", 404), ("422", 422), ("429", 429), ("balance", 422)],
)
async def test_every_refusal_can_be_asked_for(
    http: aiohttp.ClientSession, server: SmsgicServer, code: str, status: int
) -> None:
    server.faults.add(Fault(code=code))
    async with http.get(f"{server.base_url}/balance", headers=HEADERS) as answer:
        assert answer.status == status
        assert ("Retry-After" in answer.headers) == (status == 429)


async def test_credentials_open_the_account(http: aiohttp.ClientSession, server: SmsgicServer) -> None:
    credentials = server.credentials()
    headers = {**HEADERS, "Authorization": f"Bearer {credentials['token']}"}
    body = {**SMS, "sender": credentials["originator"]}
    assert (await call(http, server, "POST /sendings", body, headers))[0] == 200
