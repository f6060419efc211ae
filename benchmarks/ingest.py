"""Commands per second that the bridge takes in durably, beside a plain subscriber that keeps nothing.

Run with the test requirements and mosquitto installed: python benchmarks/ingest.py
Both find the same commands waiting in a persistent session of their own at the same broker (QoS 1, MQTT 5, the same
Receive Maximum). The subscriber is paho-mqtt's own loop, which acknowledges each message and forgets it. The bridge
parses, judges and commits each with its first event, acknowledges it then, and publishes the events
meanwhile; its time is from the first command to the last commit. That the broker has every acknowledgement is checked
afterwards.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from benchmarks.support import BASE, Observer, Stage, command, in_turn, rate, ratio, show_command, until
from sms_bridge.mqtt.incoming import RECEIVE_MAXIMUM
from sms_bridge.mqtt.messages import make_properties

if TYPE_CHECKING:
    from paho.mqtt.properties import Properties

MESSAGES: Final = 20_000
#: The bridge's client identifier as its configuration has it by default.
BRIDGE: Final = f"{BASE}-main"
TOPIC: Final = f"{BASE}/send"
#: Seconds in which a redelivery would have come.
_SILENCE: Final = 1.0


class Subscriber:
    """A plain subscriber in a persistent session; counts what comes."""

    def __init__(self, port: int, client_id: str) -> None:
        self.times: list[float] = []
        self._wanted = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port, clean_start=False, properties=_session())

    def subscribe(self) -> None:
        """Make the session, and leave it at the broker."""
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._leave
        self._client.loop_forever()

    def receive(self, wanted: int) -> None:
        """Take this many messages as fast as they come."""
        self._wanted = wanted
        self._client.loop_forever()

    def received_within(self, seconds: float) -> int:
        """How many come in this time."""
        self._client.loop_start()
        time.sleep(seconds)
        self._client.disconnect()
        self._client.loop_stop()
        return len(self.times)

    def _subscribe(self, *_: object) -> None:
        self._client.subscribe(TOPIC, 1)

    def _leave(self, *_: object) -> None:
        self._client.disconnect()

    def _on_message(self, *_: object) -> None:
        self.times.append(time.monotonic())
        if len(self.times) == self._wanted:
            self._client.disconnect()


def _session() -> Properties:
    return make_properties(PacketTypes.CONNECT, SessionExpiryInterval=3600, ReceiveMaximum=RECEIVE_MAXIMUM)


def _fill(port: int, client_id: str) -> None:
    """Queue the commands in the session of this client."""
    Subscriber(port, client_id).subscribe()
    with Observer(port) as publisher:
        publisher.publish_all("send", [command(number) for number in range(MESSAGES)])


def plain() -> float:
    """Let the plain subscriber take the commands."""
    with Stage() as stage:
        stage.start_broker()
        _fill(stage.port, "plain")
        subscriber = Subscriber(stage.port, "plain")
        subscriber.receive(MESSAGES)
        return rate(subscriber.times)


def bridge() -> float:
    """Let the bridge take the commands; its modem is missing, so that nothing is sent meanwhile."""
    with Stage() as stage:
        stage.start_broker()
        _fill(stage.port, BRIDGE)
        process = stage.start_bridge()
        store = stage.folder / "store" / "bridge.db"
        until(store.exists, "the bridge's store")
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as reader:
            until(lambda: _committed(reader) == MESSAGES, "the last commit", look=0.02)
            ended = time.time()
            began: float = reader.execute("SELECT min(created_at) FROM messages").fetchone()[0]
        time.sleep(_SILENCE)
        process.kill()
        process.wait()
        again = Subscriber(stage.port, BRIDGE).received_within(_SILENCE)
        if again:
            raise RuntimeError(f"the broker has delivered {again} commands again: they were not acknowledged")
        return MESSAGES / (ended - began)


def _committed(reader: sqlite3.Connection) -> int:
    """How many commands the store has; an outsider may look while the bridge works."""
    try:
        last: int | None = reader.execute("SELECT max(row) FROM messages").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # the tables are being made
    return last or 0


def main() -> None:
    """Print both rates and their ratio."""
    rates = in_turn({"plain subscriber, nothing kept": plain, "bridge, every command committed": bridge})
    for what, found in rates.items():
        print(f"{what}: {statistics.median(found):,.0f} messages/s")
    theirs, ours = rates.values()
    print(f"bridge ÷ plain subscriber: {ratio(ours, theirs):.2f}")
    show_command("ingest")


if __name__ == "__main__":
    main()
