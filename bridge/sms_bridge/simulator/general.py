"""Commands about the modem itself (V.250, 3GPP TS 27.007 clauses 5 and 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.at_syntax import Kind
from sms_bridge.simulator.registration import RegistrationState
from sms_bridge.simulator.reply import ERROR, OK, info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.modem import ModemSimulator
    from sms_bridge.simulator.reply import Reply

#: +CBC: not charging, full, millivolts (3GPP TS 27.007 clause 8.4).
BATTERY: Final = "0,100,4100"
#: +CCLK shows quarters of an hour east of Greenwich (3GPP TS 27.007 clause 8.15).
_QUARTER: Final = timedelta(minutes=15)
#: +CFUN: full functionality (3GPP TS 27.007 clause 8.2).
_FULL: Final = 1


def _echo(modem: ModemSimulator, command: Command) -> Reply:
    modem.interpreter.echo = command.args != "0"
    return OK


def _verbose(modem: ModemSimulator, command: Command) -> Reply:
    modem.interpreter.verbose = command.args != "0"
    return OK


def _reset(modem: ModemSimulator, _command: Command) -> Reply:
    modem.registers.reset()
    modem.interpreter.echo = modem.interpreter.verbose = True
    return OK


def _accept(_modem: ModemSimulator, _command: Command) -> Reply:
    return OK


def _identify(modem: ModemSimulator, _command: Command) -> Reply:
    profile = modem.profile
    return info(profile.manufacturer, profile.model, profile.revision)


def _manufacturer(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(modem.profile.manufacturer)


def _model(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(modem.profile.model)


def _revision(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(modem.profile.revision)


def _imei(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(modem.profile.imei)


def _capabilities(_modem: ModemSimulator, _command: Command) -> Reply:
    return info("+GCAP: +CGSM")


def _functionality(modem: ModemSimulator, command: Command) -> Reply | None:
    if command.kind is Kind.READ:
        return info(f"+CFUN: {modem.functionality}")
    if command.kind is Kind.TEST:
        return info("+CFUN: (0,1,4),(0,1)")
    level, restart = command.number(0), command.number(1, 0)
    if level not in {0, 1, 4}:
        return ERROR
    if restart:
        modem.output.write(modem.interpreter.format(OK))
        modem.reboot()
        return None
    was = modem.functionality
    modem.functionality = level
    if level != _FULL:
        modem.registration.change(RegistrationState.IDLE)
    elif was != _FULL:
        modem.registration.change(RegistrationState.SEARCHING)
        modem.later(modem.profile.search, modem.find_network)
    return OK


def _activity(_modem: ModemSimulator, _command: Command) -> Reply:
    return info("+CPAS: 0")


def _battery(_modem: ModemSimulator, _command: Command) -> Reply:
    return info(f"+CBC: {BATTERY}")


def _clock(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is not Kind.READ:
        return OK
    moment = modem.network.clock()
    quarters = (moment.utcoffset() or timedelta()) // _QUARTER
    return info(f'+CCLK: "{moment:%y/%m/%d,%H:%M:%S}{quarters:+03}"')


HANDLERS: Final[Mapping[str, Callable[[ModemSimulator, Command], Reply | None]]] = {
    "E": _echo,
    "V": _verbose,
    "Z": _reset,
    "&F": _reset,
    "I": _identify,
    **dict.fromkeys(("Q", "X", "L", "M", "&C", "&D", "&K", "&S", "&W", "+FCLASS"), _accept),
    "+CGMI": _manufacturer,
    "+GMI": _manufacturer,
    "+CGMM": _model,
    "+GMM": _model,
    "+CGMR": _revision,
    "+GMR": _revision,
    "+CGSN": _imei,
    "+GSN": _imei,
    "+GCAP": _capabilities,
    "+CFUN": _functionality,
    "+CPAS": _activity,
    "+CBC": _battery,
    "+CCLK": _clock,
}
