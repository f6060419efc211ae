"""What can go wrong with a modem, by name.

A fault is either a condition that the modem looks up while it works, or an action that happens
once (unplug, reboot). `FAULTS` is the list for people; `--fault NAME[:ARG[,COUNT]]` uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultName(StrEnum):
    """Every fault the simulator knows."""

    LOST_ANSWER = "lost-answer"
    NOT_SENT = "not-sent"
    LATE_ANSWER = "late-answer"
    REBOOT_BEFORE_SEND = "reboot-before-send"
    REBOOT_AFTER_SEND = "reboot-after-send"
    UNPLUG_BEFORE_SEND = "unplug-before-send"
    UNPLUG_AFTER_SEND = "unplug-after-send"
    CMS = "cms"
    CMS_FOR = "cms-for"
    NO_PROMPT = "no-prompt"
    LATE_PROMPT = "late-prompt"
    BARE_PROMPT = "bare-prompt"
    EARLY_REPORT = "early-report"
    NO_REPORT = "no-report"
    ERROR = "error"
    SILENCE = "silence"
    DELAY = "delay"
    HANG = "hang"
    GARBAGE = "garbage"
    NOISE = "noise"
    BYTES = "byte-at-a-time"
    NO_URC = "no-urc"
    EARLY_CMTI = "early-cmti"
    BAD_INDEX = "bad-index"
    DOUBLE_STORE = "double-store"
    MEMORY_FULL = "memory-full"
    SIM_BUSY = "sim-busy"
    NO_NETWORK = "no-network"
    REBOOT = "reboot"
    UNPLUG = "unplug"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """What a fault does and what its argument means.

    `argument` is empty where the fault takes none, and ends in "?" where it may be left out.
    """

    text: str
    argument: str = ""
    default: str = ""


FAULTS: Final[dict[FaultName, FaultSpec]] = {
    FaultName.LOST_ANSWER: FaultSpec(text="a message is sent, its answer never comes"),
    FaultName.NOT_SENT: FaultSpec(text="a message is not sent, and no answer comes"),
    FaultName.LATE_ANSWER: FaultSpec(
        text="a message is sent, its answer comes SECONDS later, between other things",
        argument="SECONDS",
    ),
    FaultName.REBOOT_BEFORE_SEND: FaultSpec(text="the modem reboots at ^Z, nothing is sent"),
    FaultName.REBOOT_AFTER_SEND: FaultSpec(text="a message is sent, then the modem reboots"),
    FaultName.UNPLUG_BEFORE_SEND: FaultSpec(
        text="the port vanishes at ^Z for SECONDS, nothing is sent", argument="SECONDS?"
    ),
    FaultName.UNPLUG_AFTER_SEND: FaultSpec(
        text="a message is sent, then the port vanishes for SECONDS", argument="SECONDS?"
    ),
    FaultName.CMS: FaultSpec(text="messages are refused with +CMS ERROR: CODE", argument="CODE"),
    FaultName.CMS_FOR: FaultSpec(
        text="messages to NUMBER are refused with +CMS ERROR: CODE", argument="NUMBER=CODE"
    ),
    FaultName.NO_PROMPT: FaultSpec(text="the prompt for a PDU never comes"),
    FaultName.LATE_PROMPT: FaultSpec(text="the prompt comes late", argument="SECONDS"),
    FaultName.BARE_PROMPT: FaultSpec(text="the prompt is only '>'"),
    FaultName.EARLY_REPORT: FaultSpec(text="a status report comes before the answer to its message"),
    FaultName.NO_REPORT: FaultSpec(text="status reports are lost"),
    FaultName.ERROR: FaultSpec(text="COMMAND answers ERROR", argument="COMMAND"),
    FaultName.SILENCE: FaultSpec(text="COMMAND is never answered", argument="COMMAND"),
    FaultName.DELAY: FaultSpec(text="every answer takes SECONDS", argument="SECONDS"),
    FaultName.HANG: FaultSpec(text="nothing is answered for SECONDS", argument="SECONDS?"),
    FaultName.GARBAGE: FaultSpec(text="random bytes before an answer"),
    FaultName.NOISE: FaultSpec(text="unsolicited lines between the lines of answers"),
    FaultName.BYTES: FaultSpec(
        text="output comes one byte at a time, SECONDS apart", argument="SECONDS?", default="0"
    ),
    FaultName.NO_URC: FaultSpec(text="unsolicited lines go to another port"),
    FaultName.EARLY_CMTI: FaultSpec(
        text="+CMTI comes SECONDS before its message can be read", argument="SECONDS?", default="0.5"
    ),
    FaultName.BAD_INDEX: FaultSpec(text="+CMTI gives the index -1"),
    FaultName.DOUBLE_STORE: FaultSpec(text="an incoming message is stored twice"),
    FaultName.MEMORY_FULL: FaultSpec(text="no memory takes another message"),
    FaultName.SIM_BUSY: FaultSpec(text="the SIM is busy for SECONDS", argument="SECONDS?"),
    FaultName.NO_NETWORK: FaultSpec(text="the network is lost for SECONDS", argument="SECONDS?"),
    FaultName.REBOOT: FaultSpec(text="the modem reboots at once"),
    FaultName.UNPLUG: FaultSpec(text="the port vanishes at once for SECONDS", argument="SECONDS?"),
}


@dataclass(slots=True)
class Fault:
    """One active fault; `left` is how often it still happens, None for always."""

    name: FaultName
    argument: str
    left: int | None

    @property
    def seconds(self) -> float | None:
        """The argument as seconds, None if it was left out."""
        return float(self.argument) if self.argument else None


def parse_fault(text: str) -> Fault:
    """Read `NAME[:ARG[,COUNT]]` or `NAME[:COUNT]` for a fault without argument.

    Raises ValueError with a sentence for people.
    """
    name_text, _, rest = text.partition(":")
    try:
        name = FaultName(name_text)
    except ValueError:
        raise ValueError(f"there is no fault {name_text!r}; there are: {', '.join(FaultName)}") from None
    spec = FAULTS[name]
    argument, _, count = rest.partition(",") if spec.argument else ("", "", rest)
    if not argument:
        argument = spec.default
    if spec.argument and not spec.argument.endswith("?") and not argument:
        raise ValueError(f"the fault {name} needs its argument: {name}:{spec.argument}")
    try:
        if "SECONDS" in spec.argument and argument:
            float(argument)
        if spec.argument in {"CODE", "NUMBER=CODE"}:
            int(argument.rpartition("=")[2])
        left = int(count) if count else None
    except ValueError:
        raise ValueError(f"the fault {text!r} is not of the form {name}:{spec.argument or 'COUNT'}") from None
    return Fault(name, argument, left)


class Faults:
    """The faults that are active in one modem. Falsy while there is none."""

    def __init__(self) -> None:
        """Begin without any."""
        self._active: list[Fault] = []

    def __bool__(self) -> bool:
        """Tell whether any fault is active."""
        return bool(self._active)

    def add(self, fault: Fault) -> None:
        """Activate a fault."""
        self._active.append(fault)

    def clear(self, name: FaultName | None = None) -> None:
        """Deactivate the faults of a name, or all."""
        self._active = [fault for fault in self._active if name is not None and fault.name != name]

    def active(self, name: FaultName) -> Fault | None:
        """Find a fault without using it up."""
        return next((fault for fault in self._active if fault.name == name), None)

    def take(self, name: FaultName, argument_start: str | None = None) -> Fault | None:
        """Find a fault and count it; it ends after its last time.

        With `argument_start` only a fault whose argument begins with it counts.
        """
        for fault in self._active:
            if fault.name == name and (argument_start is None or fault.argument.startswith(argument_start)):
                if fault.left is not None:
                    fault.left -= 1
                    if not fault.left:
                        self._active.remove(fault)
                return fault
        return None
