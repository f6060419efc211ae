"""``sms-bridge quote TO… TEXT``: what a message would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_fields, print_json
from sms_bridge.cli.exits import Exit
from sms_bridge.cli.send_object import add_send_object, read_send_object

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    add_send_object(parser)


def run(args: argparse.Namespace) -> int:
    """Print segments, encoding and gateway; nothing is sent."""
    (print_json if args.json else print_fields)(ask(args, "quote", read_send_object(args)))
    return Exit.DONE
