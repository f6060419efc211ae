"""One account at a simulated GenioSms, spoken to over a real socket with a real client session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_geniosms import GenioSmsServer
from tests.providers.geniosms.account import Clock, connect
from tests.support.customer import Customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.geniosms import GenioSms


@pytest.fixture
def clock() -> Clock:
    """The time here."""
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session of whoever uses a provider."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server() -> AsyncIterator[GenioSmsServer]:
    """GenioSms; nothing that it does not know may be asked of it."""
    async with GenioSmsServer() as running:
        yield running
        assert running.misuses == []


@pytest.fixture
def geniosms(server: GenioSmsServer, http: aiohttp.ClientSession, clock: Clock) -> GenioSms:
    """An account there."""
    return connect(server.base_url, http, clock)


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Where GenioSms calls back."""
    async with Customer() as running:
        yield running
