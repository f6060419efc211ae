"""``sms-bridge send TO… TEXT``: through the bridge's broker, like any other client."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from sms_bridge.cli.broker import Broker
from sms_bridge.cli.common import add_common, load_config, print_json
from sms_bridge.cli.events import event_line
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.cli.outcome import Outcome
from sms_bridge.routing.identifiers import ulid
from sms_bridge.routing.recipients import AddressBook

if TYPE_CHECKING:
    from sms_bridge.config import Config

#: Seconds in which a running bridge answers with a first event.
_FIRST_EVENT: Final = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options: one for each key of a send object."""
    add_common(parser)
    parser.add_argument(
        "words", nargs="+", metavar="TO… TEXT", help="numbers, contacts, groups; the text ('-': stdin)"
    )
    parser.add_argument("--wait", action="store_true", help="wait until it is final, and exit accordingly")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="S", help="with --wait: so long (300)"
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


def run(args: argparse.Namespace) -> int:
    """Send, and tell what became of it."""
    config = load_config(args)
    send_object = _send_object(args)
    to = send_object["to"]
    expected = len(AddressBook(config.routing).resolve((to,) if isinstance(to, str) else tuple(to)))
    outcome = Outcome(send_object["id"], expected)
    with Broker(config.mqtt) as broker:
        broker.subscribe(f"{config.mqtt.base_topic}/dlr")
        broker.publish(f"{config.mqtt.base_topic}/send", json.dumps(send_object).encode())
        _follow(broker, outcome, args)
    return _verdict(outcome, config, args)


def _follow(broker: Broker, outcome: Outcome, args: argparse.Namespace) -> None:
    """Print events until the command may end."""
    begun = time.monotonic()
    while not (outcome.is_final if args.wait else outcome.is_known):
        patience = args.timeout if args.wait and outcome.is_known else min(_FIRST_EVENT, args.timeout)
        left = begun + patience - time.monotonic()
        received = broker.receive(left) if left > 0 else None
        if received is None:
            if left <= 0:
                return
            continue
        event = outcome.take(received.payload)
        if event is not None:
            print_json(event) if args.json else print(event_line(event), flush=True)


def _verdict(outcome: Outcome, config: Config, args: argparse.Namespace) -> int:
    if not outcome.is_known and not outcome.events:
        where = f"{config.mqtt.base_topic}/send"
        raise Stop(
            f"the broker has the message, but no bridge on {where} has taken it within {_FIRST_EVENT:.0f} s; "
            "is it running?",
            Exit.UNREACHABLE,
        )
    if outcome.has_failed:
        return Exit.FAILED
    return Exit.OPEN if args.wait and not outcome.is_final else Exit.DONE


def _send_object(args: argparse.Namespace) -> dict[str, Any]:
    to, text = (args.words, None) if args.data is not None else (args.words[:-1], args.words[-1])
    if not to:
        raise Stop("send: expected one recipient or more, then the text", Exit.USAGE)
    given = {
        "to": to[0] if len(to) == 1 else to,
        "text": sys.stdin.read().removesuffix("\n") if text == "-" else text,
        "data": args.data,
        "port": args.port,
        "id": args.id or f"cli-{ulid(time.time())}",
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
            raise Stop(f"send: --option {option}: expected KEY=VALUE", Exit.USAGE)
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
        raise Stop(f"send: --metadata: expected a JSON object ({error})", Exit.USAGE) from error
