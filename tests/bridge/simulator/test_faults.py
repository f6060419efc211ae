"""What can go wrong with the simulated modem, by name."""

from __future__ import annotations

import asyncio

import pytest

from sms_bridge.simulator.faults import FAULTS, FaultName, parse_fault
from tests.bridge.simulator.terminal import ORIGINATOR, RECIPIENT, Terminal
from tests.support.virtual_time import virtual_time


def faulty(*faults: str, profile: str = "generic") -> Terminal:
    terminal = Terminal(profile)
    terminal.ask("AT+CNMI=2,1,0,1")
    for fault in faults:
        terminal.modem.inject(parse_fault(fault))
    return terminal


def texts(terminal: Terminal) -> list[str | None]:
    return [message.text for message in terminal.network.messages()]


def test_every_fault_is_described() -> None:
    assert set(FAULTS) == set(FaultName)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no-such-fault", "there is no fault 'no-such-fault'"),
        ("cms", "the fault cms needs its argument: cms:CODE"),
        ("cms:many", "the fault 'cms:many' is not of the form cms:CODE"),
        ("late-answer:soon", "the fault 'late-answer:soon' is not of the form late-answer:SECONDS"),
        ("lost-answer:often", "the fault 'lost-answer:often' is not of the form lost-answer:COUNT"),
    ],
)
def test_a_wrong_fault_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_fault(text)


@virtual_time
async def test_an_answer_may_get_lost_though_the_message_was_sent() -> None:
    terminal = faulty("lost-answer:1")

    assert terminal.send("One") == []
    assert terminal.ask("AT") == ["OK"]
    assert terminal.send("Two") == ["+CMGS: 1", "OK"]
    assert texts(terminal) == ["One", "Two"]


@virtual_time
async def test_a_message_may_get_lost_in_the_modem() -> None:
    terminal = faulty("not-sent:1")

    assert terminal.send("One") == []
    assert terminal.send("Two") == ["+CMGS: 0", "OK"]
    assert texts(terminal) == ["Two"]


@virtual_time
async def test_an_answer_may_come_late_between_other_things() -> None:
    terminal = faulty("late-answer:30,1")

    assert terminal.send() == []
    assert terminal.ask("AT") == ["OK"]
    await asyncio.sleep(31)

    assert terminal.seen() == ["+CMGS: 0", "OK"]


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ("reboot-before-send:1", []),
        ("reboot-after-send:1", ["Hello"]),
        ("unplug-before-send:,1", []),
        ("unplug-after-send:,1", ["Hello"]),
    ],
)
@virtual_time
async def test_a_modem_may_vanish_in_the_middle(fault: str, sent: list[str]) -> None:
    terminal = faulty(fault, profile="ec25")

    assert terminal.send("Hello") == []
    assert terminal.ask("AT") == []
    await asyncio.sleep(10)

    assert terminal.seen()[0] == "RDY"
    assert texts(terminal) == sent
    assert terminal.ask("AT")[-1] == "OK"


@virtual_time
async def test_messages_may_be_refused_for_a_while_or_by_number() -> None:
    terminal = faulty("cms:38,1", f"cms-for:{RECIPIENT}=28")

    assert terminal.send() == ["+CMS ERROR: 38"]
    assert terminal.send() == ["+CMS ERROR: 28"]
    assert terminal.send(recipient="+49172") == ["+CMGS: 0", "OK"]
    terminal.modem.faults.clear()
    assert terminal.send() == ["+CMGS: 1", "OK"]


@virtual_time
async def test_the_prompt_may_be_missing_late_or_bare() -> None:
    terminal = faulty("no-prompt:1", "late-prompt:5,1", "bare-prompt:1")

    assert terminal.ask("AT+CMGS=20") == []
    assert terminal.ask("AT") == ["OK"]
    terminal.type("AT+CMGS=20\r")
    assert b">" not in terminal.raw()
    await asyncio.sleep(6)
    assert terminal.raw() == b">"
    terminal.type("\x1bAT+CMGS=20\r")
    assert terminal.raw() == b"\r\nOK\r\n\r\n> "


@virtual_time
async def test_a_report_may_come_before_the_answer_or_never() -> None:
    terminal = faulty("early-report:1", "no-report:1")
    terminal.modem.faults.clear(FaultName.NO_REPORT)

    lines = terminal.send(dlr=True)
    assert lines[0] == "+CDS: 25"
    assert lines[2:] == ["+CMGS: 0", "OK"]

    terminal.modem.inject(parse_fault("no-report:1"))
    terminal.send(dlr=True)
    await asyncio.sleep(10)
    assert terminal.seen() == []


