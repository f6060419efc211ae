"""The commands that ask the bridge one thing about at most one thing: all but their words is the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sms_bridge.cli.ask import ask
from sms_bridge.cli.common import add_common, print_fields, print_json
from sms_bridge.cli.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A command of the control socket: ``key`` is its only member, ``show`` prints the answer for people."""

    request: str
    key: str | None = None
    choices: Sequence[str] | None = None
    value: Callable[[str], object] = str
    show: Callable[[dict[str, Any]], None]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this command's options."""
        add_common(parser)
        if self.key is not None:
            metavar = None if self.choices else self.key.upper()
            parser.add_argument(self.key, metavar=metavar, choices=self.choices)

    def run(self, args: argparse.Namespace) -> int:
        """Ask, and print the answer."""
        members = {} if self.key is None else {self.key: self.value(getattr(args, self.key))}
        answer = ask(args, self.request, members)
        (print_json if args.json else self.show)(answer)
        return Exit.DONE


def _say(words: str) -> Callable[[dict[str, Any]], None]:
    def show(answer: dict[str, Any]) -> None:
        print(words.format(**answer))

    return show


def _show_ids(words: str) -> Callable[[dict[str, Any]], None]:
    def show(answer: dict[str, Any]) -> None:
        print(words, *answer["ids"])

    return show


def _show_balance(answer: dict[str, Any]) -> None:
    print(answer["amount"], answer["currency"] or "")


def _show_discovery(answer: dict[str, Any]) -> None:
    print("discovery is on" if answer["enabled"] else "discovery is off")


CANCEL = Simple(request="cancel", key="id", show=_show_ids("cancelled:"))
RESEND = Simple(request="resend", key="id", show=_show_ids("queued again:"))
BALANCE = Simple(request="balance", key="gateway", show=_show_balance)
PAUSE = Simple(request="pause", key="gateway", show=_say("{gateway} is paused"))
RESUME = Simple(request="resume", key="gateway", show=_say("{gateway} is no longer paused"))
RESTART = Simple(request="restart_gateway", key="gateway", show=_say("{gateway} restarts"))
HEALTH = Simple(request="health", show=print_fields)
DISCOVERY = Simple(
    request="discovery", key="enabled", choices=("on", "off"), value="on".__eq__, show=_show_discovery
)
