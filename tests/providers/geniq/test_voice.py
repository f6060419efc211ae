"""Calls: a text that is read aloud, and menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_providers.exceptions import NoAnswerError, RejectedError
from sms_providers.geniq import LOCALES, Menu, MenuOption, Submitted
from sms_providers.model import ErrorCode
from tests.providers.geniq.account import ANNA, connect

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_providers.geniq import Geniq
    from tests.providers.geniq.conftest import Clock

END = MenuOption(dtmf="1", return_value="Yes")
ASK = Menu(menu_id="main", message="Press 1.", options=(END,))


async def test_a_text_is_read_aloud(geniq: Geniq, server: GeniqServer) -> None:
    placed = await geniq.call(ANNA, "The gate is open", locale="en-GB", reference="call 5")
    (call,) = server.on_air
    assert placed == Submitted(call.ids, "call 5")
    assert (call.recipient, call.text, call.channel) == ("6591234567", "The gate is open", "voice")
    assert call.options["locale"] == "en-GB"


@pytest.mark.parametrize("locale", sorted(LOCALES))
async def test_every_documented_locale_is_spoken(locale: str, geniq: Geniq, server: GeniqServer) -> None:
    await geniq.call(ANNA, "Hello", locale=locale)
    assert server.on_air[0].options["locale"] == locale
    assert len(LOCALES) == 24


@pytest.mark.parametrize(
    ("account", "own", "shown"),
    [
        ("HOME", None, "6531596518"),
        ("+4915112345678", None, "4915112345678"),
        ("HOME", "+6591234568", "6591234568"),
    ],
)
async def test_the_caller_that_is_shown_is_a_number(
    account: str,
    own: str | None,
    shown: str,
    *,
    server: GeniqServer,
    http: aiohttp.ClientSession,
    clock: Clock,
) -> None:
    geniq = connect(server, http, clock, originator=account)
    await geniq.call(ANNA, "Hello", locale="en-US", originator=own)
    assert server.on_air[0].options["originator"] == shown


async def test_menus_may_go_in_circles(geniq: Geniq, server: GeniqServer) -> None:
    menus = (
        Menu(menu_id="main", message="Press 1.", options=(END, MenuOption(dtmf="2", target_menu="more"))),
        Menu(menu_id="more", message="Again?", options=(MenuOption(dtmf="#", target_menu="main"),)),
    )
    placed = await geniq.call_menu(ANNA, menus, locale="de-DE")
    (call,) = server.on_air
    assert placed.message_ids == call.ids
    assert "maxDuration" not in call.options
    assert server.misuses == []


@pytest.mark.parametrize(
    ("menus", "wrong"),
    [
        ((), "needs one at least"),
        ((ASK, ASK), "twice"),
        ((Menu(menu_id="", message="Press 1.", options=(END,)),), "needs an id"),
        ((Menu(menu_id="main", message="", options=(END,)),), "characters"),
        ((Menu(menu_id="main", message="x" * 601, options=(END,)),), "characters"),
        ((Menu(menu_id="main", message="Press 1.", options=()),), "no options"),
        ((Menu(menu_id="main", message="Press 1.", options=(END, END)),), "twice"),
        (
            (Menu(menu_id="m", message="?", options=(MenuOption(dtmf="11", return_value="A"),)),),
            "one of 0 to 9",
        ),
        (
            (Menu(menu_id="m", message="?", options=(MenuOption(dtmf="A", return_value="A"),)),),
            "one of 0 to 9",
        ),
        (
            (Menu(menu_id="m", message="?", options=(MenuOption(dtmf="1", return_value="two words"),)),),
            "single word",
        ),
        ((Menu(menu_id="m", message="?", options=(MenuOption(dtmf="1", return_value=""),)),), "single word"),
        (
            (Menu(menu_id="m", message="?", options=(MenuOption(dtmf="1", target_menu="other"),)),),
            "not there",
        ),
        ((Menu(menu_id="m", message="?", options=(MenuOption(dtmf="1"),)),), "either"),
        (
            (
                Menu(
                    menu_id="m",
                    message="?",
                    options=(MenuOption(dtmf="1", return_value="A", target_menu="m"),),
                ),
            ),
            "either",
        ),
    ],
)
async def test_menus_that_cannot_work_are_refused_here(
    menus: tuple[Menu, ...], wrong: str, geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(RejectedError, match=wrong) as raised:
        await geniq.call_menu(ANNA, menus, locale="en-US")
    assert raised.value.code is ErrorCode.INVALID_PAYLOAD
    assert server.met.names("endpoint") == []


@pytest.mark.parametrize("message", ["", "x" * 601])
async def test_a_text_that_cannot_be_read_aloud_is_refused_here(
    message: str, geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(RejectedError):
        await geniq.call(ANNA, message, locale="en-US")
    assert server.met.names("endpoint") == []


async def test_an_unknown_locale_and_a_named_caller_are_refused_here(
    geniq: Geniq, server: GeniqServer
) -> None:
    with pytest.raises(RejectedError, match="en-US, en-GB"):
        await geniq.call(ANNA, "Hello", locale="en")
    with pytest.raises(RejectedError, match="number"):
        await geniq.call(ANNA, "Hello", locale="en-US", originator="HOME")
    with pytest.raises(RejectedError, match="one second"):
        await geniq.call_menu(ANNA, [ASK], locale="en-US", max_duration=0)
    assert server.met.names("endpoint") == []


async def test_a_lost_answer_is_told_as_such_and_one_call_is_placed(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(Fault(cut_after=True), path="/voice")
    with pytest.raises(NoAnswerError):
        await geniq.call(ANNA, "Hello", locale="en-US")
    assert len(server.on_air) == 1
