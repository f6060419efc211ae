"""The commands about gateways."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.link import LinkError, UnsupportedError
from sms_bridge.routing.requests import AdminError
from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from tests.bridge.administration.conftest import Office


async def refusal(office: Office, command: str, **members: object) -> tuple[str, str]:
    with pytest.raises(AdminError) as caught:
        await office.ask(command, **members)
    return caught.value.code.value, caught.value.message


async def test_all_gateways_are_listed_masked_and_one_is_shown_in_full(office: Office) -> None:
    office.stick.go_online()
    listed = (await office.ask("gateway"))["gateways"]
    assert [(gateway["gateway"], gateway["state"]) for gateway in listed] == [
        ("stick", "online"),
        ("spare", "offline"),
    ]
    assert listed[0]["number"] == "…5678"
    full = await office.ask("gateway", gateway="stick")
    assert (full["number"], full["imei"]) == ("+4915112345678", "490154203237518")
    assert (full["type"], full["capabilities"]) == ("fake", ["ussd"])
    assert full["transcript"] == ["12:00:00.000 > AT"]


@pytest.mark.parametrize("command", ["gateway", "balance", "ussd", "restart_gateway", "pause", "resume"])
async def test_a_gateway_that_nobody_has_is_told_with_the_nearest(office: Office, command: str) -> None:
    assert await refusal(office, command, gateway="stik") == (
        "unknown_gateway",
        "stik: this gateway is unknown. Did you mean stick?",
    )


async def test_a_pause_lasts_over_restarts_until_it_is_ended(office: Office) -> None:
    office.stick.go_online()
    assert await office.ask("pause", gateway="stick") == {"gateway": "stick"}
    assert (await office.ask("gateway", gateway="stick"))["state"] == "paused"
    await office.routing.gateways.load()
    assert (await office.ask("gateway", gateway="stick"))["state"] == "paused"
    assert await office.ask("resume", gateway="stick") == {"gateway": "stick"}
    assert (await office.ask("gateway", gateway="stick"))["state"] == "online"


async def test_a_gateway_is_restarted(office: Office) -> None:
    assert await office.ask("restart_gateway", gateway="stick") == {"gateway": "stick"}
    assert office.stick.asked == ["restart"]


async def test_the_balance_is_asked_and_shown_from_then_on(office: Office) -> None:
    office.stick.go_online()
    assert (await office.ask("gateway", gateway="stick"))["balance"] is None
    assert await office.ask("balance", gateway="stick") == {"amount": "12.40", "currency": "EUR"}
    assert (await office.ask("gateway", gateway="stick"))["balance"] == {"amount": "12.40", "currency": "EUR"}


async def test_a_dialogue_with_the_network(office: Office) -> None:
    assert await office.ask("ussd", gateway="stick", code=" *100# ") == {"text": "1: more", "more": True}
    assert await office.ask("ussd", gateway="stick", reply="**21*1#") == {"text": "done", "more": False}
    assert await office.ask("ussd", gateway="stick", end=True) == {"text": None, "more": False}
    assert office.stick.asked == ["ussd *100#", "reply **21*1#", "end"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"code": "*100#", "end": True},
        {"code": "call mum"},
        {"code": ""},
        {"end": "yes"},
        {"code": "*1" * 100},
    ],
)
async def test_a_request_that_is_no_dialogue_is_refused(office: Office, members: dict[str, Any]) -> None:
    assert (await refusal(office, "ussd", gateway="stick", **members))[0] == "invalid_payload"
    assert office.stick.asked == []


@pytest.mark.parametrize("service", ["21", "61", "62", "67", "002", "004"])
@pytest.mark.parametrize(
    "form", ["*{}*+491701234567#", "**{}*+491701234567#", "*{}#", "**{}#", "* *{} *0170#"]
)
async def test_nobody_sets_call_forwarding(office: Office, service: str, form: str) -> None:
    code, message = await refusal(office, "ussd", gateway="stick", code=form.format(service))
    assert code == "not_allowed"
    assert "call forwarding" in message
    assert office.stick.asked == []


@pytest.mark.parametrize("code", ["*#21#", "##002#", "#67#", "*211#", "*100*21#", "*610#"])
async def test_what_only_asks_or_erases_goes_through(office: Office, code: str) -> None:
    await office.ask("ussd", gateway="stick", code=code)
    assert office.stick.asked == [f"ussd {code}"]


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (UnsupportedError("stick has no USSD"), "unsupported", "stick has no USSD"),
        (LinkError("the network refused"), "internal", "the network refused"),
        (TimeoutError(), "timeout", "The gateway did not answer in time."),
        (StoreError("disk full"), "internal", "disk full"),
    ],
)
async def test_what_goes_wrong_is_told_by_its_kind(
    office: Office, fault: Exception, code: str, message: str
) -> None:
    office.stick.fault = fault
    assert await refusal(office, "balance", gateway="stick") == (code, message)


async def test_a_fault_of_ours_is_logged_and_answered(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.stick.fault = ZeroDivisionError("oops")
    with caplog.at_level(logging.ERROR):
        assert await refusal(office, "balance", gateway="stick") == (
            "internal",
            "balance: failed; the log says more.",
        )
    assert "ZeroDivisionError" in caplog.text


async def test_a_gateway_that_never_answers_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    office.stick.hang = forever
    monkeypatch.setattr("sms_bridge.routing.administration._PATIENCE", 0.01)
    for command, members in (("balance", {}), ("ussd", {"code": "*100#"}), ("restart_gateway", {})):
        assert (await refusal(office, command, gateway="stick", **members))[0] == "timeout"
