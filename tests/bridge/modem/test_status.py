"""Registration, signal, operator: what people see."""

from __future__ import annotations

import asyncio
import itertools
from functools import partial

import pytest

from sms_bridge.modem import replies
from sms_bridge.modem.commands import is_registration_reply
from sms_bridge.modem.errors import SendUnknown
from sms_bridge.modem.model import Phase, Registration
from sms_bridge.modem.registration import registration_of
from tests.support.virtual_time import virtual_time

from .bench import running
from .fake import ICCID, IMEI, IMSI, FakeModem


@virtual_time
async def test_a_ready_modem_tells_all_about_itself() -> None:
    async with running() as made:
        status = made.status
        assert (status.phase, status.detail, status.registration) == (Phase.READY, None, Registration.HOME)
        assert (status.manufacturer, status.model, status.firmware) == ("ACME", "M1", "1.0")
        assert (status.imei, status.imsi, status.iccid) == (IMEI, IMSI, ICCID)
        assert (status.number, status.operator, status.technology) == ("+4917650000001", "Testnet", "LTE")
        assert (status.signal_dbm, status.storages) == (-73, {"SM": (0, 30)})
        phases = [each.phase for each in made.events.statuses]
        assert list(dict.fromkeys(phases)) == ["opening", "sync", "sim", "registering", "ready"]


@pytest.mark.parametrize(
    ("stats", "meaning"),
    [
        ({1}, "home"),
        ({0, 2, 5}, "roaming"),
        ({6}, "home"),
        ({7}, "roaming"),
        ({9}, "home"),
        ({10}, "roaming"),
        ({1, 5}, "home"),
        ({2, 3}, "searching"),
        ({0, 3}, "denied"),
        ({0, 4}, None),
        (set(), None),
    ],
)
def test_q39_any_domain_that_is_registered_counts(stats: set[int], meaning: str | None) -> None:
    assert registration_of(stats) == meaning


@pytest.mark.parametrize(
    ("line", "stat"),
    [
        ("+CREG: 0,1", 1),
        ("+CREG: 0,01", 1),
        ('+CREG: 2,001,"00C3","1A2B",7', 1),
        ('+CEREG:2,5,"00C3","01A2B3C4",7', 5),
        ("+CREG: 1 , 5", 5),
        ("+CREG: 2,1,00C3,1A2B", 1),
    ],
)
def test_q39_replies_of_every_kind_are_read(line: str, stat: int) -> None:
    assert is_registration_reply(line)
    assert replies.read_registration([line]) == stat


@pytest.mark.parametrize("line", ["+CREG: 1", '+CREG: 1,"00C3","1A2B",7', '+CREG: 5,"0012","0034"'])
def test_q08_q39_a_change_is_not_taken_for_a_reply(line: str) -> None:
    assert not is_registration_reply(line)


@virtual_time
async def test_q39_lte_registration_alone_is_enough() -> None:
    fake = FakeModem(
        {"AT+CREG?": ["+CREG: 1,0", "OK"], "AT+CGREG?": ["ERROR"], "AT+CEREG?": ["+CEREG: 1,1", "OK"]}
    )
    async with running(fake) as made:
        assert made.status.registration is Registration.HOME


@pytest.mark.parametrize(
    ("operator", "phase"), [('+COPS: 0,0,"Net"', Phase.READY), ("+COPS: 0", Phase.REGISTERING)]
)
def test_q39_a_modem_that_cannot_be_asked_is_registered_if_it_names_its_operator(
    operator: str, phase: Phase
) -> None:
    @virtual_time
    async def run() -> None:
        refused = {key: ["ERROR"] for key in ("AT+CREG?", "AT+CGREG?", "AT+CEREG?")}
        async with running(FakeModem({**refused, "AT+COPS?": [operator, "OK"]}), until=phase) as made:
            await asyncio.sleep(5)
            assert made.status.phase is phase

    run()


@virtual_time
async def test_a_change_of_registration_is_seen_at_once() -> None:
    async with running() as made:
        await asyncio.sleep(3)
        made.fake.answers["AT+CREG?"] = ["+CREG: 1,3", "OK"]
        made.fake.answers["AT+CGREG?"] = ["+CGREG: 1,0", "OK"]
        made.fake.say("+CREG: 3")
        await made.until(lambda: made.status.registration is Registration.DENIED, within=3)
        assert made.status.phase is Phase.REGISTERING
        assert "refuses this SIM" in (made.status.detail or "")


