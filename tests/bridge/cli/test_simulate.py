"""``sms-bridge simulate provider``: a provider without an account, in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.support.running import spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bridge.cli.conftest import Ran

SMS = {"brandID": 1, "numbers": [995511194242], "text": "message"}


class Simulator:
    """A running command; `lines` is what it printed so far."""

    def __init__(self, log: Path, *words: str) -> None:
        self.process = spawn("simulate", "provider", *words, log=log)
        self._log = log

    @property
    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def line(self, number: int) -> str:
        """Wait for a line."""
        wait_until(lambda: len(self.lines) > number or self.process.poll() is not None, "a line")
        return self.lines[number]

    def end(self) -> int:
        """Stop it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    running: list[Simulator] = []

    def start(*words: str) -> Simulator:
        running.append(Simulator(tmp_path / "log", *words))
        return running[-1]

    yield start
    for simulator in running:
        simulator.process.kill()
        simulator.process.wait()


def post(url: str) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - the simulator's own http address
        url, data=json.dumps(SMS).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
        data = json.load(answer)
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("name", ["geniosms", "geniq", "smsgateway24", "smsgic", "ubill"])
def test_every_provider_tells_where_it_is_and_ends_with_0(
    simulate: Callable[..., Simulator], name: str
) -> None:
    simulator = simulate(name)
    assert simulator.line(0).startswith(f"A simulated {name} is at http://127.0.0.1:")
    assert simulator.end() == 0


def test_what_leaves_is_told_without_number_and_text(simulate: Callable[..., Simulator]) -> None:
    simulator = simulate("ubill")
    url = simulator.line(0).split()[-1]
    assert simulator.line(3) == "callback_key: simulated-callback-key"
    assert post(f"{url}?key=simulated-key")["statusID"] == 0
    assert simulator.line(4) == "sms to 995…242 left: (7 characters)"


def test_what_leaves_is_told_in_full_where_that_is_wanted(simulate: Callable[..., Simulator]) -> None:
    simulator = simulate("ubill", "--show", "--json")
    told = json.loads(simulator.line(0))
    assert told["credentials"]["api_key"] == "simulated-key"
    assert post(f"{told['base_url']}?key=simulated-key")["statusID"] == 0
    assert json.loads(simulator.line(1)) == {
        "channel": "sms",
        "recipient": "995511194242",
        "text": "message",
        "ids": ["117345"],
    }


def test_a_port_in_use_is_told_in_one_line(plain: Callable[..., Ran]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = plain("simulate", "provider", "ubill", "--port", str(taken.getsockname()[1]))
    assert ran.status == 2
    assert ran.err.startswith("The provider cannot be simulated there: ")


def test_an_unknown_provider_is_wrong_usage(plain: Callable[..., Ran]) -> None:
    ran = plain("simulate", "provider", "other")
    assert ran.status == 2
    assert "geniosms, geniq, smsgateway24, smsgic, ubill" in ran.err.replace("'", "")


def test_a_simulated_modem_needs_no_http() -> None:
    code = "import sys, sms_bridge.cli.commands.simulate; sys.exit('aiohttp' in sys.modules)"
    path = ":".join(path for path in sys.path if path)
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": path}).returncode == 0
