"""The options of a provider account: those that mean something for what its provider can do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from homeassistant.const import CONF_ENABLED
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway import options_flow
from custom_components.sms_gateway.const import (
    CONF_CLASSIC_NOTIFY,
    CONF_COUNTRY,
    CONF_KIND,
    CONF_LOW_BALANCE,
    CONF_MAX_AGE,
    CONF_POLL_INTERVAL,
    CONF_SMS_CONTROL,
    CONF_TEXTS_IN_ENTITIES,
    DOMAIN,
    EntryKind,
)
from custom_components.sms_gateway.sms_providers.model import Capability
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

ALWAYS = {CONF_COUNTRY, CONF_CLASSIC_NOTIFY}
RECEIVING = {CONF_MAX_AGE, CONF_TEXTS_IN_ENTITIES, CONF_SMS_CONTROL}


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture
def capabilities(monkeypatch: pytest.MonkeyPatch) -> set[Capability]:
    """What the provider of the account can do; a test adds to it."""
    found: set[Capability] = set()
    monkeypatch.setattr(
        options_flow, "make_provider", lambda _hass, _data: SimpleNamespace(capabilities=frozenset(found))
    )
    return found


@pytest.fixture
def account(hass: HomeAssistant) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_KIND: EntryKind.UBILL})
    entry.add_to_hass(hass)
    return entry


async def start(hass: HomeAssistant, account: MockConfigEntry) -> ConfigFlowResult:
    return await hass.config_entries.options.async_init(account.entry_id)


@pytest.mark.parametrize(
    ("able", "options"),
    [
        (set(), ALWAYS),
        ({Capability.REPORT_CALLBACK}, ALWAYS),
        ({Capability.REPORT_POLL}, {*ALWAYS, CONF_POLL_INTERVAL}),
        ({Capability.BALANCE}, {*ALWAYS, CONF_POLL_INTERVAL, CONF_LOW_BALANCE}),
        ({Capability.INCOMING_CALLBACK}, {*ALWAYS, *RECEIVING}),
        ({Capability.INCOMING_POLL}, {*ALWAYS, *RECEIVING, CONF_POLL_INTERVAL}),
    ],
)
async def test_options_that_mean_nothing_for_a_provider_are_not_shown(
    hass: HomeAssistant,
    account: MockConfigEntry,
    capabilities: set[Capability],
    able: set[Capability],
    options: set[str],
) -> None:
    capabilities |= able

    schema = (await start(hass, account))["data_schema"]

    assert schema is not None
    assert {str(key) for key in schema.schema} == options


async def test_an_account_without_incoming_keeps_its_options(
    hass: HomeAssistant, account: MockConfigEntry, capabilities: set[Capability]
) -> None:
    capabilities |= {Capability.REPORT_POLL, Capability.BALANCE}
    typed = {CONF_COUNTRY: "GE", CONF_POLL_INTERVAL: 90.0, CONF_LOW_BALANCE: 5, CONF_CLASSIC_NOTIFY: False}

    result = await start(hass, account)
    assert result["data_schema"] is not None
    (interval,) = (key for key in result["data_schema"].schema if key == CONF_POLL_INTERVAL)
    assert interval.description == {"suggested_value": 60}
    result = await hass.config_entries.options.async_configure(result["flow_id"], typed)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert account.options == typed
    assert isinstance(account.options[CONF_POLL_INTERVAL], int)


async def test_an_account_can_be_controlled_by_sms(
    hass: HomeAssistant, account: MockConfigEntry, capabilities: set[Capability]
) -> None:
    capabilities.add(Capability.INCOMING_CALLBACK)
    typed = {
        CONF_MAX_AGE: 300,
        CONF_TEXTS_IN_ENTITIES: False,
        CONF_CLASSIC_NOTIFY: False,
        CONF_SMS_CONTROL: {CONF_ENABLED: True},
    }
    flow = await start(hass, account)
    result = await hass.config_entries.options.async_configure(flow["flow_id"], typed)

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "allowed_missing"})


async def test_a_provider_is_not_asked_all_the_time(
    hass: HomeAssistant, account: MockConfigEntry, capabilities: set[Capability]
) -> None:
    capabilities.add(Capability.REPORT_POLL)
    flow = await start(hass, account)

    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            flow["flow_id"], {CONF_POLL_INTERVAL: 29, CONF_CLASSIC_NOTIFY: False}
        )
