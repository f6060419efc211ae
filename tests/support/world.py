"""The processes around the bridge: broker, simulated modem, publisher, observer. Each is a real one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from sms_bridge.control import ControlError, call
from sms_bridge.simulator.control import ControlClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: What the documentation recommends, so that the broker keeps what it acknowledged.
_MOSQUITTO_CONF: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
log_dest none
"""
_CONFIG: Final = """\
mqtt: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///{folder}/bridge.db"}}
defaults: {{on_unknown_grace: 1}}
homeassistant: {{discovery: "off"}}
gateways:
  stick: {{type: modem, port: {pty}}}
limits: {{per_minute: null, per_day: null, per_recipient_per_hour: null}}
log: {{level: info}}
"""
#: Longest wait for anything that must happen, in seconds.
PATIENCE: Final = 60.0


def free_port() -> int:
    """A TCP port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    condition: Callable[[], bool], what: str, patience: float = PATIENCE, *, pause: float = 0.02
) -> None:
    """Look every ``pause`` seconds until ``condition`` holds; raises TimeoutError naming ``what``."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {patience:.0f} s")
        time.sleep(pause)


class Broker:
    """A mosquitto with the settings that the documentation recommends."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "broker"
        self._folder.mkdir(mode=0o777)
        self._folder.chmod(0o777)
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(_MOSQUITTO_CONF.format(port=self.port, folder=self._folder))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._conf)])
        wait_until(self._listens, "the broker's start")

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Observer:
    """Subscribed to everything the bridge publishes, in a session of its own."""

    def __init__(self, port: int) -> None:
        self.events: list[dict[str, Any]] = []
        self.online = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="torture-observer", clean_session=False
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *_: object) -> None:
        topics = ("dlr", "incoming", "gateway/stick/availability")
        self._client.subscribe([(f"sms_gateway/{topic}", 1) for topic in topics])

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("availability"):
            (self.online.set if message.payload == b"online" else self.online.clear)()
            return
        event = json.loads(message.payload)
        event["topic"] = message.topic
        self.events.append(event)


class World:
    """Everything but the bridge, which is started and killed again and again."""

    def __init__(self, folder: Path, *, latency: float) -> None:
        self.folder = folder
        self.broker = Broker(folder)
        self.broker.start()
        pty, control = folder / "modem", folder / "control"
        self._simulator = _spawn(
            "-m", "sms_bridge", "simulate", "modem", "--pty", pty, "--control", control, "--latency", latency
        )
        wait_until(control.exists, "the simulator's start")
        self.modem = ControlClient(control)
        self.config = folder / "sms-bridge.yaml"
        self.config.write_text(_CONFIG.format(port=self.broker.port, folder=folder, pty=pty))
        self.acknowledged_file = folder / "acknowledged"
        self.acknowledged_file.touch()
        self.observer = Observer(self.broker.port)
        self._publisher: subprocess.Popen[bytes] | None = None
        self._bridge: subprocess.Popen[bytes] | None = None
        self._events: dict[int, dict[str, Any]] = {}
        self._told_to = 0
        self._log = (folder / "bridge.log").open("ab")

    def start_bridge(self, *options: str) -> subprocess.Popen[bytes]:
        """A new bridge process; ``options`` as of tests.torture.bridge."""
        self.observer.online.clear()
        self._bridge = _spawn("-m", "tests.torture.bridge", self.config, *options, stderr=self._log)
        return self._bridge

    def start_publisher(self, rate: float, on_unknown: str) -> None:
        """Publish ``rate`` messages a second from now on."""
        self._publisher = _spawn(
            "-m", "tests.torture.publisher", self.broker.port, self.acknowledged_file, rate, on_unknown
        )

    def stop_publisher(self) -> None:
        """No more messages."""
        if self._publisher is not None:
            self._publisher.kill()
            self._publisher.wait()
            self._publisher = None

    def acknowledged(self) -> set[int]:
        """Numbers of the messages that the publisher has a PUBACK for."""
        return {int(line) for line in self.acknowledged_file.read_text().split()}

    def events(self) -> list[dict[str, Any]]:
        """Every event, each once: as observed, and what the bridge tells on request of those a broker has forgotten."""
        with contextlib.suppress(ControlError):
            for event in self._told():
                topic = "dlr" if "state" in event else "incoming"
                self._events.setdefault(event["seq"], {**event, "topic": f"sms_gateway/{topic}"})
        for event in tuple(self.observer.events):
            self._events.setdefault(event["seq"], event)
        return list(self._events.values())

    def _told(self) -> Iterator[dict[str, Any]]:
        position: Any = call(self.folder, "events", {}, PATIENCE)
        page: Any = {"more": True}
        while page["more"]:
            members = {"epoch": position["epoch"], "after": self._told_to, "limit": 1000}
            page = call(self.folder, "events", members, PATIENCE)
            yield from page["events"]
            self._told_to = page["events"][-1]["seq"] if page["events"] else self._told_to

    def close(self) -> None:
        """End every process."""
        self.stop_publisher()
        if self._bridge is not None:
            end(self._bridge, signal.SIGKILL)
        self.observer.stop()
        self._simulator.kill()
        self._simulator.wait()
        with contextlib.suppress(ProcessLookupError):
            self.broker.kill()
        self._log.close()


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Signal a process and wait for it; returns its exit status."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
    return process.wait(timeout=PATIENCE)


def _spawn(*arguments: object, stderr: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
