"""A control socket for tests and demonstrations in other processes: one JSON object a line, each way.

A request is `{"command": NAME, ...}`, its answer `{"ok": true, "result": ...}` or
`{"ok": false, "error": "..."}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from sms_bridge.simulator.faults import FaultName, parse_fault
from sms_bridge.simulator.network import POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sms_bridge.simulator.simulation import Simulation

#: Seconds a client waits for an answer.
_PATIENCE: Final = 10.0


class ControlError(Exception):
    """The simulator refused a command; the text says why."""


class Request:
    """The fields of one request, read with their types; a wrong one is a ValueError for people."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def text(self, name: str, default: str | None = None) -> str:
        """Give a field that must be a text."""
        value = self._fields.get(name, default)
        if not isinstance(value, str):
            raise ValueError(f"the field {name!r} must be a text")  # noqa: TRY004 - a wrong request, not a wrong call
        return value

    def optional_text(self, name: str) -> str | None:
        """Give a text that may be missing."""
        return None if self._fields.get(name) is None else self.text(name)

    def number(self, name: str, default: float | None = None) -> float | None:
        """Give a number that may be missing."""
        value = self._fields.get(name, default)
        if value is not None and not isinstance(value, int | float):
            raise ValueError(f"the field {name!r} must be a number")
        return value

    def whole(self, name: str) -> int | None:
        """Give a whole number that may be missing."""
        value = self.number(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        """Give a truth value, false if it is missing."""
        return bool(self._fields.get(name, False))

    def numbers(self, name: str) -> list[int] | None:
        """Give a list of whole numbers that may be missing."""
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise ValueError(f"the field {name!r} must be a list of numbers")
        return value


def _deliver(simulation: Simulation, request: Request) -> object:
    pdu = request.optional_text("pdu")
    if pdu is not None:
        simulation.network.deliver_tpdu(bytes.fromhex(pdu))
        return 1
    data = request.optional_text("data")
    at = request.optional_text("at")
    delivers = simulation.network.deliver(
        request.text("originator"),
        bytes.fromhex(data) if data is not None else request.text("text"),
        at=datetime.fromisoformat(at) if at else None,
        flash=request.flag("flash"),
        wide=request.flag("wide"),
        port=request.whole("port"),
        concat_ref=request.whole("concat_ref"),
        order=request.numbers("order"),
    )
    return len(delivers)


def _messages(simulation: Simulation, _request: Request) -> object:
    return [
        {**asdict(message), "data": None if message.data is None else message.data.hex()}
        for message in simulation.network.messages()
    ]


def _submits(simulation: Simulation, _request: Request) -> object:
    return [
        {"at": entry.at, "modem": entry.modem, "mr": entry.mr, "da": entry.da, "pdu": entry.pdu_hex}
        for entry in simulation.network.submits
    ]


def _fault(simulation: Simulation, request: Request) -> object:
    simulation.modem.inject(parse_fault(request.text("fault")))
    return None


def _clear(simulation: Simulation, request: Request) -> object:
    name = request.optional_text("fault")
    simulation.modem.faults.clear(FaultName(name) if name else None)
    return None


def _unplug(simulation: Simulation, request: Request) -> object:
    simulation.unplug(request.number("seconds"))
    return None


def _plug(simulation: Simulation, _request: Request) -> object:
    simulation.plug()
    return None


def _reboot(simulation: Simulation, _request: Request) -> object:
    simulation.modem.reboot()
    return None


def _storage(simulation: Simulation, _request: Request) -> object:
    return {
        name: [
            {"index": index, "stat": slot.stat, "pdu": slot.pdu.hex().upper()}
            for index, slot in memory.items()
        ]
        for name, memory in simulation.modem.memories.items()
        if name in simulation.modem.profile.memories
    }


def _call(simulation: Simulation, request: Request) -> object:
    simulation.modem.calls.ring(request.text("number", ""), request.number("seconds", 30.0) or 0.0)
    return None


def _urc(simulation: Simulation, request: Request) -> object:
    simulation.modem.announce(request.text("line"))
    return None


def _policy(simulation: Simulation, request: Request) -> object:
    policy = POLICIES[request.text("policy")]
    number = request.optional_text("number")
    if number is None:
        simulation.network.policy = policy
    else:
        simulation.network.policies[number] = policy
    return None


def _refuse(simulation: Simulation, request: Request) -> object:
    number, code = request.text("number"), request.whole("code")
    if code is None:
        simulation.network.refusals.pop(number, None)
    else:
        simulation.network.refusals[number] = code
    return None


def _latency(simulation: Simulation, request: Request) -> object:
    simulation.modem.latency = request.number("seconds") or 0.0
    return None


def _status(simulation: Simulation, _request: Request) -> object:
    modem = simulation.modem
    return {
        "address": simulation.address,
        "powered": modem.powered,
        "registered": modem.registration.registered,
        "lock": modem.sim.lock,
        "pin_tries": modem.sim.pin_tries,
        "wrong_codes": modem.sim.wrong_codes,
        "cnmi": modem.registers["+CNMI"],
        "submits": len(simulation.network.submits),
        "waiting": simulation.network.waiting(),
        "hung_up": modem.calls.hung_up,
    }


COMMANDS: Final[Mapping[str, Callable[[Simulation, Request], object]]] = {
    "deliver": _deliver,
    "messages": _messages,
    "submits": _submits,
    "fault": _fault,
    "clear": _clear,
    "unplug": _unplug,
    "plug": _plug,
    "reboot": _reboot,
    "storage": _storage,
    "call": _call,
    "urc": _urc,
    "policy": _policy,
    "refuse": _refuse,
    "latency": _latency,
    "status": _status,
}


class ControlServer:
    """Serves the commands on a Unix socket."""

    def __init__(self, simulation: Simulation, path: Path) -> None:
        """Control this simulation at this path."""
        self._simulation = simulation
        self._path = path
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError if the path cannot be used."""
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        self._server = await asyncio.start_unix_server(self._serve, fresh)
        # Whoever sees the socket can connect: it gets its name when it listens.
        fresh.replace(self._path)

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    def _answer(self, line: bytes) -> dict[str, object]:
        try:
            fields = json.loads(line)
            command = COMMANDS[fields["command"]]
            return {"ok": True, "result": command(self._simulation, Request(fields))}
        except (ValueError, LookupError, TypeError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}


class ControlClient:
    """Asks the control socket of a simulator in another process; blocks until the answer."""

    def __init__(self, path: Path) -> None:
        """Ask at this path."""
        self._path = path

    def call(self, command: str, **fields: object) -> object:
        """Run a command and give its result.

        Raises ControlError if the simulator refuses it, OSError if it is not there.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect(str(self._path))
            connection.sendall(json.dumps({"command": command, **fields}).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer = cast("dict[str, object]", json.loads(lines.readline()))
        if not answer["ok"]:
            raise ControlError(answer["error"])
        return answer["result"]
