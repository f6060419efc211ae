"""What brokers do to a bridge: die, forget, demand certificates and passwords, serve two of one name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sms_bridge.mqtt.errors import FatalMqttError
from sms_bridge.mqtt.session import make_tls_context
from sms_bridge.mqtt.settings import MqttSettings, Protocol, TlsSettings
from tests.bridge.mqtt.fakes import until
from tests.bridge.mqtt.peer import Peer
from tests.support.certificates import make_certificates
from tests.support.mosquitto import Mosquitto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bridge.mqtt.conftest import Bridge
    from tests.support.certificates import Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def tls_broker(tmp_path: Path, certificates: Certificates) -> Iterator[Mosquitto]:
    lines = (
        f"cafile {certificates.ca}",
        f"certfile {certificates.server_cert}",
        f"keyfile {certificates.server_key}",
        "require_certificate true",
        "allow_anonymous true",
    )
    with Mosquitto(tmp_path, lines) as broker:
        yield broker


def to(broker: Mosquitto, protocol: Protocol = Protocol.V5) -> MqttSettings:
    return MqttSettings(host=broker.host, port=broker.port, base_topic="t", protocol=protocol)


async def online(client: Peer, times: int = 1) -> None:
    state = "t/bridge/main/state"
    await until(lambda: sum(heard.payload == b'{"state":"online"}' for heard in client.on(state)) >= times)


async def test_events_are_published_again_after_the_broker_was_killed(
    bridges: Callable[[MqttSettings], Bridge], own_broker: Mosquitto, protocol: Protocol
) -> None:
    bridge = bridges(to(own_broker, protocol))
    await bridge.start()
    async with Peer(own_broker.host, own_broker.port, "t/#") as client:
        await online(client)
    own_broker.kill()
    for seq in (1, 2, 3):
        bridge.events.add(seq)
    own_broker.start()
    async with Peer(own_broker.host, own_broker.port, "t/#") as client:
        await until(lambda: not bridge.events.events)
        await online(client)
    assert sorted(bridge.events.settled) == [1, 2, 3]


async def test_commands_survive_a_killed_broker_while_the_bridge_holds_them_uncommitted(
    bridges: Callable[[MqttSettings], Bridge], own_broker: Mosquitto, protocol: Protocol
) -> None:
    bridge = bridges(to(own_broker, protocol))
    bridge.outbox.holding = True
    await bridge.start()
    async with Peer(own_broker.host, own_broker.port, "t/#") as client:
        await online(client)
        for number in range(10):
            await client.publish("t/send", {"to": "1", "text": "x", "id": str(number)})
        await until(lambda: len(bridge.outbox.held) == 10)
    await until(lambda: all(f'"id": "{number}"'.encode() in own_broker.saved() for number in range(10)))
    own_broker.kill()
    own_broker.start()
    await until(lambda: len(bridge.outbox.asked) >= 20)
    assert all(packet is not None and packet.dup for packet in bridge.outbox.asked[10:20])
    assert bridge.outbox.forgotten == 1


async def test_a_client_certificate_opens_the_connection(
    bridges: Callable[[MqttSettings], Bridge],
    tls_broker: Mosquitto,
    certificates: Certificates,
    protocol: Protocol,
) -> None:
    tls = TlsSettings(
        ca=str(certificates.ca), cert=str(certificates.client_cert), key=str(certificates.client_key)
    )
    bridge = bridges(replace(to(tls_broker, protocol), tls=tls))
    for seq in range(1, 101):
        bridge.events.add(seq)
    await bridge.start()
    await until(lambda: len(bridge.events.settled) == 100)


async def test_tls_carries_a_burst_of_large_commands(
    bridges: Callable[[MqttSettings], Bridge], tls_broker: Mosquitto, certificates: Certificates
) -> None:
    tls = TlsSettings(
        ca=str(certificates.ca), cert=str(certificates.client_cert), key=str(certificates.client_key)
    )
    bridge = bridges(replace(to(tls_broker), tls=tls))
    await bridge.start()
    async with Peer(tls_broker.host, tls_broker.port, "t/#", tls=make_tls_context(tls)) as client:
        await online(client)
        text = b'{"to":"1","text":"' + b"x" * 9_000 + b'"}'
        await asyncio.gather(*(client.publish("t/send", text) for _ in range(100)))
        await until(lambda: len(bridge.outbox.commands) == 100)


async def test_a_certificate_that_is_not_trusted_is_explained(
    bridges: Callable[[MqttSettings], Bridge],
    tls_broker: Mosquitto,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await bridges(replace(to(tls_broker), tls=TlsSettings(ca=str(certificates.other_ca)))).start()
    await until(lambda: "The broker's certificate is not trusted" in caplog.text)


async def test_a_broker_that_wants_a_client_certificate_is_explained(
    bridges: Callable[[MqttSettings], Bridge],
    tls_broker: Mosquitto,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await bridges(replace(to(tls_broker), tls=TlsSettings(ca=str(certificates.ca)))).start()
    await until(lambda: "ended the connection instead of accepting it" in caplog.text)


async def test_tls_may_be_told_to_check_nothing(
    bridges: Callable[[MqttSettings], Bridge], tls_broker: Mosquitto, certificates: Certificates
) -> None:
    tls = TlsSettings(
        ca=str(certificates.other_ca),
        cert=str(certificates.client_cert),
        key=str(certificates.client_key),
        insecure=True,
    )
    bridge = bridges(replace(to(tls_broker), tls=tls))
    bridge.events.add(1)
    await bridge.start()
    await until(lambda: bridge.events.settled)


async def test_a_missing_file_is_said_at_once(
    bridges: Callable[[MqttSettings], Bridge], own_broker: Mosquitto
) -> None:
    bridge = bridges(replace(to(own_broker), tls=TlsSettings(ca="/nowhere/ca.pem")))
    with pytest.raises(FatalMqttError, match=r"mqtt\.tls"):
        await bridge.start()


async def test_a_wrong_password_is_explained(
    bridges: Callable[[MqttSettings], Bridge],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    protocol: Protocol,
) -> None:
    with Mosquitto(tmp_path, ("allow_anonymous false",)) as broker:
        await bridges(replace(to(broker, protocol), username="bridge", password="secret")).start()
        await until(lambda: "correct mqtt.username and mqtt.password" in caplog.text)
    assert "secret" not in caplog.text


async def test_two_daemons_with_one_client_id_end_in_an_explanation(
    bridges: Callable[[MqttSettings], Bridge], own_broker: Mosquitto, protocol: Protocol
) -> None:
    first, second = bridges(to(own_broker, protocol)), bridges(to(own_broker, protocol))
    await first.start()
    await second.start()
    await until(lambda: first.failures.errors or second.failures.errors)
    (error,) = first.failures.errors + second.failures.errors
    assert "client id 't-main'" in str(error)
