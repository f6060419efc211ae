"""Commands about the network: registration, signal, calls, USSD (3GPP TS 27.007 clauses 6 to 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.simulator import ussd
from sms_bridge.simulator.at_syntax import Kind
from sms_bridge.simulator.registers import UCS2
from sms_bridge.simulator.registration import ACT_LTE
from sms_bridge.simulator.reply import CME_NO_NETWORK, OK, Reply, cme, info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.modem import ModemSimulator

#: 3GPP TS 27.007 clause 7.3, <format>: numeric, and <mode>: set only the format.
_NUMERIC: Final = 2
_SET_FORMAT: Final = 3
#: 3GPP TS 27.007 clause 8.69: RSRQ and RSRP of a good LTE cell, all else unknown.
_EXTENDED_SIGNAL: Final = "99,99,255,255,20,50"
_UNKNOWN_SIGNAL: Final = "99,99,255,255,255,255"


def _registration(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.READ and modem.registration.known(command.name):
        return info(modem.registration.read(command.name))
    return modem.set_or_read(command)


def _operator(modem: ModemSimulator, command: Command) -> Reply:
    network = modem.network
    if command.kind is Kind.TEST:
        name = modem.quoted(network.operator)
        return info(f'+COPS: (2,{name},{name},"{network.plmn}",{ACT_LTE}),,(0-4),(0-2)')
    if command.kind is Kind.SET:
        if command.number(0) == _SET_FORMAT:
            modem.operator_format = command.number(1)
        return OK
    if not modem.registration.registered:
        return info("+COPS: 0")
    shown = modem.operator_format
    name = f'"{network.plmn}"' if shown == _NUMERIC else modem.quoted(network.operator)
    return info(f"+COPS: 0,{shown},{name},{ACT_LTE}")


def _signal(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.TEST:
        return info("+CSQ: (0-31,99),(0-7,99)")
    return info(f"+CSQ: {modem.signal if modem.registration.registered else 99},99")


def _extended_signal(modem: ModemSimulator, _command: Command) -> Reply:
    return info(f"+CESQ: {_EXTENDED_SIGNAL if modem.registration.registered else _UNKNOWN_SIGNAL}")


def _dial(modem: ModemSimulator, command: Command) -> Reply:
    if not modem.registration.registered or not command.args.endswith(";"):
        return Reply(result="NO CARRIER")
    modem.calls.dial(command.args.removesuffix(";"))
    return OK


def _answer(modem: ModemSimulator, _command: Command) -> Reply:
    return OK if modem.calls.answer() else Reply(result="NO CARRIER")


def _hang_up(modem: ModemSimulator, command: Command) -> Reply:
    if command.kind is Kind.RUN:
        modem.calls.hang_up()
        modem.journal.record("hung up", modem=modem.name)
    return OK


def _calls(modem: ModemSimulator, command: Command) -> Reply:
    return OK if command.kind is Kind.TEST else info(*modem.calls.listing())


def _ussd(modem: ModemSimulator, command: Command) -> Reply:
    arguments = command.arguments() if command.kind is Kind.SET else []
    if len(arguments) < 2:  # noqa: PLR2004 - +CUSD=<n>,<str> asks, anything shorter sets
        if arguments == ["2"]:
            modem.network.end_ussd(modem)
        return modem.set_or_read(command)
    if not modem.registration.registered:
        return cme(CME_NO_NETWORK)
    request = ussd.decode(modem.profile.ussd_request, arguments[1], ucs2=modem.registers["+CSCS"] == UCS2)
    modem.network.ask_ussd(modem, request)
    return OK


HANDLERS: Final[Mapping[str, Callable[[ModemSimulator, Command], Reply | None]]] = {
    "+CREG": _registration,
    "+CGREG": _registration,
    "+CEREG": _registration,
    "+COPS": _operator,
    "+CSQ": _signal,
    "+CESQ": _extended_signal,
    "D": _dial,
    "A": _answer,
    "H": _hang_up,
    "+CHUP": _hang_up,
    "+CLCC": _calls,
    "+CUSD": _ussd,
}
