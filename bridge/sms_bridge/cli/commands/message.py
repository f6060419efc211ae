"""``sms-bridge message ID``: one message with all its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_fields, print_json
from sms_bridge.cli.events import event_line
from sms_bridge.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    parser.add_argument("id", metavar="ID")


def run(args: argparse.Namespace) -> int:
    """Print the message."""
    message: dict[str, Any] = ask(args, "message", {"id": args.id})
    if args.json:
        print_json(message)
        return Exit.DONE
    events = message.pop("events")
    print_fields(message)
    print()
    for event in events:
        print(event_line(event))
    return Exit.DONE
