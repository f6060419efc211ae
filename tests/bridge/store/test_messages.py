"""The contract for messages, their lanes, counts and pages; holds for every engine."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.store.base import Phase
from sms_providers.model import Priority, State
from tests.bridge.store.records import DAY, NOW, STICK, error, full_message, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.store.base import Message, Store, Transaction


async def add(store: Store, *messages: Message) -> list[Message]:
    """Commit messages in one unit; returns them with their rows."""
    return await store.write("add", lambda tx: [tx.add_message(item) for item in messages])


async def save(store: Store, *messages: Message) -> None:
    """Commit changes of messages in one unit."""

    def unit(tx: Transaction) -> None:
        for item in messages:
            tx.save_message(item)

    await store.write("save", unit)


@pytest.mark.parametrize("make", [message, full_message])
async def test_a_message_comes_back_as_it_was_kept(store: Store, make: Callable[[str], Message]) -> None:
    (kept,) = await add(store, make("door-17"))
    assert kept.row > 0
    assert kept == replace(make("door-17"), row=kept.row, concat_ref=kept.concat_ref)
    assert await store.read(lambda tx: tx.message(kept.row)) == kept
    assert await store.read(lambda tx: tx.message_by_id("door-17")) == kept


@pytest.mark.parametrize(
    "fields",
    [
        {"group_id": "g"},
        {"data": b"\x01"},
        {"port": 0},
        {"originator": "HOME"},
        {"sim": 0},
        {"flash": True},
        {"options": {"type": 1}},
        {"metadata": {"a": None}},
        {"user_properties": (("k", "v"),)},
        {"response_topic": "r"},
        {"correlation": b""},
        {"send_at": NOW},
        {"ephemeral": True},
        {"final": True},
        {"gateway": "stick"},
        {"attempt": 1},
        {"first_attempt": 2},
        {"rounds": 1},
        {"tries_here": 1},
        {"segments_delivered": 1},
        {"references": ("",)},
        {"expected_reference": "0"},
        {"submitted_at": 0.0},
        {"possible_duplicate": True},
        {"error": error(provider_code=None, temporary=False)},
        {"text": None, "fingerprint": {}},
        {"due_at": NOW},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_no_single_field_is_forgotten(store: Store, fields: dict[str, Any]) -> None:
    (kept,) = await add(store, message("m", **fields))
    assert await store.read(lambda tx: tx.message(kept.row)) == kept
    assert {name: getattr(kept, name) for name in fields} == fields


async def test_a_message_that_nobody_kept_is_none(store: Store) -> None:
    assert await store.read(lambda tx: (tx.message(1), tx.message_by_id("x"), tx.group("g"))) == (
        None,
        None,
        [],
    )


async def test_a_taken_id_is_refused_and_the_unit_may_go_on(store: Store) -> None:
    await add(store, message("door-17"))

    def unit(tx: Transaction) -> int:
        with pytest.raises(ValueError, match="id"):
            tx.add_message(message("door-17", text="another"))
        return tx.add_message(message("door-18")).row

    row = await store.write("add", unit)
    assert (await store.read(lambda tx: tx.message(row))) is not None
    kept = await store.read(lambda tx: tx.message_by_id("door-17"))
    assert kept is not None
    assert kept.text == "the door is open"


async def test_messages_in_succession_differ_in_the_low_octet_of_their_concat_ref(store: Store) -> None:
    kept = await add(store, *(message(f"m{n}") for n in range(300)))
    refs = [item.concat_ref for item in kept]
    assert all(0 <= ref <= 0xFFFF for ref in refs)
    assert all(first & 0xFF != second & 0xFF for first, second in pairwise(refs))
    again = await store.read(lambda tx: [tx.message(item.row) for item in kept])
    assert again == kept


async def test_a_group_comes_in_the_order_of_its_numbers(store: Store) -> None:
    kept = await add(store, *(message(f"alarm/{n}", group_id="alarm") for n in range(12)), message("other"))
    assert await store.read(lambda tx: tx.group("alarm")) == kept[:12]


async def test_everything_that_changes_is_saved(store: Store) -> None:
    (kept,) = await add(store, message("m"))
    model = full_message("m")
    changed = replace(
        kept,
        **{
            name: getattr(model, name)
            for name in (
                "step",
                "phase",
                "state",
                "final",
                "gateway",
                "attempt",
                "first_attempt",
                "rounds",
                "tries_here",
                "due_at",
                "segments_delivered",
                "references",
                "expected_reference",
                "submitted_at",
                "possible_duplicate",
                "error",
            )
        },
        route=(("other",), ("stick",)),
        updated_at=NOW + 9,
        expires_at=NOW + 2 * DAY,
    )
    await save(store, changed)
    assert await store.read(lambda tx: tx.message(kept.row)) == changed
    await save(store, kept)
    assert await store.read(lambda tx: tx.message(kept.row)) == kept


async def test_erasing_takes_text_and_data_and_leaves_the_fingerprint(store: Store) -> None:
    (kept,) = await add(store, message("m", data=b"\x01", priority=Priority.OTP))
    await store.write("erase", lambda tx: tx.erase_text(kept.row))
    assert await store.read(lambda tx: tx.message(kept.row)) == replace(kept, text=None, data=None)


# -- lanes


async def test_ready_messages_come_by_priority_then_age_and_only_of_their_lane(store: Store) -> None:
    low, normal, otp, normal_2, high, elsewhere, other_step, waiting = await add(
        store,
        message("low", priority=Priority.LOW),
        message("normal"),
        message("otp", priority=Priority.OTP),
        message("normal-2"),
        message("high", priority=Priority.HIGH),
        message("elsewhere", route=(("carrier",),)),
        message("other-step", step=1),
        message("waiting", phase=Phase.WAITING),
    )

    def ids(tx: Transaction) -> list[list[str]]:
        return [
            [item.id for item in tx.ready(route, step, limit)]
            for route, step, limit in (
                (STICK, 0, 10),
                (STICK, 0, 2),
                (STICK, 1, 10),
                ((("carrier",),), 0, 10),
                ((("nobody",),), 0, 10),
            )
        ]

    assert await store.read(ids) == [
        [item.id for item in (otp, high, normal, normal_2, low)],
        [otp.id, high.id],
        [other_step.id],
        [elsewhere.id],
        [],
    ]
    assert waiting.phase is Phase.WAITING


async def test_lanes_appear_with_their_first_ready_message_and_go_with_the_last(store: Store) -> None:
    first, second = await add(store, message("a"), message("b", step=1))
    assert await store.read(lambda tx: set(tx.ready_lanes())) == {(STICK, 0), (STICK, 1)}
    await save(store, replace(first, phase=Phase.SUBMITTING))
    assert await store.read(lambda tx: list(tx.ready_lanes())) == [(STICK, 1)]
    await save(store, replace(first, phase=Phase.READY), replace(second, phase=Phase.DONE))
    assert await store.read(lambda tx: list(tx.ready_lanes())) == [(STICK, 0)]


async def test_a_lane_made_by_a_unit_that_failed_is_made_again(store: Store) -> None:
    route = (("new",),)

    def failing(tx: Transaction) -> None:
        tx.add_message(message("a", route=route))
        assert [item.id for item in tx.ready(route, 0, 1)] == ["a"]
        raise LookupError

    with pytest.raises(LookupError):
        await store.write("fails", failing)
    await add(store, message("b", route=(("another",),)), message("c", route=route))
    found = await store.read(lambda tx: [item.id for item in tx.ready(route, 0, 9)])
    assert found == ["c"]
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {"another": 1, "new": 1}


# -- the clock


async def test_due_messages_come_earliest_first(store: Store) -> None:
    await add(
        store,
        message("later", due_at=NOW + 20, phase=Phase.WAITING),
        message("never"),
        message("first", due_at=NOW + 5),
        message("second", due_at=NOW + 10, phase=Phase.SCHEDULED),
    )
    assert await store.read(lambda tx: tx.next_due()) == NOW + 5
    assert await store.read(lambda tx: [item.id for item in tx.due(NOW + 10, 9)]) == ["first", "second"]
    assert await store.read(lambda tx: [item.id for item in tx.due(NOW + 99, 2)]) == ["first", "second"]
    assert await store.read(lambda tx: tx.due(NOW, 9)) == []


async def test_nothing_is_due_in_an_empty_store(store: Store) -> None:
    assert await store.read(lambda tx: (tx.next_due(), tx.oldest_queued())) == (None, None)


@pytest.mark.parametrize("phase", list(Phase))
async def test_messages_are_found_by_phase_and_gateway(store: Store, phase: Phase) -> None:
    other = Phase.DONE if phase is not Phase.DONE else Phase.READY
    kept = await add(
        store,
        message("a", phase=phase, gateway="stick"),
        message("b", phase=phase, gateway="carrier"),
        message("c", phase=phase),
        message("d", phase=other, gateway="stick"),
    )
    assert await store.read(lambda tx: tx.in_phase(phase)) == kept[:3]
    assert await store.read(lambda tx: tx.in_phase(phase, "stick")) == kept[:1]


# -- pages and counts


async def test_a_page_of_messages_is_newest_first_and_goes_on_where_it_ended(store: Store) -> None:
    kept = await add(
        store,
        message("a", created_at=NOW - DAY),
        message("b", state=State.FAILED),
        message("c", recipient="+4915112345678"),
        message("d", state=State.FAILED, recipient="+4915112345678"),
        message("e"),
    )

    async def page(**fields: object) -> str:
        query: dict[str, Any] = {
            "state": None,
            "recipient": None,
            "since": None,
            "before_row": None,
            "limit": 9,
            **fields,
        }
        found = await store.read(lambda tx: tx.find_messages(**query))
        return "".join(item.id for item in found)

    assert await page() == "edcba"
    assert await page(limit=2) == "ed"
    assert await page(limit=2, before_row=kept[3].row) == "cb"
    assert await page(state=State.FAILED) == "db"
    assert await page(recipient="+4915112345678") == "dc"
    assert await page(recipient="+4915112345678", state=State.FAILED, limit=1) == "d"
    assert await page(since=NOW) == "edcb"
    assert await page(recipient="+1", since=NOW) == ""


async def test_recent_messages_to_a_recipient_are_counted(store: Store) -> None:
    await add(
        store,
        message("old", created_at=NOW - 3_601),
        message("a", created_at=NOW - 3_600),
        message("b"),
        message("other", recipient="+1"),
    )
    assert await store.read(lambda tx: tx.count_recent("+491701234567", NOW - 3_600)) == 2


async def test_the_queue_is_counted_by_state_and_gateway_through_all_changes(store: Store) -> None:
    a, b, c, d = await add(
        store,
        message("a"),
        message("b", step=1),
        message("c", phase=Phase.SCHEDULED, state=State.SCHEDULED),
        message("d", phase=Phase.DONE, state=State.FAILED),
    )
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 2, "scheduled": 1}
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {"stick": 1, "phones": 1}

    await save(
        store,
        replace(a, phase=Phase.SUBMITTING),
        replace(b, phase=Phase.REPORTING, state=State.SENT),
        replace(c, phase=Phase.READY, state=State.QUEUED),
        replace(d, phase=Phase.READY, state=State.QUEUED),
    )
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 3, "sent": 1}
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {"stick": 3}

    await save(
        store,
        replace(a, phase=Phase.UNKNOWN, state=State.UNKNOWN, step=1),
        replace(b, phase=Phase.DONE, state=State.DELIVERED),
        replace(c, phase=Phase.WAITING, state=State.QUEUED),
        replace(d, phase=Phase.DONE, state=State.EXPIRED),
    )
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 1, "unknown": 1}
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {"stick": 1, "phones": 1}


async def test_the_counts_are_those_of_the_messages_after_any_changes(store: Store) -> None:
    chance = random.Random(5)
    states = [State.QUEUED, State.SENT, State.FAILED]
    kept = await add(store, *(message(f"m{n}") for n in range(40)))

    def change(tx: Transaction) -> None:
        for item in chance.sample(kept, 10):
            changed = replace(
                item, phase=chance.choice(list(Phase)), state=chance.choice(states), step=chance.randrange(2)
            )
            tx.save_message(changed)
            if changed.phase is Phase.DONE and chance.random() < 0.3:
                raise LookupError

    for _ in range(40):
        with contextlib.suppress(LookupError):
            await store.write("change", change)
        await store.write("purge", lambda tx: tx.purge(NOW + 1, 1))

        def counted(tx: Transaction) -> tuple[Counter[str], Counter[str]]:
            items = [item for row in kept if (item := tx.message(row.row)) is not None]
            held = {Phase.READY, Phase.WAITING, Phase.SUBMITTING, Phase.UNKNOWN}
            return (
                Counter(item.state.value for item in items if item.phase not in (Phase.DONE, Phase.HELD)),
                Counter(item.route[item.step][0] for item in items if item.phase in held),
            )

        depth, queues = await store.read(counted)
        assert await store.read(lambda tx: (tx.queue_depth(), tx.queue_by_gateway())) == (depth, queues)


async def test_a_unit_that_failed_leaves_the_counts_as_they_were(store: Store) -> None:
    (kept,) = await add(store, message("a"))

    def failing(tx: Transaction) -> None:
        tx.add_message(message("b"))
        tx.save_message(replace(kept, phase=Phase.DONE, state=State.FAILED))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write("fails", failing)
    assert await store.read(lambda tx: tx.queue_depth()) == {"queued": 1}
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {"stick": 1}


async def test_a_message_beyond_its_route_belongs_to_no_gateway(store: Store) -> None:
    await add(store, message("a", step=2, phase=Phase.WAITING))
    assert await store.read(lambda tx: tx.queue_by_gateway()) == {}


async def test_the_oldest_queued_is_the_first_that_is_ready_or_waiting(store: Store) -> None:
    a, b, c, _ = await add(
        store,
        message("a", created_at=NOW),
        message("b", created_at=NOW + 1, phase=Phase.WAITING),
        message("c", created_at=NOW + 2, priority=Priority.OTP, step=1),
        message("d", created_at=NOW + 3),
    )
    oldest = [await store.read(lambda tx: tx.oldest_queued())]
    for item in (a, b, c):
        await save(store, replace(item, phase=Phase.SUBMITTING))
        oldest.append(await store.read(lambda tx: tx.oldest_queued()))
    assert oldest == [NOW, NOW + 1, NOW + 2, NOW + 3]


async def test_a_clock_that_was_set_moves_durations_and_no_schedules(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        tx.add_message(message("ready", phase=Phase.READY, expires_at=NOW + 10, due_at=NOW + 10))
        tx.add_message(message("later", phase=Phase.SCHEDULED, expires_at=NOW + 20, due_at=NOW + 5))
        tx.move_times(100)

    await store.write("fill", fill)
    moved, kept = await store.read(lambda tx: (tx.message_by_id("ready"), tx.message_by_id("later")))
    assert moved is not None
    assert (moved.expires_at, moved.due_at) == (NOW + 110, NOW + 110)
    assert kept is not None
    assert (kept.expires_at, kept.due_at) == (NOW + 20, NOW + 5)
