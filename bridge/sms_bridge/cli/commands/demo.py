"""``sms-bridge demo``: the bridge at work, without hardware, configuration or broker."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sms_bridge.cli.broker import Broker
from sms_bridge.cli.commands.simulate import PROVIDERS
from sms_bridge.cli.common import print_json
from sms_bridge.cli.demo.children import Children
from sms_bridge.cli.demo.stage import set_up
from sms_bridge.cli.events import event_line
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.config import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sms_bridge.cli.demo.stage import Stage

#: Seconds that the whole round trip may take.
_ROUND_TRIP: Final = 30.0
#: Seconds between two looks at whether all still run, while the demonstration stays up.
_LOOK: Final = 0.5
_TEXT: Final = "Hello from the bridge"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("--once", action="store_true", help="end after one message and its reply")
    parser.add_argument(
        "--provider",
        choices=sorted(PROVIDERS),
        help="a simulated account at this provider instead of a modem",
    )
    parser.add_argument("--json", action="store_true", help="print only the events, as JSON lines")


def run(args: argparse.Namespace) -> int:
    """Set up, show, stay up; everything it made is gone when it ends."""
    say = _quiet if args.json else _say
    with _termination_as_interrupt(), tempfile.TemporaryDirectory(prefix="sms-bridge-demo-") as folder:
        children = Children(Path(folder))
        try:
            stage = set_up(Path(folder), children, args.provider)
            say(
                f"MQTT broker      {stage.broker} on 127.0.0.1:{stage.port}",
                stage.network,
                f"bridge           sms-bridge run -c {stage.config}",
                "",
            )
            _show(stage, children, args, say)
            if not args.once:
                say(*_invitation(stage))
                while True:
                    children.check()
                    time.sleep(_LOOK)
        except KeyboardInterrupt:
            return Exit.FAILED if args.once else Exit.DONE
        finally:
            children.stop()
    return Exit.DONE


def _show(stage: Stage, children: Children, args: argparse.Namespace, say: Callable[..., None]) -> None:
    """One message to the phone, and its reply where there is one."""
    settings = load(stage.config).mqtt
    base = settings.base_topic
    with Broker(settings) as broker:
        broker.subscribe(f"{base}/dlr", f"{base}/incoming", f"{base}/gateway/{stage.gateway}/availability")
        trip = _Trip(base, stage)
        deadline = time.monotonic() + _ROUND_TRIP
        while not trip.is_complete:
            children.check()
            if time.monotonic() > deadline:
                raise Stop(
                    f"the message did not come through in {_ROUND_TRIP:.0f} s; {trip.missing}", Exit.FAILED
                )
            received = broker.receive(_LOOK)
            if received is None:
                continue
            if trip.may_send(received.topic, received.payload):
                say(f"The gateway is online. Publishing on {base}/send:", f"  {json.dumps(trip.command)}", "")
                broker.publish(f"{base}/send", json.dumps(trip.command).encode())
            event = trip.take(received.topic, received.payload)
            if event is not None:
                print_json(event) if args.json else print(f"  {event_line(event)}", flush=True)


class _Trip:
    """Follows the message of the demonstration to the handset, and the reply."""

    def __init__(self, base: str, stage: Stage) -> None:
        self.command = {"id": "demo-1", "to": "phone", "text": _TEXT}
        self._base = base
        self._availability = f"{base}/gateway/{stage.gateway}/availability"
        self._is_sent = False
        self._awaited = list(stage.awaited)

    @property
    def is_complete(self) -> bool:
        return not self._awaited

    @property
    def missing(self) -> str:
        return f"missing: {', '.join(self._awaited)}"

    def may_send(self, topic: str, payload: bytes) -> bool:
        """Whether this says that the gateway is ready, for the first time."""
        if self._is_sent or topic != self._availability or payload != b"online":
            return False
        self._is_sent = True
        return True

    def take(self, topic: str, payload: bytes) -> dict[str, Any] | None:
        """Tick off an event; returns it where it belongs to the message."""
        if topic not in (f"{self._base}/dlr", f"{self._base}/incoming"):
            return None
        event: dict[str, Any] = json.loads(payload)
        what = event.get("state") if event.get("id") == self.command["id"] else "reply"
        if "state" in event and what == "reply":
            return None
        if what in self._awaited:
            self._awaited.remove(what)
        return event


def _invitation(stage: Stage) -> list[str]:
    us, config = _own_name(), shlex.quote(str(stage.config))
    lines = [
        "",
        "All of this stays up until Ctrl-C. In another terminal:",
        "",
        f"  {us} send -c {config} phone 'Is anybody there?' --wait",
        f"  {us} watch -c {config}",
        f"  {us} messages -c {config}",
        f"  {us} message -c {config} demo-1",
        f"  {us} gateway -c {config} {stage.gateway}",
        _about_credit(us, config, stage),
    ]
    if shutil.which("mosquitto_pub") and shutil.which("mosquitto_sub"):
        lines += [
            "",
            "or with any MQTT client:",
            "",
            f"  mosquitto_sub -p {stage.port} -v -t 'sms_gateway/#'",
            f"  mosquitto_pub -p {stage.port} -t sms_gateway/send/phone -m 'Is anybody there?'",
        ]
    return lines


def _about_credit(us: str, config: str, stage: Stage) -> str:
    """A modem is asked by a code of its network; a provider's balance is among its data."""
    if stage.gateway in PROVIDERS:
        return f"  {us} balance -c {config} {stage.gateway}"
    return f"  {us} ussd -c {config} {stage.gateway} '*100#'"


def _own_name() -> str:
    """How this program is called from another terminal."""
    called = Path(sys.argv[0])
    if called.name != "sms-bridge":
        return f"{shlex.quote(sys.executable)} -m sms_bridge"
    found = shutil.which("sms-bridge")
    if found is not None and Path(found).resolve() == called.resolve():
        return "sms-bridge"
    return shlex.quote(str(called.absolute()))


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def _quiet(*_lines: str) -> None:
    """Events alone are printed."""


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end the demonstration as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
