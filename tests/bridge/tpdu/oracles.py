"""Independent decoders, run as they are: smstools' smsd reads a folder of PDUs in one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Seconds that smsd may take before it has read all it was given; it reads some hundred a second.
_PATIENCE: Final = 60
_POLL: Final = 0.02

_CONFIGURATION: Final = """
devices = OFF
loglevel = 4
logfile = {home}/smsd.log
infofile = {home}/smsd.running
pidfile = {home}/smsd.pid
incoming = {home}/incoming
outgoing = {home}/outgoing
checked = {home}/checked
sent = {home}/sent
failed = {home}/failed
incoming_utf8 = yes
decode_unicode_text = yes
internal_combine = no
delaytime = 1
[OFF]
modem_disabled = yes
device = {home}/device
incoming = yes
pdu_from_file = {home}/pdus/
"""


@dataclass(frozen=True, slots=True)
class Read:
    """What smsd made of a PDU: the headers of its file and the text behind them."""

    headers: dict[str, str]
    body: str


def smsd_read(pdus: Sequence[str], home: Path) -> list[Read]:
    """Return what smsd reads in each of ``pdus``, which are hexadecimal and each from an originator of its own.

    The result is in the order of smsd; ``home`` is an empty folder.
    """
    for folder in ("incoming", "outgoing", "checked", "sent", "failed", "pdus"):
        (home / folder).mkdir()
    (home / "device").touch()
    configuration = home / "smsd.conf"
    configuration.write_text(_CONFIGURATION.format(home=home))
    for number, pdu in enumerate(pdus):
        (home / "pdus" / f"{number:06}").write_text(f"{pdu}\n")
    program = shutil.which("smsd", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    assert program, "smsd is not installed; on Debian it is in the package smstools"
    command = [program, "-c", str(configuration), "-n", "ORACLE", "-t"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        try:
            _wait(home / "incoming", len(pdus), process)
        finally:
            process.terminate()
    return [_parse(path.read_bytes().decode("utf-8", "replace")) for path in (home / "incoming").iterdir()]


def _wait(folder: Path, files: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while len(list(folder.iterdir())) < files or any((folder.parent / "pdus").iterdir()):
        assert process.poll() is None, "smsd ended by itself"
        assert time.monotonic() < deadline, "smsd did not read all PDUs"
        time.sleep(_POLL)


def _parse(text: str) -> Read:
    head, _, body = text.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return Read(headers, body)
