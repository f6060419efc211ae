"""What all tests of the component share: a fake bridge, a config entry for it, and its set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigSubentryDataWithId
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.sms_gateway  # noqa: F401 - must be found before Home Assistant looks for it
from custom_components.sms_gateway.const import (
    CONF_BASE_TOPIC,
    CONF_INSTANCE,
    CONF_KIND,
    CONF_MEMBERS,
    CONF_NUMBER,
    DOMAIN,
    EntryKind,
    SubentryKind,
)
from tests.component.bridge import BASE, INSTANCE, FakeBridge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from unittest.mock import MagicMock

    from homeassistant.core import HomeAssistant

ANNA = "01JDANNA000000000000000000"
BERT = "01JDBERT000000000000000000"
FAMILY = "01JDFAMILY0000000000000000"
ANNAS_NUMBER = "+491701234567"
BERTS_NUMBER = "+491709999999"


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load this integration."""


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's MQTT client leaves timers of its own behind."""
    return True


@pytest.fixture
def mqtt_config_entry_options() -> dict[str, Any]:
    """Home Assistant's MQTT integration without its own discovery, whose many subscriptions take long."""
    return {mqtt.CONF_BIRTH_MESSAGE: {}, mqtt.CONF_DISCOVERY: False}


@pytest.fixture(autouse=True)
def _prompt_subscriptions() -> Iterator[None]:
    """Subscribe at once, where the client otherwise collects topics for half a second."""
    with (
        patch("homeassistant.components.mqtt.client.INITIAL_SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.UNSUBSCRIBE_COOLDOWN", 0.0),
    ):
        yield


@pytest.fixture
async def bridge(hass: HomeAssistant, mqtt_client_mock: MagicMock, mqtt_mock: MagicMock) -> FakeBridge:
    """A bridge with one modem, ``stick``, online before Home Assistant looks."""
    fake = FakeBridge(hass, mqtt_client_mock, mqtt_mock)
    fake.start()
    return fake


@pytest.fixture
def options() -> dict[str, Any]:
    """Options of the entry; tests override this fixture."""
    return {}


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Two contacts and a group of both."""
    return [
        subentry_data(ANNA, SubentryKind.CONTACT, "Anna", {CONF_NUMBER: ANNAS_NUMBER}),
        subentry_data(BERT, SubentryKind.CONTACT, "Bert", {CONF_NUMBER: BERTS_NUMBER}),
        subentry_data(FAMILY, SubentryKind.GROUP, "Family", {CONF_MEMBERS: [ANNA, BERT]}),
    ]


@pytest.fixture
def entry(
    hass: HomeAssistant, options: dict[str, Any], subentries: list[ConfigSubentryDataWithId]
) -> MockConfigEntry:
    """The config entry of the fake bridge, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="SMS bridge",
        unique_id=BASE,
        data={CONF_KIND: EntryKind.BRIDGE, CONF_BASE_TOPIC: BASE, CONF_INSTANCE: INSTANCE},
        options=options,
        subentries_data=subentries,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def setup_entry(
    hass: HomeAssistant, bridge: FakeBridge, entry: MockConfigEntry
) -> Callable[[], Awaitable[MockConfigEntry]]:
    """Set the entry up when called, and wait until the bridge is known."""

    async def setup() -> MockConfigEntry:
        await hass.config_entries.async_setup(entry.entry_id)
        await bridge.settle()
        return entry

    return setup


@pytest.fixture
async def loaded(setup_entry: Callable[[], Awaitable[MockConfigEntry]]) -> MockConfigEntry:
    """The entry, set up."""
    return await setup_entry()


def subentry_data(
    subentry_id: str, kind: SubentryKind, title: str, data: dict[str, Any]
) -> ConfigSubentryDataWithId:
    """A subentry of a config entry."""
    return ConfigSubentryDataWithId(
        subentry_id=subentry_id, subentry_type=kind, title=title, data=data, unique_id=None
    )
