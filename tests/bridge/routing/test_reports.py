"""Which message a delivery report is about: before the answer, after it, after a restart, or for want of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.store.base import Phase
from sms_providers.model import Error, ErrorCode, OnUnknown, State
from tests.bridge.routing.bench import ANNA, BEN, NUMBER, no_answer, refused, send, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]


async def long_message(bench: Bench, **values: object) -> None:
    """Three segments."""
    given: dict[str, Any] = {"id": "m", **values}
    await bench.accept(send(NUMBER, "x" * 400, **given))


# -- the report and its segment


async def test_a_message_is_delivered_when_every_segment_is(bench: Bench) -> None:
    await long_message(bench)
    await bench.attempt(taken("2a", "2b", "2c"))
    await bench.report("2b")
    await bench.report("2a")
    assert await bench.states() == ["queued", "sent"]
    assert (await bench.message()).segments_delivered == 2
    await bench.report("2c")
    event = await bench.last()
    assert (event["state"], event["segments_delivered"]) == ("delivered", 3)


async def test_one_segment_that_does_not_arrive_makes_the_message_undeliverable(bench: Bench) -> None:
    await long_message(bench)
    await bench.attempt(taken("2a", "2b", "2c"))
    await bench.report("2a")
    error = Error(code=ErrorCode.ABSENT_SUBSCRIBER, message="no response", provider_code="62", temporary=True)
    await bench.report("2b", State.UNDELIVERABLE, error=error)
    event = await bench.last()
    assert (event["state"], event["segments_delivered"], event["final"]) == ("undeliverable", 1, True)
    assert (event["error"]["code"], event["error"]["provider_code"]) == ("absent_subscriber", "62")
    await bench.report("2b")
    await bench.report("2c")
    assert (await bench.states())[-1] == "delivered!"


async def test_a_gateway_with_one_reference_for_the_whole_reports_on_the_whole(bench: Bench) -> None:
    await long_message(bench)
    await bench.attempt(taken("order-1", state=State.ACCEPTED))
    await bench.report("order-1", recipient=None)
    event = await bench.last()
    assert (event["state"], event["segments_delivered"]) == ("delivered", 3)


@pytest.mark.parametrize("recipient", ["+491701234567", "01701234567", "1701234567", "00491701234567", None])
async def test_the_networks_way_to_write_the_number_does_not_matter(
    bench: Bench, recipient: str | None
) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a", recipient=recipient)
    assert await bench.states() == ["queued", "sent", "delivered!"]


async def test_a_report_for_another_number_or_gateway_is_not_ours(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a", recipient=BEN)
    await bench.report("2a", gateway="spare")
    await bench.report("2b")
    assert await bench.states() == ["queued", "sent"]


async def test_a_report_before_the_answer_waits_for_it(bench: Bench) -> None:
    await bench.queue()
    submission = await bench.claim_one()
    await bench.report("2a", submitted_at=bench.now)
    assert await bench.states() == ["queued"]
    await bench.settle(submission, taken("2a"))
    assert await bench.states() == ["queued", "sent", "delivered!"]
    assert await bench.store.read(lambda tx: tx.recent_reports("stick", 0)) == []


async def test_a_report_on_an_early_segment_counts_while_the_rest_is_still_sent(bench: Bench) -> None:
    await long_message(bench)
    submission = await bench.claim_one()
    await bench.segment(submission, 1, "2a")
    await bench.report("2a")
    await bench.segment(submission, 2, "2b")
    await bench.report("2b")
    await bench.report("2c", submitted_at=bench.now)
    await bench.settle(submission, taken("2a", "2b", "2c"))
    assert await bench.states() == ["queued", "sent", "delivered!"]


async def test_a_report_after_a_restart_finds_its_message(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.restart()
    await bench.report("2a")
    assert await bench.states() == ["queued", "sent", "delivered!"]


async def test_a_repeated_report_publishes_nothing(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    for _ in range(3):
        await bench.report("2a", submitted_at=bench.now)
    assert await bench.states() == ["queued", "sent", "delivered!"]
    assert await bench.store.read(lambda tx: tx.recent_reports("stick", 0)) == []


# -- references repeat


async def test_of_two_messages_with_one_reference_the_number_decides(bench: Bench) -> None:
    await bench.queue("a")
    await bench.attempt(taken("2a"))
    await bench.queue("b", to=ANNA)
    await bench.attempt(taken("2a"))
    await bench.report("2a", recipient=NUMBER)
    assert (await bench.states("a"), await bench.states("b")) == (
        ["queued", "sent", "delivered!"],
        ["queued", "sent"],
    )


@pytest.mark.parametrize("skew", [-5.0, 0.0, 5.0])
async def test_of_two_messages_to_one_number_with_one_reference_the_time_decides(
    bench: Bench, skew: float
) -> None:
    first = bench.now
    await bench.queue("a")
    await bench.attempt(taken("2a"))
    bench.now += 7200
    await bench.queue("b")
    await bench.attempt(taken("2a"))
    await bench.report("2a", submitted_at=bench.now + skew)
    assert (await bench.states("a"))[-1] == "sent"
    assert (await bench.states("b"))[-1] == "delivered!"
    await bench.report("2a", submitted_at=first + skew)
    assert (await bench.states("a"))[-1] == "delivered!"


async def test_an_early_report_does_not_go_to_an_older_message_with_its_reference(bench: Bench) -> None:
    await bench.queue("a", valid_for=600)
    await bench.attempt(taken("2a"))
    await bench.pass_time(7200)
    await bench.queue("b")
    submission = await bench.claim_one()
    await bench.report("2a", submitted_at=bench.now)
    await bench.settle(submission, taken("2a"))
    assert await bench.states("a") == ["queued", "sent", "sent!"]
    assert await bench.states("b") == ["queued", "sent", "delivered!"]


async def test_an_early_report_is_no_repetition_of_an_older_one(bench: Bench) -> None:
    await bench.queue("a")
    await bench.attempt(taken("2a"))
    await bench.report("2a", submitted_at=bench.now)
    bench.now += 7200
    await bench.queue("b")
    submission = await bench.claim_one()
    await bench.report("2a", submitted_at=bench.now)
    await bench.settle(submission, taken("2a"))
    assert (await bench.states("b"))[-1] == "delivered!"


async def test_a_network_with_a_wrong_clock_is_still_understood(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a", submitted_at=bench.now - 3 * 3600)
    assert (await bench.states())[-1] == "delivered!"


async def test_a_report_is_not_taken_from_a_message_that_is_sent_just_now(bench: Bench) -> None:
    await bench.queue("a")
    await bench.queue("b")
    await bench.attempt(taken("2a"))
    await bench.claim_one()
    await bench.report("2a", submitted_at=bench.now + 2)
    assert (await bench.states("a"))[-1] == "delivered!"


# -- a report as the answer


async def test_a_report_answers_an_attempt_that_had_no_answer(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer("2b"))
    await bench.report("2b", submitted_at=bench.now)
    assert await bench.states() == ["queued", "unknown", "sent", "delivered!"]
    event = await bench.last()
    assert (event["possible_duplicate"], event["reference"], event["error"]) == (False, ["2b"], None)
    await bench.pass_time(40)
    assert await bench.claim() == []


async def test_a_report_that_came_before_the_time_out_is_the_answer_too(bench: Bench) -> None:
    await bench.queue()
    submission = await bench.claim_one()
    began = bench.now
    bench.now += 60
    await bench.report("2b", submitted_at=began)
    bench.now += 60
    await bench.settle(submission, no_answer("2b"))
    assert await bench.states() == ["queued", "unknown", "sent", "delivered!"]


async def test_still_trying_is_an_answer_as_well(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer("2b"))
    await bench.report("2b", None, submitted_at=bench.now)
    assert await bench.states() == ["queued", "unknown", "sent"]


async def test_after_a_crash_the_networks_time_tells_the_attempt(bench: Bench) -> None:
    await bench.queue()
    await bench.claim_one()
    began = bench.now
    bench.now += 7200
    await bench.restart()
    await bench.report("99", submitted_at=began + 2)
    assert await bench.states() == ["queued", "unknown", "sent", "delivered!"]


async def test_a_report_from_another_time_is_no_answer(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer())
    await bench.report("2b", submitted_at=bench.now - 3600)
    await bench.report("2c", submitted_at=None)
    assert await bench.states() == ["queued", "unknown"]


async def test_a_report_with_another_reference_than_expected_is_no_answer(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer("2b"))
    await bench.report("2c", submitted_at=bench.now)
    assert await bench.states() == ["queued", "unknown"]


async def test_a_report_that_may_mean_two_messages_settles_neither(bench: Bench) -> None:
    await bench.queue("a")
    await bench.queue("b")
    await bench.attempt(no_answer())
    await bench.attempt(no_answer())
    await bench.report("2b", submitted_at=bench.now)
    assert (await bench.states("a"), await bench.states("b")) == (
        ["queued", "unknown"],
        ["queued", "unknown"],
    )


async def test_a_report_on_what_is_being_sent_settles_nothing_else(bench: Bench) -> None:
    """The modem never took ``a``; ``b`` gets the reference that was expected for it, and its report comes early."""
    await bench.queue("a")
    await bench.queue("b")
    await bench.attempt(no_answer("2b"))
    submission = await bench.claim_one()
    await bench.report("2b", submitted_at=bench.now)
    await bench.settle(submission, taken("2b"))
    assert await bench.states("b") == ["queued", "sent", "delivered!"]
    assert await bench.states("a") == ["queued", "unknown"]
    await bench.pass_time(31)
    assert (await bench.claim_one()).row == 1


async def test_a_report_that_had_to_wait_for_another_message_is_still_the_answer(bench: Bench) -> None:
    await bench.queue("a")
    await bench.queue("b")
    await bench.attempt(no_answer("2b"))
    submission = await bench.claim_one()
    await bench.report("2b", submitted_at=bench.now)
    await bench.settle(submission, taken("2c"))
    await bench.pass_time(31)
    assert await bench.states("a") == ["queued", "unknown", "sent", "delivered!"]
    assert await bench.claim() == []


async def test_a_report_after_the_grace_still_prevents_the_resend_of_what_waits(bench: Bench) -> None:
    began = bench.now
    await bench.queue(gateway=("stick",))
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.report("2b", submitted_at=began)
    assert await bench.claim() == []
    assert await bench.states() == ["queued", "unknown", "sent", "delivered!"]
    assert (await bench.last())["attempt"] == 1


async def test_a_report_is_no_answer_to_an_attempt_that_was_refused(bench: Bench) -> None:
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.attempt(refused(ErrorCode.NETWORK))
    await bench.report("2b", submitted_at=bench.now)
    assert len(await bench.claim("spare")) == 1


async def test_the_late_report_of_a_resent_message_settles_no_other(bench: Bench) -> None:
    began = bench.now
    await bench.queue("a")
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.attempt(taken("2c"))
    await bench.queue("b")
    await bench.attempt(no_answer())
    await bench.report("2b", submitted_at=began)
    assert await bench.states("b") == ["queued", "unknown"]


async def test_the_late_report_of_an_expired_message_settles_no_other(bench: Bench) -> None:
    began = bench.now
    await bench.queue("a", valid_for=10)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.queue("b")
    await bench.attempt(no_answer())
    await bench.report("2b", submitted_at=began)
    assert await bench.states("b") == ["queued", "unknown"]


async def test_a_repeated_report_on_another_message_is_no_answer(bench: Bench) -> None:
    await bench.queue("a")
    await bench.attempt(taken("2a"))
    await bench.report("2a", submitted_at=bench.now)
    await bench.queue("b")
    await bench.attempt(no_answer())
    await bench.report("2a", submitted_at=bench.now)
    assert await bench.states("b") == ["queued", "unknown"]


@pytest.mark.parametrize("late", [State.DELIVERED, State.UNDELIVERABLE])
async def test_a_held_unknown_is_settled_by_a_later_report_and_stays_final(bench: Bench, late: State) -> None:
    began = bench.now
    await bench.queue(on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer("2b"))
    await bench.pass_time(86_400)
    await bench.report("2b", late, submitted_at=began)
    assert await bench.states() == ["queued", "unknown", "unknown!", "sent!", f"{late}!"]
    assert (await bench.message()).phase is Phase.DONE


async def test_a_report_on_a_held_message_does_not_go_to_an_older_one_with_its_reference(
    bench: Bench,
) -> None:
    await bench.queue("a")
    await bench.attempt(taken("2b"))
    bench.now += 7200
    began = bench.now
    await bench.queue("b", on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer("2b"))
    await bench.pass_time(31)
    await bench.report("2b", submitted_at=began)
    assert (await bench.states("a"), (await bench.states("b"))[-1]) == (["queued", "sent"], "delivered!")


async def test_a_report_on_the_middle_segment_lets_the_rest_go_on(bench: Bench) -> None:
    await long_message(bench)
    submission = await bench.claim_one()
    await bench.segment(submission, 1, "2a")
    await bench.settle(submission, no_answer("2b"))
    await bench.report("2b", submitted_at=bench.now)
    again = await bench.claim_one()
    assert again.taken == {1: "2a", 2: "2b"}
    await bench.settle(again, taken("2a", "2b", "2c"))
    await bench.report("2a")
    await bench.report("2c")
    assert await bench.states() == ["queued", "unknown", "sent", "delivered!"]
    assert (await bench.last())["possible_duplicate"] is False


# -- a late answer


async def test_a_late_answer_settles_the_attempt_and_nothing_is_sent_again(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer("2b"))
    await bench.late_answer("2b")
    assert await bench.states() == ["queued", "unknown", "sent"]
    await bench.report("2b")
    assert (await bench.states())[-1] == "delivered!"


async def test_a_late_answer_is_the_last_attempts(bench: Bench) -> None:
    await bench.queue("a")
    await bench.attempt(no_answer())
    bench.now += 1
    await bench.queue("b")
    await bench.attempt(no_answer())
    await bench.late_answer("2c")
    assert (await bench.states("a"), (await bench.states("b"))[-1]) == (["queued", "unknown"], "sent")


async def test_a_late_answer_never_settles_a_message_that_was_given_up_long_ago(bench: Bench) -> None:
    await bench.queue("held", on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.late_answer("2c")
    assert (await bench.states("held"))[-1] == "unknown!"


async def test_a_late_answer_nobody_waits_for_changes_nothing(bench: Bench) -> None:
    await bench.queue()
    await bench.late_answer("2c")
    await bench.attempt(refused(ErrorCode.INVALID_RECIPIENT))
    await bench.late_answer("2c")
    assert await bench.states() == ["queued", "failed!"]


# -- after a requested resend


async def test_a_report_of_the_first_run_says_nothing_of_the_second(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a", State.EXPIRED)
    await bench.outbox.resend("m")
    await bench.report("2a")
    assert (await bench.states())[-1] == "queued"
    await bench.attempt(taken("2b"))
    await bench.report("2b")
    assert (await bench.states())[-2:] == ["sent", "delivered!"]
