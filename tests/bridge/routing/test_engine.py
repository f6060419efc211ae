"""The router as one piece: who is given what, when, while other gateways do what they do."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from sms_bridge.routing.settings import Limits, Route
from sms_bridge.store.base import StoreError
from sms_providers.model import Error, ErrorCode, NoAnswer, OnUnknown, Priority, Refused, Taken
from tests.bridge.routing.bench import NOW, no_answer, refused
from tests.bridge.routing.stage import ScriptedLink, World, hanging, staged
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sms_bridge.routing.link import Submission
    from sms_bridge.store.base import Transaction
    from sms_providers.model import Outcome


@virtual_time
async def test_a_command_becomes_a_message_its_events_are_published_in_order(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ScriptedLink("stick", world)) as stage:
        await stage.send("a")
        await stage.send("b")
        await world.until(lambda: len(world.published) == 4)
    assert world.texts() == ["a", "b"]
    assert [event["seq"] for event in world.published] == [1, 2, 3, 4]
    assert (world.states("a"), world.states("b")) == (["queued", "sent"], ["queued", "sent"])


@virtual_time
async def test_retries_are_1_2_4_and_8_seconds_apart(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    times: list[float] = []

    async def busy(_: Submission) -> Outcome:
        times.append(asyncio.get_running_loop().time())
        world.change()
        return refused(ErrorCode.NETWORK)

    stick.script = deque([busy] * 5)
    async with staged(tmp_path, stick) as stage:
        await stage.send("a")
        await world.until(lambda: world.states("a") == ["queued", "sent"])
    pauses = [later - earlier for earlier, later in pairwise(times)]
    for pause, least in zip(pauses, (1, 2, 4, 8), strict=True):
        # Jitter of a quarter, and the clock's tick of a second.
        assert least <= pause <= least * 1.25 + 2.1


@virtual_time
async def test_a_gateway_throttled_with_a_time_is_left_alone_for_it(tmp_path: Path) -> None:
    world = World()
    stick, spare = ScriptedLink("stick", world), ScriptedLink("spare", world)
    stick.script = deque([refused(ErrorCode.THROTTLED, retry_after=50.0)])
    async with staged(tmp_path, stick, spare) as stage:
        await stage.send("a")
        await stage.send("b")
        await world.until(lambda: len(world.texts("spare")) == 2)
        await asyncio.sleep(51)
        await stage.send("c")
        await world.until(lambda: world.texts("stick") == ["c"])
    assert stick.batches == [["a"], ["c"]]


@virtual_time
async def test_a_throttled_only_gateway_goes_on_by_itself(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    stick.script = deque([refused(ErrorCode.THROTTLED, retry_after=50.0)])
    async with staged(tmp_path, stick) as stage:
        await stage.send("a")
        await stage.send("b")
        await world.until(lambda: len(world.texts()) == 2)
    assert len(stick.batches) == 3
    assert min(sent.at for sent in world.air) >= 50


@virtual_time
async def test_a_dead_gateway_delays_nobody_else(tmp_path: Path) -> None:
    world = World()
    stick, spare = ScriptedLink("stick", world), ScriptedLink("spare", world)

    async def dead(_: Submission) -> Outcome:
        await stick.stopping.wait()
        return refused(ErrorCode.GATEWAY_OFFLINE)

    stick.script = deque([dead])
    async with staged(tmp_path, stick, spare, routes=(Route(use=(("stick", "spare"),)),)) as stage:
        for number in range(5):
            await stage.send(f"m{number}")
        await world.until(lambda: len(world.texts("spare")) == 4)


@virtual_time
async def test_a_lost_answer_is_resent_after_its_grace_and_flagged(tmp_path: Path) -> None:
    world = World()
    stick, spare = ScriptedLink("stick", world), ScriptedLink("spare", world)
    stick.script = deque([no_answer()])
    async with staged(tmp_path, stick, spare) as stage:
        await stage.send("a")
        await world.until(lambda: world.states("a")[-1:] == ["sent"])
    assert world.states("a") == ["queued", "unknown", "sent"]
    assert world.last("a")["possible_duplicate"] is True
    assert [(sent.gateway, sent.at >= 30) for sent in world.air] == [("stick", True)]


@virtual_time
async def test_a_held_unknown_is_final_after_its_grace(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world, deque([no_answer()]))
    async with staged(tmp_path, stick) as stage:
        await stage.send("a", on_unknown=OnUnknown.HOLD)
        await world.until(lambda: world.states("a")[-1:] == ["unknown!"])
    assert world.air == []


@virtual_time
async def test_a_late_answer_in_the_grace_prevents_the_resend(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world, deque([no_answer("2b")]))
    async with staged(tmp_path, stick) as stage:
        await stage.send("a")
        await world.until(lambda: world.states("a") == ["queued", "unknown"])
        await stick.inlet.late_answer("2b")
        await asyncio.sleep(60)
    assert world.states("a") == ["queued", "unknown", "sent"]
    assert world.air == []


@virtual_time
async def test_messages_are_paced_after_the_burst(tmp_path: Path) -> None:
    world = World()
    limits = Limits(per_minute=30, burst=2, per_day=None, per_recipient_per_hour=None)
    async with staged(tmp_path, ScriptedLink("stick", world), limits=limits) as stage:
        for number in range(5):
            await stage.send(f"m{number}")
        await world.until(lambda: len(world.air) == 5)
    times = [sent.at for sent in world.air]
    assert times[1] < 1.5
    for earlier, later in pairwise(times[1:]):
        assert later - earlier >= 1.5
    assert times[-1] >= 5.5


@virtual_time
async def test_a_gateway_that_finds_little_does_not_hold_up_the_others_of_the_pace(tmp_path: Path) -> None:
    world = World()
    limits = Limits(per_minute=30, burst=10, per_day=None, per_recipient_per_hour=None)
    links = [ScriptedLink(name, world, max_batch=10, parallel=4) for name in ("stick", "spare", "cloud")]
    async with staged(tmp_path, *links, limits=limits) as stage:
        for number in range(9):
            await stage.send(f"m{number}", gateway=(links[number % 3].name,))
        await world.until(lambda: len(world.air) == 9)
    assert max(sent.at for sent in world.air) < 1


@virtual_time
async def test_what_is_more_urgent_overtakes_what_waits(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world, online=False)
    async with staged(tmp_path, stick) as stage:
        for name in ("low", "normal", "high", "otp"):
            await stage.send(name, priority=Priority[name.upper()])
        stick.set_online(online=True)
        await world.until(lambda: len(world.air) == 4)
    assert world.texts() == ["otp", "high", "normal", "low"]


@virtual_time
async def test_a_scheduled_message_leaves_at_its_time(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ScriptedLink("stick", world)) as stage:
        await stage.send("a", send_at=NOW + 100)
        await world.until(lambda: len(world.air) == 1)
    assert 100 <= world.air[0].at < 103
    assert world.states("a")[:2] == ["scheduled", "queued"]


@virtual_time
async def test_a_paused_gateway_is_skipped_also_after_a_restart(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ScriptedLink("stick", world), ScriptedLink("spare", world)) as stage:
        await stage.routing.gateways.pause("stick", paused=True)
        await stage.send("a")
        await world.until(lambda: world.texts("spare") == ["a"])
    async with staged(tmp_path, ScriptedLink("stick", world), ScriptedLink("spare", world)) as stage:
        assert stage.routing.gateways.status("stick").state == "paused"
        await stage.send("b")
        await world.until(lambda: world.texts("spare") == ["a", "b"])
        await stage.routing.gateways.pause("stick", paused=False)
        await stage.send("c")
        await world.until(lambda: world.texts("stick") == ["c"])


@virtual_time
async def test_messages_of_equal_text_share_a_batch(tmp_path: Path) -> None:
    world = World()
    cloud = ScriptedLink("cloud", world, online=False, max_batch=10)
    async with staged(tmp_path, cloud) as stage:
        for name in ("a", "b", "c"):
            await stage.send(name, "same")
        cloud.set_online(online=True)
        await world.until(lambda: len(world.air) == 3)
    assert cloud.batches == [["same", "same", "same"]]


@virtual_time
async def test_a_fault_in_a_link_makes_the_message_unknown_and_the_next_goes_on(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)

    async def fault(_: Submission) -> Outcome:
        raise ZeroDivisionError

    stick.script = deque([fault])
    async with staged(tmp_path, stick) as stage:
        await stage.send("a", on_unknown=OnUnknown.HOLD)
        await stage.send("b")
        await world.until(lambda: world.states("b") == ["queued", "sent"])
        await world.until(lambda: world.states("a")[-1:] == ["unknown!"])
        assert stage.routing.dispatcher.is_alive()
    assert world.last("a")["error"]["code"] == "internal"


@virtual_time
async def test_a_message_whose_gateway_left_the_configuration_fails_after_the_restart(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ScriptedLink("old", world, online=False)) as stage:
        await stage.send("a")
    async with staged(tmp_path, ScriptedLink("new", world)):
        await world.until(lambda: world.states("a") == ["queued", "failed!"])
    assert world.last("a")["error"]["code"] == "no_route"


@virtual_time
async def test_each_segment_is_committed_before_the_next_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    async with staged(tmp_path, stick) as stage:
        store = stage.routing.publication._store
        seen: list[int] = []
        emit = stick.emit

        def counted(submission: Submission, seqno: int = 1) -> str:
            seen.append(seqno)
            return emit(submission, seqno)

        monkeypatch.setattr(stick, "emit", counted)
        await stage.send("a", "x" * 400)
        await world.until(lambda: world.states("a") == ["queued", "sent"])
        segments = await store.read(lambda tx: tx.segments(1))
    assert seen == [1, 2, 3]
    assert [segment.reference for segment in segments] == ["01", "02", "03"]


# -- the store fails


@pytest.mark.parametrize("name", ["claim", "settle", "due"])
@virtual_time
async def test_a_store_that_fails_once_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    async with staged(tmp_path, stick) as stage:
        store = stage.routing.publication._store
        write = store.write
        failed: list[str] = []

        async def fail_once(called: str, unit: Callable[[Transaction], object]) -> object:
            if called == name and not failed:
                failed.append(called)
                raise StoreError("the disk is full")
            return await write(called, unit)

        monkeypatch.setattr(store, "write", fail_once)
        if name == "due":
            await stage.send("a", send_at=NOW + 5)
        else:
            await stage.send("a")
        await world.until(lambda: world.texts() == ["a"])
        await asyncio.sleep(20)
    assert failed == [name]
    assert len(world.air) == 1
    assert world.states("a")[-1] == "sent"


# -- stopping


@virtual_time
async def test_stopping_waits_for_the_segment_in_the_gateways_hands(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)

    async def slow(submission: Submission) -> Outcome:
        world.change()
        await stick.stopping.wait()
        await asyncio.sleep(5)
        return Taken(references=(stick.emit(submission),))

    stick.script = deque([slow])
    async with staged(tmp_path, stick) as stage:
        await stage.send("a")
        await world.until(lambda: stick.batches == [["a"]])
    async with staged(tmp_path, ScriptedLink("stick", world)):
        await world.until(lambda: world.states("a") == ["queued", "sent"])
    assert len(world.air) == 1


@virtual_time
async def test_a_message_stopped_between_its_segments_goes_on_with_the_rest(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    stopped = Error(code=ErrorCode.GATEWAY_OFFLINE, message="the gateway is being stopped", temporary=True)

    async with staged(tmp_path, stick, ScriptedLink("spare", world)) as stage:
        taken_by_then = stage.routing.dispatcher._segment_taken

        async def first_only(submission: Submission) -> Outcome:
            await taken_by_then(submission.row, 1, stick.emit(submission))
            await stick.stopping.wait()
            return Refused(error=stopped, same_gateway_again=True)

        stick.script = deque([first_only])
        await stage.send("a", "x" * 200)
        await world.until(lambda: len(world.air) == 1)
    async with staged(tmp_path, ScriptedLink("stick", world, reference=1), ScriptedLink("spare", world)):
        await world.until(lambda: world.states("a") == ["queued", "sent"])
    assert [(sent.gateway, sent.seqno) for sent in world.air] == [("stick", 1), ("stick", 2)]
    assert world.last("a")["possible_duplicate"] is False


@virtual_time
async def test_a_gateway_that_does_not_finish_in_time_leaves_its_message_submitting(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    stick.script = deque([hanging(world)])
    loop = asyncio.get_running_loop()
    async with staged(tmp_path, stick) as stage:
        await stage.send("a")
        await world.until(lambda: stick.batches == [["a"]])
        before = loop.time()
    assert loop.time() - before < 15
    async with staged(tmp_path, ScriptedLink("stick", world)):
        await world.until(lambda: world.states("a") == ["queued", "unknown", "sent"])
    assert world.last("a")["possible_duplicate"] is True


@virtual_time
async def test_a_link_that_fails_to_stop_does_not_keep_the_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    stick, spare = ScriptedLink("stick", world), ScriptedLink("spare", world)

    async def broken() -> None:
        raise OSError("the port is gone")

    async with staged(tmp_path, stick, spare):
        monkeypatch.setattr(stick, "stop", broken)
    assert spare.stopping.is_set()


@virtual_time
async def test_an_outcome_without_reference_says_unknown_even_while_stopping(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)

    async def unknown(_: Submission) -> Outcome:
        world.change()
        await stick.stopping.wait()
        error = Error(code=ErrorCode.TIMEOUT, message="no answer", temporary=True)
        return NoAnswer(error=error)

    stick.script = deque([unknown])
    async with staged(tmp_path, stick) as stage:
        await stage.send("a", on_unknown=OnUnknown.HOLD)
        await world.until(lambda: stick.batches == [["a"]])
    async with staged(tmp_path, ScriptedLink("stick", world)):
        await world.until(lambda: world.states("a") == ["queued", "unknown", "unknown!"])
    assert world.air == []
