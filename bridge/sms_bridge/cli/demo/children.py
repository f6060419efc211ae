"""Child processes that end with the demonstration."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from sms_bridge.cli.exits import Exit, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: Seconds that a child may take to end by itself: the bridge finishes the segment in the modem's hands.
_END_WITHIN: Final = 10.0
#: Seconds between two looks at whether a child is ready.
_LOOK: Final = 0.02
#: Lines of a child's output that explain why it ended.
_LAST_LINES: Final = 5


class Children:
    """Starts programs with their output in files of ``folder``, and ends them in reverse order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, words: Sequence[str | Path]) -> None:
        """Start a program, away from the terminal's signals."""
        with self._log(name).open("wb") as log:
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._running.append((name, child))

    def wait_for(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until ``ready``. Raises :class:`Stop` with the child's last words."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Stop(f"the {name} was not ready in time{self._last_words(name)}", Exit.FAILED)
            time.sleep(_LOOK)

    def check(self) -> None:
        """Raise :class:`Stop` where a child has ended."""
        for name, child in self._running:
            if child.poll() is not None:
                raise Stop(f"the {name} has ended unexpectedly{self._last_words(name)}", Exit.FAILED)

    def stop(self) -> None:
        """End all, the last first, and wait for each."""
        for _, child in reversed(self._running):
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_END_WITHIN)
            child.kill()
            child.wait()
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '-')}.log"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "".join(f"\n  {line}" for line in lines)


def ourselves(*words: str | Path) -> list[str | Path]:
    """The command line that runs ``sms-bridge`` with this interpreter and these modules."""
    return [sys.executable, "-m", "sms_bridge", *words]


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether somebody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_mosquitto() -> str | None:
    """Path of mosquitto; Debian keeps it where not every user's PATH leads."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
