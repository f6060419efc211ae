"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses (bridge contract, command line)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    OPEN = 3
    UNREACHABLE = 4


class Stop(Exception):
    """Ends a command with one line for people and an exit status."""

    def __init__(self, message: str, status: Exit) -> None:
        super().__init__(message)
        self.status = status
