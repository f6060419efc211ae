"""A real mosquitto as a child process: own port, own configuration, own files."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

#: Seconds until a start has failed.
_START_TIMEOUT = 10.0


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker. What it acknowledged survives ``kill`` and ``start``; ``lines`` are added to its configuration."""

    def __init__(self, folder: Path, lines: tuple[str, ...] = ("allow_anonymous true",)) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self._folder = folder
        self._lines = lines
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program is not None, "mosquitto is needed: install Debian's package of that name"
        configuration = self._folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} {self.host}",
            "user root" if os.geteuid() == 0 else "",
            "persistence true",
            f"persistence_location {self._folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 0",
            "log_dest stderr",
            *self._lines,
        ]
        configuration.write_text("\n".join(lines) + "\n")
        with (self._folder / "mosquitto.log").open("ab") as log:
            # Ctrl-C is for whoever started us.
            self._process = subprocess.Popen(
                [program, "-c", str(configuration)], stderr=log, stdout=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self._folder / "mosquitto.log").read_text())
            time.sleep(0.01)

    def stop(self) -> None:
        """End it politely."""
        self._end("terminate")

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end("kill")

    def saved(self) -> bytes:
        """Return what survives a kill at this moment, in mosquitto's own format."""
        database = self._folder / "mosquitto.db"
        return database.read_bytes() if database.exists() else b""

    def _end(self, how: str) -> None:
        if self._process is not None:
            getattr(self._process, how)()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=0.2).close()
        except OSError:
            return False
        return True
