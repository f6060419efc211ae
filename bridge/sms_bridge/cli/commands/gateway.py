"""``sms-bridge gateway [NAME]``: all gateways in short, or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_fields, print_json, print_table
from sms_bridge.cli.exits import Exit

if TYPE_CHECKING:
    import argparse

_COLUMNS = {
    "gateway": "GATEWAY",
    "state": "STATE",
    "operator": "OPERATOR",
    "signal_dbm": "DBM",
    "sent_today": "SENT",
    "failed_today": "FAILED",
    "received_today": "RECEIVED",
    "queue": "QUEUE",
    "detail": "DETAIL",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    parser.add_argument("gateway", metavar="NAME", nargs="?")


def run(args: argparse.Namespace) -> int:
    """Print the gateways."""
    found: dict[str, Any] = ask(args, "gateway", {"gateway": args.gateway})
    if args.gateway is not None and args.json:
        print_json(found)
    elif args.gateway is not None:
        transcript = found.pop("transcript")
        print_fields(found)
        print("last lines", *transcript, sep="\n  ")
    elif args.json:
        for gateway in found["gateways"]:
            print_json(gateway)
    else:
        print_table(found["gateways"], _COLUMNS)
    return Exit.DONE
