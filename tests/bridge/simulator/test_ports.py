"""The simulator's ports, its control socket, its journal and its command line, as other processes meet them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import serial

from sms_bridge.cli.commands import simulate
from sms_bridge.simulator import endpoints
from sms_bridge.simulator.control import ControlClient, ControlError, ControlServer
from sms_bridge.simulator.endpoints import MemoryEndpoint
from sms_bridge.simulator.faults import FaultName
from sms_bridge.simulator.journal import read_submits
from sms_bridge.simulator.messages import messages_of
from sms_bridge.simulator.network import EXPIRED, NO_REPORT
from sms_bridge.simulator.simulation import Simulation, SimulationOptions
from tests.bridge.simulator.terminal import ORIGINATOR, RECIPIENT, Terminal
from tests.support.virtual_time import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from sms_bridge.modem.transport import Transport

#: Seconds another process may take before a test fails.
PATIENCE = 30.0


class Client:
    """A client of a port in another thread, as pyserial opens it."""

    def __init__(self, address: str) -> None:
        self._port = serial.serial_for_url(address, timeout=PATIENCE)

    def ask(self, line: str) -> list[str]:
        """Type a command and give the lines of its answer."""
        self._port.write(line.encode() + b"\r")
        answer = b""
        while not answer.endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\n> ")):
            piece = self._port.read(1)
            assert piece, f"no answer, only {answer!r}"
            answer += piece
        return [text for text in answer.decode().split("\r\n") if text]

    def close(self) -> None:
        self._port.close()


def ask_once(address: str, line: str) -> list[str]:
    client = Client(address)
    try:
        return client.ask(line)
    finally:
        client.close()


async def closed(reader: asyncio.StreamReader) -> None:
    """Wait for the other side to close the connection, gently or not."""
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""


async def test_clients_may_come_and_go_at_a_pseudo_terminal(simulation: Simulation) -> None:
    for _ in range(3):
        answer = await asyncio.to_thread(ask_once, simulation.address, "ATE1;+CSQ")
        assert answer == ["ATE1;+CSQ\r", "+CSQ: 20,99", "OK"]


async def test_an_unplugged_modem_is_gone_and_returns_under_its_name(simulation: Simulation) -> None:
    link = Path(simulation.address)
    reader = os.open(link, os.O_RDWR | os.O_NOCTTY)
    first = link.readlink()

    simulation.unplug()
    assert not link.is_symlink()
    with pytest.raises(OSError, match="Input/output error"):
        os.write(reader, b"AT\r")
    os.close(reader)
    simulation.plug()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert link.is_symlink()
    assert await asyncio.to_thread(ask_once, simulation.address, "ATE1") == ["ATE1\r", "OK"]
    assert str(first).startswith("/dev/pts/")


async def test_plugs_may_be_pulled_faster_than_ports_appear(tcp_simulation: Simulation) -> None:
    for _ in range(5):
        tcp_simulation.unplug(0.0)
        tcp_simulation.plug()
        tcp_simulation.plug()
    await asyncio.sleep(0.05)

    assert await asyncio.to_thread(ask_once, tcp_simulation.address, "ATE1") == ["ATE1\r", "OK"]
    tcp_simulation.unplug()
    host, port = tcp_simulation.address.removeprefix("socket://").split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_a_modem_does_not_take_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("important")
    simulation = Simulation(SimulationOptions(pty=path))

    with pytest.raises(FileExistsError, match="is not a link"):
        await simulation.start()
    await simulation.stop()

    assert path.read_text() == "important"


async def test_output_nobody_reads_does_not_stop_the_modem(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "STALLED", 0.01)
    for number in range(300):
        simulation.modem.announce(f"^NOISE: {number} {'x' * 50}")
    await asyncio.sleep(0.05)

    client = await asyncio.to_thread(Client, simulation.address)
    assert await asyncio.to_thread(client.ask, "ATE0") == ["ATE0\r", "OK"]
    client.close()


async def test_a_tcp_port_serves_one_client_at_a_time(tcp_simulation: Simulation) -> None:
    first = await asyncio.to_thread(Client, tcp_simulation.address)
    assert await asyncio.to_thread(first.ask, "ATE1") == ["ATE1\r", "OK"]
    host, port = tcp_simulation.address.removeprefix("socket://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await closed(reader)
    writer.close()
    first.close()
    await asyncio.sleep(0.05)

    assert await asyncio.to_thread(ask_once, tcp_simulation.address, "ATE1") == ["ATE1\r", "OK"]


async def test_an_unplugged_tcp_modem_closes_and_comes_back_on_its_port(tcp_simulation: Simulation) -> None:
    host, port = tcp_simulation.address.removeprefix("socket://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    tcp_simulation.unplug(0.0)
    await closed(reader)
    writer.close()
    await asyncio.sleep(0.05)

    assert await asyncio.to_thread(ask_once, tcp_simulation.address, "ATE1") == ["ATE1\r", "OK"]


@virtual_time
async def test_a_port_in_memory_is_a_transport_of_the_engine() -> None:
    terminal = Terminal()
    arrived: list[bytes] = []
    lost: list[Exception | None] = []
    endpoint = MemoryEndpoint(terminal.modem, cut=4)
    transport: Transport = endpoint
    await transport.open(115200, arrived.append, lost.append)

    transport.write(b"AT+CSQ\r")
    assert arrived == []
    await asyncio.sleep(1)

    assert b"".join(arrived) == b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
    assert max(len(piece) for piece in arrived) == 4
    error = OSError("unplugged")
    endpoint.lose(error)
    transport.write(b"AT\r")
    await transport.close()
    assert lost == [error]


async def test_long_output_reaches_a_client_that_reads(simulation: Simulation) -> None:
    for _ in range(30):
        simulation.network.deliver(ORIGINATOR, "x" * 160)

    lines = await asyncio.to_thread(ask_once, simulation.address, "AT+CMGL=4")

    assert len(lines) == 1 + 2 * 30 + 1


@pytest.fixture
async def control(simulation: Simulation, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[object]]]:
    """Run a command through the control socket."""
    server = ControlServer(simulation, tmp_path / "control")
    await server.start()
    client = ControlClient(tmp_path / "control")

    async def call(command: str, **fields: object) -> object:
        return await asyncio.to_thread(client.call, command, **fields)

    yield call
    await server.stop()


async def test_the_control_socket_changes_what_the_network_does(
    simulation: Simulation, control: Callable[..., Awaitable[object]]
) -> None:
    network = simulation.network

    await control("policy", policy="expired")
    await control("policy", policy="no-report", number=RECIPIENT)
    assert (network.policy, network.policies) == (EXPIRED, {RECIPIENT: NO_REPORT})
    await control("refuse", number=RECIPIENT, code=28)
    assert network.refusal(RECIPIENT) == 28
    await control("refuse", number=RECIPIENT, code=None)
    assert network.refusal(RECIPIENT) is None
    await control("latency", seconds=1.5)
    assert simulation.modem.latency == 1.5
    await control("deliver", originator="BANK", data="0001ff", port=2948, flash=True, order=[1, 1])
    await control("deliver", pdu="0004" + "0" * 20)
    assert simulation.modem.memories["SM"].used() == 3


async def test_the_control_socket_changes_what_the_modem_does(
    simulation: Simulation, control: Callable[..., Awaitable[object]]
) -> None:
    modem = simulation.modem
    seen = bytearray()
    modem.output.attach(seen.extend)

    await control("fault", fault="lost-answer")
    await control("fault", fault="cms:38")
    await control("clear", fault="cms")
    assert modem.faults.active(FaultName.LOST_ANSWER)
    assert not modem.faults.active(FaultName.CMS)
    await control("clear")
    assert not modem.faults
    await control("call", number=ORIGINATOR, seconds=1)
    await control("urc", line="^HELLO")
    assert bytes(seen) == b"\r\nRING\r\n\r\n^HELLO\r\n"
    await control("reboot")
    await control("unplug", seconds=None)
    assert not Path(simulation.address).is_symlink()
    await control("plug")
    await asyncio.sleep(0.05)
    assert Path(simulation.address).is_symlink()


@pytest.mark.parametrize(
    ("request_fields", "sentence"),
    [
        ({"command": "unplug", "seconds": "soon"}, "'seconds' must be a number"),
        ({"command": "deliver", "originator": "BANK", "text": "", "order": "12"}, "list of numbers"),
        ({"command": "deliver"}, "'originator' must be a text"),
        ({"command": "fault", "fault": "nonsense"}, "there is no fault 'nonsense'"),
        ({"command": "nonsense"}, "KeyError"),
    ],
)
async def test_a_wrong_control_command_is_explained(
    control: Callable[..., Awaitable[object]], request_fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ControlError, match=sentence):
        await control(**request_fields)


def test_a_path_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    (tmp_path / "file").touch()

    assert simulate.run(parser.parse_args(["modem", "--pty", str(tmp_path / "file")])) == 2

    assert "cannot be simulated there" in capsys.readouterr().err


def test_a_wrong_fault_on_the_command_line_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(["modem", "--fault", "cms"])

    assert "the fault cms needs its argument: cms:CODE" in capsys.readouterr().err


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A simulator in a process of its own, as the command line starts it."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sms_bridge", "simulate", "modem", "--pty", str(tmp_path / "modem")),
            *("--tcp", "0", "--control", str(tmp_path / "control"), "--log", str(tmp_path / "log")),
            *("--pin", "1234", "--number", "+4915100", "--fault", "cms:38,1"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert "socket://127.0.0.1:" in process.stdout.readline()
    assert str(tmp_path / "modem") in process.stdout.readline()
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


@pytest.mark.usefixtures("simulator")
def test_a_simulator_in_another_process_is_controlled_by_its_socket(tmp_path: Path) -> None:
    control = ControlClient(tmp_path / "control")
    client = Client(str(tmp_path / "modem"))
    assert cast("dict[str, object]", control.call("status"))["lock"] == "SIM PIN"
    client.ask('ATE0;+CPIN="1234";+CNMI=2,1,0,1')
    assert control.call("deliver", originator=ORIGINATOR, text="Hello", at="2026-11-20T10:30:00+01:00") == 1
    assert client.ask("AT+CMGR=1")[0] == '+CMTI: "SM",1'
    assert control.call("storage") == {
        "SM": [{"index": 1, "stat": 1, "pdu": client.ask("AT+CMGL=4")[1]}],
        "ME": [],
    }
    client.ask("AT+CMGD=1")
    pdu = "0001000C9194711132547600000631D98C56B3DD"
    client.ask("AT+CMGS=19")
    assert client.ask(f"{pdu}\x1aAT") == ["+CMS ERROR: 38", "OK"]
    client.ask("AT+CMGS=19")
    client.ask(f"{pdu}\x1a")

    assert [
        (entry["da"], entry["mr"]) for entry in cast("list[dict[str, object]]", control.call("submits"))
    ] == [(RECIPIENT, 0)]
    (message,) = cast("list[dict[str, object]]", control.call("messages"))
    assert (message["recipient"], message["copies"]) == (RECIPIENT, [1])
    client.close()

    (logged,) = messages_of(read_submits(tmp_path / "log"))
    assert (logged.recipient, logged.text, logged.copies) == (RECIPIENT, message["text"], (1,))
    entries = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [entry["event"] for entry in entries] == ["pin", "stored", "read", "deleted", "refused", "submit"]
    assert entries[-1]["da"] == RECIPIENT
    assert entries[3]["index"] == 1
