"""One-time passwords that GENIQ makes, sends and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import AuthError, NoAnswerError, ProtocolError, RejectedError
from sms_providers.geniq import Verdict
from sms_providers.model import ErrorCode
from tests.providers.geniq.account import ANNA

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.geniq import Geniq
    from tests.providers.geniq.conftest import Clock


async def test_a_code_is_sent_and_verified_once(geniq: Geniq, server: GeniqServer) -> None:
    sent = await geniq.verify(ANNA, reference="login 7", template="Your code is [CODE].")
    code = server.otp_code(sent.message_id)
    (message,) = server.on_air
    assert message.text == f"Your code is {code}."
    assert message.ids == (sent.message_id,)
    assert message.reference == sent.reference == "login 7"
    assert await geniq.check_code(sent.message_id, code, reference="login 7") is Verdict.VERIFIED
    assert await geniq.check_code(sent.message_id, code) is Verdict.UNKNOWN_MESSAGE


async def test_a_code_lives_long_enough_for_people(geniq: Geniq, server: GeniqServer, clock: Clock) -> None:
    sent = await geniq.verify(ANNA)
    clock.advance(299)
    assert await geniq.check_code(sent.message_id, server.otp_code(sent.message_id)) is Verdict.VERIFIED


async def test_a_code_that_is_over_is_not_verified(geniq: Geniq, server: GeniqServer, clock: Clock) -> None:
    sent = await geniq.verify(ANNA, expiry=60)
    clock.advance(60)
    assert await geniq.check_code(sent.message_id, server.otp_code(sent.message_id)) is Verdict.WRONG_CODE


@pytest.mark.parametrize("length", [6, 7, 8])
async def test_a_code_has_as_many_digits_as_asked_for(length: int, geniq: Geniq, server: GeniqServer) -> None:
    sent = await geniq.verify(ANNA, code_length=length, originator="Gate")
    assert len(server.otp_code(sent.message_id)) == length
    assert server.on_air[0].options["originator"] == "Gate"


async def test_a_code_keeps_its_leading_zeros(geniq: Geniq, server: GeniqServer) -> None:
    server._otp._draw = lambda length: "0" * (length - 1) + "7"
    sent = await geniq.verify(ANNA)
    assert await geniq.check_code(sent.message_id, " 000007 ") is Verdict.VERIFIED


async def test_a_wrong_code_and_an_unknown_message_are_told_apart(geniq: Geniq, server: GeniqServer) -> None:
    sent = await geniq.verify(ANNA)
    wrong = "999999" if server.otp_code(sent.message_id) != "999999" else "888888"
    assert await geniq.check_code(sent.message_id, wrong) is Verdict.WRONG_CODE
    assert await geniq.check_code("a/../b?c=d#e", "123456") is Verdict.UNKNOWN_MESSAGE


@pytest.mark.parametrize(
    "code", ["", "12345", "123456789", "12 456", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16"]
)
async def test_what_can_be_no_code_is_wrong_without_asking(
    code: str, geniq: Geniq, server: GeniqServer
) -> None:
    assert await geniq.check_code("id", code) is Verdict.WRONG_CODE
    assert server.met.names("endpoint") == []


@pytest.mark.parametrize(
    "change",
    [
        {"template": "Your code"},
        {"template": ""},
        {"code_length": 5},
        {"code_length": 9},
        {"expiry": 0},
        {"expiry": -1},
    ],
)
async def test_a_wrong_parameter_is_refused_here(
    change: dict[str, Any], geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(RejectedError) as raised:
        await geniq.verify(ANNA, **change)
    assert raised.value.code is ErrorCode.INVALID_PAYLOAD
    assert server.met.names("endpoint") == []


async def test_an_answer_without_an_id_cannot_be_checked(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(Fault(status=200, body='{"responseCode": "0"}'), path="/verify")
    with pytest.raises(ProtocolError):
        await geniq.verify(ANNA)


async def test_a_lost_answer_is_told_as_such_and_one_code_is_sent(geniq: Geniq, server: GeniqServer) -> None:
    server.faults.add(Fault(cut_after=True), path="/verify")
    with pytest.raises(NoAnswerError):
        await geniq.verify(ANNA)
    assert len(server.on_air) == 1


async def test_refused_credentials_are_no_verdict(geniq: Geniq, server: GeniqServer) -> None:
    server.answer_code(24, path="/verify/{messageId}")
    with pytest.raises(AuthError):
        await geniq.check_code("id", "123456")
