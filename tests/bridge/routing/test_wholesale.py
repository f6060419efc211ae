"""Gateways that take a message as a whole: what settles a lost answer, and what a phone did not send after all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sms_bridge.routing.inlet import GatewayInlet
from sms_providers.model import DeliveryReport, Error, ErrorCode, OnUnknown, State, Taken
from tests.bridge.routing.bench import ANNA, NOW, NUMBER, Gateway, no_answer, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sms_bridge.store.base import Message
    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]

#: Of another country, with the same trailing digits as the bench's number.
OTHER = "+431701234567"
NO_SERVICE = Error(code=ErrorCode.NOT_REGISTERED, message="the phone has no service", provider_code="10")


@pytest.fixture
async def cloud(make_bench: MakeBench) -> Bench:
    """A cloud before a stick, both able to take everything."""
    links = {"cloud": Gateway("cloud", by_segment=False), "stick": Gateway("stick")}
    return await make_bench(links, gateways=("cloud", "stick"))


class Nobody:
    """Gateways that nobody asks for more than what is usable."""

    def __init__(self, usable: frozenset[str]) -> None:
        self._usable = usable

    def usable(self) -> frozenset[str]:
        return self._usable


def inlet(bench: Bench) -> GatewayInlet:
    return GatewayInlet(
        "cloud",
        "fake",
        store=bench.store,
        inbox=bench.inbox,
        reports=bench.reports,
        attempts=bench.attempts,
        gateways=Nobody(bench.usable),  # type: ignore[arg-type] # as much of it as an inlet asks here
        committed=lambda: None,
        now=lambda: bench.now,
    )


async def lost(bench: Bench, message_id: str = "m", **values: object) -> Message:
    """A message whose answer from the cloud never came."""
    await bench.queue(message_id, **values)
    await bench.attempt(no_answer(), "cloud")
    return await bench.message(message_id)


async def test_any_report_to_the_recipient_settles_a_lost_answer_with_all_its_segments(cloud: Bench) -> None:
    await lost(cloud, text="long " * 60)
    cloud.now += 5
    await cloud.report("uuid-1", State.DELIVERED, gateway="cloud")
    assert await cloud.states() == ["queued", "unknown", "accepted", "delivered!"]
    await cloud.pass_time(3600)
    assert not await cloud.claim("cloud")


async def test_a_report_that_came_before_the_attempt_is_not_its_answer(cloud: Bench) -> None:
    await cloud.report("uuid-1", State.DELIVERED, gateway="cloud")
    cloud.now += 5
    await lost(cloud)
    assert await cloud.states() == ["queued", "unknown"]


async def test_a_report_that_may_mean_two_lost_messages_settles_neither(cloud: Bench) -> None:
    await lost(cloud, "one")
    await lost(cloud, "two", text="another")
    await cloud.report("uuid-1", State.DELIVERED, gateway="cloud")
    assert (await cloud.message("one")).state is State.UNKNOWN
    assert (await cloud.message("two")).state is State.UNKNOWN


async def test_a_report_with_our_own_reference_settles_that_message_whatever_else_is_on_its_way(
    cloud: Bench,
) -> None:
    for name in ("one", "two"):
        await cloud.queue(name, text=name)
        await cloud.attempt(no_answer(f"our {name}"), "cloud")
    await cloud.queue("three", text="three")
    await cloud.claim_one("cloud")
    await cloud.report("our two", State.DELIVERED, gateway="cloud", recipient=None)
    assert await cloud.states("two") == ["queued", "unknown", "accepted", "delivered!"]
    assert await cloud.states("one") == ["queued", "unknown"]
    await cloud.report("our four", State.DELIVERED, gateway="cloud")
    assert await cloud.states("one") == ["queued", "unknown"]
    await cloud.pass_time(31)
    await cloud.report("our one", State.DELIVERED, gateway="cloud")
    assert not await cloud.claim("cloud")
    assert await cloud.states("one") == ["queued", "unknown", "accepted", "delivered!"]


async def test_what_the_gateway_is_found_to_have_is_not_sent_again(cloud: Bench) -> None:
    message = await lost(cloud)
    (asked,) = await inlet(cloud).unanswered()
    assert (asked.reference, asked.message.recipient, asked.message.text) == (
        message.row,
        NUMBER,
        "the door is open",
    )
    assert asked.sent_at == datetime.fromtimestamp(NOW, UTC)
    await inlet(cloud).answered(message.row, Taken(references=("77",), state=State.ACCEPTED))
    assert await cloud.states() == ["queued", "unknown", "accepted"]
    await cloud.pass_time(3600)
    assert not await cloud.claim("cloud")
    assert not await inlet(cloud).unanswered()


async def test_after_a_crash_the_interrupted_are_asked_for(cloud: Bench) -> None:
    message = await cloud.queue()
    await cloud.claim_one("cloud")
    await cloud.restart()
    (asked,) = await inlet(cloud).unanswered()
    assert asked.reference == message.row


async def test_a_found_answer_that_was_settled_meanwhile_changes_nothing(cloud: Bench) -> None:
    message = await lost(cloud)
    await cloud.report("uuid-1", State.DELIVERED, gateway="cloud")
    events = await cloud.events()
    await inlet(cloud).answered(message.row, Taken(references=("77",), state=State.ACCEPTED))
    assert await cloud.events() == events


async def test_a_found_answer_settles_a_held_unknown(cloud: Bench) -> None:
    message = await lost(cloud, on_unknown=OnUnknown.HOLD)
    await cloud.pass_time(3600)
    await inlet(cloud).answered(message.row, Taken(references=("77",), state=State.ACCEPTED))
    assert await cloud.states() == ["queued", "unknown", "unknown!", "accepted!"]


async def test_a_found_answer_after_the_grace_prevents_the_resend_of_what_waits(cloud: Bench) -> None:
    message = await lost(cloud)
    await cloud.pass_time(31)
    await inlet(cloud).answered(message.row, Taken(references=("77",), state=State.ACCEPTED))
    assert not await cloud.claim("cloud")
    assert (await cloud.last())["possible_duplicate"] is True


async def test_what_a_phone_did_not_send_goes_to_the_next_gateway(cloud: Bench) -> None:
    await cloud.queue()
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")
    await inlet(cloud).report(DeliveryReport(reference="77", state=None, error=NO_SERVICE, not_sent=True))
    await cloud.attempt(taken("2a"), "stick")
    await cloud.report("2a", State.DELIVERED, gateway="stick")
    assert await cloud.states() == ["queued", "accepted", "sent", "delivered!"]
    last = await cloud.last()
    assert (last["gateway"], last["attempt"], last["possible_duplicate"]) == ("stick", 2, False)


async def test_what_a_phone_did_not_send_is_tried_again_where_it_is_alone(cloud: Bench) -> None:
    await cloud.queue(gateway=("cloud",))
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")
    await inlet(cloud).report(DeliveryReport(reference="77", state=None, error=NO_SERVICE, not_sent=True))
    assert not await cloud.claim("cloud")
    await cloud.pass_time(2)
    await cloud.attempt(no_answer(), "cloud")
    await cloud.report("78", State.DELIVERED, gateway="cloud")
    assert await cloud.states() == ["queued", "accepted", "delivered!"]


async def test_a_word_of_not_sent_about_another_attempt_or_nothing_changes_nothing(cloud: Bench) -> None:
    await cloud.queue(gateway=("cloud",))
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")
    refusal = DeliveryReport(reference="77", state=None, error=NO_SERVICE, not_sent=True)
    await inlet(cloud).report(refusal)
    await cloud.pass_time(2)
    await cloud.attempt(taken("78", state=State.ACCEPTED), "cloud")
    events = await cloud.events()
    await inlet(cloud).report(refusal)
    await inlet(cloud).report(DeliveryReport(reference="99", state=None, error=NO_SERVICE, not_sent=True))
    assert await cloud.events() == events
    assert not await cloud.claim("cloud")


async def test_only_reports_on_what_was_sent_or_is_in_flight_are_expected(cloud: Bench) -> None:
    await cloud.queue("one", to=ANNA)
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")

    async def expected(reference: str, recipient: str | None) -> bool:
        return await inlet(cloud).expects(
            DeliveryReport(reference=reference, state=State.SENT, recipient=recipient)
        )

    assert await expected("77", ANNA)
    assert await expected("77", None)
    assert not await expected("77", OTHER)
    assert not await expected("78", ANNA)
    await cloud.queue("two", to=OTHER)
    await cloud.claim_one("cloud")
    assert await expected("78", OTHER)
    assert not await expected("78", ANNA)


async def test_a_report_on_what_waits_to_be_sent_again_is_expected_and_prevents_it(cloud: Bench) -> None:
    await lost(cloud)
    await cloud.pass_time(31)
    report = DeliveryReport(reference="uuid-1", state=State.DELIVERED, recipient=NUMBER)
    assert await inlet(cloud).expects(report)
    assert not await inlet(cloud).expects(replace(report, recipient=ANNA))
    await inlet(cloud).report(report)
    assert not await cloud.claim("cloud")
    assert await cloud.states() == ["queued", "unknown", "accepted", "delivered!"]


async def test_open_sends_are_those_that_wait_for_a_word(cloud: Bench) -> None:
    for number, reference in enumerate(("70", "71", "72", "73")):
        await cloud.queue(f"m{number}", dlr=number != 3)
        await cloud.attempt(taken(reference, state=State.ACCEPTED), "cloud")
    await cloud.report("71", State.DELIVERED, gateway="cloud")
    await cloud.report("70", State.SENT, gateway="cloud")
    sends = await inlet(cloud).open_sends(10)
    assert [send.reference for send in sends] == ["72", "70"]
    assert sends[0].recipient == NUMBER
    assert [send.reference for send in await inlet(cloud).open_sends(1)] == ["72"]


async def test_references_are_known_when_nothing_more_is_awaited_of_them(cloud: Bench) -> None:
    await cloud.queue("old")
    await cloud.attempt(taken("70", state=State.ACCEPTED), "cloud")
    cloud.now += 3600
    since = datetime.fromtimestamp(cloud.now, UTC)
    await cloud.queue("ended", dlr=False)
    await cloud.attempt(taken("71", state=State.ACCEPTED), "cloud")
    await cloud.queue("open")
    await cloud.attempt(taken("72", state=State.ACCEPTED), "cloud")
    await cloud.queue("elsewhere", gateway=("stick",))
    await cloud.attempt(taken("73"), "stick")
    assert await inlet(cloud).references_since(since) == {"71", "72"}


async def test_one_reference_for_several_recipients_reports_on_the_one_it_names(cloud: Bench) -> None:
    await cloud.queue("one", to=NUMBER)
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")
    await cloud.queue("two", to=OTHER)
    await cloud.attempt(taken("77", state=State.ACCEPTED), "cloud")
    await cloud.report("77", State.DELIVERED, gateway="cloud", recipient=NUMBER)
    assert await cloud.states("one") == ["queued", "accepted", "delivered!"]
    assert await cloud.states("two") == ["queued", "accepted"]
