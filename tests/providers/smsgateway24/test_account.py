"""What else SmsGateway24 can be asked: phones, messages with every filter, contact lists, newsletters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from sms_bridge.simulator.provider_smsgateway24_account import ZoneStyle
from sms_providers.exceptions import RejectedError
from sms_providers.model import Capability
from sms_providers.provider import ProviderKind
from sms_providers.smsgateway24 import MessageFilter, SmsGateway24
from sms_providers.smsgateway24.dates import read_date
from tests.providers.smsgateway24.account import ANNA, BERT, TEXT, at, connect, message, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from sms_providers.provider import Provider
    from sms_providers.smsgateway24 import StoredMessage
    from tests.providers.clock import Clock


def test_it_is_a_provider(gateway: SmsGateway24) -> None:
    provider: Provider = gateway
    assert (provider.kind, provider.title) == (ProviderKind.SMSGATEWAY24, "SmsGateway24")
    assert {Capability.RECONCILE, Capability.SIM, Capability.DEVICES} <= SmsGateway24.capabilities
    assert set(SmsGateway24.options) == {"device_id", "customerid", "urgent"}


def test_a_time_zone_that_is_none_is_said_at_once(http: aiohttp.ClientSession, clock: Clock) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        connect("http://127.0.0.1", http, clock, time_zone="Mars/Olympus_Mons")


async def test_phones_are_told_with_their_sims(gateway: SmsGateway24) -> None:
    phones = {phone.id: phone for phone in await gateway.devices()}
    assert set(phones) == {"260", "1576", "1297"}
    phone = phones["1297"]
    assert (phone.title, phone.number, phone.imei) == ("Android_SDK_built_for_x86", None, None)
    (sim,) = phone.sims
    assert (sim.slot, sim.number, sim.carrier, sim.country, sim.roaming) == (
        0,
        "+4915752982212",
        "Drillisch (o2)",
        "de",
        True,
    )
    assert "4915752982212" not in repr(phone)


async def test_whether_a_phone_is_there_can_be_asked(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    status = await gateway.device_status()
    assert (status.id, status.title, status.online) == ("260", "Pixel", True)
    assert status.last_seen is not None
    assert status.last_seen <= clock.now
    assert (await gateway.device_status("1297")).id == "1297"
    with pytest.raises(RejectedError):
        await gateway.device_status("1")
    assert "POST /getdevicestatus" in server.met.names("endpoint")


@pytest.fixture
async def stored(gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock) -> list[StoredMessage]:
    """Five messages, a minute apart."""
    for what, reference in (
        (message(ANNA), 1),
        (message(BERT, sim=1), 2),
        (message(ANNA, options={"device_id": 1297, "urgent": 1}), 3),
        (message(BERT, options={"customerid": 122}), 4),
    ):
        await gateway.send([outgoing(what, reference=reference)])
        clock.advance(60)
    server.receive(ANNA, "hello")
    return list(await gateway.messages())


async def test_a_stored_message_is_told_with_all_that_it_has(stored: list[StoredMessage]) -> None:
    first, _, third, *_ = stored
    assert (first.number, first.text, first.status, first.status_title) == (ANNA, TEXT, 1, "New")
    assert (first.device_id, first.customer_id, first.sim, first.urgent) == ("260", 1, 0, None)
    assert first.created == datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    assert (first.sent, first.scheduled, first.newsletter_id) == (None, None, None)
    assert third.urgent is True
    assert TEXT not in repr(first)
    assert ANNA not in repr(first)


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (MessageFilter(), [0, 1, 2, 3, 4]),
        (MessageFilter(device_id="1297"), [2]),
        (MessageFilter(status=5), [4]),
        (MessageFilter(status=7), []),
        (MessageFilter(begin=datetime(2026, 11, 20, 10, 17, tzinfo=UTC)), [2, 3, 4]),
        (MessageFilter(end=datetime(2026, 11, 20, 10, 16, tzinfo=UTC)), [0, 1]),
        (MessageFilter(sim=1), [1]),
        (MessageFilter(customer_id=122), [3]),
        (MessageFilter(phone=ANNA), [0, 2, 4]),
        (MessageFilter(newest_first=True), [4, 3, 2, 1, 0]),
        (
            MessageFilter(time_zone="Australia/Sydney", begin=datetime(2026, 11, 20, 10, 18, tzinfo=UTC)),
            [3, 4],
        ),
        (
            MessageFilter(
                device_id="260",
                status=1,
                begin=datetime(2026, 11, 20, tzinfo=UTC),
                end=datetime(2026, 11, 21, tzinfo=UTC),
                sim=0,
                customer_id=122,
                phone=BERT,
                newest_first=True,
                time_zone="UTC",
            ),
            [3],
        ),
    ],
)
async def test_every_filter_selects(
    gateway: SmsGateway24, stored: list[StoredMessage], wanted: MessageFilter, places: list[int]
) -> None:
    found = await gateway.messages(wanted)
    assert [(message.id, message.created) for message in found] == [
        (stored[place].id, stored[place].created) for place in places
    ]
    assert await gateway.count(wanted) == len(places)


async def test_a_contact_list_and_its_newsletter_can_be_made(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    tag = await gateway.save_tag("Employees")
    assert tag == "8303"
    assert await gateway.save_contact(tag_id=tag, phone=ANNA, full_name="Anna") == "15954765"
    assert await gateway.save_contact(tag_id=tag, phone=BERT, full_name="Bert") == "15954766"
    assert server.lists.tags[8303].contacts == {15954765: (ANNA, "Anna"), 15954766: (BERT, "Bert")}
    assert await gateway.save_newsletter(title="News", text=TEXT, tag_ids=[tag]) == "4401"
    assert [(sms.recipient, sms.text, sms.options["time_to_send"]) for sms in server.on_air] == [
        (ANNA, TEXT, "0"),
        (BERT, TEXT, "0"),
    ]
    other = await gateway.save_tag("Others")
    await gateway.save_contact(tag_id=other, phone="+491701234567", full_name="Carl")
    await gateway.save_newsletter(
        title="Later",
        text="ćao",
        tag_ids=[tag, other],
        device_id="1297",
        sim=1,
        send_at=clock.now + timedelta(days=1),
    )
    assert server.on_air[-1].recipient == "+491701234567"
    assert server.on_air[-1].options == {
        "device_id": "1297",
        "sim": "1",
        "time_to_send": "21.11.2026 11:15:00",
    }
    stored = (await gateway.messages())[-1]
    assert (stored.newsletter_id, stored.newsletter_title, stored.newsletter_text) == ("4402", "Later", "ćao")
    with pytest.raises(RejectedError):
        await gateway.save_contact(tag_id="1", phone=ANNA, full_name="Anna")


async def test_the_check_needs_the_credentials_and_an_empty_account_is_fine(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway = at(server, http, clock)
    server.devices.clear()
    await gateway.check()
    assert await gateway.devices() == ()
    assert await gateway.messages() == ()
    assert await gateway.count() == 0


@pytest.mark.parametrize("zone_style", ZoneStyle)
@pytest.mark.usefixtures("zone_style")
@pytest.mark.parametrize("month", [1, 7])
async def test_dates_are_read_in_each_of_phps_forms(gateway: SmsGateway24, clock: Clock, month: int) -> None:
    clock.now = datetime(2026, month, 15, 23, 30, 0, tzinfo=UTC)
    await gateway.send([outgoing()])
    (stored,) = await gateway.messages()
    assert stored.created == clock.now


@pytest.mark.parametrize(
    ("value", "at_utc"),
    [
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 1, "timezone": "+02:00"},
            "2023-11-02T20:44:43+00:00",
        ),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": "1", "timezone": "-03:30"},
            "2023-11-03T02:14:43+00:00",
        ),
        (
            {"date": "2023-07-02 22:44:43.000000", "timezone_type": 2, "timezone": "CEST"},
            "2023-07-02T20:44:43+00:00",
        ),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 2, "timezone": "EST"},
            "2023-11-03T03:44:43+00:00",
        ),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 2, "timezone": "Z"},
            "2023-11-02T22:44:43+00:00",
        ),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 3, "timezone": "America/New_York"},
            "2023-11-03T02:44:43+00:00",
        ),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 3, "timezone": "Mars/Olympus_Mons"},
            "2023-11-02T21:44:43+00:00",
        ),
        ({"date": "2023-11-02 22:44:43.000000", "timezone": ""}, "2023-11-02T21:44:43+00:00"),
        (
            {"date": "2023-11-02 22:44:43.000000", "timezone_type": 2, "timezone": "XYZ"},
            "2023-11-02T21:44:43+00:00",
        ),
        ("2023-11-02 22:44:43", "2023-11-02T21:44:43+00:00"),
        ("2023-11-02 22:44", "2023-11-02T21:44:00+00:00"),
        ("2023-11-02", "2023-11-01T23:00:00+00:00"),
        ("2023-11-02T22:44:43+05:00", "2023-11-02T17:44:43+00:00"),
        ("", None),
        (None, None),
        ("0000-00-00 00:00:00", None),
        ({"date": "soon", "timezone_type": 3, "timezone": "UTC"}, None),
        ({}, None),
        (7, None),
    ],
)
def test_a_date_is_never_guessed_wrong(value: object, at_utc: str | None, paris: ZoneInfo) -> None:
    found = read_date(value, paris)
    assert (None if found is None else found.astimezone(UTC).isoformat()) == at_utc


@pytest.fixture
def paris() -> ZoneInfo:
    """The time zone of the document's examples."""
    return ZoneInfo("Europe/Paris")
