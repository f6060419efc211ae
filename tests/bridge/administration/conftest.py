"""A router on a real store with a gateway that does what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.mqtt.send import read_untransported
from sms_bridge.routing.administration import Administration
from sms_bridge.routing.engine import Routing
from sms_bridge.routing.link import LinkState, LinkStatus, UssdAnswer
from sms_bridge.routing.settings import Contact, Limits, RoutingSettings
from sms_bridge.store import open_store
from sms_providers.model import Balance, Capability, Taken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from sms_bridge.routing.command import Command, Rejection
    from sms_bridge.routing.link import Inlet, Source, Submission
    from sms_bridge.store.base import Store
    from sms_providers.model import Outcome, Price
    from sms_providers.provider import OptionCheck

#: 2026-11-20T10:15:00Z
NOW = 1_795_169_700.0


@dataclass
class Gateway:
    """A link without an engine: ``fault`` is raised by whatever is asked of it."""

    name: str
    kind: str = "fake"
    max_batch: int = 1
    capabilities: frozenset[Capability] = frozenset({Capability.USSD})
    parallel: int = 1
    by_segment: bool = True
    options: Mapping[str, OptionCheck] = field(default_factory=dict)
    fault: Exception | None = None
    cost: Price | None = None
    asked: list[str] = field(default_factory=list)
    hang: Callable[[], Awaitable[None]] | None = None

    async def start(self, inlet: Inlet) -> None:
        self._inlet = inlet

    async def stop(self) -> None:
        pass

    def go_online(self) -> None:
        status = LinkStatus(state=LinkState.ONLINE, number="+4915112345678", imei="490154203237518")
        self._inlet.status_changed(status)

    async def submit(self, batch: Sequence[Submission], _taken: object) -> Sequence[Outcome]:
        return [Taken(references=("1",)) for _ in batch]

    async def price(self, _text: str, _recipients: Sequence[str]) -> Price | None:
        if self.fault is not None:
            raise self.fault
        return self.cost

    async def discard(self, source: Source) -> None:
        raise AssertionError(source)

    async def balance(self) -> Balance:
        await self._do("balance")
        return Balance(amount=Decimal("12.40"), currency="EUR")

    async def ussd(self, code: str) -> UssdAnswer:
        await self._do(f"ussd {code}")
        return UssdAnswer(text="1: more", more=True)

    async def ussd_reply(self, text: str) -> UssdAnswer:
        await self._do(f"reply {text}")
        return UssdAnswer(text="done", more=False)

    async def ussd_end(self) -> None:
        await self._do("end")

    def transcript(self) -> list[str]:
        return ["12:00:00.000 > AT"]

    async def restart(self) -> None:
        await self._do("restart")

    async def _do(self, what: str) -> None:
        self.asked.append(what)
        if self.fault is not None:
            raise self.fault
        if self.hang is not None:
            await self.hang()


@dataclass
class Office:
    """Administration with all it administers."""

    store: Store
    routing: Routing
    stick: Gateway
    administration: Administration
    shown: list[bool]

    async def ask(self, command: str, **members: object) -> dict[str, Any]:
        return await self.administration.execute(command, members)

    async def send(self, **members: object) -> None:
        """Commit a send object."""
        await self.routing.outbox.accept([read_send({"text": "hello", **members})], None)


def read_send(members: Mapping[str, object]) -> Command | Rejection:
    return read_untransported(members, 86_400)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    store = open_store(f"sqlite:///{tmp_path}/bridge.db")
    await store.open()
    settings = RoutingSettings(
        gateways=("stick", "spare"),
        contacts={"anna": Contact(name="anna", number="+491701234567")},
        limits=Limits(per_minute=None, per_recipient_per_hour=None),
    )
    links: dict[str, Any] = {"stick": Gateway("stick"), "spare": Gateway("spare")}
    routing = Routing(settings, links, store, joiners={}, instance="main", now=lambda: NOW)
    shown: list[bool] = []

    async def show_entities(enabled: bool, /) -> bool:  # noqa: FBT001 - the signature that Administration calls
        shown.append(enabled)
        return True

    administration = Administration(
        store=store,
        settings=settings,
        outbox=routing.outbox,
        gateways=routing.gateways,
        board=routing.board,
        read_send=read_send,
        health=routing.board.health,
        show_entities=show_entities,
    )
    await routing.start()
    yield Office(store, routing, links["stick"], administration, shown)
    await routing.stop()
    await store.close()
