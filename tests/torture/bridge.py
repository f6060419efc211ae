"""The real daemon, with a trap: it kills itself at a named commit boundary, or has a known bug (a mutant).

Usage: python -m tests.torture.bridge CONFIG [--kill NAME:before|after:COUNT] [--mutant MUTANT]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import sms_bridge.store
from sms_bridge.cli import main as sms_bridge_main
from sms_bridge.links.modem import ModemLink
from sms_bridge.routing.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sms_bridge.store.base import Store, Transaction

T = TypeVar("T")


class Mutant(StrEnum):
    """Bugs that the proof must find."""

    PUBACK_BEFORE_COMMIT = "puback-before-commit"
    DELETE_BEFORE_COMMIT = "delete-before-commit"


class TrappedStore:
    """A store whose process dies right before or after the n-th commit of one name."""

    def __init__(self, store: Store, trap: str) -> None:
        self._store = store
        self._name, self._side, count = trap.split(":")
        self._left = int(count)

        self.open, self.close = store.open, store.close
        self.read, self.commit_age = store.read, store.commit_age

    async def write(self, name: str, unit: Callable[[Transaction], T]) -> T:
        """Write, or die."""
        hit = name == self._name
        self._left -= hit
        if hit and self._left == 0 and self._side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await self._store.write(name, unit)
        if hit and self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def _install_trap(trap: str) -> None:
    real = sms_bridge.store.open_store
    sms_bridge.store.open_store = lambda url: TrappedStore(real(url), trap)


def _install_mutant(mutant: Mutant) -> None:
    """Answer at once and commit a little later: what the contract forbids."""
    running: set[asyncio.Task[None]] = set()

    async def later(work: Awaitable[object]) -> None:
        await asyncio.sleep(0.05)
        await work

    owner, name = (Outbox, "accept") if mutant is Mutant.PUBACK_BEFORE_COMMIT else (ModemLink, "pdu")
    original = getattr(owner, name)

    async def hasty(self: object, *arguments: object) -> bool:
        task = asyncio.create_task(later(original(self, *arguments)))
        running.add(task)
        return True

    setattr(owner, name, hasty)


def main() -> int:
    """Run the daemon until it is stopped or dies."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("--kill")
    parser.add_argument("--mutant", type=Mutant)
    arguments = parser.parse_args()
    if arguments.kill:
        _install_trap(arguments.kill)
    if arguments.mutant:
        _install_mutant(arguments.mutant)
    return sms_bridge_main(["run", "-c", arguments.config])


if __name__ == "__main__":
    sys.exit(main())
