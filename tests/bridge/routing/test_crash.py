"""Killed at every commit boundary: nothing acknowledged is lost, nothing is doubled unless it is said."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sms_providers.model import Concat, DeliveryReport, OnUnknown, State
from tests.bridge.routing.bench import ANNA, NOW, NUMBER, no_answer, settings
from tests.bridge.routing.stage import (
    PATIENCE,
    KillingStore,
    ScriptedLink,
    Stage,
    World,
    database,
    kill,
    staged,
)
from tests.bridge.routing.test_inbound import segment, source
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.routing.link import Inlet, Submission
    from sms_providers.model import Outcome

#: Every name under which the router commits while it works.
BOUNDARIES = (
    "recover",
    "accept",
    "claim",
    "segment",
    "settle",
    "late_answer",
    "report",
    "due",
    "received",
    "published",
    "deleted",
)
LONG = "x" * 200
MESSAGES = ("short", "long", "later", "lost")


class LivelyLink(ScriptedLink):
    """Gives reports on all that it takes, some before their answer; loses one answer that comes late."""

    def emit(self, submission: Submission, seqno: int = 1) -> str:
        reference = super().emit(submission, seqno)
        report = DeliveryReport(
            reference=reference, state=State.DELIVERED, recipient=submission.message.recipient
        )
        self._reports.append(asyncio.create_task(self.inlet.report(report)))
        return reference

    async def start(self, inlet: Inlet) -> None:
        self._reports: list[asyncio.Task[None]] = []
        await super().start(inlet)

    async def answer_late(self, submission: Submission) -> Outcome:
        """The segment leaves, its answer comes 10 s after it was given up."""
        self.reference += 1
        reference = f"{self.reference:02x}"
        super().emit(submission)

        async def later() -> None:
            await asyncio.sleep(10)
            await self.inlet.late_answer(reference)

        self._reports.append(asyncio.create_task(later()))
        return no_answer(reference)


async def publish(stage: Stage) -> None:
    """A publisher with ids, which repeats what was not acknowledged."""
    await stage.send("short", to=ANNA)
    await stage.send("long", LONG)
    await stage.send("later", to="+491709999999", send_at=NOW + 3)
    await stage.send("lost", to="+491708888888", gateway=("spare",))


def arrive(world: World) -> None:
    """Two messages lie in the modem when the bridge starts, one of two segments."""
    first = segment("hello", source=source(1, "one"))
    second = segment("joined-", source=source(2, "two"), concat=Concat(key="k", total=2, seqno=1))
    third = segment("up", source=source(3, "three"), concat=Concat(key="k", total=2, seqno=2))
    for arrived in (first, second, third):
        assert arrived.source is not None
        world.storage[arrived.source.pdu] = arrived


def links(world: World) -> list[ScriptedLink]:
    stick, spare = LivelyLink("stick", world), LivelyLink("spare", world)
    lost = not any(sent.text == "lost" for sent in world.air)
    spare.script = deque([spare.answer_late] if lost else [])
    return [stick, spare]


def is_finished(world: World) -> bool:
    ended = all(world.states(name)[-1:] in (["sent"], ["delivered!"]) for name in MESSAGES)
    texts = {event["text"] for event in world.published if "text" in event}
    return ended and len(texts) == 2 and not world.storage


async def run_until_killed(folder: Path, world: World, name: str, *, committed: bool) -> None:
    store = KillingStore(database(folder), name, committed=committed)
    await store.open()
    stage = Stage(world, store, links(world), settings(gateways=("stick", "spare")))
    work = asyncio.create_task(_work(stage))
    async with asyncio.timeout(PATIENCE):
        await store.killed.wait()
    await kill()
    with suppress(asyncio.CancelledError):
        await work
    await store.close()


async def _work(stage: Stage) -> None:
    await stage.start()
    await publish(stage)


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", BOUNDARIES)
@virtual_time
async def test_a_kill_at_a_commit_boundary_loses_nothing_and_doubles_nothing_in_silence(
    tmp_path: Path, name: str, *, committed: bool
) -> None:
    world = World()
    arrive(world)
    await run_until_killed(tmp_path, world, name, committed=committed)
    names = settings().gateways[:2]
    async with staged(tmp_path, *links(world), routes=()) as stage:
        assert tuple(stage.links) == names
        await publish(stage)
        await world.until(lambda: is_finished(world))
        await asyncio.sleep(1)
    left = Counter(sent.text for sent in world.air if sent.seqno == 1)
    left[LONG + "2"] = sum(sent.text == LONG and sent.seqno == 2 for sent in world.air)
    flagged = {event["id"] for event in world.published if event.get("possible_duplicate")}
    for message_id, text in (
        ("short", "short"),
        ("long", LONG),
        ("long", LONG + "2"),
        ("later", "later"),
        ("lost", "lost"),
    ):
        assert left[text] >= 1, message_id
        assert left[text] == 1 or message_id in flagged, message_id
        assert left[text] <= 2, message_id
    _check_events(world)


def _check_events(world: World) -> None:
    """Each incoming message came under one id and seq; a seq means one event."""
    by_seq: dict[int, dict[str, object]] = {}
    for event in world.published:
        assert by_seq.setdefault(event["seq"], event) == event
    texts = [event["text"] for event in by_seq.values() if "text" in event]
    assert sorted(str(text) for text in texts) == ["hello", "joined-up"]


@virtual_time
async def test_what_a_crash_left_in_a_gateways_hands_is_held_as_unknown_where_asked_for(
    tmp_path: Path,
) -> None:
    world = World()
    store = KillingStore(database(tmp_path), "settle", committed=False)
    await store.open()
    stage = Stage(world, store, [ScriptedLink("stick", world)], settings(gateways=("stick",)))
    await stage.start()
    await stage.send("a", on_unknown=OnUnknown.HOLD)
    async with asyncio.timeout(PATIENCE):
        await store.killed.wait()
    await kill()
    await store.close()
    async with staged(tmp_path, ScriptedLink("stick", world)):
        await world.until(lambda: world.states("a")[-1:] == ["unknown!"])
    assert len(world.air) == 1
    assert world.last("a")["error"]["code"] == "timeout"


@virtual_time
async def test_events_that_no_broker_acknowledged_come_again_with_their_seq(tmp_path: Path) -> None:
    world = World()
    store = KillingStore(database(tmp_path), "published", committed=False)
    await store.open()
    stage = Stage(world, store, [ScriptedLink("stick", world)], settings(gateways=("stick",)))
    await stage.start()
    await stage.send("a", to=NUMBER)
    async with asyncio.timeout(PATIENCE):
        await store.killed.wait()
    await kill()
    await store.close()
    before = list(world.published)
    async with staged(tmp_path, ScriptedLink("stick", world)):
        await world.until(lambda: len(world.published) >= 2 * len(before))
    assert world.published[len(before) : 2 * len(before)] == before
