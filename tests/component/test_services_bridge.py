"""The actions of accounts, called for a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from homeassistant.exceptions import ServiceValidationError

from tests.component.account_actions.abilities import ACTIONS
from tests.component.calling import Actions, key_of

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge

#: What a bridge may be able to do.
BRIDGES = {"cancel", "ussd", "get_balance"}


async def test_what_a_bridge_cannot_do_names_it(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    asked = list(bridge.requests)
    for action in ACTIONS.keys() - BRIDGES:
        fields, what, _ = ACTIONS[action]
        with pytest.raises(ServiceValidationError) as caught:
            await Actions(hass, loaded).ask(action, **fields)
        assert key_of(caught.value) == ("bridge_cannot", {"what": what, "name": "SMS bridge"}), action
    assert bridge.requests == asked
    assert not bridge.sent
