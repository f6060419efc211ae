"""``sms-bridge events``: the events after a number."""

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
    parser.add_argument(
        "--after", type=int, metavar="SEQ", help="without it only the present epoch and number"
    )
    parser.add_argument("--epoch", help="the store the number is from (the present one)")
    parser.add_argument("--limit", type=int, help="at most so many (100)")


def run(args: argparse.Namespace) -> int:
    """Print epoch and number, or a page of events."""
    if args.after is None:
        position = ask(args, "events", {})
        if args.json:
            print_json(position)
        else:
            print_fields(position)
        return Exit.DONE
    epoch = args.epoch or ask(args, "events", {})["epoch"]
    page: dict[str, Any] = ask(args, "events", {"epoch": epoch, "after": args.after, "limit": args.limit})
    for event in page["events"]:
        if args.json:
            print_json(event)
        else:
            print(event_line(event))
    if page["more"] and not args.json:
        print(f"There are more: --after {page['events'][-1]['seq']}")
    return Exit.DONE
