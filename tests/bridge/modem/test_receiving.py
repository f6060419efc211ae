"""Inbound messages: announced, stored, delivered directly, swept, deleted."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from sms_bridge.modem.errors import CmsError, ModemError, NotStored
from sms_bridge.modem.model import ReceivedPdu, StoredAt
from tests.support.virtual_time import virtual_time

from .bench import DELIVER, OTHER, REPORT, Events, running
from .fake import IMSI, FakeModem, in_turn
from .transcript import load

TWO_STORAGES = {"AT+CPMS=?": ['+CPMS: ("ME","SM","MT"),("ME","SM"),("SM","ME")', "OK"]}
EC25 = {
    "AT+CGMI": ["Quectel", "OK"],
    "AT+CGMM": ["EC25", "OK"],
    "AT+CPMS=?": ['+CPMS: ("SM","ME","SR"),("SM","ME"),("SM","ME")', "OK"],
    "AT+CPMS?": ['+CPMS: "ME",0,255,"ME",0,255,"ME",0,255', "OK"],
}


@virtual_time
async def test_an_announced_message_is_read_at_once_with_one_command() -> None:
    async with running() as made:
        before = len(made.fake.heard)
        made.fake.store("SM", 3, DELIVER)
        await made.until(lambda: made.events.pdus, within=0.05)
        assert made.fake.heard[before:] == ["AT+CMGR=3"]
        assert made.events.pdus == [ReceivedPdu(hex=DELIVER, sim=IMSI, at=StoredAt("SM", 3))]


@virtual_time
async def test_q15_a_report_announced_elsewhere_is_found_and_the_message_there_left_alone() -> None:
    fake = FakeModem(EC25)
    async with running(fake, events=Events(delete=True)) as made:
        sweeps = len(made.events.sweeps)
        fake.script = deque(load("q15_report_announced_elsewhere"))
        fake.begin()
        await made.until(lambda: made.events.pdus)
        assert [(pdu.hex, pdu.at, pdu.report) for pdu in made.events.pdus] == [
            (REPORT, StoredAt("SR", 7), True)
        ]
        await made.until(lambda: "AT+CMGD=7" in fake.heard)
        assert "AT+CMGD=0" not in fake.heard
        assert made.status.cnmi == "2,1,0,1,0"
        await asyncio.sleep(1)
        assert len(made.events.sweeps) == sweeps


@virtual_time
async def test_q16_a_report_in_the_report_memory_is_read_there_and_the_storage_restored() -> None:
    fake = FakeModem({"AT+CPMS=?": ['+CPMS: ("SM","SR"),("SM"),("SM")', "OK"]})
    async with running(fake, events=Events(delete=True)) as made:
        assert made.status.cnmi == "2,1,0,2,0"
        fake.messages["SR"] = {2: REPORT}
        fake.say('+CDSI: "SR",2')
        await made.until(lambda: made.events.pdus)
        assert made.events.pdus[0].at == StoredAt("SR", 2)
        await made.until(lambda: not fake.messages["SR"])
        fake.store("SM", 1, DELIVER)
        await made.until(lambda: len(made.events.pdus) == 2)
        assert fake.selected == "SM"


@virtual_time
async def test_q17_without_acknowledgements_a_direct_message_is_just_taken() -> None:
    async with running() as made:
        made.fake.say("+CMT: ,24", DELIVER, f"+CDS: 25\r\n{REPORT}")
        await made.until(lambda: len(made.events.pdus) == 2)
        assert [(pdu.at, pdu.report) for pdu in made.events.pdus] == [(None, False), (None, True)]
        assert "AT+CNMA" not in made.fake.heard


ACKNOWLEDGED = {"AT+CSMS=0": ["+CMS ERROR: 303"], "AT+CSMS?": ["+CSMS: 1,1,1,1", "OK"]}


@virtual_time
async def test_q17_a_direct_message_is_acknowledged_after_it_is_committed_and_before_all_else() -> None:
    fake = FakeModem(ACKNOWLEDGED)
    events = Events()
    order: list[str] = []

    async def slowly(_pdu: ReceivedPdu) -> None:
        await asyncio.sleep(1)
        order.append("committed")

    def acknowledge(_text: str) -> list[str]:
        order.append("acknowledged")
        return ["OK"]

    events.before = slowly
    fake.answers["AT+CNMA"] = acknowledge
    async with running(fake, events=events) as made:
        fake.say("+CMT: ,24", DELIVER)
        await asyncio.sleep(0.9)
        fake.submit_answer = lambda _pdu: None
        sending = asyncio.create_task(made.send())
        waiting = asyncio.create_task(made.modem.sweep())
        await made.until(lambda: order == ["committed"])
        await asyncio.sleep(0.1)
        before = len(fake.heard)
        fake.say("+CMGS: 1", "OK")
        await sending
        await waiting
        assert order[:2] == ["committed", "acknowledged"]
        assert fake.heard[before] == "AT+CNMA"


@virtual_time
async def test_q17_an_acknowledgement_that_nobody_expects_is_no_fault() -> None:
    fake = FakeModem({**ACKNOWLEDGED, "AT+CNMA": ["+CMS ERROR: 340"]})
    async with running(fake) as made:
        fake.say("+CMT: ,24", DELIVER)
        await made.until(lambda: made.events.pdus)
        sweeps = len(made.events.sweeps)
        await asyncio.sleep(1)
        assert len(made.events.sweeps) == sweeps


@virtual_time
async def test_q17_a_message_that_was_not_committed_is_not_acknowledged() -> None:
    fake = FakeModem(ACKNOWLEDGED)
    events = Events()

    async def broken(_pdu: ReceivedPdu) -> None:
        raise OSError("disk full")

    events.before = broken
    async with running(fake, events=events):
        fake.say("+CMT: ,24", DELIVER)
        await asyncio.sleep(5)
        assert "AT+CNMA" not in fake.heard


@virtual_time
async def test_q17_an_announcement_that_the_modem_has_switched_off_is_renewed() -> None:
    async with running(FakeModem(ACKNOWLEDGED)) as made:
        made.fake.heard.clear()
        await made.modem.sweep()
        assert made.fake.heard[0] == f"AT+CNMI={made.status.cnmi}"
    async with running() as made:
        made.fake.heard.clear()
        await made.modem.sweep()
        assert not any(heard.startswith("AT+CNMI") for heard in made.fake.heard)


@virtual_time
async def test_q18_only_profiles_with_that_fault_are_marked_as_storing_twice() -> None:
    fake = FakeModem({"AT+CGMI": ["SIMCOM", "OK"], "AT+CGMM": ["A7670E", "OK"]})
    async with running(fake) as made:
        fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        assert made.events.pdus[0].double_store
    async with running() as made:
        made.fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        assert not made.events.pdus[0].double_store


@pytest.mark.parametrize("urc", ['+CMTI: "SM",-1', "+CMTI: ,-1", '+CMTI: "SL",1', "+CMTI:", '+CMTI: "MT",4'])
def test_q19_an_unreadable_place_makes_a_sweep(urc: str) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            made.fake.store("SM", 5, DELIVER, announce=False)
            made.fake.say(urc)
            await made.until(lambda: made.events.pdus, within=1)
            assert made.events.places == [StoredAt("SM", 5)]

    run()


@virtual_time
async def test_q20_places_may_begin_at_zero() -> None:
    async with running(events=Events(delete=True)) as made:
        made.fake.store("SM", 0, DELIVER)
        await made.until(lambda: "AT+CMGD=0" in made.fake.heard)
        assert made.events.places == [StoredAt("SM", 0)]


@virtual_time
async def test_q21_a_message_announced_too_early_is_read_when_it_is_there() -> None:
    async with running() as made:
        made.fake.script = deque(load("q21_announced_before_readable"))
        made.fake.begin()
        await made.until(lambda: made.events.pdus, within=2)
        assert not made.fake.script
        assert made.events.places == [StoredAt("SM", 4)]


@virtual_time
async def test_q21_a_message_that_never_shows_makes_a_sweep() -> None:
    async with running() as made:
        made.fake.answers["AT+CMGR=4"] = ["OK"]
        sweeps = len(made.events.sweeps)
        made.fake.say('+CMTI: "SM",4')
        await made.until(lambda: len(made.events.sweeps) > sweeps, within=3)


@virtual_time
async def test_q22_a_message_in_another_storage_is_read_there() -> None:
    fake = FakeModem(TWO_STORAGES)
    async with running(fake) as made:
        assert fake.selected == "SM"
        fake.store("ME", 9, DELIVER)
        await made.until(lambda: made.events.pdus, within=1)
        assert made.events.places == [StoredAt("ME", 9)]
        fake.store("SM", 9, OTHER)
        await made.until(lambda: len(made.events.pdus) == 2, within=1)
        assert made.events.pdus[1].at == StoredAt("SM", 9)


@virtual_time
async def test_q22_every_storage_is_swept() -> None:
    fake = FakeModem(TWO_STORAGES)
    fake.messages = {"SM": {1: DELIVER}, "ME": {1: OTHER}}
    async with running(fake) as made:
        assert set(made.events.places) == {StoredAt("SM", 1), StoredAt("ME", 1)}
        assert made.events.sweeps == [{"ME": [(1, OTHER)], "SM": [(1, DELIVER)]}]


@pytest.mark.parametrize(
    ("test", "selection"),
    [
        ('("SM","ME")', 'AT+CPMS="SM"'),
        ('("SM","ME"),("SM","ME")', 'AT+CPMS="SM","SM"'),
        ('("SM","ME"),("SM","ME"),("SM","ME")', 'AT+CPMS="SM","SM","SM"'),
        ('("ME","SM"),("ME"),("SM")', 'AT+CPMS="SM","ME","SM"'),
        ('"SM","ME"', 'AT+CPMS="SM"'),
    ],
)
def test_q23_as_many_storages_are_given_as_the_modem_advertises(test: str, selection: str) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CPMS=?": [f"+CPMS: {test}", "OK"]})
        async with running(fake):
            assert selection in fake.heard

    run()


@virtual_time
async def test_q23_counts_that_are_not_told_are_asked_for() -> None:
    fake = FakeModem(
        {'AT+CPMS="SM","SM","SM"': ["OK"], "AT+CPMS?": ['+CPMS: "SM",4,20,"SM",4,20,"SM",4,20', "OK"]}
    )
    async with running(fake) as made:
        assert made.status.storages == {"SM": (4, 20)}


@virtual_time
async def test_q23_where_only_the_combined_storage_receives_it_alone_is_swept() -> None:
    fake = FakeModem(
        {
            "AT+CPMS=?": ['+CPMS: ("SM","ME","MT"),("SM","ME"),("MT")', "OK"],
            "AT+CPMS?": ['+CPMS: "MT",0,50,"SM",0,20,"MT",0,50', "OK"],
        }
    )
    fake.totals["MT"] = 50
    fake.messages = {"MT": {3: DELIVER}}
    async with running(fake) as made:
        assert made.events.places == [StoredAt("MT", 3)]
        fake.messages["MT"][4] = OTHER
        fake.say('+CMTI: "SM",1')
        await made.until(lambda: StoredAt("MT", 4) in made.events.places, within=1)


@virtual_time
async def test_q24_a_listing_in_text_mode_is_asked_for_again_in_pdu_mode() -> None:
    async with running() as made:
        made.fake.script = deque(load("q24_text_mode_listing"))
        await made.modem.sweep()
        assert not made.fake.script
        assert made.events.places == [StoredAt("SM", 1)]


@virtual_time
async def test_q24_a_message_read_in_text_mode_is_read_again_in_pdu_mode() -> None:
    async with running() as made:
        made.fake.messages["SM"][2] = DELIVER
        header = f"+CMGR: 0,,{len(DELIVER) // 2 - 8}"
        made.fake.answers["AT+CMGR=2"] = in_turn(
            ['+CMGR: "REC UNREAD","+491701234567",,"26/11/20"', "Hallo", "OK"], [header, DELIVER, "OK"]
        )
        made.fake.say('+CMTI: "SM",2')
        await made.until(lambda: made.events.pdus, within=1)
        assert made.events.pdus[0].hex == DELIVER


@pytest.mark.parametrize("listing", [[], ["ERROR"], ["+CMGL: 1,1,,24", "garbage", "OK"], ["OK"]])
def test_q24_where_listing_fails_places_are_read_one_by_one(listing: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        fake = FakeModem({"AT+CMGL=4": listing, "AT+CMGD=?": ["+CMGD: (1,7),(0-4)", "OK"]})
        fake.messages["SM"] = {1: DELIVER, 7: OTHER}
        async with running(fake) as made:
            await made.until(lambda: len(made.events.pdus) >= 2)
            assert {StoredAt("SM", 1), StoredAt("SM", 7)} == set(made.events.places)
            assert made.events.sweeps[-1] == {"SM": [(1, DELIVER), (7, OTHER)]}

    run()


@virtual_time
async def test_q24_a_listing_that_lacks_messages_is_not_told_as_complete() -> None:
    fake = FakeModem({"AT+CMGL=4": ["+CMGL: 1,1,,24", DELIVER, "OK"], "AT+CMGD=?": ["ERROR"]})
    fake.answers['AT+CPMS="SM","SM","SM"'] = ["+CPMS: 3,30,3,30,3,30", "OK"]
    async with running(fake) as made:
        await made.until(lambda: made.events.sweeps)
        assert all("SM" not in sweep for sweep in made.events.sweeps)


@virtual_time
async def test_q25_a_full_memory_is_read_at_once() -> None:
    async with running() as made:
        made.fake.script = deque(load("q25_memory_full"))
        made.fake.begin()
        await made.until(lambda: made.events.pdus, within=1)


@virtual_time
async def test_q25_from_eighty_per_cent_on_messages_are_marked_for_deletion() -> None:
    fake = FakeModem()
    fake.totals["SM"] = 5
    fake.messages["SM"] = {1: DELIVER, 2: OTHER, 3: DELIVER}
    async with running(fake) as made:
        assert not any(pdu.storage_full for pdu in made.events.pdus)
        fake.store("SM", 4, OTHER)
        await made.until(lambda: StoredAt("SM", 4) in made.events.places)
        assert made.events.pdus[-1].storage_full


@virtual_time
async def test_q25_a_full_storage_is_told_to_people() -> None:
    fake = FakeModem()
    fake.totals["SM"] = 2
    fake.messages["SM"] = {1: DELIVER, 2: OTHER}
    async with running(fake) as made:
        await made.until(lambda: "is full" in (made.status.detail or ""))
        for pdu in list(made.events.pdus):
            assert pdu.at is not None
            await made.modem.delete(pdu.at, pdu_hex=pdu.hex)
        await made.until(lambda: made.status.detail is None)


@virtual_time
async def test_q26_a_message_that_the_modem_deleted_itself_is_deleted() -> None:
    async with running() as made:
        made.fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        made.fake.answers["AT+CMGD=1"] = ["+CMS ERROR: 321"]
        await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)


@virtual_time
async def test_q27_nothing_is_deleted_before_the_order_to_do_so() -> None:
    async with running() as made:
        made.fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        await made.modem.sweep()
        assert not any(heard.startswith("AT+CMGD") for heard in made.fake.heard)
        await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
        assert made.fake.messages["SM"] == {}


@virtual_time
async def test_a_place_that_holds_another_message_by_now_is_left_alone() -> None:
    async with running() as made:
        made.fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        made.fake.store("SM", 1, OTHER)
        await made.until(lambda: len(made.events.pdus) == 2)
        await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
        assert made.fake.messages["SM"] == {1: OTHER}


@virtual_time
async def test_a_place_that_was_not_read_yet_is_not_deleted() -> None:
    async with running() as made:
        made.fake.store("SM", 1, DELIVER, announce=False)
        with pytest.raises(NotStored):
            await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
        assert made.fake.messages["SM"] == {1: DELIVER}


@virtual_time
async def test_a_message_deleted_after_the_listing_does_not_come_up_again() -> None:
    events = Events()
    async with running(events=events) as made:
        made.fake.messages["SM"] = {1: DELIVER, 2: OTHER}
        await made.modem.sweep()
        events.pdus.clear()

        async def deleting(pdu: ReceivedPdu) -> None:
            if pdu.at == StoredAt("SM", 1):
                await made.modem.delete(StoredAt("SM", 2), pdu_hex=OTHER)

        events.before = deleting
        await made.modem.sweep()
        assert made.events.places == [StoredAt("SM", 1)]
        assert made.events.sweeps[-1] == {"SM": [(1, DELIVER)]}


@virtual_time
async def test_a_message_read_during_a_sweep_is_told_as_present() -> None:
    events = Events()
    async with running(events=events) as made:
        made.fake.messages["SM"] = {1: DELIVER}

        async def receiving(pdu: ReceivedPdu) -> None:
            if pdu.at == StoredAt("SM", 1):
                made.fake.store("SM", 2, OTHER)

        events.before = receiving
        made.fake.messages["SM"][3] = DELIVER
        await made.modem.sweep()
        assert made.events.places == [StoredAt("SM", 1), StoredAt("SM", 2), StoredAt("SM", 3)]
        assert sorted(made.events.sweeps[-1]["SM"]) == [(1, DELIVER), (2, OTHER), (3, DELIVER)]


@virtual_time
async def test_a_message_that_could_not_be_handed_over_comes_again() -> None:
    events = Events(delete=True)
    failures = deque([OSError("disk full")])

    async def once_broken(_pdu: ReceivedPdu) -> None:
        if failures:
            raise failures.popleft()

    events.before = once_broken
    async with running(events=events) as made:
        made.fake.store("SM", 1, DELIVER)
        await asyncio.sleep(1)
        assert made.fake.messages["SM"] == {1: DELIVER}
        await made.until(lambda: made.events.pdus, within=60)
        await made.until(lambda: not made.fake.messages["SM"])


@virtual_time
async def test_q42_messages_that_were_never_announced_are_found() -> None:
    async with running() as made:
        made.fake.store("SM", 6, DELIVER, announce=False)
        await made.until(lambda: made.events.pdus, within=60)


@virtual_time
async def test_stored_outbound_messages_are_not_received() -> None:
    fake = FakeModem({"AT+CMGL=4": ["+CMGL: 1,3,,18", DELIVER, "+CMGL: 2,1,,24", OTHER, "OK"]})
    async with running(fake) as made:
        assert made.events.places == [StoredAt("SM", 2)]


@pytest.mark.parametrize("pdu", [DELIVER[:40], DELIVER + "00", "0791947101670000040C"])
def test_q52_a_pdu_of_the_wrong_length_is_handed_over_as_it_is(pdu: str) -> None:
    @virtual_time
    async def run() -> None:
        async with running() as made:
            made.fake.answers["AT+CMGR=1"] = ["+CMGR: 0,,24", pdu, "OK"]
            made.fake.say('+CMTI: "SM",1')
            await made.until(lambda: made.events.pdus, within=1)
            assert made.events.pdus[0].hex == pdu

    run()


@virtual_time
async def test_a_sweep_that_fails_says_so_and_the_next_one_works() -> None:
    async with running() as made:
        made.fake.answers["AT+CMGL=4"] = []
        with pytest.raises(ModemError):
            await made.modem.sweep()
        assert made.fake.openings == 1


@virtual_time
async def test_a_sweep_that_failed_is_soon_tried_again_and_complained_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake = FakeModem({"AT+CMGL=4": ["+CMS ERROR: 314"], "AT+CMGD=?": ["+CMS ERROR: 314"]})
    fake.messages["SM"] = {1: DELIVER}
    async with running(fake) as made:
        await asyncio.sleep(25)
        fake.answers.pop("AT+CMGL=4")
        await made.until(lambda: made.events.pdus, within=10)
    assert [record.levelname for record in caplog.records if "could not be listed" in record.message] == [
        "WARNING"
    ]


@virtual_time
async def test_a_modem_without_a_choice_of_storages_is_read_all_the_same() -> None:
    fake = FakeModem({"AT+CPMS=?": ["ERROR"], "AT+CPMS?": ['+CPMS: "SM",1,20', "OK"]})
    fake.messages["SM"] = {1: DELIVER}
    async with running(fake) as made:
        assert made.events.places == [StoredAt("SM", 1)]
        assert 'AT+CPMS="SM"' in fake.heard


@virtual_time
async def test_a_flood_of_announcements_is_bounded_and_nothing_is_lost() -> None:
    async with running() as made:
        made.fake.messages["SM"] = {1: DELIVER}
        made.fake.answers["AT+CMGR=9"] = ["+CMS ERROR: 321"]
        for _ in range(5000):
            made.fake.say('+CMTI: "SM",9')
        receiver = made.modem._session.receiver if made.modem._session else None
        assert receiver is not None
        assert len(receiver._announced) <= 1000
        await made.until(lambda: made.events.pdus, within=5000)


@virtual_time
async def test_a_deletion_that_fails_is_told_and_works_later() -> None:
    async with running() as made:
        made.fake.store("SM", 1, DELIVER)
        await made.until(lambda: made.events.pdus)
        made.fake.answers["AT+CMGD=1"] = ["+CMS ERROR: 500"]
        with pytest.raises(CmsError):
            await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
        del made.fake.answers["AT+CMGD=1"]
        await made.modem.delete(StoredAt("SM", 1), pdu_hex=DELIVER)
        assert not made.fake.messages["SM"]


@virtual_time
async def test_a_direct_message_without_its_pdu_makes_a_sweep() -> None:
    async with running() as made:
        sweeps = len(made.events.sweeps)
        made.fake.say("+CMT: ,24", "+CREG: 1", "+CREG: 1", "+CREG: 1", "+CREG: 1")
        await made.until(lambda: len(made.events.sweeps) > sweeps, within=1)


@virtual_time
async def test_waiting_for_a_sweep_ends_with_the_port() -> None:
    async with running() as made:
        made.fake.answers["AT+CMGL=4"] = []
        waiting = asyncio.create_task(made.modem.sweep())
        await asyncio.sleep(1)
        made.fake.lose(OSError(5, "gone"))
        with pytest.raises(ModemError):
            await waiting
