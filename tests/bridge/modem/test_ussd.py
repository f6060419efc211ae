"""USSD."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sms_bridge.modem.errors import NotReady, UssdFailed, UssdTimeout, UssdUnsupported
from sms_bridge.modem.model import UssdReply
from sms_bridge.modem.profiles import UssdEncoding
from sms_bridge.modem.ussd import decode_reply, encode_request
from sms_bridge.tpdu import gsm7
from tests.support.virtual_time import virtual_time

from .bench import bench, running
from .fake import FakeModem, in_turn

if TYPE_CHECKING:
    from .bench import Bench

PLAIN = 'AT+CUSD=1,"*100#",15'
HEX = 'AT+CUSD=1,"002A0031003000300023",15'
PACKED = 'AT+CUSD=1,"AA180C3602",15'
HUAWEI = {"AT+CGMI": ["huawei", "OK"], "AT+CGMM": ["E3372", "OK"]}


def asked(made: Bench) -> list[str]:
    return [heard for heard in made.fake.heard if heard.startswith("AT+CUSD=1")]


@virtual_time
async def test_q35_most_modems_take_the_code_as_it_is() -> None:
    fake = FakeModem({PLAIN: ["OK", '+CUSD: 0,"Balance 5 EUR",15']})
    async with running(fake) as made:
        assert await made.modem.ussd("*100#") == UssdReply("Balance 5 EUR", more=False)


@virtual_time
async def test_q35_huawei_sticks_take_packed_septets() -> None:
    packed = gsm7.pack_ussd("Guthaben 5 EUR").hex().upper()
    fake = FakeModem({**HUAWEI, PACKED: ["OK", f'+CUSD: 0,"{packed}",15']})
    async with running(fake) as made:
        assert (await made.modem.ussd("*100#")).text == "Guthaben 5 EUR"
        assert asked(made) == [PACKED]


@virtual_time
async def test_q35_a_modem_set_to_ucs2_gets_hex_first() -> None:
    reply = "Guthaben 5 €".encode("utf-16-be").hex().upper()
    fake = FakeModem({"AT+CSCS?": ['+CSCS: "UCS2"', "OK"], HEX: ["OK", f'+CUSD: 0,"{reply}",15']})
    async with running(fake) as made:
        assert (await made.modem.ussd("*100#")).text == "Guthaben 5 €"
        assert asked(made) == [HEX]


@pytest.mark.parametrize("refusal", [["ERROR"], ["+CME ERROR: 50"], ["OK", "+CUSD: 4"]])
def test_q35_the_ways_of_writing_are_tried_in_turn_and_the_winner_is_kept(refusal: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({PLAIN: refusal, HEX: refusal, PACKED: ["OK", '+CUSD: 0,"fine",15']})
        async with running(fake) as made:
            assert (await made.modem.ussd("*100#")).text == "fine"
            assert asked(made) == [PLAIN, HEX, PACKED]
            await made.modem.ussd("*100#")
            assert asked(made)[3:] == [PACKED]
            fake.lose()
            await made.until(lambda: fake.openings == 2)
            await made.until(lambda: made.status.phase == "ready")
            await made.modem.ussd("*100#")
            assert asked(made)[4:] == [PACKED]

    run()


@pytest.mark.parametrize(
    ("text", "dcs", "meaning"),
    [
        ("Balance 5 EUR", 15, "Balance 5 EUR"),
        ("042104470435", 72, "Сче"),
        ("042104470435", 8, "Сче"),
        ("042104470435", 17, "Сче"),
        ("042104470435", 15, "Сче"),
        ("00420061006C0061006E00630065", 15, "Balance"),
        (gsm7.pack_ussd("Ihr Guthaben: 5,00 EUR").hex().upper(), 15, "Ihr Guthaben: 5,00 EUR"),
        (gsm7.pack_ussd("Ihr Guthaben").hex(), None, "Ihr Guthaben"),
        ("Bitte w{hlen", 15, "Bitte wählen"),
        ("1: Men~\r\n2: Zur}ck", 15, "1: Menü\r\n2: Zurñck"),
        ("00420061006CFFFFFFFFFFFF", 72, "Bal"),
        ("00420061006C0000AA11", 72, "Bal"),
        ("12345", 15, "12345"),
        ("1234567", 15, "1234567"),
        ("60A876844F59989D4E3A0035002E00305143", 15, "您的余额为5.0元"),
        (gsm7.pack_ussd("Hi").hex().upper(), 15, "Hi"),
        ("", None, ""),
        ("abc", 15, "abc"),
    ],
)
def test_q36_replies_are_read_however_they_are_written(text: str, dcs: int | None, meaning: str) -> None:
    assert decode_reply(text, dcs) == meaning


@virtual_time
async def test_q36_a_reply_of_several_lines_keeps_them() -> None:
    fake = FakeModem({PLAIN: ["OK", '+CUSD: 1,"Menu\r\n1 Balance\r\nOK\r\n2 End",15']})
    async with running(fake) as made:
        assert await made.modem.ussd("*100#") == UssdReply("Menu\r\n1 Balance\r\nOK\r\n2 End", more=True)


@virtual_time
async def test_q37_the_answer_may_come_before_ok() -> None:
    fake = FakeModem({PLAIN: ['+CUSD: 0,"early",15', "OK"]})
    async with running(fake) as made:
        assert (await made.modem.ussd("*100#")).text == "early"


@virtual_time
async def test_q37_the_answer_may_come_half_a_minute_later() -> None:
    async with running(FakeModem({PLAIN: ["OK"]})) as made:
        asking = asyncio.create_task(made.modem.ussd("*100#"))
        await asyncio.sleep(30)
        made.fake.say('+CUSD: 0,"late",15')
        assert (await asking).text == "late"


@virtual_time
async def test_q37_an_answer_that_never_comes_ends_the_session() -> None:
    async with running(FakeModem({PLAIN: ["OK"]})) as made:
        loop = asyncio.get_running_loop()
        before = loop.time()
        with pytest.raises(UssdTimeout):
            await made.modem.ussd("*100#")
        assert loop.time() - before == pytest.approx(60, abs=1)
        assert "AT+CUSD=2" in made.fake.heard


@virtual_time
async def test_q37_a_session_is_answered_and_ended() -> None:
    fake = FakeModem(
        {PLAIN: ["OK", '+CUSD: 1,"1 Balance",15'], 'AT+CUSD=1,"1",15': ["OK", '+CUSD: 1,"5 EUR",15']}
    )
    async with running(fake) as made:
        assert (await made.modem.ussd("*100#")).more
        fake.raw(b"\r\n> ")
        assert await made.modem.ussd_reply("1") == UssdReply("5 EUR", more=True)
        await made.modem.ussd_end()
        assert fake.heard.count("AT+CUSD=2") == 1
        await made.modem.ussd_end()
        assert fake.heard.count("AT+CUSD=2") == 1
        with pytest.raises(UssdFailed):
            await made.modem.ussd_reply("1")


@virtual_time
async def test_q37_a_session_left_open_is_ended_by_the_next_one() -> None:
    fake = FakeModem({PLAIN: in_turn(["OK", '+CUSD: 1,"menu",15'], ["OK", '+CUSD: 0,"5 EUR",15'])})
    async with running(fake) as made:
        await made.modem.ussd("*100#")
        assert (await made.modem.ussd("*100#")).text == "5 EUR"
        assert fake.heard.count("AT+CUSD=2") == 1


@virtual_time
async def test_q37_a_session_that_the_network_ends_says_so() -> None:
    async with running(FakeModem({PLAIN: ["OK", "+CUSD: 2"]})) as made:
        with pytest.raises(UssdFailed):
            await made.modem.ussd("*100#")


@pytest.mark.parametrize(
    "answer", [["ERROR"], ["NO CARRIER"], ["+CME ERROR: 100"], ["+CME ERROR: 258"], ["OK", "+CUSD: 4"]]
)
def test_q38_where_there_is_no_ussd_people_are_told(answer: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        async with running(FakeModem({PLAIN: answer, HEX: answer, PACKED: answer})) as made:
            with pytest.raises(UssdUnsupported, match="ask the operator"):
                await made.modem.ussd("*100#")
            assert await made.send() == 1

    run()


@virtual_time
async def test_ussd_needs_a_ready_modem() -> None:
    with pytest.raises(NotReady):
        await bench().modem.ussd("*100#")


@pytest.mark.parametrize("text", ['*1"#', "*1\r#", "*1é#"])
def test_what_cannot_be_written_plainly_never_reaches_the_wire(text: str) -> None:
    with pytest.raises(UssdFailed):
        encode_request(text, UssdEncoding.PLAIN)


@given(st.text(max_size=60), st.one_of(st.none(), st.integers(0, 255)))
def test_no_reply_is_unreadable(text: str, dcs: int | None) -> None:
    assert isinstance(decode_reply(text, dcs), str)


@given(st.binary(max_size=40), st.one_of(st.none(), st.integers(0, 255)))
def test_no_hex_reply_is_unreadable(octets: bytes, dcs: int | None) -> None:
    assert isinstance(decode_reply(octets.hex().upper(), dcs), str)


@given(st.text(alphabet="ABCabc0123 ,.*#:\n", min_size=8, max_size=100))
def test_packed_replies_come_back_as_they_were(text: str) -> None:
    packed = gsm7.pack_ussd(text).hex().upper()
    assume(not packed.isdigit())  # nobody can tell such a text from a number
    assert decode_reply(packed, 0) == text.rstrip("\r\n")
