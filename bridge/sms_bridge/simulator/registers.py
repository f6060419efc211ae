"""Settings a client may set, read and ask the ranges of: one table instead of one function each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.simulator.at_syntax import Command

_GROUP = re.compile(r"\(([^)]*)\)")
_SPAN = re.compile(r"(\d+)-(\d+)$")


@dataclass(frozen=True, slots=True)
class Register:
    """One setting.

    `shown` is what `=?` answers, for instance `(0-2),(0,1)`. `accepted` has the same form and is
    what may really be set (modems advertise more than they take); empty means anything.
    """

    default: str
    shown: str
    accepted: str | None = None

    def allows(self, arguments: list[str]) -> bool:
        """Tell whether these arguments may be set; an empty one keeps its old value."""
        accepted = self.shown if self.accepted is None else self.accepted
        if not accepted:
            return True
        groups = [_members(group) for group in _GROUP.findall(accepted)] or [_members(accepted)]
        return len(arguments) <= len(groups) and all(
            not argument or argument in group for argument, group in zip(arguments, groups, strict=False)
        )


def _members(group: str) -> frozenset[str]:
    members: set[str] = set()
    for item in group.split(","):
        span = _SPAN.match(item.strip())
        if span:
            members.update(str(value) for value in range(int(span[1]), int(span[2]) + 1))
        else:
            members.add(item.strip())
    return frozenset(members)


#: Character sets of +CSCS (3GPP TS 27.007 clause 5.5) the simulator converts.
CHARACTER_SETS: Final = '("IRA","GSM","UCS2","8859-1")'
#: The value of +CSCS with which strings are UCS-2 in hexadecimal.
UCS2: Final = '"UCS2"'

#: 3GPP TS 27.005 and 27.007, V.250: the settings every modem has. Profiles override single ones.
COMMON_REGISTERS: Final[Mapping[str, Register]] = {
    "+CMEE": Register("0", "(0-2)"),
    # PDU mode only: none of the programs that drive the simulator wants text mode.
    "+CMGF": Register("0", "(0)"),
    "+CSCS": Register('"GSM"', CHARACTER_SETS),
    "+CSMS": Register("0", "(0,1)"),
    "+CMMS": Register("0", "(0-2)"),
    "+CNMI": Register("0,0,0,0,0", "(0-2),(0-3),(0,2,3),(0-2),(0,1)"),
    "+CLIP": Register("0", "(0,1)"),
    "+CRC": Register("0", "(0,1)"),
    "+CUSD": Register("0", "(0-2)"),
    "+CREG": Register("0", "(0-2)"),
    "+CGREG": Register("0", "(0-2)"),
    "+CEREG": Register("0", "(0-2)"),
    "+CSDH": Register("0", "(0,1)"),
    "+CSMP": Register("17,167,0,0", "(0-255),(0-255),(0-255),(0-255)", ""),
    "+CSCB": Register('0,"",""', "(0,1)", ""),
    "+CGSMS": Register("1", "(0-3)"),
    "+COLP": Register("0", "(0,1)"),
    "+CCWA": Register("0", "(0,1)", ""),
    "+CSSN": Register("0,0", "(0,1),(0,1)"),
    "+CTZU": Register("0", "(0,1)"),
    "+CTZR": Register("0", "(0-2)"),
    "+CVHU": Register("0", "(0-2)"),
    "+CGEREP": Register("0,0", "(0-2),(0,1)"),
    "+CGATT": Register("1", "(0,1)"),
    "+IPR": Register("115200", "", ""),
    "+IFC": Register("0,0", "(0-2),(0-2)"),
    "+ICF": Register("3,3", "(1-6),(0-3)"),
    "S0": Register("0", "(0-255)"),
    "S3": Register("13", "(0-127)"),
    "S4": Register("10", "(0-127)"),
    "S7": Register("60", "(0-255)"),
}


class Registers:
    """The current value of every setting of one modem."""

    def __init__(self, overrides: Mapping[str, Register]) -> None:
        """Take the common settings, some of them as this modem has them."""
        self._table = {**COMMON_REGISTERS, **overrides}
        self._values = {name: register.default for name, register in self._table.items()}

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a setting of this name."""
        return name in self._table

    def __getitem__(self, name: str) -> str:
        """Give the value of a setting as it was set."""
        return self._values[name]

    def reset(self) -> None:
        """Go back to the defaults, as ATZ and a reboot do."""
        self._values = {name: register.default for name, register in self._table.items()}

    def field(self, name: str, position: int) -> int:
        """Give one number of a setting of several."""
        return int(self._values[name].split(",")[position] or 0)

    def replace(self, name: str, position: int, value: int) -> None:
        """Change one number of a setting of several, as the modem itself does."""
        fields = self._values[name].split(",")
        fields[position] = str(value)
        self._values[name] = ",".join(fields)

    def shown(self, name: str) -> str:
        """Give what the test command answers."""
        return self._table[name].shown

    def set(self, command: Command) -> bool:
        """Set from a command's arguments; False if one of them is out of range."""
        arguments = [argument.strip() for argument in command.raw_arguments()]
        if not self._table[command.name].allows(arguments):
            return False
        old = self._values[command.name].split(",")
        kept = [
            argument or (old[position] if position < len(old) else "")
            for position, argument in enumerate(arguments)
        ]
        self._values[command.name] = ",".join([*kept, *old[len(kept) :]])
        return True
