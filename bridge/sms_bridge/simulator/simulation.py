"""One simulated modem with its ports, its control socket and its journal, started and stopped as one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sms_bridge.simulator.control import ControlServer
from sms_bridge.simulator.endpoints import PtyEndpoint, TcpEndpoint
from sms_bridge.simulator.faults import parse_fault
from sms_bridge.simulator.journal import Journal
from sms_bridge.simulator.modem import ModemSimulator
from sms_bridge.simulator.network import Network
from sms_bridge.simulator.profiles import GENERIC
from sms_bridge.simulator.simcard import SimCard

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.simulator.endpoints import Endpoint
    from sms_bridge.simulator.profiles import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """What to simulate.

    `pty` is the path of the link to the pseudo terminal, `tcp` a port (0: any free one); without
    both there is a pseudo terminal without a link. `faults` are `NAME[:ARG[,COUNT]]`.
    """

    profile: Profile = GENERIC
    pty: Path | None = None
    tcp: int | None = None
    latency: float = 0.0
    faults: tuple[str, ...] = ()
    control: Path | None = None
    log: Path | None = None
    pin: str | None = None
    number: str = "+4917650000001"


class Simulation:
    """A modem in a network, reachable from outside. `modem` and `network` are open to tests."""

    def __init__(self, options: SimulationOptions, network: Network | None = None) -> None:
        self.network = network or Network()
        self._journal = Journal(options.log)
        self.modem = ModemSimulator(
            options.profile,
            self.network,
            sim=SimCard(pin=options.pin, number=options.number),
            latency=options.latency,
            journal=self._journal,
        )
        self.endpoints: list[Endpoint] = []
        if options.tcp is not None:
            self.endpoints.append(TcpEndpoint(self.modem, options.tcp))
        if options.pty is not None or options.tcp is None:
            self.endpoints.append(PtyEndpoint(self.modem, options.pty))
        self._faults = options.faults
        self._control = ControlServer(self, options.control) if options.control else None
        self._plugged = False
        self._plugging: asyncio.Task[None] | None = None
        self._replug: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """What a client's configuration names as its port."""
        return self.endpoints[0].address

    async def start(self) -> None:
        """Switch on, then appear. Raises OSError if a port or path is taken, ValueError for a wrong fault."""
        faults = [parse_fault(text) for text in self._faults]
        self._journal.start()
        self.modem.on_unplug = self.unplug
        self.modem.start()
        self._plugged = True
        await self._appear()
        for fault in faults:
            self.modem.inject(fault)
        if self._control is not None:
            await self._control.start()

    async def stop(self) -> None:
        """Vanish and switch off."""
        if self._replug is not None:
            self._replug.cancel()
        if self._plugging is not None:
            await self._plugging
        if self._control is not None:
            await self._control.stop()
        for endpoint in self.endpoints:
            endpoint.close()
        self.modem.stop()
        self._journal.stop()

    def unplug(self, seconds: float | None = None) -> None:
        """Pull the plug; plug in again after some seconds, or at `plug`."""
        self._journal.record("unplug")
        self._plugged = False
        for endpoint in self.endpoints:
            endpoint.close()
        self.modem.power_off()
        if self._replug is not None:
            self._replug.cancel()
        if seconds is not None:
            self._replug = asyncio.get_running_loop().call_later(seconds, self.plug)

    def plug(self) -> None:
        """Plug in again, unless it is plugged in: the ports appear, the modem boots."""
        if not self._plugged:
            self._plugged = True
            self._journal.record("plug")
            self._plugging = asyncio.create_task(self._plug(self._plugging))

    async def _plug(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await previous
        await self._appear()
        if self._plugged:
            self.modem.power_on()

    async def _appear(self) -> None:
        for endpoint in self.endpoints:
            await endpoint.open()
            if not self._plugged:
                endpoint.close()
                return
