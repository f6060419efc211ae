"""From an open port to a ready modem."""

from __future__ import annotations

import asyncio

import pytest

from sms_bridge.modem.errors import ModemError, NotSent, NotSentReason
from sms_bridge.modem.model import Phase
from sms_bridge.modem.profiles import PROFILES, detect, gap_of
from tests.support.virtual_time import virtual_time

from .bench import Pins, bench, running
from .fake import ICCID, IMEI, IMSI, FakeModem, in_turn
from .transcript import load


def started(fake: FakeModem, command: str) -> int:
    """How often a command was heard."""
    return fake.heard.count(command)


@virtual_time
async def test_q01_a_modem_stuck_in_its_prompt_is_freed_without_submitting() -> None:
    fake = FakeModem(script=load("q01_stuck_in_prompt"))
    async with running(fake):
        assert not fake.script
        assert not any("^Z" in heard for heard in fake.heard)


@virtual_time
async def test_q02_a_modem_that_loses_its_first_command_is_asked_again() -> None:
    fake = FakeModem(script=load("q02_first_command_lost"))
    async with running(fake):
        assert not fake.script
        assert fake.openings == 1


@virtual_time
async def test_q03_a_modem_that_refuses_everything_is_restarted_once() -> None:
    fake = FakeModem(script=load("q03_everything_refused"))
    async with running(fake):
        assert not fake.script
        assert started(fake, "AT+CFUN=1,1") == 1
        assert fake.openings == 1


@virtual_time
async def test_q03_a_modem_that_goes_on_refusing_is_not_restarted_for_ever() -> None:
    fake = FakeModem({"ATE0": ["ERROR"], "AT+CFUN=1,1": ["OK"]})
    async with running(fake, until=Phase.ERROR):
        assert started(fake, "AT+CFUN=1,1") == 1


def test_q09_vendors_notices_disturb_nothing() -> None:
    notices = (
        "^RSSI: 18",
        '^HCSQ:"LTE",40,40,100,20',
        "^DSFLOWRPT:0000,00,00",
        "^BOOT:1,0,0,0,6",
        "^MODE:5,4",
        "^SRVST:2",
        "^SIMST:1",
        "^STIN: 0,0,0",
        '^NWTIME:"26/11/20,10:00:00+04,00"',
        "^CSNR:1,2",
        "+ZUSIMR:2",
        '+ZDONR: "Net",262,01,"CS_PS","ROAM_OFF"',
        "+ZPASR: 1",
        "+ZEND",
        "+QIND: SMS DONE",
        "+CNSMOD: 8",
        "+NITZ: 1",
        "#STN: 37",
        "+CIEV: 2,3",
        "PB DONE",
        "SMS DONE",
        "+PBREADY",
        "Call Ready",
        "SMS Ready",
        "UNDER-VOLTAGE WARNNING",
    )

    @virtual_time
    async def run() -> None:
        fake = FakeModem()

        def noisily(text: str) -> list[str]:
            return [*notices, *(["+CSQ: 11,99"] if text == "AT+CSQ" else []), *notices, "OK"]

        for command in ("AT", "ATE0", "AT+CMGF=0", "AT+CSQ"):
            fake.answers[command] = noisily
        async with running(fake) as made:
            assert made.status.signal_dbm == -91
            assert fake.openings == 1

    run()


@pytest.mark.parametrize("notice", ["RDY", "^SYSSTART", "POWERED DOWN", "NORMAL POWER DOWN"])
def test_q09_a_restarted_modem_is_prepared_anew(notice: str) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            before = started(made.fake, "AT+CMGF=0")
            made.fake.say(notice)
            await made.until(lambda: made.status.phase is Phase.SYNC)
            await made.until(lambda: made.status.phase is Phase.READY)
            assert started(made.fake, "AT+CMGF=0") == before + 1
            assert made.fake.openings == 1

    run()


@virtual_time
async def test_q09_call_ready_long_after_the_start_means_another_start() -> None:
    async with running() as made:
        made.fake.say("Call Ready")
        await asyncio.sleep(61)
        assert started(made.fake, "ATE0") == 1
        made.fake.say("Call Ready")
        await made.until(lambda: started(made.fake, "ATE0") == 2)


@virtual_time
async def test_q10_huawei_sticks_are_told_to_be_quiet() -> None:
    fake = FakeModem({"AT+CGMI": ["huawei", "OK"], "AT+CGMM": ["E3372", "OK"]})
    async with running(fake) as made:
        assert made.status.profile == "e3372"
        assert {"AT^CURC=0", "AT^PORTSEL=1", "AT+CFUN=1"} <= set(fake.heard)


