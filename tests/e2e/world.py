"""A broker, simulated modems and the bridge between them, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from sms_bridge.simulator.control import ControlClient
from tests.e2e.client import PATIENCE, Client, wait_for
from tests.support.mosquitto import Mosquitto

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Json = dict[str, Any]
Section = Mapping[str, object] | list[object] | str

#: Contacts of every world; nobody else sends to them.
ANNA: Final = "+4915550000002"
BEN: Final = "+4915550000003"


class Modem:
    """One simulated modem: its control socket, and the journal of what happened to it."""

    def __init__(self, folder: Path, name: str, *options: str) -> None:
        self.port = folder / f"{name}.tty"
        self._control = folder / f"{name}.control"
        self._journal = folder / f"{name}.journal"
        self._process = spawn(
            *("simulate", "modem", "--pty", str(self.port), "--control", str(self._control)),
            *("--log", str(self._journal), *options),
            log=folder / f"{name}.log",
        )
        self._client = ControlClient(self._control)
        wait_for(lambda: self.port.exists() and self._control.exists(), "the simulated modem")

    def __call__(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - each command has its own answer
        """Ask the simulator."""
        return self._client.call(command, **fields)

    def deliver(self, text: str, originator: str = "+491719999999", **fields: object) -> None:
        """Let the network deliver a message."""
        self("deliver", originator=originator, text=text, **fields)

    def stored(self) -> list[str]:
        """The PDUs in the modem's memories."""
        return [slot["pdu"] for slots in self("storage").values() for slot in slots]

    def journal(self, event: str) -> list[Json]:
        """What happened, in order."""
        entries = (json.loads(line) for line in self._journal.read_text().splitlines())
        return [entry for entry in entries if entry["event"] == event]

    def got(self, recipient: str) -> list[Json]:
        """The messages that a recipient got."""
        return [message for message in self("messages") if message["recipient"] == recipient]

    def submitted(self, recipient: str) -> int:
        """How many segments to a recipient the network took."""
        return sum(submit["da"] == recipient for submit in self("submits"))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class Bridge:
    """One run of the daemon; ``log`` is its standard error and output."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self._begins = log.stat().st_size

    @property
    def log(self) -> str:
        """What this run has said so far."""
        return self._log.read_bytes()[self._begins :].decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class World:
    """Everything in ``folder``. ``sections`` replace those of the usual configuration, key by key.

    ``modems`` maps gateways to the options of their simulators; ``version`` is the MQTT version of the bridge and of
    ``client``; ``program`` is the module that is the daemon; ``user`` (name and password) is the only one that the
    broker lets in.
    """

    def __init__(
        self,
        folder: Path,
        *,
        modems: Mapping[str, tuple[str, ...]] | None = None,
        version: str = "5",
        program: str = "sms_bridge",
        user: tuple[str, str] | None = None,
        **sections: Section,
    ) -> None:
        self.folder = folder
        self.config = folder / "sms-bridge.yaml"
        self.broker = Mosquitto(folder, _access(folder, user))
        self.modems: dict[str, Modem] = {}
        self._modems = {"stick": ()} if modems is None else modems
        self._version = version
        self._program = program
        self._user = user
        self._sections = sections
        self._ends = ExitStack()
        self._bridges: list[Bridge] = []
        self.client: Client

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def modem(self) -> Modem:
        """The first modem."""
        return next(iter(self.modems.values()))

    def write_config(self, **sections: Section) -> None:
        """Write the configuration, with further changes."""
        merged: Json = {
            "mqtt": {"host": "127.0.0.1", "port": self.broker.port, "protocol": self._version},
            "store": {"url": f"sqlite:///{self.folder}/bridge.db"},
            "defaults": {"on_unknown_grace": 1},
            "gateways": {
                name: {"type": "modem", "port": str(modem.port)} for name, modem in self.modems.items()
            },
            "contacts": {"anna": ANNA, "ben": BEN},
            "groups": {"family": ["anna", "ben"]},
            "limits": {"per_minute": None, "per_recipient_per_hour": None},
        }
        for changes in (self._sections, sections):
            for name, section in changes.items():
                merged[name] = (
                    _merge(merged.get(name, {}), section) if isinstance(section, Mapping) else section
                )
        self.config.write_text(yaml.safe_dump(merged))

    def run(self, *words: str, config: Path | None = None) -> Bridge:
        """Start the daemon and return at once; it ends with this world."""
        log = self.folder / "bridge.log"
        log.touch()
        bridge = Bridge(
            spawn("run", "-c", str(config or self.config), *words, log=log, program=self._program), log
        )
        self._bridges.append(bridge)
        return bridge

    def end_bridges(self) -> None:
        """Kill every daemon that still runs."""
        for bridge in self._bridges:
            bridge.process.kill()
            bridge.process.wait()

    def start_bridge(self, *online: str) -> Bridge:
        """Start the daemon and wait until these gateways (all, if none is named) are online."""
        mark = len(self.client.seen)
        bridge = self.run()
        for name in online or self.modems:
            wait_for(lambda name=name: self._is_up(bridge, name, mark), f"{name} coming online")  # type: ignore[misc] # mypy cannot infer a default's type
        return bridge

    def cli(self, *words: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run another command of ``sms-bridge`` to its end."""
        command, *rest = words
        return subprocess.run(
            [sys.executable, "-m", "sms_bridge", command, "-c", str(self.config), *rest],
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )

    def shown(self, command: str, *words: str) -> list[Json]:
        """What a command of the control socket shows with ``--json``, line by line."""
        ran = self.cli(command, *words, "--json")
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def _begin(self) -> None:
        self._ends.enter_context(self.broker)
        self._ends.callback(self.end_bridges)
        for name, options in self._modems.items():
            self.modems[name] = Modem(self.folder, name, *options)
            self._ends.callback(self.modems[name].close)
        self.write_config()
        self.client = Client(self.broker.port, version=self._version, user=self._user)
        self._ends.callback(self.client.close)

    def _is_up(self, bridge: Bridge, name: str, mark: int) -> bool:
        assert bridge.process.poll() is None, bridge.log
        shown = self.client.gateway(name, mark) or {"state": None}
        said = [seen.json["state"] for seen in self.client.on("bridge/main/state", since=mark)]
        return said[-1:] == ["online"] and shown["state"] == "online"


def spawn(*words: str, log: Path, program: str = "sms_bridge") -> subprocess.Popen[bytes]:
    """Run ``sms-bridge`` with this interpreter and this checkout; its output goes to ``log``."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", program, *words],
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started us.
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _access(folder: Path, user: tuple[str, str] | None) -> tuple[str, ...]:
    """The lines of the broker's configuration that say who may connect."""
    if user is None:
        return ("allow_anonymous true",)
    passwords = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), *user], check=True, capture_output=True)
    return ("allow_anonymous false", f"password_file {passwords}")


def _merge(usual: object, changes: Mapping[str, object]) -> Json:
    merged = dict(usual) if isinstance(usual, dict) else {}
    for name, value in changes.items():
        merged[name] = _merge(merged[name], value) if isinstance(value, dict) and name in merged else value
    return merged
