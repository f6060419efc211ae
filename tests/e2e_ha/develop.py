"""A house to try the component in: what ``script/develop`` runs."""

from __future__ import annotations

import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.e2e_ha.home_assistant import PASSWORD, USER
from tests.e2e_ha.house import CONTACT, NUMBER, House

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Home Assistant's usual port, taken where it is free.
_USUAL_PORT: Final = 8123
#: Home Assistant ends with this exit status when it wants to be started again (its ``RESTART_EXIT_CODE``).
_RESTART: Final = 100
#: Seconds between two looks at the simulated network.
_LOOK: Final = 0.5

_READY: Final = """
Home Assistant  {url}
Login           {user} / {password}
MQTT broker     127.0.0.1:{broker}
Logs            {log}
                {bridge_log}

The bridge waits in Settings > Devices & services to be added (its MQTT discovery shows it until then).
Restart Home Assistant there after a change of the component's code.
Whoever gets an SMS here answers with the same text. Type a text and Enter: {contact} ({number}) sends it.
Ctrl-C ends it all and leaves nothing behind.
"""


def main() -> None:
    """Start the house, show it, and keep it until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="sms-gateway-develop-") as name:
        folder = Path(name)
        print("Starting broker, simulated modem, bridge and Home Assistant (its first start takes a while)")
        try:
            with House(folder, modem=("--echo",), port=_port()) as house:
                print(
                    _READY.format(
                        url=house.hass.url,
                        user=USER,
                        password=PASSWORD,
                        broker=house.world.broker.port,
                        log=house.hass.log,
                        bridge_log=folder / "bridge.log",
                        contact=CONTACT,
                        number=NUMBER,
                    ),
                    flush=True,
                )
                _attend(house)
        except KeyboardInterrupt:
            print("\nEnding")


def _attend(house: House) -> None:
    """Hand over what is typed, show what is sent, and start Home Assistant again when it asks for that."""
    listening, shown = [sys.stdin], 0
    while (status := house.hass.exit_status()) in {None, _RESTART}:
        if status == _RESTART:
            print("Home Assistant restarts", flush=True)
            house.hass.start()
        ready, _, _ = select.select(listening, [], [], _LOOK)
        if ready and not _deliver(house, sys.stdin.readline()):
            listening = []
        sent = house.world.modem("messages")
        _show(sent[shown:])
        shown = len(sent)
    print(f"Home Assistant has ended with exit status {status}")


def _deliver(house: House, line: str) -> bool:
    """Let the contact send a line that was typed; ``False`` at the end of the input."""
    if line.strip():
        house.world.modem.deliver(line.strip(), NUMBER)
    return bool(line)


def _show(messages: Iterable[dict[str, object]]) -> None:
    for message in messages:
        print(f"to {message['recipient']}: {message['text']}", flush=True)


def _port() -> int | None:
    """The usual port, or ``None`` where somebody has it."""
    with socket.socket() as probe:
        return None if probe.connect_ex(("127.0.0.1", _USUAL_PORT)) == 0 else _USUAL_PORT


if __name__ == "__main__":
    main()
