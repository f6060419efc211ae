"""The actions that send: who gets what, what comes back, and what is refused with which reason."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.component.bridge import Gateway, until
from tests.component.calling import Actions, key_of
from tests.component.conftest import ANNA, ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

STRANGER = "+4366012345678"


@pytest.fixture
def actions(hass: HomeAssistant, loaded: MockConfigEntry) -> Actions:
    """The loaded entry's actions."""
    return Actions(hass, loaded)


async def test_each_recipient_gets_a_message_and_the_answer_has_a_record_of_each(
    bridge: FakeBridge, actions: Actions
) -> None:
    answer = await actions.ask("send", target=["Family", STRANGER], message="Fire!", id="alarm-1")
    assert bridge.sent == [{"id": "alarm-1", "to": [ANNAS_NUMBER, BERTS_NUMBER, STRANGER], "text": "Fire!"}]
    assert answer == {
        "messages": [
            {"id": f"alarm-1/{number}", "to": to, "segments": 1, "state": "queued", "error": None}
            for number, to in enumerate([ANNAS_NUMBER, BERTS_NUMBER, STRANGER])
        ]
    }


async def test_names_and_numbers_may_stand_in_one_line(bridge: FakeBridge, actions: Actions) -> None:
    await actions.do("send", target=f"anna, {STRANGER}", message="hello")
    assert bridge.sent[0]["to"] == [ANNAS_NUMBER, STRANGER]


async def test_only_numbers_leave_home_assistant(bridge: FakeBridge, actions: Actions) -> None:
    await actions.do("send", target="Anna", message="hello")
    assert bridge.sent[0]["to"] == ANNAS_NUMBER


