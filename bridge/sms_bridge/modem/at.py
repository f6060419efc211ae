"""The AT channel: one command at a time, its reply told apart from everything else on the line."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import count
from typing import TYPE_CHECKING, Final

from .errors import (
    AtFailed,
    AtTimeout,
    CmsError,
    ModemError,
    PortLost,
)
from .framer import Framer
from .results import parse_failure
from .urc import parse_urc

if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import (
        Interrupted,
    )
    from .model import Timeouts
    from .urc import Urc

#: 3GPP TS 27.005 clause 3.5.1: ends the PDU and submits it.
CTRL_Z: Final = b"\x1a"
#: 3GPP TS 27.005 clause 3.5.1: leaves the prompt without submitting.
ESC: Final = b"\x1b"

#: A line counts as quiet after this many seconds without a byte.
_QUIET: Final = 0.3
#: Longest wait for quiet, in seconds.
_DRAIN_AT_MOST: Final = 5.0
#: Most lines of one reply; a listing of 255 messages has 510.
_MOST_LINES: Final = 4096
#: How often a silent modem is probed before it is given up.
_PROBES: Final = 3
#: How long an OK may follow an information line that is final by itself, in seconds.
_FINAL_AFTER_INFO: Final = 0.5


class Priority(IntEnum):
    """Which waiting command goes first; lower is sooner. A PDU follows its prompt inside its own command."""

    ACKNOWLEDGE = 0
    STORAGE = 1
    NORMAL = 2
    POLL = 3


class Wait(StrEnum):
    """Which of the ``Timeouts`` a command is given."""

    AT = "at"
    SIM = "sim"
    STORAGE = "storage"
    LISTING = "listing"
    SUBMIT = "submit"
    USSD = "ussd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An AT command and how its reply looks.

    ``prefix`` starts its information lines (``""`` where they have none); ``required`` says that an OK without any
    such line cannot be its reply; ``accepts`` tells its own information lines from URCs that start alike. ``payload``
    is written at the prompt. ``info_is_final`` tolerates modems that leave out the OK. ``more_finals`` are further
    lines that end it in failure.
    """

    text: str
    prefix: str = ""
    wait: Wait = Wait.AT
    priority: Priority = Priority.NORMAL
    required: bool = False
    accepts: Callable[[str], bool] | None = None
    payload: bytes | None = None
    info_is_final: bool = False
    more_finals: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The command without its values, fit for a log."""
        return self.text.partition("=")[0]


#: Commands of 3GPP TS 27.005, the only ones that may end in +CMS ERROR.
_MESSAGE_COMMANDS: Final = ("AT+CM", "AT+CN", "AT+CPMS", "AT+CSMS", "AT+CSCA")


class _Job:
    """A command on its way through the channel."""

    __slots__ = ("command", "echo", "future", "handed_over", "lines", "prompted")

    def __init__(self, command: Command, future: asyncio.Future[list[str]]) -> None:
        self.command = command
        self.future = future
        self.lines: list[str] = []
        self.echo = command.text
        self.prompted = command.payload is None
        self.handed_over = False

    def fail(self, error: ModemError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class AtChannel:
    """Commands in, replies and URCs out, over any byte stream.

    ``write`` takes bytes for the modem; ``on_urc`` gets URCs in order; ``on_late`` the TP-MR of a +CMGS that came
    after its command had timed out; ``on_dead`` is called when the modem stopped answering for good; ``on_echo`` when
    it echoes a command although ``echo_is_off``. ``gap`` is the pause between two commands, in seconds. Bytes from the
    modem go into ``feed``.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        timeouts: Timeouts,
        *,
        on_urc: Callable[[Urc], None],
        on_late: Callable[[int], None],
        on_dead: Callable[[], None],
        on_echo: Callable[[], None],
    ) -> None:
        self._write = write
        self._timeouts: dict[str, float] = {wait: getattr(timeouts, wait) for wait in Wait}
        self._prompt_timeout = timeouts.prompt
        self._late_grace = timeouts.late_reply
        self._on_urc = on_urc
        self._on_late = on_late
        self._on_dead = on_dead
        self._on_echo = on_echo
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(self._line, self._prompt)
        self._job: _Job | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._queue: list[tuple[int, int, _Job]] = []
        self._order = count()
        self._pause: asyncio.TimerHandle | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._closed: str | None = None
        self._orphans_until = 0.0
        self._orphans = 0
        self._late_final = False
        self.gap = 0.0
        self.echo_is_off = False
        #: How many commands were echoed.
        self.echoes = 0
        self.noise = 0
        self.last_data = self._loop.time()

    @property
    def idle(self) -> bool:
        """Whether no command runs or waits."""
        return self._job is None and not self._queue and self._recovery is None

    def feed(self, data: bytes) -> None:
        """Take bytes from the modem."""
        self.last_data = self._loop.time()
        self._framer.feed(data)

    async def execute(self, command: Command) -> list[str]:
        """Run a command and return its information lines, without echo, URCs and final code.

        Raises ``AtFailed``, ``CmeError``, ``CmsError`` (the modem refused), ``AtTimeout``, ``PortLost``, ``Rebooted``.
        """
        if self._closed is not None:
            raise PortLost(self._closed)
        job = _Job(command, self._loop.create_future())
        heapq.heappush(self._queue, (command.priority, next(self._order), job))
        if self._job is None and self._pause is None:
            self._pump()
        return await job.future

    def interrupt(self, error: type[Interrupted], detail: str) -> None:
        """End every running and waiting command with an error; the channel stays usable."""
        job, self._job = self._job, None
        if job is not None and not job.prompted and self._closed is None:
            # Leaves the prompt that may still come, without submitting.
            self._write(ESC)
        waiting = [entry[2] for entry in sorted(self._queue)]
        self._queue.clear()
        for timer in (self._timer, self._pause):
            if timer is not None:
                timer.cancel()
        self._timer = self._pause = None
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None
        self._framer.reset()
        for each in ([job] if job is not None else []) + waiting:
            each.fail(error(detail, handed_over=each.handed_over))

    def close(self, detail: str) -> None:
        """End every command with ``PortLost`` and take no more; a prompt is left without submitting."""
        self.interrupt(PortLost, detail)
        self._closed = detail

    # --- starting and ending a command

    def _pump(self) -> None:
        """Start the next command if the line is free."""
        self._pause = None
        if self._job is not None or self._recovery is not None:
            return
        while self._queue:
            job = heapq.heappop(self._queue)[2]
            if not job.future.done():
                self._start(job)
                return

    def _start(self, job: _Job) -> None:
        self._job = job
        command = job.command
        if job.prompted:
            seconds = self._timeouts[command.wait]
        else:
            seconds = self._prompt_timeout
            self._framer.arm_prompt()
        self._timer = self._loop.call_later(seconds, self._expired)
        self._write(f"{command.text}\r".encode("latin-1"))

    def _prompt(self) -> None:
        job = self._job
        if job is None or job.prompted or job.command.payload is None:
            return
        job.prompted = True
        job.echo = ""
        self._restart_timer(self._timeouts[job.command.wait])
        job.handed_over = True
        self._write(job.command.payload)

    def _restart_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._expired)

    def _end(self, job: _Job, error: ModemError | None) -> None:
        self._job = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not job.prompted:
            self._framer.disarm_prompt()
        if error is not None:
            job.fail(error)
        elif not job.future.done():
            job.future.set_result(job.lines)
        if self.gap:
            if self._pause is None:
                self._pause = self._loop.call_later(self.gap, self._pump)
        elif self._queue:
            self._pump()

    # --- what comes in

    def _line(self, line: str) -> None:
        job = self._job
        if line == "OK":
            self._succeeded(job)
            return
        failure = parse_failure(line, job.command.name if job is not None else "nothing")
        if failure is not None:
            self._failed(job, failure)
            return
        if job is not None and self._taken(job, line):
            return
        if line.startswith("+CMGS:"):
            self._late_submission(line)
            return
        urc = parse_urc(line)
        if urc is not None:
            self._on_urc(urc)
        elif job is not None and len(job.lines) < _MOST_LINES:
            job.lines.append(line)
        else:
            self.noise += 1

    def _taken(self, job: _Job, line: str) -> bool:
        """Whether the line is the running command's echo, information or end."""
        if job.echo and self._is_echo(job, line):
            self.echoes += 1
            if self.echo_is_off:
                self._on_echo()
            return True
        command = job.command
        if command.payload is not None and job.prompted and line.encode("latin-1") == command.payload[:-1]:
            return True
        if command.prefix and line.startswith(command.prefix):
            if not job.prompted or (command.accepts is not None and not command.accepts(line)):
                return False
            job.lines.append(line)
            if command.info_is_final:
                self._restart_timer(_FINAL_AFTER_INFO)
            return True
        if line in command.more_finals:
            self._failed(job, AtFailed(f"The modem answered {line} to {command.name}."))
            return True
        return False

    @staticmethod
    def _is_echo(job: _Job, line: str) -> bool:
        """Take off the echo of the command; a URC may have cut it in two."""
        whole = job.echo == job.command.text
        if (whole and not line.upper().startswith("AT")) or not job.echo.startswith(line):
            return False
        job.echo = job.echo[len(line) :]
        return True

    def _orphan(self) -> bool:
        """Whether this final code may belong to a command that had timed out; one is forgiven."""
        if self._orphans and self._recovery is None and self._loop.time() < self._orphans_until:
            self._orphans -= 1
            return True
        return False

    def _succeeded(self, job: _Job | None) -> None:
        if self._late_final:
            self._late_final = False
        elif job is None:
            self._orphan()
        elif not job.prompted:
            if not self._orphan():
                detail = f"The modem answered OK to {job.command.name} instead of asking for the PDU."
                self._end(job, AtFailed(detail))
        elif not (job.command.required and not job.lines and self._orphan()):
            self._end(job, None)

    def _failed(self, job: _Job | None, error: ModemError) -> None:
        if self._late_final:
            self._late_final = False
        elif job is None:
            self._orphan()
        else:
            foreign = isinstance(error, CmsError) and not job.command.text.startswith(_MESSAGE_COMMANDS)
            if not ((foreign or not job.prompted) and self._orphan()):
                self._end(job, error)

    def _late_submission(self, line: str) -> None:
        """A +CMGS that no command waits for: the answer to one that timed out; its OK comes next."""
        digits = line.partition(":")[2].partition(",")[0].strip()
        if self._loop.time() < self._orphans_until and digits.isascii() and digits.isdigit():
            self._orphans = 0
            self._late_final = True
            self._on_late(int(digits))
        else:
            self.noise += 1

    # --- time-outs

    def _expired(self) -> None:
        job = self._job
        if job is None:
            return
        if job.command.info_is_final and job.lines:
            self._end(job, None)
            return
        self._job = self._timer = None
        self._framer.reset()
        job.fail(
            AtTimeout(f"The modem did not answer {job.command.name} in time.", handed_over=job.handed_over)
        )
        if self._recovery is None:
            self._orphans = 1
            self._orphans_until = self._loop.time() + self._late_grace
            self._recovery = self._loop.create_task(self._recover())

    async def _recover(self) -> None:
        """Bring a silent modem back to answering; Ctrl-Z is never used for that, since it would submit."""
        self._write(ESC)
        for _ in range(_PROBES):
            await self._drain()
            if await self._probe():
                await self._drain()
                self._recovery = None
                self._pump()
                return
        self._recovery = None
        self._on_dead()

    async def _probe(self) -> bool:
        job = _Job(Command(text="AT"), self._loop.create_future())
        self._start(job)
        try:
            await job.future
        except AtTimeout:
            return False
        except ModemError:
            return True
        return True

    async def _drain(self) -> None:
        """Wait until nothing has come for a while; what comes meanwhile belongs to no command."""
        deadline = self._loop.time() + _DRAIN_AT_MOST
        self.last_data = self._loop.time()
        while self._loop.time() < deadline:
            rest = self.last_data + _QUIET - self._loop.time()
            if rest <= 0:
                return
            await asyncio.sleep(rest)
