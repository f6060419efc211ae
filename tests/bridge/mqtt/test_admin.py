"""Administration over MQTT, at the topics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt.admin import MOST_AT_ONCE
from sms_bridge.mqtt.settings import Protocol
from tests.bridge.mqtt.fakes import until
from tests.bridge.mqtt.peer import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from tests.bridge.mqtt.conftest import Bridge

    Answer = dict[str, Any]


@pytest.fixture
async def client(bridge: Bridge) -> AsyncIterator[Peer]:
    """Return a client of a bridge that is online."""
    async with Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#") as peer:
        await bridge.start()
        await peer.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')
        yield peer


async def ask(bridge: Bridge, client: Peer, command: str, payload: object) -> Answer:
    await client.publish(f"{bridge.base}/bridge/request/{command}", payload)
    answer: Answer = (await client.hear(f"{bridge.base}/bridge/response/{command}"))[-1].json
    return answer


async def test_a_request_is_executed_and_answered(bridge: Bridge, client: Peer) -> None:
    request = {"transaction": [1, None], "gateway": "stick"}
    assert await ask(bridge, client, "gateway", request) == {
        "status": "ok",
        "data": {"echo": {"gateway": "stick"}},
        "transaction": [1, None],
        "instance": "main",
    }


async def test_an_empty_payload_is_an_empty_request(bridge: Bridge, client: Peer) -> None:
    assert (await ask(bridge, client, "health", b""))["status"] == "ok"


async def test_an_error_bears_code_message_and_its_data(bridge: Bridge, client: Peer) -> None:
    assert await ask(bridge, client, "events", {"transaction": "t"}) == {
        "status": "error",
        "error": {"code": "wrong_epoch", "message": "Another store."},
        "data": {"epoch": "e1", "seq": 7},
        "transaction": "t",
        "instance": "main",
    }


async def test_a_command_that_is_not_allowed_names_the_line_to_add(bridge: Bridge, client: Peer) -> None:
    answer = await ask(bridge, client, "ussd", {"gateway": "stick", "code": "*100#"})
    assert answer["error"]["code"] == "not_allowed"
    assert "admin: [health, " in answer["error"]["message"]
    assert answer["error"]["message"].endswith("discovery, ussd]")
    assert bridge.administration.executed == []


@pytest.mark.parametrize(
    "payload", [b"[]", b"\xff", b"{", b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b'{"instance":7}', b"null"]
)
async def test_what_is_no_object_is_refused(bridge: Bridge, client: Peer, payload: bytes) -> None:
    answer = await ask(bridge, client, "health", payload)
    assert answer["error"]["code"] == "invalid_payload"
    assert bridge.administration.executed == []


async def test_a_request_for_another_instance_is_met_with_silence(bridge: Bridge, client: Peer) -> None:
    await client.publish(f"{bridge.base}/bridge/request/health", {"instance": "other", "transaction": 1})
    answer = await ask(bridge, client, "health", {"instance": "main", "transaction": 2})
    assert answer["transaction"] == 2
    assert bridge.administration.executed == [("health", {})]


async def test_a_retained_request_is_never_executed(bridge: Bridge) -> None:
    topic, response = (f"{bridge.base}/bridge/{way}/health" for way in ("request", "response"))
    async with Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#") as client:
        await client.publish(topic, {"transaction": "old"}, retain=True)
        await bridge.start()
        await client.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')
        if bridge.settings.protocol is Protocol.V5:
            await client.publish(topic, {"transaction": "live"}, retain=True)
        await client.publish(topic, {"transaction": "plain"})
        await until(lambda: bridge.administration.executed)
        await client.hear(response, 2 if bridge.settings.protocol is Protocol.V5 else 1)
    outcomes = {answer.json["transaction"]: answer.json["status"] for answer in client.on(response)}
    assert len(bridge.administration.executed) == 1
    assert outcomes.pop("plain") == "ok"
    assert outcomes == ({"live": "error"} if bridge.settings.protocol is Protocol.V5 else {})


async def test_an_answer_goes_to_the_response_topic_with_its_correlation_data(
    bridge: Bridge, client: Peer
) -> None:
    if bridge.settings.protocol is Protocol.V311:
        return  # the protocol has no response topic
    reply = f"{bridge.base}/mine"
    await client.publish(
        f"{bridge.base}/bridge/request/health", {}, ResponseTopic=reply, CorrelationData=b"\x01\x02"
    )
    (heard,) = await client.hear(reply)
    assert heard.json["status"] == "ok"
    assert heard.correlation == b"\x01\x02"
    assert client.on(f"{bridge.base}/bridge/response/health") == []


async def test_a_flood_of_slow_requests_is_refused_and_stops_no_command(bridge: Bridge, client: Peer) -> None:
    for _ in range(MOST_AT_ONCE):
        await client.publish(f"{bridge.base}/bridge/request/balance", {"gateway": "stick"})
    await until(lambda: len(bridge.administration.executed) == MOST_AT_ONCE)
    answer = await ask(bridge, client, "health", {})
    assert answer["error"]["code"] == "internal"
    await client.publish(f"{bridge.base}/send", {"to": "1", "text": "x"})
    await until(lambda: bridge.outbox.commands)


async def test_an_answer_that_cannot_be_written_is_still_an_answer(bridge: Bridge, client: Peer) -> None:
    answer = await ask(bridge, client, "message", {"id": "a"})
    assert answer["error"]["code"] == "internal"


async def test_what_the_configuration_allows_is_executed(bridge: Bridge) -> None:
    bridge.settings = replace(bridge.settings, admin=("ussd",))
    async with Peer(bridge.settings.host, bridge.settings.port, f"{bridge.base}/#") as client:
        await bridge.start()
        await client.hear_last(f"{bridge.base}/bridge/main/state", b'{"state":"online"}')
        assert (await ask(bridge, client, "ussd", {}))["status"] == "ok"
        assert (await ask(bridge, client, "health", {}))["error"]["code"] == "not_allowed"