@virtual_time
async def test_commands_may_fail_be_silent_or_slow() -> None:
    terminal = faulty("error:+CSQ,1", "silence:+COPS,1", "delay:3")

    assert terminal.ask("AT+CSQ") == []
    await asyncio.sleep(4)
    assert terminal.seen() == ["ERROR"]
    terminal.modem.faults.clear(FaultName.DELAY)
    assert terminal.ask("AT+COPS?") == []
    assert terminal.ask("AT+CSQ") == ["+CSQ: 20,99", "OK"]


@virtual_time
async def test_a_modem_may_hang_and_recover() -> None:
    terminal = faulty("hang:60,1")

    assert terminal.ask("AT+CSQ") == []
    assert terminal.ask("AT") == []
    terminal.network.deliver(ORIGINATOR, "Hello")
    assert terminal.seen() == []
    await asyncio.sleep(61)

    assert terminal.ask("AT") == ["OK"]


@virtual_time
async def test_lines_may_be_mixed_with_garbage_and_noise() -> None:
    terminal = faulty("garbage:1", "noise:2")

    terminal.type("AT+CSQ\r")
    assert terminal.raw() == (
        b"\xff\x00\xfe????\x80\r\n\r\n^RSSI:17\r\n+CSQ: 20,99\r\n^RSSI:18\r\n\r\nOK\r\n"
    )
    assert terminal.ask("AT") == ["^RSSI:18", "OK"]
    assert terminal.ask("AT") == ["OK"]


@pytest.mark.parametrize("fault", ["byte-at-a-time", "byte-at-a-time:0.1"])
@virtual_time
async def test_output_may_trickle(fault: str) -> None:
    terminal = faulty(fault)
    pieces: list[bytes] = []
    terminal.modem.output.attach(pieces.append)

    terminal.type("AT+CSQ\r")
    await asyncio.sleep(10)

    assert b"".join(pieces) == b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
    assert {len(piece) for piece in pieces} == {1}


@virtual_time
async def test_announcements_may_be_wrong_early_or_elsewhere() -> None:
    terminal = faulty("bad-index:1", "no-urc:")
    terminal.network.deliver(ORIGINATOR, "Unseen")
    assert terminal.seen() == []
    terminal.modem.faults.clear()

    terminal.modem.inject(parse_fault("bad-index:1"))
    terminal.network.deliver(ORIGINATOR, "Where?")
    assert terminal.seen() == ['+CMTI: "SM",-1']

    terminal.modem.inject(parse_fault("early-cmti:,1"))
    terminal.network.deliver(ORIGINATOR, "Early")
    assert terminal.seen() == ['+CMTI: "SM",3']
    assert terminal.ask("AT+CMGR=3") == ["+CMS ERROR: 321"]
    assert terminal.ask("AT+CPMS?")[0].startswith('+CPMS: "SM",2,30')
    await asyncio.sleep(0.6)
    assert terminal.ask("AT+CMGR=3")[-1] == "OK"


@virtual_time
async def test_a_message_may_be_stored_twice() -> None:
    terminal = faulty("double-store:1")

    terminal.network.deliver(ORIGINATOR, "Hello")

    assert terminal.seen() == ['+CMTI: "SM",1', '+CMTI: "SM",2']


@virtual_time
async def test_the_memory_may_be_full() -> None:
    terminal = faulty("memory-full")

    terminal.network.deliver(ORIGINATOR, "Hello")
    assert terminal.ask("AT+CPMS?")[0].startswith('+CPMS: "SM",30,30')
    assert terminal.network.waiting() == 1
    terminal.modem.faults.clear()
    terminal.network.retry(terminal.modem)

    assert terminal.seen() == ['+CMTI: "SM",1']


@virtual_time
async def test_the_sim_may_be_busy_and_the_network_gone() -> None:
    terminal = faulty("sim-busy:10", "no-network:20")

    assert terminal.ask("AT+CMGL=4") == ["+CMS ERROR: 314"]
    await asyncio.sleep(11)
    assert terminal.send() == ["+CMS ERROR: 331"]
    await asyncio.sleep(10)
    assert terminal.send() == ["+CMGS: 0", "OK"]


@virtual_time
async def test_a_modem_may_reboot_at_once() -> None:
    terminal = faulty("reboot", profile="sim7600")

    await asyncio.sleep(10)

    assert terminal.seen() == ["RDY", "SMS DONE", "+CPIN: READY", "PB DONE", "+CNSMOD: 0,8"]
