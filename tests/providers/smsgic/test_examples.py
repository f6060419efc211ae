"""Every request and answer that SMSgic's document shows, to the letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sms_providers.exceptions import AuthError, RejectedError
from sms_providers.model import Balance, ErrorCode, Refused, State, Taken
from sms_providers.smsgic import RecipientsEncoding
from tests.providers.smsgic.account import ANNA, TEXT, connect, example, lost, message, opened, outgoing
from tests.providers.wire import from_curl, from_raw
from tests.support.raw_provider import RawProvider
from tests.support.raw_provider import http as octets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_providers.smsgic import Smsgic
    from tests.providers.clock import Clock

    Action = Callable[[Smsgic], Awaitable[Any]]

ACTIONS: dict[str, Action] = {
    "balance": lambda smsgic: smsgic.balance(),
    "senders": lambda smsgic: smsgic.senders(),
    "rates": lambda smsgic: smsgic.rates(mcc="742", mnc="551", country="Latvia", country_id=1),
    "status": lambda smsgic: smsgic.status(),
    "calculate": lambda smsgic: smsgic.quote("message", ["+50670503888225"]),
    "sendings": lambda smsgic: smsgic.sendings(),
    "send": lambda smsgic: smsgic.send(
        [
            outgoing(
                message("+951490713339111991", "message"),
                send_at=datetime(2023, 8, 22, 9, 3, 42, tzinfo=UTC),
            )
        ]
    ),
    "sending": lambda smsgic: smsgic.sending("301"),
}


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_request_is_the_documents(http: aiohttp.ClientSession, clock: Clock, name: str) -> None:
    clock.now = datetime(2023, 8, 1, tzinfo=UTC)
    documented = from_curl(example(f"{name}.curl"))
    async with RawProvider(octets(example(f"{name}.answer.json"))) as raw:
        smsgic = connect(raw.url, http, clock, token="{token}", recipients_encoding=RecipientsEncoding.AUTO)
        if name == "send":
            smsgic = connect(raw.url, http, clock, token="{token}", recipients_encoding="string")
        await ACTIONS[name](smsgic)
        asked = from_raw(raw.requests[0])
    assert (asked.method, asked.path) == (documented.method, documented.path.replace("{id}", "301"))
    for header, value in documented.headers.items():
        assert asked.headers[header] == value
    assert ("authorization" in asked.headers) == ("authorization" in documented.headers)
    if name == "rates":  # shown as one JSON object in the place of a query
        shown = json.loads(documented.body)
        assert asked.query == {key: str(value) for key, value in shown.items()}
    else:
        assert asked.body == "" if not documented.body else asked.json == json.loads(documented.body)


async def replayed(session: aiohttp.ClientSession, clock: Clock, name: str, status: str = "200 OK") -> Any:  # noqa: ANN401 - whatever the action returns
    """Do what an example answers, and return what was understood."""
    async with RawProvider(octets(example(name), status)) as raw:
        return await ACTIONS[name.partition(".")[0]](connect(raw.url, session, clock))


async def test_the_balance_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    balance = await replayed(http, clock, "balance.answer.json")
    assert balance == Balance(amount=Decimal("450.000"), currency="GBP")


async def test_the_senders_are_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    senders = await replayed(http, clock, "senders.answer.json")
    assert [(sender.id, sender.name) for sender in senders] == [
        ("45", "MegaShop"),
        ("46", "DSTLCKDM"),
        ("136", "MEGA"),
    ]


async def test_the_rates_are_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    rates = await replayed(http, clock, "rates.answer.json")
    assert [(rate.mcc, rate.mnc) for rate in rates] == [
        ("218", "90"),
        ("218", None),
        ("218", "05"),
        ("218", "03"),
    ]
    assert {(rate.country, rate.rate) for rate in rates} == {("Latvia", Decimal("0.4397"))}


async def test_the_status_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    assert await replayed(http, clock, "status.answer.json") is True


async def test_the_quote_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    quote = await replayed(http, clock, "calculate.answer.json")
    assert (quote.segments, quote.subtotal, quote.total, quote.tax) == (
        3,
        Decimal("1.35"),
        Decimal("1.35"),
        Decimal(0),
    )
    assert [
        (destination.destination, destination.segments, destination.price, destination.total)
        for destination in quote.destinations
    ] == [
        ("Denmark Telenor", 1, Decimal("0.45"), Decimal("0.45")),
        ("Singapore", 1, Decimal("0.45"), Decimal("0.45")),
        ("Russia", 1, Decimal("0.45"), Decimal("0.45")),
    ]
    assert [number.recipient for destination in quote.destinations for number in destination.numbers] == [
        "45879921",
        "6523478945",
        "7554684221",
    ]


async def test_the_list_of_sendings_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    sendings = await replayed(http, clock, "sendings.answer.json")
    assert [(sending.id, sending.text, sending.status, sending.segments) for sending in sendings] == [
        ("301", "Test Message", "Pending", 1),
        ("452", "SEND SMS FOR ME", "Pending", 2),
        ("457", "ANOTHER text of SMS", "Pending", 2),
    ]
    assert sendings[0].created_at == sendings[0].scheduled_at == datetime(2023, 4, 11, 15, 46, 26, tzinfo=UTC)


async def test_a_sending_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    sending = await replayed(http, clock, "sending.answer.json")
    assert (sending.id, sending.status) == ("301", "Draft")
    assert sending.updated_at == datetime(2023, 4, 11, 15, 46, 26, tzinfo=UTC)


async def test_list_and_detail_of_one_sending_give_the_same_report(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with RawProvider(octets(example("sendings.answer.json"))) as raw:
        smsgic = connect(raw.url, http, clock)
        both = await smsgic.reports([opened("301", clock.now), opened("452", clock.now)])
        found = await smsgic.find(
            [lost(datetime(2023, 4, 11, 15, 46, 20, tzinfo=UTC), message(ANNA, "Test Message"))], frozenset()
        )
    async with RawProvider(octets(example("sending.answer.json"))) as raw:
        alone = await connect(raw.url, http, clock).reports([opened("301", clock.now)])
    assert {report.state for report in [*both, *alone]} == {State.ACCEPTED}
    assert found[1].references == ("301",)


async def test_the_answer_to_a_send_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    assert await replayed(http, clock, "send.answer.json") == [
        Taken(references=("458",), state=State.ACCEPTED)
    ]


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in {"status", "send"}])
async def test_a_wrong_token_is_understood(http: aiohttp.ClientSession, clock: Clock, name: str) -> None:
    with pytest.raises(AuthError):
        await replayed(http, clock, f"{name}.401.auth_token_invalid.json", "401 Unauthorized")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("send.401.auth_token_invalid.json", "401 Unauthorized", ErrorCode.AUTH),
        ("send.422.message_not_sent.json", "422 Unprocessable Content", ErrorCode.INVALID_TEXT),
        ("send.422.recipients_not_sent.json", "422 Unprocessable Content", ErrorCode.INVALID_RECIPIENT),
        ("send.422.sender_not_sent.json", "422 Unprocessable Content", ErrorCode.INVALID_ORIGINATOR),
    ],
)
async def test_a_refused_send_is_understood(
    http: aiohttp.ClientSession, clock: Clock, name: str, status: str, code: ErrorCode
) -> None:
    (outcome,) = await replayed(http, clock, name, status)
    assert isinstance(outcome, Refused)
    assert outcome.error.code is code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("calculate.422.message_not_sent.json", ErrorCode.INVALID_TEXT),
        ("calculate.422.recipients_not_sent.json", ErrorCode.INVALID_RECIPIENT),
        ("calculate.422.data_not_sent.json", ErrorCode.INVALID_RECIPIENT),
    ],
)
async def test_a_refused_quote_is_understood(
    http: aiohttp.ClientSession, clock: Clock, name: str, code: ErrorCode
) -> None:
    with pytest.raises(RejectedError) as caught:
        await replayed(http, clock, name, "422 Unprocessable Content")
    assert caught.value.code is code
    assert TEXT not in str(caught.value)


async def test_a_sending_that_is_not_there_is_understood(http: aiohttp.ClientSession, clock: Clock) -> None:
    assert await replayed(http, clock, "sending.404.sms_sending_not_found.json", "404 Not Found") is None
