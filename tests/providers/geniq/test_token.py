"""The token: fetched when it is needed, by one for all, and again when GENIQ refuses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_providers.exceptions import AuthError, TemporaryError
from sms_providers.geniq import Geniq, GeniqSettings
from sms_providers.model import ErrorCode, RefusalClass, Refused, Taken, refusal_class
from tests.providers.geniq.account import connect, no_sleep, outgoing
from tests.providers.geniq.recorder import example

if TYPE_CHECKING:
    import aiohttp

    from tests.providers.geniq.conftest import Clock
    from tests.providers.geniq.recorder import Recorder

LIFE = 3600


def requests_for(geniq: Geniq, endpoint: str) -> int:
    """How often that endpoint was asked, by the account's own transcript."""
    return len([line for line in geniq.transcript() if line.startswith(f"{endpoint}:")])


async def send_many(geniq: Geniq, count: int, *, start: int = 0) -> list[object]:
    """Send to different recipients at the same time."""
    sends = (
        geniq.send([outgoing(f"+65{80000000 + number}", reference=number + 1)])
        for number in range(start, start + count)
    )
    return [outcome for (outcome,) in await asyncio.gather(*sends)]


class Tokens:
    """Counts the tokens that a server issues."""

    def __init__(self, server: GeniqServer) -> None:
        self._server = server

    def __len__(self) -> int:
        return len(self._server.tokens._expiries)


async def test_one_token_serves_many_requests(geniq: Geniq, server: GeniqServer) -> None:
    assert all(isinstance(outcome, Taken) for outcome in await send_many(geniq, 10))
    assert len(Tokens(server)) == 1


