"""Messages per second that leave a simulated modem at zero latency: the bridge, its limit, and its peers.

Run with the test requirements and mosquitto, smstools and gammu-smsd installed: python benchmarks/send.py
Every sender drives the same simulator, a process of its own; its log of submits is what is counted. The limit is a
program that does nothing but what the guarantee asks for: per message one SQLite commit with synchronous=FULL, then
AT+CMGS, the prompt and the PDU. The blind writer leaves out the commit.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import termios
import tty
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import (
    GATEWAY,
    Observer,
    Stage,
    command,
    in_turn,
    rate,
    ratio,
    show_command,
)
from sms_bridge.tpdu.codec import encode_pdu
from sms_bridge.tpdu.segment import build_submits

if TYPE_CHECKING:
    from collections.abc import Callable

#: Messages of one run; the peers get fewer, because they sleep between theirs.
MESSAGES: Final = 3000
SMSD_MESSAGES: Final = 25
GAMMU_MESSAGES: Final = 8
DAY: Final = 86_400
_SMSD_FOLDERS: Final = (
    "outgoing",
    "checked",
    "incoming",
    "report",
    "failed",
    "sent",
    "stats",
    "phonecalls",
    "saved",
)
_GAMMU_FOLDERS: Final = ("inbox", "outbox", "sent", "error")


def bridge(*, dlr: bool) -> float:
    """Run the daemon, fed over MQTT: the queue is filled while the gateway is paused, then it is resumed."""
    with Stage() as stage:
        stage.start_broker()
        stage.start_modem()
        stage.start_bridge(dlr=dlr)
        availability = f"gateway/{GATEWAY}/availability"
        with Observer(stage.port, availability, "dlr") as observer:
            observer.wait_for(availability, b"online")
            observer.publish("bridge/request/pause", {"gateway": GATEWAY})
            observer.wait_for(availability, b"offline")
            observer.publish_all("send", [command(number) for number in range(MESSAGES)])
            for _ in range(MESSAGES):
                observer.next()
        with Observer(stage.port) as observer:
            observer.publish("bridge/request/resume", {"gateway": GATEWAY})
            return rate(stage.wait_for_submits(MESSAGES))


def writer(*, commits: bool) -> float:
    """Only write PDUs, after a commit each or blindly."""
    pdus = [
        encode_pdu(build_submits(str(given["to"]), str(given["text"]), concat_ref=0, valid_for=DAY)[0])
        for given in map(command, range(MESSAGES))
    ]
    with Stage() as stage:
        stage.start_modem()
        database = sqlite3.connect(stage.folder / "writer.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE messages (row INTEGER PRIMARY KEY, state TEXT NOT NULL)")
        database.executemany("INSERT INTO messages VALUES (?, 'queued')", [(row,) for row in range(MESSAGES)])
        port = os.open(stage.modem, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(port, termios.TCSANOW)
        for line in (b"ATE0\r", b"AT+CMGF=0\r"):
            _ask(port, line, b"OK\r\n")
        for row, (pdu, length) in enumerate(pdus):
            if commits:
                database.execute("UPDATE messages SET state = 'submitting' WHERE row = ?", (row,))
            _ask(port, b"AT+CMGS=%d\r" % length, b"> ")
            _ask(port, pdu.encode() + b"\x1a", b"OK\r\n")
        os.close(port)
        database.close()
        return rate(stage.wait_for_submits(MESSAGES))


def _ask(port: int, written: bytes, end: bytes) -> None:
    os.write(port, written)
    answer = b""
    while not answer.endswith(end):
        answer += os.read(port, 4096)


def smsd() -> float:
    """Run smstools' smsd with its spool filled before it starts, without its usual pauses."""
    with Stage() as stage:
        stage.start_modem("--tcp", "0")
        address = _tcp_address(stage.folder / "modem.out")
        spool = _folders(stage.folder, _SMSD_FOLDERS)
        for number in range(SMSD_MESSAGES):
            given = command(number)
            text = f"To: {str(given['to']).removeprefix('+')}\n\n{given['text']}"
            (spool["outgoing"] / f"{number:04}").write_text(text)
        settings = stage.folder / "smsd.conf"
        settings.write_text(
            "devices = SIM\ndelaytime = 1\ndelaytime_mainprocess = 1\nreceive_before_send = no\n"
            + "".join(f"{name} = {folder}\n" for name, folder in spool.items())
            + f"logfile = {stage.folder / 'log'}\nloglevel = 3\n"
            + f"infofile = {stage.folder / 'smsd.working'}\npidfile = {stage.folder / 'smsd.pid'}\n"
            + f"[SIM]\ndevice = @{address}\nrtscts = no\nincoming = no\nreport = no\n"
        )
        stage.start("smsd", "smsd", "-t", "-c", settings)
        return rate(stage.wait_for_submits(SMSD_MESSAGES))


def gammu_smsd() -> float:
    """Run gammu-smsd with its spool filled before it starts, without its checks between messages."""
    with Stage() as stage:
        stage.start_modem()
        spool = _folders(stage.folder, _GAMMU_FOLDERS)
        for number in range(GAMMU_MESSAGES):
            given = command(number)
            (spool["outbox"] / f"OUT{given['to']}.txt").write_text(str(given["text"]))
        settings = stage.folder / "gammu-smsdrc"
        settings.write_text(
            f"[gammu]\ndevice = {stage.modem}\nconnection = at115200\nsynchronizetime = no\n"
            "[smsd]\nservice = files\ncommtimeout = 1\nreceivefrequency = 0\nloopsleep = 1\n"
            + "".join(f"check{what} = 0\n" for what in ("security", "battery", "signal", "network"))
            + f"logfile = {stage.folder / 'log'}\ninboxpath = {spool['inbox']}/\n"
            + f"outboxpath = {spool['outbox']}/\nsentsmspath = {spool['sent']}/\n"
            + f"errorsmspath = {spool['error']}/\n"
        )
        stage.start("gammu-smsd", "gammu-smsd", "-c", settings)
        return rate(stage.wait_for_submits(GAMMU_MESSAGES))


def _tcp_address(printed: Path) -> str:
    """The simulator's host and port, as it printed them."""
    (line,) = [line for line in printed.read_text().splitlines() if "socket://" in line]
    return line.partition("socket://")[2]


def _folders(parent: Path, names: tuple[str, ...]) -> dict[str, Path]:
    found = {name: parent / name for name in names}
    for folder in found.values():
        folder.mkdir()
    return found


SENDERS: Final[dict[str, Callable[[], float]]] = {
    "limit (one commit, one PDU at a time)": partial(writer, commits=True),
    "bridge, dlr false": partial(bridge, dlr=False),
    "bridge, dlr true": partial(bridge, dlr=True),
    "blind writer (no commit)": partial(writer, commits=False),
    "smsd of smstools": smsd,
    "gammu-smsd": gammu_smsd,
}


def main() -> None:
    """Print the rates, and ours divided by theirs."""
    rates = in_turn(SENDERS)
    for what, found in rates.items():
        print(f"{what}: {statistics.median(found):,.1f} messages/s")
    ours = [name for name in SENDERS if name.startswith("bridge")]
    for mine in ours:
        for theirs in [name for name in SENDERS if name not in ours]:
            print(f"{mine} ÷ {theirs}: {ratio(rates[mine], rates[theirs]):.2f}")
    show_command("send")


if __name__ == "__main__":
    main()
