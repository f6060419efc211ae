"""What SmsGateway24 refuses, and what each refusal means for the message and the account."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import NoAnswerError, ProviderError, RejectedError, UnsupportedError
from sms_providers.model import ErrorCode, NoAnswer, RefusalClass, Refused, Taken, refusal_class
from sms_providers.smsgateway24 import MessageFilter, SmsGateway24Settings
from tests.providers.smsgateway24.account import (
    ANNA,
    BERT,
    EMAIL,
    PASSWORD,
    TEXT,
    connect,
    message,
    opened,
    outgoing,
)
from tests.support.raw_provider import RawProvider, http_json
from tests.support.raw_provider import http as octets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("error", [1, "1", True, 2, "yes"])
@pytest.mark.parametrize(
    ("sentence", "code", "kind"),
    [
        ("Login or password incorrect", ErrorCode.AUTH, RefusalClass.GATEWAY),
        ("Token is incorrect", ErrorCode.AUTH, RefusalClass.GATEWAY),
        ("Device not found", ErrorCode.NO_ROUTE, RefusalClass.GATEWAY),
        ("sendto is required", ErrorCode.REJECTED_BY_NETWORK, RefusalClass.CONTENT),
        ("Something else", ErrorCode.REJECTED_BY_NETWORK, RefusalClass.CONTENT),
        ("", ErrorCode.REJECTED_BY_NETWORK, RefusalClass.CONTENT),
        (None, ErrorCode.REJECTED_BY_NETWORK, RefusalClass.CONTENT),
    ],
)
async def test_every_refusal_of_a_message_is_certain_and_has_its_class(
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    error: object,
    sentence: str | None,
    code: ErrorCode,
    kind: RefusalClass,
) -> None:
    async with RawProvider(http_json({"error": error, "message": sentence})) as raw:
        (outcome,) = await connect(raw.url, http, clock, token=TOKEN).send([outgoing()])
        assert len(raw.requests) == 1
    assert isinstance(outcome, Refused)
    assert outcome.error.code is code
    assert outcome.error.provider_code == (sentence or "no reason given")
    assert refusal_class(code) is kind


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (402, ErrorCode.NO_CREDIT),
        (404, ErrorCode.UNSUPPORTED),
        (429, ErrorCode.THROTTLED),
        (500, ErrorCode.NETWORK),
        (503, ErrorCode.NETWORK),
    ],
)
async def test_a_status_that_it_never_documents_is_certain_too(
    http: aiohttp.ClientSession, clock: Clock, status: int, code: ErrorCode
) -> None:
    async with RawProvider(http_json({}, f"{status} Whatever")) as raw:
        (outcome,) = await connect(raw.url, http, clock, token=TOKEN).send([outgoing()])
        assert len(raw.requests) == 1
    assert isinstance(outcome, Refused)
    assert outcome.error.code is code


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502, body="{}"),
        Fault(status=504, body="{}", processed=True),
        Fault(status=200, body="<b>Fatal error</b>", processed=True),
        Fault(status=200, body="", processed=True),
        Fault(status=200, body='["what"]', processed=True),
        Fault(cut_before=True),
        Fault(cut_after=True),
    ],
)
async def test_without_a_readable_answer_nothing_is_sent_again(
    gateway: SmsGateway24, server: SmsGateway24Server, fault: Fault, batch: int
) -> None:
    await gateway.check()
    server.faults.add(fault)
    outcomes = await gateway.send([outgoing(reference=number + 1) for number in range(batch)])
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)
    assert len(outcomes) == batch
    assert len(server.on_air) in {0, batch}


async def test_an_answer_without_a_number_leaves_it_open(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with RawProvider(http_json({"error": 0, "message": "OK"})) as raw:
        (outcome,) = await connect(raw.url, http, clock, token=TOKEN).send([outgoing()])
    assert isinstance(outcome, NoAnswer)


async def test_one_wrong_message_of_a_batch_hinders_no_other(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    server.answer_code("sendto is required", path="POST /addalotofsms")
    server.answer_code("sendto is required", path="POST /addsms")
    outcomes = await gateway.send([outgoing(message(ANNA)), outgoing(message(BERT), reference=2)])
    assert {type(outcome) for outcome in outcomes} == {Refused, Taken}
    assert len(server.on_air) == 1


async def test_words_of_no_table_are_warned_of_once(
    gateway: SmsGateway24, server: SmsGateway24Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer_code("Mercury is in retrograde", times=3, path="POST /addsms")
    for _ in range(3):
        await gateway.send([outgoing()])
    server.answer_code("Device not found", path="POST /addsms")
    await gateway.send([outgoing()])
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "Mercury is in retrograde" in warnings[0]


async def test_there_is_no_balance(gateway: SmsGateway24) -> None:
    with pytest.raises(UnsupportedError):
        await gateway.balance()
    assert gateway.transcript() == ()


READS: dict[str, Callable[[SmsGateway24, Clock], Awaitable[object]]] = {
    "getallsms": lambda gateway, _: gateway.messages(),
    "onlycount": lambda gateway, _: gateway.count(),
    "getalldevices": lambda gateway, _: gateway.devices(),
    "incoming": lambda gateway, _: gateway.incoming(None),
    "getdevicestatus": lambda gateway, _: gateway.device_status(),
    "getsmsstatus": lambda gateway, clock: gateway.reports([opened("62807347", clock.now)]),
}


@pytest.mark.parametrize("read", READS)
async def test_what_changes_nothing_is_asked_again_after_a_lost_answer(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock, read: str
) -> None:
    await gateway.send([outgoing()])
    server.faults.add(Fault(cut_after=True))
    server.faults.add(Fault(status=500, body="{}"))
    assert await READS[read](gateway, clock) is not None


@pytest.mark.parametrize("read", ["getallsms", "onlycount", "getalldevices", "incoming"])
@pytest.mark.parametrize("body", ["[]", "{}", "null", '{"error": 0, "message": "OK"}', '{"count": "many"}'])
async def test_an_answer_to_a_read_that_is_another_is_said(
    http: aiohttp.ClientSession, clock: Clock, read: str, body: str
) -> None:
    async with RawProvider(octets(body)) as raw:
        with pytest.raises(NoAnswerError):
            await READS[read](connect(raw.url, http, clock, token=TOKEN), clock)


async def test_a_time_zone_that_is_none_is_said(gateway: SmsGateway24) -> None:
    with pytest.raises(RejectedError):
        await gateway.messages(MessageFilter(time_zone="Mars/Olympus_Mons"))
    assert gateway.transcript() == ()


LISTS: list[Callable[[SmsGateway24], Awaitable[object]]] = [
    lambda gateway: gateway.messages(),
    lambda gateway: gateway.devices(),
]
WRITES: list[Callable[[SmsGateway24], Awaitable[object]]] = [
    lambda gateway: gateway.save_contact(tag_id="1", phone=ANNA, full_name=TEXT),
    lambda gateway: gateway.save_newsletter(title="News", text=TEXT, tag_ids=["1"]),
]
LOGIN = {"send_method": "login", "email": EMAIL, "password": PASSWORD}


@pytest.mark.parametrize("settings", [{"token": TOKEN}, LOGIN])
@pytest.mark.parametrize("status", ["200 OK", "403 No", "422 No", "500 No", "502 No"])
async def test_nothing_private_is_in_any_error_or_log(
    http: aiohttp.ClientSession,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, str],
    status: str,
) -> None:
    caplog.set_level(logging.DEBUG, logger="sms_providers")
    echo = "&".join([*settings.values(), ANNA, TEXT])
    said: list[str] = []
    for body in (
        echo,
        f'{{"smss": {{"1": {{"sendto": "{ANNA}", "body": "{TEXT}"',
        f'{{"error": 1, "message": "no token: {echo}"}}',
        f'{{"error": 1, "message": "no: {echo}"}}',
    ):
        async with RawProvider(octets(body, status)) as raw:
            gateway = connect(raw.url, http, clock, **settings)
            batch = [outgoing(), outgoing(message(BERT), reference=2)]
            said += [repr(await gateway.send(batch[:1])), repr(await gateway.send(batch))]
            # A sentence of a refused list is quoted: it cannot know what was sent.
            lists = [] if "error" in body else LISTS
            for action in [*lists, *WRITES] if "token" in settings else []:
                with pytest.raises(ProviderError) as caught:
                    await action(gateway)
                said.append(str(caught.value))
            said += gateway.transcript()
    everything = "\n".join([*said, caplog.text])
    for private in (TOKEN, EMAIL, PASSWORD, TEXT, ANNA, ANNA[1:]):
        assert private not in everything


def test_settings_do_not_show_what_is_secret() -> None:
    shown = repr(SmsGateway24Settings(email=EMAIL, password=PASSWORD, token=TOKEN, device_id="1"))
    assert PASSWORD not in shown
    assert TOKEN not in shown
