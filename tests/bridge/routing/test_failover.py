"""Refusals and failover (MQTT contract, section 2): which gateway, when, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.router import after, has_turn, open_steps, restored, without
from sms_bridge.routing.settings import Defaults, Route, RouteMatch
from sms_bridge.routing.timers import fail_orphans
from sms_bridge.store.base import Phase
from sms_providers.model import ErrorCode, OnUnknown, Priority
from tests.bridge.routing.bench import NUMBER, no_answer, refused, send, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]

CANNOT = ("auth", "ip_denied", "no_credit", "no_route", "invalid_originator", "unsupported")
NOT_NOW = ("throttled", "gateway_offline", "not_registered", "sim_error", "network")
CONTENT = ("invalid_recipient", "invalid_text", "rejected_by_network", "too_long", "blocked")


# -- the three classes of refusals


@pytest.mark.parametrize("code", CANNOT + NOT_NOW)
async def test_a_gateway_that_refuses_is_followed_by_the_next_at_once(bench: Bench, code: str) -> None:
    await bench.queue()
    await bench.attempt(refused(ErrorCode(code)))
    assert await bench.claim("stick") == []
    await bench.attempt(taken("s1"), "spare")
    assert await bench.states() == ["queued", "sent"]


@pytest.mark.parametrize("code", CANNOT)
async def test_a_used_up_list_fails_with_the_last_code(bench: Bench, code: str) -> None:
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(refused(ErrorCode.AUTH))
    await bench.attempt(refused(ErrorCode(code)), "spare")
    event = await bench.last()
    assert (event["state"], event["final"], event["gateway"]) == ("failed", True, "spare")
    assert event["error"]["code"] == code


@pytest.mark.parametrize("code", CONTENT)
async def test_a_refused_number_or_text_fails_without_another_gateway(bench: Bench, code: str) -> None:
    await bench.queue()
    await bench.attempt(refused(ErrorCode(code)))
    assert await bench.states() == ["queued", "failed!"]
    assert (await bench.last())["error"]["code"] == code
    assert await bench.claim("spare") == []


@pytest.mark.parametrize("code", NOT_NOW)
async def test_a_gateway_that_cannot_now_is_tried_after_1_2_4_to_60_seconds_and_jitter(
    bench: Bench, code: str
) -> None:
    await bench.queue(gateway=("stick",))
    for pause in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        await bench.attempt(refused(ErrorCode(code)))
        await bench.pass_time(pause - 0.01)
        assert await bench.claim() == []
        await bench.pass_time(pause / 4 + 0.02)
        assert (await bench.message()).phase is Phase.READY
    assert await bench.states() == ["queued"]


async def test_the_whole_list_is_tried_before_a_pause(bench: Bench) -> None:
    await bench.queue(gateway=("stick", "spare"))
    for _ in range(3):
        await bench.attempt(refused(ErrorCode.NETWORK), "stick")
        await bench.attempt(refused(ErrorCode.THROTTLED), "spare")
        assert (await bench.message()).phase is Phase.WAITING
        await bench.pass_time(80)
    assert (await bench.message()).rounds == 3


async def test_validity_ends_the_retries_with_the_last_error(bench: Bench) -> None:
    await bench.queue(gateway=("stick",), valid_for=60)
    await bench.attempt(refused(ErrorCode.NETWORK))
    await bench.pass_time(2)
    await bench.attempt(refused(ErrorCode.NOT_REGISTERED))
    await bench.pass_time(60)
    event = await bench.last()
    assert (event["state"], event["final"], event["error"]["code"]) == ("expired", True, "not_registered")


async def test_a_pause_never_outlasts_the_validity(bench: Bench) -> None:
    await bench.queue(gateway=("stick",), valid_for=60)
    for _ in range(6):
        await bench.attempt(refused(ErrorCode.NETWORK))
        due = (await bench.message()).due_at
        assert due is not None
        assert due <= (await bench.message()).expires_at
        await bench.pass_time(due - bench.now)
        if (await bench.message()).final:
            break
    assert await bench.states() == ["queued", "expired!"]


async def test_a_gateway_that_refused_for_good_is_not_tried_in_the_next_round(bench: Bench) -> None:
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(refused(ErrorCode.NO_CREDIT), "stick")
    await bench.attempt(refused(ErrorCode.NETWORK), "spare")
    await bench.pass_time(2)
    assert await bench.claim("stick") == []
    await bench.attempt(refused(ErrorCode.AUTH), "spare")
    event = await bench.last()
    assert (event["state"], event["error"]["code"]) == ("failed", "auth")


async def test_a_temporary_network_failure_gets_one_second_try_before_the_next_gateway(bench: Bench) -> None:
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(refused(ErrorCode.NETWORK, same_gateway_again=True))
    assert await bench.claim("spare") == []
    await bench.pass_time(5)
    await bench.attempt(refused(ErrorCode.NETWORK, same_gateway_again=True))
    assert await bench.claim("stick") == []
    await bench.attempt(taken("s1"), "spare")
    assert (await bench.last())["attempt"] == 3


async def test_with_one_gateway_the_second_try_is_the_first_retry(bench: Bench) -> None:
    await bench.queue(gateway=("stick",))
    await bench.attempt(refused(ErrorCode.NETWORK, same_gateway_again=True))
    await bench.pass_time(1.3)
    assert len(await bench.claim()) == 1


async def test_a_failed_attempt_counts_for_its_gateway(bench: Bench) -> None:
    await bench.queue("a")
    await bench.attempt(refused(ErrorCode.INVALID_RECIPIENT))
    await bench.queue("b")
    await bench.attempt(taken("2a"))
    counters = await bench.store.read(lambda tx: tx.counters("2026-11-20"))
    assert (counters["failed:stick"], counters["sent:stick"]) == (1, 1)


# -- what is not usable


async def test_an_offline_gateway_is_skipped_and_taken_again_when_it_is_back(bench: Bench) -> None:
    await bench.queue("a")
    await bench.queue("b")
    bench.usable = frozenset({"spare", "cloud"})
    assert (await bench.claim_one("spare")).row == 1
    bench.usable = frozenset({"stick", "spare", "cloud"})
    assert await bench.claim("spare") == []
    assert (await bench.claim_one("stick")).row == 2


async def test_a_refusal_does_not_leave_a_message_to_a_gateway_that_is_offline(bench: Bench) -> None:
    bench.usable = frozenset({"stick"})
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(refused(ErrorCode.NETWORK))
    await bench.pass_time(2)
    await bench.attempt(taken("2a"))
    assert await bench.states() == ["queued", "sent"]


async def test_a_message_meant_for_a_gateway_that_went_offline_meanwhile_goes_to_the_first_again(
    bench: Bench,
) -> None:
    await bench.queue(gateway=("stick", "spare"))
    await bench.attempt(refused(ErrorCode.NETWORK))
    bench.usable = frozenset({"stick"})
    await bench.attempt(taken("2a"))
    assert await bench.states() == ["queued", "sent"]


async def test_a_message_waits_for_its_only_gateway_until_its_validity_is_over(bench: Bench) -> None:
    bench.usable = frozenset({"spare"})
    await bench.queue(gateway=("stick",), valid_for=100)
    assert await bench.claim("spare") == []
    await bench.pass_time(101)
    assert await bench.states() == ["queued", "expired!"]


@pytest.mark.parametrize("phase", ["ready", "waiting", "scheduled"])
async def test_a_message_whose_gateways_left_the_configuration_fails_aloud(bench: Bench, phase: str) -> None:
    later: dict[str, Any] = {"send_at": bench.now + 30} if phase == "scheduled" else {}
    await bench.queue(gateway=("spare",), **later)
    if phase == "waiting":
        await bench.attempt(refused(ErrorCode.NETWORK), "spare")
    await bench.pass_time(31)
    assert await bench.do(lambda tx: fail_orphans(tx, ("stick", "cloud"), bench.now, 100)) == 1
    event = await bench.last()
    assert (event["state"], event["error"]["code"]) == ("failed", "no_route")
    assert await bench.do(lambda tx: fail_orphans(tx, ("stick",), bench.now, 100)) == 0


async def test_a_message_with_one_configured_gateway_left_goes_on(bench: Bench) -> None:
    await bench.queue()
    assert await bench.do(lambda tx: fail_orphans(tx, ("cloud",), bench.now, 100)) == 0
    bench.usable = frozenset({"cloud"})
    assert len(await bench.claim("cloud")) == 1


# -- routes


async def test_the_first_matching_route_decides_by_prefix_and_priority(make_bench: MakeBench) -> None:
    bench = await make_bench(
        routes=(
            Route(
                match=RouteMatch(prefix=("+49",), priority=(Priority.OTP, Priority.HIGH)), use=(("cloud",),)
            ),
            Route(match=RouteMatch(prefix=("+43",)), use=(("spare",),)),
            Route(use=(("stick",), ("spare",))),
        )
    )
    assert (await bench.queue("a", priority=Priority.HIGH)).route == (("cloud",),)
    assert (await bench.queue("b", to="+436641234567", priority=Priority.HIGH)).route == (("spare",),)
    assert (await bench.queue("c")).route == (("stick",), ("spare",))


async def test_a_commands_gateway_beats_the_contacts_which_beats_the_route(make_bench: MakeBench) -> None:
    bench = await make_bench(routes=(Route(use=(("stick",),)),))
    assert (await bench.queue("a", to="anna")).route == (("stick",),)
    assert (await bench.queue("b", to="ben")).route == (("spare",),)
    assert (await bench.queue("c", to="ben", gateway=("cloud", "stick"))).route == (("cloud",), ("stick",))


async def test_any_spreads_over_all_that_are_free(make_bench: MakeBench) -> None:
    bench = await make_bench(routes=(Route(use=(("stick", "spare"), ("cloud",))),))
    for number in range(3):
        await bench.queue(f"m{number}")
    assert (await bench.claim_one("spare")).row == 1
    assert (await bench.claim_one("stick")).row == 2
    assert await bench.claim("cloud") == []
    bench.usable = frozenset({"cloud"})
    assert (await bench.claim_one("cloud")).row == 3


async def test_any_tries_the_siblings_before_the_next_step(make_bench: MakeBench) -> None:
    bench = await make_bench(routes=(Route(use=(("stick", "spare"), ("cloud",))),))
    await bench.queue()
    await bench.attempt(refused(ErrorCode.NETWORK), "spare")
    assert await bench.claim("cloud") == []
    await bench.attempt(refused(ErrorCode.AUTH), "stick")
    await bench.attempt(taken("c1"), "cloud")
    assert await bench.states() == ["queued", "sent"]


def test_a_route_keeps_who_refused_for_good_apart() -> None:
    route, step = without((("a",), ("b", "c"), ("d",)), 1, "b")
    assert (route, step) == ((("a",), ("c",), ("d",), (), ("b",)), 1)
    route, step = without(route, 1, "c")
    assert (open_steps(route), step) == ((("a",), ("d",)), 1)
    assert restored(route) == (("a",), ("d",), ("b",), ("c",))
    assert after(route, 0, "a") == (route, 1)
    assert not has_turn(route, 0, "b", frozenset("bd"))
    assert has_turn(route, 1, "a", frozenset("a"))


# -- one message and the others


async def test_a_bad_number_and_a_waiting_message_delay_nobody_else(bench: Bench) -> None:
    await bench.queue("bad", gateway=("stick",))
    await bench.queue("next", gateway=("stick",))
    await bench.attempt(refused(ErrorCode.NETWORK))
    await bench.attempt(taken("2a"))
    assert await bench.states("next") == ["queued", "sent"]


async def test_one_claim_takes_messages_of_equal_text_and_options_only(bench: Bench) -> None:
    for message_id, text in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "x")):
        await bench.queue(message_id, text=text)
    assert [submission.row for submission in await bench.claim(limit=10)] == [1, 2]
    assert [submission.row for submission in await bench.claim(limit=10)] == [3]


# -- no answer


async def test_an_attempt_without_answer_is_unknown_and_no_other_gateway_gets_it_in_the_grace(
    bench: Bench,
) -> None:
    await bench.queue()
    await bench.attempt(no_answer())
    assert await bench.states() == ["queued", "unknown"]
    await bench.pass_time(29)
    assert [await bench.claim(name) for name in bench.links] == [[], [], []]


async def test_resend_sends_again_after_the_grace_and_says_that_it_may_be_a_duplicate(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.attempt(taken("2b"))
    assert await bench.states() == ["queued", "unknown", "sent"]
    event = await bench.last()
    assert (event["possible_duplicate"], event["attempt"], event["error"]) == (True, 2, None)


async def test_hold_ends_as_unknown_and_sends_nothing(bench: Bench) -> None:
    await bench.queue(on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    assert await bench.states() == ["queued", "unknown", "unknown!"]
    assert await bench.claim() == []
    found = await bench.store.read(lambda tx: tx.in_phase(Phase.HELD))
    assert [message.id for message in found] == ["m"]
    assert await bench.store.read(lambda tx: tx.queue_depth()) == {}
    await bench.pass_time(9 * 86_400)
    assert (await bench.message()).phase is Phase.DONE
    assert len(await bench.states()) == 3


async def test_validity_that_ends_in_the_grace_expires(bench: Bench) -> None:
    await bench.queue(valid_for=10)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    assert await bench.states() == ["queued", "unknown", "expired!"]
    assert (await bench.last())["error"]["code"] == "timeout"


async def test_the_configured_grace_is_waited(make_bench: MakeBench) -> None:
    bench = await make_bench(defaults=Defaults(on_unknown_grace=5, on_unknown=OnUnknown.HOLD))
    await bench.queue()
    await bench.attempt(no_answer())
    await bench.pass_time(4.9)
    assert await bench.states() == ["queued", "unknown"]
    await bench.pass_time(0.2)
    assert await bench.states() == ["queued", "unknown", "unknown!"]


async def test_a_second_unknown_publishes_nothing(bench: Bench) -> None:
    await bench.queue(gateway=("stick",))
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.attempt(refused(ErrorCode.AUTH))
    assert await bench.states() == ["queued", "unknown", "failed!"]
    assert (await bench.last())["possible_duplicate"] is True


async def test_an_outcome_of_an_older_attempt_changes_nothing(bench: Bench) -> None:
    await bench.queue()
    old = await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.claim_one()
    await bench.settle(old, refused(ErrorCode.INVALID_RECIPIENT))
    assert await bench.states() == ["queued", "unknown"]


# -- segments


async def long_message(bench: Bench, **values: object) -> None:
    await bench.accept(send(NUMBER, "x" * 400, id="m", **values))
    assert (await bench.message()).segments == 3


async def test_only_the_missing_segments_go_to_the_same_gateway_with_the_same_reference(bench: Bench) -> None:
    await long_message(bench, gateway=("stick",))
    first = await bench.claim_one()
    assert first.taken == {}
    await bench.segment(first, 1, "2a")
    await bench.settle(first, refused(ErrorCode.NETWORK))
    await bench.pass_time(2)
    again = await bench.claim_one()
    assert (again.taken, again.concat_ref) == ({1: "2a"}, first.concat_ref)
    await bench.segment(again, 2, "2b")
    await bench.settle(again, taken("2a", "2b", "2c"))
    assert (await bench.last())["reference"] == ["2a", "2b", "2c"]


async def test_another_gateway_gets_the_whole_message(bench: Bench) -> None:
    await long_message(bench)
    first = await bench.claim_one()
    await bench.segment(first, 1, "2a")
    await bench.settle(first, refused(ErrorCode.NETWORK))
    second = await bench.claim_one("spare")
    assert second.taken == {}
    await bench.settle(second, taken("01", "02", "03"))
    for reference in ("01", "02", "03"):
        await bench.report(reference, gateway="spare")
    assert await bench.states() == ["queued", "sent", "delivered!"]


async def test_segments_of_another_gateway_are_no_evidence_for_this_one(bench: Bench) -> None:
    await long_message(bench, gateway=("stick", "spare"))
    first = await bench.claim_one()
    await bench.segment(first, 1, "2a")
    await bench.segment(first, 2, "2b")
    await bench.settle(first, refused(ErrorCode.NETWORK))
    await bench.attempt(no_answer("01"), "spare")
    await bench.late_answer("01", "spare")
    assert await bench.states() == ["queued", "unknown"]
    assert (await bench.claim_one("spare")).taken == {1: "01"}


async def test_back_at_the_first_gateway_it_goes_on_where_it_was(bench: Bench) -> None:
    await long_message(bench, gateway=("stick", "spare"))
    first = await bench.claim_one()
    await bench.segment(first, 1, "2a")
    await bench.settle(first, refused(ErrorCode.NETWORK))
    second = await bench.claim_one("spare")
    await bench.segment(second, 1, "01")
    await bench.settle(second, refused(ErrorCode.NETWORK))
    await bench.pass_time(2)
    third = await bench.claim_one("stick")
    assert third.taken == {1: "2a"}
    await bench.settle(third, taken("2a", "2b", "2c"))
    for reference in ("2a", "2b", "2c"):
        await bench.report(reference)
    assert (await bench.states())[-1] == "delivered!"


async def test_a_lost_answer_in_the_middle_repeats_that_segment_only(bench: Bench) -> None:
    await long_message(bench)
    first = await bench.claim_one()
    await bench.segment(first, 1, "2a")
    await bench.settle(first, no_answer("2b"))
    await bench.pass_time(31)
    assert (await bench.claim_one()).taken == {1: "2a"}
