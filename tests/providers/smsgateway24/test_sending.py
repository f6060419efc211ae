"""Messages to SmsGateway24: what leaves, with which phone, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgateway24 import ErrorStyle
from sms_bridge.simulator.provider_smsgateway24_account import ZoneStyle
from sms_providers.charset import EncodingChoice
from sms_providers.model import ErrorCode, Priority, Refused, State, Taken
from sms_providers.smsgateway24 import SendMethod
from tests.providers.smsgateway24.account import ANNA, BERT, TEXT, at, message, opened, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from sms_providers.model import OutboundMessage
    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock

FIRST = Taken(references=("62807347",), state=State.ACCEPTED)
SECOND = Taken(references=("62807348",), state=State.ACCEPTED)


def asked(gateway: SmsGateway24) -> list[str]:
    """The methods that were asked, in order."""
    return [line.partition(":")[0].removeprefix("POST /") for line in gateway.transcript()]


async def test_a_message_leaves_once_with_the_default_phone_and_sim(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    assert await gateway.send([outgoing(reference=77)]) == [FIRST]
    (sms,) = server.on_air
    assert (sms.recipient, sms.text, sms.reference) == (ANNA, TEXT, "77")
    assert sms.options == {"sim": "0", "device_id": server.credentials()["device_id"]}
    assert asked(gateway) == ["gettoken", "addsms"]


async def test_login_and_password_can_go_with_each_message(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    for method in (SendMethod.LOGIN, "login"):
        gateway = at(server, http, clock, send_method=method)
        outcomes = await gateway.send([outgoing(message(ANNA)), outgoing(message(BERT), reference=2)])
        assert all(isinstance(outcome, Taken) for outcome in outcomes)
        assert asked(gateway) == ["smstosend", "smstosend"]
    assert [sms.recipient for sms in server.on_air] == [ANNA, BERT] * 2


async def test_phone_sim_reference_and_urgency_can_be_the_messages_own(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    other = list(server.devices)[-1]
    options = {"device_id": other, "customerid": "122", "urgent": True, "stopList": False}
    await gateway.send([outgoing(message(sim=1, options=options))])
    (sms,) = server.on_air
    assert sms.options == {"sim": "1", "urgent": "1", "device_id": str(other)}
    assert sms.reference == "122"


@pytest.mark.parametrize(
    ("priority", "options", "urgent"),
    [
        (Priority.LOW, {}, None),
        (Priority.NORMAL, {}, None),
        (Priority.HIGH, {}, "1"),
        (Priority.OTP, {}, "1"),
        (Priority.OTP, {"urgent": 0}, "0"),
        (Priority.NORMAL, {"urgent": "1"}, "1"),
    ],
)
async def test_what_is_in_a_hurry_is_urgent(
    gateway: SmsGateway24,
    server: SmsGateway24Server,
    priority: Priority,
    options: dict[str, object],
    urgent: str | None,
) -> None:
    await gateway.send([outgoing(message(priority=priority, options=options))])
    assert server.on_air[0].options.get("urgent") == urgent


async def test_several_messages_are_one_request_and_each_has_its_number(
    gateway: SmsGateway24, server: SmsGateway24Server
) -> None:
    batch = [
        outgoing(message(ANNA), reference=11),
        outgoing(message(BERT), reference=12),
        outgoing(message(ANNA), reference=13),
    ]
    outcomes = await gateway.send(batch)
    assert [outcome.references for outcome in outcomes if isinstance(outcome, Taken)] == [
        sms.ids for sms in server.on_air
    ]
    assert [(sms.recipient, sms.reference) for sms in server.on_air] == [
        (ANNA, "11"),
        (BERT, "12"),
        (ANNA, "13"),
    ]
    assert asked(gateway) == ["gettoken", "addalotofsms", "getallsms"]


@pytest.mark.parametrize("send_method", SendMethod)
@pytest.mark.parametrize("number", [1, 2])
async def test_every_parameter_goes_by_every_way(
    server: SmsGateway24Server,
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    send_method: SendMethod,
    number: int,
) -> None:
    gateway = at(server, http, clock, send_method=send_method)
    what = message(sim=1, options={"device_id": 1297, "customerid": 122, "urgent": True})
    send_at = clock.now + timedelta(hours=1)
    await gateway.send([outgoing(what, reference=n, send_at=send_at) for n in range(number)])
    assert [
        (sms.reference, {name: str(value) for name, value in sms.options.items()}) for sms in server.on_air
    ] == [
        ("122", {"sim": "1", "device_id": "1297", "urgent": "1", "timetosend": "2026-11-20 12:15:00"})
    ] * number


async def test_a_wrong_time_zone_of_the_account_costs_a_second_look_only(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway = at(server, http, clock, time_zone="Pacific/Auckland")
    assert await gateway.send([outgoing(), outgoing(message(BERT), reference=2)]) == [FIRST, SECOND]
    assert asked(gateway).count("getallsms") == 2


@pytest.mark.parametrize("fault", [Fault(status=500, body="{}"), Fault(status=200, body='{"smss": []}')])
async def test_numbers_that_are_not_told_yet_are_resolved_by_the_reports(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock, fault: Fault
) -> None:
    server.faults.add(fault, times=3, path="POST /getallsms")
    outcomes = await gateway.send([outgoing(reference=11), outgoing(message(BERT), reference=12)])
    server.faults.clear()
    assert [outcome.references for outcome in outcomes if isinstance(outcome, Taken)] == [
        ("customerid:11",),
        ("customerid:12",),
    ]
    server.advance("62807348", "6")
    reports = await gateway.reports(
        [opened("customerid:11", clock.now, ANNA), opened("customerid:12", clock.now, BERT)]
    )
    assert [(report.reference, report.recipient, report.state) for report in reports] == [
        ("customerid:11", ANNA, State.ACCEPTED),
        ("customerid:12", BERT, State.SENT),
    ]
    assert await gateway.reports([opened("customerid:13", clock.now)]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Größe 5 €",
        "გამარჯობა",
        "ドアが開いています",
        "🚪 left open 👩‍👩‍👧",
        'a "b" \\ \n c',
        "1+1=2 & more%20",
    ],
)
async def test_any_text_arrives_as_it_is(
    gateway: SmsGateway24, server: SmsGateway24Server, text: str
) -> None:
    await gateway.send([outgoing(message(text=text))])
    outcomes = await gateway.send([outgoing(message(text=text)), outgoing(message(BERT, text), reference=2)])
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert [sms.text for sms in server.on_air] == [text] * 3


async def test_a_text_for_gsm7_is_made_to_fit(gateway: SmsGateway24, server: SmsGateway24Server) -> None:
    await gateway.send([outgoing(message(text="ćao", encoding=EncodingChoice.GSM7))])
    assert server.on_air[0].text == "cao"


async def test_a_schedule_is_told_in_the_accounts_time_zone(
    server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock
) -> None:
    send_at = clock.now + timedelta(days=1)
    await at(server, http, clock).send([outgoing(send_at=send_at)])
    await at(server, http, clock, time_zone="Asia/Tokyo").send([outgoing(send_at=send_at)])
    assert [sms.options["timetosend"] for sms in server.on_air] == [
        "2026-11-21 11:15:00",
        "2026-11-21 19:15:00",
    ]


async def test_a_time_that_is_over_means_at_once(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.send([outgoing(send_at=clock.now)])
    assert "timetosend" not in server.on_air[0].options


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (message(text=""), ErrorCode.INVALID_TEXT),
        (message(text=None, data=b"\x00"), ErrorCode.UNSUPPORTED),
        (message(flash=True), ErrorCode.UNSUPPORTED),
        (message(originator="HOME"), ErrorCode.UNSUPPORTED),
        (message(sim=2), ErrorCode.UNSUPPORTED),
        (message(options={"device_id": "kitchen"}), ErrorCode.INVALID_PAYLOAD),
        (message(options={"device_id": True}), ErrorCode.INVALID_PAYLOAD),
        (message(options={"customerid": 0}), ErrorCode.INVALID_PAYLOAD),
        (message(options={"customerid": 2**31}), ErrorCode.INVALID_PAYLOAD),
        (message(options={"urgent": 2}), ErrorCode.INVALID_PAYLOAD),
    ],
)
async def test_what_no_phone_can_send_is_refused_here_and_hinders_nobody(
    gateway: SmsGateway24, server: SmsGateway24Server, what: OutboundMessage, code: ErrorCode
) -> None:
    refused, taken = await gateway.send([outgoing(what), outgoing(message(BERT), reference=2)])
    assert isinstance(refused, Refused)
    assert refused.error.code is code
    assert taken == FIRST
    assert [sms.recipient for sms in server.on_air] == [BERT]


async def test_reports_walk_to_the_final_state(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.send([outgoing()])
    states = []
    for status in ("1", *server.walk):
        server.advance("62807347", status)
        (report,) = await gateway.reports([opened("62807347", clock.now)])
        states.append(report.state)
    assert states == [State.ACCEPTED, State.ACCEPTED, State.ACCEPTED, State.SENT, State.DELIVERED]


STATUSES = [
    (1, State.ACCEPTED, None, False, False),
    (3, State.ACCEPTED, None, False, False),
    (2, State.ACCEPTED, None, False, False),
    (6, State.SENT, None, False, False),
    (7, State.DELIVERED, None, False, False),
    (8, State.UNDELIVERABLE, ErrorCode.NETWORK, True, False),
    (9, State.FAILED, ErrorCode.SIM_ERROR, True, False),
    (10, State.FAILED, ErrorCode.NOT_REGISTERED, True, True),
    (11, State.FAILED, ErrorCode.INVALID_TEXT, False, False),
    (12, State.FAILED, ErrorCode.GATEWAY_OFFLINE, True, True),
    (100, State.FAILED, ErrorCode.AUTH, False, False),
    (101, State.FAILED, ErrorCode.AUTH, False, False),
    (4, None, ErrorCode.PROTOCOL, False, False),
    (999, None, ErrorCode.PROTOCOL, False, False),
]


@pytest.mark.parametrize(("status", "state", "code", "temporary", "not_sent"), STATUSES)
@pytest.mark.parametrize("others", [0, 4])
async def test_every_status_has_its_state_alone_and_in_a_list(
    gateway: SmsGateway24,
    server: SmsGateway24Server,
    clock: Clock,
    *,
    status: int,
    state: State | None,
    code: ErrorCode | None,
    temporary: bool,
    not_sent: bool,
    others: int,
) -> None:
    for number in range(1 + others):
        await gateway.send([outgoing(reference=number + 1)])
    server.advance("62807347", str(status))
    sends = [opened(str(62807347 + number), clock.now) for number in range(1 + others)]
    before = len(gateway.transcript())
    report, *_ = await gateway.reports(sends)
    assert len(gateway.transcript()) == before + 1
    assert (report.reference, report.recipient, report.state) == ("62807347", ANNA, state)
    assert report.not_sent is not_sent
    assert (report.error.code if report.error else None) is code
    if report.error is not None:
        assert (report.error.temporary, report.error.provider_code) == (temporary, str(status))


async def test_a_list_that_cannot_be_read_hides_no_report(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.send([outgoing(reference=number) for number in range(1, 6)])
    too_long = Fault(status=200, body=f'{{"smss": "{"x" * 9_000_000}"}}')
    server.faults.add(too_long, times=None, path="POST /getallsms")
    reports = await gateway.reports([opened(str(62807347 + number), clock.now) for number in range(5)])
    assert [report.state for report in reports] == [State.ACCEPTED] * 5
    assert asked(gateway)[-5:] == ["getsmsstatus"] * 5


async def test_a_received_message_is_no_report(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.send([outgoing()])
    server.advance("62807347", "5")
    assert await gateway.reports([opened("62807347", clock.now)]) == []


async def test_a_message_that_is_not_there_gives_no_report(gateway: SmsGateway24, clock: Clock) -> None:
    assert await gateway.reports([]) == []
    assert await gateway.reports([opened("1", clock.now)]) == []
    assert await gateway.reports([opened(str(number), clock.now) for number in range(1, 6)]) == []


async def test_an_unknown_status_is_warned_of_once(
    gateway: SmsGateway24,
    server: SmsGateway24Server,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await gateway.send([outgoing()])
    server.advance("62807347", "42")
    for _ in range(3):
        await gateway.reports([opened("62807347", clock.now)])
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "42" in warnings[0]


@pytest.mark.parametrize("error_style", ErrorStyle)
@pytest.mark.parametrize("zone_style", ZoneStyle)
@pytest.mark.usefixtures("zone_style")
async def test_every_way_of_php_to_write_it_is_understood(
    server: SmsGateway24Server,
    gateway: SmsGateway24,
    clock: Clock,
    error_style: ErrorStyle,
) -> None:
    server.error_style = error_style
    assert await gateway.send([outgoing(), outgoing(message(BERT), reference=2)]) == [FIRST, SECOND]
    server.advance("62807347", "7")
    stored, *_ = await gateway.messages()
    assert stored.created is not None
    assert stored.created == stored.sent == clock.now
    (report,) = await gateway.reports([opened("62807347", clock.now)])
    assert report.state is State.DELIVERED
    assert (await gateway.devices())[0].last_seen is not None
