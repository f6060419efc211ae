"""Messages on their way from the network through the modem to the client (27.005 clause 3.4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.faults import FaultName
from sms_bridge.simulator.storage import REC_UNREAD, Slot
from sms_bridge.simulator.submitted import MTI_MASK, MTI_STATUS_REPORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.modem import ModemSimulator

#: 3GPP TS 27.005 clause 3.4.1: positions in +CNMI.
CNMI_MODE: Final = 0
CNMI_MT: Final = 1
CNMI_DS: Final = 3
#: Values of <mt> and <ds>.
MT_INDICATE: Final = 1
MT_DIRECT: Final = 2
MT_CLASS_3: Final = 3
DS_DIRECT: Final = 1
DS_STORE: Final = 2
#: Message classes of 3GPP TS 23.038 clause 4.
CLASS_FLASH: Final = 0
CLASS_SIM: Final = 2
CLASS_TERMINAL: Final = 3


class Receiver:
    """Stores and announces, or hands over, whatever the network delivers.

    The network delivers one message at a time and waits for `done(accepted)`.
    """

    def __init__(self, modem: ModemSimulator) -> None:
        """Receive for this modem."""
        self._modem = modem
        self._waiting: Callable[[bool], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def receive(self, tpdu: bytes, done: Callable[[bool], None]) -> None:
        """Take a DELIVER or a STATUS-REPORT from the network."""
        modem = self._modem
        if not modem.powered or not modem.registration.registered:
            done(False)
        elif tpdu[0] & MTI_MASK == MTI_STATUS_REPORT:
            self._report(tpdu, done)
        else:
            self._message(tpdu, done)

    def acknowledge(self, *, accepted: bool) -> bool:
        """Take a +CNMA; False if none was expected."""
        done = self._waiting
        if done is None:
            return False
        self._waiting = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        done(accepted)
        return True

    def reset(self) -> None:
        """Wait for no +CNMA any more; the network keeps what was not acknowledged."""
        self.acknowledge(accepted=False)

    def _message(self, tpdu: bytes, done: Callable[[bool], None]) -> None:
        mt = self._routing(CNMI_MT)
        if self._goes_direct(mt, message_class(tpdu)):
            self._hand_over("+CMT: ,", tpdu, done)
            return
        copies = 2 if self._modem.faults and self._modem.faults.take(FaultName.DOUBLE_STORE) else 1
        name = self._modem.selected[2]
        indexes = [self._store(name, tpdu) for _ in range(copies)]
        if indexes[0] is None:
            done(False)
            return
        for index in indexes:
            if index is not None and mt in {MT_INDICATE, MT_DIRECT, MT_CLASS_3}:
                bad = self._modem.faults and self._modem.faults.take(FaultName.BAD_INDEX)
                self._modem.announce(f'+CMTI: "{name}",{-1 if bad else index}')
        done(True)

    def _goes_direct(self, mt: int, kind: int | None) -> bool:
        if mt == MT_DIRECT:
            return kind != CLASS_SIM
        if mt == MT_CLASS_3 and kind == CLASS_TERMINAL:
            return True
        return bool(mt) and kind == CLASS_FLASH and self._modem.profile.flash_direct

    def _report(self, tpdu: bytes, done: Callable[[bool], None]) -> None:
        profile = self._modem.profile
        ds = self._routing(CNMI_DS)
        if ds == DS_DIRECT:
            self._hand_over("+CDS: ", tpdu, done)
            return
        if ds == DS_STORE:
            index = self._store(profile.report_memory, tpdu)
            if index is None:
                done(False)
                return
            shown = index if profile.announced_index is None else profile.announced_index
            self._modem.announce(f'+CDSI: "{profile.announced_memory}",{shown}')
        done(True)

    def _routing(self, position: int) -> int:
        """Give <mt> or <ds>; nothing goes to the client while <mode> buffers."""
        registers = self._modem.registers
        return registers.field("+CNMI", position) if registers.field("+CNMI", CNMI_MODE) else 0

    def _hand_over(self, prefix: str, tpdu: bytes, done: Callable[[bool], None]) -> None:
        pdu = self._modem.network.smsc_octets + tpdu
        self._modem.announce(f"{prefix}{len(tpdu)}\r\n{pdu.hex().upper()}")
        if self._modem.registers["+CSMS"] == "0":
            done(True)
            return
        self._waiting = done
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._modem.profile.cnma_timeout, self._unacknowledged)

    def _unacknowledged(self) -> None:
        """Stop handing messages over (27.005 clause 3.4.4); the network keeps this one."""
        self._modem.registers.replace("+CNMI", CNMI_MT, 0)
        self._modem.registers.replace("+CNMI", CNMI_DS, 0)
        self.acknowledge(accepted=False)

    def _store(self, name: str, tpdu: bytes) -> int | None:
        modem = self._modem
        memory = modem.memories[name]
        slot = Slot(modem.network.smsc_octets + tpdu, REC_UNREAD)
        index = None
        if not modem.faults.active(FaultName.MEMORY_FULL):
            early = modem.faults.take(FaultName.EARLY_CMTI)
            if early:
                slot.readable_at = asyncio.get_running_loop().time() + (early.seconds or 0)
            index = memory.add(slot)
        if index is None:
            if modem.profile.full:
                modem.announce(modem.profile.full.format(memory=name))
            return None
        modem.journal.record("stored", modem=modem.name, memory=name, index=index, pdu=slot.pdu.hex().upper())
        return index


#: 3GPP TS 23.038 clause 4: coding groups that carry a message class in their two lowest bits.
_HAS_CLASS_MASK: Final = 0x90
_HAS_CLASS: Final = 0x10
_GROUP_F: Final = 0xF0
_CLASS_MASK: Final = 0x03


def message_class(tpdu: bytes) -> int | None:
    """Give the message class of a DELIVER, None if it has none."""
    position = 4 + (tpdu[1] + 1) // 2
    if position >= len(tpdu):
        return None
    dcs = tpdu[position]
    if dcs & _HAS_CLASS_MASK == _HAS_CLASS or dcs & _GROUP_F == _GROUP_F:
        return dcs & _CLASS_MASK
    return None
