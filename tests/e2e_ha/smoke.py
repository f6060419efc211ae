"""One round with the component in whatever version of Home Assistant: what ``script/smoke`` runs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.client import wait_for
from tests.e2e_ha.home_assistant import PATIENCE, HomeAssistantError
from tests.e2e_ha.house import CONTACT, DOMAIN, GATEWAY, HUB, INCOMING, NUMBER, House

#: Who warns in any case: the loader of every custom component, the MQTT integration of every discovery withdrawn, the
#: WebSocket interface of every refusal.
_ALWAYS: Final = ("homeassistant.loader", "components.mqtt.discovery", "components.websocket_api")


def main(python: str) -> None:
    """Go once round with the Home Assistant of this interpreter; a step that fails raises."""
    with (
        tempfile.TemporaryDirectory(prefix="sms-gateway-smoke-") as name,
        House(Path(name), python=python, installs=True) as house,
    ):
        print(f"Home Assistant {house.hass.get('config')['version']} runs")
        _set_up(house)
        _send_and_receive(house)
        _reload_and_unload(house)
        _remove(house)
        _show_warnings(house)


def _set_up(house: House) -> None:
    house.set_up()
    ours = house.hass.entities(DOMAIN)
    assert len(ours) > len({entry["device_id"] for entry in ours}) > 1
    print(f"set up: {len(ours)} entities")


def _send_and_receive(house: House) -> None:
    assert house.send(CONTACT, "Hello", wait_for="delivered")["state"] == "delivered"
    assert house.texts_to(NUMBER) == ["Hello"]
    house.hass.automate(
        "answer",
        {
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.message_received",
                    "options": {"from": [CONTACT], "matches": "^status (?P<what>.+)$"},
                }
            ],
            "actions": [
                {
                    "action": "notify.send_message",
                    "target": {"entity_id": "notify.carla"},
                    "data": {"message": "{{ trigger.named_groups.what }} is fine"},
                }
            ],
        },
    )
    house.world.modem.deliver("status boiler", NUMBER)
    house.got(NUMBER, lambda texts: "boiler is fine" in texts)
    wait_for(lambda: house.hass.state(INCOMING)["state"] != "unknown", "the event entity", PATIENCE)
    print("sent and received, with trigger, notify entity and event entity")


def _reload_and_unload(house: House) -> None:
    house.hass.post(f"config/config_entries/entry/{house.entry_id}/reload")
    house.hass.becomes(GATEWAY, "on")
    house.hass.ask("config_entries/disable", entry_id=house.entry_id, disabled_by="user")
    wait_for(lambda: _is_gone(house, HUB), "unloading", PATIENCE)
    try:
        house.send(CONTACT, "Nobody sends this")
    except HomeAssistantError as error:
        print(f"reloaded and unloaded; then sending is refused: {error}")
    else:
        raise AssertionError("an unloaded entry has sent")
    house.hass.ask("config_entries/disable", entry_id=house.entry_id, disabled_by=None)
    house.hass.becomes(GATEWAY, "on")


def _is_gone(house: House, entity_id: str) -> bool:
    """Whether an entity is unloaded: some versions keep it, unavailable, in the list of states."""
    states = {state["entity_id"]: state["state"] for state in house.hass.get("states")}
    return bool(states.get(entity_id, "unavailable") == "unavailable")


def _remove(house: House) -> None:
    house.remove()
    wait_for(lambda: house.hass.entities("mqtt"), "the bridge's own entities", PATIENCE)
    assert house.hass.entities(DOMAIN) == []
    print("removed; the bridge shows itself again")


def _show_warnings(house: House) -> None:
    """Home Assistant's log says what a later version will not accept."""
    lines = house.hass.log.read_text().splitlines()
    told = [line for line in lines if " WARNING " in line or " ERROR " in line]
    ours = [line for line in told if DOMAIN in line and not any(name in line for name in _ALWAYS)]
    print("\n".join(["its log says of the component:", *ours]) if ours else "no warning about the component")


if __name__ == "__main__":
    main(sys.argv[1])
