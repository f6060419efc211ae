"""The simulator is a modem to those who know modems: gammu, gammu-smsd and smstools' smsd drive it.

These programs sleep on their own account; the time-outs here are upper limits, not waits.
"""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sms_bridge.simulator.simulation import Simulation

#: Seconds a program may take before its test fails.
PATIENCE = 90.0
RECIPIENT = "+491711234567"
ORIGINATOR = "+491727654321"
LONG_TEXT = "The quick brown fox jumps over the lazy dog. " * 5
UNICODE_TEXT = "Привет, мир 👋"


@contextlib.asynccontextmanager
async def running(program: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program in the foreground for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def gammu(simulation: Simulation, folder: Path, *arguments: str) -> str:
    """Run gammu to its end, which must be a good one, and give what it printed."""
    settings = folder / "gammurc"
    settings.write_text(gammu_section(simulation))
    async with running("gammu", "-c", str(settings), *arguments) as process:
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, out.decode()
        return out.decode()


def gammu_section(simulation: Simulation) -> str:
    return f"[gammu]\ndevice = {simulation.address}\nconnection = at115200\nsynchronizetime = no\n"


async def until(happened: Callable[[], object]) -> None:
    """Wait until something outside happened."""
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - what other programs write tells no event
            await asyncio.sleep(0.02)


def folders(parent: Path, *names: str) -> dict[str, Path]:
    found = {name: parent / name for name in names}
    for folder in found.values():
        folder.mkdir()
    return found


def contents(folder: Path) -> str:
    return "\n".join(file.read_text(errors="replace") for file in sorted(folder.iterdir()))


async def test_gammu_identifies_the_modem_and_its_sim(simulation: Simulation, tmp_path: Path) -> None:
    printed = await gammu(simulation, tmp_path, "--identify")

    assert "Manufacturer         : Simulated" in printed
    assert f"IMEI                 : {simulation.modem.profile.imei}" in printed
    assert f"SIM IMSI             : {simulation.modem.sim.imsi}" in printed


async def test_gammu_sends_a_text_of_several_segments(simulation: Simulation, tmp_path: Path) -> None:
    printed = await gammu(
        simulation, tmp_path, "--sendsms", "TEXT", RECIPIENT, "-report", "-autolen", "400", "-text", LONG_TEXT
    )

    (message,) = simulation.network.messages()
    assert (message.recipient, message.text, message.copies) == (RECIPIENT, LONG_TEXT, (1, 1))
    assert all(submitted.wants_report for submitted in simulation.network.submits)
    assert "message reference=0" in printed
    assert "message reference=1" in printed


async def test_gammu_sends_a_text_in_ucs2(simulation: Simulation, tmp_path: Path) -> None:
    arguments = ("--sendsms", "TEXT", RECIPIENT, "-unicode", "-autolen", "70", "-text", UNICODE_TEXT)
    await gammu(simulation, tmp_path, *arguments)

    (message,) = simulation.network.messages()
    assert (message.recipient, message.text, message.copies) == (RECIPIENT, UNICODE_TEXT, (1,))


async def test_gammu_reads_every_stored_message(simulation: Simulation, tmp_path: Path) -> None:
    simulation.network.deliver(ORIGINATOR, LONG_TEXT)
    simulation.network.deliver("BANK", "Your code is 123456")

    printed = await gammu(simulation, tmp_path, "--getallsms")

    assert f'Remote number        : "{ORIGINATOR}"' in printed
    assert 'Remote number        : "BANK"' in printed
    assert "Your code is 123456" in printed
    assert "part 2 of 2" in printed
    assert "3 SMS parts in 3 SMS sequences" in printed


async def test_gammu_smsd_sends_and_receives(simulation: Simulation, tmp_path: Path) -> None:
    spool = folders(tmp_path, "inbox", "outbox", "sent", "error")
    settings = tmp_path / "gammu-smsdrc"
    settings.write_text(
        gammu_section(simulation)
        + "[smsd]\nservice = files\ncommtimeout = 1\nreceivefrequency = 0\nloopsleep = 1\n"
        + "".join(f"check{what} = 0\n" for what in ("security", "battery", "signal", "network"))
        + f"logfile = {tmp_path / 'log'}\ninboxpath = {spool['inbox']}/\noutboxpath = {spool['outbox']}/\n"
        + f"sentsmspath = {spool['sent']}/\nerrorsmspath = {spool['error']}/\n"
    )
    (spool["outbox"] / f"OUT{RECIPIENT}.txt").write_text("Hello from gammu-smsd")
    simulation.network.deliver(ORIGINATOR, "Hello to gammu-smsd")

    async with running("gammu-smsd", "-c", str(settings)):
        await until(lambda: contents(spool["sent"]) and contents(spool["inbox"]))

    (message,) = simulation.network.messages()
    assert (message.recipient, message.text, message.copies) == (RECIPIENT, "Hello from gammu-smsd", (1,))
    assert contents(spool["inbox"]) == "Hello to gammu-smsd"
    assert contents(spool["error"]) == ""
    assert simulation.modem.memories["SM"].used() == 0


async def test_smsd_sends_receives_and_reads_a_status_report(
    tcp_simulation: Simulation, tmp_path: Path
) -> None:
    spool = folders(
        tmp_path,
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
    settings = tmp_path / "smsd.conf"
    settings.write_text(
        "devices = SIM\ndelaytime = 1\ndelaytime_mainprocess = 1\nreceive_before_send = no\n"
        + "".join(f"{name} = {folder}\n" for name, folder in spool.items())
        + f"logfile = {tmp_path / 'log'}\nloglevel = 7\n"
        + f"infofile = {tmp_path / 'smsd.working'}\npidfile = {tmp_path / 'smsd.pid'}\n"
        + f"[SIM]\ndevice = {tcp_simulation.address.replace('socket://', '@')}\nrtscts = no\n"
        + "init = AT+CNMI=2,1,0,2,0\nincoming = yes\nreport = yes\n"
    )
    number = RECIPIENT.removeprefix("+")
    (spool["outgoing"] / "one").write_text(f"To: {number}\nReport: yes\n\nHello from smsd")
    tcp_simulation.network.deliver(ORIGINATOR, "Hello to smsd")

    async with running("smsd", "-t", "-c", str(settings)):
        await until(
            lambda: contents(spool["sent"]) and contents(spool["incoming"]) and contents(spool["report"])
        )

    (message,) = tcp_simulation.network.messages()
    assert (message.recipient, message.text, message.copies) == (RECIPIENT, "Hello from smsd", (1,))
    assert "Hello to smsd" in contents(spool["incoming"])
    assert f"From: {ORIGINATOR.removeprefix('+')}" in contents(spool["incoming"])
    assert "Status: 0,Ok,short message received by the SME" in contents(spool["report"])
    assert contents(spool["failed"]) == ""
