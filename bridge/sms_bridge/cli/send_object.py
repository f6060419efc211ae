"""A send object (MQTT contract, section 1) from the options of a command line: one for each key."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sms_bridge.cli.exits import Exit, Stop


def add_send_object(parser: argparse.ArgumentParser) -> None:
    """Add recipients, text, and an option for every other key."""
    parser.add_argument(
        "words", nargs="+", metavar="TO… TEXT", help="numbers, contacts, groups; the text ('-': stdin)"
    )
    parser.add_argument("--id", help="idempotency key: the same id never sends twice")
    parser.add_argument("--gateway", action="append", help="force this gateway; several: in this order")
    parser.add_argument("--from", dest="originator", help="originator, where the gateway allows one")
    parser.add_argument("--sim", type=int, help="SIM slot")
    parser.add_argument("--priority", choices=["low", "normal", "high", "otp"])
    parser.add_argument("--send-at", metavar="TIME", help="schedule (RFC 3339)")
    parser.add_argument(
        "--valid-for", type=int, metavar="S", help="drop it if not sent within so many seconds"
    )
    parser.add_argument("--dlr", action=argparse.BooleanOptionalAction, help="ask for a delivery report")
    parser.add_argument("--flash", action="store_true", default=None, help="show it at once, message class 0")
    parser.add_argument("--encoding", choices=["auto", "gsm7", "ucs2"])
    parser.add_argument("--max-segments", type=int, metavar="N", help="refuse a longer text")
    parser.add_argument(
        "--on-unknown", choices=["resend", "hold"], help="if it cannot be known whether it was sent"
    )
    parser.add_argument("--data", metavar="BASE64", help="8-bit data in place of a text; with --port")
    parser.add_argument("--port", type=int, help="application port of --data")
    parser.add_argument(
        "--option", action="append", metavar="KEY=VALUE", help="parameter of the gateway's own kind"
    )
    parser.add_argument("--metadata", metavar="JSON", help="object that comes back in every event")


def read_send_object(args: argparse.Namespace) -> dict[str, Any]:
    """Return the send object that the options ask for. Raises :class:`Stop` where they contradict each other."""
    to, text = (args.words, None) if args.data is not None else (args.words[:-1], args.words[-1])
    if not to:
        raise Stop("expected one recipient or more, then the text", Exit.USAGE)
    given = {
        "to": to[0] if len(to) == 1 else to,
        "text": sys.stdin.read().removesuffix("\n") if text == "-" else text,
        "data": args.data,
        "port": args.port,
        "id": args.id,
        "gateway": args.gateway,
        "from": args.originator,
        "sim": args.sim,
        "priority": args.priority,
        "send_at": args.send_at,
        "valid_for": args.valid_for,
        "dlr": args.dlr,
        "flash": args.flash,
        "encoding": args.encoding,
        "max_segments": args.max_segments,
        "on_unknown": args.on_unknown,
        "options": _options(args.option),
        "metadata": _metadata(args.metadata),
    }
    return {key: value for key, value in given.items() if value is not None}


def _options(given: list[str] | None) -> dict[str, object] | None:
    """``KEY=VALUE``, where a value that is JSON is meant as such."""
    if given is None:
        return None
    options: dict[str, object] = {}
    for option in given:
        key, equals, value = option.partition("=")
        if not equals:
            raise Stop(f"--option {option}: expected KEY=VALUE", Exit.USAGE)
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def _metadata(given: str | None) -> object:
    if given is None:
        return None
    try:
        return json.loads(given)
    except ValueError as error:
        raise Stop(f"--metadata: expected a JSON object ({error})", Exit.USAGE) from error
