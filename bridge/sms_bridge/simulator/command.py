"""`sms-bridge simulate modem`: a modem without hardware."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from sms_bridge.simulator.faults import FAULTS, parse_fault
from sms_bridge.simulator.network import Network, echo
from sms_bridge.simulator.profiles import PROFILES
from sms_bridge.simulator.simulation import Simulation, SimulationOptions


def add_modem(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `modem` and what follows it to the kinds of `simulate`."""
    modem = kinds.add_parser(
        "modem",
        help="a GSM modem with its SIM and its network",
        description="Simulate a GSM modem on a pseudo terminal, a TCP port, or both.",
        epilog="faults:\n" + "\n".join(_fault_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    modem.add_argument("--pty", metavar="LINK", type=Path, help="a link to the pseudo terminal, made here")
    modem.add_argument("--tcp", metavar="PORT", type=int, help="a port on 127.0.0.1; 0 takes a free one")
    modem.add_argument("--profile", choices=sorted(PROFILES), default="generic", help="the modem's family")
    modem.add_argument(
        "--latency", metavar="SECONDS", type=float, default=0.0, help="the time the network takes per segment"
    )
    modem.add_argument(
        "--fault", metavar="NAME[:ARG[,COUNT]]", action="append", default=[], type=_fault, help="see below"
    )
    modem.add_argument(
        "--control", metavar="SOCKET", type=Path, help="take JSON commands at this Unix socket"
    )
    modem.add_argument(
        "--log", metavar="FILE", type=Path, help="append a JSON line for each SUBMIT and deletion"
    )
    modem.add_argument("--pin", help="the SIM asks for this PIN")
    modem.add_argument("--number", default="+4917650000001", help="the SIM's own number")
    modem.add_argument("--json", action="store_true", help="print where the modem is as a JSON line")
    modem.add_argument("--echo", action="store_true", help="recipients reply with the text they got")


def run_modem(args: argparse.Namespace) -> int:
    """Simulate until interrupted. Exit 0, or 2 if a port or path cannot be used."""
    options = SimulationOptions(
        profile=PROFILES[args.profile],
        pty=args.pty,
        tcp=args.tcp,
        latency=args.latency,
        faults=tuple(args.fault),
        control=args.control,
        log=args.log,
        pin=args.pin,
        number=args.number,
    )
    simulation = Simulation(options, Network(reply=echo if args.echo else None))
    try:
        asyncio.run(_run(simulation, as_json=args.json))
    except OSError as error:
        print(f"The modem cannot be simulated there: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(simulation: Simulation, *, as_json: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await simulation.start()
    for endpoint in simulation.endpoints:
        sentence = f"A simulated modem is at {endpoint.address}"
        print(json.dumps({"address": endpoint.address}) if as_json else sentence, flush=True)
    await ended.wait()
    await simulation.stop()


def _fault(text: str) -> str:
    try:
        parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _fault_lines() -> list[str]:
    return [
        f"  {name + (':' + spec.argument if spec.argument else ''):30} {spec.text}"
        for name, spec in FAULTS.items()
    ]
