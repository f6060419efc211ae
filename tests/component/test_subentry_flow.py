"""Adding and changing contacts and groups."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.sms_gateway.const import (
    CONF_COUNTRY,
    CONF_GATEWAY,
    CONF_MEMBERS,
    CONF_NUMBER,
    SubentryKind,
)
from tests.component.bridge import Gateway
from tests.component.conftest import ANNA, ANNAS_NUMBER, BERT, FAMILY
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from homeassistant.config_entries import SubentryFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

CLARA = {CONF_NAME: "Clara", CONF_NUMBER: "+49 170 5555555"}


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture
def options() -> dict[str, Any]:
    return {CONF_COUNTRY: "DE"}


async def start(hass: HomeAssistant, entry: MockConfigEntry, kind: SubentryKind) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, kind), context={"source": SOURCE_USER}
    )


async def submit(
    hass: HomeAssistant, result: SubentryFlowResult, answer: dict[str, Any]
) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done()
    return result


def subentry_named(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    found: ConfigSubentry = next(item for item in entry.subentries.values() if item.title == name)
    return found


def suggestions(result: SubentryFlowResult) -> dict[str, Any]:
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"] for key in schema.schema if key.description is not None
    }


def fields(result: SubentryFlowResult) -> dict[str, Any]:
    schema = result["data_schema"]
    assert schema is not None
    return {str(key): selector.config for key, selector in schema.schema.items()}


async def test_a_contact_gets_a_notify_entity(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await start(hass, loaded, SubentryKind.CONTACT)
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "user", {})

    result = await submit(hass, result, {**CLARA, CONF_NAME: " Clara "})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert subentry_named(loaded, "Clara").data == {CONF_NUMBER: "+491705555555"}
    assert hass.states.get("notify.clara") is not None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("0170 5555555", "+491705555555"), ("0043 664 1234567", "+436641234567"), ("22922", "22922")],
)
async def test_a_number_is_kept_as_e164(
    hass: HomeAssistant, loaded: MockConfigEntry, typed: str, kept: str
) -> None:
    await submit(hass, await start(hass, loaded, SubentryKind.CONTACT), {**CLARA, CONF_NUMBER: typed})

    assert subentry_named(loaded, "Clara").data == {CONF_NUMBER: kept}


async def test_the_gateways_of_the_bridge_are_offered(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.add_gateway("attic", Gateway())
    await bridge.settle()
    result = await start(hass, loaded, SubentryKind.CONTACT)
    assert fields(result)[CONF_GATEWAY]["options"] == ["attic", "stick"]

    await submit(hass, result, {**CLARA, CONF_GATEWAY: "attic"})

    assert subentry_named(loaded, "Clara").data[CONF_GATEWAY] == "attic"


async def test_a_contact_can_be_added_before_the_bridge_is_there(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    result = await start(hass, entry, SubentryKind.CONTACT)
    assert CONF_GATEWAY not in fields(result)

    await submit(hass, result, CLARA)

    assert subentry_named(entry, "Clara").data == {CONF_NUMBER: "+491705555555"}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({CONF_NAME: "  "}, {CONF_NAME: "invalid_name"}),
        ({CONF_NAME: "Clara, home"}, {CONF_NAME: "invalid_name"}),
        ({CONF_NAME: "110"}, {CONF_NAME: "invalid_name"}),
        ({CONF_NAME: "anna"}, {CONF_NAME: "name_exists"}),
        ({CONF_NAME: "FAMILY"}, {CONF_NAME: "name_exists"}),
        ({CONF_NUMBER: "170 5555555"}, {CONF_NUMBER: "invalid_number"}),
        ({CONF_NUMBER: "at home"}, {CONF_NUMBER: "invalid_number"}),
        ({CONF_NUMBER: "0170 1234567"}, {CONF_NUMBER: "number_exists"}),
        ({CONF_NAME: "Bert", CONF_NUMBER: "?"}, {CONF_NAME: "name_exists", CONF_NUMBER: "invalid_number"}),
    ],
)
async def test_a_contact_that_cannot_be_is_told_and_can_be_corrected(
    hass: HomeAssistant, loaded: MockConfigEntry, changes: dict[str, str], errors: dict[str, str]
) -> None:
    result = await start(hass, loaded, SubentryKind.CONTACT)
    result = await submit(hass, result, {**CLARA, **changes})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)
    assert suggestions(result) == {**CLARA, **changes}

    result = await submit(hass, result, CLARA)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_contact_changes_and_stays_itself(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await loaded.start_subentry_reconfigure_flow(hass, ANNA)
    assert (result["step_id"], suggestions(result)) == (
        "reconfigure",
        {CONF_NAME: "Anna", CONF_NUMBER: ANNAS_NUMBER},
    )

    result = await submit(
        hass, result, {CONF_NAME: "Anna", CONF_NUMBER: "0170 7777777", CONF_GATEWAY: "stick"}
    )

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert loaded.subentries[ANNA].data == {CONF_NUMBER: "+491707777777", CONF_GATEWAY: "stick"}
    (recipient,) = loaded.runtime_data.coordinator.contacts.resolve(["anna"])
    assert recipient.number == "+491707777777"


async def test_a_preferred_gateway_that_is_away_can_be_kept_and_dropped(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_subentry(
        loaded, loaded.subentries[ANNA], data={CONF_NUMBER: ANNAS_NUMBER, CONF_GATEWAY: "gone"}
    )
    await bridge.settle()
    result = await loaded.start_subentry_reconfigure_flow(hass, ANNA)
    assert fields(result)[CONF_GATEWAY]["options"] == ["gone", "stick"]

    await submit(hass, result, {CONF_NAME: "Anna", CONF_NUMBER: ANNAS_NUMBER})

    assert loaded.subentries[ANNA].data == {CONF_NUMBER: ANNAS_NUMBER}


async def test_a_contact_cannot_take_anothers_name_or_number(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    result = await loaded.start_subentry_reconfigure_flow(hass, BERT)
    result = await submit(hass, result, {CONF_NAME: "Anna", CONF_NUMBER: ANNAS_NUMBER})

    assert result["errors"] == {CONF_NAME: "name_exists", CONF_NUMBER: "number_exists"}

    result = await submit(hass, result, {CONF_NAME: "Albert", CONF_NUMBER: "+491709999999"})
    assert result["reason"] == "reconfigure_successful"
    assert loaded.subentries[BERT].title == "Albert"


async def test_a_group_is_made_of_contacts(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await start(hass, loaded, SubentryKind.GROUP)
    assert fields(result)[CONF_MEMBERS]["options"] == [
        {"value": ANNA, "label": "Anna"},
        {"value": BERT, "label": "Bert"},
    ]

    result = await submit(hass, result, {CONF_NAME: "Neighbours", CONF_MEMBERS: [BERT]})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert subentry_named(loaded, "Neighbours").data == {CONF_MEMBERS: [BERT]}
    assert hass.states.get("notify.neighbours") is not None


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        ({CONF_NAME: "Family", CONF_MEMBERS: [ANNA]}, {CONF_NAME: "name_exists"}),
        ({CONF_NAME: "0170 1", CONF_MEMBERS: [ANNA]}, {CONF_NAME: "invalid_name"}),
        ({CONF_NAME: "Neighbours", CONF_MEMBERS: []}, {CONF_MEMBERS: "no_members"}),
    ],
)
async def test_a_group_that_cannot_be_is_told_and_can_be_corrected(
    hass: HomeAssistant, loaded: MockConfigEntry, answer: dict[str, Any], errors: dict[str, str]
) -> None:
    result = await submit(hass, await start(hass, loaded, SubentryKind.GROUP), answer)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)

    result = await submit(hass, result, {CONF_NAME: "Neighbours", CONF_MEMBERS: [ANNA]})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_group_has_no_strangers(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await start(hass, loaded, SubentryKind.GROUP)

    with pytest.raises(InvalidData):
        await submit(hass, result, {CONF_NAME: "Neighbours", CONF_MEMBERS: [FAMILY]})


async def test_a_group_changes_and_forgets_members_that_were_deleted(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(loaded, ANNA)
    await bridge.settle()
    result = await loaded.start_subentry_reconfigure_flow(hass, FAMILY)
    assert suggestions(result) == {CONF_NAME: "Family", CONF_MEMBERS: [BERT]}

    result = await submit(hass, result, {CONF_NAME: "Home", CONF_MEMBERS: [BERT]})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (loaded.subentries[FAMILY].title, loaded.subentries[FAMILY].data) == (
        "Home",
        {CONF_MEMBERS: [BERT]},
    )


async def test_a_group_needs_contacts_first(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    for subentry_id in list(loaded.subentries):
        hass.config_entries.async_remove_subentry(loaded, subentry_id)
    await hass.async_block_till_done()

    result = await start(hass, loaded, SubentryKind.GROUP)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_contacts")


async def test_the_number_of_a_contact_added_meanwhile_is_taken(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    result = await start(hass, loaded, SubentryKind.CONTACT)
    hass.config_entries.async_add_subentry(
        loaded,
        ConfigSubentry(
            data=MappingProxyType({CONF_NUMBER: "+491705555555"}),
            subentry_type=SubentryKind.CONTACT,
            title="Dora",
            unique_id="+491705555555",
        ),
    )
    await hass.async_block_till_done()

    result = await submit(hass, result, CLARA)

    assert result["errors"] == {CONF_NUMBER: "number_exists"}
