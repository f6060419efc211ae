"""A publisher of its own: numbered send commands at QoS 1, and a line in a file for each PUBACK.

Usage: python -m tests.torture.publisher PORT FILE RATE on_unknown
It runs until it is terminated. The recipient's number holds the message's number.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

#: Every so many messages is one of several segments.
LONG_EVERY: Final = 4
LONG_TEXT: Final = "long alarm " * 30


def recipient_of(number: int) -> str:
    """The recipient of message ``number``."""
    return f"+4917{number:09d}"


def main() -> None:
    """Publish until killed."""
    port, path, rate, on_unknown = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]
    acknowledged = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    numbers: dict[int, int] = {}
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="torture-publisher", clean_session=False)

    def on_publish(_client: mqtt.Client, _userdata: object, mid: int, *_: object) -> None:
        os.write(acknowledged, f"{numbers.pop(mid)}\n".encode())

    client.on_publish = on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(1_000_000):
        text = LONG_TEXT if number % LONG_EVERY == 0 else f"alarm {number}"
        command = {"id": f"t-{number}", "to": recipient_of(number), "text": text, "on_unknown": on_unknown}
        info = client.publish("sms_gateway/send", json.dumps(command), qos=1)
        numbers[info.mid] = number
        time.sleep(1 / rate)


if __name__ == "__main__":
    main()
