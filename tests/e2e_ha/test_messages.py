"""Messages there and back: actions, notify entities, events, and the alarm of the blueprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e_ha.home_assistant import HomeAssistantError
from tests.e2e_ha.house import CONTACT, DOMAIN, INCOMING, NUMBER

if TYPE_CHECKING:
    from tests.e2e_ha.home_assistant import Json
    from tests.e2e_ha.house import House


def test_an_action_sends_and_each_state_is_an_event_once(house: House) -> None:
    recipient = "+4915550001001"
    seen: list[Json] = []
    with house.hass.socket() as socket:
        socket.call("subscribe_events", event_type="sms_gateway_delivery")
        sent = house.send(recipient, 'The "door" is open: 5 € <b>', id="door-1")
        for event in socket.events():
            seen.append(event["data"])
            if event["data"]["state"] == "delivered":
                break
    assert sent["state"] in {"queued", "sent", "delivered"}
    assert house.texts_to(recipient) == ['The "door" is open: 5 € <b>']
    assert [event["state"] for event in seen if event["id"] == "door-1"] == ["queued", "sent", "delivered"]
    assert not any(event["late"] for event in seen)


def test_a_contacts_notify_entity_sends_to_her(house: House) -> None:
    house.hass.do("notify.send_message", entity_id="notify.carla", message="It rains in", title="Window")
    house.got(NUMBER, lambda texts: "Window\nIt rains in" in texts)


def test_a_recipient_that_is_nobody_is_refused_in_words(house: House) -> None:
    with pytest.raises(HomeAssistantError, match="Carlo is neither a contact or group"):
        house.send("Carlo", "Hello")


def test_a_received_message_is_an_event_without_its_text(house: House) -> None:
    with house.hass.socket() as socket:
        socket.call("subscribe_events", event_type="sms_gateway_received")
        house.world.modem.deliver("Is anybody home?", NUMBER)
        event = next(socket.events())["data"]
    assert (event["originator"], event["contact"], event["length"]) == (NUMBER, CONTACT, 16)
    assert "Is anybody home?" not in str(event)
    assert "Is anybody home?" not in str(house.hass.state(INCOMING))


def test_a_reply_ends_the_alarm_of_the_blueprint(house: House) -> None:
    house.hass.post("states/binary_sensor.cellar", {"state": "off"})
    house.hass.automate(
        "alarm",
        {
            "use_blueprint": {
                "path": f"{DOMAIN}/alarm_with_acknowledgement.yaml",
                "input": {
                    "sensors": ["binary_sensor.cellar"],
                    "config_entry": house.entry_id,
                    "contacts": [CONTACT],
                    "message": "Water in the cellar. Reply OK.",
                },
            }
        },
    )
    house.hass.post("states/binary_sensor.cellar", {"state": "on"})
    house.got(NUMBER, lambda texts: "Water in the cellar. Reply OK." in texts)
    house.world.modem.deliver("Ok, coming", NUMBER)
    house.got(NUMBER, lambda texts: any(f"{CONTACT} takes care of it" in text for text in texts))
