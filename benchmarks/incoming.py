"""From a received message's announcement (+CMTI) to its MQTT event: median and 95th percentile in milliseconds.

Run with the test requirements and mosquitto installed: python benchmarks/incoming.py
The simulated modem announces a message as soon as it is told to deliver one, and the clock starts before it is told.
The bridge reads the message, commits it, and publishes it; the clock stops when a subscriber has it. The modem answers
at once, so what is measured is the bridge, the broker, and two hops of this machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import GATEWAY, RUNS, Observer, Stage, json_object, show_command

#: Messages of one run, one after the other.
MESSAGES: Final = 200
#: Seconds between one message's event and the next message, so that the bridge has come to rest.
_REST: Final = 0.02
#: What we promise, in milliseconds.
_AIM: Final = 100.0


def delays() -> list[float]:
    """Deliver messages one by one; returns the delays in milliseconds, shortest first."""
    with Stage() as stage:
        stage.start_broker()
        modem = stage.start_modem()
        stage.start_bridge()
        topics = ("incoming", f"gateway/{GATEWAY}/availability")
        with Observer(stage.port, *topics) as observer:
            observer.wait_for(f"gateway/{GATEWAY}/availability", b"online")
            found = []
            for number in range(MESSAGES):
                text = f"Message {number}"
                began = time.monotonic()
                modem.call("deliver", originator="+491727654321", text=text)
                arrived, _, payload = observer.next()
                if json_object(payload)["text"] != text:
                    raise RuntimeError(f"instead of {text!r} came {payload!r}")
                found.append((arrived - began) * 1000)
                time.sleep(_REST)
    return sorted(found)


def main() -> None:
    """Print the delays."""
    runs = [delays() for _ in range(RUNS)]
    median = statistics.median(statistics.median(run) for run in runs)
    worst = statistics.median(run[int(len(run) * 0.95)] for run in runs)
    print(f"announcement to event: median {median:.1f} ms, 95 % within {worst:.1f} ms (aim: {_AIM:.0f} ms)")
    show_command("incoming")


if __name__ == "__main__":
    main()
