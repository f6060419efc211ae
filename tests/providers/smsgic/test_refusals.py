"""What SMSgic refuses, and what each refusal means for the message and the account."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_providers.exceptions import AuthError, NoAnswerError, ProviderError, RejectedError, ThrottledError
from sms_providers.model import ErrorCode, NoAnswer, RefusalClass, Refused, Taken, refusal_class
from sms_providers.smsgic import SmsgicSettings
from tests.providers.smsgic.account import ANNA, BERT, TEXT, TOKEN, connect, message, outgoing
from tests.support.raw_provider import RawProvider, http_json
from tests.support.raw_provider import http as octets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_providers.smsgic import Smsgic
    from tests.providers.clock import Clock


def laravel(sentence: str, field: str = "message") -> dict[str, object]:
    """A refusal as Laravel writes it."""
    return {"message": sentence, "errors": {field: [sentence]}}


@pytest.mark.parametrize(
    ("status", "answer", "code", "kind"),
    [
        (401, {"message": "Unauthenticated."}, ErrorCode.AUTH, RefusalClass.GATEWAY),
        (403, {"message": "This action is unauthorized."}, ErrorCode.AUTH, RefusalClass.GATEWAY),
        (402, {"message": "Payment Required"}, ErrorCode.NO_CREDIT, RefusalClass.GATEWAY),
        (
            402,
            laravel("Your account must have balance enough"),
            ErrorCode.NO_CREDIT,
            RefusalClass.GATEWAY,
        ),
        (
            403,
            {"message": "Your account must have balance enough"},
            ErrorCode.NO_CREDIT,
            RefusalClass.GATEWAY,
        ),
        (
            422,
            laravel("Your account must have balance enough"),
            ErrorCode.NO_CREDIT,
            RefusalClass.GATEWAY,
        ),
        (422, laravel("Insufficient funds"), ErrorCode.NO_CREDIT, RefusalClass.GATEWAY),
        (
            422,
            laravel("Please send `recipients` post parameter with recipient`s number"),
            ErrorCode.INVALID_RECIPIENT,
            RefusalClass.CONTENT,
        ),
        (
            422,
            laravel("The recipients.0 format is invalid.", "recipients.0"),
            ErrorCode.INVALID_RECIPIENT,
            RefusalClass.CONTENT,
        ),
        (
            422,
            laravel("Please send `sender` post parameter with name of SMS sender"),
            ErrorCode.INVALID_ORIGINATOR,
            RefusalClass.GATEWAY,
        ),
        (
            422,
            laravel("Please send `message` post parameter with text for SMS"),
            ErrorCode.INVALID_TEXT,
            RefusalClass.CONTENT,
        ),
        (
            422,
            laravel("The scheduled at must be a date after now.", "scheduled_at"),
            ErrorCode.INVALID_PAYLOAD,
            RefusalClass.CONTENT,
        ),
        (422, laravel("The selected type is invalid."), ErrorCode.UNSUPPORTED, RefusalClass.GATEWAY),
        (
            422,
            {"message": "The given data was invalid."},
            ErrorCode.REJECTED_BY_NETWORK,
            RefusalClass.CONTENT,
        ),
        (422, ["no object"], ErrorCode.REJECTED_BY_NETWORK, RefusalClass.CONTENT),
        (404, {"message": "Not found"}, ErrorCode.UNSUPPORTED, RefusalClass.GATEWAY),
        (429, {"message": "Too Many Attempts."}, ErrorCode.THROTTLED, RefusalClass.TEMPORARY),
        (500, {"message": "Server Error"}, ErrorCode.NETWORK, RefusalClass.TEMPORARY),
        (503, {"message": "Service Unavailable"}, ErrorCode.NETWORK, RefusalClass.TEMPORARY),
    ],
)
async def test_every_refusal_of_a_message_is_certain_and_has_its_class(
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    status: int,
    answer: object,
    code: ErrorCode,
    kind: RefusalClass,
) -> None:
    async with RawProvider(http_json(answer, f"{status} Whatever")) as raw:
        (outcome,) = await connect(raw.url, http, clock).send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is code
    assert outcome.error.provider_code == str(status)
    assert refusal_class(code) is kind


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_in_between_leaves_it_open(
    http: aiohttp.ClientSession, clock: Clock, status: int
) -> None:
    async with RawProvider(http_json({"message": "Bad"}, f"{status} Bad")) as raw:
        (outcome,) = await connect(raw.url, http, clock).send([outgoing()])
        assert len(raw.requests) == 1
    assert isinstance(outcome, NoAnswer)


@pytest.mark.parametrize("body", ["", "<html>", '{"message": "SMS champing created"', "[]", "{}", "458"])
async def test_an_answer_that_cannot_be_read_leaves_it_open(
    smsgic: Smsgic, server: SmsgicServer, body: str
) -> None:
    server.faults.add(Fault(status=200, body=body, processed=True))
    (outcome,) = await smsgic.send([outgoing()])
    assert isinstance(outcome, NoAnswer)
    assert len(server.on_air) == 1


async def test_a_balance_that_is_too_low_is_told_by_its_words(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with SmsgicServer(SmsgicOptions(clock=clock, balance="0.001")) as server:
        (outcome,) = await connect(server.base_url, http, clock).send([outgoing()])
        assert isinstance(outcome, Refused)
        assert outcome.error.code is ErrorCode.NO_CREDIT
        assert server.on_air == []


async def test_a_token_that_is_revoked_refuses_until_there_is_another(
    smsgic: Smsgic, server: SmsgicServer
) -> None:
    assert isinstance((await smsgic.send([outgoing()]))[0], Taken)
    token, server.token = server.token, None
    outcomes = await smsgic.send([outgoing(message(ANNA)), outgoing(message(BERT))])
    assert [outcome.error.code for outcome in outcomes if isinstance(outcome, Refused)] == [
        ErrorCode.AUTH,
        ErrorCode.AUTH,
    ]
    with pytest.raises(AuthError):
        await smsgic.check()
    server.token = token
    assert isinstance((await smsgic.send([outgoing()]))[0], Taken)
    assert len(server.on_air) == 2


async def test_one_wrong_recipient_of_a_batch_hinders_nobody_else(
    smsgic: Smsgic, server: SmsgicServer
) -> None:
    wrong = json.dumps(laravel("The recipients.1 format is invalid.", "recipients.1"))
    server.faults.add(Fault(status=422, body=wrong), times=2)
    outcomes = await smsgic.send([outgoing(message(ANNA)), outgoing(message(BERT), reference=2)])
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert [sms.recipient for sms in server.on_air] == ["4915752982212", "447700900123"]


async def test_who_throttles_is_left_alone_for_the_time_that_he_names(
    http: aiohttp.ClientSession, server: SmsgicServer, clock: Clock
) -> None:
    smsgic = connect(server.base_url, http, clock)
    server.faults.add(Fault(status=429, body="{}", headers={"Retry-After": "30"}))
    (outcome,) = await smsgic.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.retry_after) == (ErrorCode.THROTTLED, 30.0)
    (outcome,) = await smsgic.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is not None
    with pytest.raises(ThrottledError):
        await smsgic.balance()
    assert len(server.met.names("endpoint")) == 1
    assert server.on_air == []


async def test_the_limit_of_quotes_is_a_pause(server: SmsgicServer, smsgic: Smsgic) -> None:
    server.calculate_limit.limit = 1
    await smsgic.quote(TEXT, [ANNA])
    with pytest.raises(ThrottledError) as caught:
        await smsgic.quote(TEXT, [ANNA])
    assert caught.value.retry_after == 60.0


READS: dict[str, Callable[[Smsgic], Awaitable[object]]] = {
    "balance": lambda smsgic: smsgic.balance(),
    "senders": lambda smsgic: smsgic.senders(),
    "rates": lambda smsgic: smsgic.rates(),
    "status": lambda smsgic: smsgic.status(),
    "quote": lambda smsgic: smsgic.quote(TEXT, [ANNA]),
    "sendings": lambda smsgic: smsgic.sendings(),
    "sending": lambda smsgic: smsgic.sending("458"),
}


@pytest.mark.parametrize("read", READS)
async def test_what_changes_nothing_is_asked_again_after_a_lost_answer(
    smsgic: Smsgic, server: SmsgicServer, read: str
) -> None:
    await smsgic.send([outgoing()])
    server.faults.add(Fault(cut_after=True))
    server.faults.add(Fault(status=500, body="{}"))
    assert await READS[read](smsgic) is not None
    assert len(server.on_air) == 1


@pytest.mark.parametrize("read", [name for name in READS if name != "status"])
async def test_every_read_but_the_status_needs_the_token(
    smsgic: Smsgic, server: SmsgicServer, read: str
) -> None:
    server.expire_tokens()
    with pytest.raises(AuthError):
        await READS[read](smsgic)
    assert await smsgic.status()


@pytest.mark.parametrize("read", [name for name in READS if name != "status"])
@pytest.mark.parametrize("body", ["[]", "{}", '{"balance": "much"}', "null"])
async def test_an_answer_to_a_read_that_is_another_is_said(
    http: aiohttp.ClientSession, clock: Clock, read: str, body: str
) -> None:
    async with RawProvider(octets(body)) as raw:
        with pytest.raises(NoAnswerError):
            await READS[read](connect(raw.url, http, clock))


async def test_nothing_private_is_in_any_error_or_log(
    http: aiohttp.ClientSession, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="sms_providers")
    said: list[str] = []
    echo = f"Bearer {TOKEN}: {TEXT} to 4915752982212"
    for status in ("200 OK", "401 No", "422 No", "429 No", "500 No", "502 No"):
        for body in (echo, f'{{"message": "{echo}", "sendings": [{{"text": "{TEXT}"'):
            async with RawProvider(octets(body, status)) as raw:
                smsgic = connect(raw.url, http, clock)
                (outcome,) = await smsgic.send([outgoing()])
                said.append(repr(outcome))
                for read in (smsgic.sendings(), connect(raw.url, http, clock).quote(TEXT, [ANNA])):
                    with pytest.raises(ProviderError) as caught:
                        await read
                    said.append(str(caught.value))
                said += smsgic.transcript()
    async with RawProvider(http_json(laravel(echo), "422 No")) as raw:
        said.append(repr(await connect(raw.url, http, clock).send([outgoing()])))
    everything = "\n".join([*said, caplog.text])
    for private in (TOKEN, TEXT, "4915752982212", "2982212"):
        assert private not in everything


def test_settings_do_not_show_the_token() -> None:
    assert TOKEN not in repr(SmsgicSettings(token=TOKEN, originator="INFO"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mcc": "26"},
        {"mcc": "2622"},
        {"mcc": "२६२"},
        {"mnc": "02"},
        {"mcc": "262", "mnc": ""},
        {"mcc": "262", "mnc": "0002"},
        {"mcc": "262", "mnc": "'null'"},
    ],
)
async def test_filters_that_the_document_forbids_are_not_even_asked(
    smsgic: Smsgic, wrong: dict[str, str]
) -> None:
    with pytest.raises(RejectedError) as caught:
        await smsgic.rates(mcc=wrong.get("mcc"), mnc=wrong.get("mnc"))
    assert caught.value.code is ErrorCode.INVALID_PAYLOAD
    assert smsgic.transcript() == ()
