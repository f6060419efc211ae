"""One-time passwords: sent, checked, limited, kept over a restart, and written down nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components import automation
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import inspect, text

from custom_components.sms_gateway.const import DOMAIN
from custom_components.sms_gateway.otp import PER_ENTRY, WINDOW, OtpKeeper, otp_keeper
from tests.component.calling import Actions, key_of
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import Event, EventStateChangedData, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from custom_components.sms_gateway.otp import Otp
    from tests.component.bridge import FakeBridge

OTP_EVENT = "event.sms_bridge_one_time_password"


@pytest.fixture
def actions(hass: HomeAssistant, loaded: MockConfigEntry) -> Actions:
    """The loaded entry's actions."""
    return Actions(hass, loaded)


@pytest.fixture
def code_sent(bridge: FakeBridge) -> Callable[[], str]:
    """The code that the bridge was given last."""
    return lambda: last_code(bridge)


def last_code(bridge: FakeBridge) -> str:
    """The code that a bridge was given last."""
    found = re.search(r"\d{4,}", bridge.sent[-1]["text"])
    assert found is not None
    return found[0]


def wrong(code: str) -> str:
    """Another code of the same length."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


async def verify(actions: Actions, **fields: object) -> tuple[bool, str, int]:
    """Check a code, by its id or by whom it was sent to."""
    answer = await (actions.ask_anyone if "otp_id" in fields else actions.ask)("verify_otp", **fields)
    assert answer.keys() == {"verified", "reason", "attempts_left"}
    return answer["verified"], answer["reason"], answer["attempts_left"]


async def nobody(otp: Otp, code: str) -> bool:
    """No provider has made a code."""
    raise AssertionError(otp.otp_id, len(code))


# -- sending


async def test_a_code_goes_out_first_and_only_as_long_as_it_is_good(
    bridge: FakeBridge, actions: Actions, freezer: FrozenDateTimeFactory
) -> None:
    answer = await actions.ask("send_otp", target="Anna", expires_in=120, length=8, template="{code} opens")
    (sent,) = bridge.sent
    assert re.fullmatch(r"\d{8} opens", sent["text"])
    assert (sent["to"], sent["priority"], sent["valid_for"]) == (ANNAS_NUMBER, "otp", 120)
    assert answer.keys() == {"otp_id", "expires_at"}
    left = dt_util.parse_datetime(answer["expires_at"], raise_on_error=True) - dt_util.utcnow()
    assert 119 <= left.total_seconds() <= 120


async def test_a_code_is_good_once(actions: Actions, code_sent: Callable[[], str]) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    assert await verify(actions, otp_id=otp_id, code=code_sent()) == (True, "ok", 0)
    assert await verify(actions, otp_id=otp_id, code=code_sent()) == (False, "used", 0)


async def test_a_code_may_be_typed_in_groups(actions: Actions, code_sent: Callable[[], str]) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    typed = f" {code_sent()[:3]} {code_sent()[3:]}"
    assert await verify(actions, otp_id=otp_id, code=typed) == (True, "ok", 0)


async def test_a_code_is_found_by_recipient_and_purpose(
    actions: Actions, code_sent: Callable[[], str]
) -> None:
    await actions.do("send_otp", target="Anna", purpose="door")
    code = code_sent()
    assert await verify(actions, target="Anna", purpose="gate", code=code) == (False, "unknown", 0)
    assert await verify(actions, target="Bert", purpose="door", code=code) == (False, "unknown", 0)
    assert await verify(actions, target=ANNAS_NUMBER, purpose="door", code=code) == (True, "ok", 0)


async def test_only_the_last_code_for_a_purpose_is_good(
    actions: Actions, code_sent: Callable[[], str]
) -> None:
    first = (await actions.ask("send_otp", target="Anna", purpose="door"))["otp_id"]
    code = code_sent()
    second = (await actions.ask("send_otp", target="Anna", purpose="door"))["otp_id"]
    assert (await verify(actions, otp_id=first, code=code))[1] == "expired"
    assert (await verify(actions, otp_id=second, code=code_sent()))[1] == "ok"


async def test_codes_for_two_purposes_live_side_by_side(
    actions: Actions, code_sent: Callable[[], str]
) -> None:
    await actions.do("send_otp", target="Anna", purpose="door")
    door = code_sent()
    await actions.do("send_otp", target="Anna", purpose="gate")
    assert (await verify(actions, target="Anna", purpose="gate", code=code_sent()))[0]
    assert (await verify(actions, target="Anna", purpose="door", code=door))[0]


# -- limits


async def test_wrong_codes_lock(actions: Actions, code_sent: Callable[[], str]) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna", max_attempts=2))["otp_id"]
    bad = wrong(code_sent())
    assert await verify(actions, otp_id=otp_id, code=bad) == (False, "wrong", 1)
    assert await verify(actions, otp_id=otp_id, code=bad) == (False, "wrong", 0)
    assert await verify(actions, otp_id=otp_id, code=code_sent()) == (False, "locked", 0)


async def test_guesses_at_the_same_time_count_each(actions: Actions, code_sent: Callable[[], str]) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna", max_attempts=3))["otp_id"]
    bad = wrong(code_sent())
    results = await asyncio.gather(*(verify(actions, otp_id=otp_id, code=bad) for _ in range(6)))
    assert sorted(reason for _, reason, _ in results) == ["locked"] * 3 + ["wrong"] * 3


async def test_a_code_is_used_once_by_two_at_the_same_time(
    actions: Actions, code_sent: Callable[[], str]
) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    results = await asyncio.gather(*(verify(actions, otp_id=otp_id, code=code_sent()) for _ in range(2)))
    assert sorted(reason for _, reason, _ in results) == ["ok", "used"]


async def test_a_code_expires(
    actions: Actions, code_sent: Callable[[], str], freezer: FrozenDateTimeFactory
) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna", expires_in=60))["otp_id"]
    freezer.tick(61)
    assert await verify(actions, otp_id=otp_id, code=code_sent()) == (False, "expired", 5)


async def test_one_recipient_gets_three_codes_in_ten_minutes(
    bridge: FakeBridge, actions: Actions, freezer: FrozenDateTimeFactory
) -> None:
    for purpose in ("a", "b", "c"):
        await actions.do("send_otp", target="Anna", purpose=purpose)
    with pytest.raises(HomeAssistantError) as caught:
        await actions.do("send_otp", target="Anna")
    key, placeholders = key_of(caught.value)
    assert key == "otp_too_many"
    assert placeholders is not None
    assert WINDOW - 5 <= int(placeholders["wait"]) <= WINDOW + 1
    await actions.do("send_otp", target="Bert")
    freezer.tick(WINDOW + 1)
    await actions.do("send_otp", target="Anna")
    assert [item["to"] for item in bridge.sent] == [*[ANNAS_NUMBER] * 3, BERTS_NUMBER, ANNAS_NUMBER]


async def test_an_entry_sends_so_many_codes_in_ten_minutes(hass: HomeAssistant, actions: Actions) -> None:
    for number in range(PER_ENTRY):
        await actions.do("send_otp", target=f"+4366012340{number:02}")
    with pytest.raises(HomeAssistantError) as caught:
        await actions.do("send_otp", target="Anna")
    assert key_of(caught.value)[0] == "otp_too_many"


async def test_a_code_that_could_not_be_sent_does_not_count_and_leaves_the_last_one_good(
    bridge: FakeBridge, actions: Actions, code_sent: Callable[[], str]
) -> None:
    await actions.do("send_otp", target="Anna")
    code = code_sent()
    bridge.rejections[ANNAS_NUMBER] = ("blocked", "this number is on the list")
    for _ in range(4):
        with pytest.raises(HomeAssistantError) as caught:
            await actions.do("send_otp", target="Anna")
        assert key_of(caught.value)[0] == "refused"
    assert (await verify(actions, target="Anna", code=code))[0]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"target": "Anna", "method": "provider"}, "otp_no_provider"),
        ({"target": "Anna", "template": "no code in it"}, "otp_template"),
        ({"target": "Family"}, "one_recipient"),
        ({"target": "Zoe"}, "unknown_recipient"),
    ],
)
async def test_what_cannot_be_is_refused_before_a_code_is_made(
    bridge: FakeBridge, actions: Actions, hass_storage: dict[str, Any], fields: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.do("send_otp", **fields)
    assert key_of(caught.value)[0] == key
    assert not bridge.sent
    assert f"{DOMAIN}.otp" not in hass_storage


async def test_a_check_needs_an_id_or_a_recipient(actions: Actions) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask("verify_otp", code="123456")
    assert key_of(caught.value)[0] == "otp_id_or_target"


# -- over a restart


async def test_a_code_survives_a_restart_with_its_attempts(
    hass: HomeAssistant, actions: Actions, code_sent: Callable[[], str]
) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna", max_attempts=2))["otp_id"]
    await verify(actions, otp_id=otp_id, code=wrong(code_sent()))
    after = OtpKeeper(hass)
    assert (await after.verify_id(otp_id, code_sent(), nobody)).reason == "ok"
    assert (await OtpKeeper(hass).verify_id(otp_id, code_sent(), nobody)).reason == "used"


async def test_codes_that_are_long_over_are_forgotten(
    actions: Actions, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    await actions.do("send_otp", target="Anna")
    freezer.tick(7_200)
    await actions.do("send_otp", target="Anna")
    assert len(hass_storage[f"{DOMAIN}.otp"]["data"]["otps"]) == 1


async def test_a_code_can_be_checked_while_its_entry_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry, actions: Actions, code_sent: Callable[[], str]
) -> None:
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    await hass.config_entries.async_unload(loaded.entry_id)
    assert (await verify(actions, otp_id=otp_id, code=code_sent()))[0]


async def test_with_an_entry_go_its_codes_and_no_others(
    hass: HomeAssistant, loaded: MockConfigEntry, actions: Actions, hass_storage: dict[str, Any]
) -> None:
    await actions.do("send_otp", target="Anna")
    other, _ = await otp_keeper(hass).issue(
        entry_id="another", recipient=BERTS_NUMBER, purpose="", length=6, expires_in=60, max_attempts=1
    )
    await hass.config_entries.async_remove(loaded.entry_id)
    (kept,) = hass_storage[f"{DOMAIN}.otp"]["data"]["otps"]
    assert kept["otp_id"] == other.otp_id
    await otp_keeper(hass).forget_entry("another")
    assert f"{DOMAIN}.otp" not in hass_storage


# -- who hears of it


async def test_the_event_entity_tells_what_became_of_a_code(
    hass: HomeAssistant, actions: Actions, code_sent: Callable[[], str]
) -> None:
    told: list[tuple[str, str | None]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        assert event.data["new_state"] is not None
        attributes = event.data["new_state"].attributes
        told.append((attributes["event_type"], attributes["reason"]))

    unsubscribe = async_track_state_change_event(hass, OTP_EVENT, changed)
    otp_id = (await actions.ask("send_otp", target="Anna", max_attempts=1))["otp_id"]
    await verify(actions, otp_id=otp_id, code=wrong(code_sent()))
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    await verify(actions, otp_id=otp_id, code=code_sent())
    await verify(actions, otp_id=otp_id, code=code_sent())
    await hass.async_block_till_done()
    unsubscribe()
    assert told == [
        ("sent", None),
        ("failed", "wrong"),
        ("locked", None),
        ("sent", None),
        ("verified", None),
        ("failed", "used"),
    ]


async def test_an_automation_verifies_a_code(
    hass: HomeAssistant, loaded: MockConfigEntry, actions: Actions, code_sent: Callable[[], str]
) -> None:
    opened = async_capture_events(hass, "door_opened")
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "trigger": {"platform": "event", "event_type": "code_typed"},
                "action": [
                    {
                        "action": f"{DOMAIN}.verify_otp",
                        "data": {
                            "config_entry_id": loaded.entry_id,
                            "target": "Anna",
                            "purpose": "door",
                            "code": "{{ trigger.event.data.code }}",
                        },
                        "response_variable": "checked",
                    },
                    {"condition": "template", "value_template": "{{ checked.verified }}"},
                    {"event": "door_opened"},
                ],
            }
        },
    )
    await actions.do("send_otp", target="Anna", purpose="door")
    for code in (wrong(code_sent()), code_sent()):
        hass.bus.async_fire("code_typed", {"code": code})
        await hass.async_block_till_done()
    assert len(opened) == 1


async def test_a_program_verifies_a_code_through_the_rest_api(
    hass: HomeAssistant,
    bridge: FakeBridge,
    actions: Actions,
    code_sent: Callable[[], str],
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "api", {})
    client = await hass_client()
    otp_id = (await actions.ask("send_otp", target="Anna"))["otp_id"]
    response = await client.post(
        f"/api/services/{DOMAIN}/verify_otp?return_response", json={"otp_id": otp_id, "code": code_sent()}
    )
    assert response.status == 200
    assert (await response.json())["service_response"] == {
        "verified": True,
        "reason": "ok",
        "attempts_left": 0,
    }
    refused = await client.post(f"/api/services/{DOMAIN}/verify_otp?return_response", json={"code": "1"})
    assert refused.status == 400


# -- where the code is not


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Let the recorder be there from the beginning."""