@pytest.mark.parametrize(
    "target", ["Zoe", "caretakers", "491701234567", 491701234567], ids=["name", "name2", "bare", "unquoted"]
)
async def test_a_recipient_that_is_nobody_is_an_error_and_nobody_else_gets_anything(
    bridge: FakeBridge, actions: Actions, target: object
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.do("send", target=["Anna", target], message="hello")
    assert key_of(caught.value) == ("unknown_recipient", {"target": str(target)})
    assert not bridge.sent


async def test_every_option_reaches_the_bridge(bridge: FakeBridge, actions: Actions) -> None:
    able = ("data", "flash", "originator", "sim")
    bridge.add_gateway("cloud", Gateway(capabilities=able))
    await bridge.settle()
    options = {
        "gateway": ["cloud"],
        "originator": "Door",
        "sim": 1,
        "priority": "high",
        "valid_for": 600,
        "flash": True,
        "dlr": False,
        "encoding": "gsm7",
        "max_segments": 2,
        "id": "m1",
        "on_unknown": "hold",
        "options": {"type": "x"},
        "metadata": {"why": "test"},
    }
    await actions.do("send", target="Anna", data="AP8=", port=2948, **options)
    (sent,) = bridge.sent
    assert sent == {"to": ANNAS_NUMBER, "data": "AP8=", "port": 2948, "from": "Door"} | {
        key: value for key, value in options.items() if key != "originator"
    }


async def test_a_scheduled_message_goes_out_at_local_time(
    hass: HomeAssistant, bridge: FakeBridge, actions: Actions
) -> None:
    await hass.config.async_set_time_zone("Europe/Vienna")
    answer = await actions.ask("send", target="Anna", message="hello", send_at="2026-12-24 18:00:00")
    assert bridge.sent[0]["send_at"] == "2026-12-24T17:00:00+00:00"
    assert answer["messages"][0]["state"] == "scheduled"


# -- waiting


async def test_waiting_ends_when_the_network_has_it(
    hass: HomeAssistant, bridge: FakeBridge, actions: Actions
) -> None:
    call = asyncio.create_task(
        actions.ask("send", target="Anna", message="hello", id="m1", wait_for="sent", timeout=600)
    )
    await until(lambda: bridge.sent)
    assert not call.done()
    bridge.delivery("m1", "sent")
    assert (await call)["messages"][0]["state"] == "sent"


async def test_waiting_for_several_ends_with_the_last(
    hass: HomeAssistant, bridge: FakeBridge, actions: Actions
) -> None:
    call = asyncio.create_task(
        actions.ask("send", target="Family", message="hello", id="m1", wait_for="delivered", timeout=600)
    )
    await until(lambda: bridge.sent)
    bridge.delivery("m1/0", "delivered")
    bridge.delivery("m1/1", "sent", to=BERTS_NUMBER)
    await bridge.settle()
    assert not call.done()
    error = {"code": "absent_subscriber", "message": "not there", "provider_code": None, "temporary": False}
    bridge.delivery("m1/1", "undeliverable", to=BERTS_NUMBER, error=error)
    first, second = (await call)["messages"]
    assert first["state"] == "delivered"
    assert (second["state"], second["error"]["code"]) == ("undeliverable", "absent_subscriber")


async def test_at_the_time_out_the_present_state_comes_back_without_an_error(actions: Actions) -> None:
    with patch("custom_components.sms_gateway.services.sending._NETWORK_TIME", 0.01):
        answer = await actions.ask("send", target="Anna", message="hello", wait_for="delivered")
    assert answer["messages"][0]["state"] == "queued"


async def test_a_message_is_pending_while_the_bridge_is_away(bridge: FakeBridge, actions: Actions) -> None:
    bridge.go_offline()
    bridge.swallow = True
    with patch("custom_components.sms_gateway.services.sending._QUEUED_TIME", 0.01):
        answer = await actions.ask("send", target="Anna", message="hello", id="m1")
    assert answer["messages"] == [
        {"id": "m1", "to": ANNAS_NUMBER, "segments": None, "state": "pending", "error": None}
    ]
    assert len(bridge.sent) == 1


async def test_without_a_connection_nothing_is_sent_and_the_action_fails(
    bridge: FakeBridge, actions: Actions
) -> None:
    bridge.disconnect()
    with pytest.raises(HomeAssistantError) as caught:
        await actions.do("send", target="Anna", message="hello")
    assert key_of(caught.value)[0] == "not_connected"
    assert not bridge.sent


async def test_a_bridge_that_was_never_heard_of_is_not_judged(bridge: FakeBridge, actions: Actions) -> None:
    bridge.retain("sms_gateway/bridge/main/info", "")
    await bridge.settle()
    await actions.do("send", target="Anna", message="hello", gateway="stik", flash=True)
    assert bridge.sent[0]["gateway"] == ["stik"]


# -- refusals


async def test_a_message_that_the_bridge_rejects_is_an_error_that_says_why(
    bridge: FakeBridge, actions: Actions
) -> None:
    bridge.rejections[ANNAS_NUMBER] = ("too_long", "text: 12 segments, 10 allowed")
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask("send", target="Anna", message="hello")
    assert key_of(caught.value) == (
        "refused",
        {"code": "too_long", "reason": "text: 12 segments, 10 allowed"},
    )


async def test_a_rejection_of_one_is_told_in_his_record(bridge: FakeBridge, actions: Actions) -> None:
    bridge.rejections[BERTS_NUMBER] = ("blocked", "this number is on the list")
    first, second = (await actions.ask("send", target="Family", message="hello"))["messages"]
    assert (first["state"], first["error"]) == ("queued", None)
    assert (second["state"], second["error"]["code"]) == ("rejected", "blocked")


async def test_a_failure_that_nobody_looks_at_is_an_error(
    hass: HomeAssistant, bridge: FakeBridge, actions: Actions
) -> None:
    error = {"code": "no_credit", "message": "no credit left", "provider_code": "6", "temporary": False}

    async def fail(call: asyncio.Task[dict[str, Any] | None]) -> dict[str, Any] | None:
        sent = len(bridge.sent)
        await until(lambda: len(bridge.sent) > sent)
        bridge.delivery(bridge.sent[-1]["id"], "failed", error=error)
        return await call

    fields = {"target": "Anna", "message": "hello", "wait_for": "sent"}
    with pytest.raises(HomeAssistantError) as caught:
        await fail(asyncio.create_task(actions.do("send", **fields)))
    assert key_of(caught.value) == ("refused", {"code": "no_credit", "reason": "no credit left"})
    answer = await fail(asyncio.create_task(actions.ask("send", **fields)))
    assert answer is not None
    assert answer["messages"][0]["error"]["code"] == "no_credit"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "message_or_data"),
        ({"message": "hello", "data": "AP8=", "port": 1}, "message_or_data"),
        ({"data": "AP8="}, "data_and_port"),
        ({"message": "hello", "port": 1}, "data_and_port"),
        ({"data": "no base64!", "port": 1}, "invalid_data"),
    ],
)
async def test_fields_that_do_not_go_together_are_refused(
    bridge: FakeBridge, actions: Actions, fields: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.do("send", target="Anna", **fields)
    assert key_of(caught.value)[0] == key
    assert not bridge.sent


@pytest.mark.parametrize(
    ("fields", "placeholders"),
    [
        ({"gateway": "stik"}, {"gateway": "stik", "name": "SMS bridge", "known": "stick"}),
        ({"gateway": "stick", "originator": "Door"}, {"gateway": "stick", "what": "originator"}),
        ({"sim": 1, "originator": "Door"}, {"gateway": "stick", "what": "originator, sim"}),
    ],
)
async def test_what_no_gateway_can_do_is_refused_by_name(
    bridge: FakeBridge, actions: Actions, fields: dict[str, Any], placeholders: dict[str, str]
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.do("send", target="Anna", message="hello", **fields)
    assert key_of(caught.value)[1] == placeholders
    assert not bridge.sent


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "with blank"),
        ("valid_for", 0),
        ("priority", "urgent"),
        ("timeout", 0),
        ("wait_for", "read"),
        ("validty", 60),
    ],
)
async def test_impossible_values_and_unknown_fields_are_refused(
    bridge: FakeBridge, actions: Actions, field: str, value: object
) -> None:
    with pytest.raises(vol.Invalid, match=field):
        await actions.do("send", target="Anna", message="hello", **{field: value})
    assert not bridge.sent


