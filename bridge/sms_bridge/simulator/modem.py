"""A simulated modem: its state, its power, and the way from a command to its handler."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator import ussd
from sms_bridge.simulator.at_syntax import Kind
from sms_bridge.simulator.calls import Calls
from sms_bridge.simulator.faults import FaultName, Faults
from sms_bridge.simulator.handlers import HANDLERS
from sms_bridge.simulator.interpreter import Interpreter
from sms_bridge.simulator.journal import Journal
from sms_bridge.simulator.output import Output
from sms_bridge.simulator.receiver import Receiver
from sms_bridge.simulator.registers import UCS2, Registers
from sms_bridge.simulator.registration import Registration, RegistrationState
from sms_bridge.simulator.reply import (
    CME_INCORRECT_PARAMETERS,
    CME_NO_SIM,
    CME_PIN_REQUIRED,
    CME_PUK_REQUIRED,
    CME_SIM_BUSY,
    CMS_NO_SIM,
    CMS_NOT_SUPPORTED,
    CMS_PIN_REQUIRED,
    CMS_PUK_REQUIRED,
    CMS_SIM_BUSY,
    ERROR,
    OK,
    cme,
    cms,
    info,
)
from sms_bridge.simulator.sender import Sender
from sms_bridge.simulator.simcard import Lock, SimCard
from sms_bridge.simulator.storage import build_memories

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.faults import Fault
    from sms_bridge.simulator.network import Network
    from sms_bridge.simulator.profiles import Profile
    from sms_bridge.simulator.reply import (
        Reply,
    )

#: Commands of 3GPP TS 27.005: they need the SIM, and fail with +CMS ERROR.
SMS_COMMANDS: Final = frozenset(
    {"+CMGS", "+CMGW", "+CMSS", "+CMGL", "+CMGR", "+CMGD", "+CPMS", "+CSCA", "+CNMI", "+CNMA"}
)
#: Commands of 3GPP TS 27.007 that need the SIM, and fail with +CME ERROR.
SIM_COMMANDS: Final = frozenset({"+CIMI", "+CNUM", "+COPS", "+CUSD", "D"})
#: Settings of 3GPP TS 27.005; a wrong value is a +CMS ERROR.
SMS_REGISTERS: Final = frozenset({"+CNMI", "+CSMS", "+CMGF", "+CSMP", "+CSCB", "+CSDH", "+CMMS"})

#: Seconds of a busy SIM for which no end was given.
FOREVER: Final = float("inf")

_CME_LOCKS: Final = {Lock.PIN: CME_PIN_REQUIRED, Lock.PUK: CME_PUK_REQUIRED, Lock.ABSENT: CME_NO_SIM}
_CMS_LOCKS: Final = {Lock.PIN: CMS_PIN_REQUIRED, Lock.PUK: CMS_PUK_REQUIRED, Lock.ABSENT: CMS_NO_SIM}


class ModemSimulator:
    """One modem with its SIM in a simulated network.

    `feed` takes what the client writes; `output.attach` gives what the modem writes. Everything
    runs on the event loop that called `start`. `latency` is the time in seconds the network
    takes for one message: from ^Z to +CMGS.
    """

    def __init__(
        self,
        profile: Profile,
        network: Network,
        *,
        name: str = "modem",
        sim: SimCard | None = None,
        latency: float = 0.0,
        journal: Journal | None = None,
    ) -> None:
        """Assemble the modem; `start` switches it on."""
        self.profile = profile
        self.network = network
        self.name = name
        self.sim = sim or SimCard()
        self.latency = latency
        self.journal = journal or Journal()
        self.faults = Faults()
        self.output = Output(self.faults)
        self.registers = Registers({"+CNMI": profile.cnmi, "+CSMS": profile.csms, **profile.registers})
        self.memories = build_memories(profile.memories, profile.first_index)
        #: The names +CPMS selected for reading, writing and receiving.
        self.selected = [profile.default_memory] * 3
        self.interpreter = Interpreter(
            self._dispatch,
            self.output,
            self.registers,
            self.faults,
            prompt=profile.prompt,
            before_result=profile.before_result,
        )
        self.registration = Registration(profile.registered, self.registers, self.announce)
        self.calls = Calls(self.registers, self.announce)
        self.receiver = Receiver(self)
        self.sender = Sender(self)
        self.service_centre = network.smsc
        self.functionality = 1
        #: The <format> of +COPS (3GPP TS 27.007 clause 7.3): 0 long name, 2 numeric.
        self.operator_format = 0
        self.roaming = False
        self.noisy = True
        #: Signal as +CSQ shows it: 0 to 31, 99 unknown (3GPP TS 27.007 clause 8.5).
        self.signal = 20
        self.powered = False
        #: Called with seconds (or None) when a fault pulls the plug; the owner of the port sets it.
        self.on_unplug: Callable[[float | None], None] | None = None
        self._busy_until = 0.0
        self._timers: set[asyncio.TimerHandle] = set()

    def start(self) -> None:
        """Switch on a modem that booted long ago: registered unless its SIM wants a PIN."""
        self.network.attach(self)
        self.powered = True
        if self.sim.lock is Lock.READY:
            self.registration.change(self._registered_state())
        self._make_noise()

    def stop(self) -> None:
        """Switch off for good."""
        self.power_off()
        self.network.detach(self)

    def power_on(self) -> None:
        """Boot as the profile does: deaf for a while, then its lines, SIM and search."""
        self.later(self.profile.boot_time, self._booted)

    def power_off(self) -> None:
        """Lose power: whatever was half done is gone, messages in memory stay."""
        self.powered = False
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.calls.drop()
        self.receiver.reset()
        self.registers.reset()
        self.interpreter.reset()
        self.output.reset()
        self.registration.state = RegistrationState.IDLE
        self.sim.power_on()
        self.selected = [self.profile.default_memory] * 3
        self.functionality = 1
        self.noisy = True

    def reboot(self) -> None:
        """Lose power for a moment."""
        self.journal.record("reboot", modem=self.name)
        self.power_off()
        self.power_on()

    def unplug(self, seconds: float | None) -> None:
        """Vanish from the host, for some seconds or until it is plugged in again."""
        if self.on_unplug is not None:
            self.on_unplug(seconds)
        else:
            self.reboot()

    def inject(self, fault: Fault) -> None:
        """Let something go wrong: at once, or when its turn comes."""
        if fault.name is FaultName.REBOOT:
            self.reboot()
        elif fault.name is FaultName.UNPLUG:
            self.unplug(fault.seconds)
        elif fault.name is FaultName.SIM_BUSY:
            self.busy(fault.seconds or FOREVER)
        elif fault.name is FaultName.NO_NETWORK:
            self.lose_network(fault.seconds)
        else:
            self.faults.add(fault)

    def feed(self, data: bytes) -> None:
        """Take bytes from the client; without power they are lost."""
        if self.powered:
            self.interpreter.feed(data)

    def announce(self, line: str) -> None:
        """Send an unsolicited line."""
        if self.powered:
            self.interpreter.unsolicited(line)

    def later(self, seconds: float, callback: Callable[..., object], *args: object) -> None:
        """Call back after some seconds unless the power goes before; at once for no time."""
        if seconds <= 0:
            callback(*args)
            return

        def run() -> None:
            self._timers.discard(timer)
            callback(*args)

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def busy(self, seconds: float) -> None:
        """Let the SIM be busy for some seconds."""
        self._busy_until = asyncio.get_running_loop().time() + seconds

    def lose_network(self, seconds: float | None) -> None:
        """Leave the network, for some seconds or until `find_network`."""
        self.registration.change(RegistrationState.SEARCHING)
        if seconds is not None:
            self.later(seconds, self.find_network)

    def find_network(self) -> None:
        """Register, and take the messages that waited."""
        if self.sim.lock is Lock.READY and self.functionality == 1:
            self.registration.change(self._registered_state())
            self.network.retry(self)

    def unlocked(self) -> None:
        """Go on after the SIM opened: busy for a while, announce, search."""
        self.busy(self.profile.sim_busy)
        for seconds, line in self.profile.unlocked:
            self.later(seconds, self._announce_filled, line)
        self.registration.change(RegistrationState.SEARCHING)
        self.later(self.profile.search, self.find_network)

    def announce_ussd(self, outcome: int, text: str | None) -> None:
        """Send what the network answered to a USSD request."""
        profile = self.profile
        ucs2 = self.registers["+CSCS"] == UCS2
        self.announce(ussd.encode(profile.ussd_reply, profile.ussd_dcs, outcome, text, ucs2=ucs2))

    def fill(self, line: str) -> str:
        """Put what this SIM says into a line of the profile."""
        return line.format(
            iccid=self.sim.iccid,
            imsi=self.sim.imsi,
            number=self.sim.number,
            lock=self.sim.lock,
            pin=self.sim.pin_tries,
            puk=self.sim.puk_tries,
        )

    def quoted(self, text: str) -> str:
        """Quote a string in the character set +CSCS chose (3GPP TS 27.007 clause 5.5)."""
        if self.registers["+CSCS"] == UCS2:
            text = text.encode("utf-16-be").hex().upper()
        return f'"{text}"'

    def _booted(self) -> None:
        self.powered = True
        for seconds, line in self.profile.boot:
            self.later(seconds, self._announce_filled, line)
        if self.sim.lock is Lock.READY:
            self.unlocked()
        self._make_noise()

    def _announce_filled(self, line: str) -> None:
        self.announce(self.fill(line))

    def _make_noise(self) -> None:
        if not self.profile.noise:
            return
        if self.noisy:
            for line in self.profile.noise:
                self.announce(line)
        self.later(self.profile.noise_interval, self._make_noise)

    def _registered_state(self) -> RegistrationState:
        return RegistrationState.ROAMING if self.roaming else RegistrationState.HOME

    def _dispatch(self, command: Command) -> Reply | None:
        canned = self.profile.canned.get(command.text)
        if canned is not None:
            if command.text == self.profile.noise_off:
                self.noisy = False
            return info(*(self.fill(line) for line in canned))
        handler = HANDLERS.get(command.name)
        if handler is None:
            return self.set_or_read(command)
        refusal = self._sim_refusal(command)
        if refusal is not None:
            return refusal
        try:
            return handler(self, command)
        except ValueError:
            return cme(CME_INCORRECT_PARAMETERS)

    def set_or_read(self, command: Command) -> Reply:
        """Run a command that is only a setting."""
        name = command.name
        if name not in self.registers or (
            name in {"+CREG", "+CGREG", "+CEREG"} and not self.registration.known(name)
        ):
            return ERROR
        if command.kind is Kind.TEST:
            return info(f"{name}: {self.registers.shown(name)}")
        if command.kind is Kind.READ:
            return info(f"{name}: {self.registers[name]}")
        if command.kind is Kind.RUN or self.registers.set(command):
            return OK
        if name in SMS_REGISTERS:
            return cms(CMS_NOT_SUPPORTED)
        return cme(CME_INCORRECT_PARAMETERS)

    def _sim_refusal(self, command: Command) -> Reply | None:
        name = command.name
        of_sms = name in SMS_COMMANDS
        if not of_sms and name not in SIM_COMMANDS:
            return None
        lock = self.sim.lock
        if lock is not Lock.READY:
            return cms(_CMS_LOCKS[lock]) if of_sms else cme(_CME_LOCKS[lock])
        if self._busy_until and asyncio.get_running_loop().time() < self._busy_until:
            return cms(CMS_SIM_BUSY) if of_sms else cme(CME_SIM_BUSY)
        return None
