"""``sms-bridge watch``: incoming messages and what became of outgoing ones, as it happens."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from sms_bridge.cli.broker import Broker
from sms_bridge.cli.common import add_common, load_config
from sms_bridge.cli.events import event_line
from sms_bridge.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print events until interrupted or terminated; exit 0 then."""
    # A shell's background jobs ignore SIGINT from their birth on.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    settings = load_config(args).mqtt
    base = settings.base_topic
    try:
        with Broker(settings) as broker:
            broker.subscribe(f"{base}/incoming", f"{base}/dlr", f"{base}/call")
            while True:
                received = broker.receive(timeout=None)
                if received is not None:
                    _print(received.topic.rpartition("/")[2], received.payload, as_json=args.json)
    except KeyboardInterrupt:
        return Exit.DONE


def _print(kind: str, payload: bytes, *, as_json: bool) -> None:
    try:
        event = json.loads(payload)
    except ValueError:
        return  # somebody else publishes there
    if not isinstance(event, dict):
        return
    print(
        json.dumps({"topic": kind, **event}, ensure_ascii=False) if as_json else event_line(event), flush=True
    )
