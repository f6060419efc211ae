"""What the phones of SmsGateway24 receive, found by asking and told by webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_providers.callbacks import CallbackReceiver
from sms_providers.model import Channel, DeliveryReport, ErrorCode, Media, State
from sms_providers.provider import CallbackError, Received
from tests.providers.sink import Sink
from tests.providers.smsgateway24.account import ANNA, BERT, TEXT, at, connect, outgoing, posted, request_of
from tests.support.raw_provider import RawProvider, http_json

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock
    from tests.support.customer import Customer


class TestPolling:
    async def test_history_is_not_replayed(
        self, gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
    ) -> None:
        server.receive(ANNA, "old")
        clock.advance(60)
        first = await gateway.incoming(None)
        assert first.received == ()
        assert (await gateway.incoming(first.position)).received == ()
        server.receive(ANNA, "new")
        page = await gateway.incoming(first.position)
        assert [received.message.text for received in page.received] == ["new"]
        assert (await gateway.incoming(page.position)).received == ()

    async def test_what_comes_after_an_empty_beginning_is_found(
        self, gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
    ) -> None:
        first = await gateway.incoming(None)
        clock.advance(10 * 86_400)
        server.receive(ANNA, "after a long time")
        clock.advance(10 * 86_400)
        page = await gateway.incoming(first.position)
        assert [received.message.text for received in page.received] == ["after a long time"]

    async def test_a_message_is_understood(
        self, gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
    ) -> None:
        start = await gateway.incoming(None)
        came_at = clock.now
        number = server.receive(ANNA, "Größe 🚪\nзавтра", sim=1)
        clock.advance(60)
        ((received),) = (await gateway.incoming(start.position)).received
        message = received.message
        assert received.key == str(number)
        assert (message.originator, message.text, message.sim) == (ANNA, "Größe 🚪\nзавтра", 1)
        assert (message.sent_at, message.received_at) == (came_at, clock.now)
        assert message.channel is Channel.SMS

    @pytest.mark.parametrize(
        ("written", "originator"),
        [
            ("+49 1575 2982212", ANNA),
            (" +4915752982212", ANNA),
            ("015752982212", "015752982212"),
            ("22333", "22333"),
            ("MegaShop", "MegaShop"),
            ("+1", "+1"),
        ],
    )
    async def test_senders_are_numbers_names_and_short_codes(
        self, gateway: SmsGateway24, server: SmsGateway24Server, written: str, originator: str
    ) -> None:
        start = await gateway.incoming(None)
        server.receive(written, TEXT)
        (received,) = (await gateway.incoming(start.position)).received
        assert received.message.originator == originator

    async def test_several_come_in_their_order_and_each_once(
        self, gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
    ) -> None:
        position = (await gateway.incoming(None)).position
        texts = []
        for number in range(12):
            server.receive(ANNA, f"text {number}")
            clock.advance(3600)
            if number % 3 == 0:
                page = await gateway.incoming(position)
                texts += [received.message.text for received in page.received]
                position = page.position
        page = await gateway.incoming(position)
        texts += [received.message.text for received in page.received]
        assert texts == [f"text {number}" for number in range(12)]

    async def test_what_was_sent_and_what_other_phones_received_is_not_ours(
        self, gateway: SmsGateway24, server: SmsGateway24Server
    ) -> None:
        start = await gateway.incoming(None)
        await gateway.send([outgoing()])
        server.receive(ANNA, TEXT, device_id=list(server.devices)[-1])
        assert (await gateway.incoming(start.position)).received == ()

    async def test_a_wrong_time_zone_loses_nothing(
        self, server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
    ) -> None:
        gateway = at(server, http, clock, time_zone="Pacific/Kiritimati")
        position = (await gateway.incoming(None)).position
        for number in range(3):
            server.receive(ANNA, f"text {number}")
            page = await gateway.incoming(position)
            position = page.position
            assert [received.message.text for received in page.received] == [f"text {number}"]
            clock.advance(3600)

    async def test_a_list_in_any_order_and_form_is_read(
        self, http: aiohttp.ClientSession, clock: Clock
    ) -> None:
        rows = [
            {"id": number, "sendto": BERT, "body": str(number), "status": 5, "created": None}
            for number in (12, 9, 10)
        ]
        async with RawProvider(http_json({"smss": rows})) as raw:
            page = await connect(raw.url, http, clock, token="t").incoming("9 2026-11-20T10:00:00+00:00")
        assert [received.key for received in page.received] == ["10", "12"]
        assert page.position == "12 2026-11-20T10:15:00+00:00"


class TestWebhooks:
    @pytest.mark.parametrize("slot_field", ["channel_id", "sim"])
    async def test_deliveries_and_messages_are_told(
        self, http: aiohttp.ClientSession, customer: Customer, clock: Clock, slot_field: str
    ) -> None:
        options = SmsGateway24Options(clock=clock, callback_url=customer.url, slot_field=slot_field)
        async with SmsGateway24Server(options) as server:
            gateway = at(server, http, clock)
            await gateway.send([outgoing()])
            server.advance("62807347", "6")
            server.advance("62807347", "7")
            server.receive(ANNA, TEXT, sim=1)
            server.receive_image(BERT, "https://example.com/1.jpg")
            await server.settled()
        events = [event for got in customer.got for event in gateway.read_callback(request_of(got))]
        reports = [event for event in events if isinstance(event, DeliveryReport)]
        assert [(report.reference, report.recipient) for report in reports] == [("62807347", None)] * 2
        assert {report.state: report.at for report in reports} == {
            State.SENT: clock.now,
            State.DELIVERED: clock.now,
        }
        received = {event.key: event.message for event in events if isinstance(event, Received)}
        text, image = received["62807348"], received["62807349"]
        assert (text.originator, text.text, text.sim, text.sent_at) == (ANNA, TEXT, 1, clock.now)
        assert text.channel is Channel.SMS
        assert (image.originator, image.text, image.channel) == (BERT, "", Channel.WHATSAPP)
        assert image.media == (Media(type="image", url="https://example.com/1.jpg"),)

    async def test_a_message_has_the_same_key_by_both_ways(
        self, server: SmsGateway24Server, gateway: SmsGateway24, customer: Customer
    ) -> None:
        start = await gateway.incoming(None)
        server.callback_url = customer.url
        server.receive(ANNA, TEXT)
        await server.settled()
        (called,) = gateway.read_callback(request_of(customer.got[0]))
        (found,) = (await gateway.incoming(start.position)).received
        assert called == found

    async def test_a_message_of_another_phone_is_of_no_interest(
        self, server: SmsGateway24Server, gateway: SmsGateway24, customer: Customer
    ) -> None:
        server.callback_url = customer.url
        server.receive(ANNA, TEXT, device_id=list(server.devices)[-1])
        await server.settled()
        assert gateway.read_callback(request_of(customer.got[0])) == ()

    @pytest.mark.parametrize("status", [1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 100, 101])
    def test_every_status_is_told_as_it_is_found(self, gateway: SmsGateway24, status: int) -> None:
        for written in (status, str(status)):
            body = json.dumps({"sms_id": 1, "status_id": written, "senttime": None, "device_id": 260})
            (report,) = gateway.read_callback(posted(body))
            assert isinstance(report, DeliveryReport)
            assert report.state is not None
            assert report.not_sent is (status in {10, 12})

    def test_a_status_that_is_not_known_changes_nothing(self, gateway: SmsGateway24) -> None:
        (report,) = gateway.read_callback(posted('{"sms_id": "1", "status_id": "lost"}'))
        assert isinstance(report, DeliveryReport)
        assert report.state is None
        assert report.error is not None
        assert report.error.code is ErrorCode.PROTOCOL

    def test_a_delivery_of_a_received_message_is_nothing(self, gateway: SmsGateway24) -> None:
        assert gateway.read_callback(posted('{"sms_id": 1, "status_id": 5}')) == ()

    def test_a_message_without_a_number_is_named_by_its_phone(self, gateway: SmsGateway24) -> None:
        body = {"address": 4915752982212, "body": TEXT, "internal_id": 9, "device_id": 260, "type": "text"}
        (received,) = gateway.read_callback(posted(json.dumps(body)))
        assert isinstance(received, Received)
        assert received.key == "260/9"
        assert received.message.originator == "4915752982212"
        assert received.message.sent_at is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"sms_id=1&status_id=7",
            b"[]",
            b"{}",
            b"null",
            b'"x"',
            b'{"status_id": 7}',
            b'{"sms_id": {}, "status_id": 7}',
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"9" * 10_000,
        ],
    )
    async def test_garbage_is_refused_and_never_an_error_of_ours(
        self, gateway: SmsGateway24, body: bytes
    ) -> None:
        with pytest.raises(CallbackError) as caught:
            gateway.read_callback(posted(body))
        assert caught.value.status == 400
        sink = Sink()
        assert (await CallbackReceiver(gateway, sink).receive(posted(body))).status == 400
        assert sink.events == []

    def test_it_calls_by_post_only(self, gateway: SmsGateway24) -> None:
        with pytest.raises(CallbackError) as caught:
            gateway.read_callback(posted('{"sms_id": 1, "status_id": 7}', method="GET"))
        assert caught.value.status == 405

    @pytest.mark.parametrize(
        "members",
        [
            '"status_id": 99999999999999999999999999999999',
            '"status_id": 7, "senttime": "0001-01-01 00:00:00"',
            '"status_id": 7, "senttime": {"date": "9999-12-31 23:59:59", "timezone_type": 3, "timezone": "../x"}',
            '"status_id": 7, "senttime": {"date": [], "timezone_type": "x"}',
            '"address": "\\ud800", "body": "\\udfff", "type": []',
            '"address": null, "body": 7, "date_sent": "yesterday", "channel_id": "x"',
            '"address": {}, "img_url": [], "type": "img"',
        ],
    )
    def test_odd_values_are_no_reason_to_fail(self, gateway: SmsGateway24, members: str) -> None:
        (event,) = gateway.read_callback(posted(f'{{"sms_id": 1, {members}}}'))
        json.dumps(repr(event)).encode("utf-8")
        if isinstance(event, Received):
            (event.message.originator + (event.message.text or "")).encode("utf-8")
        else:
            assert event.at is None or event.at.astimezone(UTC) > datetime(1970, 1, 1, tzinfo=UTC)
