"""A simulated modem for the tests of this folder: in memory, and as real ports for real programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.simulation import Simulation, SimulationOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


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
