"""The bridge as people run it: real processes, a real broker, a simulated modem on a pseudo terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from sms_bridge.cli.broker import Broker
from sms_bridge.mqtt.settings import MqttSettings
from sms_bridge.simulator.control import ControlClient
from tests.support.mosquitto import Mosquitto

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

#: Seconds after which what was waited for has failed to happen.
PATIENCE = 20.0

CONFIGURATION = """\
mqtt: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///{folder}/bridge.db"}}
gateways:
  stick: {{type: modem, port: "{folder}/modem", balance: {{ussd: "*100#", pattern: "([0-9.]+) EUR", currency: EUR}}}}
contacts: {{anna: "+4915550000002", ben: "+4915550000003"}}
groups: {{family: [anna, ben]}}
limits: {{per_minute: null, per_recipient_per_hour: null}}
"""


def spawn(
    *words: str | Path, environment: Mapping[str, str] | None = None, log: Path
) -> subprocess.Popen[bytes]:
    """Start ``sms-bridge`` with this interpreter and this checkout; its output goes to ``log``."""
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {**os.environ, "PYTHONPATH": paths, **(environment or {})}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "sms_bridge", *words], env=env, stdout=output, stderr=subprocess.STDOUT
        )


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for ``what``; raise TimeoutError naming it."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {PATIENCE:.0f} s")
        time.sleep(0.01)


class Surroundings:
    """Broker and modem of one bridge in ``folder``, and the bridge itself, which may come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "sms-bridge.yaml"
        self.log = folder / "bridge.log"
        self.broker = Mosquitto(folder)
        self.modem = ControlClient(folder / "simulator")
        self._ends = ExitStack()
        self._bridges: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._ends.enter_context(self.broker)
        self.config.write_text(CONFIGURATION.format(port=self.broker.port, folder=self.folder))
        link, control = self.folder / "modem", self.folder / "simulator"
        words = ("simulate", "modem", "--pty", link, "--control", control, "--echo")
        self._end_with_us(spawn(*words, log=self.folder / "simulator.log"))
        wait_until(lambda: link.exists() and control.exists(), "the simulated modem")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def start_bridge(self, **environment: str) -> subprocess.Popen[bytes]:
        """Run the bridge; it ends with its surroundings at the latest."""
        process = spawn("run", "-c", self.config, environment=environment, log=self.log)
        self._end_with_us(process)
        self._bridges.append(process)
        return process

    def wait_for_log(self, words: str) -> None:
        """Wait until the bridge has logged ``words``; fail with the log as soon as no bridge can do so any more."""

        def has_come() -> bool:
            log = self.log.read_text()
            assert words in log or any(bridge.poll() is None for bridge in self._bridges), log
            return words in log

        wait_until(has_come, f"the line {words!r} in the log")

    def wait_for_bridge(self) -> None:
        """Wait until bridge and gateway are online, so that commands are taken and may be sent."""
        topics = {"sms_gateway/bridge/main/state", "sms_gateway/gateway/stick/availability"}
        with Broker(MqttSettings(host=self.broker.host, port=self.broker.port)) as broker:
            broker.subscribe(*topics)
            waiting = set(topics)
            deadline = time.monotonic() + PATIENCE
            while waiting:
                received = broker.receive(deadline - time.monotonic())
                assert received is not None, f"not online: {waiting}\n{self.log.read_text()}"
                if b"online" in received.payload:
                    waiting.discard(received.topic)
                else:
                    waiting.add(received.topic)

    def _end_with_us(self, process: subprocess.Popen[bytes]) -> None:
        self._ends.callback(process.wait)
        self._ends.callback(process.kill)
