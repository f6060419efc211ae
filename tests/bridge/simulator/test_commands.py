"""How the simulated modem reads command lines and answers them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from sms_bridge.simulator.network import Network
from sms_bridge.simulator.profiles import PROFILES
from tests.bridge.simulator.terminal import ORIGINATOR, Terminal
from tests.support.virtual_time import virtual_time


@virtual_time
async def test_a_fresh_modem_echoes_what_it_is_told() -> None:
    terminal = Terminal()
    terminal.type("ATE1\r")
    terminal.raw()

    terminal.type("AT+CSQ\r")

    assert terminal.raw() == b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n"


@virtual_time
async def test_commands_may_come_one_byte_at_a_time_and_several_at_once() -> None:
    terminal = Terminal()

    for byte in "AT+CPIN?\rAT\r":
        terminal.type(byte)

    assert terminal.seen() == ["+CPIN: READY", "OK", "OK"]


@virtual_time
async def test_a_line_may_hold_several_commands_and_ends_at_the_first_error() -> None:
    terminal = Terminal()

    assert terminal.ask("AT+CSQ;+CREG?") == ["+CSQ: 20,99", "+CREG: 0,1", "OK"]
    assert terminal.ask("AT+CMEE=2;+NONSENSE;+CSQ") == ["ERROR"]
    assert terminal.ask("AT+CMEE?") == ["+CMEE: 2", "OK"]


@virtual_time
async def test_basic_commands_may_be_run_together() -> None:
    terminal = Terminal()

    assert terminal.ask("ATQ0 V1E0 S0=0 &C1&D2 +FCLASS=0") == ["OK"]
    assert terminal.ask("ATS0?") == ["S0: 0", "OK"]
    assert terminal.ask("AT") == ["OK"]


@virtual_time
async def test_a_line_that_is_no_command_is_ignored_or_refused() -> None:
    terminal = Terminal()

    assert terminal.ask("HELLO") == []
    assert terminal.ask("AT!") == ["ERROR"]
    assert terminal.ask("AT+NONSENSE=1") == ["ERROR"]


@virtual_time
async def test_result_codes_are_numbers_after_atv0() -> None:
    terminal = Terminal()
    terminal.ask("ATV0")

    terminal.type("AT+CSQ\r")
    assert terminal.raw() == b"+CSQ: 20,99\r\n0\r"
    terminal.type("AT+NONSENSE\r")
    assert terminal.raw() == b"4\r"


@pytest.mark.parametrize(
    ("level", "answer"),
    [("0", "ERROR"), ("1", "+CME ERROR: 16"), ("2", "+CME ERROR: incorrect password")],
)
@virtual_time
async def test_an_error_is_written_as_cmee_wants_it(level: str, answer: str) -> None:
    terminal = Terminal(pin="1234")
    terminal.ask(f"AT+CMEE={level}")

    assert terminal.ask('AT+CPIN="0000"') == [answer]


@virtual_time
async def test_settings_are_read_tested_and_checked() -> None:
    terminal = Terminal()

    assert terminal.ask("AT+CNMI=2,1,,1") == ["OK"]
    assert terminal.ask("AT+CNMI?") == ["+CNMI: 2,1,0,1,0", "OK"]
    assert terminal.ask("AT+CNMI=?") == ["+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)", "OK"]
    assert terminal.ask("AT+CNMI=2,9") == ["+CMS ERROR: 303"]
    assert terminal.ask('AT+CSCS="UCS2"') == ["OK"]
    assert terminal.ask("AT+CSCS?") == ['+CSCS: "UCS2"', "OK"]
    assert terminal.ask('AT+CSCS="KLINGON"') == ["+CME ERROR: 50"]
    assert terminal.ask("ATZ;E0") == ["OK"]
    assert terminal.ask("AT+CNMI?") == ["+CNMI: 0,0,0,0,0", "OK"]


@virtual_time
async def test_strings_follow_the_character_set() -> None:
    terminal = Terminal()
    assert terminal.ask("AT+COPS?") == ['+COPS: 0,0,"Simulated",7', "OK"]

    terminal.ask('AT+CSCS="UCS2"')

    assert terminal.ask("AT+COPS?") == ['+COPS: 0,0,"00530069006D0075006C0061007400650064",7', "OK"]
    terminal.ask("AT+COPS=3,2")
    assert terminal.ask("AT+COPS?") == ['+COPS: 0,2,"26201",7', "OK"]


@pytest.mark.parametrize("name", PROFILES)
@virtual_time
async def test_every_profile_tells_who_it_is(name: str) -> None:
    profile = PROFILES[name]
    terminal = Terminal(name)

    assert terminal.ask("AT+CGMI") == [profile.manufacturer, "OK"]
    assert terminal.ask("ATI") == [profile.manufacturer, profile.model, profile.revision, "OK"]
    assert terminal.ask("AT+CGSN") == [profile.imei, "OK"]
    assert terminal.ask("AT+CIMI") == [terminal.modem.sim.imsi, "OK"]
    assert terminal.ask("AT+CNUM") == ['+CNUM: "","+4917650000001",145', "OK"]


@pytest.mark.parametrize(
    ("profile", "command", "answer"),
    [
        ("generic", "AT+CCID", "+CCID: 8949017650000000013"),
        ("sim800", "AT+CCID", "8949017650000000013"),
        ("ec25", "AT+QCCID", "+QCCID: 8949017650000000013F"),
        ("e3372", "AT^ICCID?", "^ICCID: 8949017650000000013"),
        ("sim7600", "AT+CICCID", "+ICCID: 8949017650000000013"),
        ("generic", "AT+CBC", "+CBC: 0,100,4100"),
        ("generic", "AT+CESQ", "+CESQ: 99,99,255,255,20,50"),
        ("generic", "AT+CPAS", "+CPAS: 0"),
        ("generic", "AT+GCAP", "+GCAP: +CGSM"),
        ("generic", "AT+CSCA?", '+CSCA: "+491710760000",145'),
        ("generic", 'AT+CLCK="SC",2', "+CLCK: 0"),
        ("sim800", "AT+CEREG?", "ERROR"),
        ("sim7600", "AT+CREG?", "+CREG: 0,6"),
    ],
)
@virtual_time
async def test_what_a_modem_knows_depends_on_its_family(profile: str, command: str, answer: str) -> None:
    assert Terminal(profile).ask(command)[0] == answer


@virtual_time
async def test_losing_and_finding_the_network_is_announced_where_asked() -> None:
    terminal = Terminal()
    terminal.ask("AT+CREG=1;+CEREG=2")

    terminal.modem.lose_network(30)
    assert terminal.seen() == ["+CREG: 2", "+CEREG: 2"]
    assert terminal.ask("AT+CSQ;+COPS?") == ["+CSQ: 99,99", "+COPS: 0", "OK"]

    await asyncio.sleep(31)
    assert terminal.seen() == ["+CREG: 1", '+CEREG: 1,"00C3","01A2B3C4",7']


@virtual_time
async def test_without_full_functionality_there_is_no_network() -> None:
    terminal = Terminal()

    assert terminal.ask("AT+CFUN=4;+CREG?") == ["+CREG: 0,0", "OK"]
    assert terminal.send() == ["+CMS ERROR: 331"]
    assert terminal.ask("AT+CFUN=1;+CFUN?;+CREG?") == ["+CFUN: 1", "+CREG: 0,1", "OK"]


@virtual_time
async def test_a_locked_sim_does_nothing_until_its_pin_came() -> None:
    terminal = Terminal("sim800", pin="1234")

    assert terminal.ask("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]
    assert terminal.ask("AT+CREG?") == ["+CREG: 0,0", "OK"]
    assert terminal.ask("AT+CIMI") == ["+CME ERROR: 11"]
    assert terminal.ask("AT+CMGL=4") == ["+CMS ERROR: 311"]
    assert terminal.ask('AT+CPIN="1234"') == ["OK"]
    assert terminal.ask("AT+CIMI") == ["+CME ERROR: 14"]
    assert terminal.ask("AT+CMGL=4") == ["+CMS ERROR: 314"]
    await asyncio.sleep(3)
    assert terminal.seen() == ["Call Ready", "SMS Ready"]
    assert terminal.ask("AT+CMGL=4;+CREG?") == ["+CREG: 0,1", "OK"]


@virtual_time
async def test_three_wrong_pins_block_the_sim_and_the_puk_opens_it() -> None:
    terminal = Terminal(pin="1234")

    assert terminal.ask('AT+CPIN="0000"') == ["+CME ERROR: 16"]
    assert terminal.ask("AT+CPINR") == ["+CPINR: SIM PIN,2,3", "+CPINR: SIM PUK,10,10", "OK"]
    assert terminal.ask('AT+CPIN="0000"') == ["+CME ERROR: 16"]
    assert terminal.ask('AT+CPIN="0000"') == ["+CME ERROR: 12"]
    assert terminal.ask("AT+CPIN?") == ["+CPIN: SIM PUK", "OK"]
    assert terminal.ask('AT+CPIN="1234"') == ["+CME ERROR: 12"]
    assert terminal.ask('AT+CPIN="87654321","4321"') == ["+CME ERROR: 12"]
    assert terminal.ask('AT+CPIN="12345678","4321"') == ["OK"]
    assert terminal.ask("AT+CPIN?") == ["+CPIN: READY", "OK"]
    assert terminal.modem.sim.wrong_codes == 4


@virtual_time
async def test_a_modem_without_sim_says_so() -> None:
    terminal = Terminal()
    terminal.modem.sim.present = False

    assert terminal.ask("AT+CPIN?") == ["+CME ERROR: 10"]
    assert terminal.ask("AT+CMGL=4") == ["+CMS ERROR: 310"]


@virtual_time
async def test_an_incoming_call_rings_until_it_is_hung_up() -> None:
    terminal = Terminal()
    terminal.ask("AT+CLIP=1")

    terminal.modem.calls.ring(ORIGINATOR, 30)
    await asyncio.sleep(6)

    assert terminal.seen() == ["RING", f'+CLIP: "{ORIGINATOR}",145,"",,"",0'] * 2
    assert terminal.ask("AT+CLCC") == [f'+CLCC: 1,1,4,0,0,"{ORIGINATOR}",145', "OK"]
    assert terminal.ask("AT+CHUP=?;+CLCC=?") == ["OK"]
    assert terminal.ask("AT+CHUP;+CLCC") == ["OK"]
    await asyncio.sleep(30)
    assert terminal.seen() == []
    assert terminal.modem.calls.hung_up == 1


@virtual_time
async def test_a_caller_who_gives_up_ends_the_call() -> None:
    terminal = Terminal()
    terminal.ask("AT+CRC=1")

    terminal.modem.calls.ring("", 3)
    await asyncio.sleep(4)

    assert terminal.seen() == ["+CRING: VOICE", "NO CARRIER"]
    assert terminal.ask("ATA") == ["NO CARRIER"]


@virtual_time
async def test_calls_are_answered_and_made() -> None:
    terminal = Terminal()
    terminal.modem.calls.ring(ORIGINATOR, 30)

    assert terminal.ask("ATA")[-1] == "OK"
    assert terminal.ask("ATH") == ["OK"]
    assert terminal.ask(f"ATD{ORIGINATOR};") == ["OK"]
    assert terminal.ask("AT+CLCC") == [f'+CLCC: 1,0,0,0,0,"{ORIGINATOR}",145', "OK"]
    assert terminal.ask("ATD*99#") == ["NO CARRIER"]


@pytest.mark.parametrize(
    ("profile", "charset", "request_text", "answer"),
    [
        ("generic", "GSM", "*100#", '+CUSD: 0,"Balance: 12.34 EUR",15'),
        ("ec25", "GSM", "*100#", '+CUSD: 0,"Balance: 12.34 EUR",15'),
        ("e3372", "GSM", "AA180C3602", '+CUSD: 0,"C2303BEC1E9775A098CC35A3818A5529",15'),
        (
            "ec25",
            "UCS2",
            "002A0031003000300023",
            '+CUSD: 0,"00420061006C0061006E00630065003A002000310032002E003300340020004500550052",72',
        ),
    ],
)
@virtual_time
async def test_ussd_speaks_as_the_family_does(
    profile: str, charset: str, request_text: str, answer: str
) -> None:
    terminal = Terminal(profile)
    terminal.ask(f'AT+CSCS="{charset}"')
    terminal.modem.noisy = False

    assert terminal.ask(f'AT+CUSD=1,"{request_text}",15') == ["OK"]
    await asyncio.sleep(1)

    assert terminal.seen() == [answer]


@virtual_time
async def test_a_ussd_menu_is_answered_or_cancelled() -> None:
    terminal = Terminal()

    terminal.ask('AT+CUSD=1,"*101#"')
    await asyncio.sleep(1)
    assert terminal.raw() == b'\r\n+CUSD: 1,"1 Balance\n2 Data",15\r\n'
    terminal.ask('AT+CUSD=1,"2"')
    await asyncio.sleep(1)
    assert terminal.seen() == ['+CUSD: 0,"5 GB left",15']

    terminal.ask('AT+CUSD=1,"*101#"')
    await asyncio.sleep(1)
    assert terminal.ask("AT+CUSD=2") == ["OK"]
    terminal.ask('AT+CUSD=1,"2"')
    await asyncio.sleep(1)
    assert terminal.seen() == ["+CUSD: 4"]


@virtual_time
async def test_a_ussd_text_beyond_the_alphabet_comes_as_ucs2() -> None:
    terminal = Terminal()
    terminal.network.ussd["*102#"] = "Баланс"

    terminal.ask('AT+CUSD=1,"*102#",15')
    await asyncio.sleep(1)

    assert terminal.seen() == ['+CUSD: 0,"04110430043B0430043D0441",72']


@virtual_time
async def test_a_huawei_stick_chatters_until_it_is_told_not_to() -> None:
    terminal = Terminal("e3372")
    await asyncio.sleep(11)
    assert "^RSSI:18" in terminal.seen()

    assert terminal.ask("AT^CURC=0") == ["OK"]
    await asyncio.sleep(60)

    assert terminal.seen() == []


@virtual_time
async def test_a_reboot_shows_the_lines_of_the_family_and_forgets_settings_and_pin() -> None:
    terminal = Terminal("sim800", pin="1234")
    terminal.ask('AT+CPIN="1234"')
    await asyncio.sleep(5)
    terminal.ask("AT+CNMI=2,1,0,1,0")

    assert terminal.ask("AT+CFUN=1,1") == ["OK"]
    assert terminal.ask("AT") == []
    await asyncio.sleep(5)

    assert terminal.seen() == ["RDY", "+CFUN: 1", "+CPIN: SIM PIN"]
    assert terminal.ask("ATE0;+CNMI?")[-1] == "+CMS ERROR: 311"
    assert terminal.modem.registers["+CNMI"] == "2,1,0,0,0"


@virtual_time
async def test_a_command_beyond_all_measure_is_thrown_away() -> None:
    terminal = Terminal()

    terminal.type("A" * 5000)
    assert terminal.ask("AT") == ["OK"]


@virtual_time
async def test_the_clock_shows_the_networks_time_and_zone() -> None:
    moment = datetime(2026, 11, 20, 10, 30, 15, tzinfo=timezone(timedelta(hours=1)))
    terminal = Terminal(network=Network(clock=lambda: moment))

    assert terminal.ask("AT+CCLK?") == ['+CCLK: "26/11/20,10:30:15+04"', "OK"]
    assert terminal.ask('AT+CCLK="26/11/20,10:30:00+04"') == ["OK"]


@virtual_time
async def test_a_roaming_modem_shows_it() -> None:
    terminal = Terminal("sim7600")
    terminal.modem.lose_network(None)
    terminal.modem.roaming = True
    terminal.modem.find_network()

    assert terminal.ask("AT+CREG?;+CEREG?") == ["+CREG: 0,7", "+CEREG: 0,5", "OK"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("+CFUN", "+CFUN: (0,1,4),(0,1)"),
        ("+CSQ", "+CSQ: (0-31,99),(0-7,99)"),
        ("+COPS", '+COPS: (2,"Simulated","Simulated","26201",7),,(0-4),(0-2)'),
        ("+CLCK", '+CLCK: ("SC")'),
        ("+CSMS", "+CSMS: (0,1)"),
        ("+CMGL", "+CMGL: (0-4)"),
        ("+CNMA", "+CNMA: (0-2)"),
        ("+CMGF", "+CMGF: (0)"),
        *((name, "OK") for name in ("+CPIN", "+CIMI", "+CMGR", "+CMGS", "+CMGW", "+CMSS", "+CGMI", "+CNUM")),
    ],
)
@virtual_time
async def test_the_test_form_of_a_command_does_nothing(command: str, answer: str) -> None:
    assert Terminal().ask(f"AT{command}=?")[0] == answer


@virtual_time
async def test_a_wrong_parameter_is_refused() -> None:
    terminal = Terminal()

    assert terminal.ask("AT+CMGS") == ["+CME ERROR: 50"]
    assert terminal.ask("AT+CMGS=500") == ["+CMS ERROR: 304"]
    assert terminal.ask("AT+CFUN=9") == ["ERROR"]
    assert terminal.ask('AT+CLCK="XX",2') == ["+CME ERROR: 50"]
    assert terminal.ask('AT+CPIN="1234"') == ["+CME ERROR: 3"]


@virtual_time
async def test_the_service_centre_is_set_and_read() -> None:
    terminal = Terminal()

    assert terminal.ask('AT+CSCA="+49172",145;+CSCA?') == ['+CSCA: "+49172",145', "OK"]
