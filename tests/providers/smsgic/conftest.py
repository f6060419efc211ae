"""One account at a simulated SMSgic, spoken to over a real socket with a real client session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from tests.providers.clock import Clock
from tests.providers.smsgic.account import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.smsgic import Smsgic


@pytest.fixture
def clock() -> Clock:
    """The time at SMSgic and here."""
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session of whoever uses a provider."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[SmsgicServer]:
    """SMSgic; nothing that it does not know may be asked of it."""
    async with SmsgicServer(SmsgicOptions(clock=clock)) as running:
        yield running
        assert running.misuses == []


@pytest.fixture
def smsgic(server: SmsgicServer, http: aiohttp.ClientSession, clock: Clock) -> Smsgic:
    """An account there."""
    return connect(server.base_url, http, clock)
