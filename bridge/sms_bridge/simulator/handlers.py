"""Every command a modem understands beyond plain settings, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.simulator import general, network_commands, sim_commands, sms_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.modem import ModemSimulator
    from sms_bridge.simulator.reply import Reply

    #: None promises a later `Interpreter.complete`; a ValueError is a wrong parameter.
    Handler = Callable[[ModemSimulator, Command], Reply | None]

HANDLERS: Final[Mapping[str, Handler]] = {
    **general.HANDLERS,
    **sim_commands.HANDLERS,
    **network_commands.HANDLERS,
    **sms_commands.HANDLERS,
}