@pytest.fixture
async def recorded(recorder_mock: object) -> None:
    """Record, before anything else is set up."""


@pytest.mark.usefixtures("recorded")
async def test_the_code_is_written_down_nowhere(
    hass: HomeAssistant,
    bridge: FakeBridge,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("homeassistant.components.mqtt").setLevel(logging.INFO)
    seen: list[str] = []
    hass.bus.async_listen("*", lambda event: seen.append(json.dumps(event.as_dict(), default=str)))
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "id": "sender",
                "trigger": {"platform": "event", "event_type": "send_code"},
                "action": [
                    {
                        "action": f"{DOMAIN}.send_otp",
                        "data": {"config_entry_id": loaded.entry_id, "target": "Anna", "length": 10},
                        "response_variable": "sent",
                    },
                    {"event": "code_sent", "event_data_template": {"sent": "{{ sent }}"}},
                ],
            }
        },
    )
    hass.bus.async_fire("send_code")
    await bridge.settle()
    bridge.delivery(bridge.sent[-1]["id"], "delivered")
    await bridge.settle()
    await async_wait_recording_done(hass)
    code = last_code(bridge)

    database = await get_instance(hass).async_add_executor_job(_dump, hass)
    assert DOMAIN in database
    assert "code_sent" in database
    traces = hass.data["trace"]["automation.sender"]
    traced = json.dumps([trace.as_extended_dict() for trace in traces.all_traces()], default=str)
    assert "otp_id" in traced
    states = json.dumps([state.as_dict() for state in hass.states.async_all()], default=str)
    assert any("send_otp" in event for event in seen)
    places = {
        "database": database,
        "traces": traced,
        "states": states,
        "events": "\n".join(seen),
        "storage": json.dumps(hass_storage, default=str),
        "log": caplog.text,
    }
    assert [place for place, content in places.items() if code in content] == []


def _dump(hass: HomeAssistant) -> str:
    """Every row of every table of the recorder's database."""
    rows: list[str] = []
    with session_scope(hass=hass, read_only=True) as session:
        for table in inspect(session.get_bind()).get_table_names():
            rows += [f"{table} {tuple(row)}" for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608 - names from the database itself
    return "\n".join(rows)
