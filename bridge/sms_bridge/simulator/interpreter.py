"""The command line of a modem: bytes in, commands run one after the other, answers out."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.at_syntax import parse_line
from sms_bridge.simulator.faults import FaultName
from sms_bridge.simulator.reply import ERROR, NUMERIC_RESULTS, OK

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.at_syntax import Command
    from sms_bridge.simulator.faults import Faults
    from sms_bridge.simulator.output import Output
    from sms_bridge.simulator.registers import Registers
    from sms_bridge.simulator.reply import Reply

#: 3GPP TS 27.005 clause 3.5.1: what ends and what aborts the input of a message.
CTRL_Z: Final = 0x1A
ESC: Final = 0x1B
#: A line longer than this is thrown away (V.250 leaves the limit to the modem).
LONGEST_LINE: Final = 4096


class Interpreter:
    """Reads command lines and answers them.

    `dispatch` runs one command and gives its reply, or None if `complete` will follow.
    """

    def __init__(
        self,
        dispatch: Callable[[Command], Reply | None],
        output: Output,
        registers: Registers,
        faults: Faults,
        *,
        prompt: str,
        before_result: str,
    ) -> None:
        """Know where commands go and how this modem writes."""
        self.echo = True
        self.verbose = True
        self._dispatch = dispatch
        self._output = output
        self._registers = registers
        self._faults = faults
        self._prompt_text = prompt
        self._before_result = before_result
        self._input = bytearray()
        self._line: deque[Command] = deque()
        self._lines: list[str] = []
        self._prompt: Callable[[bytes], Reply | None] | None = None
        self._busy = False
        self._working = False
        self._hung = False
        self._timer: asyncio.TimerHandle | None = None
        self._held: list[str] = []

    def feed(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._hung:
            return
        self._input += data
        self._work()

    def reset(self) -> None:
        """Forget everything half done, as a reboot does."""
        self._input.clear()
        self._line.clear()
        self._lines.clear()
        self._held.clear()
        self._prompt = None
        self._busy = self._hung = False
        self.echo = self.verbose = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def hang(self, seconds: float | None) -> None:
        """Read and answer nothing for some seconds, or until `reset`."""
        self._hung = True
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._recover)

    def unsolicited(self, line: str) -> None:
        """Send an unsolicited line; it waits while a message is being typed."""
        if self._hung or self._faults.active(FaultName.NO_URC):
            return
        if self._prompt is not None:
            self._held.append(line)
        else:
            self._output.write(f"\r\n{line}\r\n")

    def open_prompt(self, handler: Callable[[bytes], Reply | None]) -> None:
        """Invite a message; `handler` gets it once ^Z came. The running command returns None."""
        if self._faults:
            if self._faults.take(FaultName.NO_PROMPT):
                self.abandon()
                return
            late = self._faults.take(FaultName.LATE_PROMPT)
            if late:
                self._timer = asyncio.get_running_loop().call_later(late.seconds or 0, self._invite, handler)
                return
        self._invite(handler)

    def complete(self, reply: Reply) -> None:
        """Give the reply of a command that returned None."""
        self._finish(reply)
        self._work()

    def abandon(self) -> None:
        """End the running command without any answer."""
        self._line.clear()
        self._lines.clear()
        self._busy = False
        self._work()

    def _invite(self, handler: Callable[[bytes], Reply | None]) -> None:
        self._timer = None
        self._prompt = handler
        bare = self._faults and self._faults.take(FaultName.BARE_PROMPT)
        self._output.write(">" if bare else self._prompt_text)
        self._work()

    def _recover(self) -> None:
        self._hung = False

    def _work(self) -> None:
        """Run what was read, as far as it goes."""
        if self._working:
            return
        self._working = True
        try:
            while self._input and not self._hung:
                if self._prompt is not None:
                    if not self._read_message():
                        return
                elif self._busy or not self._read_line():
                    return
        finally:
            self._working = False

    def _read_line(self) -> bool:
        end = self._input.find(b"\r")
        if end < 0:
            if len(self._input) > LONGEST_LINE:
                self._input.clear()
            return False
        line = self._input[:end].translate(None, b"\n\x00\x1a\x1b").decode("latin-1")
        del self._input[: end + 1]
        if self.echo:
            self._output.write(line + "\r")
        try:
            commands = parse_line(line)
        except ValueError:
            self._answer(ERROR)
            return True
        if commands is None:
            return True
        self._line.extend(commands)
        self._busy = True
        if commands:
            self._run()
        else:
            self._finish(OK)
        return True

    def _run(self) -> None:
        while self._line:
            command = self._line.popleft()
            reply = self._faulty(command) if self._faults else None
            if reply is None:
                if not self._busy:
                    return
                reply = self._dispatch(command)
            if reply is None:
                return
            if not reply.ok or not self._line:
                self._finish(reply)
                return
            self._lines.extend(reply.lines)

    def _faulty(self, command: Command) -> Reply | None:
        hang = self._faults.take(FaultName.HANG)
        if hang:
            self._busy = False
            self._line.clear()
            self.hang(hang.seconds)
        elif self._faults.take(FaultName.SILENCE, command.name):
            self._busy = False
            self._line.clear()
        elif self._faults.take(FaultName.ERROR, command.name):
            return ERROR
        return None

    def _finish(self, reply: Reply) -> None:
        """Answer a command line, or go on with its next command."""
        if reply.ok and self._line:
            self._lines.extend(reply.lines)
            self._run()
            return
        self._line.clear()
        delay = self._faults.take(FaultName.DELAY) if self._faults else None
        if delay:
            self._timer = asyncio.get_running_loop().call_later(delay.seconds or 0, self._answer_late, reply)
        else:
            self._answer(reply)

    def _answer_late(self, reply: Reply) -> None:
        self._timer = None
        self._answer(reply)
        self._work()

    def _answer(self, reply: Reply) -> None:
        self._busy = False
        self._output.write(self.format(reply))

    def format(self, reply: Reply) -> str:
        """Write a reply as it goes over the wire (V.250 clause 5.7.1)."""
        lines = (*self._lines, *reply.lines)
        self._lines.clear()
        if self._faults and self._faults.take(FaultName.NOISE):
            lines = tuple(piece for line in lines for piece in ("^RSSI:17", line))
            lines = (*lines, "^RSSI:18")
        result = reply.final(cmee=self._registers["+CMEE"])
        if not self.verbose:
            head = "".join(f"{line}\r\n" for line in lines)
            return f"{head}{NUMERIC_RESULTS.get(result, result)}\r"
        head = "\r\n" + "\r\n".join(lines) + "\r\n" if lines else ""
        return f"{head}{self._before_result}{result}\r\n"

    def _read_message(self) -> bool:
        handler = self._prompt
        ended = self._input.find(CTRL_Z)
        aborted = self._input.find(ESC)
        if handler is None or ended == aborted:
            return False
        end = ended if aborted < 0 or 0 <= ended < aborted else aborted
        typed = bytes(self._input[:end])
        del self._input[: end + 1]
        self._prompt = None
        if self.echo:
            self._output.write(typed.decode("latin-1"))
        if end == ended:
            reply = handler(typed)
            if reply is not None:
                self._finish(reply)
        else:
            self._finish(OK)
        held, self._held = self._held, []
        for line in held:
            self.unsolicited(line)
        return True