async def test_an_entry_that_is_not_loaded_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, actions: Actions
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(ServiceValidationError, match="not loaded"):
        await actions.do("send", target="Anna", message="hello")


# -- notify entities


async def test_a_notify_entity_sends_with_options_and_says_when_it_did(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    answer = await Actions(hass, loaded).ask_anyone(
        "send_to_contact",
        entity_id=["notify.anna", "notify.family"],
        message="hello",
        id="m1",
        priority="high",
    )
    assert {len(answer[entity]["messages"]) for entity in ("notify.anna", "notify.family")} == {1, 2}
    assert {item["priority"] for item in bridge.sent} == {"high"}
    assert len({item["id"] for item in bridge.sent}) == 2
    assert f"m1.{ANNA}" in {item["id"] for item in bridge.sent}
    state = hass.states.get("notify.anna")
    assert state is not None
    assert state.state != "unknown"


# -- quotes


async def test_a_text_alone_is_measured_without_the_bridge(bridge: FakeBridge, actions: Actions) -> None:
    bridge.go_offline()
    answer = await actions.ask("quote", message="ћао " * 20)
    assert (answer["encoding"], answer["segments"], answer["characters_left"]) == ("ucs2", 2, 54)


async def test_a_message_is_quoted_by_the_bridge(bridge: FakeBridge, actions: Actions) -> None:
    bridge.answers["quote"] = {
        "encoding": "gsm7",
        "segments": 1,
        "characters_left": 155,
        "gateway": "stick",
        "price": "0.09",
        "currency": "EUR",
    }
    answer = await actions.ask("quote", message="hello", target="Anna")
    assert answer == {
        "encoding": "gsm7",
        "segments": 1,
        "characters_left": 155,
        "gateway": "stick",
        "price": 0.09,
        "currency": "EUR",
        "destinations": [],
    }
    assert bridge.requests[-1][1] == {"to": ANNAS_NUMBER, "text": "hello"}
    assert not bridge.sent
