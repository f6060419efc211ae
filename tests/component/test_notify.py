"""Notify entities, and the classic action with what Home Assistant itself sends through it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.mfa_modules.notify import NotifyAuthModule
from homeassistant.components.alert.const import DOMAIN as ALERT
from homeassistant.components.notify import DOMAIN as NOTIFY
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component

from custom_components.sms_gateway.const import CONF_CLASSIC_NOTIFY
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER, FAMILY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

#: Where the classic action is wanted.
classic = pytest.mark.parametrize("options", [{CONF_CLASSIC_NOTIFY: True}])


async def send_message(hass: HomeAssistant, entity_id: str, **data: str) -> None:
    """Call ``notify.send_message``."""
    await hass.services.async_call(NOTIFY, "send_message", {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)


@pytest.mark.usefixtures("loaded")
async def test_a_contact_gets_a_text_with_the_title_as_its_first_line(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    await send_message(hass, "notify.anna", message="The door is open.", title="Alarm")
    await send_message(hass, "notify.anna", message="Closed.")
    assert [(sent["to"], sent["text"]) for sent in bridge.sent] == [
        (ANNAS_NUMBER, "Alarm\nThe door is open."),
        (ANNAS_NUMBER, "Closed."),
    ]
    state = hass.states.get("notify.anna")
    assert state is not None
    assert state.state != STATE_UNKNOWN


@pytest.mark.usefixtures("loaded")
async def test_a_group_s_members_get_one_message_each(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await send_message(hass, "notify.family", message="Dinner!")
    assert bridge.sent[0]["to"] == [ANNAS_NUMBER, BERTS_NUMBER]


async def test_a_group_without_members_reaches_nobody_and_says_so(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    for subentry in list(loaded.subentries.values()):
        if subentry.subentry_id != FAMILY:
            hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
    await bridge.settle()
    with pytest.raises(ServiceValidationError, match="nobody to send to"):
        await send_message(hass, "notify.family", message="Dinner!")


@pytest.mark.usefixtures("loaded")
async def test_a_refused_message_is_an_error_with_its_reason(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.rejections[ANNAS_NUMBER] = ("blocked", "This number is on the block list.")
    with pytest.raises(HomeAssistantError, match="block list"):
        await send_message(hass, "notify.anna", message="hello")


@pytest.mark.usefixtures("loaded")
async def test_one_refused_member_does_not_make_the_group_s_message_go_twice(
    hass: HomeAssistant, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.rejections[ANNAS_NUMBER] = ("blocked", "This number is on the block list.")
    await send_message(hass, "notify.family", message="hello")
    assert "1 of 2 recipients were refused" in caplog.text
    assert not [
        record
        for record in caplog.records
        if ANNAS_NUMBER in record.message and record.levelno > logging.DEBUG
    ]


@pytest.mark.usefixtures("loaded")
async def test_a_message_can_be_sent_while_the_bridge_is_away(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.go_offline()
    await send_message(hass, "notify.anna", message="hello")
    assert len(bridge.sent) == 1


@pytest.mark.usefixtures("loaded")
async def test_the_classic_action_is_there_only_where_it_is_wanted(hass: HomeAssistant) -> None:
    assert set(hass.services.async_services_for_domain(NOTIFY)) & {"sms_bridge", "sms_bridge_anna"} == set()


@classic
@pytest.mark.usefixtures("loaded")
async def test_the_classic_action_takes_numbers_names_and_data(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    data = {"gateway": "stick", "priority": "high", "flash": True}
    await hass.services.async_call(
        NOTIFY,
        "sms_bridge",
        {"message": "hi", "title": "T", "target": ["Anna", "+33612345678"], "data": data},
        blocking=True,
    )
    sent = bridge.sent[0]
    assert (sent["to"], sent["text"]) == ([ANNAS_NUMBER, "+33612345678"], "T\nhi")
    assert {key: sent[key] for key in data} == {"gateway": ["stick"], "priority": "high", "flash": True}


@classic
@pytest.mark.usefixtures("loaded")
async def test_every_contact_has_a_classic_action_of_its_own(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await hass.services.async_call(NOTIFY, "sms_bridge_family", {"message": "hi"}, blocking=True)
    assert bridge.sent[0]["to"] == [ANNAS_NUMBER, BERTS_NUMBER]


@classic
@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"message": "hi"}, "no_recipient"),
        ({"message": "hi", "target": ["Nobody"]}, "unknown_recipient"),
        ({"message": "hi", "target": ["Anna"], "data": {"prioritty": "high"}}, "unknown_data"),
    ],
)
async def test_what_the_classic_action_cannot_do_it_refuses_by_name(
    hass: HomeAssistant, bridge: FakeBridge, data: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(NOTIFY, "sms_bridge", data, blocking=True)
    assert raised.value.translation_key == key
    assert bridge.sent == []


@classic
async def test_the_classic_action_goes_and_returns_with_its_entry(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    names = {"sms_bridge", "sms_bridge_anna", "sms_bridge_bert", "sms_bridge_family"}
    await hass.config_entries.async_unload(loaded.entry_id)
    assert names & set(hass.services.async_services_for_domain(NOTIFY)) == set()
    await hass.config_entries.async_setup(loaded.entry_id)
    await bridge.settle()
    assert names <= set(hass.services.async_services_for_domain(NOTIFY))


@classic
async def test_another_s_action_of_the_same_name_is_left_alone(
    hass: HomeAssistant, bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]]
) -> None:
    hass.services.async_register(NOTIFY, "sms_bridge", lambda _call: None)
    entry = await setup_entry()
    await hass.services.async_call(
        NOTIFY, "sms_bridge_2", {"message": "hi", "target": ["Anna"]}, blocking=True
    )
    assert len(bridge.sent) == 1
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass.services.has_service(NOTIFY, "sms_bridge")


@classic
@pytest.mark.usefixtures("loaded")
async def test_home_assistant_s_login_sends_its_code_by_sms(hass: HomeAssistant, bridge: FakeBridge) -> None:
    hass.auth = await auth_manager_from_config(
        hass,
        [{"type": "insecure_example", "users": [{"username": "user", "password": "pass"}]}],
        [{"type": "notify"}],
    )
    user = await hass.auth.async_create_user("user")
    module = hass.auth.auth_mfa_modules[0]
    assert isinstance(module, NotifyAuthModule)
    assert "sms_bridge" in module.aync_get_available_notify_services()
    await module.async_setup_user(
        user.id, {"secret": "MMMMMMMMMMMMMMMM", "notify_service": "sms_bridge", "target": ANNAS_NUMBER}
    )
    await module.async_initialize_login_mfa_step(user.id)
    await bridge.settle()
    (sent,) = bridge.sent
    assert sent["to"] == ANNAS_NUMBER
    found = re.search(r"\d{6}", sent["text"])
    assert found is not None
    assert await module.async_validate(user.id, {"code": found[0]})


@classic
@pytest.mark.usefixtures("loaded")
async def test_an_alert_is_told_by_sms_again_and_again_until_it_ends(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    hass.states.async_set("binary_sensor.door", "off")
    alert = {
        "name": "Door",
        "entity_id": "binary_sensor.door",
        "state": "on",
        "repeat": 30,
        "notifiers": ["sms_bridge_anna"],
        "title": "Alarm",
        "message": "The door is open.",
        "done_message": "The door is closed.",
        "data": {"priority": "high"},
    }
    assert await async_setup_component(hass, ALERT, {ALERT: {"door": alert}})
    hass.states.async_set("binary_sensor.door", "on")
    await bridge.settle()
    hass.states.async_set("binary_sensor.door", "off")
    await bridge.settle()
    assert [(sent["to"], sent["text"], sent["priority"]) for sent in bridge.sent] == [
        (ANNAS_NUMBER, "Alarm\nThe door is open.", "high"),
        (ANNAS_NUMBER, "Alarm\nThe door is closed.", "high"),
    ]
