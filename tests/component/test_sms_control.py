"""Control by SMS: who may, what is answered, and where it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components.conversation import ConversationResult
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.const import CONF_ENABLED
from homeassistant.helpers.intent import IntentResponse
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.sms_gateway.const import (
    CONF_AGENT,
    CONF_ALLOWED,
    CONF_PIN,
    CONF_SMS_CONTROL,
    EVENT_CONTROL,
)
from custom_components.sms_gateway.sms_control import (
    ANSWER_SEGMENTS,
    USES,
    USES_WINDOW,
    WRONG_PINS,
    WRONG_PINS_WINDOW,
    cut,
)
from custom_components.sms_gateway.sms_providers.charset import plan
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from unittest.mock import AsyncMock

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

PIN = "plum7"
CONVERSE = "homeassistant.components.conversation.async_converse"


@pytest.fixture
def control() -> dict[str, Any]:
    """The options of control by SMS; tests override this fixture's result."""
    return {CONF_ENABLED: True, CONF_ALLOWED: [ANNAS_NUMBER]}


@pytest.fixture
def options(control: dict[str, Any]) -> dict[str, Any]:
    """Control by SMS, on."""
    return {CONF_SMS_CONTROL: control}


@pytest.fixture
def used(hass: HomeAssistant) -> list[Event]:
    """The events of every use."""
    events: list[Event] = async_capture_events(hass, EVENT_CONTROL)
    return events


