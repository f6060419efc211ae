"""How messages leave and reach the simulated modem."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime

import pytest

from sms_bridge.simulator.messages import messages_of
from sms_bridge.simulator.network import (
    DELAYED,
    NO_REPORT,
    UNDELIVERABLE,
    Network,
    echo,
)
from sms_bridge.simulator.profiles import GENERIC
from sms_bridge.simulator.storage import Slot, build_memories
from sms_bridge.simulator.submitted import Submitted, check_submit
from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.codec import decode_inbound, encode_pdu
from sms_bridge.tpdu.dcs import Dcs
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import build_submits
from sms_bridge.tpdu.status_report import StatusReport
from sms_bridge.tpdu.submit import Submit
from sms_providers.charset import Encoding
from tests.bridge.simulator.terminal import ORIGINATOR, RECIPIENT, Terminal
from tests.support.virtual_time import virtual_time

LONG_TEXT = "The quick brown fox jumps over the lazy dog. " * 5


def status_report(line: str) -> StatusReport:
    report = decode_inbound(line)
    assert isinstance(report, StatusReport)
    return report


def delivered(line: str) -> Deliver:
    deliver = decode_inbound(line)
    assert isinstance(deliver, Deliver)
    return deliver


@virtual_time
async def test_a_submit_reaches_the_network_with_the_modems_reference() -> None:
    terminal = Terminal()

    assert terminal.send("One") == ["+CMGS: 0", "OK"]
    assert terminal.send("Two") == ["+CMGS: 1", "OK"]

    assert [(entry.mr, entry.da, entry.tpdu[1]) for entry in terminal.network.submits] == [
        (0, RECIPIENT, 0),
        (1, RECIPIENT, 1),
    ]
    assert [message.text for message in terminal.network.messages()] == ["One", "Two"]


@virtual_time
async def test_references_wrap_after_255() -> None:
    terminal = Terminal()

    answers = [terminal.send(f"Message {number}")[0] for number in range(257)]

    assert answers[255:] == ["+CMGS: 255", "+CMGS: 0"]


@virtual_time
async def test_segments_are_joined_and_duplicates_counted() -> None:
    terminal = Terminal()
    terminal.send(LONG_TEXT)
    first, second = (entry.tpdu for entry in terminal.network.submits)
    terminal.ask(f"AT+CMGS={len(second)}")
    terminal.type(f"00{second.hex()}\x1a")

    (message,) = terminal.network.messages()

    assert (message.text, message.copies) == (LONG_TEXT, (1, 2))
    assert message.complete
    assert message.duplicated
    assert len(first) == 153


@virtual_time
async def test_a_reused_reference_begins_another_message() -> None:
    terminal = Terminal()
    terminal.send(LONG_TEXT)
    terminal.send(LONG_TEXT.upper())

    assert [(message.text, message.copies) for message in terminal.network.messages()] == [
        (LONG_TEXT, (1, 1)),
        (LONG_TEXT.upper(), (1, 1)),
    ]


@virtual_time
async def test_a_message_that_lost_a_segment_is_incomplete() -> None:
    terminal = Terminal()
    pdu, length = encode_pdu(build_submits(RECIPIENT, LONG_TEXT, concat_ref=3)[1])
    terminal.ask(f"AT+CMGS={length}")
    terminal.type(pdu + "\x1a")

    (message,) = terminal.network.messages()

    assert message.copies == (0, 1)
    assert not message.complete


@pytest.mark.parametrize(
    ("length", "pdu"),
    [
        (14, "0001000C919471113254760000"),
        (13, "0001000C9194711132547600000631D98C56B3DD"),
        (19, "0001000C9194711132547600000831D98C56B3DD"),
        (19, "0000000C9194711132547600000631D98C56B3DD"),
        (19, "this is not hexadecimal"),
    ],
)
@virtual_time
async def test_a_broken_pdu_is_refused(length: int, pdu: str) -> None:
    terminal = Terminal()
    terminal.ask(f"AT+CMGS={length}")

    terminal.type(f"{pdu}\x1a")

    assert terminal.seen() == ["+CMS ERROR: 304"]
    assert terminal.network.submits == []


@virtual_time
async def test_escape_leaves_the_prompt_without_sending() -> None:
    terminal = Terminal()
    terminal.type("AT+CMGS=19\r")
    assert terminal.raw() == b"\r\n> "

    terminal.type("0001000C91\x1b")

    assert terminal.seen() == ["OK"]
    assert terminal.ask("AT") == ["OK"]
    assert terminal.network.submits == []


@virtual_time
async def test_an_announcement_waits_while_a_message_is_typed() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1")
    terminal.ask("AT+CMGS=19")

    terminal.network.deliver(ORIGINATOR, "Hello")
    assert terminal.seen() == []
    terminal.type("\x1b")

    assert terminal.seen() == ["OK", '+CMTI: "SM",1']


@virtual_time
async def test_latency_is_the_time_between_submit_and_answer() -> None:
    terminal = Terminal()
    terminal.modem.latency = 2.0

    assert terminal.send() == []
    assert len(terminal.network.submits) == 1
    terminal.type("AT\r")
    await asyncio.sleep(1.9)
    assert terminal.seen() == []
    await asyncio.sleep(0.2)

    assert terminal.seen() == ["+CMGS: 0", "OK", "OK"]


@virtual_time
async def test_a_report_comes_by_cds_or_is_stored() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1,0,1")
    terminal.send(dlr=True)
    await asyncio.sleep(1)

    head, pdu = terminal.seen()
    report = status_report(pdu)
    assert (head, report.mr, report.ra.text, report.st) == ("+CDS: 25", 0, RECIPIENT, 0)

    terminal.ask("AT+CNMI=2,1,0,2")
    terminal.send(dlr=True)
    await asyncio.sleep(1)
    assert terminal.seen() == ['+CDSI: "SM",1']
    assert status_report(terminal.ask("AT+CMGR=1")[1]).mr == 1


@virtual_time
async def test_no_report_comes_unasked() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1,0,1")
    terminal.send(dlr=False)
    terminal.ask("AT+CNMI=2,1,0,0")
    terminal.send(dlr=True)
    await asyncio.sleep(10)

    assert terminal.seen() == []


@virtual_time
async def test_what_becomes_of_a_message_depends_on_its_number() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1,0,1")
    terminal.network.policies = {"+491": DELAYED, "+492": UNDELIVERABLE, "+493": NO_REPORT}
    for number in ("+491", "+492", "+493", "+494"):
        terminal.send(recipient=number, dlr=True)
    await asyncio.sleep(10)

    reports = [status_report(line) for line in terminal.seen()[1::2]]

    assert [(report.ra.text, report.st) for report in reports] == [
        ("+491", 0x20),
        ("+492", 0x41),
        ("+494", 0x00),
        ("+491", 0x00),
    ]


@virtual_time
async def test_the_network_refuses_numbers_with_a_code() -> None:
    terminal = Terminal()
    terminal.network.refusals[RECIPIENT] = 28

    assert terminal.send() == ["+CMS ERROR: 28"]
    assert terminal.network.submits == []


@virtual_time
async def test_an_incoming_message_is_stored_announced_read_and_deleted() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1")
    terminal.network.deliver(ORIGINATOR, "Hello", at=datetime(2026, 11, 20, 10, 30, tzinfo=UTC))

    assert terminal.seen() == ['+CMTI: "SM",1']
    assert terminal.ask("AT+CPMS?") == ['+CPMS: "SM",1,30,"SM",1,30,"SM",1,30', "OK"]
    head, pdu, final = terminal.ask("AT+CMGR=1")
    deliver = delivered(pdu)
    assert (head, final) == ("+CMGR: 0,,24", "OK")
    assert (deliver.oa.text, deliver.text) == (ORIGINATOR, "Hello")
    assert deliver.scts == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    assert terminal.ask("AT+CMGR=1")[0] == "+CMGR: 1,,24"
    assert terminal.ask("AT+CMGD=?") == ["+CMGD: (1),(0-4)", "OK"]
    assert terminal.ask("AT+CMGD=1;+CMGD=?") == ["+CMGD: (),(0-4)", "OK"]
    assert terminal.ask("AT+CMGR=1") == ["+CMS ERROR: 321"]
    assert terminal.ask("AT+CMGD=99") == ["+CMS ERROR: 321"]


@virtual_time
async def test_messages_are_listed_and_deleted_by_status() -> None:
    terminal = Terminal()
    for text in ("One", "Two"):
        terminal.network.deliver(ORIGINATOR, text)
    terminal.ask("AT+CMGR=1")

    assert [line for line in terminal.ask("AT+CMGL=0") if line.startswith("+CMGL")] == ["+CMGL: 2,0,,22"]
    assert [line for line in terminal.ask("AT+CMGL=4") if line.startswith("+CMGL")] == [
        "+CMGL: 1,1,,22",
        "+CMGL: 2,1,,22",
    ]
    assert terminal.ask("AT+CMGD=1,1") == ["OK"]
    assert terminal.ask("AT+CMGL=4") == ["OK"]


@virtual_time
async def test_a_full_memory_makes_the_network_wait() -> None:
    terminal = Terminal("e3372")
    terminal.modem.noisy = False
    terminal.ask("AT+CNMI=2,1")
    for number in range(21):
        terminal.network.deliver(ORIGINATOR, f"Message {number}")

    assert terminal.seen()[-2:] == ['+CMTI: "SM",19', '^SMMEMFULL: "SM"']
    assert terminal.network.waiting() == 1
    assert terminal.ask("AT+CMGD=5") == ['+CMTI: "SM",5', "OK"]
    assert terminal.network.waiting() == 0


@virtual_time
async def test_a_message_may_be_handed_over_directly() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,2")
    terminal.network.deliver(ORIGINATOR, "Hello")

    head, pdu = terminal.seen()

    assert head == "+CMT: ,24"
    assert delivered(pdu).text == "Hello"
    assert terminal.modem.memories["SM"].used() == 0


@pytest.mark.parametrize(("profile", "start"), [("sim800", "+CMT: ,24"), ("sim7600", "+CMTI: ")])
@virtual_time
async def test_a_flash_message_goes_where_the_family_puts_it(profile: str, start: str) -> None:
    terminal = Terminal(profile)
    terminal.ask("AT+CNMI=2,1")

    terminal.network.deliver(ORIGINATOR, "Hello", flash=True)

    assert terminal.seen()[0].startswith(start)


@virtual_time
async def test_in_phase_2_plus_a_message_waits_for_its_acknowledgement() -> None:
    terminal = Terminal()
    assert terminal.ask("AT+CSMS=1;+CNMI=2,2,0,1") == ["+CSMS: 1,1,1", "OK"]
    for text in ("One", "Two"):
        terminal.network.deliver(ORIGINATOR, text)
    assert [delivered(line).text for line in terminal.seen()[1::2]] == ["One"]

    assert terminal.ask("AT+CNMA")[0].startswith("+CMT: ,")
    assert terminal.ask("AT+CNMA=1") == ["OK"]
    assert terminal.ask("AT+CNMA") == ["+CMS ERROR: 340"]


@virtual_time
async def test_a_message_that_is_not_acknowledged_ends_the_hand_over_and_comes_again() -> None:
    terminal = Terminal()
    terminal.ask("AT+CSMS=1;+CNMI=2,2,0,1")
    terminal.network.deliver(ORIGINATOR, "Hello")
    await asyncio.sleep(16)

    assert terminal.ask("AT+CNMI?")[0] == "+CNMI: 2,0,0,0,0"
    assert terminal.network.waiting() == 1
    assert terminal.ask("AT+CNMI=2,1") == ['+CMTI: "SM",1', "OK"]


@virtual_time
async def test_segments_arrive_in_the_order_given() -> None:
    terminal = Terminal()
    terminal.network.deliver(ORIGINATOR, LONG_TEXT, order=[2, 1, 1])

    pdus = terminal.ask("AT+CMGL=4")[1:-1:2]

    concats = [delivered(pdu).concat for pdu in pdus]
    assert [concat.seqno for concat in concats if concat] == [2, 1, 1]
    assert pdus[1] == pdus[2]


@virtual_time
async def test_senders_may_have_names_and_send_data_to_ports() -> None:
    terminal = Terminal()
    terminal.network.deliver("BANK", b"\x00\x01\xff", port=2948)

    deliver = delivered(terminal.ask("AT+CMGR=1")[1])

    assert (deliver.oa.text, deliver.data) == ("BANK", b"\x00\x01\xff")
    assert deliver.ports is not None
    assert deliver.ports.destination == 2948


@virtual_time
async def test_recipients_may_reply() -> None:
    terminal = Terminal(network=Network(reply=echo))
    terminal.send(LONG_TEXT)
    await asyncio.sleep(2)

    pdus = terminal.ask("AT+CMGL=4")[1:-1:2]

    assert [delivered(pdu).oa.text for pdu in pdus] == [RECIPIENT, RECIPIENT]
    assert "".join(delivered(pdu).text or "" for pdu in pdus) == LONG_TEXT


@virtual_time
async def test_two_modems_reach_each_other() -> None:
    network = Network()
    first = Terminal(network=network, name="first", number="+491")
    second = Terminal(network=network, name="second", number="+492")

    first.send("Hello", "+492")

    deliver = delivered(second.ask("AT+CMGR=1")[1])
    assert (deliver.oa.text, deliver.text) == ("+491", "Hello")
    assert first.ask("AT+CMGL=4") == ["OK"]


@virtual_time
async def test_without_network_messages_wait_for_the_modem() -> None:
    terminal = Terminal()
    terminal.ask("AT+CNMI=2,1")
    terminal.modem.lose_network(60)
    terminal.network.deliver(ORIGINATOR, "Hello")
    assert terminal.send() == ["+CMS ERROR: 331"]

    await asyncio.sleep(61)

    assert terminal.seen() == ['+CMTI: "SM",1']


@virtual_time
async def test_a_stored_submit_is_sent_and_marked() -> None:
    terminal = Terminal()
    pdu, length = encode_pdu(build_submits(RECIPIENT, "Hello", concat_ref=1)[0])
    terminal.ask(f"AT+CMGW={length}")
    terminal.type(pdu + "\x1a")

    assert terminal.seen() == ["+CMGW: 1", "OK"]
    assert terminal.ask("AT+CMGR=1")[0] == f"+CMGR: 2,,{length}"
    assert terminal.ask("AT+CMSS=1") == ["+CMSS: 0", "OK"]
    assert terminal.ask("AT+CMGR=1")[0] == f"+CMGR: 3,,{length}"
    assert terminal.ask("AT+CMSS=2") == ["+CMS ERROR: 321"]
    assert [message.text for message in terminal.network.messages()] == ["Hello"]


@virtual_time
async def test_the_ec25_announces_its_reports_wrongly() -> None:
    terminal = Terminal("ec25")
    terminal.ask("AT+CNMI=2,1,0,2")
    terminal.send(dlr=True)
    await asyncio.sleep(1)

    assert terminal.seen() == ['+CDSI: "SM",0']
    assert terminal.ask("AT+CMGR=0") == ["OK"]
    assert terminal.ask('AT+CPMS="SR"')[-1] == "OK"
    assert status_report(terminal.ask("AT+CMGR=0")[1]).mr == 0


@virtual_time
async def test_memories_are_selected_and_mt_shows_both() -> None:
    terminal = Terminal()
    terminal.network.deliver(ORIGINATOR, "On the SIM")
    assert terminal.ask('AT+CPMS="ME","ME","ME"') == ["+CPMS: 0,100,0,100,0,100", "OK"]
    terminal.network.deliver(ORIGINATOR, "In the modem")

    assert terminal.ask('AT+CPMS="MT"') == ["+CPMS: 2,130,1,100,1,100", "OK"]
    assert [line for line in terminal.ask("AT+CMGL=4") if line.startswith("+CMGL")] == [
        "+CMGL: 1,0,,30",
        "+CMGL: 101,0,,28",
    ]
    assert terminal.ask("AT+CMGD=101;+CMGD=?") == ["+CMGD: (1),(0-4)", "OK"]
    assert terminal.ask('AT+CPMS="XX"') == ["+CMS ERROR: 302"]
    assert terminal.ask("AT+CPMS=?")[0] == '+CPMS: ("SM","ME","MT"),("SM","ME","MT"),("SM","ME","MT")'


@virtual_time
async def test_some_modems_select_fewer_memories_and_count_nothing() -> None:
    profile = dataclasses.replace(GENERIC, cpms=(("SM", "ME"),) * 2, cpms_counts=False)
    terminal = Terminal(profile)

    assert terminal.ask('AT+CPMS="ME","ME"') == ["OK"]
    assert terminal.ask('AT+CPMS="ME","ME","ME"') == ["+CMS ERROR: 302"]
    assert terminal.ask("AT+CPMS=?") == ['+CPMS: ("SM","ME"),("SM","ME")', "OK"]


@virtual_time
async def test_every_profile_refuses_what_it_only_advertises() -> None:
    assert Terminal("sim800").ask("AT+CNMI=2,1,0,2,0") == ["+CMS ERROR: 303"]
    assert Terminal("e3372").ask("AT+CNMI=2,1,0,1,0") == ["+CMS ERROR: 303"]
    assert Terminal("sim7600").ask("AT+CNMI=2,1,0,1,0") == ["+CMS ERROR: 303"]


@virtual_time
async def test_messages_of_data_and_of_nonsense_are_kept() -> None:
    terminal = Terminal()
    data = build_submits(RECIPIENT, b"\x00\x01", concat_ref=1, port=2948)[0].to_bytes()
    submitted = Submitted(0.0, "modem", 0, RECIPIENT, data)
    nonsense = Submitted(1.0, "modem", 1, RECIPIENT, b"\x01")

    first, second = messages_of([submitted, nonsense])

    assert (first.data, first.text, first.segments) == (b"\x00\x01", None, 1)
    assert (second.data, second.text, second.copies) == (None, None, (1,))
    assert terminal.network.messages() == []


@pytest.mark.parametrize(
    ("text", "message_class", "dcs"),
    [("Hello", None, 0x00), ("Hello", 0, 0x10), ("Привет", None, 0x08), (b"\x01", None, 0x04)],
)
@virtual_time
async def test_every_coding_is_accepted(text: str | bytes, message_class: int | None, dcs: int) -> None:
    terminal = Terminal()
    submit = build_submits(RECIPIENT, text, concat_ref=1, message_class=message_class, valid_for=3600)[0]
    pdu, length = encode_pdu(submit)

    terminal.ask(f"AT+CMGS={length}")
    terminal.type(pdu + "\x1a")

    assert terminal.seen() == ["+CMGS: 0", "OK"]
    assert Submit.from_bytes(terminal.network.submits[0].tpdu).dcs.octet == dcs


@pytest.mark.parametrize(("dcs", "octets"), [(0xF1, 5), (0xF5, 5), (0xC8, 5), (0xE0, 4)])
@virtual_time
async def test_the_length_of_every_coding_group_is_known(dcs: int, octets: int) -> None:
    in_septets = dcs in {0xF1, 0xC8}
    length = octets * 8 // 7 if in_septets else octets
    tpdu = bytes.fromhex("01000C9194711132547600") + bytes((dcs, length)) + bytes(octets)

    assert check_submit(tpdu) == RECIPIENT
    with pytest.raises(ValueError, match="does not fit"):
        check_submit(tpdu + b"\0")


@virtual_time
async def test_a_listener_hears_of_each_submit_until_it_leaves() -> None:
    terminal = Terminal()
    heard: list[Submitted] = []
    leave = terminal.network.on_submit(heard.append)
    terminal.send("One")
    leave()
    terminal.send("Two")

    assert heard == terminal.network.submits[:1]


@virtual_time
async def test_a_memory_for_reports_fills_up_too() -> None:
    terminal = Terminal("sim7600")
    terminal.ask("AT+CNMI=2,1,0,2")
    for number in range(21):
        terminal.send(f"Message {number}", dlr=True)
    await asyncio.sleep(1)

    assert terminal.seen()[-2:] == ['+CDSI: "SR",19', "SMS FULL"]
    assert terminal.network.waiting() == 1


@virtual_time
async def test_messages_for_the_sim_are_stored_and_those_for_the_terminal_handed_over() -> None:
    terminal = Terminal()
    for_sim = Deliver(oa=Address.of(ORIGINATOR), dcs=Dcs.of(Encoding.GSM7, 2)).to_bytes()
    for_terminal = Deliver(oa=Address.of(ORIGINATOR), dcs=Dcs(0xF3)).to_bytes()

    terminal.ask("AT+CNMI=2,2")
    terminal.network.deliver_tpdu(for_sim)
    assert terminal.seen() == ['+CMTI: "SM",1']
    terminal.ask("AT+CNMI=2,3")
    terminal.network.deliver_tpdu(for_terminal)
    assert terminal.seen()[0] == f"+CMT: ,{len(for_terminal)}"


@virtual_time
async def test_a_broken_pdu_is_not_stored() -> None:
    terminal = Terminal()

    for pdu in ("0001", "nonsense"):
        terminal.ask("AT+CMGW=19")
        terminal.type(f"{pdu}\x1a")
        assert terminal.seen() == ["+CMS ERROR: 304"]


@virtual_time
async def test_when_both_memories_are_full_mt_is_full() -> None:
    memory = build_memories({"SM": 1, "ME": 1}, 0)["MT"]
    slot = Slot(b"\0", 0)

    assert [memory.add(slot) for _ in range(3)] == [0, 1, None]
    assert memory.first_index == 0
    assert memory.delete(1)
    assert not memory.delete(1)
