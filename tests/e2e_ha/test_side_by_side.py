"""The bridge shows itself by MQTT discovery until the component takes over: nothing is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.client import wait_for
from tests.e2e_ha.home_assistant import PATIENCE
from tests.e2e_ha.house import DOMAIN

if TYPE_CHECKING:
    from tests.e2e_ha.house import House


def test_the_bridges_own_entities_go_with_the_component_and_return_without_it(house: House) -> None:
    assert not _shown_by_the_bridge(house)
    assert house.hass.entities("mqtt") == []
    ours = house.hass.entities(DOMAIN)
    names = [(entry["device_id"], entry["original_name"]) for entry in ours]
    assert len(set(names)) == len(names) > 0

    house.remove()
    wait_for(lambda: house.hass.entities("mqtt"), "the bridge's own entities", PATIENCE)
    assert house.hass.entities(DOMAIN) == []
    assert _shown_by_the_bridge(house)

    house.set_up()
    assert not _shown_by_the_bridge(house)
    assert len(house.hass.entities(DOMAIN)) == len(ours)


def _shown_by_the_bridge(house: House) -> set[str]:
    """Home Assistant's discovery topics that hold a payload of the bridge."""
    held: dict[str, bytes] = {}
    for seen in house.world.client.seen:
        if seen.topic.startswith("homeassistant/device/"):
            held[seen.topic] = seen.payload
    return {topic for topic, payload in held.items() if payload}