@virtual_time
async def test_q11_a_sim_that_is_busy_after_its_pin_is_waited_for() -> None:
    fake = FakeModem(script=load("q11_sim_busy_after_pin"))
    async with running(fake, pin="1234") as made:
        assert not fake.script
        assert fake.openings == 1
        assert made.pins.log == [
            *(f"try {ICCID}", f"try imei:{IMEI}"),
            *(f"accepted {ICCID}", f"accepted imei:{IMEI}"),
        ]


@virtual_time
async def test_q11_a_sim_that_stays_busy_is_told_to_people() -> None:
    fake = FakeModem({"AT+CPIN?": ["+CME ERROR: 14"]})
    async with running(fake, until=Phase.ERROR) as made:
        assert "not become ready" in (made.status.detail or "")
        with pytest.raises(NotSent) as caught:
            await made.send()
        assert caught.value.reason is NotSentReason.SIM


LOCKED = {"AT+CPIN?": ["+CPIN: SIM PIN", "OK"]}


@pytest.mark.parametrize(
    "answer", ["+CME ERROR: 16", "+CME ERROR: 12", "ERROR", "+CME ERROR: incorrect password"]
)
def test_q12_a_wrong_pin_is_never_tried_twice(answer: str) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({**LOCKED, 'AT+CPIN="1234"': [answer]})
        async with running(fake, pin="1234", until=Phase.ERROR) as made:
            await made.until(lambda: fake.openings > 5)
            assert started(fake, 'AT+CPIN="1234"') == 1
            assert "PIN" in (made.status.detail or "")
        again = FakeModem(dict(fake.answers))
        async with running(again, pin="1234", pins=made.pins, until=Phase.ERROR):
            assert started(again, 'AT+CPIN="1234"') == 0

    run()


@virtual_time
async def test_q12_the_attempt_is_recorded_before_it_is_made() -> None:
    fake = FakeModem(LOCKED)
    pins = Pins()
    seen: list[list[str]] = []

    def tried(_text: str) -> list[str]:
        seen.append(list(pins.log))
        return []

    fake.answers['AT+CPIN="1234"'] = tried
    async with running(fake, pin="1234", pins=pins, until=Phase.ERROR):
        assert seen == [[f"try {ICCID}", f"try imei:{IMEI}"]]


@virtual_time
async def test_q12_a_port_lost_while_the_pin_is_tried_counts_as_tried() -> None:
    fake = FakeModem(LOCKED)

    def lose(_text: str) -> list[str]:
        fake.lose()
        return []

    fake.answers['AT+CPIN="1234"'] = lose
    async with running(fake, pin="1234", until=Phase.ERROR) as made:
        await made.until(lambda: fake.openings > 3)
        assert started(fake, 'AT+CPIN="1234"') == 1
        assert "not tried again" in (made.status.detail or "")


@virtual_time
async def test_q12_the_last_attempt_is_left_to_a_person() -> None:
    fake = FakeModem({**LOCKED, 'AT+CPINR="SIM PIN"': ["+CPINR: SIM PIN,1,3", "OK"]})
    async with running(fake, pin="1234", until=Phase.ERROR) as made:
        assert not any(heard.startswith("AT+CPIN=") for heard in fake.heard)
        assert "one attempt" in (made.status.detail or "")


@virtual_time
async def test_q12_a_pin_that_the_sim_did_not_look_at_is_tried_again() -> None:
    fake = FakeModem(
        {
            "AT+CPIN?": in_turn(["+CPIN: SIM PIN", "OK"], ["+CPIN: SIM PIN", "OK"], ["+CPIN: READY", "OK"]),
            'AT+CPINR="SIM PIN"': ["+CPINR: SIM PIN,3,3", "OK"],
            'AT+CPIN="1234"': in_turn(["+CME ERROR: 14"], ["OK"]),
        }
    )
    async with running(fake, pin="1234"):
        assert started(fake, 'AT+CPIN="1234"') == 2


@pytest.mark.parametrize(("first", "later"), [("ERROR", f"+CCID: {ICCID}"), (f"+CCID: {ICCID}", "ERROR")])
def test_q12_a_sim_whose_iccid_cannot_always_be_read_is_known_again(first: str, later: str) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({**LOCKED, "AT+CCID": [first, "OK"], 'AT+CPIN="1234"': ["+CME ERROR: 16"]})
        async with running(fake, pin="1234", until=Phase.ERROR) as made:
            fake.answers["AT+CCID"] = [later, "OK"]
            await made.until(lambda: fake.openings > 4)
            assert started(fake, 'AT+CPIN="1234"') == 1

    run()


