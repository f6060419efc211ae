"""A provider's account in the whole router, beside a modem: pauses, failover, lost answers, crashes."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.link import LinkState
from sms_providers.exceptions import AuthError, TemporaryError
from sms_providers.model import DeliveryReport, ErrorCode, State, Taken
from tests.bridge.links.scripted import Script, make_link, no_answer, refused
from tests.bridge.routing.bench import settings
from tests.bridge.routing.stage import ScriptedLink, Stage, World, database, kill
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sms_bridge.store.base import Store

FOUND = Taken(references=("77",), state=State.ACCEPTED)


async def started(store: Store, script: Script, world: World) -> Stage:
    """The router with the account `cloud`, and the modem `stick` behind it."""
    await store.open()
    links: Any = [make_link(script), ScriptedLink("stick", world)]
    stage = Stage(world, store, links, settings(gateways=("cloud", "stick")))
    await stage.start()
    await asyncio.sleep(1)
    return stage


@asynccontextmanager
async def running(folder: Path, script: Script, world: World | None = None) -> AsyncIterator[Stage]:
    """The same, stopped at the end."""
    store = database(folder)
    stage = await started(store, script, world or World())
    try:
        yield stage
    finally:
        await stage.stop()
        await store.close()


def rows(script: Script) -> list[str | None]:
    return [outgoing.message.text for outgoing in script.sent]


@virtual_time
async def test_a_throttled_account_is_left_alone_and_its_messages_go_on(tmp_path: Path) -> None:
    script = Script(sends=deque([refused(ErrorCode.THROTTLED, retry_after=60.0)]))
    async with running(tmp_path, script) as stage:
        await stage.send("one")
        await stage.world.until(lambda: stage.world.texts("stick") == ["one"])
        await stage.send("two")
        await stage.world.until(lambda: stage.world.texts("stick") == ["one", "two"])
        assert rows(script) == ["one"]
        await asyncio.sleep(60)
        await stage.send("three")
        await stage.world.until(lambda: "accepted" in stage.world.states("three"))
        assert rows(script) == ["one", "three"]


@virtual_time
async def test_a_message_for_a_throttled_account_alone_waits_for_it(tmp_path: Path) -> None:
    script = Script(sends=deque([refused(ErrorCode.THROTTLED, retry_after=60.0)]))
    async with running(tmp_path, script) as stage:
        await stage.send("one", gateway=("cloud",))
        await stage.world.until(lambda: "accepted" in stage.world.states("one"))
        first, second = script.times("send")
        assert 60 <= second - first < 70
        assert stage.world.texts() == []


@virtual_time
async def test_a_restart_ends_the_pause_that_an_account_asked_for(tmp_path: Path) -> None:
    script = Script(sends=deque([refused(ErrorCode.THROTTLED, retry_after=86_400.0)]))
    async with running(tmp_path, script) as stage:
        await stage.send("one", gateway=("cloud",))
        await asyncio.sleep(100)
        assert len(script.times("send")) == 1
        await stage.routing.gateways.restart("cloud")
        await stage.world.until(lambda: "accepted" in stage.world.states("one"))
        assert script.times("send")[1] < 200


@virtual_time
async def test_of_two_pauses_that_are_asked_for_at_once_the_longer_counts(tmp_path: Path) -> None:
    throttled = [refused(ErrorCode.THROTTLED, retry_after=pause) for pause in (60.0, 1.0)]
    script = Script(sends=deque(throttled))
    async with running(tmp_path, script) as stage:
        await asyncio.gather(*(stage.send(name, text=name, gateway=("cloud",)) for name in ("one", "two")))
        await asyncio.sleep(59)
        assert sorted(str(text) for text in rows(script)) == ["one", "two"]
        await stage.world.until(
            lambda: all("accepted" in stage.world.states(name) for name in ("one", "two"))
        )


@pytest.mark.parametrize("code", [ErrorCode.AUTH, ErrorCode.NO_CREDIT, ErrorCode.NETWORK])
@virtual_time
async def test_what_an_account_cannot_send_the_next_gateway_does(tmp_path: Path, code: ErrorCode) -> None:
    script = Script(sends=deque([refused(code)]))
    async with running(tmp_path, script) as stage:
        await stage.send("one")
        await stage.world.until(lambda: "sent" in stage.world.states("one"))
        assert stage.world.states("one") == ["queued", "sent"]
        assert stage.world.last("one")["gateway"] == "stick"


@virtual_time
async def test_an_account_that_is_refused_gets_no_messages_until_it_is_accepted_again(tmp_path: Path) -> None:
    script = Script(checks=deque([AuthError("the key is refused")]))
    async with running(tmp_path, script) as stage:
        assert stage.routing.gateways.status("cloud").state is LinkState.ERROR
        await stage.send("one")
        await stage.world.until(lambda: stage.world.texts("stick") == ["one"])
        await asyncio.sleep(61)
        await stage.send("two")
        await stage.world.until(lambda: "accepted" in stage.world.states("two"))
        assert rows(script) == ["two"]


@virtual_time
async def test_a_lost_answer_that_is_found_is_neither_repeated_nor_passed_on(tmp_path: Path) -> None:
    script = Script(sends=deque([no_answer()]), finds=deque([{}, {1: FOUND}]))
    async with running(tmp_path, script) as stage:
        await stage.send("one")
        await stage.world.until(lambda: "accepted" in stage.world.states("one"))
        await asyncio.sleep(3_600)
        assert stage.world.states("one") == ["queued", "unknown", "accepted"]
        assert stage.world.last("one")["reference"] == ["77"]
        assert rows(script) == ["one"]
        assert stage.world.texts() == []


@virtual_time
async def test_a_lost_answer_that_is_not_found_is_sent_again_after_the_grace_and_said_to_be(
    tmp_path: Path,
) -> None:
    script = Script(sends=deque([no_answer()]))
    async with running(tmp_path, script) as stage:
        await stage.send("one")
        await stage.world.until(lambda: "accepted" in stage.world.states("one"))
        first, second = script.times("send")
        assert second - first >= 30
        assert stage.world.last("one")["possible_duplicate"]


@virtual_time
async def test_what_could_not_be_asked_for_in_time_is_asked_for_before_it_is_sent_again(
    tmp_path: Path,
) -> None:
    outage = [TemporaryError("no connection")] * 5
    script = Script(sends=deque([no_answer()]), finds=deque([*outage, {1: FOUND}]))
    async with running(tmp_path, script) as stage:
        await stage.send("one", gateway=("cloud",))
        await stage.world.until(lambda: "accepted" in stage.world.states("one"))
        await asyncio.sleep(3_600)
        assert rows(script) == ["one"]
        assert len(script.times("find")) == 6
        assert stage.world.states("one") == ["queued", "unknown", "accepted"]
        assert stage.world.last("one")["reference"] == ["77"]


@virtual_time
async def test_what_is_not_found_then_is_sent_again_with_all_others_of_its_request(tmp_path: Path) -> None:
    outage = [TemporaryError("no connection")] * 5
    script = Script(sends=deque([no_answer(), no_answer(), no_answer()]), finds=deque([*outage, {2: FOUND}]))
    async with running(tmp_path, script) as stage:
        everybody = ("+491701234561", "+491701234562", "+491701234563")
        await stage.send("all", to=everybody, gateway=("cloud",))
        names = [f"all/{at}" for at in range(3)]
        await stage.world.until(lambda: all("accepted" in stage.world.states(name) for name in names))
        assert [outgoing.reference for outgoing in script.sent] == [1, 2, 3, 1, 3]
        assert [stage.world.last(name)["reference"] for name in names] == [["r1"], ["77"], ["r3"]]


@virtual_time
async def test_after_a_crash_in_the_middle_of_a_send_the_account_is_asked_first(tmp_path: Path) -> None:
    script = Script(sends=deque([asyncio.Event()]))
    world = World()
    store = database(tmp_path)
    stage = await started(store, script, world)
    await stage.send("one")
    await asyncio.sleep(1)
    assert rows(script) == ["one"]
    await kill()
    await store.close()
    await script.sessions[0].close()
    again = Script(finds=deque([{1: FOUND}]))
    async with running(tmp_path, again, world) as stage:
        await world.until(lambda: "accepted" in world.states("one"))
        await asyncio.sleep(3_600)
        assert again.asked_find[0][0] == [1]
        assert again.sent == []
        assert world.states("one") == ["queued", "unknown", "accepted"]


@virtual_time
async def test_reports_that_are_asked_for_end_a_message(tmp_path: Path) -> None:
    delivered = DeliveryReport(reference="r1", state=State.DELIVERED)
    script = Script(report_answers=deque([(), [delivered]]))
    async with running(tmp_path, script) as stage:
        await stage.send("one")
        await stage.world.until(lambda: "delivered!" in stage.world.states("one"))
        assert script.asked_reports == [["r1"], ["r1"]]
        await asyncio.sleep(3_600)
        assert len(script.asked_reports) == 2


@virtual_time
async def test_equal_messages_go_together(tmp_path: Path) -> None:
    script = Script(checks=deque([AuthError("the key is refused")]))
    async with running(tmp_path, script) as stage:
        await stage.send("all", to=tuple(f"+4917012345{n:02}" for n in range(25)), gateway=("cloud",))
        await asyncio.sleep(70)
        assert len(script.sent) == 25
        assert len(script.times("send")) == 3
