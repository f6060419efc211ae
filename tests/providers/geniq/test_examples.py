"""Every request and answer that GENIQ's document shows, to the letter."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sms_providers.geniq import (
    Billing,
    Geniq,
    GeniqSettings,
    Menu,
    MenuOption,
    NewTemplate,
    TemplateCategory,
    TemplateFilter,
    Verdict,
    WhatsAppAudio,
    WhatsAppImage,
    WhatsAppSticker,
    WhatsAppText,
    WhatsAppVideo,
)
from sms_providers.model import ErrorCode, Refused, State, Taken
from tests.providers.geniq.account import ANNA, BERT, connect, no_sleep, outgoing
from tests.providers.geniq.recorder import EXAMPLES, example, from_curl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.providers.geniq.conftest import Clock
    from tests.providers.geniq.recorder import Recorder

    Action = Callable[[Geniq], Awaitable[Any]]

SINGLE = (
    Menu(
        menu_id="main",
        message="Press 1 for Support, or press 2 to speak to Sales.",
        options=(
            MenuOption(dtmf="1", return_value="Support"),
            MenuOption(dtmf="2", return_value="Sales"),
        ),
    ),
)
NESTED = (
    Menu(
        menu_id="main",
        message="Press 1 for Billing, or press 2 for general support menu.",
        options=(
            MenuOption(dtmf="1", return_value="Billing"),
            MenuOption(dtmf="2", target_menu="sub_support"),
        ),
    ),
    Menu(
        menu_id="sub_support",
        message="Press 1 for technical help, or press 2 to return to main menu.",
        options=(
            MenuOption(dtmf="1", return_value="TechHelp"),
            MenuOption(dtmf="2", target_menu="main"),
        ),
    ),
)
TEMPLATE = NewTemplate(
    name="sample_template",
    language="en",
    category=TemplateCategory.MARKETING,
    header="Welcome {{1}}",
    header_format="text",
    header_example=("User",),
    body="Nice to meet you. Welcome to GENIQ {{1}}!",
    body_example=("Ali",),
    footer="Thanks",
)
SPOKEN = "Hi, this is a test text-to-speech callout from GENIQ. Your verification code is 5 5 2 1."
OPTIONS = {"reference": "12345"}

REQUESTS: dict[str, Action] = {
    "sms": lambda geniq: geniq.send([outgoing(ANNA, "Test message from GENIQ", options=OPTIONS)]),
    "batch_sms": lambda geniq: geniq.send(
        [outgoing(to, "Test batch message from GENIQ", options=OPTIONS) for to in (ANNA, BERT)]
    ),
    "balance": lambda geniq: geniq.balance(),
    "verify": lambda geniq: geniq.verify(ANNA, reference="12345"),
    "check_code": lambda geniq: geniq.check_code("otp_session_id", "123456", reference="12345"),
    "whatsapp_text": lambda geniq: geniq.whatsapp(
        ANNA, WhatsAppText(body="Hello, this is a *bold* test message from GENIQ!"), reference="ref123"
    ),
    "whatsapp_image": lambda geniq: geniq.whatsapp(
        ANNA,
        WhatsAppImage(url="https://geniq.io/media/sample.jpg", caption="Sample Image Caption"),
        reference="12345",
    ),
    "whatsapp_video": lambda geniq: geniq.whatsapp(
        ANNA,
        WhatsAppVideo(url="https://geniq.io/media/sample.mp4", caption="Sample Video Caption"),
        reference="12345",
    ),
    "whatsapp_audio": lambda geniq: geniq.whatsapp(
        ANNA, WhatsAppAudio(url="https://geniq.io/media/sample.mp3"), reference="12345"
    ),
    "whatsapp_sticker": lambda geniq: geniq.whatsapp(
        ANNA,
        WhatsAppSticker(url="https://geniq.io/media/sample.webp", caption="Sample Sticker"),
        reference="12345",
    ),
    "create_template": lambda geniq: geniq.create_template(TEMPLATE),
    "list_templates": lambda geniq: geniq.list_templates(
        TemplateFilter(limit=5, category=TemplateCategory.MARKETING)
    ),
    "delete_template": lambda geniq: geniq.delete_template("sample_template"),
    "call": lambda geniq: geniq.call(ANNA, SPOKEN, locale="en-US", reference="call_123"),
    "call_menu": lambda geniq: geniq.call_menu(
        ANNA, SINGLE, locale="en-US", max_duration=30, barge=True, reference="survey_1"
    ),
    "call_nested_menus": lambda geniq: geniq.call_menu(
        ANNA, NESTED, locale="en-US", max_duration=45, barge=True, reference="nest_1"
    ),
}


@pytest.fixture
def geniq(recorder: Recorder, http: aiohttp.ClientSession) -> Geniq:
    settings = GeniqSettings(
        api_key="any-key", api_secret="secret", originator="Hello", base_url=recorder.base_url
    )
    return Geniq(http, settings, sleep=no_sleep)


@pytest.mark.parametrize("name", sorted(REQUESTS))
async def test_a_documented_request_is_made_to_the_letter(
    name: str, geniq: Geniq, recorder: Recorder
) -> None:
    answers = {
        "list_templates": '{"responseCode": "0", "data": []}',
        "call": example("envelope.answer.json"),
    }
    own = EXAMPLES / f"{name}.answer.json"
    recorder.answers.append(
        (200, own.read_text() if own.exists() else answers.get(name, example("envelope.answer.json")))
    )
    await REQUESTS[name](geniq)
    assert recorder.last == from_curl(example(f"{name}.curl"))


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"check_code", "delete_template"}))
async def test_a_documented_request_is_taken_by_a_strict_server(
    name: str, server: GeniqServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    server.open_session("6591234567")
    await REQUESTS[name](connect(server, http, clock, originator="Hello"))
    assert server.misuses == []
    assert {"api 0"} == {code for code in server.met.names("code") if code.startswith("api")}


def test_every_documented_request_is_replayed() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.curl")} == {*REQUESTS, "token"}


async def test_the_token_is_asked_for_and_used_as_documented(geniq: Geniq, recorder: Recorder) -> None:
    recorder.token = example("token.answer.json")
    recorder.answers.append((200, example("balance.answer.json")))
    await geniq.check()
    assert recorder.asked[0] == from_curl(example("token.curl"))
    assert recorder.last.authorization == f"Bearer {json.loads(recorder.token)['token']}"


async def test_the_documented_answer_to_an_sms_is_read(geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((200, example("sms.answer.json")))
    assert await geniq.send([outgoing()]) == [
        Taken(references=("e36ba3b8-db55-4eef-99e4-79f3e2422846",), state=State.ACCEPTED)
    ]


async def test_the_documented_answer_to_a_batch_is_read(geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((200, example("batch_sms.answer.json")))
    assert await geniq.send([outgoing(BERT), outgoing(ANNA, reference=2)]) == [
        Taken(references=("a4c0bce2-0553-44c8-afde-8dada71e5e94",), state=State.ACCEPTED),
        Taken(references=("d6c5e5b9-847b-488a-bd93-c944ee26fafb",), state=State.ACCEPTED),
    ]


async def test_the_documented_balance_is_read_exactly(geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((200, example("balance.answer.json")))
    account = await geniq.account()
    assert account.billing is Billing.PREPAID
    assert account.balance.amount == Decimal("19.2594")
    assert account.balance.currency == "EUR"


async def test_the_documented_answers_to_a_verification_are_read(geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((200, example("verify.answer.json")))
    verification = await geniq.verify(ANNA, reference="12345")
    assert verification.message_id == "62bf1beb-9451-40b5-9171-6f45f8935111"
    recorder.answers.append((200, example("check_code.answer.json")))
    assert await geniq.check_code(verification.message_id, "123456") is Verdict.VERIFIED


async def test_the_documented_refusal_is_read(geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((402, example("refused.answer.json")))
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Refused)
    assert outcome.error.code is ErrorCode.NO_CREDIT
    assert outcome.error.provider_code == "6"


async def test_the_documented_call_in_a_language_is_made(geniq: Geniq, recorder: Recorder) -> None:
    shown = example("call_locale.json").replace(" // or cmn-CN, ms-MY, etc.", "")
    recorder.answers.append((200, example("envelope.answer.json")))
    await geniq.call(ANNA, "Welcome to GENIQ Technologies", locale="en-US")
    assert recorder.last.body == {**json.loads(shown), "originator": "6531596518"}


@pytest.mark.parametrize("code", ["0", 0, " 0 "])
async def test_a_code_counts_as_string_and_as_number(code: object, geniq: Geniq, recorder: Recorder) -> None:
    recorder.answers.append((200, json.dumps({"responseCode": code, "messageIds": ["a", 7]})))
    assert await geniq.send([outgoing()]) == [Taken(references=("a", "7"), state=State.ACCEPTED)]
