"""The daemon as a process: what systemd hears, how it stops, and what it does not load."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from sms_bridge.cli.broker import Broker
from sms_bridge.control import call
from sms_bridge.mqtt.settings import MqttSettings
from tests.support.running import PATIENCE, Surroundings, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sms_bridge.cli.broker import Received


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    with Surroundings(tmp_path) as surroundings:
        yield surroundings


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(1.0)
        yield listener


def message(around: Surroundings, message_id: str) -> dict[str, Any]:
    return call(around.folder, "message", {"id": message_id}, PATIENCE)


def retained(around: Surroundings, topic: str) -> object:
    with Broker(MqttSettings(host=around.broker.host, port=around.broker.port)) as broker:
        broker.subscribe(topic)
        received = broker.receive(PATIENCE)
    assert received is not None
    assert received.retain
    return json.loads(received.payload)


def send(around: Surroundings, *words: str) -> int:
    log = around.folder / "send.log"
    return spawn("send", "-c", around.config, *words, log=log).wait(PATIENCE)


def ready(around: Surroundings, systemd: socket.socket, **environment: str) -> subprocess.Popen[bytes]:
    """Start a bridge and wait until it says that it is ready."""
    process = around.start_bridge(NOTIFY_SOCKET=str(around.folder / "notify"), **environment)

    def is_ready() -> bool:
        assert process.poll() is None, around.log.read_text()
        with contextlib.suppress(TimeoutError):
            return systemd.recv(100) == b"READY=1"
        return False

    wait_until(is_ready, "the start")
    return process


def test_systemd_hears_of_a_life_from_beginning_to_end(around: Surroundings, systemd: socket.socket) -> None:
    process = ready(around, systemd, WATCHDOG_USEC="200000")
    assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    process.send_signal(signal.SIGTERM)
    heard = b"WATCHDOG=1"
    while heard == b"WATCHDOG=1":
        heard = systemd.recv(100)
    assert heard == b"STOPPING=1"
    assert process.wait(PATIENCE) == 0


def test_the_end_is_published_and_leaves_no_socket(around: Surroundings, systemd: socket.socket) -> None:
    process = ready(around, systemd)
    around.wait_for_bridge()
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert retained(around, "sms_gateway/bridge/main/state") == {"state": "offline"}
    assert not (around.folder / "control.sock").exists()


def test_a_segment_in_the_modems_hands_is_finished_before_the_end(
    around: Surroundings, systemd: socket.socket
) -> None:
    process = ready(around, systemd)
    around.wait_for_bridge()
    around.modem.call("latency", seconds=1.0)
    assert send(around, "anna", "hello", "--id", "late") == 0
    wait_until(
        lambda: bool(around.modem.call("submits")) or message(around, "late")["attempt"] == 1, "the attempt"
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0

    around.modem.call("latency", seconds=0.0)
    ready(around, systemd)
    found = message(around, "late")
    assert found["state"] in ("sent", "delivered")
    assert (found["attempt"], found["possible_duplicate"]) == (1, False)
    submits = around.modem.call("submits")
    assert isinstance(submits, list)
    assert len(submits) == 1


def test_a_hangup_is_declined_and_kills_nothing(around: Surroundings, systemd: socket.socket) -> None:
    process = ready(around, systemd)
    process.send_signal(signal.SIGHUP)
    around.wait_for_log("this version does not reload its configuration")
    assert process.poll() is None


def test_a_second_bridge_on_the_same_store_says_so_and_ends(
    around: Surroundings, systemd: socket.socket
) -> None:
    first = ready(around, systemd)
    log = around.folder / "second.log"
    assert spawn("run", "-c", around.config, log=log).wait(PATIENCE) == 1
    (line,) = log.read_text().splitlines()
    assert line.startswith("sms-bridge: ")
    assert "bridge.db" in line
    assert first.poll() is None


def test_without_broker_and_modem_it_starts_all_the_same(tmp_path: Path, systemd: socket.socket) -> None:
    config = tmp_path / "sms-bridge.yaml"
    config.write_text(
        "mqtt: {host: 127.0.0.1, port: 9}\n"
        f"store: {{url: 'sqlite:///{tmp_path}/bridge.db'}}\n"
        "gateways: {stick: {type: modem, port: /dev/nowhere}}\n"
    )
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    process = spawn("run", "-c", config, environment=environment, log=tmp_path / "log")
    systemd.settimeout(PATIENCE)
    assert systemd.recv(100) == b"READY=1"
    gateway = call(tmp_path, "gateway", {"gateway": "stick"}, PATIENCE)
    assert gateway["state"] != "online"
    process.terminate()
    assert process.wait(PATIENCE) == 0


def listening(around: Surroundings, port: int, more: str = "") -> None:
    """Let the bridge have a web server."""
    config = around.config.read_text()
    around.config.write_text(f"{config}http: {{listen: '127.0.0.1:{port}', {more}}}\n")


def test_a_web_server_tells_that_the_bridge_lives(
    around: Surroundings, systemd: socket.socket, unused_tcp_port: int
) -> None:
    listening(around, unused_tcp_port)
    process = ready(around, systemd)
    with urlopen(f"http://127.0.0.1:{unused_tcp_port}/healthz", timeout=PATIENCE) as answer:
        assert (answer.status, answer.read()) == (200, b"ok")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{unused_tcp_port}/healthz", timeout=PATIENCE)


def test_a_web_server_whose_address_is_in_use_is_told_and_the_bridge_ends(
    around: Surroundings, unused_tcp_port: int
) -> None:
    listening(around, unused_tcp_port)
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        assert around.start_bridge().wait(PATIENCE) == 1
    assert f"http.listen: cannot listen on 127.0.0.1:{unused_tcp_port}" in around.log.read_text()


def test_where_a_provider_may_call_is_told_on_this_machine_only(
    around: Surroundings, systemd: socket.socket, unused_tcp_port: int
) -> None:
    listening(around, unused_tcp_port, "public_url: 'https://sms.example.com/'")
    account = "{type: geniosms, api_key: k, base_url: 'http://127.0.0.1:9/'}"
    around.config.write_text(
        around.config.read_text().replace("gateways:\n", f"gateways:\n  cloud: {account}\n")
    )
    process = ready(around, systemd)
    shown = call(around.folder, "gateway", {"gateway": "cloud"}, PATIENCE)
    url = str(shown["callback_url"])
    assert url.startswith("https://sms.example.com/callback/cloud/")
    secret = url.rpartition("/")[2]
    called = b"ipn_type=SENT&status=RESULT_OK&custom=1"
    with urlopen(f"http://127.0.0.1:{unused_tcp_port}/callback/cloud/{secret}", called) as answer:
        assert answer.status == 200
    command = '{"gateway": "cloud"}'
    with Broker(MqttSettings(host=around.broker.host, port=around.broker.port)) as broker:
        broker.subscribe("#")
        heard = listen_for(broker, "sms_gateway/bridge/main/state")
        broker.publish("sms_gateway/bridge/request/gateway", command.encode())
        heard += listen_for(broker, "sms_gateway/bridge/response/")
    assert secret not in "".join(received.payload.decode() for received in heard)
    assert secret not in around.log.read_text()
    process.terminate()
    assert process.wait(PATIENCE) == 0


def listen_for(broker: Broker, beginning: str) -> list[Received]:
    """Everything that comes, up to the first on such a topic."""
    heard: list[Received] = []
    while not any(received.topic.startswith(beginning) for received in heard):
        received = broker.receive(PATIENCE)
        assert received is not None
        heard.append(received)
    return heard


_LOOK_AT_IT = """
import asyncio, json, sys
from pathlib import Path
from sms_bridge.app.daemon import Daemon
from sms_bridge.app.sd_notify import ServiceManager
from sms_bridge.config import load

