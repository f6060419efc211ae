"""An account without a bridge: set up in the browser, then messages there and back, a restart, and what is written."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.client import wait_for
from tests.e2e_ha.account_house import API_KEY, API_SECRET, BALANCE, CONNECTIVITY, AccountHouse
from tests.e2e_ha.browser import Browser
from tests.e2e_ha.home_assistant import PATIENCE
from tests.e2e_ha.house import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e_ha.home_assistant import Json

#: How every token of the simulated GENIQ begins: the head of a JSON Web Token (RFC 7515 clause 3).
TOKENS: Final = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"}).encode()).decode().rstrip("=")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountHouse]:
    """A house whose account a person has set up; nothing that no document knows was asked of its provider."""
    with AccountHouse(tmp_path_factory.mktemp("account")) as house:
        with Browser(None) as browser:
            house.set_up(browser)
        yield house
    assert house.server.misuses == []


def test_an_action_sends_and_the_providers_call_is_an_event(house: AccountHouse) -> None:
    recipient = "+4915550001001"
    seen: list[Json] = []
    with house.hass.socket() as socket:
        socket.call("subscribe_events", event_type="sms_gateway_delivery")
        house.send(recipient, 'The "door" is open: 5 € <b>', id="door-1")
        (sent,) = house.leaves(recipient)
        wait_for(lambda: house.message("door-1")["state"] == "accepted", "the answer", PATIENCE)
        house.report(sent, "delivered")
        for event in socket.events():
            seen.append(event["data"])
            if event["data"]["state"] == "delivered":
                break
    assert sent.text == 'The "door" is open: 5 € <b>'
    assert [event["state"] for event in seen if event["id"] == "door-1"] == [
        "queued",
        "accepted",
        "delivered",
    ]
    assert len(house.on_air(recipient)) == 1


def test_the_balance_has_its_currency(house: AccountHouse) -> None:
    shown = house.hass.state(BALANCE)
    assert float(shown["state"]) > 0
    assert shown["attributes"]["unit_of_measurement"] == "EUR"


def test_a_received_message_triggers_an_automation_that_answers(house: AccountHouse) -> None:
    house.hass.automate(
        "answer",
        {
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.message_received",
                    "options": {"config_entry_id": house.entry_id, "contains": "status"},
                }
            ],
            "actions": [
                {
                    "action": f"{DOMAIN}.send",
                    "data": {
                        "config_entry_id": house.entry_id,
                        # A list: a template that gives a number alone makes it an integer, without its plus sign.
                        "target": "{{ [trigger.originator] }}",
                        "message": "You asked: {{ trigger.text }}",
                    },
                }
            ],
        },
    )
    asking, other = "+4915550001002", "+4915550001003"
    text = "What is the status of the door, the windows and everything else in the house? " * 4 + "✓"
    house.receive(other, "nobody asks anything")
    house.receive(asking, text)
    (sent,) = house.leaves(asking)
    assert sent.text == f"You asked: {text}"
    assert house.on_air(other) == []


def test_a_restart_keeps_the_history_and_the_address_that_the_provider_has(house: AccountHouse) -> None:
    recipient = "+4915550001004"
    house.send(recipient, "before the restart", id="before")
    (sent,) = house.leaves(recipient)
    wait_for(lambda: house.message("before")["state"] == "accepted", "the answer", PATIENCE)
    house.hass.stop()
    house.hass.start()
    house.hass.becomes(CONNECTIVITY, "on")
    assert house.message("before")["text"] == "before the restart"
    house.report(sent, "delivered")
    wait_for(lambda: house.message("before")["state"] == "delivered", "the report", PATIENCE)
    again = house.send(recipient, "before the restart", id="before")
    assert again["state"] == "delivered"
    assert len(house.on_air(recipient)) == 1


def test_neither_log_nor_diagnostics_hold_what_is_secret(house: AccountHouse) -> None:
    recipient, text = "+4915550001005", "the key is under the mat"
    house.hass.do("logger.set_level", **{f"custom_components.{DOMAIN}": "debug"})
    house.send(recipient, text, id="private")
    (sent,) = house.leaves(recipient)
    wait_for(lambda: house.message("private")["state"] == "accepted", "the answer", PATIENCE)
    house.report(sent, "delivered")
    house.receive(recipient, text)
    wait_for(lambda: house.hass.state("sensor.geniq_cellar_received_today")["state"] != "0", "it", PATIENCE)
    given = json.dumps(house.hass.get(f"diagnostics/config_entry/{house.entry_id}"))
    logged = house.hass.log.read_text() + (house.hass.folder / "home-assistant.log").read_text()
    assert "POST /sms" in given
    assert DOMAIN in logged
    secrets = (API_KEY, API_SECRET, house.webhook_id, recipient[1:], text, TOKENS)
    for place, secret in enumerate(secrets):
        assert secret not in given, place
        assert secret not in logged, place
