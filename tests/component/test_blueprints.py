"""The blueprints, instantiated in Home Assistant as users do it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components import automation
from homeassistant.components.blueprint import models
from homeassistant.core import callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import async_capture_events, async_fire_time_changed

from tests.component.bridge import until
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

BLUEPRINTS = Path(__file__).parents[2] / "blueprints/automation/sms_gateway"
SENSOR = "binary_sensor.smoke"
BALANCE = "sensor.stick_balance"


@contextmanager
def imported(name: str) -> Iterator[None]:
    """As if the user had imported a blueprint."""
    original = models.DomainBlueprints._load_blueprint

    @callback
    def load(self: models.DomainBlueprints, path: str) -> models.Blueprint:
        if path != name:
            return original(self, path)
        return models.Blueprint(
            load_yaml_dict(str(BLUEPRINTS / name)),
            expected_domain=self.domain,
            path=path,
            schema=automation.config.AUTOMATION_BLUEPRINT_SCHEMA,
        )

    with patch.object(models.DomainBlueprints, "_load_blueprint", load):
        yield


async def use(hass: HomeAssistant, name: str, **inputs: object) -> None:
    """Make an automation of a blueprint."""
    with imported(name):
        config = {automation.DOMAIN: {"use_blueprint": {"path": name, "input": inputs}}}
        assert await async_setup_component(hass, automation.DOMAIN, config)
        await hass.async_block_till_done()
    assert hass.states.async_entity_ids(automation.DOMAIN)


class TestAlarm:
    """An alarm goes down the list until somebody acknowledges it."""

    @pytest.fixture
    async def over(self, hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry) -> list[Event]:
        """The alarm is armed; the events tell how it ended."""
        hass.states.async_set(SENSOR, "off", {"friendly_name": "Smoke"})
        await use(
            hass,
            "alarm_with_acknowledgement.yaml",
            sensors=[SENSOR],
            config_entry=loaded.entry_id,
            contacts=["Anna", "Bert"],
            wait={"minutes": 5},
            rounds=2,
            on_acknowledged=[{"event": "over", "event_data": {"by": "{{ acknowledged_by }}"}}],
            on_unanswered=[{"event": "over", "event_data": {"by": None}}],
        )
        events: list[Event] = async_capture_events(hass, "over")
        return events

    async def raise_alarm(self, hass: HomeAssistant, bridge: FakeBridge) -> None:
        """Smoke."""
        hass.states.async_set(SENSOR, "on", {"friendly_name": "Smoke"})
        await until(lambda: bridge.sent)

    async def let_time_pass(
        self, hass: HomeAssistant, bridge: FakeBridge, freezer: FrozenDateTimeFactory
    ) -> None:
        """Five minutes in which nobody replies."""
        before = len(bridge.sent)
        freezer.tick(timedelta(minutes=5, seconds=1))
        async_fire_time_changed(hass)
        await until(lambda: len(bridge.sent) > before)

    async def test_the_first_one_replies_and_all_hear_of_it(
        self, hass: HomeAssistant, bridge: FakeBridge, over: list[Event]
    ) -> None:
        await self.raise_alarm(hass, bridge)
        assert bridge.sent[0]["to"] == ANNAS_NUMBER
        assert bridge.sent[0]["text"] == "Alarm: Smoke. Reply OK to take care of it."
        assert bridge.sent[0]["priority"] == "high"
        bridge.incoming("ok, I am on my way")
        await bridge.settle()
        assert [event.data["by"] for event in over] == ["Anna"]
        assert bridge.sent[1]["to"] == [ANNAS_NUMBER, BERTS_NUMBER]
        assert bridge.sent[1]["text"] == "Smoke: Anna takes care of it."
        assert len(bridge.sent) == 2

    async def test_it_escalates_and_the_first_one_may_still_reply(
        self, hass: HomeAssistant, bridge: FakeBridge, over: list[Event], freezer: FrozenDateTimeFactory
    ) -> None:
        await self.raise_alarm(hass, bridge)
        await self.let_time_pass(hass, bridge, freezer)
        assert [item["to"] for item in bridge.sent] == [ANNAS_NUMBER, BERTS_NUMBER]
        reply(bridge, "Ok", "+4366012345678")
        reply(bridge, "what happened?", BERTS_NUMBER)
        assert not over
        reply(bridge, "OK", ANNAS_NUMBER)
        await bridge.settle()
        assert [event.data["by"] for event in over] == ["Anna"]

    async def test_when_nobody_replies_it_ends_after_all_rounds(
        self, hass: HomeAssistant, bridge: FakeBridge, over: list[Event], freezer: FrozenDateTimeFactory
    ) -> None:
        await self.raise_alarm(hass, bridge)
        for _ in range(3):
            await self.let_time_pass(hass, bridge, freezer)
        freezer.tick(timedelta(minutes=5, seconds=1))
        async_fire_time_changed(hass)
        await until(lambda: over)
        assert [item["to"] for item in bridge.sent] == [ANNAS_NUMBER, BERTS_NUMBER] * 2
        assert len({item["id"] for item in bridge.sent}) == 4
        assert [event.data["by"] for event in over] == [None]

    async def test_a_contact_that_cannot_be_told_does_not_end_it(
        self, hass: HomeAssistant, bridge: FakeBridge, over: list[Event], freezer: FrozenDateTimeFactory
    ) -> None:
        bridge.rejections[ANNAS_NUMBER] = ("blocked", "this number is on the list")
        await self.raise_alarm(hass, bridge)
        await self.let_time_pass(hass, bridge, freezer)
        reply(bridge, "OK", BERTS_NUMBER)
        await bridge.settle()
        assert [event.data["by"] for event in over] == ["Bert"]


class TestLowBalance:
    """A low balance is told, and told again every day."""

    @pytest.fixture(autouse=True)
    async def armed(self, hass: HomeAssistant, loaded: MockConfigEntry) -> None:
        """The automation, with a balance above the limit."""
        balance(hass, "12.40")
        await use(
            hass, "low_balance.yaml", balances=[BALANCE, "sensor.gone"], limit=5, recipients=["notify.anna"]
        )

    async def test_it_is_told_once_when_the_limit_is_passed(
        self, hass: HomeAssistant, bridge: FakeBridge
    ) -> None:
        for amount in ("5.10", "4.90", "4.80"):
            balance(hass, amount)
            await bridge.settle()
        (sent,) = bridge.sent
        assert (sent["to"], sent["text"]) == (ANNAS_NUMBER, "Top up soon: Balance of stick 4.90 EUR")

    @pytest.mark.parametrize(("amount", "told"), [("4.90", 2), ("12.40", 1)])
    async def test_it_is_repeated_every_day_until_it_is_topped_up(
        self, hass: HomeAssistant, bridge: FakeBridge, amount: str, told: int
    ) -> None:
        balance(hass, "4.90")
        await bridge.settle()
        balance(hass, amount)
        tomorrow = dt_util.now().replace(hour=10, minute=0, second=1) + timedelta(days=1)
        async_fire_time_changed(hass, tomorrow)
        await bridge.settle()
        assert len(bridge.sent) == told

    async def test_a_sensor_that_is_away_says_nothing(self, hass: HomeAssistant, bridge: FakeBridge) -> None:
        balance(hass, "unavailable")
        await bridge.settle()
        assert not bridge.sent


def reply(bridge: FakeBridge, text: str, number: str) -> None:
    """Let somebody reply."""
    message: dict[str, Any] = {"from": number}
    bridge.incoming(text, **message)


def balance(hass: HomeAssistant, amount: str) -> None:
    """Show a balance."""
    attributes: dict[str, Any] = {"friendly_name": "Balance of stick", "unit_of_measurement": "EUR"}
    hass.states.async_set(BALANCE, amount, attributes)