@pytest.mark.parametrize(
    ("line", "dbm"),
    [
        ("+CSQ: 20,99", -73),
        ("+CSQ:0,0", -113),
        ("+CSQ: 31,99", -51),
        ("+CSQ: 99,99", None),
        ("+CSQ: 120,99", None),
    ],
)
def test_q40_signal_is_told_in_dbm(line: str, dbm: int | None) -> None:
    assert replies.read_signal([line]) == dbm


@pytest.mark.parametrize(
    ("line", "dbm"),
    [
        ("+CESQ: 99,99,255,255,20,50", -91),
        ("+CESQ: 99,99,40,20,255,255", -81),
        ("+CESQ: 30,3,255,255,255,255", -81),
        ("+CESQ: 99,99,255,255,255,255", None),
        ("+CESQ:", None),
    ],
)
def test_q40_extended_signal_is_told_in_dbm(line: str, dbm: int | None) -> None:
    assert replies.read_extended_signal([line]) == dbm


@virtual_time
async def test_q40_on_lte_the_extended_signal_is_asked_for() -> None:
    fake = FakeModem({"AT+CSQ": ["+CSQ: 99,99", "OK"], "AT+CESQ": ["+CESQ: 99,99,255,255,20,50", "OK"]})
    async with running(fake) as made:
        assert made.status.signal_dbm == -91


@pytest.mark.parametrize(
    ("line", "operator", "technology"),
    [
        ('+COPS: 0,0,"Testnet",7', "Testnet", "LTE"),
        ('+COPS: 0,0,"Test,net",2', "Test,net", "UMTS"),
        ('+COPS: 0,2,"26201"', "26201", None),
        ("+COPS: 0", None, None),
        ('+COPS: 0,0,"N",0', "N", "GSM"),
    ],
)
def test_the_operator_is_told(line: str, operator: str | None, technology: str | None) -> None:
    assert replies.read_operator([line]) == (operator, technology)


@virtual_time
async def test_an_idle_modem_is_watched() -> None:
    async with running() as made:
        await asyncio.sleep(1)
        before = len(made.fake.heard)
        await asyncio.sleep(31)
        assert "AT+CSQ" in made.fake.heard[before:]
        made.fake.silent = True
        await made.until(lambda: made.status.phase is Phase.ERROR, within=60)
        assert made.status.signal_dbm is None
        made.fake.silent = False
        await made.until(lambda: made.status.phase is Phase.READY, within=60)


@virtual_time
async def test_the_port_is_opened_again_and_again_with_growing_pauses() -> None:
    fake = FakeModem()
    fake.missing = True
    async with running(fake, until=Phase.ERROR) as made:
        loop = asyncio.get_running_loop()
        moments = []
        for opening in range(2, 12):
            await made.until(partial(fake.opened, opening))
            moments.append(loop.time())
        pauses = [b - a for a, b in itertools.pairwise(moments)]
        assert max(pauses) <= 30.1
        assert pauses[-1] > 20 > pauses[0]
        fake.missing = False
        await made.until(lambda: made.status.phase is Phase.READY)


@virtual_time
async def test_a_restart_is_begun_at_once() -> None:
    fake = FakeModem({"AT+CFUN=1,1": ["OK"]})
    async with running(fake) as made:
        await made.modem.restart()
        assert "AT+CFUN=1,1" in fake.heard
        await made.until(lambda: made.status.phase is not Phase.READY)
        await made.until(lambda: made.status.phase is Phase.READY)


@virtual_time
async def test_a_restart_does_not_wait_for_a_message_that_hangs() -> None:
    async with running() as made:
        made.fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        await asyncio.sleep(1)
        before = asyncio.get_running_loop().time()
        await made.modem.restart()
        assert asyncio.get_running_loop().time() - before < 11
        with pytest.raises(SendUnknown):
            await sending


@virtual_time
async def test_a_fault_in_the_users_code_ends_nothing() -> None:
    async with running() as made:
        made.events.fault = RuntimeError("fault")
        made.fake.answers["AT+CSQ"] = ["+CSQ: 5,99", "OK"]
        await made.until(lambda: made.status.signal_dbm == -103)
        assert await made.send() == 1
