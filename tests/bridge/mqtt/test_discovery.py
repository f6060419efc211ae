"""When Home Assistant's discovery topics are published and cleared, against a real broker."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt.devices import GatewayTraits
from sms_bridge.mqtt.settings import DiscoveryMode
from sms_providers.model import Capability
from tests.bridge.mqtt.fakes import until
from tests.bridge.mqtt.peer import Peer
from tests.support.mosquitto import Mosquitto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sms_bridge.mqtt.messages import Publication
    from sms_bridge.mqtt.settings import MqttSettings
    from tests.bridge.mqtt.conftest import Bridge

SPARE = GatewayTraits(kind="modem", capabilities=frozenset({Capability.INCOMING}))


@pytest.fixture
def bridge(bridge: Bridge) -> Bridge:
    """A bridge that shows itself to Home Assistant, as the others do not."""
    bridge.mode = DiscoveryMode.AUTO
    return bridge


def listener(bridge: Bridge) -> Peer:
    return Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#")


def topic(bridge: Bridge, name: str, prefix: str | None = None) -> str:
    base = bridge.base.replace("/", "--")
    kind = "bridge" if name == "main" else "gateway"
    return f"{prefix or bridge.prefix}/device/{base}--{kind}--{name}/config"


async def retained(bridge: Bridge) -> dict[str, bytes]:
    """What a client that comes later is told by the broker."""
    async with listener(bridge) as client:
        await client.publish(f"{bridge.base}/last", "x")
        await client.hear(f"{bridge.base}/last")  # retained messages come before
        return {
            heard.topic: heard.payload
            for heard in client.heard
            if heard.retain and heard.topic.startswith(f"{bridge.prefix}/device/")
        }


async def settled(bridge: Bridge) -> None:
    await bridge.discovery._settled.wait()


async def test_the_devices_are_published_retained(bridge: Bridge) -> None:
    bridge.traits["spare"] = SPARE
    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "spare"))
    assert set(await retained(bridge)) == {topic(bridge, name) for name in ("main", "stick", "spare")}


async def test_they_are_published_again_when_home_assistant_is_born(bridge: Bridge) -> None:
    async with listener(bridge) as client:
        await bridge.start()
        await client.hear(topic(bridge, "stick"))
        await settled(bridge)
        birth = f"{bridge.prefix}/status"
        await client.publish(birth, "offline")
        while len(client.on(topic(bridge, "stick"))) < 2:  # the subscription may come a moment later
            await client.publish(birth, "online")
            await settled(bridge)
        first, second = client.on(topic(bridge, "stick"))[:2]
        assert first.payload == second.payload


async def test_they_are_published_again_after_a_connection(bridge: Bridge) -> None:
    async with listener(bridge) as client:
        await bridge.start()
        await client.hear(topic(bridge, "stick"))
        await client.publish(topic(bridge, "stick"), b"", retain=True)
        assert bridge.side is not None
        bridge.side._session._wire.drop()
        await client.hear(topic(bridge, "stick"), 3)
    assert topic(bridge, "stick") in await retained(bridge)


async def test_a_gateway_that_is_removed_from_the_configuration_is_cleared(bridge: Bridge) -> None:
    bridge.traits["spare"] = SPARE
    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "spare"))
        await settled(bridge)
        await bridge.stop()
        del bridge.traits["spare"]
        await bridge.start()
        await client.hear_last(topic(bridge, "spare"), b"")
        await settled(bridge)
    assert set(await retained(bridge)) == {topic(bridge, "main"), topic(bridge, "stick")}
    assert topic(bridge, "spare") not in str(bridge.memory.remembered)


async def test_off_clears_what_an_earlier_run_published(bridge: Bridge) -> None:
    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))
        await settled(bridge)
        await bridge.stop()
        bridge.mode = DiscoveryMode.OFF
        await bridge.start()
        await client.hear_last(topic(bridge, "stick"), b"")
        await settled(bridge)
    assert await retained(bridge) == {}
    assert bridge.memory.remembered == {}


async def test_what_was_never_published_is_not_cleared(bridge: Bridge) -> None:
    bridge.mode = DiscoveryMode.OFF
    async with listener(bridge) as client:
        await bridge.start()
        await client.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')
        await settled(bridge)
        assert not [heard for heard in client.heard if heard.topic.startswith(bridge.prefix)]


async def test_a_claim_clears_the_topics_before_it_is_answered_and_lasts_until_it_is_given_back(
    bridge: Bridge,
) -> None:
    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))
        await settled(bridge)
        assert await bridge.discovery.enable(False) is False
        assert await retained(bridge) == {}
        await bridge.stop()
        await bridge.start()
        await settled(bridge)
        assert await retained(bridge) == {}
        assert await bridge.discovery.enable(True) is True
    assert topic(bridge, "stick") in await retained(bridge)


async def test_on_obeys_no_claim_and_off_no_giving_back(bridge: Bridge) -> None:
    bridge.mode = DiscoveryMode.ON
    await bridge.start()
    assert await bridge.discovery.enable(False) is True
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))
    await settled(bridge)
    await bridge.stop()
    bridge.mode = DiscoveryMode.OFF
    await bridge.start()
    assert await bridge.discovery.enable(True) is False
    await settled(bridge)
    assert await retained(bridge) == {}


async def test_model_and_firmware_reach_the_device_when_the_gateway_tells_them(bridge: Bridge) -> None:
    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))
        bridge.board.objects["stick"] = {"state": "online", "model": "E3372", "firmware": "22.1"}
        bridge.board.listeners[0]("stick")
        await until(lambda: client.on(topic(bridge, "stick"))[-1].json["dev"].get("sw") == "22.1")
        assert client.on(topic(bridge, "stick"))[-1].json["dev"]["mdl"] == "E3372"
        assert len(client.on(topic(bridge, "main"))) == 1  # what is the same is not published again


async def test_a_store_that_fails_is_tried_again(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    bridge.memory.failing = True
    await bridge.start()
    await until(lambda: "waits because of the store" in caplog.text)
    bridge.memory.failing = False
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))


async def test_what_is_published_is_remembered_before(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings
) -> None:
    """A crash right after the publication must not leave a payload that nobody clears."""
    bridge = bridges(settings)
    bridge.mode = DiscoveryMode.AUTO
    async with listener(bridge) as client:
        await bridge.start()
        await client.hear(topic(bridge, "stick"))
        (held,) = bridge.memory.remembered.values()
        assert json.loads(held) == [topic(bridge, "main"), topic(bridge, "stick")]


@pytest.fixture
def strict(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings, tmp_path: Path
) -> Iterator[Bridge]:
    """A bridge on a broker that allows only what is below its base topic."""
    allowed = tmp_path / "allowed"
    allowed.write_text("topic readwrite allowed/#\ntopic readwrite sms_gateway/discovery/#\n")
    with Mosquitto(tmp_path, ("allow_anonymous true", f"acl_file {allowed}")) as broker:
        bridge = bridges(replace(settings, port=broker.port, base_topic="allowed"))
        bridge.mode, bridge.outside = DiscoveryMode.AUTO, "homeassistant"
        yield bridge


async def test_a_broker_that_forbids_it_costs_at_most_a_moment(
    strict: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether mosquitto only refuses or also ends the connection depends on its version."""
    await strict.start()
    await until(lambda: "Home Assistant is not shown the bridge" in caplog.text)
    assert strict.side is not None
    lost = strict.side._session.reconnects
    async with listener(strict) as client:
        await client.hear_last("allowed/gateway/stick/availability", b"online")
        await client.hear_last("allowed/bridge/main/state", b'{"state":"online"}')
        strict.discovery.connected()
        await settled(strict)
    assert lost <= 2
    assert strict.side._session.reconnects <= lost + 1
    assert caplog.text.count("Home Assistant is not shown the bridge") == 1
    assert "set homeassistant.discovery to off" in caplog.text
    assert not strict.failures.errors


async def test_what_may_not_be_cleared_is_forgotten(strict: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    strict.memory.remember("", "discovery topics", '["homeassistant/device/old/config"]')
    strict.mode = DiscoveryMode.OFF
    await strict.start()
    await until(lambda: "Home Assistant is not shown" in caplog.text)
    await until(lambda: not strict.memory.remembered)


async def test_a_broker_that_ends_the_connection_each_time_is_left_alone(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    never: list[asyncio.Future[None]] = []

    def publish(_publication: Publication) -> asyncio.Future[None]:
        never.append(asyncio.get_running_loop().create_future())
        return never[-1]

    await bridge.start()
    async with listener(bridge) as client:
        await client.hear(topic(bridge, "stick"))
        await settled(bridge)
    discovery = bridge.discovery
    discovery._publish = publish
    for _ in range(2):
        discovery.connected()
        await until(lambda: [future for future in never if not future.done()])
        discovery.disconnected()
    discovery.connected()
    await settled(bridge)
    assert len(never) == 2
    assert all(future.cancelled() for future in never)
    assert caplog.text.count("The connection ends whenever it is published") == 1
    assert await discovery.enable(True)
    assert len(never) == 3  # whoever asks for it has it tried again
