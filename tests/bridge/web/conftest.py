"""A web server on a real socket, with a gateway that notes what it is called with."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sms_bridge.web.server import WebServer
from sms_bridge.web.settings import HttpSettings
from sms_providers.callbacks import CallbackResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sms_providers.provider import CallbackRequest

SECRET = "5a" * 32


@dataclass
class Gateway:
    """Takes calls; `fault` is raised instead."""

    callback_secret: str | None = SECRET
    answer: CallbackResponse = field(default_factory=lambda: CallbackResponse(200, "OK"))
    fault: Exception | None = None
    calls: list[CallbackRequest] = field(default_factory=list)

    async def receive(self, request: CallbackRequest) -> CallbackResponse:
        self.calls.append(request)
        if self.fault is not None:
            raise self.fault
        return self.answer


@dataclass
class House:
    """A running server; `alive` is what it is told of the bridge."""

    alive: bool = True
    geniq: Gateway = field(default_factory=Gateway)
    silent: Gateway = field(default_factory=lambda: Gateway(callback_secret=None))
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def callback(self) -> str:
        return f"{self.url}/callback/geniq/{SECRET}"

    @asynccontextmanager
    async def open(self, settings: HttpSettings) -> AsyncIterator[House]:
        callees = {"geniq": self.geniq, "silent": self.silent}
        server = WebServer(settings, callees, lambda: self.alive)
        await server.start()
        self.port = server.port
        try:
            yield self
        finally:
            await server.stop()

    async def raw(self, sent: bytes) -> bytes:
        """Send octets as they are; returns everything that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
async def house(unused_tcp_port: int) -> AsyncIterator[House]:
    async with House().open(HttpSettings(listen=("127.0.0.1", unused_tcp_port))) as house:
        yield house


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
