"""Commands and replies on one line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sms_bridge.modem import commands
from sms_bridge.modem.at import AtChannel, Command, Priority
from sms_bridge.modem.errors import AtFailed, AtTimeout, CmeError, CmsError, PortLost
from sms_bridge.modem.model import Timeouts
from sms_bridge.modem.urc import MessageStored, RegistrationChanged
from tests.support.virtual_time import virtual_time

from .bench import DELIVER, SUBMIT, SUBMIT_LENGTH

if TYPE_CHECKING:
    from sms_bridge.modem.urc import Urc


class Line:
    """A channel whose other end is the test."""

    def __init__(self, **timeouts: float) -> None:
        self.written: list[bytes] = []
        self.urcs: list[Urc] = []
        self.late: list[int] = []
        self.dead = 0
        self.echoes: list[int] = []
        self.channel = AtChannel(
            self.written.append,
            Timeouts(**timeouts),
            on_urc=self.urcs.append,
            on_late=self.late.append,
            on_dead=self._died,
            on_echo=lambda: self.echoes.append(len(self.written)),
        )

    def _died(self) -> None:
        self.dead += 1

    def run(self, command: Command) -> asyncio.Task[list[str]]:
        return asyncio.get_running_loop().create_task(self.channel.execute(command))

    def say(self, *lines: str) -> None:
        for line in lines:
            self.channel.feed(f"\r\n{line}\r\n".encode("latin-1"))

    async def submit(self) -> asyncio.Task[list[str]]:
        """Bring a CMGS to where its PDU is handed over."""
        task = self.run(commands.submit(SUBMIT, SUBMIT_LENGTH))
        await asyncio.sleep(0)
        self.channel.feed(b"\r\n> ")
        return task

    async def answering(self) -> None:
        """Answer every AT from here on."""
        while True:
            await asyncio.sleep(0.01)
            if self.written and self.written[-1] == b"AT\r":
                self.written.append(b"(answered)")
                self.say("OK")


@virtual_time
async def test_q04_an_echo_is_no_part_of_the_reply() -> None:
    line = Line()
    task = line.run(commands.IMEI)
    await asyncio.sleep(0)
    line.channel.feed(b"AT+CGSN\r\r\n490154203237518\r\n\r\nOK\r\n")
    assert await task == ["490154203237518"]


@virtual_time
async def test_q04_an_echo_cut_in_two_by_a_urc_is_no_part_of_the_reply() -> None:
    line = Line()
    task = line.run(commands.IMEI)
    await asyncio.sleep(0)
    line.channel.feed(b"AT+C\r\n+CREG: 1\r\nGSN\r\r\n490154203237518\r\n\r\nOK\r\n")
    assert await task == ["490154203237518"]
    assert line.urcs == [RegistrationChanged()]


@virtual_time
async def test_q04_an_echoed_pdu_is_no_part_of_the_reply() -> None:
    line = Line()
    task = await line.submit()
    line.channel.feed(f"{SUBMIT}\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n".encode())
    assert await task == ["+CMGS: 7"]


@pytest.mark.parametrize(
    "final", ["ERROR", "COMMAND NOT SUPPORT", "MODEM ERROR: 3", "NA", "+CME ERROR: what"]
)
def test_q06_unusual_finals_end_a_command(final: str) -> None:
    @virtual_time
    async def run() -> None:
        line = Line()
        task = line.run(commands.SIGNAL)
        await asyncio.sleep(0)
        line.say(final)
        with pytest.raises(AtFailed):
            await task

    run()


@virtual_time
async def test_q04_an_echo_that_was_switched_off_is_told() -> None:
    line = Line()
    line.channel.echo_is_off = True
    task = line.run(commands.SIGNAL)
    await asyncio.sleep(0)
    line.channel.feed(b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
    assert await task == ["+CSQ: 20,99"]
    assert line.echoes == [1]


@virtual_time
async def test_q06_a_reason_in_words_is_understood() -> None:
    line = Line()
    task = line.run(commands.PIN_STATE)
    await asyncio.sleep(0)
    line.say("+CME ERROR: SIM busy")
    with pytest.raises(CmeError) as caught:
        await task
    assert caught.value.code == 14


@virtual_time
async def test_q06_ready_without_ok_is_enough() -> None:
    line = Line()
    task = line.run(commands.PIN_STATE)
    await asyncio.sleep(0)
    line.say("+CPIN: READY")
    assert await task == ["+CPIN: READY"]
    assert asyncio.get_running_loop().time() < 1


@virtual_time
async def test_q08_urcs_inside_a_reply_are_told_apart_from_it() -> None:
    line = Line()
    task = line.run(commands.query_registration("CREG"))
    await asyncio.sleep(0)
    line.say('+CREG: 5,"00C3","1A2B",7', '+CMTI: "SM",3', "+CREG: 2,1", "^RSSI:18", "OK")
    assert await task == ["+CREG: 2,1"]
    assert line.urcs[:2] == [RegistrationChanged(), MessageStored("SM", 3, report=False)]


@virtual_time
async def test_q08_a_direct_message_inside_a_listing_keeps_both_whole() -> None:
    line = Line()
    task = line.run(commands.LIST_ALL)
    await asyncio.sleep(0)
    line.say("+CMGL: 1,1,,24", "+CMT: ,24", DELIVER, DELIVER, "OK")
    assert await task == ["+CMGL: 1,1,,24", DELIVER]
    assert len(line.urcs) == 1


@virtual_time
async def test_the_most_urgent_command_goes_first() -> None:
    line = Line()
    tasks = [
        line.run(Command(text="AT+A")),
        line.run(Command(text="AT+POLL", priority=Priority.POLL)),
        line.run(Command(text="AT+B")),
        line.run(Command(text="AT+READ", priority=Priority.STORAGE)),
        line.run(commands.ACKNOWLEDGE),
    ]
    for _ in tasks:
        await asyncio.sleep(0)
        line.say("OK")
    await asyncio.gather(*tasks)
    assert line.written == [b"AT+A\r", b"AT+CNMA\r", b"AT+READ\r", b"AT+B\r", b"AT+POLL\r"]


@virtual_time
async def test_q46_commands_keep_the_gap() -> None:
    line = Line()
    line.channel.gap = 0.02
    first, second = line.run(commands.PROBE), line.run(commands.PROBE)
    await asyncio.sleep(0)
    line.say("OK")
    await first
    third = line.run(commands.PROBE)
    await asyncio.sleep(0.019)
    assert len(line.written) == 1
    await asyncio.sleep(0.002)
    assert len(line.written) == 2
    line.say("OK")
    await asyncio.sleep(0.03)
    line.say("OK")
    await asyncio.gather(second, third)


@virtual_time
async def test_a_cancelled_command_that_waits_is_never_written() -> None:
    line = Line()
    first, second, third = (line.run(Command(text=f"AT+{n}")) for n in "ABC")
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    line.say("OK")
    await first
    line.say("OK")
    await third
    assert line.written == [b"AT+A\r", b"AT+C\r"]


@virtual_time
async def test_a_cancelled_command_on_the_line_is_waited_for() -> None:
    line = Line()
    first, second = line.run(Command(text="AT+A")), line.run(Command(text="AT+B"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    assert line.written == [b"AT+A\r"]
    line.say("OK")
    await asyncio.sleep(0)
    line.say("OK")
    await second


@virtual_time
async def test_closing_fails_every_waiter_and_says_what_was_handed_over() -> None:
    line = Line()
    sending = await line.submit()
    waiting = line.run(commands.SIGNAL)
    await asyncio.sleep(0)
    line.channel.close("gone")
    with pytest.raises(PortLost) as caught:
        await sending
    assert caught.value.handed_over
    with pytest.raises(PortLost) as caught:
        await waiting
    assert not caught.value.handed_over
    with pytest.raises(PortLost):
        await line.channel.execute(commands.PROBE)


@virtual_time
async def test_closing_at_the_prompt_leaves_it_without_submitting() -> None:
    line = Line()
    sending = line.run(commands.submit(SUBMIT, SUBMIT_LENGTH))
    await asyncio.sleep(0)
    line.channel.close("gone")
    with pytest.raises(PortLost) as caught:
        await sending
    assert not caught.value.handed_over
    assert line.written[-1] == b"\x1b"


@virtual_time
async def test_q01_a_silent_modem_gets_escape_and_never_ctrl_z() -> None:
    line = Line()
    task = line.run(commands.SIGNAL)
    with pytest.raises(AtTimeout):
        await task
    await asyncio.sleep(20)
    assert line.written == [b"AT+CSQ\r", b"\x1b", b"AT\r", b"AT\r", b"AT\r"]
    assert line.dead == 1


@virtual_time
async def test_q07_a_prompt_that_does_not_come_ends_in_escape() -> None:
    line = Line()
    task = line.run(commands.submit(SUBMIT, SUBMIT_LENGTH))
    with pytest.raises(AtTimeout) as caught:
        await task
    assert not caught.value.handed_over
    assert asyncio.get_running_loop().time() == pytest.approx(10)
    assert b"\x1b" in line.written
    line.channel.close("end")


@virtual_time
async def test_q30_a_late_answer_is_told_and_its_ok_ends_nothing_else() -> None:
    line = Line()
    answering = asyncio.create_task(line.answering())
    task = await line.submit()
    with pytest.raises(AtTimeout) as caught:
        await task
    assert caught.value.handed_over
    await asyncio.sleep(3)
    answering.cancel()
    nothing_required = line.run(commands.PDU_MODE)
    await asyncio.sleep(0)
    line.say("+CMGS: 9", "OK")
    await asyncio.sleep(0)
    assert line.late == [9]
    assert not nothing_required.done()
    line.say("OK")
    await nothing_required


@virtual_time
async def test_a_late_final_does_not_shift_the_replies() -> None:
    line = Line()
    answering = asyncio.create_task(line.answering())
    with pytest.raises(AtTimeout):
        await line.run(commands.OPERATOR)
    await asyncio.sleep(3)
    answering.cancel()
    task = line.run(commands.SIGNAL)
    await asyncio.sleep(0)
    line.say("OK")
    await asyncio.sleep(0)
    assert not task.done()
    line.say("+CSQ: 20,99", "OK")
    assert await task == ["+CSQ: 20,99"]


@virtual_time
async def test_a_late_refusal_does_not_refuse_another_message() -> None:
    line = Line()
    answering = asyncio.create_task(line.answering())
    first = await line.submit()
    with pytest.raises(AtTimeout):
        await first
    await asyncio.sleep(3)
    answering.cancel()
    second = line.run(commands.submit(SUBMIT, SUBMIT_LENGTH))
    await asyncio.sleep(0)
    line.say("+CMS ERROR: 38")
    await asyncio.sleep(0)
    assert not second.done()
    line.channel.feed(b"\r\n> ")
    line.say("+CMS ERROR: 41")
    with pytest.raises(CmsError) as caught:
        await second
    assert caught.value.code == 41


@virtual_time
async def test_ok_instead_of_a_prompt_hands_nothing_over() -> None:
    line = Line()
    task = line.run(commands.submit(SUBMIT, SUBMIT_LENGTH))
    await asyncio.sleep(0)
    line.say("OK")
    with pytest.raises(AtFailed):
        await task
    assert line.written == [f"AT+CMGS={SUBMIT_LENGTH}\r".encode()]


@virtual_time
async def test_lines_that_nobody_asked_for_are_counted_and_dropped() -> None:
    line = Line()
    line.say("+XYZZY: 1", "nonsense", "OK", "ERROR", "+CMGS: 3")
    assert line.channel.noise == 3
    assert line.urcs == []
    assert line.late == []
