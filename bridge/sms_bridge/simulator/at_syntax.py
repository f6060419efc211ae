"""AT command lines: ITU-T V.250 clause 5.2 as a modem reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a command was asked (V.250 clause 5.4)."""

    RUN = ""
    SET = "="
    READ = "?"
    TEST = "=?"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line: `+CMGS=12` is the name `+CMGS`, kind SET, args `12`."""

    name: str
    kind: Kind
    args: str

    @property
    def text(self) -> str:
        """The command as it was written, without its `AT`."""
        return f"{self.name}{self.kind}{self.args}"

    def arguments(self) -> list[str]:
        """The arguments, split at commas outside quotes, without their quotes."""
        return [argument.strip().removeprefix('"').removesuffix('"') for argument in self.raw_arguments()]

    def raw_arguments(self) -> list[str]:
        """The arguments, split at commas outside quotes, quotes kept."""
        return _COMMA.split(self.args) if '"' in self.args else self.args.split(",")

    def number(self, position: int, default: int | None = None) -> int:
        """Give one argument as a number.

        Raises ValueError if it is missing (and has no default) or not a number.
        """
        arguments = self.arguments()
        if default is not None and (position >= len(arguments) or not arguments[position]):
            return default
        if position >= len(arguments):
            raise ValueError(f"{self.name} has no argument {position + 1}")
        return int(arguments[position])


_OUTSIDE_QUOTES = r'(?=(?:[^"]*"[^"]*")*[^"]*$)'
_COMMA = re.compile("," + _OUTSIDE_QUOTES)
_SEMICOLON = re.compile(";" + _OUTSIDE_QUOTES)

#: V.250 clause 5.4.1 plus the vendors' own prefixes: `^` Huawei, `*`, `#`, `%`, `$` others.
_EXTENDED = re.compile(r"\s*([+^#*%$][A-Za-z0-9_\-]+)\s*(=\?|\?|=|)(.*)", re.DOTALL)
#: V.250 clause 5.3.1 (basic commands) and 5.3.2 (S parameters).
_BASIC = re.compile(r"\s*(?:(S\d+)(=\?|\?|=)?(\d*)|(&?[A-Z])(\d*))", re.IGNORECASE)
_DIAL = re.compile(r"\s*D(.*)", re.IGNORECASE | re.DOTALL)


def parse_line(line: str) -> list[Command] | None:
    """Split one command line into its commands.

    None if the line does not begin with `AT` (a modem ignores it). An empty list is a bare `AT`.
    Raises ValueError for a line no modem would take.
    """
    line = line.strip()
    if line[:2].upper() != "AT":
        return None
    rest = line[2:]
    if ";" not in rest:
        match = _EXTENDED.match(rest)
        if match:
            return [_extended(match)]
        return _basic(rest)
    dialled = _DIAL.match(rest)
    if dialled:
        return [Command("D", Kind.RUN, dialled[1])]
    commands: list[Command] = []
    for piece in _SEMICOLON.split(rest):
        match = _EXTENDED.match(piece)
        commands.extend([_extended(match)] if match else _basic(piece))
    return commands


def _extended(match: re.Match[str]) -> Command:
    kind = Kind(match[2])
    return Command(match[1].upper(), kind, match[3].strip())


def _basic(text: str) -> list[Command]:
    commands: list[Command] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        rest = text[position:]
        dialled = _DIAL.match(rest)
        if dialled:
            return [*commands, Command("D", Kind.RUN, dialled[1])]
        extended = _EXTENDED.match(rest)
        if extended:
            return [*commands, _extended(extended)]
        match = _BASIC.match(rest)
        if not match:
            raise ValueError("not an AT command line")
        if match[1]:
            commands.append(Command(match[1].upper(), Kind(match[2] or ""), match[3]))
        else:
            commands.append(Command(match[4].upper(), Kind.RUN, match[5]))
        position += match.end()
    return commands