@virtual_time
async def test_q12_another_sim_in_the_modem_gets_its_attempt() -> None:
    fake = FakeModem({**LOCKED, 'AT+CPIN="1234"': in_turn(["+CME ERROR: 16"], ["OK"])})
    async with running(fake, pin="1234", until=Phase.ERROR) as made:
        fake.answers["AT+CCID"] = ["+CCID: 8949017650000000099", "OK"]
        fake.answers["AT+CPIN?"] = in_turn(["+CPIN: SIM PIN", "OK"], ["+CPIN: READY", "OK"])
        await made.until(made.ready)
        assert started(fake, 'AT+CPIN="1234"') == 2


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (["+CPIN: SIM PUK", "OK"], "PUK"),
        (["+CME ERROR: 12"], "PUK"),
        (["+CPIN: SIM PIN", "OK"], "set `pin`"),
        (["+CME ERROR: 10"], "no SIM"),
        (["ERROR"], "no SIM"),
        (["+CME ERROR: 13"], "contacts"),
        (["+CPIN: PH-NET PIN", "OK"], "operator"),
    ],
)
def test_q12_people_are_told_what_the_sim_needs(answer: list[str], word: str) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CPIN?": answer})
        async with running(fake, until=Phase.ERROR) as made:
            assert word in (made.status.detail or "")
            assert not any(heard.startswith("AT+CPIN=") for heard in fake.heard)

    run()


@virtual_time
async def test_q12_a_sim_that_is_locked_again_is_unlocked_again() -> None:
    async with running(pin="1234") as made:
        answers = made.fake.answers
        answers["AT+CREG?"], answers["AT+CGREG?"] = ["+CREG: 1,0", "OK"], ["+CGREG: 1,0", "OK"]
        answers["AT+CPIN?"] = in_turn(*[["+CPIN: SIM PIN", "OK"]] * 2, ["+CPIN: READY", "OK"])
        answers['AT+CPIN="1234"'] = ["OK"]
        await made.until(lambda: started(made.fake, 'AT+CPIN="1234"') == 1)
        answers["AT+CREG?"] = ["+CREG: 1,1", "OK"]
        await made.until(made.ready)


@pytest.mark.parametrize("pin", ["12", "1234\r", "12ab", ""])
def test_a_pin_that_is_none_never_reaches_the_wire(pin: str) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem(LOCKED)
        async with running(fake, pin=pin, until=Phase.ERROR):
            assert not any(heard.startswith("AT+CPIN=") for heard in fake.heard)

    run()


@pytest.mark.parametrize(
    ("offered", "refused", "chosen"),
    [
        ("(0-2),(0-3),(0,2,3),(0-2),(0,1)", (), "2,1,0,1,0"),
        ("(0-2),(0-3),(0,2,3),(0-2),(0,1)", ("2,1,0,1,0",), "2,1,0,1,1"),
        ("(2),(0-1,3),(0,2),(0-1),(0)", (), "2,1,0,1,0"),
        ("(0-1),(0-1),(0),(0-1),(1)", (), "1,1,0,1,1"),
        ("(2),(1),(0),(0),(1)", (), "2,1,0,0,1"),
        ("(0-3)", (), "2,1"),
        ("(0,1,2),(0,1,2,3),(0,2),(0,2),(0)", (), "2,1,0,2,0"),
    ],
)
def test_q13_q14_new_messages_are_announced_as_the_modem_can(
    offered: str, refused: tuple[str, ...], chosen: str
) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CNMI=?": [f"+CNMI: {offered}", "OK"]})
        for values in refused:
            fake.answers[f"AT+CNMI={values}"] = ["+CMS ERROR: 303"]
        async with running(fake) as made:
            assert made.status.cnmi == chosen

    run()


@virtual_time
async def test_q13_a_modem_that_refuses_direct_reports_stores_them() -> None:
    fake = FakeModem({f"AT+CNMI={mode},1,0,1,{bfr}": ["ERROR"] for mode in (0, 1, 2, 3) for bfr in (0, 1)})
    async with running(fake) as made:
        assert made.status.cnmi == "2,1,0,2,0"


@virtual_time
async def test_q14_a_modem_that_does_not_tell_its_ranges_gets_the_usual_ones() -> None:
    fake = FakeModem({"AT+CNMI=?": ["ERROR"]})
    async with running(fake) as made:
        assert made.status.cnmi == "2,1,0,1,0"


@virtual_time
async def test_q33_only_pdu_mode_is_used() -> None:
    async with running() as made:
        await made.send()
        heard = made.fake.heard
        assert "AT+CMGF=0" in heard
        assert not any(each.startswith(("AT+CSMP", "AT+CMGF=1", "AT+CSCS=", "AT+CSDH")) for each in heard)


