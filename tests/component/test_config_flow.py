"""Setting up, finding, and reconfiguring a bridge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from homeassistant.components import mqtt
from homeassistant.components.mqtt.discovery import async_start as async_start_discovery
from homeassistant.config_entries import SOURCE_MQTT, SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message

from custom_components.sms_gateway.backend import finder
from custom_components.sms_gateway.const import (
    CONF_BASE_TOPIC,
    CONF_INSTANCE,
    CONF_KIND,
    DOMAIN,
    EntryKind,
    SubentryKind,
)
from tests.component.bridge import BASE, EPOCH, INSTANCE
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.component.bridge import FakeBridge

ANNOUNCEMENT = {"base_topic": BASE, "instance": INSTANCE, "api": 1, "version": "0.1.0", "epoch": EPOCH}
BRIDGE_DATA = {CONF_KIND: EntryKind.BRIDGE, CONF_BASE_TOPIC: BASE, CONF_INSTANCE: INSTANCE}


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture(autouse=True)
def _short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a missing bridge up soon."""
    monkeypatch.setattr(finder, "SEARCH_TIME", 0.3)


def announcement(payload: str | None = None, **changes: object) -> MqttServiceInfo:
    """What Home Assistant's MQTT client hands to the flow."""
    return MqttServiceInfo(
        topic=f"sms_gateway/discovery/{INSTANCE}",
        payload=json.dumps({**ANNOUNCEMENT, **changes}) if payload is None else payload,
        qos=1,
        retain=True,
        subscribed_topic="sms_gateway/discovery/+",
        timestamp=dt_util.utcnow().timestamp(),
    )


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose the bridge from the menu."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": EntryKind.BRIDGE}
    )


async def discover(hass: HomeAssistant, info: MqttServiceInfo | None = None) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_MQTT}, data=info or announcement()
    )


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, base_topic: str | None = None
) -> ConfigFlowResult:
    answer = {} if base_topic is None else {CONF_BASE_TOPIC: base_topic}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done()
    return result


async def test_a_bridge_is_set_up_by_its_base_topic(hass: HomeAssistant, bridge: FakeBridge) -> None:
    result = await start(hass)
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "bridge", {})

    result = await submit(hass, result, f" {BASE}/ ")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"], result["options"]) == ("SMS bridge", BRIDGE_DATA, {})
    assert result["result"].unique_id == BASE
    assert result["result"].state is ConfigEntryState.LOADED
    assert bridge.requests[0] == ("health", {})


async def test_the_first_contact_is_offered_after_set_up(hass: HomeAssistant, bridge: FakeBridge) -> None:
    result = await submit(hass, await start(hass), BASE)

    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    (flow,) = hass.config_entries.subentries.async_progress()
    assert flow["flow_id"] == flow_id
    assert flow["handler"] == (result["result"].entry_id, SubentryKind.CONTACT)


async def test_another_base_topic_is_part_of_the_title(hass: HomeAssistant, bridge: FakeBridge) -> None:
    move(bridge, "house/sms")

    result = await submit(hass, await start(hass), "house/sms")

    assert result["title"] == "SMS bridge house/sms"
    assert result["data"] == {**BRIDGE_DATA, CONF_BASE_TOPIC: "house/sms"}


async def test_without_mqtt_the_user_is_sent_to_set_it_up(hass: HomeAssistant) -> None:
    result = await start(hass)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "mqtt_not_configured")


def nobody_there(bridge: FakeBridge) -> None:
    bridge.retained.clear()


def offline(bridge: FakeBridge) -> None:
    bridge.answers["health"] = None


def unreadable(bridge: FakeBridge) -> None:
    bridge.retained[f"{BASE}/bridge/{INSTANCE}/info"] = "not JSON"


def newer(bridge: FakeBridge) -> None:
    bridge.show_info(api=2, version="2.0.0")


def older(bridge: FakeBridge) -> None:
    bridge.show_info(api=0, version="0.0.1")


def disconnected(bridge: FakeBridge) -> None:
    bridge.disconnect()


#: What may be wrong with a bridge, and what the user reads of it.
FAULTS = pytest.mark.parametrize(
    ("fault", "error"),
    [
        (nobody_there, "bridge_not_found"),
        (unreadable, "bridge_not_found"),
        (offline, "bridge_silent"),
        (newer, "bridge_too_new"),
        (older, "bridge_too_old"),
        (disconnected, "mqtt_not_connected"),
    ],
)


def mend(bridge: FakeBridge) -> None:
    """Undo whichever fault there is."""
    bridge.answers.clear()
    bridge.start()
    if not bridge.connected:
        bridge.connect()


def move(bridge: FakeBridge, base: str) -> None:
    """Let the bridge use another base topic."""
    bridge.base = base
    bridge.retained.clear()
    bridge.start()


