"""Home Assistant, the broker and the bridge go and come back: entities say so, and nothing is missed or told twice."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e_ha.house import DOMAIN, GATEWAY, HUB, SIGNAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e_ha.house import House


@pytest.fixture(scope="module")
def echoing_house(house: House) -> Iterator[House]:
    """A house that answers each ``sms_gateway_received`` with what the event says of the message."""
    house.hass.automate(
        "echo",
        {
            "mode": "queued",
            "triggers": [{"trigger": "event", "event_type": "sms_gateway_received"}],
            "actions": [
                {
                    "action": f"{DOMAIN}.send",
                    "data": {
                        "config_entry_id": house.entry_id,
                        # A list: a template that gives a number alone makes it an integer, without its plus sign.
                        "target": "{{ [trigger.event.data.originator] }}",
                        "message": "{{ 'late' if trigger.event.data.late else 'live' }}",
                    },
                }
            ],
        },
    )
    yield house
    house.hass.delete("config/automation/config/echo")


def test_entities_are_unavailable_while_the_bridge_is_away(house: House) -> None:
    house.bridge.end(signal.SIGKILL)
    house.hass.becomes(HUB, "off")
    house.hass.becomes(SIGNAL, "unavailable")
    house.bridge = house.world.start_bridge()
    house.hass.becomes(HUB, "on")
    house.hass.becomes(GATEWAY, "on")
    assert float(house.hass.state(SIGNAL)["state"]) < 0


def test_what_comes_while_the_broker_is_away_is_told_once_when_it_is_back(echoing_house: House) -> None:
    house, sender = echoing_house, "+4915550002001"
    house.world.broker.stop()
    house.hass.becomes(SIGNAL, "unavailable")
    house.world.modem.deliver("while the broker is away", sender)
    house.world.broker.start()
    house.hass.becomes(GATEWAY, "on")
    house.got(sender, bool)
    _nothing_more_comes(house)
    assert len(house.texts_to(sender)) == 1


def test_what_comes_while_home_assistant_is_away_is_told_once_as_late(echoing_house: House) -> None:
    house, sender = echoing_house, "+4915550002002"
    house.hass.stop()
    house.world.modem.deliver("while nobody is at home", sender)
    house.world.client.incoming("while nobody is at home")
    house.hass.start()
    house.got(sender, bool)
    # What was told before is not told again at the next connection.
    house.hass.post(f"config/config_entries/entry/{house.entry_id}/reload")
    house.hass.becomes(GATEWAY, "on")
    _nothing_more_comes(house)
    assert house.texts_to(sender) == ["late"]


def _nothing_more_comes(house: House) -> None:
    """Events are told in order: when a further message is answered, all before it have been."""
    sender = f"+49155500029{len(house.world.modem('messages')):02}"
    house.world.modem.deliver("is that all?", sender)
    assert house.got(sender, bool) == ["live"]
