"""The actions that ask about messages and gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_all_descriptions

from custom_components.sms_gateway.const import DOMAIN
from tests.component.bridge import Gateway
from tests.component.calling import Actions, key_of
from tests.component.conftest import ANNAS_NUMBER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge


@pytest.fixture
def actions(hass: HomeAssistant, loaded: MockConfigEntry) -> Actions:
    """The loaded entry's actions."""
    return Actions(hass, loaded)


async def test_a_message_comes_with_its_history(bridge: FakeBridge, actions: Actions) -> None:
    message = {"id": "m1", "state": "sent", "events": [{"state": "queued"}, {"state": "sent"}]}
    bridge.answers["message"] = message
    assert await actions.ask("get_message", id="m1") == message
    assert bridge.requests[-1] == ("message", {"id": "m1"})


async def test_messages_are_listed_by_filters(
    hass: HomeAssistant, bridge: FakeBridge, actions: Actions
) -> None:
    await hass.config.async_set_time_zone("Europe/Vienna")
    bridge.answers["messages"] = {"messages": [{"id": "m1"}], "cursor": "next"}
    filters = {"state": "failed", "to": "Anna", "since": "2026-11-20 11:00:00", "limit": 5, "cursor": "here"}
    assert await actions.ask("list_messages", **filters) == {"messages": [{"id": "m1"}], "cursor": "next"}
    assert bridge.requests[-1] == (
        "messages",
        {**filters, "to": ANNAS_NUMBER, "since": "2026-11-20T10:00:00+00:00"},
    )


@pytest.mark.parametrize("action", ["cancel", "resend"])
async def test_messages_are_cancelled_and_sent_again(
    bridge: FakeBridge, actions: Actions, action: str
) -> None:
    assert await actions.ask(action, id="m1") == {"ids": ["m1"]}
    assert bridge.requests[-1] == (action, {"id": "m1"})


async def test_a_list_of_one_recipient_takes_no_group(actions: Actions) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask("list_messages", to="Family")
    assert key_of(caught.value)[0] == "one_recipient"


@pytest.mark.parametrize(
    ("code", "kind"), [("unknown_id", ServiceValidationError), ("internal", HomeAssistantError)]
)
async def test_what_the_bridge_refuses_is_an_error_with_its_reason(
    bridge: FakeBridge, actions: Actions, code: str, kind: type[HomeAssistantError]
) -> None:
    bridge.answers["cancel"] = (code, "m1: there is no such message")
    with pytest.raises(HomeAssistantError) as caught:
        await actions.do("cancel", id="m1")
    assert type(caught.value) is kind
    assert key_of(caught.value) == ("refused", {"code": code, "reason": "m1: there is no such message"})


@pytest.mark.parametrize(
    ("action", "fields", "missing"),
    [
        ("cancel", {"id": "m1"}, "cancel"),
        ("resend", {"id": "m1"}, "resend"),
        ("get_message", {"id": "m1"}, "message, messages"),
        ("list_messages", {}, "message, messages"),
        ("quote", {"message": "x", "target": "Anna"}, "quote"),
        ("ussd", {"gateway": "stick", "code": "*100#"}, "ussd"),
    ],
)
async def test_a_command_that_the_bridge_does_not_allow_names_the_line_to_add(
    bridge: FakeBridge, actions: Actions, action: str, fields: dict[str, Any], missing: str
) -> None:
    bridge.admin = ["health"]
    bridge.show_info()
    await bridge.settle()
    asked = len(bridge.requests)
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask(action, **fields)
    assert key_of(caught.value) == ("command_not_allowed", {"name": "SMS bridge", "command": missing})
    assert len(bridge.requests) == asked


async def test_nothing_is_asked_of_a_bridge_that_is_away(bridge: FakeBridge, actions: Actions) -> None:
    bridge.go_offline()
    await bridge.settle()
    with pytest.raises(HomeAssistantError) as caught:
        await actions.ask("get_message", id="m1")
    assert key_of(caught.value) == ("offline", {"name": "SMS bridge"})


# -- gateways


async def test_a_ussd_code_is_run(bridge: FakeBridge, actions: Actions) -> None:
    bridge.admin.append("ussd")
    bridge.show_info()
    await bridge.settle()
    answer = await actions.ask("ussd", gateway="stick", code="*100#")
    assert answer == {"text": "Your balance is 12.40 EUR", "more": False}
    assert bridge.requests[-1] == ("ussd", {"gateway": "stick", "code": "*100#"})


async def test_a_gateway_that_cannot_is_named(bridge: FakeBridge, actions: Actions) -> None:
    bridge.add_gateway("cloud", Gateway(kind="smpp", capabilities=("originator",)))
    await bridge.settle()
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask("ussd", gateway="cloud", code="*100#")
    assert key_of(caught.value) == ("gateway_cannot", {"gateway": "cloud", "what": "ussd"})


async def test_what_no_gateway_of_the_bridge_can_do_names_the_bridge(actions: Actions) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await actions.ask("get_balance")
    assert key_of(caught.value) == ("nobody_can", {"name": "SMS bridge", "what": "balance"})


async def test_a_balance_is_money_or_messages(bridge: FakeBridge, actions: Actions) -> None:
    bridge.add_gateway("cloud", Gateway(kind="smpp", capabilities=("balance",)))
    await bridge.settle()
    assert await actions.ask("get_balance") == {"amount": 12.4, "currency": "EUR"}
    bridge.answers["balance"] = {"amount": 250, "currency": None}
    assert await actions.ask("get_balance", gateway="cloud") == {"messages": 250}


async def test_among_several_balances_the_gateway_must_be_named(bridge: FakeBridge, actions: Actions) -> None:
    for name in ("cloud", "other"):
        bridge.add_gateway(name, Gateway(kind="smpp", capabilities=("balance",)))
    await bridge.settle()
    with pytest.raises(ServiceValidationError, match="Name a gateway"):
        await actions.ask("get_balance")


# -- descriptions


async def test_every_action_is_described_with_a_selector_for_each_field(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    # The descriptions of others would bring in components that are not installed here.
    for domain, services in hass.services.async_services().items():
        for name in services if domain != DOMAIN else ():
            hass.services.async_remove(domain, name)
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert described.keys() == registered.keys()
    for name, service in registered.items():
        fields = dict(described[name]["fields"])
        for section in ("routing", "content"):
            fields |= fields.pop(section, {}).get("fields", {})
        assert all("selector" in field for field in fields.values()), name
        assert fields.keys() == _fields(service.schema), name


def _fields(schema: vol.Schema) -> set[str]:
    """The fields that an action takes, but for those that name entities."""
    keys = schema.schema if isinstance(schema.schema, dict) else schema.schema.validators[0].schema
    return {str(key) for key in keys if isinstance(key, vol.Required | vol.Optional)} - {
        str(key) for key in cv.TARGET_SERVICE_FIELDS
    }
