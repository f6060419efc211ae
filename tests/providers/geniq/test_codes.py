"""Every code of GENIQ's tables, and what becomes of a message that meets it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import AuthError, NoAnswerError, RejectedError, TemporaryError, ThrottledError
from sms_providers.geniq import LOCALES, WhatsAppText
from sms_providers.geniq.codes import API_CODES, REASONS, WHATSAPP_CODES
from sms_providers.model import ErrorCode, NoAnswer, Refused, Taken
from tests.providers.geniq.account import ANNA, outgoing
from tests.providers.geniq.recorder import table

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.exceptions import ProviderError
    from sms_providers.geniq import Geniq

#: What each code means for a message, by the status model: the code of its error, and its branch.
API: dict[int, tuple[ErrorCode, type[ProviderError]]] = {
    1: (ErrorCode.AUTH, AuthError),
    2: (ErrorCode.IP_DENIED, AuthError),
    3: (ErrorCode.AUTH, AuthError),
    4: (ErrorCode.AUTH, AuthError),
    5: (ErrorCode.THROTTLED, ThrottledError),
    6: (ErrorCode.NO_CREDIT, RejectedError),
    7: (ErrorCode.NO_CREDIT, RejectedError),
    8: (ErrorCode.AUTH, AuthError),
    10: (ErrorCode.NO_ROUTE, RejectedError),
    11: (ErrorCode.INVALID_RECIPIENT, RejectedError),
    12: (ErrorCode.INVALID_ORIGINATOR, RejectedError),
    13: (ErrorCode.INVALID_ORIGINATOR, RejectedError),
    14: (ErrorCode.NO_ROUTE, RejectedError),
    15: (ErrorCode.BLOCKED, RejectedError),
    16: (ErrorCode.REJECTED_BY_NETWORK, RejectedError),
    17: (ErrorCode.REJECTED_BY_NETWORK, RejectedError),
    18: (ErrorCode.NETWORK, TemporaryError),
    19: (ErrorCode.THROTTLED, ThrottledError),
    20: (ErrorCode.AUTH, AuthError),
    21: (ErrorCode.REJECTED_BY_NETWORK, RejectedError),
    22: (ErrorCode.REJECTED_BY_NETWORK, RejectedError),
    23: (ErrorCode.AUTH, AuthError),
    24: (ErrorCode.AUTH, AuthError),
    88: (ErrorCode.NETWORK, NoAnswerError),
    99: (ErrorCode.NETWORK, NoAnswerError),
}
#: The only WhatsApp code that is not the caller's mistake.
WHATSAPP = {301: ErrorCode.REJECTED_BY_NETWORK}


def test_the_tables_are_those_of_the_document() -> None:
    shown = {code: entry.meaning for code, entry in API_CODES.items()}
    # Of the provider's older pages.
    assert shown.pop(8) == "Account Invalid Configuration"
    assert shown == {int(code): text for code, text in table("api_codes.txt").items()}
    assert {code: entry.meaning for code, entry in WHATSAPP_CODES.items()} == {
        int(code): text for code, text in table("whatsapp_codes.txt").items()
    }
    assert {code: reason.meaning for code, reason in REASONS.items()} == {
        int(code): text for code, text in table("reason_codes.txt").items()
    }
    assert {language: locale for locale, language in LOCALES.items()} == table("locales.txt")
    assert set(API_CODES) == {0, *API}


@pytest.mark.parametrize("code", sorted(API))
async def test_each_api_code_ends_a_send_as_the_status_model_says(
    code: int, geniq: Geniq, server: GeniqServer
) -> None:
    await geniq.check()
    server.answer_code(code, times=2, path="/sms")
    (outcome,) = await geniq.send([outgoing()])
    expected, branch = API[code]
    assert isinstance(outcome, NoAnswer if branch is NoAnswerError else Refused)
    assert outcome.error.code is expected
    assert outcome.error.provider_code == str(code)
    assert API_CODES[code].meaning in outcome.error.message
    assert server.on_air == []


@pytest.mark.parametrize("code", sorted(API))
async def test_each_api_code_is_raised_by_other_actions(code: int, geniq: Geniq, server: GeniqServer) -> None:
    server.answer_code(code, times=None, path="/balance")
    with pytest.raises(API[code][1]) as raised:
        await geniq.balance()
    assert raised.value.code is API[code][0]
    assert raised.value.provider_code == str(code)


@pytest.mark.parametrize("code", sorted(WHATSAPP_CODES))
async def test_each_whatsapp_code_is_a_refusal(code: int, geniq: Geniq, server: GeniqServer) -> None:
    server.answer_code(code, path="/whatsapp/messages")
    with pytest.raises(RejectedError) as raised:
        await geniq.whatsapp(ANNA, WhatsAppText(body="Hello"))
    assert raised.value.code is WHATSAPP.get(code, ErrorCode.INVALID_PAYLOAD)
    assert raised.value.provider_code == str(code)
    assert WHATSAPP_CODES[code].meaning in str(raised.value)


@pytest.mark.parametrize("code", sorted(set(API) - {16, 17}))
async def test_each_code_of_a_single_recipient_concerns_only_that_one(
    code: int, geniq: Geniq, server: GeniqServer
) -> None:
    server.refusals["6581234567"] = code
    first, second = await geniq.send([outgoing("+6581234567"), outgoing(ANNA, reference=2)])
    assert isinstance(first, NoAnswer if API[code][1] is NoAnswerError else Refused)
    assert first.error.code is API[code][0]
    assert isinstance(second, Taken)
    assert [message.recipient for message in server.on_air] == ["6591234567"]


async def test_an_unknown_code_is_a_refusal_that_is_warned_of_once(
    geniq: Geniq, server: GeniqServer, caplog: pytest.LogCaptureFixture
) -> None:
    body = '{"responseCode": "4711", "responseMessage": "No gates on Fridays"}'
    server.faults.add(Fault(status=400, body=body), times=2, path="/sms")
    with caplog.at_level(logging.WARNING):
        (first,) = await geniq.send([outgoing()])
        (second,) = await geniq.send([outgoing(reference=2)])
    assert isinstance(first, Refused)
    assert first == second
    assert first.error.code is ErrorCode.REJECTED_BY_NETWORK
    assert first.error.provider_code == "4711"
    assert "No gates on Fridays" in first.error.message
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "4711" in caplog.text


async def test_a_code_counts_whatever_the_http_status(geniq: Geniq, server: GeniqServer) -> None:
    body = '{"responseCode": "11", "responseMessage": "Invalid recipient address"}'
    for status in (200, 401, 403, 500, 502, 504):
        server.faults.add(Fault(status=status, body=body), path="/sms")
        (outcome,) = await geniq.send([outgoing()])
        assert isinstance(outcome, Refused)
        assert outcome.error.code is ErrorCode.INVALID_RECIPIENT


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Fault(status=401, body=""), Refused, ErrorCode.AUTH),
        (Fault(status=402, body="<html>"), Refused, ErrorCode.NO_CREDIT),
        (Fault(status=403, body="{}"), Refused, ErrorCode.AUTH),
        (Fault(status=404, body="Not Found"), Refused, ErrorCode.UNSUPPORTED),
        (Fault(status=429, body=""), Refused, ErrorCode.THROTTLED),
        (Fault(status=500, body=""), Refused, ErrorCode.NETWORK),
        (Fault(status=502, body="Bad Gateway"), NoAnswer, ErrorCode.NETWORK),
        (Fault(status=503, body=""), Refused, ErrorCode.NETWORK),
        (Fault(status=504, body=""), NoAnswer, ErrorCode.NETWORK),
        (Fault(status=200, body="<html>"), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body=""), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body="{}"), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body="[]"), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body='{"data": []}'), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body='{"responseCode": tr'), NoAnswer, ErrorCode.PROTOCOL),
        (Fault(status=200, body='{"responseCode": true}'), NoAnswer, ErrorCode.PROTOCOL),
    ],
)
async def test_without_a_code_the_http_status_counts(
    answer: Fault, kind: type[Refused | NoAnswer], code: ErrorCode, geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(answer, path="/sms")
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, kind)
    assert outcome.error.code is code
