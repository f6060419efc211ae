"""A provider's account as the router sees it: sending, its state, administration, its end."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sms_bridge.routing.link import LinkError, LinkState, Source, UnsupportedError
from sms_providers import exceptions
from sms_providers.exceptions import AuthError, NoAnswerError, RejectedError, TemporaryError, ThrottledError
from sms_providers.model import Balance, Capability, ErrorCode, NoAnswer, Refused, State, Taken
from tests.bridge.links.scripted import (
    ALL,
    Inlet,
    Script,
    make_link,
    no_answer,
    refused,
    standing,
    submission,
)
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from sms_providers.exceptions import ProviderError
    from sms_providers.model import Outcome


@virtual_time
async def test_a_batch_is_sent_with_the_rows_as_references() -> None:
    async with standing() as stand:
        outcomes = await stand.submit(submission(7), submission(8))
        assert [outgoing.reference for outgoing in stand.script.sent] == [7, 8]
        assert stand.script.sent[0].message == submission(7).message
        assert stand.script.sent[0].send_at is None
        assert outcomes == [
            Taken(references=("r7",), state=State.ACCEPTED),
            Taken(references=("r8",), state=State.ACCEPTED),
        ]


@virtual_time
async def test_what_is_left_is_shown_without_being_asked() -> None:
    async with standing() as stand:
        await asyncio.sleep(1)
        assert stand.inlet.statuses[-1].balance == stand.script.balance
        stand.script.balance = Balance(amount=Decimal(3), currency="EUR")
        await asyncio.sleep(3_700)
        assert stand.inlet.statuses[-1].balance == stand.script.balance
        stand.script.balance = TemporaryError("no connection")
        await asyncio.sleep(3_700)
        last = stand.inlet.statuses[-1]
        assert (last.state, last.balance) == (LinkState.ONLINE, Balance(amount=Decimal(3), currency="EUR"))


@virtual_time
async def test_outcomes_are_the_providers_own() -> None:
    own: tuple[Outcome, ...] = (
        refused(ErrorCode.THROTTLED, retry_after=3.0),
        no_answer(),
        Taken(references=("a", "b")),
    )
    async with standing(Script(sends=deque(own))) as stand:
        assert await stand.submit(submission(1), submission(2), submission(3)) == list(own)


@virtual_time
async def test_a_fault_in_a_client_is_raised_and_the_account_asked_what_it_has() -> None:
    async with standing(Script(sends=deque([RuntimeError("a fault")]))) as stand:
        await asyncio.sleep(100)
        stand.lose()
        with pytest.raises(RuntimeError):
            await stand.submit()
        await asyncio.sleep(0.1)
        assert stand.script.asked_find[-1][0] == [1]


async def test_a_link_has_the_providers_traits_and_the_capabilities_that_the_bridge_uses() -> None:
    link = make_link(Script())
    assert (link.kind, link.max_batch, link.parallel, link.by_segment) == ("geniq", 10, 4, False)
    assert list(link.options) == ["dataCoding"]
    assert link.capabilities >= {
        Capability.DELIVERY_REPORT,
        Capability.ORIGINATOR,
        Capability.BALANCE,
        Capability.REPORT_CALLBACK,
    }
    assert link.capabilities.isdisjoint(
        {Capability.SCHEDULE, Capability.VOICE, Capability.WHATSAPP, Capability.USSD, Capability.CALLS}
    )
    assert Capability.BALANCE not in make_link(Script(), ALL - {Capability.BALANCE}).capabilities


@virtual_time
async def test_an_account_that_answers_is_online_and_checked_now_and_then() -> None:
    async with standing() as stand:
        states = [status.state for status in stand.inlet.statuses]
        assert list(dict.fromkeys(states)) == [LinkState.OFFLINE, LinkState.ONLINE]
        assert states[-1] is LinkState.ONLINE
        await asyncio.sleep(2 * 3_600 + 1)
        assert stand.script.times("check") == [0, 3_600, 7_200]


@virtual_time
async def test_an_account_that_cannot_be_checked_is_taken_to_work() -> None:
    script = Script(checks=deque([exceptions.UnsupportedError("nothing can be asked without sending")]))
    async with standing(script) as stand:
        assert stand.inlet.state() is LinkState.ONLINE
        assert stand.inlet.statuses[-1].detail is None


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TemporaryError("no connection"), LinkState.OFFLINE),
        (NoAnswerError("no answer within 30 s"), LinkState.OFFLINE),
        (exceptions.ProtocolError("an answer that is no JSON"), LinkState.OFFLINE),
        (ThrottledError("left alone for 7 s", retry_after=7), LinkState.OFFLINE),
        (AuthError("the key is refused"), LinkState.ERROR),
        (RejectedError("HTTP 404", code=ErrorCode.UNSUPPORTED), LinkState.ERROR),
    ],
)
@virtual_time
async def test_what_a_check_meets_is_the_gateways_state_until_it_passes(
    error: ProviderError, state: LinkState
) -> None:
    async with standing(Script(checks=deque([error]))) as stand:
        assert (stand.inlet.state(), stand.inlet.statuses[-1].detail) == (state, str(error))
        await asyncio.sleep(61)
        assert (stand.inlet.state(), stand.inlet.statuses[-1].detail) == (LinkState.ONLINE, None)


@virtual_time
async def test_checks_become_rarer_while_they_fail() -> None:
    away = Script(checks=deque([TemporaryError("no connection")] * 9))
    async with standing(away):
        await asyncio.sleep(1_000)
        assert away.times("check") == [0, 5, 15, 35, 75, 155, 315, 615, 915]
    wrong = Script(checks=deque([AuthError("the key is refused")] * 20))
    async with standing(wrong):
        await asyncio.sleep(4 * 3_600)
        pauses = [
            after - before
            for before, after in zip(wrong.times("check"), wrong.times("check")[1:], strict=False)
        ]
        assert pauses == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]


@virtual_time
async def test_a_state_is_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with standing(Script(checks=deque([AuthError("the key is refused")] * 3))) as stand:
        await asyncio.sleep(200)
        assert len(stand.inlet.statuses) == 2
        (record,) = caplog.records
        assert record.getMessage() == ("cloud: the key is refused Last lines:\nPOST /sms: HTTP 200 (0.10 s)")


@virtual_time
async def test_a_throttled_check_leaves_an_account_online() -> None:
    async with standing() as stand:
        stand.script.checks.append(ThrottledError("left alone", retry_after=70))
        await asyncio.sleep(3_601)
        assert stand.inlet.state() is LinkState.ONLINE
        await asyncio.sleep(71)
        assert stand.script.times("check") == [0, 3_600, 3_670]


@pytest.mark.parametrize(
    "outcome",
    [refused(ErrorCode.AUTH), refused(ErrorCode.IP_DENIED), refused(ErrorCode.NETWORK), no_answer()],
)
@virtual_time
async def test_a_send_that_fails_for_the_accounts_sake_has_it_checked(outcome: Outcome) -> None:
    async with standing() as stand:
        await asyncio.sleep(100)
        stand.script.sends.append(outcome)
        stand.script.checks.append(AuthError("the key is refused"))
        await stand.submit()
        await asyncio.sleep(0.1)
        assert stand.inlet.state() is LinkState.ERROR


@virtual_time
async def test_a_send_that_fails_for_the_messages_sake_has_nothing_checked_and_many_failures_check_once() -> (
    None
):
    async with standing() as stand:
        await asyncio.sleep(100)
        for code in (ErrorCode.INVALID_RECIPIENT, ErrorCode.NO_CREDIT, ErrorCode.THROTTLED):
            stand.script.sends.append(refused(code))
            await stand.submit()
        await asyncio.sleep(1)
        assert len(stand.script.times("check")) == 1
        for _ in range(5):
            stand.script.sends.append(refused(ErrorCode.NETWORK))
            await stand.submit()
            await asyncio.sleep(1)
        assert len(stand.script.times("check")) == 2


@virtual_time
async def test_the_balance_is_the_providers() -> None:
    async with standing() as stand:
        assert await stand.link.balance() == Balance(amount=Decimal("12.40"), currency="EUR")
        stand.script.balance = exceptions.UnsupportedError("GenioSms does not tell")
        with pytest.raises(UnsupportedError, match="GenioSms does not tell"):
            await stand.link.balance()
        stand.script.balance = TemporaryError("no connection")
        with pytest.raises(LinkError, match="no connection"):
            await stand.link.balance()


@virtual_time
async def test_a_provider_has_no_ussd_and_no_copies() -> None:
    async with standing() as stand:
        for asked in (stand.link.ussd("*100#"), stand.link.ussd_reply("1"), stand.link.ussd_end()):
            with pytest.raises(UnsupportedError, match="GENIQ has no USSD"):
                await asked
        await stand.link.discard(Source(sim="", storage="", index=0, pdu=""))
        assert stand.link.transcript() == ("POST /sms: HTTP 200 (0.10 s)",)


@virtual_time
async def test_a_restart_begins_with_a_new_session_and_a_check() -> None:
    async with standing(Script(checks=deque([AuthError("the key is refused")]))) as stand:
        assert stand.inlet.state() is LinkState.ERROR
        await stand.link.restart()
        await asyncio.sleep(0)
        assert stand.inlet.state() is LinkState.ONLINE
        first, second = stand.script.sessions
        assert first.closed
        assert not second.closed


@virtual_time
async def test_a_restart_leaves_what_is_being_sent_its_time() -> None:
    answer = asyncio.Event()
    async with standing(Script(sends=deque([answer]))) as stand:
        sending = asyncio.create_task(stand.submit())
        await asyncio.sleep(1)
        restarting = asyncio.create_task(stand.link.restart())
        await asyncio.sleep(5)
        answer.set()
        assert isinstance((await sending)[0], Taken)
        await restarting
        assert len(stand.script.sessions) == 2


@virtual_time
async def test_a_stop_waits_eight_seconds_for_an_answer_and_what_is_late_is_unknown() -> None:
    loop = asyncio.get_running_loop()
    quick = asyncio.Event()
    async with standing(Script(sends=deque([quick, asyncio.Event()]))) as stand:
        tasks = [asyncio.create_task(stand.submit(submission(row))) for row in (1, 2)]
        await asyncio.sleep(1)
        loop.call_later(5, quick.set)
        began = loop.time()
        await stand.link.stop()
        assert loop.time() - began == 8
        (taken,), (lost,) = await asyncio.gather(*tasks)
        assert isinstance(taken, Taken)
        assert isinstance(lost, NoAnswer)
        assert stand.script.sessions[0].closed


@virtual_time
async def test_after_a_stop_nothing_is_sent() -> None:
    async with standing() as stand:
        await stand.link.stop()
        (outcome,) = await stand.submit()
        assert isinstance(outcome, Refused)
        assert (outcome.error.code, outcome.same_gateway_again) == (ErrorCode.GATEWAY_OFFLINE, True)
        assert stand.script.sent == []


@virtual_time
async def test_a_fault_in_a_check_ends_no_later_one(caplog: pytest.LogCaptureFixture) -> None:
    async with standing(Script(checks=deque([ValueError("a fault")]))) as stand:
        assert stand.inlet.state() is LinkState.OFFLINE
        await asyncio.sleep(61)
        assert stand.inlet.state() is LinkState.ONLINE
    assert "cloud: check: a fault of the bridge" in caplog.text


@virtual_time
async def test_the_secret_of_the_callbacks_is_made_once() -> None:
    inlet = Inlet()
    async with standing(inlet=inlet) as stand:
        secret = stand.link.callback_secret
        assert secret is not None
        assert len(bytes.fromhex(secret)) == 32
    async with standing(inlet=inlet) as stand:
        assert stand.link.callback_secret == secret
    async with standing() as stand:
        assert stand.link.callback_secret != secret


@virtual_time
async def test_a_provider_that_never_calls_has_no_secret() -> None:
    calls = (Capability.REPORT_CALLBACK, Capability.INCOMING_CALLBACK)
    async with standing(None, None, *calls) as stand:
        assert stand.link.callback_secret is None
        assert "callback_secret" not in stand.inlet.memory
