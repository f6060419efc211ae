"""What the clock does by itself, and what it does when somebody sets it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.bridge.routing.bench import NOW
from tests.bridge.routing.stage import ScriptedLink, World, staged
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0


@pytest.mark.parametrize("jump", [400 * DAY, -400 * DAY])
@virtual_time
async def test_a_clock_that_is_set_neither_ends_nor_prolongs_what_waits(tmp_path: Path, jump: float) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    async with staged(tmp_path, stick) as stage:
        stick.set_online(online=False)
        await stage.send("a", valid_for=3600)
        await stage.send("b", valid_for=7200)
        await asyncio.sleep(2)
        stage.clock_error = jump
        await asyncio.sleep(4000)
        stick.set_online(online=True)
        await world.until(lambda: world.states("b") == ["queued", "sent"])
    assert world.states("a") == ["queued", "expired!"]


@virtual_time
async def test_a_schedule_keeps_its_time_of_day_when_the_clock_is_set(tmp_path: Path) -> None:
    world = World()
    stick = ScriptedLink("stick", world)
    async with staged(tmp_path, stick) as stage:
        await stage.send("a", send_at=NOW + DAY)
        await asyncio.sleep(2)
        stage.clock_error = DAY
        await asyncio.sleep(5)
        await world.until(lambda: world.states("a") == ["scheduled", "queued", "sent"])
