"""The MQTT side against a real broker, with an independent client on the other side."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sms_bridge.mqtt.settings import Protocol
from sms_bridge.routing.command import Command, Rejection
from sms_bridge.store.base import Copy, EventKind
from sms_providers.model import ErrorCode
from tests.bridge.mqtt.fakes import until
from tests.bridge.mqtt.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from sms_bridge.mqtt.settings import MqttSettings
    from tests.bridge.mqtt.conftest import Bridge


def peer(bridge: Bridge, *below: str) -> Peer:
    topics = [f"{bridge.base}/{topic}" for topic in below]
    return Peer(bridge.settings.host, bridge.settings.port, *topics)


async def online(bridge: Bridge, listener: Peer) -> None:
    await listener.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')


async def test_a_command_is_committed(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "+491701234567", "text": "hello", "id": "a"})
        await client.publish(f"{bridge.base}/send/01701234567,anna/b", "plain text")
        await until(lambda: len(bridge.outbox.commands) == 2)
    first, second = bridge.outbox.commands
    assert isinstance(first, Command)
    assert (first.to, first.text, first.id) == (("+491701234567",), "hello", "a")
    assert isinstance(second, Command)
    assert (second.to, second.text, second.id) == (("01701234567", "anna"), "plain text", "b")


async def test_commands_published_while_the_bridge_is_away_wait_for_it(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await bridge.stop()
        await client.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"offline"}')
        await client.publish(f"{bridge.base}/send", {"to": "+491701234567", "text": "late"})
        await bridge.start()
        await until(lambda: bridge.outbox.commands)
    assert bridge.outbox.forgotten == 1


async def test_states_are_shown_and_follow_the_board(bridge: Bridge) -> None:
    async with peer(bridge, "#") as client:
        await bridge.start()
        base = bridge.base
        (info,) = await client.hear(f"{base}/bridge/main/info")
        assert info.json["api"] == 1
        assert info.json["epoch"] == "e0"
        assert info.json["version"] == "1.2.3"
        assert "send" not in info.json["admin"]
        assert "health" in info.json["admin"]
        (health,) = await client.hear(f"{base}/bridge/main/health")
        assert health.json == {"uptime": 1, "broker_reconnects": 0}
        await client.hear_last(f"{base}/gateway/stick/availability", b"online")
        await client.hear_last(f"{base}/gateway/phones/availability", b"offline")
        bridge.board.objects["stick"] = {"state": "error", "queue": 3}
        bridge.board.listeners[0]("stick")
        await client.hear_last(f"{base}/gateway/stick/availability", b"offline")
        assert client.on(f"{base}/gateway/stick/state")[-1].json == {"state": "error", "queue": 3}


async def test_the_discovery_topic_names_the_base(bridge: Bridge) -> None:
    bridge.settings = replace(
        bridge.settings, instance=bridge.base.replace("/", "-") + bridge.settings.protocol
    )
    topic = f"sms_gateway/discovery/{bridge.settings.instance}"
    await bridge.start()
    async with Peer(bridge.settings.host, bridge.settings.port, topic) as client:
        heard = await client.hear(topic)
    assert heard[-1].json == {
        "base_topic": bridge.base,
        "instance": bridge.settings.instance,
        "api": 1,
        "version": "1.2.3",
        "epoch": "e0",
    }


async def test_events_are_published_in_order_and_settled_after_the_acknowledgement(bridge: Bridge) -> None:
    async with peer(bridge, "dlr", "incoming", "call", "incoming/anna") as client:
        for seq in range(1, 251):
            bridge.events.add(seq)
        bridge.events.add(251, EventKind.INCOMING, (Copy(topic="incoming/anna", text="hi"),))
        bridge.events.add(252, EventKind.CALL)
        await bridge.start()
        await until(lambda: not bridge.events.events)
        await client.hear(f"{bridge.base}/call")
        assert [heard.json["seq"] for heard in client.on(f"{bridge.base}/dlr")] == list(range(1, 251))
        assert client.on(f"{bridge.base}/incoming")[0].json == {"seq": 251}
        assert client.on(f"{bridge.base}/incoming/anna")[0].payload == b"hi"
        assert sorted(bridge.events.settled) == list(range(1, 253))
        assert not any(heard.retain for heard in client.heard)


async def test_a_response_topic_gets_a_copy_with_its_correlation_data(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings
) -> None:
    bridge = bridges(settings)
    reply = f"{bridge.base}/reply"
    async with peer(bridge, "bridge/#", "reply") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(
            f"{bridge.base}/send",
            {"to": "1", "text": "x", "valid_for": 600},
            ResponseTopic=reply,
            CorrelationData=b"\x00\xff",
            UserProperty=[("room", "hall"), ("room", "attic")],
            MessageExpiryInterval=60,
        )
        await until(lambda: bridge.outbox.commands)
        command = bridge.outbox.commands[0]
        assert isinstance(command, Command)
        assert command.reply.topic == reply
        assert command.reply.user_properties == (("room", "hall"), ("room", "attic"))
        assert command.valid_for in {59, 60}
        bridge.events.add(1, copies=(Copy(topic=reply, correlation=command.reply.correlation),))
        (heard,) = await client.hear(reply)
    assert heard.json == {"seq": 1}
    assert heard.correlation == b"\x00\xff"


async def test_a_response_topic_that_would_command_the_bridge_is_ignored(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings
) -> None:
    bridge = bridges(settings)
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        for wanted in (f"{bridge.base}/send/110", f"{bridge.base}/bridge/request/ussd"):
            await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"}, ResponseTopic=wanted)
        await until(lambda: len(bridge.outbox.commands) == 2)
    assert [command.reply.topic for command in bridge.outbox.commands] == [None, None]


async def test_a_retained_command_is_never_replayed(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        topic = f"{bridge.base}/send"
        await client.publish(topic, {"to": "1", "text": "old", "id": "old"}, retain=True)
        await bridge.start()
        await online(bridge, client)
        await client.publish(topic, {"to": "1", "text": "fresh", "id": "fresh"})
        await until(lambda: any(command.id == "fresh" for command in bridge.outbox.commands))
        replayed = [command for command in bridge.outbox.commands if command.id == "old"]
    if bridge.settings.protocol is Protocol.V5:
        assert replayed == []
    else:
        assert isinstance(replayed[0], Rejection)
        assert replayed[0].error.code is ErrorCode.RETAINED_COMMAND
        assert (replayed[0].to, replayed[0].once) == ("1", topic)


async def test_a_live_retained_command_is_sent_with_a_warning_where_it_can_be_told(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "live"}, retain=True)
        await until(lambda: bridge.outbox.commands)
    assert isinstance(bridge.outbox.commands[0], Command)
    warned = "was published with the retain flag" in caplog.text
    assert warned is (bridge.settings.protocol is Protocol.V5)


async def test_clearing_a_retained_command_sends_nothing(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send/1", b"", retain=True)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"})
        await until(lambda: any(isinstance(command, Command) for command in bridge.outbox.commands))
    assert [command.text for command in bridge.outbox.commands if isinstance(command, Command)] == ["x"]
    refused = [command for command in bridge.outbox.commands if isinstance(command, Rejection)]
    assert len(refused) == (0 if bridge.settings.protocol is Protocol.V5 else 1)


async def test_a_vanished_bridge_is_offline_and_says_online_again_over_its_old_will(bridge: Bridge) -> None:
    state = f"{bridge.base}/bridge/main/state"
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(state, b'{"state":"offline"}', retain=True)
        await until(lambda: len(client.on(state)) == 3)
        await online(bridge, client)
        assert bridge.side is not None
        bridge.side._session._wire.drop()
        await client.hear(state, 5)
        assert [heard.json["state"] for heard in client.on(state)[3:5]] == ["offline", "online"]


async def test_another_bridge_with_another_store_is_found(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings, protocol: Protocol
) -> None:
    first, second = (
        bridges(replace(settings, protocol=protocol, instance=name)) for name in ("first", "second")
    )
    second.epoch = "e9"
    async with peer(first, "bridge/#") as client:
        await first.start()
        await client.hear_last(f"{first.base}/bridge/first/state", b'{"state":"online"}')
        await second.start()
        await until(lambda: second.failures.errors)
        await client.publish(f"{first.base}/send", {"to": "1", "text": "x"})
        await until(lambda: first.outbox.commands)
        assert client.on(f"{first.base}/bridge/second/state") == []
    assert "first" in str(second.failures.errors[0])
    assert first.base in str(second.failures.errors[0])
    assert first.failures.errors == []
    assert second.outbox.commands == []


async def test_instances_on_one_store_share_a_base(
    bridges: Callable[[MqttSettings], Bridge], settings: MqttSettings
) -> None:
    first, second = (bridges(replace(settings, instance=name)) for name in ("first", "second"))
    async with peer(first, "bridge/#") as client:
        for bridge in (first, second):
            await bridge.start()
            state = f"{first.base}/bridge/{bridge.settings.instance}/state"
            await client.hear_last(state, b'{"state":"online"}')
    assert first.failures.errors == second.failures.errors == []


async def test_warnings_reach_the_log_topic_without_numbers(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send/491701234567", "x", retain=True)
        if bridge.settings.protocol is Protocol.V5:
            (heard,) = await client.hear(f"{bridge.base}/bridge/main/log")
            assert heard.json["level"] == "warning"
            assert "1701234" not in heard.json["message"]
        await until(lambda: bridge.outbox.commands)


async def test_commands_that_are_not_committed_are_not_acknowledged_and_come_again(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        bridge.outbox.holding = True
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"})
        await until(lambda: len(bridge.outbox.asked) == 1)
        assert bridge.side is not None
        bridge.side._session._wire.drop()
        await until(lambda: len(bridge.outbox.asked) == 2)
    first, second = bridge.outbox.asked
    assert first is not None
    assert second is not None
    assert (first.dup, second.dup) == (False, True)
    assert (first.packet_id, first.digest) == (second.packet_id, second.digest)


async def test_a_failing_store_delays_the_acknowledgement_until_it_works(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        bridge.outbox.failing = True
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"})
        await until(lambda: len(bridge.outbox.asked) >= 3)
        bridge.outbox.failing = False
        await until(lambda: len(bridge.outbox.accepted) == 1)


async def test_a_command_that_breaks_the_outbox_is_refused_and_does_not_come_again(bridge: Bridge) -> None:
    def fault(command: Command | Rejection) -> None:
        if isinstance(command, Command) and command.text == "poison":
            raise ZeroDivisionError

    async with peer(bridge, "bridge/#") as client:
        bridge.outbox.fault = fault
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "poison", "id": "p"})
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "fine"})
        await until(lambda: len(bridge.outbox.commands) == 2)
    refused, fine = sorted(bridge.outbox.commands, key=lambda command: isinstance(command, Command))
    assert isinstance(refused, Rejection)
    assert (refused.id, refused.error.code) == ("p", ErrorCode.INTERNAL)
    assert isinstance(fine, Command)


async def test_stopping_finishes_what_was_received(bridge: Bridge) -> None:
    async with peer(bridge, "bridge/#") as client:
        bridge.outbox.holding = True
        side = await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"})
        await until(lambda: bridge.outbox.held)
        stopping = asyncio.create_task(side.stop())
        await asyncio.sleep(0)
        bridge.outbox.held[0].set_result(None)
        await stopping
        bridge.outbox.holding = False
        await bridge.start()
        await online(bridge, client)
        await client.publish(f"{bridge.base}/send", {"to": "1", "text": "y"})
        await until(lambda: len(bridge.outbox.commands) == 2)
    assert [packet.dup for packet in bridge.outbox.asked if packet] == [False, False]
