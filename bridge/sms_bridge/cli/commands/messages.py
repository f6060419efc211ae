"""``sms-bridge messages``: the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_json, print_table
from sms_bridge.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    parser.add_argument("--state", help="only those in this state")
    parser.add_argument("--to", metavar="RECIPIENT", help="only those to this number or contact")
    parser.add_argument("--since", metavar="TIME", help="only those from then on (RFC 3339)")
    parser.add_argument("--limit", type=int, help="at most so many (100)")
    parser.add_argument("--cursor", help="the page after the one that ended with this cursor")


def run(args: argparse.Namespace) -> int:
    """Print a page of messages."""
    members = {name: getattr(args, name) for name in ("state", "to", "since", "limit", "cursor")}
    page: dict[str, Any] = ask(args, "messages", members)
    if args.json:
        for message in page["messages"]:
            print_json(message)
        if page["cursor"]:
            print_json({"cursor": page["cursor"]})
        return Exit.DONE
    columns = {
        "id": "ID",
        "to": "TO",
        "state": "STATE",
        "gateway": "GATEWAY",
        "created_at": "CREATED",
        "text": "TEXT",
    }
    print_table([{**message, "text": _short(message["text"])} for message in page["messages"]], columns)
    if page["cursor"]:
        print(f"There are more: --cursor {page['cursor']}")
    return Exit.DONE


def _short(text: str | None) -> str | None:
    """One line of a table."""
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= _COLUMN else f"{line[: _COLUMN - 1]}…"


#: Characters of a text that a table shows.
_COLUMN = 40
