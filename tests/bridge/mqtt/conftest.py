from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt.bridge import MqttSide
from sms_bridge.mqtt.devices import Devices, GatewayTraits
from sms_bridge.mqtt.discovery import Discovery
from sms_bridge.mqtt.recovery import Pace
from sms_bridge.mqtt.settings import DiscoveryMode, HomeAssistantSettings, MqttSettings, Protocol
from sms_bridge.mqtt.topics import Topics
from sms_providers.model import Capability
from tests.bridge.mqtt.fakes import Failures, FakeAdministration, FakeBoard, FakeEvents, FakeOutbox, Memory
from tests.support.mosquitto import Mosquitto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


_NUMBERS = itertools.count(1)

QUICK = Pace(first=0.05, longest=0.2, slow=0.2)


@dataclass
class Bridge:
    """An MQTT side with fakes behind it. ``settings`` decide where it connects."""

    settings: MqttSettings
    epoch: str = "e0"
    pace: Pace = QUICK
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    events: FakeEvents = field(default_factory=FakeEvents)
    board: FakeBoard = field(default_factory=FakeBoard)
    administration: FakeAdministration = field(default_factory=FakeAdministration)
    failures: Failures = field(default_factory=Failures)
    memory: Memory = field(default_factory=Memory)
    mode: DiscoveryMode = DiscoveryMode.OFF
    traits: dict[str, GatewayTraits] = field(
        default_factory=lambda: {"stick": GatewayTraits(kind="modem", capabilities=frozenset(Capability))}
    )
    outside: str | None = None
    discovery: Discovery = field(init=False)
    side: MqttSide | None = None

    @property
    def base(self) -> str:
        return self.settings.base_topic

    @property
    def prefix(self) -> str:
        """Home Assistant's discovery prefix, of this test alone unless it is told ``outside``."""
        return self.outside or f"{self.base}/homeassistant"

    async def start(self) -> MqttSide:
        devices = Devices(
            Topics(self.base, self.settings.instance),
            prefix=self.prefix,
            version="1.2.3",
            admin=self.settings.admin,
            gateways=self.traits,
        )
        settings = HomeAssistantSettings(discovery=self.mode, prefix=self.prefix)
        self.discovery = Discovery(settings, devices, self.memory.store(), self.pace)
        self.side = MqttSide(
            self.settings,
            version="1.2.3",
            epoch=self.epoch,
            outbox=self.outbox,
            events=self.events,
            board=self.board,
            administration=self.administration,
            discovery=self.discovery,
            details=lambda: {"gateways": {"stick": {"type": "modem"}}},
            failed=self.failures,
            pace=self.pace,
        )
        await self.side.start()
        return self.side

    async def stop(self) -> None:
        if self.side is not None:
            await self.side.stop()
            self.side = None


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One mosquitto per test process; tests keep apart by their base topics."""
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.fixture(params=list(Protocol))
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return Protocol(request.param)


@pytest.fixture
def settings(broker: Mosquitto) -> MqttSettings:
    return MqttSettings(host=broker.host, port=broker.port, base_topic=f"test/{next(_NUMBERS)}")


@pytest.fixture
async def bridges() -> AsyncIterator[Callable[[MqttSettings], Bridge]]:
    """Make bridges that are stopped after the test."""
    made: list[Bridge] = []

    def make(settings: MqttSettings) -> Bridge:
        made.append(Bridge(settings))
        return made[-1]

    yield make
    for bridge in made:
        bridge.outbox.holding = bridge.outbox.failing = False
        for gate in bridge.outbox.held:
            if not gate.done():
                gate.set_result(None)
        await bridge.stop()


@pytest.fixture
async def bridge(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings, protocol: Protocol
) -> Bridge:
    """Return a bridge that is not started yet, once per protocol."""
    return bridges(replace(settings, protocol=protocol))