@virtual_time
async def test_q34_a_configured_service_centre_replaces_the_sims() -> None:
    fake = FakeModem({'AT+CSCA="+491710760000",145': ["OK"]})
    async with running(fake, smsc="+491710760000"):
        assert 'AT+CSCA="+491710760000",145' in fake.heard


@virtual_time
async def test_q43_a_port_that_never_answers_is_told_to_people() -> None:
    fake = FakeModem()
    fake.silent = True
    async with running(fake, until=Phase.ERROR) as made:
        assert "AT port" in (made.status.detail or "")


@virtual_time
async def test_q44_while_nothing_answers_other_bit_rates_are_tried() -> None:
    fake = FakeModem()
    fake.silent = True
    async with running(fake, until=None) as made:
        await made.until(lambda: fake.baudrates and fake.baudrates[-1] == 57600)
        fake.silent = False
        await made.until(lambda: made.status.phase is Phase.READY)
        assert fake.baudrates == [115200, 9600, 57600]
        fake.lose()
        await made.until(lambda: fake.openings == 4)
        assert fake.baudrates[-1] == 57600


@virtual_time
async def test_q47_answers_to_another_programs_commands_disturb_nothing() -> None:
    async with running() as made:
        made.fake.say('+COPS: (2,"Net","N","26201",7)', "OK", "+CSQ: 9,99", "OK")
        assert await made.send() == 1


@virtual_time
async def test_q48_another_modem_on_the_port_is_not_used() -> None:
    async with running(imei="111111111111111", until=Phase.ERROR) as made:
        assert "Another modem" in (made.status.detail or "")
        with pytest.raises(ModemError):
            await made.send()


@virtual_time
async def test_q48_another_sim_in_the_modem_is_not_used() -> None:
    async with running(imsi="262010000000009", until=Phase.ERROR) as made:
        assert "Another SIM" in (made.status.detail or "")


@virtual_time
async def test_q49_a_changed_sim_is_prepared_and_read_anew() -> None:
    async with running() as made:
        assert made.status.imsi == IMSI
        made.fake.answers["AT+CIMI"] = ["262010000000009", "OK"]
        made.fake.store(
            "SM", 1, "0791947101670000040C9194711032547600006211021015004005C8309BFD06", announce=False
        )
        made.fake.say("+CPIN: NOT READY")
        await made.until(lambda: made.status.phase is not Phase.READY)
        await made.until(lambda: made.status.phase is Phase.READY)
        await made.until(lambda: made.events.pdus)
        assert made.status.imsi == "262010000000009"
        assert made.events.pdus[-1].sim == "262010000000009"


@virtual_time
async def test_q50_the_search_for_operators_is_never_started() -> None:
    async with running() as made:
        await asyncio.sleep(600)
        assert "AT+COPS?" in made.fake.heard
        others = ("AT+COPS=?", "AT+COPS=0", "AT+COPS=1", "AT+COPS=2", "AT+CLCC")
        assert not any(heard.startswith(others) for heard in made.fake.heard)


@pytest.mark.parametrize(
    ("manufacturer", "model", "key"),
    [
        ("SIMCOM_Ltd", "SIMCOM_SIM800L", "sim800"),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H", "sim7600"),
        ("INCORPORATED", "A7670E-FASE", "a7670"),
        ("Quectel", "EC25", "ec25"),
        ("huawei", "E3372", "e3372"),
        ("ZTE CORPORATION", "MF710M", "zte"),
        ("Cinterion", "EHS6", "generic"),
        (None, None, "generic"),
    ],
)
def test_modems_are_recognised(manufacturer: str | None, model: str | None, key: str) -> None:
    assert detect(manufacturer, model).key == key


@virtual_time
async def test_a_configured_profile_beats_recognition() -> None:
    async with running(profile="sim800") as made:
        assert made.status.profile == "sim800"


def test_q46_only_ports_without_usb_pause_between_commands() -> None:
    assert gap_of(PROFILES["generic"], "/dev/ttyAMA0") > 0
    assert gap_of(PROFILES["generic"], "/dev/ttyUSB2") == 0
    assert gap_of(PROFILES["sim800"], "/dev/ttyUSB0") > 0
    assert gap_of(PROFILES["ec25"], "/dev/ttyS1") == 0


@virtual_time
async def test_the_constructor_only_assigns() -> None:
    made = bench()
    assert made.fake.openings == 0
    assert made.status.phase is Phase.OFFLINE
