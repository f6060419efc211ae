"""The automation triggers: what they are triggered by, what they tell, and what comes too late for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol
from homeassistant.components import automation
from homeassistant.helpers.trigger import async_get_all_descriptions, async_validate_trigger_config
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.sms_gateway.const import CONF_MAX_AGE, DOMAIN
from custom_components.sms_gateway.trigger import async_get_triggers
from tests.component.calling import Actions
from tests.component.conftest import ANNAS_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

STRANGER = "+4366012345678"
#: What an automation below tells of what it was triggered by.
TOLD = "{{ dict(trigger | items | rejectattr('0', 'in', ['alias', 'description', 'idx'])) }}"


@pytest.fixture
def options() -> dict[str, Any]:
    """What is older than a minute is late."""
    return {CONF_MAX_AGE: 60}


async def arm(hass: HomeAssistant, name: str, **filters: object) -> list[Event]:
    """Set up an automation with this trigger; the events that it fires hold what it was told."""
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "trigger": {"trigger": f"{DOMAIN}.{name}", "options": filters},
                "action": {"event": "triggered", "event_data": {"told": TOLD}},
                "mode": "queued",
            }
        },
    )
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids(automation.DOMAIN)
    events: list[Event] = async_capture_events(hass, "triggered")
    return events


async def triggered(
    bridge: FakeBridge, events: list[Event], happen: Callable[[], object]
) -> dict[str, Any] | None:
    """What the automation was told of something that happened; ``None`` if it was not triggered."""
    events.clear()
    happen()
    await bridge.settle()
    assert len(events) <= 1
    return events[0].data["told"] if events else None


def ago(seconds: int) -> str:
    """A time in the past as the bridge writes it."""
    return (dt_util.utcnow() - timedelta(seconds=seconds)).isoformat()


async def test_a_message_triggers_and_tells_its_text(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    events = await arm(hass, "message_received")
    received = ago(0)
    told = await triggered(bridge, events, lambda: bridge.incoming("hello", received_at=received))
    assert told == {
        "id": "0",
        "platform": f"{DOMAIN}.message_received",
        "config_entry_id": loaded.entry_id,
        "message_id": "in-1",
        "originator": ANNAS_NUMBER,
        "contact": "Anna",
        "length": 5,
        "text": "hello",
        "gateway": "stick",
        "channel": "sms",
        "received_at": received,
        "incomplete": False,
        "late": False,
        "groups": [],
        "named_groups": {},
    }


@pytest.mark.parametrize(
    ("wanted", "originator", "expected"),
    [
        ("Anna", ANNAS_NUMBER, True),
        ("anna", "+491709999999", False),
        ("Family", "+491709999999", True),
        ("Family", STRANGER, False),
        ("+43 660 12345678", STRANGER, True),
        ([ANNAS_NUMBER, STRANGER], STRANGER, True),
        ("BANK", "Bank", True),
        ("BANK", "Banker", False),
        # Anybody may send under a name, also under that of a contact.
        ("Anna", "Anna", False),
    ],
)
async def test_a_message_is_from_whom_the_trigger_names(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    wanted: object,
    originator: str,
    *,
    expected: bool,
) -> None:
    events = await arm(hass, "message_received", **{"from": wanted})
    message: dict[str, Any] = {"from": originator}
    told = await triggered(bridge, events, lambda: bridge.incoming("hello", **message))
    assert (told is not None) is expected


@pytest.mark.parametrize(
    ("filters", "text", "expected"),
    [
        ({"contains": "OPEN"}, "please open the door", True),
        ({"contains": "open"}, "please close the door", False),
        ({"matches": "^open (?P<what>door|gate)$"}, "open gate", True),
        ({"matches": "^open (door|gate)$"}, "please open gate", False),
        ({"contains": "open"}, None, False),
        ({"gateway": "stick"}, "open", True),
        ({"gateway": ["other"]}, "open", False),
        ({"config_entry_id": "another"}, "open", False),
    ],
)
async def test_a_message_is_what_the_trigger_asks_for(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    filters: dict[str, Any],
    text: str | None,
    *,
    expected: bool,
) -> None:
    events = await arm(hass, "message_received", **filters)
    told = await triggered(bridge, events, lambda: bridge.incoming(text))
    assert (told is not None) is expected


async def test_what_the_regular_expression_found_is_told(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    events = await arm(hass, "message_received", matches=r"(?i)^(\w+) (?P<degrees>\d+)$")
    told = await triggered(bridge, events, lambda: bridge.incoming("Heat 21"))
    assert told is not None
    assert (told["groups"], told["named_groups"]) == (["Heat", "21"], {"degrees": "21"})


@pytest.mark.parametrize(
    ("filters", "age", "expected"),
    [
        ({}, 50, True),
        ({}, 70, False),
        ({"max_age": 600}, 70, True),
        ({"max_age": {"seconds": 30}}, 50, False),
        ({"include_late": True}, 7_200, True),
    ],
)
async def test_a_late_message_opens_no_door(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    filters: dict[str, Any],
    age: int,
    *,
    expected: bool,
) -> None:
    events = await arm(hass, "message_received", **filters)
    told = await triggered(bridge, events, lambda: bridge.incoming("open", received_at=ago(age)))
    assert (told is not None) is expected


async def test_what_came_during_a_short_outage_still_triggers_and_is_marked(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    events = await arm(hass, "message_received")
    bridge.incoming("before")
    await bridge.settle()
    bridge.disconnect()
    bridge.incoming("old", received_at=ago(120))
    bridge.incoming("fresh", received_at=ago(20))
    told = await triggered(bridge, events, bridge.connect)
    assert told is not None
    assert (told["text"], told["late"]) == ("fresh", True)


async def test_a_trigger_outlives_a_reload_and_ends_with_its_automation(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    events = await arm(hass, "message_received", config_entry_id=loaded.entry_id)
    await hass.config_entries.async_reload(loaded.entry_id)
    await bridge.settle()
    assert await triggered(bridge, events, bridge.incoming)
    await hass.services.async_call(automation.DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True)
    assert not await triggered(bridge, events, bridge.incoming)


@pytest.mark.parametrize(
    ("filters", "happening", "expected"),
    [
        ({}, {}, True),
        ({}, {"event": "missed"}, False),
        ({"event": ["missed"]}, {"event": "missed"}, True),
        ({"from": "Anna"}, {}, True),
        ({"from": "Bert"}, {}, False),
        ({"from": "Anna"}, {"from": None}, False),
        ({"gateway": "other"}, {}, False),
        ({}, {"at": "2020-01-01T00:00:00Z"}, False),
    ],
)
async def test_a_call_triggers(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    filters: dict[str, Any],
    happening: dict[str, Any],
    *,
    expected: bool,
) -> None:
    events = await arm(hass, "call_received", **filters)
    told = await triggered(bridge, events, lambda: bridge.call(**happening))
    assert (told is not None) is expected
    if told is not None:
        assert (told["contact"], told["event"]) == ("Anna", happening.get("event", "ringing"))


@pytest.mark.parametrize(
    ("filters", "happening", "expected"),
    [
        ({}, {}, True),
        ({"state": ["failed", "expired"]}, {}, False),
        ({"state": "delivered", "id": "m1"}, {}, True),
        ({"id": ["m2"]}, {}, False),
        ({}, {"at": "2020-01-01T00:00:00Z"}, False),
        ({"include_late": True}, {"at": "2020-01-01T00:00:00Z"}, True),
    ],
)
async def test_a_change_of_a_sent_message_triggers(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    filters: dict[str, Any],
    happening: dict[str, Any],
    *,
    expected: bool,
) -> None:
    events = await arm(hass, "delivery_changed", **filters)
    told = await triggered(bridge, events, lambda: bridge.delivery("m1", "delivered", **happening))
    assert (told is not None) is expected
    if told is not None:
        assert (told["message_id"], told["state"], told["contact"]) == ("m1", "delivered", "Anna")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["sent", "failed", "locked"]),
        ({"outcome": ["locked"]}, ["locked"]),
        ({"purpose": "door"}, ["sent", "failed", "locked"]),
        ({"purpose": "gate"}, []),
    ],
)
async def test_a_one_time_password_triggers(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    filters: dict[str, Any],
    expected: list[str],
) -> None:
    events, actions = await arm(hass, "otp", **filters), Actions(hass, loaded)
    await actions.do("send_otp", target="Anna", purpose="door", max_attempts=1)
    await actions.ask("verify_otp", target="Anna", purpose="door", code="no")
    await bridge.settle()
    assert [event.data["told"]["outcome"] for event in events] == expected
    if expected:
        assert events[0].data["told"]["contact"] == "Anna"


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("message_received", {"matches": "("}),
        ("message_received", {"form": "Anna"}),
        ("delivery_changed", {"state": "gone"}),
        ("otp", {"include_late": True}),
    ],
)
async def test_a_trigger_that_cannot_be_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, name: str, filters: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(hass, [{"platform": f"{DOMAIN}.{name}", "options": filters}])


async def test_every_trigger_is_described_with_a_selector_for_each_field(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    described = {
        name.removeprefix(f"{DOMAIN}."): description
        for name, description in (await async_get_all_descriptions(hass)).items()
        if name.startswith(f"{DOMAIN}.")
    }
    triggers = await async_get_triggers(hass)
    assert described.keys() == triggers.keys()
    for name, description in described.items():
        assert description is not None
        fields: dict[Any, Any] = vars(triggers[name])["_fields"]
        assert all("selector" in field for field in description["fields"].values()), name
        assert description["fields"].keys() == {str(key) for key in fields}, name
