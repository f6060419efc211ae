"""Commands about the SIM card (3GPP TS 27.007 clauses 5.6, 7.1, 7.4, 8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.at_syntax import Kind
from sms_bridge.simulator.calls import type_of_number
from sms_bridge.simulator.reply import (
    CME_INCORRECT_PARAMETERS,
    CME_INCORRECT_PASSWORD,
    CME_NO_SIM,
    CME_NOT_ALLOWED,
    CME_PUK_REQUIRED,
    OK,
    cme,
    info,
)
from sms_bridge.simulator.simcard import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.modem import ModemSimulator
    from sms_bridge.simulator.reply import (
        Reply,
    )

#: 3GPP TS 27.007 clause 7.4: <mode> "query status" of +CLCK.
_QUERY: Final = "2"


def _imsi(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(modem.sim.imsi)


def _own_number(modem: ModemSimulator, command: Command) -> Reply:
    number = modem.sim.number
    if command.kind is Kind.TEST or not number:
        return OK
    return info(f'+CNUM: {modem.quoted("")},"{number}",{type_of_number(number)}')


def _pin(modem: ModemSimulator, command: Command) -> Reply:
    sim = modem.sim
    if command.kind is Kind.TEST:
        return OK
    if sim.lock is Lock.ABSENT:
        return cme(CME_NO_SIM)
    if command.kind is not Kind.SET:
        return info(f"+CPIN: {sim.lock}")
    codes = command.arguments()
    if sim.lock is Lock.PIN:
        right = sim.enter_pin(codes[0])
    elif sim.lock is Lock.PUK and len(codes) > 1:
        right = sim.enter_puk(codes[0], codes[1])
    else:
        return cme(CME_PUK_REQUIRED if sim.lock is Lock.PUK else CME_NOT_ALLOWED)
    modem.journal.record("pin", modem=modem.name, right=right)
    if right:
        modem.unlocked()
        return OK
    return cme(CME_PUK_REQUIRED if sim.lock is Lock.PUK else CME_INCORRECT_PASSWORD)


def _facility_lock(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.TEST:
        return info('+CLCK: ("SC")')
    arguments = command.arguments()
    if arguments[:2] != ["SC", _QUERY]:
        return cme(CME_INCORRECT_PARAMETERS)
    return info(f"+CLCK: {int(modem.sim.pin is not None)}")


HANDLERS: Final[Mapping[str, Callable[[ModemSimulator, Command], Reply | None]]] = {
    "+CIMI": _imsi,
    "+CNUM": _own_number,
    "+CPIN": _pin,
    "+CLCK": _facility_lock,
}
