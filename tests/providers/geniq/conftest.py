"""One account at a simulated GENIQ, spoken to over a real socket with a real client session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from tests.providers.geniq.account import connect
from tests.providers.geniq.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.geniq import Geniq


class Clock:
    """A time of day that only tests move; called, it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The time at GENIQ and here."""
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session of whoever uses a provider."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[GeniqServer]:
    """GENIQ."""
    async with GeniqServer(GeniqOptions(clock=clock)) as running:
        yield running


@pytest.fixture
def geniq(server: GeniqServer, http: aiohttp.ClientSession, clock: Clock) -> Geniq:
    """An account there."""
    return connect(server, http, clock)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """A server that answers what it is told to, and keeps what it is asked."""
    async with Recorder() as running:
        yield running
