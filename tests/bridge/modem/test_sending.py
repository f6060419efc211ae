"""Outbound segments, and the certainty about them."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from sms_bridge.modem.errors import (
    AtFailed,
    CmeError,
    CmsError,
    NotSent,
    NotSentReason,
    Refusal,
    SendUnknown,
)
from sms_bridge.modem.model import Phase, Roaming
from tests.support.virtual_time import virtual_time

from .bench import SUBMIT, SUBMIT_LENGTH, bench, running
from .fake import FakeModem
from .transcript import load


@virtual_time
async def test_a_segment_costs_one_command_and_its_pdu() -> None:
    async with running() as made:
        before = len(made.fake.heard)
        assert [await made.send() for _ in range(3)] == [1, 2, 3]
        assert made.fake.heard[before:] == [f"AT+CMGS={SUBMIT_LENGTH}", f"{SUBMIT}^Z"] * 3


@virtual_time
async def test_a_burst_keeps_the_link_open_once_and_lets_go_afterwards() -> None:
    async with running() as made:
        for number in range(4):
            await made.send(more=number < 3)
        assert made.fake.heard.count("AT+CMMS=2") == 1
        await made.until(lambda: "AT+CMMS=0" in made.fake.heard, within=60)
        await asyncio.sleep(100)
        assert made.fake.heard.count("AT+CMMS=0") == 1


@virtual_time
async def test_a_modem_that_cannot_keep_the_link_sends_all_the_same() -> None:
    async with running(FakeModem({"AT+CMMS=2": ["+CMS ERROR: 303"]})) as made:
        assert [await made.send(more=True) for _ in range(2)] == [1, 2]
        assert made.fake.heard.count("AT+CMMS=2") == 1


@virtual_time
async def test_only_one_segment_is_in_flight() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        first, second = asyncio.create_task(made.send()), asyncio.create_task(made.send())
        await asyncio.sleep(30)
        assert len(made.fake.submitted) == 1
        made.fake.say("+CMGS: 1", "OK")
        await first
        await asyncio.sleep(1)
        assert len(made.fake.submitted) == 2
        made.fake.say("+CMGS: 2", "OK")
        assert await second == 2


@pytest.mark.parametrize("prompt", [b"\r\n> ", b">", b"\r\n>", b"\r\n\r\n>  "])
def test_q07_prompts_of_every_kind_are_answered(prompt: bytes) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            made.fake.prompt = prompt
            assert await made.send() == 1

    run()


@virtual_time
async def test_q07_without_a_prompt_nothing_is_sent_and_the_next_one_works() -> None:
    async with running() as made:
        made.fake.answers[f"AT+CMGS={SUBMIT_LENGTH}"] = []
        with pytest.raises(NotSent) as caught:
            await made.send()
        assert caught.value.reason is NotSentReason.NO_PROMPT
        assert made.fake.submitted == []
        await made.until(lambda: "ESC" in made.fake.heard)
        del made.fake.answers[f"AT+CMGS={SUBMIT_LENGTH}"]
        assert await made.send() == 1


@pytest.mark.parametrize("code", [500, 512, 513, 514])
def test_q28_a_collision_is_temporary_and_does_not_hold_up_the_next_message(code: int) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            loop = asyncio.get_running_loop()
            accept = made.fake.submit_answer
            made.fake.submit_answer = lambda _pdu: [f"+CMS ERROR: {code}"]
            before = loop.time()
            with pytest.raises(CmsError) as caught:
                await made.send()
            assert caught.value.refusal is Refusal.TEMPORARY
            made.fake.submit_answer = accept
            assert await made.send() == 1
            assert loop.time() - before < 1

    run()


@pytest.mark.parametrize(
    ("codes", "refusal"),
    [
        ((1, 28, 29, 81, 95, 96, 97), Refusal.MESSAGE),
        ((8, 10, 21, 30, 50, 69, 111, 127, 302, 303, 304, 305, 330), Refusal.PERMANENT),
        ((17, 22, 27, 38, 41, 42, 47, 314, 322, 331, 332, 500, 512, 513, 514, 515, 9999), Refusal.TEMPORARY),
    ],
)
def test_q29_every_code_means_one_of_three_things(codes: tuple[int, ...], refusal: Refusal) -> None:
    assert {CmsError(code).refusal for code in codes} == {refusal}


def test_q29_an_error_names_its_code() -> None:
    assert str(CmsError(38)) == "CMS error 38: network out of order"
    assert str(CmeError(10)) == "CME error 10: SIM not inserted"
    assert "unknown" in str(CmeError(9999))


@virtual_time
async def test_q29_a_refusal_by_cme_or_plain_error_is_certain() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: ["+CME ERROR: 30"]
        with pytest.raises(CmeError):
            await made.send()
        made.fake.submit_answer = lambda _pdu: ["ERROR"]
        with pytest.raises(AtFailed):
            await made.send()


@virtual_time
async def test_q29_without_a_service_centre_the_configured_one_is_set_again() -> None:
    fake = FakeModem({'AT+CSCA="+491710760000",145': ["OK"]})
    async with running(fake, smsc="+491710760000") as made:
        fake.submit_answer = lambda _pdu: ["+CMS ERROR: 330"]
        with pytest.raises(CmsError):
            await made.send()
        assert fake.heard.count('AT+CSCA="+491710760000",145') == 2


@virtual_time
async def test_q30_no_answer_after_ctrl_z_is_unknown_and_nothing_is_sent_again() -> None:
    async with running() as made:
        await made.send()
        made.fake.script = deque(load("q30_late_answer"))
        loop = asyncio.get_running_loop()
        before = loop.time()
        with pytest.raises(SendUnknown) as caught:
            await made.send()
        assert caught.value.expected_mr == 2
        assert loop.time() - before == pytest.approx(120, abs=1)
        await made.until(lambda: not made.fake.script)
        await asyncio.sleep(1)
        made.fake.say("+CMGS: 2", "OK")
        assert made.events.late == [2]
        assert made.fake.openings == 1
        assert await made.send() == 2


@virtual_time
async def test_q30_while_an_answer_is_due_no_other_command_is_issued() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(100)
        assert made.fake.heard[-1] == f"{SUBMIT}^Z"
        made.fake.say("+CMGS: 1", "OK")
        assert await sending == 1


@virtual_time
async def test_q30_a_modem_that_stays_silent_is_opened_again() -> None:
    async with running() as made:

        def go_silent(_pdu: str) -> None:
            made.fake.silent = True

        made.fake.submit_answer = go_silent
        with pytest.raises(SendUnknown):
            await made.send()
        await made.until(lambda: made.status.phase is Phase.ERROR)
        made.fake.silent = False
        await made.until(lambda: made.status.phase is Phase.READY)
        assert made.fake.openings > 1
        assert len(made.fake.submitted) == 1


@virtual_time
async def test_q30_a_submission_without_its_reference_is_sent() -> None:
    async with running() as made:
        assert await made.send() == 1
        made.fake.submit_answer = lambda _pdu: ["OK"]
        assert await made.send() == 2


@virtual_time
async def test_q31_references_wrap_around() -> None:
    async with running() as made:
        made.fake.next_mr = 255
        assert [await made.send(), await made.send()] == [255, 0]
        made.fake.submit_answer = lambda _pdu: None
        with pytest.raises(SendUnknown) as caught:
            await made.send()
        assert caught.value.expected_mr == 1


@virtual_time
async def test_q41_a_refusal_on_lte_alone_comes_with_advice() -> None:
    fake = FakeModem(
        {
            "AT+CGMI": ["Quectel", "OK"],
            "AT+CGMM": ["EC25", "OK"],
            "AT+CREG?": ["+CREG: 1,0", "OK"],
            "AT+CEREG?": ["+CEREG: 1,1", "OK"],
        }
    )
    async with running(fake) as made:
        accept = fake.submit_answer
        fake.submit_answer = lambda _pdu: ["+CMS ERROR: 500"]
        with pytest.raises(CmsError):
            await made.send()
        assert "QCFG" in (made.status.detail or "")
        fake.submit_answer = accept
        await made.send()
        assert made.status.detail is None


@virtual_time
async def test_q45_a_modem_that_reboots_after_ctrl_z_leaves_it_unknown() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: ["\0????", "RDY"]
        with pytest.raises(SendUnknown):
            await made.send()
        await made.until(lambda: made.status.phase is Phase.READY)
        assert len(made.fake.submitted) == 1


@virtual_time
async def test_q45_a_modem_that_reboots_before_the_prompt_has_sent_nothing() -> None:
    async with running() as made:
        made.fake.answers[f"AT+CMGS={SUBMIT_LENGTH}"] = ["RDY"]
        with pytest.raises(NotSent):
            await made.send()
        assert made.fake.submitted == []


@virtual_time
async def test_q45_a_modem_that_rebooted_in_silence_gets_no_pdu_before_it_is_prepared() -> None:
    """Its default may be the text mode, in which a PDU would be sent as a text."""
    async with running() as made:
        made.fake.answers[f"AT+CMGS={SUBMIT_LENGTH}"] = [f"AT+CMGS={SUBMIT_LENGTH}\r\r\n> "]
        before = made.fake.heard.count("AT+CMGF=0")
        with pytest.raises(NotSent):
            await made.send()
        assert made.fake.heard[-1] == "ESC"
        await made.until(lambda: made.fake.heard.count("AT+CMGF=0") == before + 1)
        assert made.fake.submitted == []


@virtual_time
async def test_q04_a_modem_that_echoes_in_spite_of_ate0_is_used_as_it_is() -> None:
    fake = FakeModem()
    ordinary = dict(fake.answers)

    def echoing(text: str) -> list[str]:
        lines = ordinary[text]
        assert not callable(lines)
        return [text, *lines]

    for command in ordinary:
        fake.answers[command] = echoing
    async with running(fake) as made:
        await asyncio.sleep(100)
        assert await made.send() == 1
        assert fake.heard.count("ATE0") == 1


@virtual_time
async def test_a_port_lost_before_ctrl_z_has_sent_nothing() -> None:
    async with running() as made:
        made.fake.answers[f"AT+CMGS={SUBMIT_LENGTH}"] = []
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(1)
        made.fake.lose(OSError(5, "gone"))
        with pytest.raises(NotSent) as caught:
            await sending
        assert caught.value.reason is NotSentReason.PORT_LOST


@virtual_time
async def test_a_port_lost_after_ctrl_z_leaves_it_unknown() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(1)
        made.fake.lose()
        with pytest.raises(SendUnknown):
            await sending


@virtual_time
async def test_nothing_is_sent_before_the_modem_is_ready() -> None:
    made = bench()
    with pytest.raises(NotSent) as caught:
        await made.send()
    assert caught.value.reason is NotSentReason.OFFLINE


@pytest.mark.parametrize(
    ("answer", "roaming", "sends"),
    [("+CREG: 1,2", "allow", False), ("+CREG: 1,5", "deny", False), ("+CREG: 1,5", "allow", True)],
)
def test_without_a_usable_network_nothing_is_sent(answer: str, roaming: str, sends: bool) -> None:  # noqa: FBT001 - a table's column
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CREG?": [answer, "OK"], "AT+CGREG?": ["+CGREG: 1,0", "OK"]})
        until = Phase.READY if sends else Phase.REGISTERING
        async with running(fake, roaming=Roaming(roaming), until=until) as made:
            await made.until(lambda: made.status.registration is not None)
            if sends:
                assert await made.send() == 1
                return
            with pytest.raises(NotSent) as caught:
                await made.send()
            assert caught.value.reason is NotSentReason.NOT_REGISTERED
            assert made.status.detail is not None

    run()


@virtual_time
async def test_stopping_waits_for_the_segment_in_the_modems_hands() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(1)
        stopping = asyncio.create_task(made.modem.stop(finish_within=8))
        await asyncio.sleep(3)
        with pytest.raises(NotSent) as caught:
            await made.send()
        assert caught.value.reason is NotSentReason.STOPPING
        made.fake.say("+CMGS: 1", "OK")
        assert await sending == 1
        await stopping
        assert made.status.phase is Phase.OFFLINE


@virtual_time
async def test_stopping_does_not_wait_for_ever() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(1)
        before = asyncio.get_running_loop().time()
        await made.modem.stop(finish_within=8)
        assert asyncio.get_running_loop().time() - before == pytest.approx(8, abs=0.1)
        with pytest.raises(SendUnknown):
            await sending
