"""``sms-bridge ussd GATEWAY CODE``: a dialogue with the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_json
from sms_bridge.cli.exits import Exit, Stop

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    parser.add_argument("gateway", metavar="GATEWAY")
    parser.add_argument("code", metavar="CODE", nargs="?", help="such as '*100#'; quote it for the shell")
    parser.add_argument("--reply", metavar="TEXT", help="answer the network that waits")
    parser.add_argument("--end", action="store_true", help="end the dialogue")


def run(args: argparse.Namespace) -> int:
    """Print what the network says."""
    given = {"code": args.code, "reply": args.reply, "end": args.end or None}
    if sum(value is not None for value in given.values()) != 1:
        raise Stop("ussd: give one of CODE, --reply TEXT and --end", Exit.USAGE)
    answer = ask(args, "ussd", {"gateway": args.gateway, **given})
    if args.json:
        print_json(answer)
        return Exit.DONE
    if answer["text"] is not None:
        print(answer["text"])
    if answer["more"]:
        print(f"The network waits: sms-bridge ussd {args.gateway} --reply TEXT (or --end)")
    return Exit.DONE
