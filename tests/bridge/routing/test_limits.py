"""When messages leave, and how many: validity, quotas, quiet hours, priorities (MQTT and bridge contracts)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from sms_bridge.routing.limits import Pace
from sms_bridge.routing.settings import Defaults, Limits, QuietHours
from sms_bridge.store.base import Phase
from sms_providers.model import Priority
from tests.bridge.routing.bench import BEN, CONTACTS, NOW, send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]


# -- time


async def test_validity_counts_from_send_at(bench: Bench) -> None:
    message = await bench.queue(send_at=NOW + 100, valid_for=50)
    assert (message.expires_at, message.due_at) == (NOW + 150, NOW + 100)


async def test_a_send_at_so_long_ago_that_the_validity_is_over_expires(bench: Bench) -> None:
    await bench.queue(send_at=NOW - 100, valid_for=50)
    assert await bench.claim() == []
    assert await bench.states() == ["queued", "expired!"]


async def test_validity_ends_a_message_that_nobody_took(bench: Bench) -> None:
    await bench.queue(valid_for=60)
    await bench.pass_time(61)
    event = await bench.last()
    assert (event["state"], event["error"]["code"]) == ("expired", "expired")


# -- limits


async def fill(bench: Bench, count: int, **values: object) -> list[str]:
    given: dict[str, Any] = values
    await bench.accept(*(send(f"+4917{number:08}", **given) for number in range(count)))
    return [event["state"] for event in await bench.events()]


@pytest.mark.parametrize("limit", ["per_day", "per_month"])
async def test_a_spent_quota_refuses_and_keeps_its_reserve_for_high_and_otp(
    make_bench: MakeBench, limit: str
) -> None:
    given: dict[str, Any] = {"per_minute": None, "per_day": None, limit: 10}
    bench = await make_bench(limits=Limits(**given))
    assert (await fill(bench, 9)).count("queued") == 8
    assert limit in (await bench.last())["error"]["message"]
    await bench.accept(
        *(send(f"+4918{n:08}", priority=p) for n, p in enumerate((Priority.HIGH, Priority.OTP)))
    )
    assert [event["state"] for event in (await bench.events())[-2:]] == ["queued", "queued"]
    event = await bench.rejection(to=BEN, priority=Priority.OTP)
    assert event["error"]["code"] == "quota"


async def test_what_is_refused_spends_no_quota(make_bench: MakeBench) -> None:
    bench = await make_bench(limits=Limits(per_day=2, reserve=0, per_recipient_per_hour=None))
    await bench.accept(
        send("nobody"), send("112"), send(flash=True), send(gateway=("x",)), send(text="x" * 9999)
    )
    await bench.accept(send(id="a"), send(id="a"), send(id="b"))
    states = [event["state"] for event in (await bench.events())[5:]]
    assert states == ["queued", "queued", "queued"]


async def test_a_recipient_gets_so_many_an_hour_and_no_more(make_bench: MakeBench) -> None:
    bench = await make_bench(limits=Limits(per_recipient_per_hour=5))
    await bench.accept(*(send() for _ in range(5)))
    assert [event["state"] for event in await bench.events()] == ["queued"] * 4 + ["rejected"]
    await bench.accept(send(priority=Priority.HIGH), send("anna"))
    assert [event["state"] for event in (await bench.events())[-2:]] == ["queued", "queued"]
    bench.now += 3601
    await bench.accept(send())
    assert (await bench.last())["state"] == "queued"


async def test_a_day_turns_at_midnight_of_the_configured_zone(make_bench: MakeBench) -> None:
    zone = ZoneInfo("America/New_York")
    bench = await make_bench(
        defaults=Defaults(time_zone=zone), limits=Limits(per_day=1, reserve=0, per_recipient_per_hour=None)
    )
    bench.now = datetime(2026, 11, 20, 23, 59, 59, tzinfo=zone).timestamp()
    await bench.accept(send())
    assert (await bench.rejection())["error"]["code"] == "quota"
    bench.now += 2
    await bench.accept(send())
    assert (await bench.last())["state"] == "queued"


async def test_each_message_of_an_array_is_judged_alone(make_bench: MakeBench) -> None:
    bench = await make_bench(limits=Limits(per_day=2, reserve=0, per_recipient_per_hour=None))
    await bench.accept(send("nobody"), send(id="a"), send(id="b"), send(id="c"))
    states = [event["state"] for event in await bench.events()]
    assert states == ["rejected", "queued", "queued", "rejected"]


def test_the_pace_grants_a_burst_and_then_so_many_a_minute() -> None:
    clock = [0.0]
    pace = Pace(Limits(per_minute=30, burst=3), lambda: clock[0])
    assert [pace.take(2), pace.take(2), pace.take(2)] == [2, 1, 0]
    assert pace.wait() == pytest.approx(2.0)
    clock[0] = 2.0
    assert pace.take(1) == 1
    pace.give_back(1)
    assert pace.take(1) == 1


async def test_quiet_hours_hold_low_and_normal_until_they_end_over_midnight(make_bench: MakeBench) -> None:
    quiet = QuietHours(start=time(22), end=time(7))
    bench = await make_bench(limits=Limits(per_minute=None, per_recipient_per_hour=None, quiet_hours=quiet))
    bench.now = datetime(2026, 11, 20, 23, 0, tzinfo=UTC).timestamp()
    for number, priority in enumerate(Priority):
        await bench.queue(f"m{number}", priority=priority)
    assert [(await bench.claim_one()).message.priority, (await bench.claim_one()).message.priority] == [
        Priority.OTP,
        Priority.HIGH,
    ]
    assert await bench.claim() == []
    assert {event["state"] for event in await bench.events()} == {"queued"}
    await bench.pass_time(8 * 3600 - 1)
    assert await bench.claim() == []
    await bench.pass_time(1)
    assert (await bench.claim_one()).message.priority is Priority.NORMAL


async def test_a_message_that_became_ready_in_the_quiet_hours_waits_too(make_bench: MakeBench) -> None:
    quiet = QuietHours(start=time(12), end=time(13))
    bench = await make_bench(limits=Limits(per_recipient_per_hour=None, quiet_hours=quiet))
    bench.now = datetime(2026, 11, 20, 11, 59, tzinfo=UTC).timestamp()
    await bench.queue("now")
    await bench.queue("later", send_at=bench.now + 120)
    await bench.pass_time(121)
    assert await bench.claim() == []
    assert (await bench.message("now")).phase is Phase.SCHEDULED
    await bench.pass_time(3600)
    assert len([await bench.claim_one(), await bench.claim_one()]) == 2


async def test_the_highest_priority_goes_first_then_the_oldest(bench: Bench) -> None:
    for message_id, priority in (("a", "LOW"), ("b", "NORMAL"), ("c", "OTP"), ("d", "NORMAL"), ("e", "HIGH")):
        await bench.queue(message_id, priority=Priority[priority])
    rows = [(await bench.claim_one()).row for _ in range(5)]
    assert rows == [3, 5, 2, 4, 1]


async def test_an_expired_message_at_the_head_does_not_hide_the_next(bench: Bench) -> None:
    await bench.queue("old", valid_for=10)
    await bench.queue("new")
    bench.now += 11
    assert (await bench.claim_one()).row == 2


async def test_a_contact_is_still_known_by_its_number(bench: Bench) -> None:
    await bench.accept(send(BEN, id="m"))
    assert (await bench.message()).route == (("spare",),)
    assert CONTACTS["ben"].gateway == ("spare",)
