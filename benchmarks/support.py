"""What the benchmarks share: the processes around the bridge, an observer of its topics, printed figures."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "custom_components" / "sms_gateway"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bridge"))

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from sms_bridge.simulator.control import ControlClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

_ROOT: Final = Path(__file__).resolve().parent.parent
#: PYTHONPATH of the programs that are started: the two lines above for them.
_SOURCES: Final = f"{_ROOT / 'bridge'}{os.pathsep}{_ROOT / 'custom_components' / 'sms_gateway'}"
#: Runs of each measurement; their median is printed.
RUNS: Final = 3
#: Longest wait for anything that must happen, in seconds.
PATIENCE: Final = 300.0
#: Seconds between two looks at something that tells no event.
_LOOK: Final = 0.005
BASE: Final = "sms_gateway"
GATEWAY: Final = "stick"

_MOSQUITTO_CONF: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 1000
log_dest none
"""
_CONFIG: Final = """\
mqtt: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///{folder}/store/bridge.db"}}
defaults: {{dlr: {dlr}}}
homeassistant: {{discovery: "off"}}
gateways:
  {gateway}: {{type: modem, port: {modem}}}
limits: {{per_minute: null, per_day: null, per_recipient_per_hour: null}}
log: {{level: warning}}
"""


class Stage:
    """A temporary folder, and processes in it that end with the block."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.folder = Path()
        self.port = 0

    def __enter__(self) -> Self:
        name = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="sms-bridge-bench-"))
        self.folder = Path(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in reversed(list(self._processes)):
            self.end(name)
        if error is not None:
            for log in sorted(self.folder.glob("*.out")):
                sys.stderr.write(f"--- {log.name}\n{log.read_text(errors='replace')}")
        self._stack.close()

    @property
    def modem(self) -> Path:
        """Where the simulated modem's pseudo terminal is."""
        return self.folder / "modem"

    def start(self, name: str, *words: str | Path) -> subprocess.Popen[bytes]:
        """Start a program; its output is shown if the block fails."""
        environment = {**os.environ, "PYTHONPATH": _SOURCES}
        with (self.folder / f"{name}.out").open("ab") as out:
            process = subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        self._processes[name] = process
        return process

    def end(self, name: str) -> None:
        """End a program and wait for it."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_broker(self) -> None:
        """Start mosquitto on a free port; it keeps everything in memory."""
        self.port = free_port()
        conf = self.folder / "mosquitto.conf"
        conf.write_text(_MOSQUITTO_CONF.format(port=self.port))
        self.start("mosquitto", "mosquitto", "-c", conf)
        until(lambda: answers(self.port), "the broker's start")

    def start_modem(self, *options: str | Path) -> ControlClient:
        """Start a simulated modem that answers at once; what it submits is in :meth:`submits`."""
        control = self.folder / "control"
        words = ("--pty", self.modem, "--control", control, "--log", self.folder / "submits", *options)
        self.start("modem", *sms_bridge("simulate", "modem", *words))
        until(control.exists, "the simulated modem's start")
        return ControlClient(control)

    def start_bridge(self, *, dlr: bool = True) -> subprocess.Popen[bytes]:
        """Start the daemon without limits, with the modem as its gateway."""
        config = self.folder / "sms-bridge.yaml"
        config.write_text(
            _CONFIG.format(
                port=self.port, folder=self.folder, dlr=str(dlr).lower(), gateway=GATEWAY, modem=self.modem
            )
        )
        return self.start("bridge", *sms_bridge("run", "-c", config))

    def submits(self) -> list[float]:
        """When each segment left the modem so far (Unix seconds), in order."""
        log = self.folder / "submits"
        lines = log.read_bytes().splitlines() if log.exists() else []
        entries = [json.loads(line) for line in lines]
        return [entry["at"] for entry in entries if entry["event"] == "submit"]

    def wait_for_submits(self, count: int) -> list[float]:
        """Wait until so many segments have left the modem."""
        log = self.folder / "submits"
        # Entries are some 300 octets; reading them too often would take time from what is measured.
        until(lambda: log.exists() and _lines(log) >= count, f"{count} messages at the modem", look=0.2)
        return self.submits()


class Observer:
    """An MQTT client that notes what it is subscribed to, with the time of arrival."""

    def __init__(self, port: int, *topics: str) -> None:
        self._topics = topics
        self._seen: queue.SimpleQueue[tuple[float, str, bytes]] = queue.SimpleQueue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self._subscribed: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.client.on_subscribe = lambda *_: self._subscribed.put(None)
        self.client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self.client.loop_start()
        if self._topics:
            self._subscribed.get(timeout=PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def next(self) -> tuple[float, str, bytes]:
        """The next message: seconds of ``time.monotonic``, topic without the base, payload."""
        return self._seen.get(timeout=PATIENCE)

    def wait_for(self, topic: str, payload: bytes) -> float:
        """Wait for this payload; returns when it came."""
        while True:
            at, seen, content = self.next()
            if (seen, content) == (topic, payload):
                return at

    def publish(self, topic: str, payload: object) -> mqtt.MQTTMessageInfo:
        """Publish JSON with QoS 1."""
        return self.client.publish(f"{BASE}/{topic}", json.dumps(payload), 1)

    def publish_all(self, topic: str, payloads: Sequence[object]) -> None:
        """Publish with QoS 1 and wait for every PUBACK."""
        for sent in [self.publish(topic, payload) for payload in payloads]:
            sent.wait_for_publish(PATIENCE)

    def _on_connect(self, *_: object) -> None:
        if self._topics:
            self.client.subscribe([(f"{BASE}/{topic}", 1) for topic in self._topics])

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._seen.put((time.monotonic(), message.topic.removeprefix(f"{BASE}/"), bytes(message.payload)))


def sms_bridge(*words: str | Path) -> list[str | Path]:
    """The command line of ``sms-bridge`` with this interpreter and these sources."""
    return [sys.executable, "-m", "sms_bridge", *words]


def command(number: int, **more: object) -> dict[str, object]:
    """A send object; each number is another recipient, text and id."""
    text = f"Message {number} of a benchmark, as long as messages of machines usually are."
    return {"to": f"+49171{number:07}", "text": text, "id": f"bench-{number}", **more}


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(happened: Callable[[], object], what: str, look: float = _LOOK) -> None:
    """Wait until something outside happened; ``look`` is the time between two looks in seconds."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {PATIENCE:.0f} s")
        time.sleep(look)


def rate(times: Sequence[float]) -> float:
    """Events per second from the first to the last."""
    return (len(times) - 1) / (times[-1] - times[0])


def in_turn(measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run all :data:`RUNS` times, one after the other: what else the machine does meets each of them."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(RUNS):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the runs' ratios."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def show_command(name: str) -> None:
    """Print how to repeat it, and how busy the machine was."""
    load, _, _ = os.getloadavg()
    print(f"load average at the end {load:.1f}, {os.cpu_count()} processors; median of {RUNS} runs")
    print(f"repeat with: python benchmarks/{name}.py")


def _lines(file: Path) -> int:
    with file.open("rb") as content:
        return sum(block.count(b"\n") for block in iter(lambda: content.read(1 << 20), b""))


def json_object(payload: bytes) -> dict[str, Any]:
    """Read an event."""
    decoded: dict[str, Any] = json.loads(payload)
    return decoded
