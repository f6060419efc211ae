"""One account at a simulated SmsGateway24, spoken to over a real socket with a real client session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_bridge.simulator.provider_smsgateway24_account import DEVICE, EXAMPLE_DEVICES, ZoneStyle
from tests.providers.clock import Clock
from tests.providers.smsgateway24.account import at
from tests.support.customer import Customer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.smsgateway24 import SmsGateway24


@pytest.fixture
def clock() -> Clock:
    """The time at SmsGateway24 and here."""
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session of whoever uses a provider."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def zone_style() -> ZoneStyle:
    """How SmsGateway24 writes the zone of a date."""
    return ZoneStyle.NAME


@pytest.fixture
async def server(clock: Clock, zone_style: ZoneStyle) -> AsyncIterator[SmsGateway24Server]:
    """SmsGateway24; nothing that it does not know may be asked of it."""
    devices = (DEVICE, *EXAMPLE_DEVICES)
    options = SmsGateway24Options(clock=clock, devices=devices, zone_style=zone_style)
    async with SmsGateway24Server(options) as running:
        yield running
        assert running.misuses == []


@pytest.fixture
def gateway(server: SmsGateway24Server, http: aiohttp.ClientSession, clock: Clock) -> SmsGateway24:
    """An account there."""
    return at(server, http, clock)


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Where SmsGateway24 calls back."""
    async with Customer() as running:
        yield running
