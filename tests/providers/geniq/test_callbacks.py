"""GENIQ's four callbacks, as documented, as the simulated GENIQ sends them, and as nobody would."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_providers.callbacks import MAX_BODY
from sms_providers.geniq import WhatsAppText
from sms_providers.geniq.callbacks import read_callback
from sms_providers.geniq.codes import REASONS, REPORT_STATES, WHATSAPP_CODES
from sms_providers.inbound import join_received, to_raw
from sms_providers.model import Channel, DeliveryReport, ErrorCode, Media, State, Taken
from sms_providers.provider import CallbackError, CallbackRequest, Received
from tests.providers.geniq.account import ANNA, connect, outgoing, request_of
from tests.providers.geniq.recorder import example
from tests.support.customer import Customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from sms_providers.geniq import Geniq
    from tests.providers.geniq.conftest import Clock

FORM = "application/x-www-form-urlencoded"
#: What a status means, by the status model: the state, and whether it ends in an error.
SMS_STATES = {
    "processed": State.ACCEPTED,
    "delivered": State.DELIVERED,
    "expired": State.EXPIRED,
    "deleted": State.FAILED,
    "undeliverable": State.UNDELIVERABLE,
    "rejected": State.UNDELIVERABLE,
    "unknown": None,
}
WHATSAPP_STATES = {
    "processed": State.ACCEPTED,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "failed": State.FAILED,
    "expired": State.EXPIRED,
    "exceeded_retry": State.UNDELIVERABLE,
}
#: What a reason means, by the status model: our code, and whether it may pass.
REASON_CODES = {
    1: (ErrorCode.NETWORK, True),
    2: (ErrorCode.NETWORK, True),
    3: (ErrorCode.INVALID_TEXT, False),
    4: (ErrorCode.REJECTED_BY_NETWORK, False),
    5: (ErrorCode.INVALID_RECIPIENT, False),
    6: (ErrorCode.BLOCKED, False),
    7: (ErrorCode.REJECTED_BY_NETWORK, False),
    8: (ErrorCode.ABSENT_SUBSCRIBER, True),
    9: (ErrorCode.NETWORK, True),
    10: (ErrorCode.NETWORK, True),
    11: (ErrorCode.NETWORK, True),
    12: (ErrorCode.REJECTED_BY_NETWORK, True),
    13: (ErrorCode.REJECTED_BY_NETWORK, True),
    201: (ErrorCode.INVALID_PAYLOAD, False),
}


@pytest.fixture
async def customer(server: GeniqServer) -> AsyncIterator[Customer]:
    """Where the simulated GENIQ calls back."""
    async with Customer() as running:
        server.callback_url = running.url
        yield running


def posted(fields: dict[str, Any], *, as_json: bool = False) -> CallbackRequest:
    """A callback with these fields."""
    body = json.dumps(fields) if as_json else urlencode(fields)
    content_type = "application/json" if as_json else FORM
    return CallbackRequest(method="POST", content_type=content_type, query="", body=body.encode())


def got(query: str) -> CallbackRequest:
    """A callback by GET."""
    return CallbackRequest(method="GET", content_type="", query=query, body=b"")


def documented(name: str) -> CallbackRequest:
    """An example of the document; the line breaks of its form are the shell's."""
    text = example(name)
    if name.endswith(".json"):
        return CallbackRequest(method="POST", content_type="application/json", query="", body=text.encode())
    body = text.strip().replace("\\\n", "").rpartition("\n")[2]
    return CallbackRequest(method="POST", content_type=FORM, query="", body=body.encode())


def report_of(request: CallbackRequest) -> DeliveryReport:
    (event,) = read_callback(request)
    assert isinstance(event, DeliveryReport)
    return event


def received_of(request: CallbackRequest) -> Received:
    (event,) = read_callback(request)
    assert isinstance(event, Received)
    return event


def test_the_documented_sms_is_read() -> None:
    received = received_of(documented("received_sms.http"))
    message = received.message
    assert received.key == "msg123"
    assert received.concat is None
    assert (message.originator, message.recipient, message.text) == ("+6591234567", "88888", "hello")
    assert message.sent_at == datetime(2017, 1, 3, 6, 31, 28, tzinfo=UTC)
    assert (message.channel, message.encoding) == (Channel.SMS, "gsm7")


