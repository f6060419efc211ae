"""A provider's calls through the real HTTP stack into the real router and store: what changes, and what must not."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.app.machine import MachineAdministration
from sms_bridge.links.provider import ProviderLink
from sms_bridge.routing.administration import Administration
from sms_bridge.routing.engine import Routing
from sms_bridge.store import open_store
from sms_bridge.store.base import EventKind, StoreError
from sms_bridge.web.server import WebServer
from sms_bridge.web.settings import HttpSettings
from sms_providers.inbound import join_received
from sms_providers.model import Capability, Concat, DeliveryReport, InboundMessage, State
from sms_providers.provider import CallbackError, Received
from sms_providers.reading import parse_json
from tests.bridge.administration.conftest import read_send
from tests.bridge.links.scripted import Script, ScriptedProvider
from tests.bridge.routing.bench import NUMBER, send, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    import aiohttp

    from sms_bridge.store.base import Store
    from sms_providers.provider import CallbackRequest

TEXT = "your code is 4711"


class CallingProvider(ScriptedProvider):
    """Calls with JSON: a report or a received message."""

    capabilities = frozenset({Capability.REPORT_CALLBACK, Capability.INCOMING_CALLBACK, Capability.BALANCE})

    def read_callback(self, request: CallbackRequest) -> Sequence[DeliveryReport | Received]:
        try:
            call: Any = parse_json(request.body.decode())
            if "status" in call:
                return [DeliveryReport(reference=str(call["id"]), state=State(call["status"]))]
            at = datetime.fromtimestamp(0, UTC)
            message = InboundMessage(originator=NUMBER, text=str(call["text"]), sent_at=at, received_at=at)
            place = call.get("part")
            concat = None if place is None else Concat(key="k", total=2, seqno=place)
            return [Received(key=str(call["id"]), message=message, concat=concat)]
        except (ValueError, KeyError, TypeError):
            raise CallbackError(400, "no call of mine") from None


@dataclass
class Bridge:
    """A router with one account, and its web server."""

    routing: Routing
    store: Store
    web: WebServer
    link: ProviderLink
    script: Script
    local: MachineAdministration
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web.port}/callback/cloud/{self.link.callback_secret}"

    async def call(self, content: object, url: str | None = None, method: str = "POST") -> int:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        async with self.http.request(method, url or self.url, data=body) as answer:
            await answer.read()
            return answer.status

    async def events(self, kind: EventKind = EventKind.DLR) -> list[dict[str, Any]]:
        found = await self.store.read(lambda tx: tx.events_after(0, 10_000))
        return [json.loads(event.payload) for event in found if event.kind is kind]

    async def states(self) -> list[str]:
        return [event["state"] for event in await self.events()]

    async def send(self) -> None:
        """One message, taken by the provider as r1."""
        await self.routing.outbox.accept([send(id="m", text=TEXT)], None)
        async with asyncio.timeout(10):
            while await self.states() != ["queued", "accepted"]:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)


@pytest.fixture
async def bridge(tmp_path: Path, unused_tcp_port: int, http: aiohttp.ClientSession) -> AsyncIterator[Bridge]:
    script = Script()
    link = ProviderLink("cloud", CallingProvider, script, poll_interval=60)
    given = settings(gateways=("cloud",))
    async with AsyncExitStack() as stack:
        store = open_store(f"sqlite:///{tmp_path}/bridge.db")
        await store.open()
        stack.push_async_callback(store.close)
        joiners = {link.kind: join_received}
        routing = Routing(given, {"cloud": link}, store, joiners=joiners, instance="main")
        await routing.start()
        stack.push_async_callback(routing.stop)
        listening = HttpSettings(listen=("127.0.0.1", unused_tcp_port), public_url="https://sms.example.com")
        web = WebServer(listening, {"cloud": link}, lambda: True)
        await web.start()
        stack.push_async_callback(web.stop)
        administration = Administration(
            store=store,
            settings=given,
            outbox=routing.outbox,
            gateways=routing.gateways,
            board=routing.board,
            read_send=read_send,
            health=routing.board.health,
            show_entities=_show_entities,
        )
        local = MachineAdministration(administration, {"cloud": link}, listening)
        yield Bridge(routing, store, web, link, script, local, http)


async def _show_entities(enabled: bool, /) -> bool:  # noqa: FBT001 - the signature that Administration calls
    return enabled


async def test_a_report_that_is_called_in_becomes_an_event(bridge: Bridge) -> None:
    await bridge.send()
    assert await bridge.call({"id": "r1", "status": "delivered"}) == 200
    assert await bridge.states() == ["queued", "accepted", "delivered"]


async def test_a_received_message_that_is_called_in_becomes_an_event(bridge: Bridge) -> None:
    assert await bridge.call({"id": "in-1", "text": "status?"}) == 200
    (event,) = await bridge.events(EventKind.INCOMING)
    assert (event["text"], event["from"], event["gateway"]) == ("status?", NUMBER, "cloud")


async def test_segments_that_are_called_in_are_joined(bridge: Bridge) -> None:
    assert await bridge.call({"id": "in-2", "text": "two", "part": 2}) == 200
    assert await bridge.events(EventKind.INCOMING) == []
    assert await bridge.call({"id": "in-1", "text": "one ", "part": 1}) == 200
    (event,) = await bridge.events(EventKind.INCOMING)
    assert (event["text"], event["segments"]) == ("one two", 2)


async def test_a_hundred_replays_change_nothing_and_are_all_thanked_for(bridge: Bridge) -> None:
    await bridge.send()
    calls = ({"id": "r1", "status": "delivered"}, {"id": "in-1", "text": "status?"})
    for call in calls:
        assert [await bridge.call(call) for _ in range(101)] == [200] * 101
    assert await bridge.states() == ["queued", "accepted", "delivered"]
    assert len(await bridge.events(EventKind.INCOMING)) == 1


async def test_a_report_of_a_lower_state_after_a_higher_changes_nothing(bridge: Bridge) -> None:
    await bridge.send()
    for status in ("delivered", "sent", "accepted"):
        assert await bridge.call({"id": "r1", "status": status}) == 200
    assert await bridge.states() == ["queued", "accepted", "delivered"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"id": "somebody-elses", "status": "delivered"}, 200),
        (b"", 400),
        (b"\x00\xff garbage +491701234567", 400),
        (b"[" * 100_000, 400),
        (bytes(16 * 1_048_576), 413),
        ({"id": "r1", "status": "exploded"}, 400),
    ],
    ids=["unknown id", "empty", "garbage", "deep", "16 MiB", "unknown word"],
)
async def test_what_is_no_report_on_what_we_sent_changes_nothing(
    bridge: Bridge, content: object, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await bridge.send()
    assert await bridge.call(content) == status
    assert await bridge.states() == ["queued", "accepted"]
    assert await bridge.events(EventKind.INCOMING) == []
    _check_log(bridge, caplog)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/callback/cloud/wrong", 404),
        ("POST", "/callback/cloud/{secret}0", 404),
        ("POST", "/callback/other/{secret}", 404),
        ("POST", "/{secret}", 404),
        ("PUT", "/callback/cloud/{secret}", 405),
        ("DELETE", "/callback/cloud/{secret}", 405),
        ("PATCH", "/callback/cloud/wrong", 404),
    ],
)
async def test_who_does_not_come_as_the_provider_changes_nothing(
    bridge: Bridge, method: str, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await bridge.send()
    url = f"http://127.0.0.1:{bridge.web.port}{path.format(secret=bridge.link.callback_secret)}"
    assert await bridge.call({"id": "r1", "status": "delivered"}, url, method) == status
    assert await bridge.states() == ["queued", "accepted"]
    _check_log(bridge, caplog)


async def test_what_cannot_be_kept_is_asked_for_again(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await bridge.send()

    async def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bridge.store, "read", full)
    assert await bridge.call({"id": "r1", "status": "delivered"}) == 503
    monkeypatch.undo()
    assert await bridge.call({"id": "r1", "status": "delivered"}) == 200
    assert await bridge.states() == ["queued", "accepted", "delivered"]
    _check_log(bridge, caplog)


async def test_the_address_is_shown_on_this_machine_and_nowhere_else(bridge: Bridge) -> None:
    shown = await bridge.local.execute("gateway", {"gateway": "cloud"})
    secret = bridge.link.callback_secret
    assert shown["callback_url"] == f"https://sms.example.com/callback/cloud/{secret}"
    assert secret is not None
    for members in ({"gateway": "cloud"}, {}):
        assert secret not in str(await bridge.local._administration.execute("gateway", members))
    assert secret not in str(await bridge.local.execute("gateway", {}))


def _check_log(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    assert bridge.link.callback_secret is not None
    for private in (bridge.link.callback_secret, NUMBER[1:], TEXT, "4711", "somebody-elses"):
        assert private not in caplog.text
