"""uBill: what became of a message, by report and by callback; balance and brands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.callbacks import CallbackReceiver
from sms_providers.exceptions import AuthError, NoAnswerError, ProtocolError, RejectedError
from sms_providers.model import Balance, DeliveryReport, ErrorCode, State
from sms_providers.provider import CallbackError, OpenSend
from tests.providers.sink import Sink
from tests.providers.ubill.account import (
    ANNA,
    BERT,
    CALLBACK_KEY,
    TEXT,
    as_request,
    call,
    connect,
    outgoing,
)

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_ubill import UbillServer
    from sms_providers.ubill import Ubill
    from tests.providers.ubill.account import (
        Clock,
    )
    from tests.support.customer import Customer

#: State, error code, and whether it is temporary, of each statusID.
STATES: dict[str, tuple[State, ErrorCode | None, bool]] = {
    "0": (State.SENT, None, False),
    "1": (State.DELIVERED, None, False),
    "2": (State.UNDELIVERABLE, ErrorCode.REJECTED_BY_NETWORK, False),
    "3": (State.ACCEPTED, None, False),
    "4": (State.FAILED, ErrorCode.NETWORK, True),
}
QUERY = f"key={CALLBACK_KEY}&smsID=117345&number=995511194242&statusID=1&date=2026-02-01+23%3A30%3A00"


def opened(clock: Clock, reference: str = "117345", recipient: str = ANNA) -> OpenSend:
    return OpenSend(reference=reference, recipient=recipient, taken_at=clock())


@pytest.mark.parametrize("status", STATES)
async def test_every_status_of_a_report_is_a_state(
    server: UbillServer, ubill: Ubill, clock: Clock, status: str
) -> None:
    state, code, temporary = STATES[status]
    await ubill.send([outgoing()])
    server.advance("117345", status)
    (report,) = await ubill.reports([opened(clock)])
    assert (report.reference, report.recipient, report.state) == ("117345", ANNA, state)
    if report.error is None:
        assert code is None
    else:
        error = report.error
        assert (error.code, error.provider_code, error.temporary) == (code, status, temporary)


async def test_reports_follow_a_message_to_its_end(server: UbillServer, ubill: Ubill, clock: Clock) -> None:
    await ubill.send([outgoing()])
    states = [(await ubill.reports([opened(clock)]))[0].state]
    for status in server.walk:
        server.advance("117345", status)
        states.append((await ubill.reports([opened(clock)]))[0].state)
    assert states == [State.ACCEPTED, State.SENT, State.DELIVERED]


async def test_messages_of_one_number_are_asked_for_once_and_told_apart_by_recipient(
    server: UbillServer, ubill: Ubill, clock: Clock
) -> None:
    await ubill.send([outgoing(), outgoing(BERT)])
    await ubill.send([outgoing(text="another")])
    server.advance("117345", "1", number=ANNA[1:])
    asked = len(ubill.transcript())
    reports = await ubill.reports([opened(clock), opened(clock, recipient=BERT), opened(clock, "117346")])
    assert [(report.reference, report.recipient, report.state) for report in reports] == [
        ("117345", ANNA, State.DELIVERED),
        ("117345", BERT, State.ACCEPTED),
        ("117346", ANNA, State.ACCEPTED),
    ]
    assert len(ubill.transcript()) == asked + 2


async def test_a_number_that_is_missing_in_a_complete_report_was_left_out(
    server: UbillServer, ubill: Ubill, clock: Clock
) -> None:
    server.stop_list.add(BERT[1:])
    await ubill.send([outgoing(), outgoing(BERT)])
    sends = [opened(clock), opened(clock, recipient=BERT)]
    assert [report.recipient for report in await ubill.reports(sends)] == [ANNA]
    server.advance("117345", "0")
    assert [report.recipient for report in await ubill.reports(sends)] == [ANNA]
    server.advance("117345", "1")
    _, left_out = await ubill.reports(sends)
    assert (left_out.recipient, left_out.state) == (BERT, State.UNDELIVERABLE)
    assert left_out.error is not None
    assert left_out.error.code is ErrorCode.BLOCKED


@pytest.mark.parametrize("result", ["[]", "{}", "null", '"x"', "[null, 5, {}]"])
async def test_a_report_that_tells_nothing_changes_nothing(
    server: UbillServer, ubill: Ubill, clock: Clock, result: str
) -> None:
    server.faults.add(Fault(status=200, body=f'{{"statusID": 0, "result": {result}}}'))
    assert await ubill.reports([opened(clock)]) == []


async def test_an_unknown_status_changes_no_state_and_is_kept(
    server: UbillServer, ubill: Ubill, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    body = '{"statusID": 0, "result": [{"number": 995511194242, "statusID": 9}]}'
    server.faults.add(Fault(status=200, body=body))
    (report,) = await ubill.reports([opened(clock)])
    assert report.state is None
    assert report.error is not None
    assert report.error.provider_code == "9"
    for _ in range(3):
        (called,) = ubill.read_callback(call(QUERY.replace("statusID=1", "statusID=9")))
        assert called == report
    assert caplog.text.count("status 9") == 1


@pytest.mark.parametrize(
    "written", ['"+995511194242"', '"00995511194242"', '" 995511194242"', "995511194242"]
)
async def test_a_number_in_a_report_is_known_however_it_is_written(
    server: UbillServer, ubill: Ubill, clock: Clock, written: str
) -> None:
    body = f'{{"statusID": 0, "result": [{{"number": {written}, "statusID": "1"}}]}}'
    server.faults.add(Fault(status=200, body=body))
    (report,) = await ubill.reports([opened(clock)])
    assert (report.state, report.recipient) == (State.DELIVERED, ANNA)


async def test_a_report_that_is_refused_does_not_hide_the_others(ubill: Ubill, clock: Clock) -> None:
    await ubill.send([outgoing()])
    reports = await ubill.reports([opened(clock, "999"), opened(clock)])
    assert [report.reference for report in reports] == ["117345"]


async def test_asking_is_repeated_where_that_may_help(
    server: UbillServer, ubill: Ubill, clock: Clock
) -> None:
    await ubill.send([outgoing()])
    server.faults.add(Fault(cut_after=True))
    server.faults.add(Fault(status=503))
    assert len(await ubill.reports([opened(clock)])) == 1
    assert len(clock.slept) == 2


async def test_the_balance_is_a_number_of_messages(server: UbillServer, ubill: Ubill) -> None:
    await ubill.send([outgoing()])
    assert await ubill.balance() == Balance(amount=Decimal(99), currency=None)
    await ubill.check()
    server.faults.add(Fault(status=200, body='{"statusID": "0", "sms": 7}'))
    assert await ubill.balance() == Balance(amount=Decimal(7), currency=None)


@pytest.mark.parametrize("sms", ['"many"', "null", "[]", '"NaN"'])
async def test_a_balance_that_is_no_number_is_an_error(server: UbillServer, ubill: Ubill, sms: str) -> None:
    server.faults.add(Fault(status=200, body=f'{{"statusID": 0, "sms": {sms}}}'))
    with pytest.raises(ProtocolError):
        await ubill.balance()


async def test_wrong_credentials_are_found_without_sending(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    with pytest.raises(AuthError):
        await connect(server.base_url, http, clock, api_key="other").check()
    assert server.on_air == []


@pytest.mark.parametrize("key", ["brands", "data"])
async def test_brands_are_read_under_either_name(server: UbillServer, ubill: Ubill, key: str) -> None:
    body = f'{{"statusID": 0, "{key}": [{{"id": "3", "name": "Acme", "authorized": 2}}, {{"id": 1}}]}}'
    server.faults.add(Fault(status=200, body=body))
    acme, nameless = await ubill.brands()
    assert (acme.id, acme.name, acme.authorized, acme.created_at) == (3, "Acme", False, None)
    assert nameless.name == ""


async def test_a_brand_is_asked_for_and_listed_as_not_yet_usable(ubill: Ubill) -> None:
    assert await ubill.create_brand("My Brand") == "2"
    usable, waiting = await ubill.brands()
    assert (usable.name, usable.authorized) == ("SIMULATED", True)
    assert (waiting.id, waiting.name, waiting.authorized) == (2, "My Brand", False)


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "10"), ("A", "20"), ("ThisIsTooLong", "20"), ("Test@Brand", "30"), ("SIMULATED", "40")],
)
async def test_a_brand_that_is_refused_says_why(ubill: Ubill, name: str, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        await ubill.create_brand(name)
    assert (caught.value.code, caught.value.provider_code) == (ErrorCode.INVALID_ORIGINATOR, code)


@pytest.mark.parametrize("code", ["50", "90", "99"])
async def test_the_codes_of_brands_are_a_table_of_their_own(
    server: UbillServer, ubill: Ubill, code: str
) -> None:
    server.answer_code(code)
    with pytest.raises(RejectedError) as caught:
        await ubill.create_brand("Acme")
    assert caught.value.provider_code == code


async def test_creating_a_brand_is_never_repeated(server: UbillServer, ubill: Ubill) -> None:
    server.faults.add(Fault(cut_after=True))
    with pytest.raises(NoAnswerError):
        await ubill.create_brand("Acme")
    assert len(await ubill.brands()) == 2


@pytest.mark.parametrize("status", STATES)
async def test_a_callback_says_the_same_as_a_report(
    server: UbillServer, ubill: Ubill, customer: Customer, clock: Clock, status: str
) -> None:
    server.callback_url = customer.url
    await ubill.send([outgoing()])
    server.advance("117345", status)
    await server.settled()
    (got,) = customer.got
    assert ubill.read_callback(as_request(got)) == await ubill.reports([opened(clock)])


async def test_a_callback_about_a_brand_is_taken_and_means_nothing(
    server: UbillServer, ubill: Ubill, customer: Customer
) -> None:
    server.callback_url = customer.url
    server.activate_brand(1)
    await server.settled()
    sink = Sink()
    answer = await CallbackReceiver(ubill, sink).receive(as_request(customer.got[0]))
    assert answer.status == 200
    assert sink.events == []


@pytest.mark.parametrize("number", ["995511194242", "%2B995511194242", "00995511194242"])
async def test_a_callback_without_the_live_services_additions_is_read(ubill: Ubill, number: str) -> None:
    (report,) = ubill.read_callback(call(QUERY.replace("995511194242", number) + "&new=1"))
    assert report == DeliveryReport(reference="117345", state=State.DELIVERED, recipient=ANNA)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "smsID=117345&number=995511194242&statusID=1",
        QUERY.replace(CALLBACK_KEY, "other"),
        QUERY.replace(CALLBACK_KEY, CALLBACK_KEY[:-1]),
        QUERY.replace(CALLBACK_KEY, "%00%ff"),
        QUERY.replace(CALLBACK_KEY, "\udcff"),
        QUERY.replace("key=", "Key="),
    ],
)
async def test_a_wrong_key_is_forbidden_and_changes_nothing(ubill: Ubill, query: str) -> None:
    sink = Sink()
    answer = await CallbackReceiver(ubill, sink).receive(call(query))
    assert (answer.status, answer.body) == (403, "Forbidden")
    assert sink.events == []


async def test_without_a_callback_key_every_call_is_forbidden(
    server: UbillServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    ubill = connect(server.base_url, http, clock, callback_key=None)
    for query in (QUERY, "", "key=&smsID=1&number=995511194242&statusID=1"):
        with pytest.raises(CallbackError) as caught:
            ubill.read_callback(call(query))
        assert caught.value.status == 403


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (call(QUERY, method="POST"), 405),
        (call(QUERY, method="HEAD"), 405),
        (call(QUERY.replace("smsID=117345", "smsID=" + "x" * 65)), 400),
        (call(QUERY.replace("smsID=117345", "smsID=..%2F")), 400),
        (call(QUERY.replace("number=995511194242", "number=Anna")), 400),
        (call(QUERY.replace("number=995511194242", "")), 400),
        (call(QUERY.replace("statusID=1", "statusID=")), 400),
        (call(QUERY.replace("statusID=1", "statusID=<b>")), 400),
        (call(QUERY + "&a=1" * 100), 400),
        (call(QUERY, body=b"x" * (1 << 24)), 413),
    ],
)
async def test_a_call_that_is_none_is_answered_so_and_changes_nothing(
    ubill: Ubill, request_: object, status: int
) -> None:
    sink = Sink()
    answer = await CallbackReceiver(ubill, sink).receive(request_)  # type: ignore[arg-type] # parametrised
    assert answer.status == status
    assert sink.events == []


async def test_a_report_on_what_nobody_sent_is_taken_and_dropped(ubill: Ubill) -> None:
    sink = Sink(expected=frozenset())
    assert (await CallbackReceiver(ubill, sink).receive(call(QUERY))).status == 200
    assert sink.events == []


async def test_a_call_replayed_a_hundred_times_is_the_same_report(ubill: Ubill) -> None:
    sink = Sink()
    receiver = CallbackReceiver(ubill, sink)
    for _ in range(100):
        assert (await receiver.receive(call(QUERY))).status == 200
    assert len(sink.events) == 100
    assert set(sink.events) == {sink.events[0]}


async def test_no_call_puts_anything_private_into_the_log(
    ubill: Ubill, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    receiver = CallbackReceiver(ubill, Sink(expected=frozenset()))
    for query in (QUERY, QUERY.replace("number=", "x="), QUERY.replace(CALLBACK_KEY, "nearly"), QUERY + TEXT):
        await receiver.receive(call(query))
    for hidden in (CALLBACK_KEY, "511194242", "nearly", TEXT):
        assert hidden not in caplog.text
    assert CALLBACK_KEY not in repr(call(QUERY))