class Look(ServiceManager):
    def notify(self, *lines):
        if lines == ("READY=1",):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            print(json.dumps({"modules": sorted(sys.modules), "pages": pages}))
            daemon.end()

async def run():
    global daemon
    daemon = Daemon(load(Path(sys.argv[1])), Look())
    await daemon.run()

asyncio.run(run())
"""


def test_a_modem_only_start_loads_nothing_that_others_need(around: Surroundings) -> None:
    looked = subprocess.run(
        [sys.executable, "-c", _LOOK_AT_IT, around.config],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        check=True,
    )
    seen = json.loads(looked.stdout)
    others = {"aiohttp", "yarl", "phonenumbers", "amqtt", "asyncpg", "psycopg", "sms_bridge.simulator"}
    assert others.isdisjoint(seen["modules"])
    assert "sms_bridge.modem.modem" in seen["modules"]


def test_the_log_is_json_lines_on_request(around: Surroundings, tmp_path: Path) -> None:
    log = tmp_path / "json.log"
    process = spawn("run", "--json", "-c", around.config, log=log)
    wait_until(lambda: "The bridge main runs" in log.read_text(), "the start")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= lines[0].keys()


def test_a_simulated_modem_tells_its_place_in_json_on_request(tmp_path: Path) -> None:
    log = tmp_path / "simulator.log"
    process = spawn("simulate", "modem", "--json", "--pty", tmp_path / "modem", log=log)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "its place")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert json.loads(log.read_text()) == {"address": str(tmp_path / "modem")}
