"""A house: Home Assistant with its MQTT integration, and the world behind the broker (bridge, modem, network)."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from tests.e2e.client import wait_for
from tests.e2e.world import World
from tests.e2e_ha.home_assistant import PATIENCE, HomeAssistant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from tests.e2e.world import Bridge

Json = dict[str, Any]

DOMAIN: Final = "sms_gateway"
#: The contact of every house (ITU-T E.164); the bridge does not know her.
CONTACT: Final = "Carla"
NUMBER: Final = "+4915550000004"
#: Entities whose names follow from the entry's title and from the gateway's.
HUB: Final = "binary_sensor.sms_bridge_connectivity"
GATEWAY: Final = "binary_sensor.stick_connectivity"
SIGNAL: Final = "sensor.stick_signal_strength"
INCOMING: Final = "event.sms_bridge_incoming_message"
DELIVERY: Final = "event.sms_bridge_delivery"


class House:
    """Everything in ``folder``; :meth:`set_up` adds the component.

    ``modem`` are options of the simulated modem, the others those of :class:`HomeAssistant`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        modem: tuple[str, ...] = (),
        python: str = sys.executable,
        installs: bool = False,
        port: int | None = None,
    ) -> None:
        self.world = World(folder, modems={"stick": modem}, gateways={"stick": {"balance": BALANCE}})
        self.hass = HomeAssistant(folder / "homeassistant", python=python, installs=installs, port=port)
        self.bridge: Bridge
        self.entry_id = ""
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._ends.enter_context(self.world)
            self.bridge = self.world.start_bridge()
            self._ends.enter_context(self.hass)
            self.connect_to_broker()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def connect_to_broker(self) -> None:
        """Set up Home Assistant's MQTT integration."""
        flow = self.hass.post("config/config_entries/flow", {"handler": "mqtt"})
        made = self.answer(
            flow,
            broker="127.0.0.1",
            port=self.world.broker.port,
            protocol="5",
            other_settings={"set_client_cert": False, "set_ca_cert": "off"},
        )
        assert made["type"] == "create_entry", made

    def discovered(self) -> Json:
        """Wait until the bridge is offered, and return its flow."""

        def offered() -> Json | None:
            flows: list[Json] = self.hass.ask("config_entries/flow/progress")
            return next((flow for flow in flows if flow["handler"] == DOMAIN), None)

        return wait_for(offered, "the bridge being discovered", PATIENCE)

    def set_up(self) -> Json:
        """Confirm the discovered bridge, add the contact it offers to add, and return the result of the first.

        Ends when the entities that the bridge shows by MQTT discovery have given way.
        """
        made = self.answer(self.discovered())
        assert made["type"] == "create_entry", made
        kind, flow_id = made["next_flow"]
        assert kind == "config_subentries_flow"
        self.add_contact(flow_id)
        self.entry_id = made["result"]["entry_id"]
        self.hass.becomes(GATEWAY, "on")
        wait_for(lambda: not self.hass.entities("mqtt"), "the bridge's own entities being gone", PATIENCE)
        return made

    def add_contact(self, flow_id: str) -> None:
        """Fill in the form for a contact."""
        made = self.hass.post(
            f"config/config_entries/subentries/flow/{flow_id}", {"name": CONTACT, "number": NUMBER}
        )
        assert made["type"] == "create_entry", made

    def remove(self) -> None:
        """Remove the component's entry."""
        self.hass.delete(f"config/config_entries/entry/{self.entry_id}")
        self.entry_id = ""

    def answer(self, flow: Json, **fields: object) -> Json:
        """Submit a form of a config flow."""
        answer: Json = self.hass.post(f"config/config_entries/flow/{flow['flow_id']}", fields)
        return answer

    def send(self, target: str, text: str, **fields: object) -> Json:
        """Send by the action; returns what became of the message."""
        answer = self.hass.call(
            f"{DOMAIN}.send", config_entry_id=self.entry_id, target=[target], message=text, **fields
        )
        message: Json = answer["messages"][0]
        return message

    def texts_to(self, recipient: str) -> list[str]:
        """What the simulated network has handed over to a recipient."""
        return [message["text"] for message in self.world.modem.got(recipient)]

    def got(self, recipient: str, has: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the texts to a recipient are as wanted."""

        def wanted() -> list[str] | None:
            texts = self.texts_to(recipient)
            return texts if has(texts) else None

        return wait_for(wanted, "the message at the simulated handset", PATIENCE)


#: Asked for by USSD, as with a prepaid SIM.
BALANCE: Final[Json] = {"ussd": "*100#", "pattern": "([0-9.]+) EUR", "currency": "EUR"}
