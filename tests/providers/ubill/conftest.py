"""One account at a simulated uBill, spoken to over a real socket with a real client session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_ubill import UbillOptions, UbillServer
from tests.providers.ubill.account import Clock, connect
from tests.support.customer import Customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.ubill import Ubill


@pytest.fixture
def clock() -> Clock:
    """The time at uBill and here."""
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session of whoever uses a provider."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[UbillServer]:
    """uBill; nothing that it does not know may be asked of it."""
    async with UbillServer(UbillOptions(clock=clock, event=True)) as running:
        yield running
        assert running.misuses == []


@pytest.fixture
def ubill(server: UbillServer, http: aiohttp.ClientSession, clock: Clock) -> Ubill:
    """An account there."""
    return connect(server.base_url, http, clock)


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Where uBill calls back."""
    async with Customer() as running:
        yield running
