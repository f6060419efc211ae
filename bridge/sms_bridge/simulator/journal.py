"""A file of what happened, one JSON object a line, for tests that count afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING

from sms_bridge.simulator.submitted import Submitted

if TYPE_CHECKING:
    from pathlib import Path

#: What an entry of the journal may hold.
JournalValue = str | int | float | bool | None


class Journal:
    """Events of one simulator.

    Each line is one write(2) to a file opened for appending, so a reader never sees half a line
    and nothing is lost when the reader's process dies. Without a path nothing is kept. Lines are
    written once the event loop is free again, so that answers to a client do not wait for them.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Name the file; `start` opens it."""
        self._path = path
        self._file = -1
        self._pending: list[dict[str, JournalValue]] = []

    def start(self) -> None:
        """Open the file for appending."""
        if self._path is not None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def stop(self) -> None:
        """Write what is pending and close the file."""
        self._flush()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def record(self, event: str, **fields: JournalValue) -> None:
        """Note one event with the time of day (seconds since 1970)."""
        if self._file < 0:
            return
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pending.append({"event": event, "at": time.time(), **fields})

    def submit(self, submitted: Submitted) -> None:
        """Note a SUBMIT that left the modem."""
        if self._file >= 0:
            self.record(
                "submit",
                modem=submitted.modem,
                mr=submitted.mr,
                da=submitted.da,
                pdu=submitted.pdu_hex,
            )

    def _flush(self) -> None:
        entries, self._pending = self._pending, []
        for entry in entries:
            os.write(self._file, json.dumps(entry, separators=(",", ":")).encode() + b"\n")


def read_submits(path: Path) -> list[Submitted]:
    """Read the SUBMITs of a journal, their `at` in seconds since 1970.

    Raises OSError if there is no such file, ValueError if it is not a journal.
    """
    entries = (json.loads(line) for line in path.read_text(encoding="ascii").splitlines())
    return [
        Submitted(entry["at"], entry["modem"], entry["mr"], entry["da"], bytes.fromhex(entry["pdu"]))
        for entry in entries
        if entry["event"] == "submit"
    ]
