"""GenioSms: what its notifications (IPN) say, and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_providers.callbacks import CallbackReceiver
from sms_providers.model import DeliveryReport, ErrorCode, State
from tests.providers.geniosms.account import ANNA, TEXT, as_request, call, example, outgoing
from tests.providers.sink import Sink

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniosms import GenioSmsServer
    from sms_providers.geniosms import GenioSms
    from tests.support.customer import Customer

#: State, error code and whether it is temporary, of each pair.
STATES: dict[str, tuple[State, ErrorCode | None]] = {
    "SENT RESULT_OK": (State.SENT, None),
    "SENT RESULT_ERROR": (State.FAILED, ErrorCode.NETWORK),
    "DELIVERY RESULT_OK": (State.DELIVERED, None),
    "DELIVERY RESULT_ERROR": (State.UNDELIVERABLE, ErrorCode.NETWORK),
}
IPN = example("ipn.form").replace("CUSTOM", "17")


async def reports_of(server: GenioSmsServer, geniosms: GenioSms, customer: Customer) -> list[DeliveryReport]:
    await server.settled()
    found = [report for got in customer.got for report in geniosms.read_callback(as_request(got))]
    return [report for report in found if isinstance(report, DeliveryReport)]


def test_the_samples_notification_is_read(geniosms: GenioSms) -> None:
    assert geniosms.read_callback(call(IPN)) == [DeliveryReport(reference="17", state=State.DELIVERED)]


@pytest.mark.parametrize("custom", ["CUSTOM", "", "0", "-1", "17x", "9" * 11])
def test_a_notification_on_what_we_did_not_send_means_nothing(geniosms: GenioSms, custom: str) -> None:
    assert geniosms.read_callback(call(IPN.replace("custom=17", f"custom={custom}"))) == []


@pytest.mark.parametrize("status", STATES)
async def test_every_notification_is_a_state(
    server: GenioSmsServer, geniosms: GenioSms, customer: Customer, status: str
) -> None:
    server.callback_url = customer.url
    await geniosms.send([outgoing()])
    server.advance("1", status)
    (report,) = await reports_of(server, geniosms, customer)
    state, code = STATES[status]
    assert (report.reference, report.state) == ("17", state)
    if report.error is None:
        assert code is None
    else:
        assert (report.error.code, report.error.temporary) == (code, True)
        assert report.error.provider_code in {"0", "1"}


@pytest.mark.parametrize("first", ["SENT", "DELIVERY"])
async def test_a_message_is_followed_to_its_end_in_either_order(
    server: GenioSmsServer, geniosms: GenioSms, customer: Customer, first: str
) -> None:
    server.callback_url = customer.url
    await geniosms.send([outgoing()])
    for ipn_type in (first, "DELIVERY" if first == "SENT" else "SENT"):
        server.advance("1", f"{ipn_type} RESULT_OK")
        await server.settled()
    states = [report.state for report in await reports_of(server, geniosms, customer)]
    assert states == ([State.SENT, State.DELIVERED] if first == "SENT" else [State.DELIVERED, State.SENT])


def test_the_notifications_status_code_is_another_table_and_only_kept(geniosms: GenioSms) -> None:
    form = IPN.replace("RESULT_OK", "RESULT_ERROR").replace("DELIVERY", "SENT")
    (report,) = geniosms.read_callback(call(form.replace("status_code=-1", "status_code=2")))
    assert isinstance(report, DeliveryReport)
    assert report.error is not None
    assert (report.state, report.error.provider_code) == (State.FAILED, "2")


def test_an_unknown_status_changes_nothing_and_is_warned_of_once(
    geniosms: GenioSms, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        (report,) = geniosms.read_callback(call(IPN.replace("RESULT_OK", "RESULT_SOON")))
        assert isinstance(report, DeliveryReport)
        assert report.state is None
        assert report.error is not None
        assert report.error.provider_code == "DELIVERY RESULT_SOON"
    assert caplog.text.count("RESULT_SOON") == 1


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (call(IPN, method="GET"), 405),
        (call(IPN, method="PUT"), 405),
        (call(""), 400),
        (call(b"\x00\xff\xfe" * 100), 400),
        (call('{"status": "RESULT_OK"}'), 400),
        (call("a=1&" * 1000), 400),
        (call(b"x" * (1 << 24)), 413),
    ],
)
async def test_a_call_that_is_none_is_answered_so_and_changes_nothing(
    geniosms: GenioSms, request_: object, status: int
) -> None:
    sink = Sink()
    answer = await CallbackReceiver(geniosms, sink).receive(request_)  # type: ignore[arg-type] # parametrised
    assert answer.status == status
    assert sink.events == []


async def test_a_call_on_what_nobody_sent_is_taken_and_dropped(geniosms: GenioSms) -> None:
    sink = Sink(expected=frozenset({"18"}))
    assert (await CallbackReceiver(geniosms, sink).receive(call(IPN))).status == 200
    assert sink.events == []


async def test_a_call_replayed_a_hundred_times_is_the_same_report(geniosms: GenioSms) -> None:
    sink = Sink()
    receiver = CallbackReceiver(geniosms, sink)
    for _ in range(100):
        assert (await receiver.receive(call(IPN))).status == 200
    assert set(sink.events) == {DeliveryReport(reference="17", state=State.DELIVERED)}


async def test_no_call_puts_a_text_or_number_into_the_log(
    geniosms: GenioSms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    receiver = CallbackReceiver(geniosms, Sink(expected=frozenset()))
    full = IPN.replace("TO&", f"{ANNA}&").replace("MESSAGE", TEXT)
    for form in (full, full.replace("RESULT_OK", ANNA), full.replace("ipn_type", "x"), TEXT):
        await receiver.receive(call(form))
    for hidden in (TEXT, ANNA[3:], "The gate"):
        assert hidden not in caplog.text
