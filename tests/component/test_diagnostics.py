"""Diagnostics tell what helps, and nothing that is private."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from homeassistant.helpers.json import json_dumps

from custom_components.sms_gateway.const import CONF_ALLOWED, CONF_PIN, CONF_SMS_CONTROL
from custom_components.sms_gateway.diagnostics import async_get_config_entry_diagnostics
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge


@pytest.mark.parametrize(
    "options", [{CONF_SMS_CONTROL: {CONF_ALLOWED: [ANNAS_NUMBER], CONF_PIN: "7391"}, CONF_PIN: "7391"}]
)
async def test_diagnostics_hold_no_number_no_name_no_text_and_no_key(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.show_gateway("stick", detail="SIM of +491701234567")
    bridge.incoming("a secret text")
    await bridge.settle()
    text = json_dumps(await async_get_config_entry_diagnostics(hass, loaded))
    for private in (ANNAS_NUMBER, BERTS_NUMBER, "4567", "Anna", "Bert", "Family", "7391", "secret text"):
        assert private not in text
    told = json.loads(text)
    assert told["backend"] == {
        "linked": True,
        "bridge_online": True,
        "health": {},
        "epoch": bridge.epoch,
        "seq": 1,
    }
    assert told["snapshot"]["gateways"]["stick"]["operator"] == "Testnet"
    assert [subentry["type"] for subentry in told["subentries"]] == ["contact", "contact", "group"]
