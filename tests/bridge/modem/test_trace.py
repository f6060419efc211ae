"""The trace: complete, bounded, and fit for strangers."""

from __future__ import annotations

from sms_bridge.modem.trace import CAPACITY, Trace, redact_line
from tests.support.virtual_time import virtual_time

from .bench import DELIVER, SUBMIT, running
from .fake import ICCID, IMEI, IMSI, FakeModem, in_turn


@virtual_time
async def test_neither_pin_nor_numbers_nor_texts_are_shown() -> None:
    fake = FakeModem(
        {
            "AT+CPIN?": in_turn(["+CPIN: SIM PIN", "OK"], ["+CPIN: READY", "OK"]),
            'AT+CPIN="2468"': ["OK"],
            'AT+CUSD=1,"*100*98765#",15': ["OK", '+CUSD: 0,"Your balance\r\nis 5 EUR",15'],
        }
    )
    async with running(fake, pin="2468") as made:
        fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        fake.say(f"+CMT: ,24\r\n{DELIVER}", "RING", '+CLIP: "+491701234567",145')
        await made.send()
        await made.modem.ussd("*100*98765#")
        shown = "\n".join(made.modem.trace.dump())
    for secret in (
        "2468",
        DELIVER,
        SUBMIT,
        DELIVER[20:32],
        "1701234567",
        IMSI,
        ICCID,
        IMEI,
        "98765",
        "balance",
        "5 EUR",
    ):
        assert secret not in shown
    for kept in ("> AT+CPIN=", "> AT+CMGS=18", "<^Z>", "+CMGS: 1", '+CMTI: "SM",1', "octets>", "…67"):
        assert kept in shown


def test_hex_in_quotes_is_no_hiding_place() -> None:
    assert redact_line('+CUSD: 0,"00420061006C",72') == '+CUSD: 0,"…",72'
    assert "0042" not in redact_line('+XCUSD: "00420061006C0061"')


def test_texts_of_modems_in_text_mode_are_hidden() -> None:
    trace = Trace(lambda: 0.0)
    trace.add(
        "<",
        b'+CMGL: 1,"REC READ","+491701234567","Anna"\r\nsecret text\r\n+CMGL: 2,1,"Anna",24\r\n\r\nOK\r\n',
    )
    shown = "\n".join(trace.dump())
    assert "secret" not in shown
    assert "Anna" not in shown
    assert shown.endswith("OK")


def test_lines_that_came_in_pieces_are_shown_whole() -> None:
    trace = Trace(lambda: 0.0)
    for byte in b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n":
        trace.add("<", bytes([byte]))
    trace.note("reopened")
    assert trace.dump() == ["00:00:00.000 < +CSQ: 20,99", "00:00:00.000 < OK", "00:00:00.000 # reopened"]


def test_the_trace_is_bounded() -> None:
    trace = Trace(lambda: 0.0)
    for number in range(3 * CAPACITY):
        trace.add("<" if number % 2 else ">", b"x" * 10_000)
    assert len(trace.dump()) <= CAPACITY
    assert sum(map(len, trace.dump())) < CAPACITY * 2500


def test_control_characters_are_shown_by_name() -> None:
    trace = Trace(lambda: 0.0)
    trace.add(">", b"\x1b")
    trace.add("<", b"\0\xff?\r\n")
    assert [line.partition(" ")[2] for line in trace.dump()] == ["> <ESC>", "< <00>ÿ?"]
