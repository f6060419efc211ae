"""The token: fetched once, replaced once, and never a reason for a second SMS."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_providers.exceptions import AuthError, TemporaryError
from sms_providers.model import ErrorCode, Refused, State, Taken
from tests.providers.smsgateway24.account import EMAIL, PASSWORD, at, connect, message, outgoing
from tests.support.raw_provider import RawProvider, http_json

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.model import Outcome
    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock

MANY = 50


async def send_many(gateway: SmsGateway24, first: int = 1) -> list[Outcome]:
    """Send many messages at once, each with a text of its own."""
    batches = [[outgoing(message(text=f"text {n}"), reference=n)] for n in range(first, first + MANY)]
    return [outcomes[0] for outcomes in await asyncio.gather(*map(gateway.send, batches))]


def logins(gateway: SmsGateway24) -> int:
    """How many of the last requests were logins."""
    return sum(line.startswith("POST /gettoken") for line in gateway.transcript())


async def test_many_messages_share_one_login(gateway: SmsGateway24, server: SmsGateway24Server) -> None:
    server.faults.add(Fault(delay=0.01), path="POST /gettoken")
    assert all(isinstance(outcome, Taken) for outcome in await send_many(gateway))
    assert len(server.tokens) == 1
    assert len(server.on_air) == MANY


async def test_a_token_that_ends_under_many_messages_is_replaced_once_and_none_leaves_twice(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    await gateway.check()
    server.expire_tokens()
    outcomes = await send_many(gateway)
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert len(server.tokens) == 1
    assert sorted(sms.text for sms in server.on_air) == sorted(f"text {n}" for n in range(1, MANY + 1))
    assert len({outcome.references for outcome in outcomes if isinstance(outcome, Taken)}) == MANY


async def test_a_token_that_ends_by_its_time_is_replaced(http: aiohttp.ClientSession, clock: Clock) -> None:
    options = SmsGateway24Options(clock=clock, token_lifetime=3600)
    async with SmsGateway24Server(options) as server:
        gateway = at(server, http, clock)
        for _ in range(3):
            outcomes = await gateway.send(
                [outgoing(message(text="one")), outgoing(message(text="two"), reference=2)]
            )
            assert all(isinstance(outcome, Taken) for outcome in outcomes)
            clock.advance(3601)
        assert len(server.on_air) == 6
        assert logins(gateway) == 3


@pytest.mark.parametrize(
    "sentence",
    ["Token is incorrect", "Wrong TOKEN", "Not authorized", "Please login", "Login or password incorrect"],
)
async def test_any_word_about_token_or_login_replaces_the_token_once(
    gateway: SmsGateway24, server: SmsGateway24Server, sentence: str
) -> None:
    await gateway.check()
    server.token_error = sentence
    server.expire_tokens()
    assert isinstance((await gateway.send([outgoing()]))[0], Taken)
    assert logins(gateway) == 2
    server.answer_code("token", times=2, path="POST /addsms")
    (outcome,) = await gateway.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.AUTH
    assert logins(gateway) == 3
    assert len(server.on_air) == 1


async def test_a_password_that_is_changed_is_said_and_nothing_leaves(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    await gateway.check()
    server.password = "another"
    server.expire_tokens()
    outcomes = await send_many(gateway)
    assert {outcome.error.code for outcome in outcomes if isinstance(outcome, Refused)} == {ErrorCode.AUTH}
    assert len(outcomes) == MANY
    assert server.on_air == []
    with pytest.raises(AuthError) as caught:
        await gateway.check()
    assert "Login or password incorrect" in str(caught.value)
    assert "check email and password" in str(caught.value)
    server.password = PASSWORD
    assert isinstance((await gateway.send([outgoing()]))[0], Taken)


async def test_who_waits_for_a_login_that_fails_does_not_log_in_again(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    server.password = "another"
    server.faults.add(Fault(delay=0.05), path="POST /gettoken")
    assert all(isinstance(outcome, Refused) for outcome in await send_many(gateway))
    assert logins(gateway) == 1


async def test_a_wrong_password_with_each_message_is_said(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway = at(server, http, clock, send_method="login", password="wrong")
    (outcome,) = await gateway.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.error.provider_code) == (
        ErrorCode.AUTH,
        "Login or password incorrect",
    )
    assert len(gateway.transcript()) == 1


async def test_a_token_alone_is_enough_until_it_is_refused(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with SmsGateway24Server(SmsGateway24Options(clock=clock, tokens=("given-token",))) as server:
        gateway = at(server, http, clock, token="given-token")
        assert isinstance((await gateway.send([outgoing()]))[0], Taken)
        assert logins(gateway) == 0
        server.expire_tokens()
        (outcome,) = await gateway.send([outgoing()])
        assert isinstance(outcome, Refused)
        assert outcome.error.code is ErrorCode.AUTH
        assert "Token is incorrect" in outcome.error.message
        assert len(gateway.transcript()) == 2


async def test_a_given_token_is_replaced_where_email_and_password_are_known(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway = at(server, http, clock, token="old-token", email=EMAIL, password=PASSWORD)
    assert isinstance((await gateway.send([outgoing()]))[0], Taken)
    assert logins(gateway) == 1


async def test_without_any_credentials_nothing_is_asked(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway = at(server, http, clock, email=None, password=None)
    with pytest.raises(AuthError):
        await gateway.check()
    assert gateway.transcript() == ()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_before=True),
        Fault(cut_after=True),
        Fault(status=502, body="{}"),
        Fault(status=503, body="{}"),
        Fault(status=200, body="<html>"),
        Fault(status=200, body='{"error": 0, "message": "OK"}'),
    ],
)
async def test_a_login_without_an_answer_leaves_no_doubt_about_the_message(
    gateway: SmsGateway24, server: SmsGateway24Server, fault: Fault
) -> None:
    server.faults.add(fault, times=None, path="POST /gettoken")
    outcomes = await gateway.send([outgoing(), outgoing(reference=2)])
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert outcome.error.temporary
    with pytest.raises(TemporaryError):
        await gateway.check()
    assert server.on_air == []
    server.faults.clear()
    assert isinstance((await gateway.send([outgoing()]))[0], Taken)


async def test_a_login_that_is_throttled_pauses_everything(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    server.faults.add(Fault(status=429, body="{}", headers={"Retry-After": "9"}))
    (outcome,) = await gateway.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.retry_after) == (ErrorCode.THROTTLED, 9.0)
    assert isinstance((await gateway.send([outgoing()]))[0], Refused)
    assert len(server.met.names("endpoint")) == 1


async def test_a_refused_login_of_any_words_is_no_fault_of_the_message(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with RawProvider(http_json({"error": "1", "message": "Subscription is over"})) as raw:
        (outcome,) = await connect(raw.url, http, clock).send([outgoing()])
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.error.provider_code) == (ErrorCode.AUTH, "Subscription is over")


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_status_that_refuses_the_token_is_taken_for_its_word(
    http: aiohttp.ClientSession, clock: Clock, status: str
) -> None:
    token = http_json({"error": 0, "message": "OK", "token": "t" * 32})
    saved = http_json({"error": 0, "sms_id": 5, "message": "OK"})
    async with RawProvider(token, http_json({"message": "no"}, status), token, saved) as raw:
        (outcome,) = await connect(raw.url, http, clock).send([outgoing()])
        assert outcome == Taken(references=("5",), state=State.ACCEPTED)
        assert len(raw.requests) == 4
