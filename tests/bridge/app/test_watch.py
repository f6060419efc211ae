"""The daemon's look at its own parts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.app.daemon import Daemon, DaemonError
from sms_bridge.app.sd_notify import ServiceManager
from sms_bridge.config import load
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.config import Config


class Routing:
    alive = True

    def is_alive(self) -> bool:
        return self.alive


class Store:
    age = 0.0

    def commit_age(self) -> float:
        return self.age


class Manager(ServiceManager):
    """Counts the signs of life."""

    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "10000000"})
        self.signs = 0

    def notify(self, *lines: str) -> None:
        assert lines == ("WATCHDOG=1",)
        self.signs += 1


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "sms-bridge.yaml"
    path.write_text("gateways: {stick: {type: modem, port: x}}\n")
    return load(path, {})


@virtual_time
async def test_signs_of_life_stop_while_the_stores_writer_hangs(config: Config) -> None:
    manager, store = Manager(), Store()
    daemon = Daemon(config, manager)
    watch = asyncio.create_task(daemon._watch(Routing(), store))  # type: ignore[arg-type] # what is asked of them
    await asyncio.sleep(12)
    assert manager.signs == 3
    store.age = 11.0
    await asyncio.sleep(60)
    assert manager.signs == 3
    store.age = 0.0
    await asyncio.sleep(5)
    assert manager.signs == 4
    watch.cancel()


@virtual_time
async def test_a_dead_worker_ends_the_daemon(config: Config) -> None:
    dispatcher = Routing()
    dispatcher.alive = False
    daemon = Daemon(config, Manager())
    watch = asyncio.create_task(daemon._watch(dispatcher, Store()))  # type: ignore[arg-type] # as above
    await asyncio.wait_for(daemon._ended.wait(), 1)
    assert daemon._fault == "a gateway's worker has failed; the log before says why"
    watch.cancel()


async def test_what_cannot_start_is_told_in_one_sentence(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DaemonError, match=r"bridge\.db"):
        await Daemon(replace(config, store_url=f"sqlite:///{tmp_path}/file/bridge.db"), Manager()).run()
