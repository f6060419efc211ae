"""Messages on their way from a client through the modem to the network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.faults import FaultName
from sms_bridge.simulator.reply import (
    CMS_INVALID_INDEX,
    CMS_INVALID_PDU,
    CMS_MEMORY_FULL,
    CMS_NO_NETWORK,
    Reply,
    cms,
)
from sms_bridge.simulator.storage import STO_SENT, STO_UNSENT, Slot
from sms_bridge.simulator.submitted import Submitted, check_submit

if TYPE_CHECKING:
    from sms_bridge.simulator.faults import Fault
    from sms_bridge.simulator.modem import ModemSimulator

#: 3GPP TS 23.040 clause 9.2.2.2: octets of the shortest and the longest SUBMIT.
SHORTEST_TPDU: Final = 7
LONGEST_TPDU: Final = 176
#: TP-MR is one octet (3GPP TS 23.040 clause 9.2.3.6).
REFERENCES: Final = 256

#: Faults that end a SUBMIT in the modem: nothing leaves it.
_BEFORE: Final = (
    FaultName.NOT_SENT,
    FaultName.REBOOT_BEFORE_SEND,
    FaultName.UNPLUG_BEFORE_SEND,
)
#: Faults that take away the answer to a SUBMIT that left.
_AFTER: Final = (
    FaultName.LOST_ANSWER,
    FaultName.LATE_ANSWER,
    FaultName.REBOOT_AFTER_SEND,
    FaultName.UNPLUG_AFTER_SEND,
)


@dataclass(slots=True)
class Sender:
    """Sends for +CMGS and +CMSS, stores for +CMGW, and numbers the SUBMITs (TP-MR)."""

    modem: ModemSimulator
    reference: int = 0

    def ask_and_send(self, length: int) -> Reply | None:
        """Invite a PDU of this TPDU length and send it."""
        return self._ask(length, partial(self._typed, length))

    def ask_and_store(self, length: int, stat: int) -> Reply | None:
        """Invite a PDU of this TPDU length and store it."""
        return self._ask(length, partial(self._store, length, stat))

    def send_stored(self, index: int) -> Reply | None:
        """Send a stored SUBMIT; it is marked as sent."""
        slot = self.modem.memories[self.modem.selected[1]].get(index)
        if slot is None or slot.stat not in {STO_UNSENT, STO_SENT}:
            return cms(CMS_INVALID_INDEX)
        slot.stat = STO_SENT
        return self._send(slot.pdu[1 + slot.pdu[0] :], "+CMSS")

    def _ask(self, length: int, handler: partial[Reply | None]) -> Reply | None:
        if not SHORTEST_TPDU <= length <= LONGEST_TPDU:
            return cms(CMS_INVALID_PDU)
        self.modem.interpreter.open_prompt(handler)
        return None

    def _typed(self, length: int, typed: bytes) -> Reply | None:
        try:
            pdu = bytes.fromhex(typed.decode("ascii"))
            tpdu = pdu[1 + pdu[0] :]
        except (ValueError, IndexError):
            return cms(CMS_INVALID_PDU)
        if len(tpdu) != length:
            return cms(CMS_INVALID_PDU)
        return self._send(tpdu, "+CMGS")

    def _store(self, length: int, stat: int, typed: bytes) -> Reply | None:
        try:
            pdu = bytes.fromhex(typed.decode("ascii"))
        except ValueError:
            return cms(CMS_INVALID_PDU)
        if not pdu or len(pdu) != 1 + pdu[0] + length:
            return cms(CMS_INVALID_PDU)
        index = self.modem.memories[self.modem.selected[1]].add(Slot(pdu, stat))
        return cms(CMS_MEMORY_FULL) if index is None else Reply((f"+CMGW: {index}",))

    def _send(self, tpdu: bytes, command: str) -> Reply | None:
        modem = self.modem
        try:
            da = check_submit(tpdu)
        except ValueError:
            return cms(CMS_INVALID_PDU)
        if not modem.registration.registered:
            return cms(CMS_NO_NETWORK)
        if modem.faults:
            fault = self._take(_BEFORE)
            if fault:
                self._swallow(fault)
                return None
        code = self._refusal(da)
        if code is not None:
            modem.journal.record("refused", modem=modem.name, da=da, code=code)
            return self._answer(cms(code))
        mr = self.reference
        self.reference = (mr + 1) % REFERENCES
        submitted = Submitted(
            asyncio.get_running_loop().time(),
            modem.name,
            mr,
            da,
            tpdu[:1] + bytes((mr,)) + tpdu[2:],
        )
        modem.journal.submit(submitted)
        reply = Reply((f"{command}: {mr}",))
        if modem.faults:
            return self._send_with_faults(submitted, reply)
        modem.network.submit(modem, submitted)
        return self._answer(reply)

    def _answer(self, reply: Reply) -> Reply | None:
        """Answer at once, or after the time the network takes."""
        modem = self.modem
        if not modem.latency:
            return reply
        modem.later(modem.latency, modem.interpreter.complete, reply)
        return None

    def _send_with_faults(self, submitted: Submitted, reply: Reply) -> Reply | None:
        modem = self.modem
        modem.network.submit(
            modem,
            submitted,
            reports=modem.faults.take(FaultName.NO_REPORT) is None,
            at_once=modem.faults.take(FaultName.EARLY_REPORT) is not None,
        )
        fault = self._take(_AFTER)
        if fault is None:
            return self._answer(reply)
        if fault.name is FaultName.LATE_ANSWER:
            text = modem.interpreter.format(reply)
            modem.later(fault.seconds or 0, modem.output.write, text)
        self._swallow(fault)
        return None

    def _refusal(self, da: str) -> int | None:
        modem = self.modem
        if modem.faults:
            fault = modem.faults.take(FaultName.CMS) or modem.faults.take(FaultName.CMS_FOR, f"{da}=")
            if fault:
                return int(fault.argument.rpartition("=")[2])
        return modem.network.refusal(da)

    def _take(self, names: tuple[FaultName, ...]) -> Fault | None:
        for name in names:
            fault = self.modem.faults.take(name)
            if fault:
                return fault
        return None

    def _swallow(self, fault: Fault) -> None:
        """Leave the client without its answer."""
        modem = self.modem
        if fault.name in {FaultName.REBOOT_BEFORE_SEND, FaultName.REBOOT_AFTER_SEND}:
            modem.reboot()
        elif fault.name in {FaultName.UNPLUG_BEFORE_SEND, FaultName.UNPLUG_AFTER_SEND}:
            modem.unplug(fault.seconds)
        else:
            modem.interpreter.abandon()
