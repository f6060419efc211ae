"""A simulated mobile network: the service centre, the other subscribers, calls and USSD."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator import ussd
from sms_bridge.simulator.downlink import Downlink
from sms_bridge.simulator.messages import Assembler
from sms_bridge.tpdu.address import Address
from sms_bridge.tpdu.dcs import Dcs
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.segment import FLASH, divide
from sms_bridge.tpdu.status_report import StatusReport
from sms_bridge.tpdu.submit import Submit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sms_bridge.simulator.messages import Message
    from sms_bridge.simulator.modem import ModemSimulator
    from sms_bridge.simulator.submitted import Submitted

#: What becomes of a message: a status report after so many seconds with this TP-ST
#: (3GPP TS 23.040 clause 9.2.3.15), for each report.
Policy = tuple[tuple[float, int], ...]

DELIVERED: Final[Policy] = ((0.1, 0x00),)
#: Temporary error, still trying (0x20 congestion); then delivered.
DELAYED: Final[Policy] = ((0.1, 0x20), (5.0, 0x00))
#: Permanent error: 0x41 incompatible destination; and 0x46 validity period expired.
UNDELIVERABLE: Final[Policy] = ((0.1, 0x41),)
EXPIRED: Final[Policy] = ((0.1, 0x46),)
#: Temporary error, given up (0x62 no response from the recipient's handset).
GIVEN_UP: Final[Policy] = ((0.1, 0x62),)
NO_REPORT: Final[Policy] = ()

POLICIES: Final[dict[str, Policy]] = {
    "delivered": DELIVERED,
    "delayed": DELAYED,
    "undeliverable": UNDELIVERABLE,
    "expired": EXPIRED,
    "given-up": GIVEN_UP,
    "no-report": NO_REPORT,
}

#: An 8-bit concatenation reference (3GPP TS 23.040 clause 9.2.3.24.1), and a 16-bit one.
_REFERENCES: Final = 0x100
_WIDE_REFERENCES: Final = 0x10000

USSD_TABLE: Final[dict[str, ussd.Menu | str]] = {
    "*100#": "Balance: 12.34 EUR",
    "*101#": ussd.Menu("1 Balance\n2 Data", {"1": "Balance: 12.34 EUR", "2": "5 GB left"}),
}


def now() -> datetime:
    """Give the time of day in UTC."""
    return datetime.now(UTC)


def echo(message: Message) -> str | None:
    """Reply to a message with its own text."""
    return message.text


class Network:
    """Takes the SUBMITs of any number of modems, reports on them, and delivers to modems.

    `policy` says what becomes of messages, `policies` of those to single numbers, `refusals`
    holds +CMS ERROR codes of numbers the network does not serve. A message to the number of
    another attached modem arrives there. `reply` may answer each complete message; its text
    comes from the recipient after `reply_after` seconds.
    """

    def __init__(
        self,
        *,
        smsc: str = "+491710760000",
        policy: Policy = DELIVERED,
        reply: Callable[[Message], str | None] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.smsc = smsc
        self.smsc_octets = Address.of(smsc).to_service_centre()
        self.operator = "Simulated"
        self.plmn = "26201"
        self.policy = policy
        self.policies: dict[str, Policy] = {}
        self.refusals: dict[str, int] = {}
        self.reply = reply
        self.reply_after = 1.0
        self.clock = clock
        self.ussd: dict[str, ussd.Menu | str] = dict(USSD_TABLE)
        self.ussd_after = 0.1
        #: Every SUBMIT in order.
        self.submits: list[Submitted] = []
        self._modems: dict[str, ModemSimulator] = {}
        self._downlinks: dict[str, Downlink] = {}
        self._menus: dict[str, ussd.Menu] = {}
        self._listeners: list[Callable[[Submitted], None]] = []
        self._assembler = Assembler()
        self._assembled = 0
        self._reference = 0

    def attach(self, modem: ModemSimulator) -> None:
        """Take a modem in; its name must be its own."""
        self._modems[modem.name] = modem
        self._downlinks.setdefault(modem.name, Downlink(modem))

    def detach(self, modem: ModemSimulator) -> None:
        """Forget a modem and what waits for it."""
        self._modems.pop(modem.name, None)
        self._downlinks.pop(modem.name, None)

    def on_submit(self, listener: Callable[[Submitted], None]) -> Callable[[], None]:
        """Tell `listener` of each SUBMIT until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def refusal(self, da: str) -> int | None:
        """Give the +CMS ERROR code for a number the network refuses, None if it takes it."""
        return self.refusals.get(da) if self.refusals else None

    def submit(
        self,
        modem: ModemSimulator,
        submitted: Submitted,
        *,
        reports: bool = True,
        at_once: bool = False,
    ) -> None:
        """Take a SUBMIT. `reports=False` loses its reports, `at_once` sends the first one before returning."""
        self.submits.append(submitted)
        for listener in self._listeners:
            listener(submitted)
        self._forward(submitted)
        if reports and submitted.wants_report:
            self._plan_reports(modem, submitted, at_once=at_once)
        if self.reply is not None:
            asyncio.get_running_loop().call_soon(self._assemble)

    def messages(self) -> list[Message]:
        """Give what recipients got so far, in order, with duplicates counted."""
        self._assemble()
        return self._assembler.messages()

    def deliver(
        self,
        originator: str,
        content: str | bytes,
        *,
        to: str | None = None,
        at: datetime | None = None,
        flash: bool = False,
        wide: bool = False,
        port: int | None = None,
        concat_ref: int | None = None,
        order: Sequence[int] | None = None,
    ) -> list[Deliver]:
        """Send a text or 8-bit data to a modem and give its segments.

        `originator` is a number or a name, `to` the modem's name (the only one if left out), `at`
        the service centre's time stamp, `order` the sequence numbers (from 1) of the segments to
        send: shuffled, repeated or incomplete.
        """
        if concat_ref is None:
            self._reference = (self._reference + 1) % (_WIDE_REFERENCES if wide else _REFERENCES)
            concat_ref = self._reference
        segments = divide(content, concat_ref=concat_ref, wide=wide, port=port)
        delivers = [
            Deliver(
                oa=Address.of(originator),
                dcs=Dcs.of(segments.encoding, FLASH if flash else None),
                scts=at or self.clock(),
                ud=ud,
            )
            for ud in segments.parts
        ]
        if order is not None:
            delivers = [delivers[seqno - 1] for seqno in order]
        for deliver in delivers:
            self.deliver_tpdu(deliver.to_bytes(), to=to)
        return delivers

    def deliver_tpdu(self, tpdu: bytes, *, to: str | None = None) -> None:
        """Send any TPDU to a modem, as it is."""
        self._downlinks[self._name(to)].push(tpdu)

    def waiting(self, to: str | None = None) -> int:
        """Count what a modem was not able to take so far."""
        return self._downlinks[self._name(to)].waiting

    def retry(self, modem: ModemSimulator) -> None:
        """Try again to deliver what a modem refused; the modem says when."""
        downlink = self._downlinks.get(modem.name)
        if downlink is not None:
            downlink.retry()

    def ask_ussd(self, modem: ModemSimulator, request: str) -> None:
        """Take a USSD request, or the answer to a menu; the network's text follows."""
        menu = self._menus.pop(modem.name, None)
        answer = menu.choices.get(request) if menu else self.ussd.get(request)
        if isinstance(answer, ussd.Menu):
            self._menus[modem.name] = answer
            outcome, text = ussd.ANSWER_WANTED, answer.text
        elif answer is None:
            outcome, text = (ussd.TERMINATED if menu else ussd.NOT_SUPPORTED), None
        else:
            outcome, text = ussd.DONE, answer
        modem.later(self.ussd_after, modem.announce_ussd, outcome, text)

    def end_ussd(self, modem: ModemSimulator) -> None:
        """End a USSD session at the client's wish."""
        self._menus.pop(modem.name, None)

    def _name(self, name: str | None) -> str:
        return next(iter(self._downlinks)) if name is None else name

    def _forward(self, submitted: Submitted) -> None:
        for modem in self._modems.values():
            if modem.sim.number == submitted.da:
                sender = self._modems[submitted.modem].sim.number
                submit = Submit.from_bytes(submitted.tpdu)
                deliver = Deliver(
                    oa=Address.of(sender), dcs=submit.dcs, ud=submit.ud, pid=submit.pid, scts=self.clock()
                )
                self._downlinks[modem.name].push(deliver.to_bytes())

    def _plan_reports(self, modem: ModemSimulator, submitted: Submitted, *, at_once: bool) -> None:
        taken = self.clock()
        loop = asyncio.get_running_loop()
        for after, st in self.policies.get(submitted.da, self.policy):
            if at_once:
                self._report(modem, submitted, taken, st)
                at_once = False
            else:
                loop.call_later(after, self._report, modem, submitted, taken, st)

    def _report(self, modem: ModemSimulator, submitted: Submitted, taken: datetime, st: int) -> None:
        downlink = self._downlinks.get(modem.name)
        if downlink is None:
            return
        report = StatusReport(
            mr=submitted.mr,
            ra=Address.from_bytes(submitted.da_octets),
            scts=taken,
            dt=self.clock(),
            st=st,
        )
        downlink.push(report.to_bytes())

    def _assemble(self) -> None:
        while self._assembled < len(self.submits):
            message = self._assembler.add(self.submits[self._assembled])
            self._assembled += 1
            if message is not None and self.reply is not None:
                text = self.reply(message)
                if text is not None:
                    asyncio.get_running_loop().call_later(self.reply_after, self._answer, message, text)

    def _answer(self, message: Message, text: str) -> None:
        if message.modem in self._downlinks:
            self.deliver(message.recipient, text, to=message.modem)
