"""Incoming calls."""

from __future__ import annotations

import asyncio

import pytest

from sms_bridge.modem.model import Call, CallEvent, OnCall
from tests.support.virtual_time import virtual_time

from .bench import running
from .fake import FakeModem

NUMBER = "+491701234567"


@virtual_time
async def test_q51_many_rings_are_one_call() -> None:
    async with running() as made:
        for _ in range(5):
            made.fake.say("RING", f'+CLIP: "{NUMBER}",145,"",0,"",0')
            await asyncio.sleep(3)
        made.fake.say("NO CARRIER")
        assert made.events.calls == [Call(NUMBER, CallEvent.RINGING), Call(NUMBER, CallEvent.MISSED)]
        assert "AT+CHUP" not in made.fake.heard


@pytest.mark.parametrize(
    ("clip", "number"),
    [
        ('+CLIP: "",128', None),
        ("+CLIP: ,128", None),
        ('+CLIP: "0170123"', "0170123"),
        ('+CLIP: "0170123",129', "0170123"),
        (None, None),
    ],
)
def test_q51_the_number_may_be_withheld(clip: str | None, number: str | None) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            made.fake.say("+CRING: VOICE", *([clip] if clip else []))
            await asyncio.sleep(2)
            assert made.events.calls == [Call(number, CallEvent.RINGING)]
            await asyncio.sleep(8)
            assert made.events.calls[1:] == [Call(number, CallEvent.MISSED)]

    run()


@virtual_time
async def test_q51_two_calls_are_two() -> None:
    async with running() as made:
        for _ in range(2):
            made.fake.say("RING", f'+CLIP: "{NUMBER}",145')
            await asyncio.sleep(9)
        assert [call.event for call in made.events.calls] == ["ringing", "missed", "ringing", "missed"]


@pytest.mark.parametrize(("answer", "commands"), [("OK", ["AT+CHUP"]), ("ERROR", ["AT+CHUP", "ATH"])])
def test_q51_a_call_is_hung_up_if_wanted(answer: str, commands: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CHUP": [answer], "ATH": ["OK"]})
        async with running(fake, on_call=OnCall.HANG_UP) as made:
            made.fake.say("RING", f'+CLIP: "{NUMBER}",145', "RING")
            await asyncio.sleep(1)
            assert [each for each in fake.heard if each in {"AT+CHUP", "ATH"}] == commands

    run()


@virtual_time
async def test_a_call_ends_with_the_port() -> None:
    async with running() as made:
        made.fake.say("RING", f'+CLIP: "{NUMBER}",145')
        made.fake.lose()
        await made.until(lambda: len(made.events.calls) == 2, within=1)
