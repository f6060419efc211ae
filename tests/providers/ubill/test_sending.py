"""uBill: messages on their way, over real sockets to the simulated uBill."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.charset import EncodingChoice
from sms_providers.model import ErrorCode, NoAnswer, Priority, Refused, State, Taken
from sms_providers.ubill import SendMethod
from tests.providers.ubill.account import ANNA, BERT, KEY, TEXT, connect, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_ubill import UbillServer
    from sms_providers.model import Error, Outcome
    from sms_providers.ubill import Ubill
    from tests.providers.ubill.account import Clock

GEORGIAN = "კარი ღიაა – ok? 100% & more+ ₾"
METHODS = list(SendMethod)


def error_of(outcome: Outcome) -> Error:
    assert not isinstance(outcome, Taken)
    return outcome.error


@pytest.mark.parametrize("method", METHODS)
async def test_a_message_is_accepted_with_the_providers_number(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    (taken,) = await connect(server.base_url, http, clock, send_method=method).send([outgoing()])
    assert taken == Taken(references=("117345",), state=State.ACCEPTED)
    (left,) = server.on_air
    assert (left.recipient, left.text, left.ids) == (ANNA[1:], TEXT, ("117345",))
    assert left.options == {"brandID": "1"}


@pytest.mark.parametrize("method", METHODS)
async def test_a_text_of_any_characters_arrives_unchanged(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    await connect(server.base_url, http, clock, send_method=method).send([outgoing(text=GEORGIAN)])
    assert [left.text for left in server.on_air] == [GEORGIAN]


async def test_a_text_for_gsm7_is_transliterated(server: UbillServer, ubill: Ubill) -> None:
    await ubill.send([outgoing(text="Ćao – ok", encoding=EncodingChoice.GSM7)])
    assert [left.text for left in server.on_air] == ["Cao - ok"]


@pytest.mark.parametrize("method", METHODS)
async def test_several_recipients_go_in_one_request_and_share_its_number(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    ubill = connect(server.base_url, http, clock, send_method=method)
    outcomes = await ubill.send([outgoing(), outgoing(BERT, reference=2)])
    assert outcomes == [Taken(references=("117345",), state=State.ACCEPTED)] * 2
    assert [left.recipient for left in server.on_air] == [ANNA[1:], BERT[1:]]
    assert len(ubill.transcript()) == 1


async def test_the_same_number_twice_is_two_messages(server: UbillServer, ubill: Ubill) -> None:
    outcomes = await ubill.send([outgoing(), outgoing(reference=2), outgoing(BERT, reference=3)])
    assert [taken.references for taken in outcomes if isinstance(taken, Taken)] == [
        ("117345",),
        ("117346",),
        ("117345",),
    ]
    assert [left.recipient for left in server.on_air] == [ANNA[1:], BERT[1:], ANNA[1:]]


async def test_by_get_many_recipients_take_several_addresses(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    server.balance = 100
    ubill = connect(server.base_url, http, clock, send_method=SendMethod.GET)
    outcomes = await ubill.send([outgoing(f"+9955111942{index:02}") for index in range(50)])
    assert len({taken.references for taken in outcomes if isinstance(taken, Taken)}) == 3
    assert len(server.on_air) == 50


async def test_messages_of_different_texts_are_told_apart(server: UbillServer, ubill: Ubill) -> None:
    await ubill.send([outgoing(text="one"), outgoing(BERT, "two"), outgoing(BERT, "one")])
    assert [(left.recipient, left.text) for left in server.on_air] == [
        (ANNA[1:], "one"),
        (BERT[1:], "one"),
        (BERT[1:], "two"),
    ]


@pytest.mark.parametrize("method", METHODS)
async def test_a_schedule_is_written_in_the_providers_time_zone_and_never_too_early(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    ubill = connect(server.base_url, http, clock, send_method=method)
    for seconds in (600, 601, 86_400):
        (taken,) = await ubill.send([outgoing(send_at=clock() + timedelta(seconds=seconds))])
        assert isinstance(taken, Taken)
        assert 0 <= (server.on_air[-1].at - clock()).total_seconds() - seconds < 60
    assert [left.options["sendTime"] for left in server.on_air] == [
        "2026-02-01 16:10",
        "2026-02-01 16:11",
        "2026-02-02 16:00",
    ]


async def test_another_time_zone_is_another_clock(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    ubill = connect(server.base_url, http, clock, time_zone="America/Los_Angeles")
    await ubill.send([outgoing(send_at=clock() + timedelta(days=2))])
    assert server.on_air[0].options["sendTime"] == "2026-02-03 04:00"


async def test_a_time_that_is_over_sends_at_once(server: UbillServer, ubill: Ubill, clock: Clock) -> None:
    await ubill.send([outgoing(send_at=clock() - timedelta(seconds=61))])
    assert "sendTime" not in server.on_air[0].options


@pytest.mark.parametrize("method", METHODS)
async def test_options_are_handed_over(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    server.stop_list.add(ANNA[1:])
    ubill = connect(server.base_url, http, clock, send_method=method)
    options = {"stopList": False, "otp": True, "sendTime": "2026-02-01 23:30", "brandID": "1", "sim": 1}
    (taken,) = await ubill.send([outgoing(options=options)])
    assert isinstance(taken, Taken)
    assert server.on_air[0].options == {
        "brandID": "1",
        "stopList": "false",
        "otp": "true",
        "sendTime": "2026-02-01 23:30",
    }


async def test_a_one_time_password_takes_the_otp_route_and_nothing_else_does(
    server: UbillServer, ubill: Ubill
) -> None:
    for priority in Priority:
        await ubill.send([outgoing(priority=priority)])
    assert ["otp" in left.options for left in server.on_air] == [False, False, False, True]


async def test_the_originator_is_a_brands_number(server: UbillServer, ubill: Ubill) -> None:
    assert error_of((await ubill.send([outgoing(originator="7")]))[0]).provider_code == "10"
    (refused,) = await ubill.send([outgoing(originator="Acme")])
    assert error_of(refused).code is ErrorCode.INVALID_ORIGINATOR
    assert len(ubill.transcript()) == 1
    assert server.on_air == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (outgoing("112"), ErrorCode.UNSUPPORTED),
        (outgoing("Anna"), ErrorCode.UNSUPPORTED),
        (outgoing(text=None, data=b"x"), ErrorCode.UNSUPPORTED),
        (outgoing(flash=True), ErrorCode.UNSUPPORTED),
        (outgoing(options={"sendTime": "2026-02-30 10:00"}), ErrorCode.INVALID_PAYLOAD),
        (outgoing(options={"sendTime": "tomorrow"}), ErrorCode.INVALID_PAYLOAD),
        (outgoing(options={"stopList": "no"}), ErrorCode.INVALID_PAYLOAD),
        (outgoing(options={"brandID": 0}), ErrorCode.INVALID_PAYLOAD),
        (outgoing(text="half a \ud83d"), ErrorCode.INVALID_TEXT),
    ],
)
async def test_what_cannot_be_sent_is_refused_without_asking_and_the_rest_goes_on(
    server: UbillServer, ubill: Ubill, message: object, code: ErrorCode
) -> None:
    refused, taken = await ubill.send([message, outgoing(BERT, "another")])  # type: ignore[list-item] # parametrised
    assert isinstance(refused, Refused)
    assert refused.error.code is code
    assert isinstance(taken, Taken)
    assert [left.recipient for left in server.on_air] == [BERT[1:]]


@pytest.mark.parametrize("strings", [False, True])
@pytest.mark.parametrize(
    ("status_id", "code"),
    [
        (10, ErrorCode.INVALID_ORIGINATOR),
        (20, ErrorCode.INVALID_RECIPIENT),
        (30, ErrorCode.INVALID_TEXT),
        (40, ErrorCode.NO_CREDIT),
        (50, ErrorCode.INVALID_RECIPIENT),
        (90, ErrorCode.PROTOCOL),
        (99, ErrorCode.REJECTED_BY_NETWORK),
    ],
)
async def test_every_code_of_the_answer_is_a_refusal(
    server: UbillServer, ubill: Ubill, status_id: int, code: ErrorCode, *, strings: bool
) -> None:
    if strings:
        body = f'{{"statusID": "{status_id}", "message": "whatever"}}'
        server.faults.add(Fault(status=200, body=body))
    else:
        server.answer_code(status_id)
    outcomes = await ubill.send([outgoing(), outgoing(BERT)])
    assert [type(outcome) for outcome in outcomes] == [Refused, Refused]
    assert (error_of(outcomes[0]).code, error_of(outcomes[0]).provider_code) == (code, str(status_id))
    assert server.on_air == []


async def test_an_unknown_code_is_warned_of_once(
    server: UbillServer, ubill: Ubill, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        server.faults.add(Fault(status=200, body='{"statusID": 77}'))
        (refused,) = await ubill.send([outgoing()])
        assert isinstance(refused, Refused)
        assert refused.error.code is ErrorCode.REJECTED_BY_NETWORK
        assert refused.error.provider_code == "77"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "77" in caplog.text


async def test_what_the_simulated_account_refuses_by_itself(server: UbillServer, ubill: Ubill) -> None:
    server.stop_list.add(ANNA[1:])
    (stopped,) = await ubill.send([outgoing()])
    (empty,) = await ubill.send([outgoing(BERT, "")])
    server.balance = 0
    (poor,) = await ubill.send([outgoing(BERT)])
    assert [error_of(outcome).provider_code for outcome in (stopped, empty, poor)] == ["50", "30", "40"]


@pytest.mark.parametrize("method", METHODS)
async def test_refused_credentials_concern_this_gateway_only(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod
) -> None:
    ubill = connect(server.base_url, http, clock, send_method=method)
    await ubill.send([outgoing()])
    server.answer_code(401)
    (refused,) = await ubill.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.AUTH
    assert isinstance((await ubill.send([outgoing()]))[0], Taken)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_after=True),
        Fault(status=502, body="<html>", processed=True),
        Fault(status=504, processed=True),
        Fault(status=200, body="<html>it works</html>", processed=True),
        Fault(status=200, body='{"statusID": ', processed=True),
        Fault(status=200, body="[]", processed=True),
        Fault(status=200, body="{}", processed=True),
    ],
    ids=["cut", "502", "504", "html", "half", "list", "empty object"],
)
async def test_a_lost_answer_is_unknown_and_one_sms_at_most(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock, method: SendMethod, fault: Fault
) -> None:
    server.faults.add(fault)
    ubill = connect(server.base_url, http, clock, send_method=method)
    outcomes = await ubill.send([outgoing(), outgoing(BERT)])
    assert [type(outcome) for outcome in outcomes] == [NoAnswer, NoAnswer]
    assert len(server.on_air) == 2
    assert await ubill.find([], frozenset()) == {}


async def test_a_request_that_was_not_read_is_unknown_too_and_not_repeated(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    for method in METHODS:
        server.faults.add(Fault(cut_before=True))
        (lost,) = await connect(server.base_url, http, clock, send_method=method).send([outgoing()])
        assert isinstance(lost, NoAnswer)
    assert server.on_air == []


async def test_an_answer_without_a_number_is_taken_and_final(server: UbillServer, ubill: Ubill) -> None:
    server.faults.add(Fault(status=200, body='{"statusID": 0}', processed=True))
    assert await ubill.send([outgoing()]) == [Taken(references=(), state=State.ACCEPTED, final=True)]


async def test_throttling_pauses_the_account(server: UbillServer, ubill: Ubill, clock: Clock) -> None:
    server.faults.add(Fault(status=429, headers={"Retry-After": "30"}))
    for left in (30, 30):
        (refused,) = await ubill.send([outgoing()])
        assert isinstance(refused, Refused)
        assert refused.error.code is ErrorCode.THROTTLED
        assert refused.retry_after == left
    clock.advance(30)
    assert isinstance((await ubill.send([outgoing()]))[0], Taken)
    assert len(server.on_air) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_an_outage_is_temporary(server: UbillServer, ubill: Ubill, status: int) -> None:
    server.faults.add(Fault(status=status))
    (refused,) = await ubill.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.NETWORK
    assert refused.error.temporary


@pytest.mark.parametrize("method", METHODS)
async def test_nothing_private_is_logged_or_kept(
    server: UbillServer,
    http: aiohttp.ClientSession,
    clock: Clock,
    method: SendMethod,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    ubill = connect(server.base_url, http, clock, send_method=method)
    echo = f"no: {KEY} {TEXT} {ANNA}"
    for fault in (Fault(status=400, body=echo), Fault(cut_after=True), Fault(status=200, body=echo)):
        server.faults.add(fault)
        await ubill.send([outgoing()])
    seen = "\n".join([*ubill.transcript(), caplog.text, repr(ubill)])
    for hidden in (KEY, TEXT, ANNA[1:]):
        assert hidden not in seen