def test_the_documented_report_on_an_sms_is_read() -> None:
    assert report_of(documented("sms_report.http")) == DeliveryReport(
        reference="msg123",
        state=State.DELIVERED,
        recipient="+6591234567",
        at=datetime(2017, 1, 3, 6, 31, tzinfo=UTC),
    )


def test_the_documented_whatsapp_messages_are_read() -> None:
    text = received_of(documented("received_whatsapp_text.json"))
    assert text.key == "a662179e-ba00-492f-a0b7-06b3fa002502"
    assert text.message.channel is Channel.WHATSAPP
    assert text.message.originator == "+6588880000"
    assert text.message.originator_name == "Mark Gold"
    assert text.message.recipient == "+6598989898"
    assert text.message.text == "Hi, this is a test message"
    assert text.message.sent_at == datetime(2025, 2, 20, 6, 45, 42, tzinfo=UTC)
    image = received_of(documented("received_whatsapp_image.json")).message
    assert image.media == (Media(type="image", url="https://geniq.io/media/callback.jpg"),)
    assert image.text is None


def test_the_documented_report_on_a_whatsapp_message_is_read() -> None:
    assert report_of(documented("whatsapp_report.json")) == DeliveryReport(
        reference="0c5b63cf-b41e-449c-a077-9124de0b87dc",
        state=State.DELIVERED,
        recipient="+6588880000",
        at=datetime(2025, 2, 20, 7, 23, 55, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "at",
    [
        "2017-01-03T14:31:00+08:00",
        "2017-01-03T14:31:00%2B08:00",
        "2017-01-03T14%3A31%3A00+08%3A00",
        "2017-01-03T06:31:00Z",
        "2017-01-03T14:31:00.000+0800",
    ],
)
def test_a_report_by_get_is_read_with_and_without_an_escaped_plus(at: str) -> None:
    query = f"messageId=msg123&channel=sms&recipient=6591234567&status=delivered&operatorTimestamp={at}"
    assert report_of(got(query)) == DeliveryReport(
        reference="msg123",
        state=State.DELIVERED,
        recipient="+6591234567",
        at=datetime(2017, 1, 3, 6, 31, tzinfo=UTC),
    )


@pytest.mark.parametrize("at", ["", "yesterday", "2017-01-03T14:31:00", "2017-13-03T14:31:00+08:00", "0"])
def test_a_report_counts_without_a_readable_time(at: str) -> None:
    report = report_of(posted({"messageId": "m", "status": "delivered", "messageTimestamp": at}))
    assert (report.state, report.at) == (State.DELIVERED, None)


@pytest.mark.parametrize(
    ("channel", "status", "state"),
    [
        *(("sms", status, state) for status, state in SMS_STATES.items()),
        *(("whatsapp", status, state) for status, state in WHATSAPP_STATES.items()),
        ("sms", "read", None),
        ("whatsapp", "deleted", None),
        ("sms", "teleported", None),
        ("SMS", " Delivered ", State.DELIVERED),
        ("", "delivered", State.DELIVERED),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_each_status_has_the_state_of_the_status_model(
    channel: str, status: str, state: State | None, *, as_json: bool
) -> None:
    fields = {"messageId": "m", "channel": channel, "status": status, "reasonCode": "0"}
    report = report_of(posted(fields, as_json=as_json))
    assert report.state is state
    assert (report.error is None) is (state in {*SMS_STATES.values(), *WHATSAPP_STATES.values()} - FAILED)


FAILED = {State.FAILED, State.EXPIRED, State.UNDELIVERABLE, None}


def test_the_states_are_those_of_the_document() -> None:
    assert {Channel.SMS: SMS_STATES, Channel.WHATSAPP: WHATSAPP_STATES} == REPORT_STATES


def test_a_word_of_no_table_is_kept_and_changes_nothing() -> None:
    error = report_of(posted({"messageId": "m", "status": "teleported"})).error
    assert error is not None
    assert error.provider_code == "teleported"


@pytest.mark.parametrize("code", sorted(REASONS))
@pytest.mark.parametrize("as_number", [False, True])
def test_each_reason_of_a_failure_is_told(code: int, *, as_number: bool) -> None:
    fields = {"messageId": "m", "status": "undeliverable", "reasonCode": code if as_number else str(code)}
    error = report_of(posted(fields, as_json=True)).error
    assert error is not None
    if code == 0:
        assert (error.code, error.provider_code) == (ErrorCode.REJECTED_BY_NETWORK, "undeliverable")
    else:
        assert (error.code, error.temporary) == REASON_CODES[code]
        assert error.provider_code == str(code)
        assert REASONS[code].meaning in error.message


@pytest.mark.parametrize("code", sorted(WHATSAPP_CODES))
def test_a_whatsapp_code_may_be_a_reason(code: int) -> None:
    fields = {"messageId": "m", "channel": "whatsapp", "status": "failed", "reasonCode": code}
    error = report_of(posted(fields, as_json=True)).error
    assert error is not None
    assert WHATSAPP_CODES[code].meaning in error.message


@pytest.mark.parametrize("reason", ["4711", "nobody", "-1", "99999999999999999999"])
def test_a_reason_of_no_table_is_another_error(reason: str) -> None:
    error = report_of(posted({"messageId": "m", "status": "rejected", "reasonCode": reason})).error
    assert error is not None
    assert (error.code, error.provider_code) == (ErrorCode.REJECTED_BY_NETWORK, reason)


def test_an_expiry_without_a_reason_is_one() -> None:
    error = report_of(posted({"messageId": "m", "status": "expired"})).error
    assert error is not None
    assert error.code is ErrorCode.EXPIRED


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("6591234567", "+6591234567"),
        ("+6591234567", "+6591234567"),
        (" 6591234567", "+6591234567"),
        (6591234567, "+6591234567"),
        ("72345", "72345"),
        ("MyBank", "MyBank"),
        ("0123456789", "0123456789"),
        ("1234567890123456", "1234567890123456"),
        ("", ""),
    ],
)
def test_whoever_writes_keeps_the_form_of_the_number(written: object, read: str) -> None:
    received = received_of(posted({"messageId": "m", "originator": written, "message": "Hi"}))
    assert received.message.originator == read


@pytest.mark.parametrize(
    ("udh", "place"),
    [
        ("050003A70201", (2, 1)),
        ("050003a70202", (2, 2)),
        ("0608040102" + "0302", (3, 2)),
        ("0B0504158200000003A70302"[:24], (3, 2)),
        ("050003A70200", None),
        ("050003A70203", None),
        ("050003A70001", None),
        ("0500030201", None),
        ("06050415820000", None),
        ("01", None),
        ("", None),
        ("zz", None),
        ("FF", None),
    ],
)
def test_a_header_tells_the_place_of_a_segment(udh: str, place: tuple[int, int] | None) -> None:
    fields = {"messageId": "m", "originator": "6591234567", "recipient": "88888", "udh": udh, "message": "Hi"}
    received = received_of(posted(fields))
    if place is None:
        assert received.concat is None
        assert received.key == "m"
    else:
        assert received.concat is not None
        assert (received.concat.total, received.concat.seqno) == place
        assert received.key == f"m/{place[1]}"


async def test_a_long_sms_comes_together_in_any_order(
    geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    text = "The gate has been left open. " * 12
    server.receive_sms("6591234567", text)
    server.receive_sms("6581234567", text)
    await server.settled()
    events = [event for got in customer.got for event in geniq.read_callback(request_of(got))]
    parts = [event for event in events if isinstance(event, Received)]
    assert len({part.key for part in parts}) == len(parts) == 6
    keys = {part.concat.key for part in parts if part.concat}
    assert len(keys) == 2
    for key in keys:
        mine = [part for part in parts if part.concat and part.concat.key == key]
        ordered = sorted(mine, key=lambda part: part.concat.seqno if part.concat else 0)
        whole = join_received([to_raw(part) for part in ordered], datetime.now(UTC))
        assert whole.text == text
        assert whole.segments == 3


async def test_a_message_is_reported_to_its_end(
    geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    (outcome,) = await geniq.send([outgoing(text="long " * 60)])
    assert isinstance(outcome, Taken)
    for reference in outcome.references:
        server.auto_advance(reference)
    await server.settled()
    reports = [event for got in customer.got for event in geniq.read_callback(request_of(got))]
    assert all(isinstance(report, DeliveryReport) for report in reports)
    for reference in outcome.references:
        states = [
            report.state
            for report in reports
            if isinstance(report, DeliveryReport) and report.reference == reference
        ]
        assert states == [State.ACCEPTED, State.DELIVERED]


@pytest.mark.parametrize("status", sorted(SMS_STATES))
async def test_each_status_of_an_sms_comes_through(
    status: str, geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    (outcome,) = await geniq.send([outgoing()])
    assert isinstance(outcome, Taken)
    for reason in REASONS:
        server.advance(outcome.references[0], status, reason=reason)
        await server.settled()
    reports = [event for got in customer.got for event in geniq.read_callback(request_of(got))]
    assert len(reports) == len(REASONS)
    for report in reports:
        assert isinstance(report, DeliveryReport)
        assert (report.reference, report.state) == (outcome.references[0], SMS_STATES[status])


async def test_the_older_report_by_get_comes_through_as_well(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    async with Customer() as customer, GeniqServer(GeniqOptions(clock=clock, dlr_by_get=True)) as server:
        server.callback_url = customer.url
        geniq = connect(server, http, clock)
        (outcome,) = await geniq.send([outgoing()])
        assert isinstance(outcome, Taken)
        server.advance(outcome.references[0], "undeliverable", reason=8)
        await server.settled()
        assert customer.got[0].method == "GET"
        (report,) = geniq.read_callback(request_of(customer.got[0]))
    assert isinstance(report, DeliveryReport)
    assert report.at == clock.now
    assert report.error is not None
    assert report.error.code is ErrorCode.ABSENT_SUBSCRIBER


async def test_a_whatsapp_message_is_reported_to_its_end(
    geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    server.receive_whatsapp("6591234567", body="Is the gate open?")
    await server.settled()
    sent = await geniq.whatsapp(ANNA, WhatsAppText(body="Yes"))
    for status in WHATSAPP_STATES:
        server.advance(sent.message_ids[0], status)
        await server.settled()
    first, *reports = [event for got in customer.got for event in geniq.read_callback(request_of(got))]
    assert isinstance(first, Received)
    assert first.message.text == "Is the gate open?"
    assert [report.state for report in reports if isinstance(report, DeliveryReport)] == list(
        WHATSAPP_STATES.values()
    )


@pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "sticker"])
async def test_each_kind_of_media_is_an_attachment(
    kind: str, geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    server.receive_whatsapp("6591234567", kind, url="https://geniq.io/media/1")
    await server.settled()
    (event,) = geniq.read_callback(request_of(customer.got[0]))
    assert isinstance(event, Received)
    assert event.message.media == (Media(type=kind, url="https://geniq.io/media/1"),)
    assert event.message.raw == ()


@pytest.mark.parametrize("kind", ["location", "contact"])
async def test_a_kind_without_documented_members_comes_through(
    kind: str, geniq: Geniq, server: GeniqServer, customer: Customer
) -> None:
    message_id = server.receive_whatsapp("6591234567", kind)
    await server.settled()
    (event,) = geniq.read_callback(request_of(customer.got[0]))
    assert isinstance(event, Received)
    assert event.key == message_id
    assert json.loads(event.message.raw[0])["type"] == kind


@pytest.mark.parametrize("kind", ["location", "contact", "reaction"])
def test_what_no_document_describes_is_kept_as_it_came(kind: str) -> None:
    fields = {"messageId": "m", "type": kind, "originator": "6591234567", "latitude": 1.25, "x": {"y": [1]}}
    message = received_of(posted(fields, as_json=True)).message
    assert message.text is None
    assert json.loads(message.raw[0])["x"] == {"y": [1]}


def test_a_kind_of_callback_that_no_document_has_is_of_no_interest() -> None:
    assert list(read_callback(posted({"messageId": "m", "channel": "voice"}, as_json=True))) == []


@pytest.mark.parametrize(
    "request_",
    [
        got(""),
        got("hello"),
        got("status=delivered"),
        posted({"status": "delivered"}),
        posted({"messageId": "", "status": "delivered"}),
        posted({"messageId": "m" * 129, "status": "delivered"}),
        posted({"messageId": ["m"], "status": "delivered"}, as_json=True),
        CallbackRequest(method="POST", content_type="application/json", query="", body=b"[]"),
        CallbackRequest(method="POST", content_type="application/json", query="", body=b"{"),
        CallbackRequest(method="POST", content_type="application/json", query="", body=b"\xff\xfe"),
        CallbackRequest(method="POST", content_type=FORM, query="", body=b"messageId=%ff&status=delivered"),
        CallbackRequest(method="POST", content_type=FORM, query="", body=b"\xff"),
        CallbackRequest(method="POST", content_type=FORM, query="", body=b"a=1&" * 60),
        CallbackRequest(method="POST", content_type="application/json", query="", body=b"[" * MAX_BODY),
        CallbackRequest(method="POST", content_type="", query="", body=b'{"messageId":' + b"9" * 5000 + b"}"),
        CallbackRequest(
            method="POST", content_type="", query="", body=b'{"messageId":1e99999999999999999999}'
        ),
    ],
)
def test_what_is_no_callback_is_refused(request_: CallbackRequest) -> None:
    with pytest.raises(CallbackError) as raised:
        read_callback(request_)
    assert raised.value.status == 400


def test_a_state_of_no_table_is_warned_of_once(geniq: Geniq, caplog: pytest.LogCaptureFixture) -> None:
    for status in ("parked", "unknown", "parked", "6591234567", "your code is 4711", "delivered"):
        geniq.read_callback(posted({"messageId": "m", "channel": "sms", "status": status}))
    assert caplog.messages == ["GENIQ: a report has a status that is not known (parked)"]


def test_a_text_that_is_written_as_a_number_is_one() -> None:
    fields = {"messageId": 5, "type": "text", "originator": 6591234567, "body": 4711}
    received = received_of(posted(fields, as_json=True))
    assert (received.key, received.message.text) == ("5", "4711")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"messageId=m&originator=6591234567&message=Caf%E9+at+5"),
        (FORM, b"messageId=m&originator=6591234567&message=Caf\xe9+at+5"),
        ("application/json", b'{"messageId": "m", "originator": "6591234567", "message": "Caf\xe9 at 5"}'),
    ],
)
def test_a_message_with_an_octet_of_another_encoding_is_not_lost(content_type: str, body: bytes) -> None:
    request = CallbackRequest(method="POST", content_type=content_type, query="", body=body)
    assert received_of(request).message.text == "Caf\ufffd at 5"


def test_half_a_surrogate_pair_can_be_stored() -> None:
    body = b'{"messageId": "m", "type": "text", "originator": "1", "body": " a\\ud83db "}'
    request = CallbackRequest(method="POST", content_type="application/json", query="", body=body)
    assert received_of(request).message.text == " a\ufffdb "


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = (
    *("messageId", "status", "type", "message", "channel", "reasonCode", "udh", "originator", "recipient"),
    *("messageTimestamp", "operatorTimestamp", "providerTimestamp", "body", "url", "originatorName"),
)


@given(
    st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=9),
    st.sampled_from([FORM, "application/json", ""]),
)
def test_whatever_the_members_hold_nothing_but_a_refusal_is_raised(
    members: dict[str, object], content_type: str
) -> None:
    body = json.dumps({"messageId": "m", **members}).encode()
    request = CallbackRequest(method="POST", content_type=content_type, query="", body=body)
    try:
        events = read_callback(request)
    except CallbackError:
        return
    for event in events:
        if isinstance(event, Received):
            to_raw(event).encode("utf-8")


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=50), st.sampled_from([FORM, "application/json", ""]))
def test_whatever_comes_nothing_but_a_refusal_is_raised(body: bytes, query: str, content_type: str) -> None:
    try:
        read_callback(CallbackRequest(method="POST", content_type=content_type, query=query, body=body))
    except CallbackError:
        return
