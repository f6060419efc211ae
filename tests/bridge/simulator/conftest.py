"""Simulated modems on real ports for the tests of this folder; a client and a customer for simulated providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_record import MET_VARIABLE
from sms_bridge.simulator.simulation import Simulation, SimulationOptions
from tests.support.customer import Customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what these tests say to simulated providers out of the record of what our own clients say."""
    monkeypatch.delenv(MET_VARIABLE, raising=False)


@pytest.fixture
async def simulation(tmp_path: Path) -> AsyncIterator[Simulation]:
    """A generic modem on a pseudo terminal."""
    running = Simulation(SimulationOptions(pty=tmp_path / "modem"))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def tcp_simulation() -> AsyncIterator[Simulation]:
    """A generic modem on a TCP port."""
    running = Simulation(SimulationOptions(tcp=0))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client for simulated providers."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Where simulated providers call back."""
    async with Customer() as running:
        yield running