@FAULTS
async def test_a_bridge_that_cannot_be_used_is_told_and_tried_again(
    hass: HomeAssistant, bridge: FakeBridge, fault: Callable[[FakeBridge], None], error: str
) -> None:
    fault(bridge)
    result = await submit(hass, await start(hass), BASE)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})

    mend(bridge)
    result = await submit(hass, result, BASE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("topic", ["", " / ", "sms/#", "sms/+/gateway"])
async def test_what_is_no_topic_is_told_and_tried_again(
    hass: HomeAssistant, bridge: FakeBridge, topic: str
) -> None:
    result = await submit(hass, await start(hass), topic)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {CONF_BASE_TOPIC: "invalid_topic"})

    result = await submit(hass, result, BASE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_broker_may_vanish_while_a_bridge_is_looked_for(
    hass: HomeAssistant, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await start(hass)
    with monkeypatch.context() as patched:
        patched.setattr(mqtt.client, "mqtt_config_entry_enabled", lambda _hass: False)
        result = await submit(hass, result, BASE)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "mqtt_not_connected"})

    result = await submit(hass, result, BASE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_refusal_is_an_answer(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.admin.remove("health")

    result = await submit(hass, await start(hass), BASE)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_only_the_answer_to_our_own_question_counts(
    hass: HomeAssistant, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mumble(_command: str, _members: dict[str, object]) -> None:
        for answer in (
            "not JSON",
            {"instance": INSTANCE, "transaction": "another's"},
            {"instance": "elsewhere"},
        ):
            bridge.fire(f"{BASE}/bridge/response/health", answer)

    with monkeypatch.context() as patched:
        patched.setattr(bridge, "_do", mumble)
        result = await submit(hass, await start(hass), BASE)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "bridge_silent"})

    result = await submit(hass, result, BASE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_base_topic_is_set_up_once(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await submit(hass, await start(hass), BASE)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_an_announced_bridge_asks_to_be_confirmed(hass: HomeAssistant, bridge: FakeBridge) -> None:
    (broker,) = hass.config_entries.async_entries(mqtt.DOMAIN)
    await async_start_discovery(hass, "homeassistant", broker)
    async_fire_mqtt_message(hass, f"sms_gateway/discovery/{INSTANCE}", json.dumps(ANNOUNCEMENT))
    await bridge.settle()

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert (flow["step_id"], flow["context"]["source"]) == ("confirm", SOURCE_MQTT)
    assert flow["context"]["title_placeholders"] == {"name": "SMS bridge"}

    result = await submit(hass, flow)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"]) == ("SMS bridge", BRIDGE_DATA)
    assert result["result"].unique_id == BASE


@FAULTS
async def test_an_announced_bridge_that_cannot_be_used_is_told_and_tried_again(
    hass: HomeAssistant, bridge: FakeBridge, fault: Callable[[FakeBridge], None], error: str
) -> None:
    result = await discover(hass)
    fault(bridge)
    result = await submit(hass, result)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})

    mend(bridge)
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "info",
    [
        announcement(""),
        announcement("[]"),
        announcement(base_topic=None),
        announcement(instance=7),
        announcement(base_topic="sms/#"),
    ],
)
async def test_an_unreadable_announcement_is_ignored(
    hass: HomeAssistant, bridge: FakeBridge, info: MqttServiceInfo
) -> None:
    result = await discover(hass, info)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "invalid_discovery_info")


async def test_one_base_topic_is_announced_once(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await discover(hass)

    result = await discover(hass, announcement(instance="second"))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_in_progress")


async def test_setting_up_by_hand_ends_the_announcement(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await discover(hass)

    result = await submit(hass, await start(hass), BASE)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_a_new_store_is_no_new_bridge(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await discover(hass, announcement(epoch="000000"))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.data == BRIDGE_DATA


async def test_a_renamed_instance_is_followed_once_the_old_one_is_gone(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    bridge.go_offline()
    bridge.instance = "attic"
    bridge.start()

    result = await discover(hass, announcement(instance="attic"))
    await bridge.settle()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.data == {**BRIDGE_DATA, CONF_INSTANCE: "attic"}
    assert loaded.runtime_data.coordinator.data.connected


async def test_an_old_announcement_takes_a_bridge_away_from_nobody(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    await discover(hass, announcement(instance="of yesterday"))
    bridge.go_offline()
    await bridge.settle()
    await discover(hass, announcement(instance="of yesterday"))

    assert loaded.data == BRIDGE_DATA


async def test_an_entry_follows_its_bridge_to_another_base_topic(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    move(bridge, "house/sms")
    result = await loaded.start_reconfigure_flow(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "reconfigure")

    result = await submit(hass, result, "house/sms")
    await bridge.settle()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert loaded.data == {**BRIDGE_DATA, CONF_BASE_TOPIC: "house/sms"}
    assert (loaded.unique_id, loaded.title) == ("house/sms", "SMS bridge house/sms")
    assert loaded.runtime_data.coordinator.data.connected


async def test_a_title_of_the_users_own_stays(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, title="Attic")
    await bridge.settle()

    await submit(hass, await loaded.start_reconfigure_flow(hass), BASE)

    assert (loaded.unique_id, loaded.title) == (BASE, "Attic")


async def test_an_entry_cannot_follow_to_what_another_has(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="house/sms").add_to_hass(hass)

    result = await submit(hass, await loaded.start_reconfigure_flow(hass), "house/sms")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.unique_id == BASE


@FAULTS
async def test_reconfiguring_tells_what_is_wrong_and_is_tried_again(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    fault: Callable[[FakeBridge], None],
    error: str,
) -> None:
    fault(bridge)
    result = await submit(hass, await loaded.start_reconfigure_flow(hass), BASE)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})

    mend(bridge)
    result = await submit(hass, result, BASE)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
