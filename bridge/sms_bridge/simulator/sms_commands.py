"""Commands about messages (3GPP TS 27.005)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.at_syntax import Kind
from sms_bridge.simulator.calls import type_of_number
from sms_bridge.simulator.faults import FaultName
from sms_bridge.simulator.reply import (
    CMS_INVALID_INDEX,
    CMS_NO_CNMA_EXPECTED,
    CMS_NOT_ALLOWED,
    OK,
    cms,
    info,
)
from sms_bridge.simulator.storage import ALL, REC_READ, REC_UNREAD, STO_SENT, STO_UNSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.modem import ModemSimulator
    from sms_bridge.simulator.reply import (
        Reply,
    )
    from sms_bridge.simulator.storage import Memory, Slot

#: 3GPP TS 27.005 clause 3.2.2: +CPMS selects memories for reading, writing and receiving.
_READING: Final = 0
_WRITING: Final = 1
#: 3GPP TS 27.005 clause 3.5.4, <delflag>: what else +CMGD deletes.
_DELETED_BY_FLAG: Final[Mapping[int, frozenset[int]]] = {
    1: frozenset({REC_READ}),
    2: frozenset({REC_READ, STO_SENT}),
    3: frozenset({REC_READ, STO_SENT, STO_UNSENT}),
    4: frozenset({REC_UNREAD, REC_READ, STO_SENT, STO_UNSENT}),
}
#: 3GPP TS 27.005 clause 3.4.4, <n> of +CNMA: the message was not taken.
_NOT_TAKEN: Final = 2


def _memories(modem: ModemSimulator, command: Command) -> Reply:
    accepted = modem.profile.cpms
    if command.kind is Kind.TEST:
        groups = ("(" + ",".join(f'"{name}"' for name in names) + ")" for names in accepted)
        return info("+CPMS: " + ",".join(groups))
    if command.kind is Kind.READ:
        counts = (f'"{name}",{_counts(modem, name)}' for name in modem.selected)
        return info("+CPMS: " + ",".join(counts))
    names = command.arguments()
    if len(names) > len(accepted) or any(
        name and name not in allowed for name, allowed in zip(names, accepted, strict=False)
    ):
        return cms(CMS_NOT_ALLOWED)
    for position, name in enumerate(names):
        modem.selected[position] = name or modem.selected[position]
    if not modem.profile.cpms_counts:
        return OK
    return info("+CPMS: " + ",".join(_counts(modem, name) for name in modem.selected))


def _counts(modem: ModemSimulator, name: str) -> str:
    memory = modem.memories[name]
    if modem.faults.active(FaultName.MEMORY_FULL):
        return f"{memory.capacity},{memory.capacity}"
    now = asyncio.get_running_loop().time()
    used = sum(slot.readable_at <= now for _, slot in memory.items())
    return f"{used},{memory.capacity}"


def _service_centre(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.READ:
        number = modem.service_centre
        return info(f"+CSCA: {modem.quoted(number)},{type_of_number(number)}")
    if command.kind is Kind.SET:
        modem.service_centre = command.arguments()[0]
    return OK


def _service(modem: ModemSimulator, command: Command) -> Reply:
    reply = modem.set_or_read(command)
    if not reply.ok or command.kind is Kind.TEST:
        return reply
    service = modem.registers["+CSMS"]
    return info(f"+CSMS: {service},1,1,1" if command.kind is Kind.READ else "+CSMS: 1,1,1")


def _indications(modem: ModemSimulator, command: Command) -> Reply:
    reply = modem.set_or_read(command)
    if reply.ok and command.kind is Kind.SET:
        modem.network.retry(modem)
    return reply


def _list(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.TEST:
        return info("+CMGL: (0-4)")
    stat = command.number(0, REC_UNREAD) if command.kind is Kind.SET else REC_UNREAD
    lines = []
    for index, slot in _readable(modem):
        if stat in (ALL, slot.stat):
            lines.append(f"+CMGL: {index},{_head(slot)}")
            _mark_read(slot)
    return info(*lines)


def _read(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.TEST:
        return OK
    index = command.number(0)
    slot = _memory(modem, _READING).get(index)
    if slot is None or slot.readable_at > asyncio.get_running_loop().time():
        return OK if modem.profile.empty_index_ok else cms(CMS_INVALID_INDEX)
    modem.journal.record("read", modem=modem.name, memory=modem.selected[_READING], index=index)
    reply = info(f"+CMGR: {_head(slot)}")
    _mark_read(slot)
    return reply


def _mark_read(slot: Slot) -> None:
    if slot.stat == REC_UNREAD:
        slot.stat = REC_READ


def _head(slot: Slot) -> str:
    return f"{slot.stat},,{slot.tpdu_length}\r\n{slot.pdu.hex().upper()}"


def _readable(modem: ModemSimulator) -> list[tuple[int, Slot]]:
    now = asyncio.get_running_loop().time()
    memory = _memory(modem, _READING)
    return [(index, slot) for index, slot in memory.items() if slot.readable_at <= now]


def _memory(modem: ModemSimulator, position: int) -> Memory:
    return modem.memories[modem.selected[position]]


def _delete(modem: ModemSimulator, command: Command) -> Reply:
    memory = _memory(modem, _READING)
    if command.kind is Kind.TEST:
        indexes = ",".join(str(index) for index, _ in memory.items())
        return info(f"+CMGD: ({indexes}),(0-4)")
    flag = command.number(1, 0)
    if flag:
        stats = _DELETED_BY_FLAG.get(flag, frozenset())
        doomed = [index for index, slot in memory.items() if slot.stat in stats]
    else:
        doomed = [command.number(0)]
        if not memory.first_index <= doomed[0] < memory.first_index + memory.capacity:
            return cms(CMS_INVALID_INDEX)
    for index in doomed:
        slot = memory.get(index)
        if slot is not None:
            memory.delete(index)
            modem.journal.record(
                "deleted",
                modem=modem.name,
                memory=modem.selected[_READING],
                index=index,
                pdu=slot.pdu.hex().upper(),
            )
    modem.network.retry(modem)
    return OK


def _send(modem: ModemSimulator, command: Command) -> Reply | None:
    return OK if command.kind is Kind.TEST else modem.sender.ask_and_send(command.number(0))


def _write(modem: ModemSimulator, command: Command) -> Reply | None:
    if command.kind is Kind.TEST:
        return OK
    return modem.sender.ask_and_store(command.number(0), command.number(1, STO_UNSENT))


def _send_stored(modem: ModemSimulator, command: Command) -> Reply | None:
    return OK if command.kind is Kind.TEST else modem.sender.send_stored(command.number(0))


def _acknowledge(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.TEST:
        return info("+CNMA: (0-2)")
    taken = command.kind is not Kind.SET or command.number(0) != _NOT_TAKEN
    return OK if modem.receiver.acknowledge(accepted=taken) else cms(CMS_NO_CNMA_EXPECTED)


HANDLERS: Final[Mapping[str, Callable[[ModemSimulator, Command], Reply | None]]] = {
    "+CPMS": _memories,
    "+CSCA": _service_centre,
    "+CSMS": _service,
    "+CNMI": _indications,
    "+CMGL": _list,
    "+CMGR": _read,
    "+CMGD": _delete,
    "+CMGS": _send,
    "+CMGW": _write,
    "+CMSS": _send_stored,
    "+CNMA": _acknowledge,
}
