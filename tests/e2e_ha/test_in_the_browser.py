"""What a person sees and clicks: the bridge is found, set up with its first contact, and used in an automation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.e2e.client import wait_for
from tests.e2e_ha.home_assistant import ROOT
from tests.e2e_ha.house import CONTACT, DOMAIN, GATEWAY, NUMBER

if TYPE_CHECKING:
    from tests.e2e_ha.browser import Browser
    from tests.e2e_ha.house import House

TEXTS: dict[str, Any] = json.loads(
    (ROOT / "custom_components" / DOMAIN / "translations" / "en.json").read_text(encoding="utf-8")
)


def test_a_person_sets_the_bridge_up_and_finds_its_devices_and_triggers(
    discovering_house: House, browser: Browser
) -> None:
    browser.log_in(discovering_house.hass)
    _confirm_the_discovered_bridge(browser)
    _add_the_first_contact(browser)
    discovering_house.hass.becomes(GATEWAY, "on")
    discovering_house.entry_id = discovering_house.hass.entries(DOMAIN)[0]["entry_id"]
    discovering_house.send(CONTACT, "Hello from the house", wait_for="delivered")
    assert discovering_house.texts_to(NUMBER) == ["Hello from the house"]
    _look_at_the_devices(discovering_house, browser)
    _look_at_the_triggers(browser)


def _confirm_the_discovered_bridge(browser: Browser) -> None:
    browser.go("config/integrations/dashboard")
    card = browser.page.locator("ha-config-flow-card")
    expect(card).to_contain_text("SMS bridge")
    browser.picture("discovered")
    card.get_by_text("Add", exact=True).click()
    step = TEXTS["config"]["step"]["confirm"]
    expect(browser.dialog).to_contain_text(step["title"])
    question = step["description"].format(instance="main", base_topic="sms_gateway")
    expect(browser.dialog).to_contain_text(question)
    browser.picture("confirm")
    browser.click("Submit")


def _add_the_first_contact(browser: Browser) -> None:
    step = TEXTS["config_subentries"]["contact"]["step"]["user"]
    expect(browser.dialog).to_contain_text(step["title"])
    expect(browser.dialog).to_contain_text(step["description"])
    for field in ("name", "number"):
        expect(browser.dialog).to_contain_text(step["data"][field])
        expect(browser.dialog).to_contain_text(step["data_description"][field])
    name, number = browser.dialog.locator("input").nth(0), browser.dialog.locator("input").nth(1)
    spaced = f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"
    name.fill(CONTACT)
    number.fill(spaced)
    browser.picture("first-contact")
    number.fill(spaced.removeprefix("+"))
    browser.click("Submit")
    error = TEXTS["config_subentries"]["contact"]["error"]["invalid_number"]
    expect(browser.dialog).to_contain_text(error)
    number.fill(spaced)
    browser.click("Submit")
    expect(browser.dialog).to_contain_text(CONTACT)
    browser.click("Finish")


def _look_at_the_devices(house: House, browser: Browser) -> None:
    devices = {
        device["name"]: device["id"]
        for device in house.hass.ask("config/device_registry/list")
        if house.entry_id in device["config_entries"]
    }
    assert devices.keys() == {"SMS bridge", "stick", CONTACT}
    browser.go(f"config/devices/device/{devices['stick']}")
    page = browser.page.locator("ha-config-device-page")
    for text in ("Connectivity", "Connected", "Operator", "Simulated", "Signal strength", "Restart"):
        expect(page).to_contain_text(text)
    wait_for(lambda: house.hass.state("sensor.sms_bridge_sent_today")["state"] == "1", "the counter")
    browser.go(f"config/devices/device/{devices['SMS bridge']}")
    sensors, events = TEXTS["entity"]["sensor"], TEXTS["entity"]["event"]
    for text in (sensors["sent_today"]["name"], *(event["name"] for event in events.values())):
        expect(page).to_contain_text(text)
    browser.picture("device")


def _look_at_the_triggers(browser: Browser) -> None:
    browser.go("config/automation/edit/new")
    browser.click("Add trigger")
    browser.page.get_by_text("By type").click()
    browser.page.get_by_text(TEXTS.get("title", "SMS Gateway"), exact=True).last.click()
    dialog = browser.page.locator("add-automation-element-dialog")
    for trigger in TEXTS["triggers"].values():
        expect(dialog).to_contain_text(trigger["name"])
        expect(dialog).to_contain_text(trigger["description"])
    browser.picture("triggers")
    dialog.get_by_text(TEXTS["triggers"]["message_received"]["name"], exact=True).click()
    editor = browser.page.locator("ha-automation-sidebar")
    for field in TEXTS["triggers"]["message_received"]["fields"].values():
        expect(editor).to_contain_text(field["name"])
