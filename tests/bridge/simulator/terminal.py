"""A terminal at a simulated modem, in memory: type a line, see what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.simulator.modem import ModemSimulator
from sms_bridge.simulator.network import Network
from sms_bridge.simulator.profiles import PROFILES
from sms_bridge.simulator.simcard import SimCard
from sms_bridge.tpdu.codec import encode_pdu
from sms_bridge.tpdu.segment import build_submits

if TYPE_CHECKING:
    from sms_bridge.simulator.journal import Journal
    from sms_bridge.simulator.profiles import Profile

RECIPIENT = "+491711234567"
ORIGINATOR = "+491727654321"


class Terminal:
    """A modem that is switched on, without echo. Must be made on a running event loop."""

    def __init__(
        self,
        profile: str | Profile = "generic",
        *,
        pin: str | None = None,
        network: Network | None = None,
        name: str = "modem",
        number: str = "+4917650000001",
        journal: Journal | None = None,
    ) -> None:
        self.network = network or Network()
        self.modem = ModemSimulator(
            PROFILES[profile] if isinstance(profile, str) else profile,
            self.network,
            name=name,
            sim=SimCard(pin=pin, number=number),
            journal=journal,
        )
        self._seen = bytearray()
        self.modem.output.attach(self._seen.extend)
        self.modem.start()
        self.ask("ATE0;+CMEE=1")

    def type(self, text: str) -> None:
        self.modem.feed(text.encode())

    def raw(self) -> bytes:
        """Take what came since the last time."""
        seen = bytes(self._seen)
        self._seen.clear()
        return seen

    def seen(self) -> list[str]:
        """Take the lines that came since the last time."""
        return [line for line in self.raw().decode("latin-1").split("\r\n") if line]

    def ask(self, line: str) -> list[str]:
        """Type a command line and take what comes at once."""
        self.seen()
        self.type(line + "\r")
        return self.seen()

    def send(self, text: str = "Hello", recipient: str = RECIPIENT, *, dlr: bool = False) -> list[str]:
        """Send a message and take what comes at once after each of its segments."""
        lines: list[str] = []
        for submit in build_submits(recipient, text, concat_ref=7, dlr=dlr):
            pdu, length = encode_pdu(submit)
            self.ask(f"AT+CMGS={length}")
            self.type(pdu + "\x1a")
            lines += self.seen()
        return lines
