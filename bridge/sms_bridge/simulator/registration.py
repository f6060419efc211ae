"""Whether and how the modem is registered in a network (+CREG and its relatives)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.registers import Registers


class RegistrationState(IntEnum):
    """3GPP TS 27.007 clause 7.2, <stat>."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    ROAMING = 5
    SMS_ONLY_HOME = 6
    SMS_ONLY_ROAMING = 7


#: 3GPP TS 27.007 clause 7.2, <AcT>: E-UTRAN.
ACT_LTE: Final = 7
#: A location area and a cell, as +CREG=2 shows them.
AREA: Final = '"00C3","01A2B3C4"'

_ROAMING: Final = {
    RegistrationState.HOME: RegistrationState.ROAMING,
    RegistrationState.SMS_ONLY_HOME: RegistrationState.SMS_ONLY_ROAMING,
}


class Registration:
    """The registration of one modem; changes are announced where +CREG and others ask for it."""

    def __init__(
        self,
        home: Mapping[str, int],
        registers: Registers,
        announce: Callable[[str], None],
    ) -> None:
        """Know which commands exist and what each shows when registered at home."""
        self._home = home
        self._registers = registers
        self._announce = announce
        self.state = RegistrationState.IDLE

    @property
    def registered(self) -> bool:
        """Whether messages can be sent and received."""
        return self.state in {RegistrationState.HOME, RegistrationState.ROAMING}

    def change(self, state: RegistrationState) -> None:
        """Enter a state and announce it."""
        if state == self.state:
            return
        self.state = state
        for name in self._home:
            mode = self._registers[name]
            if mode != "0":
                self._announce(f"{name}: {self._status(name, located=mode == '2')}")

    def known(self, name: str) -> bool:
        """Tell whether this modem has the command."""
        return name in self._home

    def read(self, name: str) -> str:
        """Give the answer to +CREG? or a relative."""
        mode = self._registers[name]
        return f"{name}: {mode},{self._status(name, located=mode == '2')}"

    def _status(self, name: str, *, located: bool) -> str:
        state: int = self.state
        if self.registered:
            home = RegistrationState(self._home[name])
            state = _ROAMING.get(home, home) if self.state == RegistrationState.ROAMING else home
        return f"{state},{AREA},{ACT_LTE}" if located and self.registered else str(int(state))
