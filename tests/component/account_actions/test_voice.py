"""Calls through GENIQ: a text that is read aloud, and menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol
from homeassistant.exceptions import HomeAssistantError

from custom_components.sms_gateway.sms_providers.geniq import LOCALES
from sms_bridge.simulator.provider_faults import Fault
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER
from tests.repo.component import fields_of, read_yaml

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.component.account_actions.live import Live

ANNA, BERT = ANNAS_NUMBER.removeprefix("+"), BERTS_NUMBER.removeprefix("+")
#: A menu that leads to another one and back.
MENUS: list[dict[str, Any]] = [
    {
        "id": "main",
        "message": "Press 1 for yes, 2 to hear more.",
        "options": [{"key": 1, "value": "yes"}, {"key": "2", "menu": "more"}],
    },
    {"id": "more", "message": "The cellar is wet.", "options": [{"key": "#", "menu": "main"}]},
]


async def test_a_text_is_read_aloud(account: Live) -> None:
    answer = await account.ask(
        "call", target="Anna", message="Water!", locale="en-GB", originator="+4930123456"
    )
    (placed,) = account.server.on_air
    assert (placed.channel, placed.recipient, placed.text) == ("voice", ANNA, "Water!")
    assert (placed.options["locale"], placed.options["originator"]) == ("en-GB", "4930123456")
    assert answer == {
        "calls": [{"id": placed.ids[0], "to": ANNAS_NUMBER, "state": "accepted", "error": None}]
    }


async def test_a_call_asks_by_menus(account: Live) -> None:
    await account.do("call_menu", target="Anna", menus=MENUS, locale="de-DE", max_duration=60, barge=True)
    (placed,) = account.server.on_air
    assert placed.options["menus"] == [
        {
            "menuId": "main",
            "message": "Press 1 for yes, 2 to hear more.",
            "options": [
                {"dtmf": "1", "action": "return", "returnValue": "yes"},
                {"dtmf": "2", "action": "menus", "targetMenu": "more"},
            ],
        },
        {
            "menuId": "more",
            "message": "The cellar is wet.",
            "options": [{"dtmf": "#", "action": "menus", "targetMenu": "main"}],
        },
    ]
    assert (placed.options["maxDuration"], placed.options["barge"]) == (60, True)


async def test_everybody_is_called_and_who_is_not_is_told(server: GeniqServer, account: Live) -> None:
    server.refusals[BERT] = 11
    answer = await account.ask("call", target="Family", message="Water!", locale="en-GB")
    assert [placed.recipient for placed in server.on_air] == [ANNA]
    assert [(call["to"], call["state"]) for call in answer["calls"]] == [
        (ANNAS_NUMBER, "accepted"),
        (BERTS_NUMBER, "failed"),
    ]
    assert (answer["calls"][1]["id"], answer["calls"][1]["error"]["code"]) == (None, "invalid_recipient")


async def test_a_call_that_nobody_gets_is_an_error(server: GeniqServer, account: Live) -> None:
    server.answer_code(6)
    key, placeholders = await account.refused("call", target="Anna", message="Water!", locale="en-GB")
    assert (key, placeholders["code"]) == ("refused", "no_credit")
    with pytest.raises(HomeAssistantError):
        await account.do("call", target="123", message="Water!", locale="en-GB")
    assert not server.on_air


async def test_a_call_whose_answer_is_lost_is_not_placed_again(server: GeniqServer, account: Live) -> None:
    server.faults.add(Fault(cut_after=True), path="POST /voice")
    answer = await account.ask("call", target="Anna", message="Water!", locale="en-GB")
    assert answer["calls"][0]["state"] == "unknown"
    assert len(server.on_air) == 1


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"options": [{"key": "1", "menu": "nowhere"}]}, "not there"),
        ({"options": [{"key": "1", "value": "a"}, {"key": "1", "value": "b"}]}, "twice"),
        ({"options": [{"key": "12", "value": "a"}]}, "key"),
        ({"options": [{"key": "1", "value": "two words"}]}, "single word"),
        ({"options": [{"key": "1"}]}, "either"),
        ({"options": []}, "no options"),
        ({"message": "x" * 601}, "600"),
    ],
)
async def test_menus_that_lead_nowhere_are_refused_here(
    account: Live, place: dict[str, Any], reason: str
) -> None:
    menus = [{**MENUS[0], **place}, MENUS[1]]
    key, placeholders = await account.refused("call_menu", target="Anna", menus=menus, locale="en-GB")
    assert (key, placeholders["code"]) == ("refused", "invalid_payload")
    assert reason in placeholders["reason"]
    assert not account.server.on_air


async def test_a_language_that_nobody_speaks_is_refused(account: Live) -> None:
    with pytest.raises(vol.Invalid):
        await account.ask("call", target="Anna", message="Water!", locale="xx-XX")


@pytest.mark.parametrize("action", ["call", "call_menu"])
def test_the_form_offers_every_language(action: str) -> None:
    offered = fields_of(read_yaml("services.yaml")[action])["locale"]["selector"]["select"]["options"]
    assert {option["value"]: option["label"] for option in offered} == dict(LOCALES)
