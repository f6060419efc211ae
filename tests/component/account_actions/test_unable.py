"""What an account cannot do is refused with its provider's name, and what it does not take with the key's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.sms_gateway.const import EntryKind
from tests.component.account_actions.abilities import ACTIONS
from tests.component.calling import key_of

if TYPE_CHECKING:
    from tests.component.account_actions.live import Live

TITLES = {
    EntryKind.GENIQ: "GENIQ",
    EntryKind.SMSGIC: "SMSgic",
    EntryKind.UBILL: "uBill",
    EntryKind.SMSGATEWAY24: "SmsGateway24",
    EntryKind.GENIOSMS: "GenioSms",
}


@pytest.mark.parametrize("kind", list(TITLES))
async def test_what_an_account_cannot_do_names_its_provider(account: Live, kind: EntryKind) -> None:
    met = list(account.server.met)
    for action, (fields, what, able) in ACTIONS.items():
        if kind not in able:
            assert await account.refused(action, **fields) == (
                "provider_cannot",
                {"what": what, "provider": TITLES[kind]},
            ), action
    assert list(account.server.met) == met
    assert not account.server.on_air


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        (EntryKind.GENIQ, {"sim": 1}, "sim"),
        (EntryKind.GENIQ, {"flash": True}, "flash"),
        (EntryKind.GENIQ, {"gateway": "stick"}, "gateway"),
        (EntryKind.SMSGATEWAY24, {"originator": "House"}, "originator"),
        (EntryKind.SMSGATEWAY24, {"gateway": "77"}, "gateway"),
        (EntryKind.GENIOSMS, {"send_at": "2035-07-01 12:00:00"}, "send_at"),
        (EntryKind.GENIQ, {"options": {"brandID": 1}}, "brandID"),
        (EntryKind.GENIQ, {"options": {"dataCoding": "latin"}}, "dataCoding"),
        (EntryKind.SMSGIC, {"options": {"type": "carrier pigeon"}}, "type"),
        (EntryKind.UBILL, {"options": {"stopList": "no"}}, "stopList"),
        (EntryKind.UBILL, {"options": {"brandID": 0}}, "brandID"),
        (EntryKind.UBILL, {"options": {"sendTime": "tomorrow"}}, "sendTime"),
        (EntryKind.SMSGATEWAY24, {"options": {"urgent": 7}}, "urgent"),
        (EntryKind.SMSGATEWAY24, {"options": {"customerid": -1}}, "customerid"),
        (EntryKind.SMSGATEWAY24, {"options": {"device_id": "my phone"}}, "device_id"),
        (EntryKind.GENIOSMS, {"options": {"extra_params": "pin=1"}}, "extra_params"),
    ],
)
async def test_what_a_provider_does_not_take_is_named_and_nothing_leaves(
    account: Live, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await account.ask("send", target="Anna", message="Hello", **fields)
    key, placeholders = key_of(caught.value)
    assert key == "refused"
    assert named in (placeholders or {})["reason"]
    await account.settle()
    assert not account.server.on_air


@pytest.mark.parametrize(
    ("kind", "options", "on_air"),
    [
        (
            EntryKind.GENIQ,
            {"originatorTon": "alpha", "dataCoding": "unicode", "validity": 60, "reference": "r"},
            {"originatorTon": "alpha", "dataCoding": "unicode", "validity": "60"},
        ),
        (EntryKind.SMSGIC, {"type": "twilio"}, {"type": "twilio"}),
        (EntryKind.UBILL, {"stopList": False, "otp": True}, {"stopList": "false", "otp": "true"}),
        (EntryKind.GENIQ, {"udh": "0605040B8423F0"}, {"udh": "0605040B8423F0"}),
        (EntryKind.UBILL, {"sendTime": "2035-07-01 12:00"}, {"sendTime": "2035-07-01 12:00"}),
        (EntryKind.SMSGATEWAY24, {"urgent": True}, {"urgent": "1"}),
        (EntryKind.SMSGATEWAY24, {"customerid": 77, "urgent": 0}, {"urgent": "0"}),
        (EntryKind.GENIOSMS, {"extra_params": {"pin": "1234"}}, {"pin": "1234"}),
    ],
)
async def test_what_only_one_provider_has_is_an_option(
    account: Live, options: dict[str, Any], on_air: dict[str, Any]
) -> None:
    await account.ask("send", target="Anna", message="Hello", options=options)
    await account.settle()
    (sent,) = account.server.on_air
    assert {name: sent.options[name] for name in on_air} == on_air


async def test_messages_are_known_while_the_provider_is_away(account: Live) -> None:
    await account.server.stop()
    assert await account.ask("list_messages") == {"messages": [], "cursor": None}
    assert (await account.refused("get_balance"))[0] == "refused"
