"""The command line. Each command has ``add_arguments(parser)`` and ``run(args) -> exit status``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from sms_bridge import __version__
from sms_bridge.cli.exits import Exit, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Command(NamedTuple):
    """``place`` is a module of `commands`, or an object in one."""

    place: str
    help: str


#: Imported when used: a command pays only for itself.
_COMMANDS: Final = {
    "run": _Command("run", "run the bridge until it is told to stop"),
    "check": _Command("check", "check a configuration"),
    "demo": _Command("demo", "show the bridge at work, without hardware, configuration or broker"),
    "send": _Command("send", "send a message"),
    "watch": _Command("watch", "show what is received and what became of messages, as it happens"),
    "messages": _Command("messages", "list messages, newest first"),
    "message": _Command("message", "show one message with all its events"),
    "events": _Command("events", "list events after a number, oldest first"),
    "cancel": _Command("simple:CANCEL", "cancel a message or group that waits"),
    "resend": _Command("simple:RESEND", "send a failed, expired or unknown message again"),
    "quote": _Command("quote", "tell what a message would take; nothing is sent"),
    "gateway": _Command("gateway", "show the gateways, or one in full"),
    "balance": _Command("simple:BALANCE", "ask a gateway for its balance"),
    "ussd": _Command("ussd", "ask the network a code such as *100#, or answer it"),
    "pause": _Command("simple:PAUSE", "give a gateway no more messages"),
    "resume": _Command("simple:RESUME", "end a pause"),
    "restart-gateway": _Command("simple:RESTART", "restart a gateway"),
    "health": _Command("simple:HEALTH", "show how the bridge is"),
    "discovery": _Command("simple:DISCOVERY", "switch Home Assistant discovery on or off"),
    "simulate": _Command("simulate", "be a modem without hardware, or a provider without an account"),
}

_EPILOG: Final = """\
exit status:
  0  done (send --wait: sent for good, or delivered)
  1  failed, rejected or expired
  2  wrong usage or configuration
  3  still open when the time was up
  4  broker or bridge not reachable
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(words)
    try:
        args = parser.parse_args(words)
        if args.command is None:
            parser.print_help()
            return Exit.USAGE
        status: int = args.run(args)
        sys.stdout.flush()
    except Stop as stop:
        print(f"sms-bridge: {stop}", file=sys.stderr)
        return stop.status
    except KeyboardInterrupt:
        return 128 + 2
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    return status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sms-bridge",
        description="A bridge between MQTT and GSM modems.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sms-bridge {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, command in _COMMANDS.items():
        sub = commands.add_parser(name, help=command.help, description=f"{command.help.capitalize()}.")
        if name == wanted:
            module, _, attribute = command.place.partition(":")
            found = importlib.import_module(f"sms_bridge.cli.commands.{module}")
            found = getattr(found, attribute) if attribute else found
            found.add_arguments(sub)
            sub.set_defaults(run=found.run)
    return parser