@pytest.fixture
async def conversation(hass: HomeAssistant) -> None:
    """Home Assistant's Assist."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})


@pytest.fixture
def agent(hass: HomeAssistant) -> Iterator[AsyncMock]:
    """An agent that says what its ``answer`` is."""
    hass.config.components.add("conversation")
    with patch(CONVERSE) as converse:
        say(converse, "Done")
        yield converse


def say(agent: AsyncMock, answer: str | None) -> None:
    """Let the agent answer this."""
    response = IntentResponse(language="en")
    if answer is not None:
        response.async_set_speech(answer)
    agent.return_value = ConversationResult(response=response)


async def receive(
    bridge: FakeBridge, text: str | None, number: str = ANNAS_NUMBER, **changes: object
) -> None:
    """Receive a message and wait for all that follows."""
    message: dict[str, Any] = {"from": number, **changes}
    bridge.incoming(text, **message)
    await bridge.settle()


def outcomes(used: list[Event]) -> list[str]:
    """What became of each use."""
    return [event.data["outcome"] for event in used]


@pytest.mark.usefixtures("conversation")
async def test_a_text_switches_a_light_and_is_answered(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, used: list[Event]
) -> None:
    assert await async_setup_component(
        hass,
        "template",
        {
            "template": {
                "light": {
                    "name": "Hall",
                    "default_entity_id": "light.hall",
                    "turn_on": {"event": "hall_on"},
                    "turn_off": [],
                }
            }
        },
    )
    await hass.async_block_till_done()
    async_expose_entity(hass, "conversation", "light.hall", True)
    assert hass.states.get("light.hall") is not None
    switched = async_capture_events(hass, "hall_on")
    await receive(bridge, "turn on the Hall light")
    state = hass.states.get("light.hall")
    assert state is not None
    assert state.state == "on"
    assert len(switched) == 1
    (answer,) = bridge.sent
    assert (answer["to"], answer["gateway"]) == (ANNAS_NUMBER, ["stick"])
    assert "on" in answer["text"].lower()
    (event,) = used
    assert event.data == {
        "config_entry_id": loaded.entry_id,
        "message_id": "in-1",
        "originator": ANNAS_NUMBER,
        "contact": "Anna",
        "outcome": "answered",
    }


class TestWhoMay:
    """Only those who are allowed, in time, and with the PIN."""

    @pytest.mark.usefixtures("loaded")
    async def test_others_and_what_is_no_text_are_no_control(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event]
    ) -> None:
        await receive(bridge, "turn on the light", BERTS_NUMBER)
        await receive(bridge, "turn on the light", "Anna")
        await receive(bridge, None, data="AP8=", port=1)
        await receive(bridge, "turn on … light", incomplete=True)
        assert not agent.called
        assert not used
        assert not bridge.sent

    @pytest.mark.parametrize("control", [{}, {CONF_ENABLED: False, CONF_ALLOWED: [ANNAS_NUMBER]}])
    @pytest.mark.usefixtures("loaded")
    async def test_it_is_off_unless_switched_on(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event]
    ) -> None:
        await receive(bridge, "turn on the light")
        assert not agent.called
        assert not used

    @pytest.mark.usefixtures("loaded")
    async def test_a_late_message_does_nothing(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event]
    ) -> None:
        late = dt_util.utcnow() - timedelta(minutes=6)
        await receive(bridge, "turn on the light", received_at=late.isoformat())
        assert not agent.called
        assert outcomes(used) == ["late"]

    @pytest.mark.parametrize("control", [{CONF_ENABLED: True, CONF_ALLOWED: [ANNAS_NUMBER], CONF_PIN: PIN}])
    @pytest.mark.usefixtures("loaded")
    async def test_the_pin_is_the_first_word_and_stays_here(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event]
    ) -> None:
        await receive(bridge, "turn on the light")
        await receive(bridge, f"{PIN}x turn on the light")
        assert not agent.called
        assert not bridge.sent
        await receive(bridge, f" {PIN}\nturn on the light ")
        assert agent.call_args.args[1] == "turn on the light"
        assert outcomes(used) == ["wrong_pin", "wrong_pin", "answered"]

    @pytest.mark.parametrize("control", [{CONF_ENABLED: True, CONF_ALLOWED: [ANNAS_NUMBER], CONF_PIN: PIN}])
    @pytest.mark.usefixtures("loaded")
    async def test_a_single_word_is_no_attempt(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event]
    ) -> None:
        for text in ("OK", PIN, ""):
            await receive(bridge, text)
        assert not agent.called
        assert not used

    @pytest.mark.parametrize("control", [{CONF_ENABLED: True, CONF_ALLOWED: [ANNAS_NUMBER], CONF_PIN: PIN}])
    @pytest.mark.usefixtures("loaded")
    async def test_a_pin_cannot_be_guessed(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event], freezer: FrozenDateTimeFactory
    ) -> None:
        for guess in range(WRONG_PINS):
            await receive(bridge, f"{guess} turn on the light")
        await receive(bridge, f"{PIN} turn on the light")
        assert not agent.called
        assert outcomes(used) == [*["wrong_pin"] * WRONG_PINS, "too_many"]
        freezer.tick(WRONG_PINS_WINDOW + 1)
        await receive(bridge, f"{PIN} turn on the light")
        assert agent.called


class TestAnswers:
    """What is said is sent back, shortly and not too often."""

    @pytest.mark.usefixtures("loaded")
    async def test_two_machines_do_not_answer_each_other_for_ever(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event], freezer: FrozenDateTimeFactory
    ) -> None:
        for _ in range(USES + 2):
            await receive(bridge, "Done")
        assert len(bridge.sent) == USES
        assert outcomes(used) == [*["answered"] * USES, "too_many", "too_many"]
        freezer.tick(USES_WINDOW + 1)
        await receive(bridge, "Done")
        assert len(bridge.sent) == USES + 1

    @pytest.mark.parametrize(
        "control", [{CONF_ENABLED: True, CONF_ALLOWED: [ANNAS_NUMBER], CONF_AGENT: "conversation.other"}]
    )
    @pytest.mark.usefixtures("loaded")
    async def test_the_chosen_agent_is_asked(self, bridge: FakeBridge, agent: AsyncMock) -> None:
        await receive(bridge, "how warm is it?")
        assert agent.call_args.kwargs["agent_id"] == "conversation.other"
        assert bridge.sent[0]["text"] == "Done"

    @pytest.mark.usefixtures("loaded")
    async def test_a_long_answer_is_cut(self, bridge: FakeBridge, agent: AsyncMock) -> None:
        say(agent, "It is warm. " * 100)
        await receive(bridge, "how warm is it?")
        text = bridge.sent[0]["text"]
        assert plan(text).count == ANSWER_SEGMENTS
        assert text.endswith("...")

    @pytest.mark.usefixtures("loaded")
    async def test_an_agent_that_fails_or_says_nothing_is_not_answered(
        self, bridge: FakeBridge, agent: AsyncMock, used: list[Event], caplog: pytest.LogCaptureFixture
    ) -> None:
        say(agent, None)
        await receive(bridge, "turn on the light")
        agent.side_effect = ValueError("Agent not found: turn on the light")
        await receive(bridge, "turn on the light")
        assert outcomes(used) == ["failed", "failed"]
        assert not bridge.sent
        assert "turn on the light" not in "".join(
            record.getMessage() for record in caplog.records if "sms_gateway" in record.name
        )

    @pytest.mark.usefixtures("agent", "loaded")
    async def test_an_answer_that_cannot_be_sent_is_told(self, bridge: FakeBridge, used: list[Event]) -> None:
        bridge.rejections[ANNAS_NUMBER] = ("blocked", "this number is on the list")
        await receive(bridge, "turn on the light")
        assert outcomes(used) == ["failed"]

    @pytest.mark.usefixtures("loaded")
    async def test_without_the_conversation_integration_nothing_happens(
        self, bridge: FakeBridge, used: list[Event], caplog: pytest.LogCaptureFixture
    ) -> None:
        await receive(bridge, "turn on the light")
        assert outcomes(used) == ["failed"]
        assert "conversation integration" in caplog.text


@pytest.mark.parametrize(
    ("text", "segments", "length"),
    [("short", 1, 5), ("a" * 160, 1, 160), ("a" * 161, 1, 160), ("ж" * 71, 1, 70), ("😀" * 40, 1, 70)],
)
def test_a_text_is_cut_to_what_fits(text: str, segments: int, length: int) -> None:
    shown = cut(text, segments)
    assert plan(shown).count <= segments
    assert len(shown.encode("utf-16-be")) // 2 in {length, length - 1}
