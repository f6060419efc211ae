"""Sets up the demonstration: who takes part, and the configuration that joins them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.cli.demo.children import answers, find_mosquitto, free_port, ourselves
from sms_bridge.cli.exits import Exit, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.cli.demo.children import Children

#: Seconds that each part may take to appear.
_APPEAR_WITHIN: Final = 15.0

#: ITU-T E.164 numbers of the demonstration: the SIM's and the other phone's.
SIM_NUMBER: Final = "+4915550000001"
PHONE_NUMBER: Final = "+4915550000002"

_CONFIGURATION: Final = """\
# Made by sms-bridge demo; removed when it ends.
mqtt:
  host: 127.0.0.1
  port: {port}
  protocol: "{protocol}"
store:
  url: "sqlite:///{folder}/bridge.db"
gateways:
  stick:
    type: modem
    port: "{folder}/modem"
contacts:
  phone: "{phone}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What was set up. ``broker`` names the broker's program."""

    config: Path
    broker: str
    port: int
    modem: Path


def set_up(folder: Path, children: Children) -> Stage:
    """Start broker, modem and bridge. Raises :class:`Stop` where one of them does not appear."""
    port = free_port()
    broker, protocol = _start_broker(folder, children, port)
    modem = folder / "modem"
    children.start(
        "simulated modem", ourselves("simulate", "modem", "--pty", modem, "--number", SIM_NUMBER, "--echo")
    )
    config = folder / "sms-bridge.yaml"
    config.write_text(_CONFIGURATION.format(port=port, protocol=protocol, folder=folder, phone=PHONE_NUMBER))
    children.wait_for("MQTT broker", lambda: answers(port), _APPEAR_WITHIN)
    children.wait_for("simulated modem", modem.exists, _APPEAR_WITHIN)
    children.start("bridge", ourselves("run", "-c", config))
    return Stage(config=config, broker=broker, port=port, modem=modem)


def _start_broker(folder: Path, children: Children, port: int) -> tuple[str, str]:
    """Start a broker; returns its name and the MQTT version it speaks."""
    mosquitto = find_mosquitto()
    if mosquitto is not None:
        settings = folder / "mosquitto.conf"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        children.start("MQTT broker", [mosquitto, "-c", settings])
        return "mosquitto", "5"
    if importlib.util.find_spec("amqtt") is None:
        raise Stop(
            "the demonstration needs an MQTT broker: install mosquitto, or sms-gateway-bridge[demo]",
            Exit.FAILED,
        )
    children.start("MQTT broker", [sys.executable, "-m", "sms_bridge.cli.demo.amqtt_broker", str(port)])
    return "amqtt", "3.1.1"
