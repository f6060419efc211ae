"""The session packet by packet, against a broker that does what the test says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt.incoming import MOST_IN_HAND
from sms_bridge.mqtt.publisher import WINDOW
from sms_bridge.mqtt.settings import MqttSettings, Protocol, TlsSettings
from sms_bridge.store.base import EventKind
from tests.bridge.mqtt.fakes import until
from tests.support.certificates import make_certificates
from tests.support.scripted_broker import CONNECT, SUBSCRIBE, ScriptedBroker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.bridge.mqtt.conftest import Bridge
    from tests.support.certificates import Certificates
    from tests.support.scripted_broker import Packet

#: MQTT 5 clause 2.2.2.2: identifiers of properties.
RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE = b"\x21", b"\x27"


@pytest.fixture
async def script() -> AsyncIterator[ScriptedBroker]:
    async with ScriptedBroker() as broker:
        yield broker


@pytest.fixture
def settings(script: ScriptedBroker) -> MqttSettings:
    return MqttSettings(host=script.host, port=script.port, base_topic="t")


@pytest.fixture
def v5(bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings) -> Bridge:
    return bridges(settings)


@pytest.fixture
def v311(bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings) -> Bridge:
    return bridges(replace(settings, protocol=Protocol.V311))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def command(text: str = "x", **more: object) -> bytes:
    return json.dumps({"to": "1", "text": text, **more}).encode()


async def connected(script: ScriptedBroker, connections: int) -> None:
    await until(lambda: len(script.connections) == connections)


async def ready(script: ScriptedBroker, connections: int = 1) -> None:
    """Wait until the bridge says that it is online."""
    await until(lambda: len(script.connections) >= connections and published(script, "t/bridge/main/state"))


def published(script: ScriptedBroker, topic: str) -> list[Packet]:
    return [packet for packet in script.last.published if packet.topic == topic]


async def test_the_session_is_persistent(bridge: Bridge, script: ScriptedBroker) -> None:
    await bridge.start()
    await ready(script)
    body = script.last.of(CONNECT)[0].body
    clean, will_retain, will = body[7] >> 1 & 1, body[7] >> 5 & 1, body[7] >> 2 & 1
    assert (clean, will_retain, will) == (0, 1, 1)
    if bridge.settings.protocol is Protocol.V5:
        assert (7 * 86_400).to_bytes(4) in body  # Session Expiry Interval


async def test_commands_are_acknowledged_after_their_commit_and_in_order(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    bridge.outbox.holding = True
    await bridge.start()
    await ready(script)
    for number in (7, 8, 9):
        script.last.deliver("t/send", command(str(number)), number)
    await until(lambda: len(bridge.outbox.held) == 3)
    bridge.outbox.held[2].set_result(None)
    bridge.outbox.held[1].set_result(None)
    await until(lambda: len(bridge.outbox.accepted) == 2)
    assert script.last.acknowledged == []
    bridge.outbox.held[0].set_result(None)
    await until(lambda: len(script.last.acknowledged) == 3)
    assert script.last.acknowledged == [7, 8, 9]


async def test_a_slow_commit_holds_back_no_other(bridge: Bridge, script: ScriptedBroker) -> None:
    bridge.outbox.holding = True
    await bridge.start()
    await ready(script)
    for number in range(1, 101):
        script.last.deliver("t/send", command(), number)
    await until(lambda: len(bridge.outbox.held) == 100)


async def test_packets_that_share_a_tls_record_are_all_read(
    bridges: Callable[[MqttSettings], Bridge], certificates: Certificates
) -> None:
    async with ScriptedBroker(certificates.server_context()) as script:
        tls = TlsSettings(ca=str(certificates.ca))
        bridge = bridges(MqttSettings(host=script.host, port=script.port, base_topic="t", tls=tls))
        await bridge.start()
        await ready(script)
        await until(lambda: published(script, "t/gateway/phones/availability"))
        with script.last.at_once():
            for number in range(1, 201):
                script.last.deliver("t/send", command(), number)
        await until(lambda: len(script.last.acknowledged) == 200)


async def test_a_refused_command_is_acknowledged_after_its_rejection_is_committed(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    script.last.deliver("t/send", b"\xff", 1)
    script.last.deliver("t/send/a/b/c", b"x", 2)
    await until(lambda: script.last.acknowledged == [1, 2])
    assert len(bridge.outbox.accepted) == 2


async def test_a_command_with_qos_0_is_committed_too(bridge: Bridge, script: ScriptedBroker) -> None:
    await bridge.start()
    await ready(script)
    script.last.deliver("t/send", command(), 0)
    await until(lambda: bridge.outbox.accepted)
    assert bridge.outbox.accepted[0][1] is None
    assert script.last.acknowledged == []


async def test_reading_stops_while_too_much_is_in_hand(bridge: Bridge, script: ScriptedBroker) -> None:
    bridge.outbox.holding = True
    await bridge.start()
    await ready(script)
    for number in range(1, 3 * MOST_IN_HAND):
        script.last.deliver("t/send", command(), number)
    await until(lambda: len(bridge.outbox.held) >= MOST_IN_HAND)
    for _ in range(5 * MOST_IN_HAND):
        await asyncio.sleep(0)
    assert MOST_IN_HAND <= len(bridge.outbox.held) < MOST_IN_HAND + 100
    bridge.outbox.holding = False
    for gate in bridge.outbox.held:
        gate.set_result(None)
    await until(lambda: len(script.last.acknowledged) == 3 * MOST_IN_HAND - 1)
    assert script.last.acknowledged == list(range(1, 3 * MOST_IN_HAND))


async def test_no_more_is_in_flight_than_the_broker_receives(v5: Bridge, script: ScriptedBroker) -> None:
    script.properties = RECEIVE_MAXIMUM + (4).to_bytes(2)
    await v5.start()
    await ready(script)
    await until(lambda: published(script, "t/gateway/phones/availability"))
    script.acknowledges = False
    for seq in range(1, 21):
        v5.events.add(seq)
    await until(lambda: len(published(script, "t/dlr")) == 4)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(published(script, "t/dlr")) == 4
    script.acknowledges = True
    for packet in published(script, "t/dlr"):
        script.last.acknowledge(packet.packet_id)
    await until(lambda: len(v5.events.settled) == 20)
    assert [json.loads(packet.payload)["seq"] for packet in published(script, "t/dlr")] == list(range(1, 21))


async def test_unacknowledged_events_come_again_with_dup_in_a_kept_session(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    await until(lambda: published(script, "t/gateway/phones/availability"))
    script.acknowledges = False
    for seq in (1, 2, 3):
        bridge.events.add(seq)
    await until(lambda: len(published(script, "t/dlr")) == 3)
    before = published(script, "t/dlr")
    script.session_present = script.acknowledges = True
    script.last.end()
    await until(lambda: len(bridge.events.settled) == 3)
    again = published(script, "t/dlr")
    assert [(packet.packet_id, packet.payload) for packet in again] == [
        (packet.packet_id, packet.payload) for packet in before
    ]
    assert all(packet.dup for packet in again)


async def test_unacknowledged_events_are_sent_anew_in_a_new_session(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    script.acknowledges = False
    for seq in (1, 2, 3):
        bridge.events.add(seq)
    await until(lambda: len(published(script, "t/dlr")) == 3)
    script.acknowledges = True
    script.last.end()
    await until(lambda: len(bridge.events.settled) == 3)
    again = published(script, "t/dlr")
    assert [json.loads(packet.payload)["seq"] for packet in again] == [1, 2, 3]
    assert not any(packet.dup for packet in again)


async def test_a_smaller_receive_maximum_at_the_next_connection_is_kept(
    v5: Bridge, script: ScriptedBroker
) -> None:
    await v5.start()
    await ready(script)
    await until(lambda: published(script, "t/gateway/phones/availability"))
    script.acknowledges = False
    for seq in range(1, 11):
        v5.events.add(seq)
    await until(lambda: len(published(script, "t/dlr")) == 10)
    script.session_present = True
    script.properties = RECEIVE_MAXIMUM + (2).to_bytes(2)
    script.last.end()
    await until(lambda: len(script.connections) == 2 and len(script.last.published) == 2)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(script.last.published) == 2
    script.acknowledges = True
    for packet in script.last.published[:2]:
        script.last.acknowledge(packet.packet_id)
    await until(lambda: len(v5.events.settled) == 10)


async def test_an_event_that_the_broker_refuses_is_published_again_and_others_go_on(
    v5: Bridge, script: ScriptedBroker
) -> None:
    await v5.start()
    await ready(script)
    await until(lambda: published(script, "t/gateway/phones/availability"))
    script.publish_reason = 0x87
    v5.events.add(1)
    v5.events.add(2)
    await until(lambda: len(published(script, "t/dlr")) >= 2)
    script.publish_reason = 0
    v5.events.add(3, EventKind.INCOMING)
    await until(lambda: len(v5.events.settled) == 3)
    assert v5.events.settled[0] == 3
    order = [json.loads(packet.payload)["seq"] for packet in published(script, "t/dlr")]
    assert order[-2:] == [1, 2]


async def test_an_event_that_is_too_large_for_the_broker_blocks_no_other_kind(
    v5: Bridge, script: ScriptedBroker
) -> None:
    script.properties = MAXIMUM_PACKET_SIZE + (400).to_bytes(4)
    large = v5.events.add(1)
    v5.events.events[1] = replace(large, payload="x" * 1000)
    v5.events.add(2, EventKind.INCOMING)
    await v5.start()
    await until(lambda: v5.events.settled == [2])
    assert len(script.connections) == 1
    assert 1 in v5.events.events


async def test_events_are_settled_again_when_the_store_failed(bridge: Bridge, script: ScriptedBroker) -> None:
    bridge.events.failing = True
    for seq in range(1, WINDOW + 50):
        bridge.events.add(seq)
    await bridge.start()
    await until(lambda: script.connections and len(published(script, "t/dlr")) == WINDOW)
    bridge.events.failing = False
    await until(lambda: len(bridge.events.settled) == WINDOW + 49)
    assert len(published(script, "t/dlr")) == WINDOW + 49


async def test_a_lost_session_makes_the_outbox_forget_packets_before_the_first_command(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    assert bridge.outbox.forgotten == 1
    script.session_present = True
    script.last.end()
    await ready(script, 2)
    script.last.deliver("t/send", command(), 1, dup=True)
    await until(lambda: bridge.outbox.accepted)
    assert bridge.outbox.forgotten == 1
    assert bridge.outbox.accepted[0][1] is not None
    assert bridge.outbox.accepted[0][1].dup


async def test_the_outbox_learns_which_acknowledgements_the_broker_has(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    script.last.deliver("t/send", command(), 5)
    script.last.deliver("t/send", command(id="a"), 6)
    await until(lambda: script.last.acknowledged == [5, 6])
    assert bridge.outbox.acknowledged == []
    bridge.events.add(1)  # its PUBACK shows that the broker has handled what was sent before it
    await until(lambda: bridge.outbox.acknowledged)
    assert bridge.outbox.acknowledged == [5]


async def test_taken_over_again_and_again_ends_in_an_explanation(v5: Bridge, script: ScriptedBroker) -> None:
    await v5.start()
    for number in range(1, 4):
        await connected(script, number)
        script.last.end(0x8E)
    await until(lambda: v5.failures.errors)
    assert "client id 't-main'" in str(v5.failures.errors[0])


async def test_connections_that_end_at_once_end_in_an_explanation(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    for number in range(1, 7):
        await connected(script, number)
        script.last.end()
    await until(lambda: bridge.failures.errors)
    assert "client id 't-main'" in str(bridge.failures.errors[0])


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (0x86, "correct mqtt.username and mqtt.password"),
        (0x84, "set mqtt.protocol to '3.1.1'"),
        (0x85, "mqtt.client_id"),
        (0x88, "refuses the connection (Server unavailable)"),
    ],
)
async def test_a_refused_connection_is_explained_and_tried_again(
    v5: Bridge, script: ScriptedBroker, caplog: pytest.LogCaptureFixture, reason: int, said: str
) -> None:
    script.reason = reason
    await v5.start()
    await until(lambda: len(script.connections) >= 2)
    script.reason = 0
    await ready(script, 3)
    assert caplog.text.count(said) == 1
    assert v5.failures.errors == []


@pytest.mark.parametrize(
    ("code", "said"),
    [(1, "set mqtt.protocol to '5'"), (2, "mqtt.client_id"), (5, "correct mqtt.username and mqtt.password")],
)
async def test_a_refused_connection_is_explained_with_the_older_protocol_too(
    v311: Bridge, script: ScriptedBroker, caplog: pytest.LogCaptureFixture, code: int, said: str
) -> None:
    script.reason = code
    await v311.start()
    await until(lambda: len(script.connections) >= 3)
    assert caplog.text.count(said) == 1
    assert {connection.of(CONNECT)[0].body[6] for connection in script.connections} == {4}


async def test_a_kept_session_brings_no_command_before_the_bridge_knows_that_it_is_alone(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    script.session_present = True
    script.acknowledges = False
    await bridge.start()
    await until(lambda: script.connections and published(script, "t/bridge/main/info"))
    script.last.deliver("t/send", command(), 1)
    for _ in range(50):
        await asyncio.sleep(0)
    assert bridge.outbox.asked == []
    script.last.acknowledge(published(script, "t/bridge/main/info")[0].packet_id)
    await until(lambda: script.last.acknowledged == [1])


async def test_a_broker_that_is_not_there_is_said_and_tried_again(
    bridge: Bridge, script: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    assert script._server is not None
    script._server.close()
    await bridge.start()
    await until(lambda: "cannot be reached" in caplog.text)
    async with script:
        await ready(script)


async def test_a_refused_subscription_is_said_and_asked_for_again(
    bridge: Bridge, script: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    script.subscribe_reason = 0x80
    await bridge.start()
    await until(lambda: "refuses the subscription to t/send/#" in caplog.text)
    script.subscribe_reason = 1
    await until(lambda: len(script.last.of(SUBSCRIBE)) >= 3)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(script.connections) == 1


async def test_rubbish_from_the_broker_ends_the_connection_and_a_new_one_is_made(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    script.last.writer.write(b"\x00\x00\xf0\x01\x01")
    await ready(script, 2)


async def test_a_topic_that_is_not_utf_8_is_acknowledged_and_nothing_else_happens(
    bridge: Bridge, script: ScriptedBroker
) -> None:
    await bridge.start()
    await ready(script)
    topic = b"\x00\x07t/send/"[:-1] + b"\xff"
    tail = b"\0" if bridge.settings.protocol is Protocol.V5 else b""
    script.last.send(3, topic + b"\x00\x09" + tail + b"x", flags=2)
    script.last.deliver("t/send", command(), 10)
    await until(lambda: script.last.acknowledged == [9, 10])
    assert len(bridge.outbox.accepted) == 1
