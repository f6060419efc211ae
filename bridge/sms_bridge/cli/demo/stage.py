"""Sets up the demonstration: who takes part, and the configuration that joins them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from sms_bridge.cli.commands.simulate import make_provider
from sms_bridge.cli.demo.children import answers, find_mosquitto, free_port, ourselves
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.config import load
from sms_bridge.control import ControlError, call, control_folder
from sms_bridge.routing.requests import AdminError
from sms_providers.model import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sms_bridge.cli.demo.children import Children

#: Seconds that each part may take to appear.
_APPEAR_WITHIN: Final = 15.0

#: ITU-T E.164 numbers of the demonstration: the SIM's and the other phone's.
SIM_NUMBER: Final = "+4915550000001"
PHONE_NUMBER: Final = "+4915550000002"

#: File at which the simulated modem is found.
_MODEM: Final = "modem"

#: Where the demonstration's bridge is called by a provider.
_LOOPBACK: Final = "127.0.0.1"
#: The gateways' names in the demonstration, and what each provider's needs beside its credentials.
_STICK: Final = "stick"
_BESIDE_CREDENTIALS: Final[Mapping[str, Mapping[str, object]]] = {"geniq": {"originator": "DEMO"}}
#: Seconds between two looks at a provider that does not call.
_POLL_INTERVAL: Final = 1
#: Providers that pass on what is received.
_RECEIVING: Final = frozenset({"geniq", "smsgateway24"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What was set up. ``broker`` names the broker's program, ``network`` what stands behind the gateway.

    ``awaited`` is what becomes of the demonstration's message: states, and ``reply`` where there is one.
    """

    config: Path
    broker: str
    port: int
    gateway: str
    network: str
    awaited: tuple[str, ...]


def set_up(folder: Path, children: Children, provider: str | None = None) -> Stage:
    """Start broker, bridge, and a modem or ``provider``. Raises :class:`Stop` where one of them does not appear."""
    port = free_port()
    broker, protocol = _start_broker(folder, children, port)
    children.wait_for("MQTT broker", lambda: answers(port), _APPEAR_WITHIN)
    configuration: dict[str, object] = {
        "mqtt": {"host": _LOOPBACK, "port": port, "protocol": protocol},
        "store": {"url": f"sqlite:///{folder}/bridge.db"},
        "contacts": {"phone": PHONE_NUMBER},
    }
    config = folder / "sms-bridge.yaml"
    awaited: tuple[str, ...]
    if provider is None:
        _start_with_modem(children, config, configuration)
        network = f"simulated modem  {folder / _MODEM}, its network, and a phone that answers: {PHONE_NUMBER}"
        awaited = ("queued", "sent", "delivered", "reply")
    else:
        base_url = _start_with_provider(children, config, configuration, provider)
        network = f"provider         a simulated {provider} at {base_url}, and a phone: {PHONE_NUMBER}"
        awaited = ("queued", "delivered", *(["reply"] if provider in _RECEIVING else []))
    return Stage(
        config=config,
        broker=broker,
        port=port,
        gateway=provider or _STICK,
        network=network,
        awaited=awaited,
    )


def _start_with_modem(children: Children, config: Path, configuration: dict[str, object]) -> None:
    modem = config.parent / _MODEM
    children.start(
        "simulated modem", ourselves("simulate", "modem", "--pty", modem, "--number", SIM_NUMBER, "--echo")
    )
    _write(config, {**configuration, "gateways": {_STICK: {"type": "modem", "port": str(modem)}}})
    children.wait_for("simulated modem", modem.exists, _APPEAR_WITHIN)
    children.start("bridge", ourselves("run", "-c", config))


def _start_with_provider(
    children: Children, config: Path, configuration: dict[str, object], name: str
) -> str:
    """Start the bridge and the provider that it speaks to; each is told the other's address. Returns the provider's."""
    port, web_port = free_port(), free_port()
    simulated = make_provider(name)
    gateway = {
        "type": name,
        "base_url": simulated.url_at(_LOOPBACK, port),
        "poll_interval": _POLL_INTERVAL,
        # As somebody would write them: a number is no string.
        **{key: yaml.safe_load(value) for key, value in simulated.credentials().items()},
        **_BESIDE_CREDENTIALS.get(name, {}),
    }
    web = {"listen": f"{_LOOPBACK}:{web_port}", "public_url": f"http://{_LOOPBACK}:{web_port}"}
    _write(config, {**configuration, "gateways": {name: gateway}, "http": web})
    children.start("bridge", ourselves("run", "-c", config))
    children.wait_for("bridge", lambda: _called_at(config, name) is not None, _APPEAR_WITHIN)
    words: list[str | Path] = ["--port", str(port), "--auto", "--echo"]
    if callback_url := _called_at(config, name):
        words += ["--callback-url", callback_url]
    children.start(f"simulated {name}", ourselves("simulate", "provider", name, *words))
    children.wait_for(f"simulated {name}", lambda: answers(port), _APPEAR_WITHIN)
    _ask(config, "restart_gateway", {"gateway": name})
    return simulated.url_at(_LOOPBACK, port)


def _called_at(config: Path, name: str) -> str | None:
    """Where the provider may call: empty for one that never calls, ``None`` until the bridge has made the address."""
    found = _ask(config, "gateway", {"gateway": name}) or {"capabilities": [Capability.REPORT_CALLBACK]}
    capabilities = found["capabilities"]
    assert isinstance(capabilities, list)  # MQTT contract, section 5
    if Capability.REPORT_CALLBACK not in capabilities:
        return ""
    callback_url = found.get("callback_url")
    return callback_url if isinstance(callback_url, str) else None


def _write(config: Path, configuration: Mapping[str, object]) -> None:
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    config.write_text(f"# Made by sms-bridge demo; removed when it ends.\n{text}")


def _ask(config: Path, command: str, members: Mapping[str, object]) -> Mapping[str, object] | None:
    """Ask the running bridge; ``None`` while it does not answer."""
    try:
        return call(control_folder(load(config).store_url), command, members, _APPEAR_WITHIN)
    except (ControlError, AdminError):
        return None


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
