"""GenioSms: messages on their way, over real sockets to the simulated GenioSms."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer, Wrapping
from sms_providers.charset import EncodingChoice
from sms_providers.exceptions import UnsupportedError
from sms_providers.model import ErrorCode, NoAnswer, Refused, State, Taken
from tests.providers.geniosms.account import ANNA, KEY, TEXT, connect, example, outgoing
from tests.providers.wire import from_raw
from tests.support.raw_provider import RawProvider, http_json
from tests.support.raw_provider import http as answered

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.geniosms import GenioSms
    from sms_providers.model import Outcome
    from tests.providers.geniosms.account import Clock

ACCEPTED = Taken(references=("17",), state=State.ACCEPTED)
ITALIAN = "Il cancello è aperto – 100% & più+ €"


async def outcome_of(http: aiohttp.ClientSession, answer: object) -> Outcome:
    """What becomes of a message that is answered so."""
    async with RawProvider(http_json(answer)) as server:
        (outcome,) = await connect(server.url, http).send([outgoing()])
    return outcome


async def test_a_message_is_accepted_under_our_own_reference(
    server: GenioSmsServer, geniosms: GenioSms
) -> None:
    assert await geniosms.send([outgoing()]) == [ACCEPTED]
    (left,) = server.on_air
    assert (left.recipient, left.text, left.reference) == (ANNA, TEXT, "17")


async def test_a_text_of_any_characters_arrives_unchanged(server: GenioSmsServer, geniosms: GenioSms) -> None:
    await geniosms.send([outgoing(text=ITALIAN), outgoing(text=ITALIAN, encoding=EncodingChoice.GSM7)])
    assert [left.text for left in server.on_air] == [ITALIAN, "Il cancello è aperto - 100% & più+ €"]


async def test_several_messages_are_several_requests(server: GenioSmsServer, geniosms: GenioSms) -> None:
    outcomes = await geniosms.send([outgoing(), outgoing("+393331112224", reference=18)])
    assert [taken.references for taken in outcomes if isinstance(taken, Taken)] == [("17",), ("18",)]
    assert [left.reference for left in server.on_air] == ["17", "18"]


async def test_the_samples_request_is_made(http: aiohttp.ClientSession) -> None:
    async with RawProvider(answered(example("answer.json"))) as server:
        assert await connect(f"{server.url}/tools/api.pl", http).send([outgoing()]) == [ACCEPTED]
    asked = from_raw(server.requests[0])
    assert (asked.method, asked.path, asked.query) == ("POST", "/tools/api.pl", {})
    assert asked.form == {"to": ANNA, "msg": TEXT, "api": KEY, "custom": "17"}
    assert asked.headers["user-agent"] == "GenioSmsBot/1.0 (+http://api.geniosms.net)"


async def test_names_parameters_agent_and_address_can_be_others(http: aiohttp.ClientSession) -> None:
    names = {"to": "number", "msg": "message", "api": "password", "custom": "ref"}
    options = GenioSmsOptions(names=tuple(names.items()), extra=(("id_device", "7"), ("token", "x")))
    async with GenioSmsServer(options) as server:
        extra = {"id_device": "5", "token": "x"}
        geniosms = connect(server.base_url, http, parameters=names, extra_params=extra, user_agent="us/1")
        (refused,) = await geniosms.send([outgoing()])
        assert isinstance(refused, Refused)
        assert refused.error.provider_code == "6"
        assert await geniosms.send([outgoing(options={"extra_params": {"id_device": 7}})]) == [ACCEPTED]
        assert [left.options for left in server.on_air] == [{"id_device": "7", "token": "x"}]
        assert server.misuses == []
    async with RawProvider(answered(example("answer.json"))) as raw:
        await connect(raw.url, http, parameters={"to": "number"}, user_agent="us/1").send([outgoing()])
    asked = from_raw(raw.requests[0])
    assert asked.form == {"number": ANNA, "msg": TEXT, "api": KEY, "custom": "17"}
    assert asked.headers["user-agent"] == "us/1"


async def test_a_message_cannot_replace_key_recipient_or_text(http: aiohttp.ClientSession) -> None:
    options = {"extra_params": {"api": "x", "to": "x", "msg": "x", "custom": "x"}}
    async with RawProvider(answered(example("answer.json"))) as raw:
        await connect(raw.url, http).send([outgoing(options=options)])
    assert from_raw(raw.requests[0]).form == {"to": ANNA, "msg": TEXT, "api": KEY, "custom": "17"}


@pytest.mark.parametrize("value", ["x", ["x"], {"a": None}, {"a": {}}, {1: "x"}])
async def test_extra_parameters_that_are_none_are_refused(
    server: GenioSmsServer, geniosms: GenioSms, value: object
) -> None:
    (refused,) = await geniosms.send([outgoing(options={"extra_params": value})])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.INVALID_PAYLOAD
    assert server.on_air == []


CODES = {
    "api_key_error": ErrorCode.AUTH,
    "unauthorized_ip": ErrorCode.IP_DENIED,
    "param_error": ErrorCode.PROTOCOL,
    "token_or_id_device_error": ErrorCode.AUTH,
    "missing_to_number": ErrorCode.INVALID_RECIPIENT,
    "missing_msg": ErrorCode.INVALID_TEXT,
    "balance_error": ErrorCode.NO_CREDIT,
}
LISTED = [line.split() for line in example("status_codes.txt").splitlines()]


@pytest.mark.parametrize("numeric", [False, True])
@pytest.mark.parametrize("response", ["200", "403"])
@pytest.mark.parametrize(("code", "name"), LISTED)
async def test_every_status_code_has_its_meaning_whatever_response_says(
    http: aiohttp.ClientSession, code: str, name: str, response: str, *, numeric: bool
) -> None:
    convert = int if numeric else str
    outcome = await outcome_of(http, {"response": convert(response), "status_code": convert(code)})
    if name.startswith("ok_"):
        assert outcome == ACCEPTED
    else:
        assert isinstance(outcome, Refused)
        assert (outcome.error.code, outcome.error.provider_code) == (CODES[name], code)


@pytest.mark.parametrize(("code", "name"), LISTED)
async def test_every_status_code_of_the_simulated_account_is_known(
    server: GenioSmsServer, geniosms: GenioSms, code: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer_code(code)
    (outcome,) = await geniosms.send([outgoing()])
    assert isinstance(outcome, Taken if name.startswith("ok_") else Refused)
    assert caplog.records == []


@pytest.mark.parametrize("wrapping", list(Wrapping))
async def test_one_phone_that_takes_the_message_is_enough(
    server: GenioSmsServer, geniosms: GenioSms, wrapping: Wrapping
) -> None:
    server.wrapping = wrapping
    server.phones = {"1001": 6, "1002": None, "1003": 9}
    assert await geniosms.send([outgoing()]) == [ACCEPTED]
    assert len(server.on_air) == 1


@pytest.mark.parametrize("wrapping", [Wrapping.LIST, Wrapping.OBJECTS])
async def test_when_all_phones_refuse_the_first_ones_reason_is_told(
    server: GenioSmsServer, geniosms: GenioSms, wrapping: Wrapping
) -> None:
    server.wrapping = wrapping
    server.phones = {"1001": 9, "1002": 6}
    (refused,) = await geniosms.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.NO_CREDIT


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        ({"response": "200", "status_code": "77"}, ErrorCode.REJECTED_BY_NETWORK, "77"),
        ({"response": "200", "status_code": "no +393331112223"}, ErrorCode.REJECTED_BY_NETWORK, "no +39…223"),
        ({"response": "500"}, ErrorCode.REJECTED_BY_NETWORK, "response 500"),
        ({"response": 200, "status_code": "03"}, ErrorCode.AUTH, "3"),
    ],
)
async def test_a_word_that_is_not_known_refuses_for_good(
    http: aiohttp.ClientSession, answer: object, code: ErrorCode, word: str
) -> None:
    outcome = await outcome_of(http, answer)
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.error.provider_code) == (code, word)


async def test_without_a_status_code_response_200_is_accepted(http: aiohttp.ClientSession) -> None:
    for answer in ({"response": "200"}, [{"response": 200}], {"1001": {"response": "200"}}):
        assert await outcome_of(http, answer) == ACCEPTED


@pytest.mark.parametrize("answer", [[], {}, None, "ok", 200, {"1001": 5}, {"error": "no"}, [[]]])
async def test_an_answer_without_records_is_unknown(http: aiohttp.ClientSession, answer: object) -> None:
    outcome = await outcome_of(http, answer)
    assert isinstance(outcome, NoAnswer)
    assert outcome.expected_reference == "17"


async def test_an_unknown_code_is_warned_of_once(
    http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with RawProvider(http_json({"status_code": 77})) as raw:
        geniosms = connect(raw.url, http)
        for _ in range(3):
            await geniosms.send([outgoing()])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_key_that_is_refused_in_the_middle_concerns_this_gateway_only(
    server: GenioSmsServer, geniosms: GenioSms
) -> None:
    assert await geniosms.send([outgoing()]) == [ACCEPTED]
    server.api_key = "another"
    (refused,) = await geniosms.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.AUTH
    server.api_key = KEY
    assert await geniosms.send([outgoing()]) == [ACCEPTED]


async def test_an_address_that_is_not_allowed_is_told_apart_and_over_ip_lets_it_in(
    server: GenioSmsServer, geniosms: GenioSms
) -> None:
    server.allowed_ips = frozenset()
    (refused,) = await geniosms.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.IP_DENIED
    server.over_ip = True
    assert await geniosms.send([outgoing()]) == [ACCEPTED]


async def test_a_credit_that_is_used_up_is_told(server: GenioSmsServer, geniosms: GenioSms) -> None:
    server.credit = 1
    first, second = await geniosms.send([outgoing(), outgoing()])
    assert first == ACCEPTED
    assert isinstance(second, Refused)
    assert second.error.code is ErrorCode.NO_CREDIT


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_before=True),
        Fault(cut_after=True),
        Fault(status=502, processed=True),
        Fault(status=504, processed=True),
        Fault(status=200, body="<html>", processed=True),
        Fault(status=200, body="", processed=True),
    ],
    ids=["cut before", "cut after", "502", "504", "html", "empty"],
)
async def test_a_lost_answer_is_unknown_and_one_sms_at_most(
    server: GenioSmsServer, geniosms: GenioSms, fault: Fault
) -> None:
    server.faults.add(fault)
    (lost,) = await geniosms.send([outgoing()])
    assert isinstance(lost, NoAnswer)
    assert lost.expected_reference == "17"
    assert len(server.on_air) == (0 if fault.cut_before else 1)


@pytest.mark.parametrize("body", ["", "<html>", '{"message": "slow down"}'])
async def test_throttling_pauses_the_account(
    server: GenioSmsServer, geniosms: GenioSms, clock: Clock, body: str
) -> None:
    server.faults.add(Fault(status=429, headers={"Retry-After": "30"}, body=body))
    for _ in range(2):
        (refused,) = await geniosms.send([outgoing()])
        assert isinstance(refused, Refused)
        assert (refused.error.code, refused.retry_after) == (ErrorCode.THROTTLED, 30)
    clock.now += 30
    assert await geniosms.send([outgoing()]) == [ACCEPTED]


async def test_a_code_beside_an_http_error_tells_more_than_the_error(
    server: GenioSmsServer, geniosms: GenioSms
) -> None:
    server.faults.add(Fault(status=403, code="9"))
    (refused,) = await geniosms.send([outgoing()])
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.NO_CREDIT


@pytest.mark.parametrize(
    "message",
    [
        outgoing(text=None, data=b"x"),
        outgoing(flash=True),
        outgoing(send_at=datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
async def test_what_it_cannot_do_is_refused_without_asking(
    server: GenioSmsServer, geniosms: GenioSms, message: object
) -> None:
    (refused,) = await geniosms.send([message])  # type: ignore[list-item] # parametrised
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.UNSUPPORTED
    assert server.on_air == []
    assert geniosms.transcript() == ()


async def test_there_is_nothing_to_ask(geniosms: GenioSms) -> None:
    for question in (geniosms.check, geniosms.balance):
        with pytest.raises(UnsupportedError):
            await question()
    assert await geniosms.reports([]) == ()
    assert await geniosms.find([], frozenset()) == {}
    assert await geniosms.incoming(None) is None


async def test_nothing_private_is_logged_or_kept(
    http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"no: {KEY} {TEXT} {ANNA} d3vice"
    async with RawProvider(answered(echo, "400 No"), answered(echo), answered(echo, "500 No")) as raw:
        geniosms = connect(raw.url, http, extra_params={"token": "d3vice"})
        outcomes = [(await geniosms.send([outgoing()]))[0] for _ in range(3)]
    seen = "\n".join([*geniosms.transcript(), caplog.text, repr(outcomes)])
    for hidden in (KEY, TEXT, ANNA[3:], "d3vice"):
        assert hidden not in seen
