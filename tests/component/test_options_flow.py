"""The options of an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_ENABLED
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.sms_gateway.const import (
    CONF_AGENT,
    CONF_ALLOWED,
    CONF_CLASSIC_NOTIFY,
    CONF_COUNTRY,
    CONF_LOW_BALANCE,
    CONF_MAX_AGE,
    CONF_PIN,
    CONF_SMS_CONTROL,
    CONF_TEXTS_IN_ENTITIES,
)
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

CONTROL = {
    CONF_ENABLED: True,
    CONF_ALLOWED: ["+491701234567"],
    CONF_PIN: "2580",
    CONF_AGENT: "conversation.home",
}
OPTIONS = {
    CONF_COUNTRY: "DE",
    CONF_MAX_AGE: 120,
    CONF_LOW_BALANCE: 2.5,
    CONF_TEXTS_IN_ENTITIES: True,
    CONF_CLASSIC_NOTIFY: True,
    CONF_SMS_CONTROL: CONTROL,
}


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


async def submit(hass: HomeAssistant, flow_id: str, **changes: object) -> ConfigFlowResult:
    result = await hass.config_entries.options.async_configure(flow_id, {**OPTIONS, **changes})
    await hass.async_block_till_done()
    return result


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    return await hass.config_entries.options.async_init(entry.entry_id)


def suggestions(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what the form holds before anybody typed."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"] for key in schema.schema if key.description is not None
    }


async def test_a_form_without_options_shows_the_defaults(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    hass.config.country = "AT"

    shown = suggestions(await start(hass, loaded))

    assert shown == {
        CONF_COUNTRY: "AT",
        CONF_MAX_AGE: 300,
        CONF_TEXTS_IN_ENTITIES: False,
        CONF_CLASSIC_NOTIFY: False,
    }


async def test_options_are_kept_and_the_entry_is_loaded_anew(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    before = loaded.runtime_data
    result = await submit(hass, (await start(hass, loaded))["flow_id"])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.options == OPTIONS
    assert isinstance(loaded.options[CONF_MAX_AGE], int)
    assert loaded.state is ConfigEntryState.LOADED
    assert loaded.runtime_data is not before

    shown = suggestions(await start(hass, loaded))
    assert shown == {key: value for key, value in OPTIONS.items() if key != CONF_SMS_CONTROL}


async def test_allowed_numbers_are_kept_as_e164_each_once(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    allowed = ["0170 1234567", "+49 (0) 170 1234567", "22922"]
    control = {**CONTROL, CONF_ALLOWED: allowed}

    await submit(hass, (await start(hass, loaded))["flow_id"], **{CONF_SMS_CONTROL: control})

    assert loaded.options[CONF_SMS_CONTROL][CONF_ALLOWED] == ["+491701234567", "22922"]


@pytest.mark.parametrize(
    ("control", "error"),
    [
        ({CONF_ENABLED: True}, "allowed_missing"),
        ({CONF_ENABLED: True, CONF_ALLOWED: []}, "allowed_missing"),
        ({**CONTROL, CONF_ALLOWED: ["+491701234567", "anna"]}, "invalid_allowed"),
        ({**CONTROL, CONF_PIN: "123"}, "invalid_pin"),
        ({**CONTROL, CONF_PIN: "open sesame"}, "invalid_pin"),
    ],
)
async def test_a_wrong_section_is_told_and_can_be_corrected(
    hass: HomeAssistant, loaded: MockConfigEntry, control: dict[str, Any], error: str
) -> None:
    result = await submit(hass, (await start(hass, loaded))["flow_id"], **{CONF_SMS_CONTROL: control})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})
    assert suggestions(result)[CONF_MAX_AGE] == OPTIONS[CONF_MAX_AGE]

    result = await submit(hass, result["flow_id"])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_control_can_be_switched_off_and_keep_its_numbers(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    control = {**CONTROL, CONF_ENABLED: False}

    await submit(hass, (await start(hass, loaded))["flow_id"], **{CONF_SMS_CONTROL: control})

    assert loaded.options[CONF_SMS_CONTROL] == control


@pytest.mark.parametrize("seconds", [0, 9, 86_401])
async def test_an_age_out_of_bounds_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, seconds: int
) -> None:
    flow = await start(hass, loaded)

    with pytest.raises(InvalidData):
        await submit(hass, flow["flow_id"], **{CONF_MAX_AGE: seconds})
