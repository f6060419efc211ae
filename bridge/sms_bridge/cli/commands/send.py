"""``sms-bridge send TO… TEXT``: through the bridge's broker, like any other client."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from sms_bridge.cli.broker import Broker
from sms_bridge.cli.common import add_common, load_config, print_json
from sms_bridge.cli.events import event_line
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.cli.outcome import Outcome
from sms_bridge.cli.send_object import add_send_object, read_send_object
from sms_bridge.routing.identifiers import ulid
from sms_bridge.routing.recipients import AddressBook

if TYPE_CHECKING:
    import argparse

    from sms_bridge.config import Config

#: Seconds in which a running bridge answers with a first event.
_FIRST_EVENT: Final = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    add_send_object(parser)
    parser.add_argument("--wait", action="store_true", help="wait until it is final, and exit accordingly")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="S", help="with --wait: so long (300)"
    )


def run(args: argparse.Namespace) -> int:
    """Send, and tell what became of it."""
    config = load_config(args)
    send_object = read_send_object(args)
    send_object.setdefault("id", f"cli-{ulid(time.time())}")
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
        raise Stop(
            f"the broker has the message for {config.mqtt.base_topic}/send, but no bridge has said that it took it; "
            "is it running?",
            Exit.UNREACHABLE,
        )
    if outcome.has_failed:
        return Exit.FAILED
    return Exit.OPEN if args.wait and not outcome.is_final else Exit.DONE
