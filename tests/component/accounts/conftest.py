"""What the tests of accounts share: an entry, its scripted provider, and both set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID, DOMAIN, EntryKind
from tests.component.accounts.account import Account
from tests.component.accounts.scripted import ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant

WEBHOOK_ID = "5e" * 32


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Nothing of ours may stay; this replaces the exception that MQTT needs."""
    return False


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """The provider of the account."""
    scripted = ScriptedProvider()
    with patch("custom_components.sms_gateway.make_provider", return_value=scripted):
        yield scripted


@pytest.fixture
def entry(hass: HomeAssistant, options: dict[str, Any]) -> MockConfigEntry:
    """The account's entry, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My account",
        unique_id="ab" * 16,
        data={
            CONF_KIND: EntryKind.GENIQ,
            "api_key": "the-api-key",
            "api_secret": "the-api-secret",
            "originator": "Home",
            CONF_WEBHOOK_ID: WEBHOOK_ID,
        },
        options=options,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def fresh(
    hass: HomeAssistant, provider: ScriptedProvider, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> Account:
    """The account, not set up yet."""
    assert await async_setup_component(hass, "homeassistant", {})
    return Account(hass, entry, provider, freezer)


@pytest.fixture
async def account(fresh: Account) -> Account:
    """The account, set up."""
    await fresh.load()
    return fresh
