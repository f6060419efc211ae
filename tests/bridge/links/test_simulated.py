"""Router, link, engine and simulated modem together, on virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.links.inbound import join_segments
from sms_bridge.links.modem import ModemLink
from sms_bridge.links.settings import ModemLinkSettings
from sms_bridge.modem.model import ModemSettings
from sms_bridge.routing.engine import Routing
from sms_bridge.routing.link import LinkState
from sms_bridge.simulator.endpoints import MemoryEndpoint
from sms_bridge.simulator.faults import parse_fault
from sms_bridge.simulator.modem import ModemSimulator
from sms_bridge.simulator.network import EXPIRED, Network
from sms_bridge.simulator.profiles import PROFILES
from sms_bridge.simulator.simcard import SimCard
from tests.bridge.routing.bench import NOW, settings
from tests.bridge.routing.stage import Stage, World, database, kill
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Air:
    """A network with one modem, which both outlive the bridge."""

    def __init__(self, *, pin: str | None = None, family: str = "sim800") -> None:
        loop = asyncio.get_running_loop()
        self.world = World()
        self.network = Network(clock=lambda: datetime.fromtimestamp(NOW + loop.time(), UTC))
        self.modem = ModemSimulator(PROFILES[family], self.network, sim=SimCard(pin=pin))
        self.modem.start()

    def fault(self, text: str) -> None:
        self.modem.inject(parse_fault(text))

    def left(self) -> Counter[str]:
        """How often each text reached its recipient."""
        return Counter(message.text or "" for message in self.network.messages())

    async def until(self, holds: Any) -> None:  # noqa: ANN401 - any predicate
        async with asyncio.timeout(400):
            while True:
                if holds():
                    return
                await asyncio.sleep(0.2)


class ModemStage(Stage):
    """The router with the real link on the simulated modem."""

    def __init__(self, air: Air, folder: Path, *, pin: str | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.world = air.world
        self.store = database(folder)
        made = ModemLinkSettings(modem=ModemSettings(port="/dev/modem", pin=pin))
        link = ModemLink("stick", made, lambda: MemoryEndpoint(air.modem), now=lambda: NOW + loop.time())
        self.routing = Routing(
            settings(gateways=("stick",)),
            {"stick": link},
            self.store,
            joiners={"modem": join_segments},
            instance="main",
            now=lambda: NOW + loop.time(),
            clock=loop.time,
        )

    def is_online(self) -> bool:
        return self.routing.gateways.status("stick").state is LinkState.ONLINE


@asynccontextmanager
async def bridged(air: Air, folder: Path, *, pin: str | None = None) -> AsyncIterator[ModemStage]:
    stage = ModemStage(air, folder, pin=pin)
    await stage.store.open()
    await stage.start()
    try:
        yield stage
    finally:
        await stage.stop()
        await stage.store.close()


def incoming(world: World) -> list[str]:
    """The texts of the incoming events, each seq once."""
    return [
        event["text"]
        for event in {event["seq"]: event for event in world.published if "text" in event}.values()
    ]


def stored(air: Air) -> int:
    return sum(memory.used() for memory in air.modem.memories.values())


@virtual_time
async def test_a_long_message_is_sent_whole_and_delivered(tmp_path: Path) -> None:
    air = Air()
    async with bridged(air, tmp_path) as stage:
        await stage.send("a", "Grüße! " * 60)
        await stage.send("b", "hello")
        await air.world.until(lambda: air.world.states("a")[-1:] == ["delivered!"])
        await air.world.until(lambda: air.world.states("b")[-1:] == ["delivered!"])
    assert air.left() == {"Grüße! " * 60: 1, "hello": 1}
    assert air.world.states("a") == ["queued", "sent", "delivered!"]
    assert air.world.last("a")["segments_delivered"] == 3


@virtual_time
async def test_what_the_network_gives_up_is_said(tmp_path: Path) -> None:
    air = Air()
    air.network.policy = EXPIRED
    async with bridged(air, tmp_path) as stage:
        await stage.send("a")
        await air.world.until(lambda: air.world.states("a")[-1:] == ["expired!"])
    assert air.world.last("a")["error"]["provider_code"] == "46"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("lost-answer:1", ["queued", "unknown", "sent", "delivered!"]), ("late-answer:125,1", None)],
)
@virtual_time
async def test_a_message_whose_answer_was_lost_or_late_is_not_sent_again(
    tmp_path: Path, fault: str, expected: list[str] | None
) -> None:
    air = Air()
    async with bridged(air, tmp_path) as stage:
        await air.until(stage.is_online)
        await stage.send("first")
        await air.world.until(lambda: air.world.states("first")[-1:] == ["delivered!"])
        air.fault(fault)
        await stage.send("a")
        await air.world.until(lambda: air.world.states("a")[-1:] == ["delivered!"])
        await asyncio.sleep(60)
    assert air.left()["a"] == 1
    assert air.world.last("a")["possible_duplicate"] is False
    assert expected is None or air.world.states("a") == expected


@virtual_time
async def test_a_message_that_was_never_sent_is_sent_after_the_grace_and_flagged(tmp_path: Path) -> None:
    air = Air()
    async with bridged(air, tmp_path) as stage:
        await air.until(stage.is_online)
        air.fault("not-sent:1")
        await stage.send("a")
        await air.world.until(lambda: air.world.states("a")[-1:] == ["delivered!"])
    assert air.left()["a"] == 1
    assert air.world.last("a")["possible_duplicate"] is True


@virtual_time
async def test_a_refused_number_fails_and_the_next_message_is_sent(tmp_path: Path) -> None:
    air = Air()
    air.network.refusals["+491700000000"] = 28
    async with bridged(air, tmp_path) as stage:
        await stage.send("bad", to="+491700000000")
        await stage.send("good")
        await air.world.until(lambda: air.world.states("good")[-1:] == ["delivered!"])
    assert air.world.states("bad") == ["queued", "failed!"]
    assert air.world.last("bad")["error"]["code"] == "rejected_by_network"


@virtual_time
async def test_a_kill_while_the_modem_sends_is_settled_by_the_report_after_the_restart(
    tmp_path: Path,
) -> None:
    air = Air()
    air.modem.latency = 3.0
    stage = ModemStage(air, tmp_path)
    await stage.store.open()
    await stage.start()
    await air.until(stage.is_online)
    await stage.send("a")
    await air.until(lambda: air.network.submits)
    await kill()
    await stage.store.close()
    async with bridged(air, tmp_path):
        await air.world.until(lambda: air.world.states("a")[-1:] == ["delivered!"])
        await asyncio.sleep(60)
    assert air.left() == {"a": 1}
    assert air.world.states("a") == ["queued", "unknown", "sent", "delivered!"]


# -- received


@virtual_time
async def test_a_received_message_is_published_once_and_deleted_from_the_modem(tmp_path: Path) -> None:
    air = Air()
    async with bridged(air, tmp_path) as stage:
        await air.until(stage.is_online)
        air.network.deliver("+4917611111111", "hello " * 40, order=(2, 1))
        air.network.deliver("+4917611111111", "again")
        air.network.deliver("+4917611111111", "again")
        await air.until(lambda: len(incoming(air.world)) == 3 and not stored(air))
    assert sorted(incoming(air.world)) == ["again", "again", "hello " * 40]


@virtual_time
async def test_what_came_while_the_bridge_was_away_is_found(tmp_path: Path) -> None:
    air = Air()
    air.network.deliver("+4917611111111", "hello")
    async with bridged(air, tmp_path):
        await air.until(lambda: incoming(air.world) == ["hello"] and not stored(air))


@virtual_time
async def test_what_cannot_be_decoded_becomes_a_message_with_its_octets(tmp_path: Path) -> None:
    air = Air()
    async with bridged(air, tmp_path) as stage:
        await air.until(stage.is_online)
        air.network.deliver_tpdu(bytes.fromhex("04FF"))
        await air.until(lambda: air.world.published and not stored(air))
    (event,) = air.world.published
    assert event["incomplete"] is True
    assert event["raw"][0].endswith("04FF")


# -- the PIN


@virtual_time
async def test_a_wrong_pin_is_tried_once_over_all_restarts(tmp_path: Path) -> None:
    air = Air(pin="1234")
    for _ in range(3):
        async with bridged(air, tmp_path, pin="9999") as stage:
            await air.until(lambda: stage.routing.gateways.status("stick").state is LinkState.ERROR)
            await asyncio.sleep(100)
            # It looks again now and then, and says nothing while it does.
            await air.until(lambda: "PIN" in (stage.routing.gateways.status("stick").detail or ""))
    assert air.modem.sim.wrong_codes == 1


@virtual_time
async def test_the_right_pin_opens_the_sim_each_time(tmp_path: Path) -> None:
    air = Air(pin="1234")
    for expected in (1, 2):
        async with bridged(air, tmp_path, pin="1234") as stage:
            await air.until(stage.is_online)
        assert air.modem.sim.right_codes == expected
        air.modem.reboot()
        await asyncio.sleep(60)
