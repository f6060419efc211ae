"""The state table and its transition rules (MQTT contract, section 2)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from sms_bridge.routing.settings import Defaults
from sms_bridge.routing.transitions import move
from sms_bridge.store.base import Phase
from sms_providers.model import Error, ErrorCode, OnUnknown, State
from tests.bridge.routing.bench import NUMBER, no_answer, refused, reply, send, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

#: The contract's table, written down again: rank of each state that a message may go through.
RANKS = {
    State.QUEUED: 0,
    State.SCHEDULED: 0,
    State.SUBMITTING: 1,
    State.UNKNOWN: 1,
    State.ACCEPTED: 2,
    State.SENT: 3,
    State.FAILED: 4,
    State.EXPIRED: 4,
    State.UNDELIVERABLE: 4,
    State.DELIVERED: 5,
    State.READ: 6,
}
NO_REPORT = Error(code=ErrorCode.NO_REPORT, message="none came")


async def moved(
    bench: Bench,
    number: int,
    before: State,
    after: State,
    *,
    was_final: bool,
    final: bool,
    error: Error | None = None,
) -> list[str]:
    """The events that going from one state to another makes."""
    message = await bench.queue(f"m{number}")
    start = replace(message, state=before, final=was_final, error=error)
    await bench.do(lambda tx: tx.save_message(start))
    await bench.do(lambda tx: move(tx, start, after, now=bench.now, error=None, final=final))
    return (await bench.states(f"m{number}"))[1:]


@pytest.mark.parametrize("before", RANKS)
async def test_an_open_message_publishes_what_is_higher_and_never_what_is_lower(
    bench: Bench, before: State
) -> None:
    for number, (after, final) in enumerate(product(RANKS, (False, True))):
        up = RANKS[after] > RANKS[before]
        begins = (before, after) == (State.SCHEDULED, State.QUEUED)
        ends = before == after and final
        expected = [f"{after}!" if final else f"{after}"] if up or begins or ends else []
        assert await moved(bench, number, before, after, was_final=False, final=final) == expected, after


@pytest.mark.parametrize("before", [state for state in RANKS if state not in (State.QUEUED, State.UNKNOWN)])
async def test_after_a_final_state_only_a_late_delivered_or_read_follows(bench: Bench, before: State) -> None:
    for number, after in enumerate(RANKS):
        follows = after in (State.DELIVERED, State.READ) and RANKS[after] > RANKS[before]
        expected = [f"{after}!"] if follows else []
        assert await moved(bench, number, before, after, was_final=True, final=True) == expected, after


@pytest.mark.parametrize(
    ("before", "error"), [(State.UNKNOWN, None), (State.SENT, NO_REPORT), (State.ACCEPTED, NO_REPORT)]
)
async def test_a_final_unknown_and_a_final_no_report_are_settled_by_any_later_report(
    bench: Bench, before: State, error: Error | None
) -> None:
    for number, after in enumerate(RANKS):
        expected = [f"{after}!"] if RANKS[after] > RANKS[before] else []
        found = await moved(bench, number, before, after, was_final=True, final=False, error=error)
        assert found == expected, after


async def test_a_message_goes_from_queued_over_sent_to_delivered(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a")
    assert await bench.states() == ["queued", "sent", "delivered!"]


async def test_a_cloud_accepts_first(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("x1", state=State.ACCEPTED))
    await bench.report("x1", State.SENT, recipient=None)
    await bench.report("x1", recipient=None)
    assert await bench.states() == ["queued", "accepted", "sent", "delivered!"]


async def test_accepted_is_final_where_nothing_more_will_come(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("x1", state=State.ACCEPTED, final=True))
    assert await bench.states() == ["queued", "accepted!"]


async def test_sent_is_final_without_dlr(bench: Bench) -> None:
    await bench.queue(dlr=False)
    submission = await bench.attempt(taken("2a"))
    assert not submission.message.dlr
    assert await bench.states() == ["queued", "sent!"]


async def test_submitting_is_published_only_where_asked_for(
    make_bench: Callable[..., Awaitable[Bench]],
) -> None:
    bench = await make_bench(verbose_states=True)
    await bench.queue()
    await bench.attempt(refused(ErrorCode.THROTTLED))
    await bench.attempt(taken("2a"), "spare")
    assert await bench.states() == ["queued", "submitting", "sent"]


async def test_with_verbose_states_a_held_message_still_ends_as_unknown(
    make_bench: Callable[..., Awaitable[Bench]],
) -> None:
    bench = await make_bench(verbose_states=True)
    await bench.queue(on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    assert await bench.states() == ["queued", "submitting", "unknown!"]


async def test_a_retry_and_a_failover_publish_nothing_until_a_higher_rank(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(refused(ErrorCode.NETWORK))
    await bench.attempt(refused(ErrorCode.AUTH), "spare")
    await bench.attempt(taken("c1"), "cloud")
    sent = await bench.last()
    assert await bench.states() == ["queued", "sent"]
    assert (sent["gateway"], sent["attempt"]) == ("cloud", 3)


async def test_scheduled_becomes_queued_at_its_time(bench: Bench) -> None:
    await bench.queue(send_at=bench.now + 60)
    assert await bench.claim() == []
    await bench.pass_time(61)
    assert await bench.states() == ["scheduled", "queued"]
    assert len(await bench.claim()) == 1


async def test_read_follows_delivered(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a", recipient=None)
    await bench.report("2a", State.READ, recipient=None)
    assert await bench.states() == ["queued", "sent", "delivered!", "read!"]


@pytest.mark.parametrize("bad", [State.UNDELIVERABLE, State.EXPIRED, State.FAILED])
async def test_a_late_delivered_follows_what_the_network_had_given_up(bench: Bench, bad: State) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report(
        "2a", bad, error=Error(code=ErrorCode.REJECTED_BY_NETWORK, message="gone", provider_code="41")
    )
    await bench.report("2a")
    assert await bench.states() == ["queued", "sent", f"{bad}!", "delivered!"]
    assert (await bench.last())["error"] is None


async def test_nothing_takes_back_a_delivered(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a")
    await bench.report("2a", State.UNDELIVERABLE)
    assert await bench.states() == ["queued", "sent", "delivered!"]
    assert (await bench.message()).state is State.DELIVERED


async def test_a_provider_word_without_a_state_changes_nothing_but_is_kept(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    still = Error(code=ErrorCode.NETWORK, message="still trying", provider_code="20", temporary=True)
    await bench.report("2a", None, error=still)
    assert await bench.states() == ["queued", "sent"]
    kept = (await bench.message()).error
    assert kept is not None
    assert kept.provider_code == "20"
    await bench.report("2a")
    assert (await bench.last())["error"] is None


async def test_a_report_that_never_comes_makes_the_same_state_final_with_no_report(bench: Bench) -> None:
    await bench.queue(valid_for=600)
    await bench.attempt(taken("2a"))
    await bench.report(
        "2a", None, error=Error(code=ErrorCode.NETWORK, message="still trying", provider_code="20")
    )
    await bench.pass_time(600 + 3599)
    assert await bench.states() == ["queued", "sent"]
    await bench.pass_time(2)
    last = await bench.last()
    assert await bench.states() == ["queued", "sent", "sent!"]
    assert (last["error"]["code"], last["error"]["provider_code"]) == ("no_report", "20")


@pytest.mark.parametrize("late", [State.DELIVERED, State.UNDELIVERABLE, State.EXPIRED])
async def test_a_final_no_report_is_settled_by_a_later_report(bench: Bench, late: State) -> None:
    await bench.queue(valid_for=600)
    await bench.attempt(taken("2a"))
    await bench.pass_time(600 + 3601)
    await bench.report(
        "2a", late, error=Error(code=ErrorCode.REJECTED_BY_NETWORK, message="the network says so")
    )
    assert await bench.states() == ["queued", "sent", "sent!", f"{late}!"]


async def test_report_timeout_counts_from_the_answer(make_bench: Callable[..., Awaitable[Bench]]) -> None:
    bench = await make_bench(defaults=Defaults(report_timeout=100))
    await bench.queue()
    submission = await bench.claim_one()
    bench.now += 500
    await bench.settle(submission, taken("2a"))
    await bench.pass_time(99)
    assert await bench.states() == ["queued", "sent"]
    await bench.pass_time(2)
    assert await bench.states() == ["queued", "sent", "sent!"]


async def test_an_event_has_every_key_of_the_contract(bench: Bench) -> None:
    await bench.queue("door-17", metadata={"room": 1})
    await bench.attempt(taken("2a"))
    epoch = await bench.store.read(lambda tx: tx.epoch)
    assert await bench.last() == {
        "id": "door-17", "group": None, "to": NUMBER, "state": "sent", "final": False, "gateway": "stick",
        "channel": "sms", "segments": 1, "segments_delivered": 0, "attempt": 1, "at": "2026-11-20T10:15:00Z",
        "reference": ["2a"], "error": None, "cost": None, "possible_duplicate": False, "repeat": False,
        "metadata": {"room": 1}, "user_properties": [], "seq": 2, "epoch": epoch,
    }  # fmt: skip


async def test_seq_rises_over_all_kinds_of_events_and_over_restarts(bench: Bench) -> None:
    await bench.accept(send(id="a"), send(id="b"))
    await bench.restart()
    await bench.accept(send(id="c"))
    assert [event["seq"] for event in await bench.events()] == [1, 2, 3]


async def test_the_first_and_the_final_event_go_to_the_response_topic_with_its_correlation(
    bench: Bench,
) -> None:
    await bench.queue(reply=reply())
    await bench.attempt(taken("2a"))
    await bench.report("2a")
    copies = [[(copy.topic, copy.correlation) for copy in event.copies] for event in await bench.raw_events()]
    answer = [("answers/7", b"\x07")]
    assert copies == [answer, [], answer]
    assert all(event["user_properties"] == [["room", "hall"]] for event in await bench.events())


async def test_a_finished_message_is_out_of_every_timer(bench: Bench) -> None:
    await bench.queue()
    await bench.attempt(taken("2a"))
    await bench.report("2a")
    message = await bench.message()
    assert (message.phase, message.due_at) == (Phase.DONE, None)