async def test_an_expired_token_under_fifty_sends_is_replaced_once_and_none_is_sent_twice(
    geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.check()
    server.expire_tokens()
    outcomes = await send_many(geniq, 50)
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert len(Tokens(server)) == 2
    assert len(server.on_air) == 50
    assert len({message.recipient for message in server.on_air}) == 50


async def test_an_invalid_token_is_replaced_too(geniq: Geniq, server: GeniqServer) -> None:
    await geniq.check()
    server.tokens.revoke()
    assert all(isinstance(outcome, Taken) for outcome in await send_many(geniq, 5))
    assert len(server.on_air) == 5


async def test_a_token_that_expires_between_sends_costs_nobody_a_message(
    geniq: Geniq, server: GeniqServer
) -> None:
    for start in range(0, 20, 5):
        server.expire_tokens()
        assert all(isinstance(outcome, Taken) for outcome in await send_many(geniq, 5, start=start))
    assert len({message.recipient for message in server.on_air}) == len(server.on_air) == 20


async def test_a_token_is_used_until_a_minute_before_its_expiry(
    geniq: Geniq, server: GeniqServer, clock: Clock
) -> None:
    await geniq.check()
    clock.advance(LIFE - 61)
    await geniq.check()
    assert len(Tokens(server)) == 1
    clock.advance(1)
    await geniq.check()
    assert len(Tokens(server)) == 2


@pytest.mark.parametrize(
    ("expiry", "used_at_nine"),
    [
        ("2026-11-20T18:16:00+08:00", True),
        ("2026-11-20T16:30:00+08:00", False),
        ("2026-11-20T09:01:00Z", False),
    ],
)
async def test_the_offset_of_an_expiry_counts(
    expiry: str,
    used_at_nine: bool,  # noqa: FBT001 - a case of the table above
    recorder: Recorder,
    http: aiohttp.ClientSession,
    clock: Clock,
) -> None:
    geniq = Geniq(http, settings_for(recorder), now=clock, sleep=no_sleep)
    recorder.token = f'{{"token": "first", "expiry": "{expiry}", "responseCode": 0}}'
    clock.advance(-2 * 3600)  # 08:15 UTC
    recorder.answers += [(200, example("balance.answer.json"))] * 2
    await geniq.check()
    recorder.token = recorder.token.replace("first", "second")
    clock.advance(45 * 60 + 1)
    await geniq.check()
    assert recorder.last.authorization == ("Bearer first" if used_at_nine else "Bearer second")


@pytest.mark.parametrize(
    "expiry",
    [
        '"soon"',
        '"2026-11-20T09:00:00"',
        '"0001-01-01T00:00:00+14:00"',
        "null",
        "17",
        '"2020-01-01T00:00:00Z"',
    ],
)
async def test_a_token_without_a_credible_expiry_is_used_until_it_is_refused(
    expiry: str, recorder: Recorder, http: aiohttp.ClientSession, clock: Clock
) -> None:
    geniq = Geniq(http, settings_for(recorder), now=clock, sleep=no_sleep)
    recorder.token = f'{{"token": "first", "expiry": {expiry}, "responseCode": "0"}}'
    recorder.answers += [(200, example("balance.answer.json"))] * 3
    for _ in range(2):
        await geniq.check()
        clock.advance(100 * LIFE)
    recorder.answers.insert(0, (401, '{"responseCode": "23"}'))
    await geniq.check()
    assert [asked.path.rpartition("/")[2] for asked in recorder.asked] == [
        *("token", "balance", "balance"),
        *("balance", "token", "balance"),
    ]


async def test_a_token_that_is_refused_again_is_an_error_of_the_credentials(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.answer_code(23, times=2, path="/sms")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.AUTH
    assert requests_for(geniq, "POST /sms") == 2
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Taken)
    assert len(server.on_air) == 1


async def test_a_token_that_only_the_http_status_refuses_is_not_used_again(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(Fault(status=401, body=""), path="/sms")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.AUTH
    assert requests_for(geniq, "POST /sms") == 1
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Taken)
    assert len(Tokens(server)) == 2


@pytest.mark.parametrize("wrong", ["api_key", "api_secret"])
async def test_wrong_credentials_are_told_and_asked_for_once_by_all_who_wait(
    wrong: str, server: GeniqServer, http: aiohttp.ClientSession
) -> None:
    credentials = {**server.credentials(), wrong: "none"}
    settings = GeniqSettings(
        api_key=credentials["api_key"],
        api_secret=credentials["api_secret"],
        originator="HOME",
        base_url=server.base_url,
    )
    geniq = Geniq(http, settings, sleep=no_sleep)
    outcomes = await send_many(geniq, 20)
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert outcome.error.code is ErrorCode.AUTH
        assert "check API key and secret" in outcome.error.message
    assert requests_for(geniq, "POST /token") == 1
    with pytest.raises(AuthError):
        await geniq.check()
    assert requests_for(geniq, "POST /token") == 2


async def test_credentials_that_are_withdrawn_between_sends_refuse_only_what_follows(
    geniq: Geniq, server: GeniqServer
) -> None:
    assert all(isinstance(outcome, Taken) for outcome in await send_many(geniq, 3))
    server.expire_tokens()
    server.answer_code(24, times=None, path="/token")
    for outcome in await send_many(geniq, 3, start=3):
        assert isinstance(outcome, Refused)
        assert outcome.error.code is ErrorCode.AUTH
    assert len(server.on_air) == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_before=True),
        Fault(cut_after=True),
        Fault(status=504, body=""),
        Fault(status=200, body="<html>"),
        Fault(status=200, body='{"responseCode": "0"}'),
        Fault(status=200, body="{}"),
        Fault(code=88),
        Fault(code=99),
        Fault(code=18),
    ],
)
async def test_without_a_token_a_message_has_certainly_not_been_sent(
    fault: Fault, geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(fault, times=None, path="/token")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.temporary
    with pytest.raises(TemporaryError):
        await geniq.balance()
    assert server.on_air == []
    server.faults.clear()
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Taken)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(code=77), ErrorCode.AUTH),
        (Fault(code=11), ErrorCode.AUTH),
        (Fault(status=400, body=""), ErrorCode.AUTH),
        (Fault(status=404, body=""), ErrorCode.UNSUPPORTED),
        (Fault(code=6), ErrorCode.NO_CREDIT),
    ],
)
async def test_a_refusal_of_a_token_is_no_fault_of_the_message(
    fault: Fault, code: ErrorCode, geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(fault, path="/token")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is code
    assert refusal_class(code) is RefusalClass.GATEWAY


async def test_a_token_whose_answer_is_lost_is_asked_for_again(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(Fault(cut_after=True), path="/token")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Taken)
    assert len(server.on_air) == 1


async def test_who_gives_up_waiting_for_a_token_does_not_take_it_from_the_others(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold_back(seconds: float) -> None:
        del seconds
        asked.set()
        await answer.wait()

    async with GeniqServer(GeniqOptions(clock=clock, sleep=hold_back)) as server:
        geniq = connect(server, http, clock)
        server.faults.add(Fault(delay=1), path="/token")
        first = asyncio.create_task(send_many(geniq, 1))
        await asked.wait()
        second = asyncio.create_task(send_many(geniq, 1, start=1))
        await asyncio.sleep(0)
        first.cancel()
        (outcome,) = await second
        answer.set()
    assert isinstance(outcome, Taken)
    assert [message.recipient for message in server.on_air] == ["6580000001"]


async def test_a_refused_address_is_told_as_such(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with GeniqServer(GeniqOptions(allowed_ips=frozenset({"192.0.2.1"}))) as server:
        with pytest.raises(AuthError) as raised:
            await connect(server, http, clock).check()
    assert raised.value.code is ErrorCode.IP_DENIED


def settings_for(recorder: Recorder) -> GeniqSettings:
    """An account at a server that takes any credentials."""
    return GeniqSettings(api_key="key", api_secret="word", originator="HOME", base_url=recorder.base_url)
