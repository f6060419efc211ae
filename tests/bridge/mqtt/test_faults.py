"""What the MQTT side does about faults: of the store, of its own, of what it is handed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt import commands as commands_module
from sms_bridge.mqtt.background import Background
from sms_bridge.mqtt.incoming import Incoming
from sms_bridge.mqtt.messages import Received
from sms_bridge.mqtt.topics import is_publishable
from sms_bridge.routing.command import Rejection
from sms_bridge.store.base import Copy
from sms_providers.model import ErrorCode
from tests.bridge.mqtt.fakes import Failures, until
from tests.bridge.mqtt.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.bridge.mqtt.conftest import Bridge


def received(packet_id: int) -> Received:
    return Received(topic="t", payload=b"", qos=1, packet_id=packet_id, dup=False, retain=False)


async def test_a_message_that_breaks_its_handler_is_not_acknowledged_and_blocks_no_other() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    def handle(message: Received) -> Coroutine[object, object, None] | None:
        if message.packet_id == 1:
            raise ZeroDivisionError
        return fail() if message.packet_id == 2 else None

    acknowledged: list[int] = []
    incoming = Incoming(handle, lambda packet_id, _: acknowledged.append(packet_id), lambda _: None)
    for packet_id in (1, 2, 3):
        incoming.take(received(packet_id))
    await incoming.drained()
    assert acknowledged == [3]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_kept_session_ends_waiting_attempts_and_a_new_one_does_not(*, kept: bool) -> None:
    gate = asyncio.Event()
    carried_through: list[int] = []

    async def handle(message: Received) -> None:
        await gate.wait()
        carried_through.append(message.packet_id)

    incoming = Incoming(handle, lambda *_: None, lambda _: None)
    incoming.take(received(1))
    incoming.disconnected()
    if kept:
        incoming.resumed()
    else:
        incoming.restarted()
    gate.set()
    await incoming.drained()
    assert carried_through == ([] if kept else [1])


async def test_reading_goes_on_at_half_of_what_stopped_it() -> None:
    gates: list[asyncio.Future[None]] = []
    holds: list[bool] = []

    async def wait(gate: asyncio.Future[None]) -> None:
        await gate

    def handle(_: Received) -> Coroutine[object, object, None]:
        gates.append(asyncio.get_running_loop().create_future())
        return wait(gates[-1])

    incoming = Incoming(handle, lambda *_: None, holds.append, most=4)
    for packet_id in range(1, 5):
        incoming.take(received(packet_id))
    assert holds == [True]
    for number, expected in enumerate(([True], [True, False])):
        gates[number].set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert holds == expected
    for gate in gates[2:]:
        gate.set_result(None)
    await incoming.drained()


async def test_a_task_that_ends_with_an_exception_is_no_secret() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    failures = Failures()
    task = Background(failures).spawn(fail(), "the name")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert "the name" in str(failures.errors[0])


async def test_a_command_that_breaks_the_parser_is_refused(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    number = "+491701234567"

    def fail(*_: object, **__: object) -> None:
        raise KeyError(number)

    monkeypatch.setattr(commands_module, "parse_send", fail)
    async with Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#") as client:
        await bridge.start()
        await client.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')
        await client.publish(f"{bridge.base}/send", {"to": number, "text": "x"})
        await until(lambda: bridge.outbox.commands)
    (refused,) = bridge.outbox.commands
    assert isinstance(refused, Rejection)
    assert refused.error.code is ErrorCode.INTERNAL
    assert "KeyError" in caplog.text
    assert number not in caplog.text


async def test_a_store_that_cannot_be_read_delays_events_and_states(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.events.unreadable = bridge.board.failing = True
    bridge.events.add(1)
    async with Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#") as client:
        await bridge.start()
        await until(lambda: "because of the store" in caplog.text)
        bridge.events.unreadable = bridge.board.failing = False
        await until(lambda: bridge.events.settled == [1])
        await client.hear_last(f"{bridge.base}/gateway/stick/availability", b"online")


async def test_a_copy_that_cannot_be_published_delays_nothing(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.events.add(1, copies=(Copy(topic="every/+/topic"),))
    await bridge.start()
    await until(lambda: bridge.events.settled == [1])
    assert "A copy of an event is not delivered" in caplog.text


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "\ud800", "a" * 65_536])
def test_what_is_no_topic_to_publish_to(topic: str) -> None:
    assert not is_publishable(topic)


def test_a_topic_to_publish_to() -> None:
    assert is_publishable("ä/b")
