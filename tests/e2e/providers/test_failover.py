"""A provider and a modem in one route, in both orders: the second sends only what the first certainly did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from tests.e2e.providers.account import CLOUD, CLOUD_FIRST, STICK, STICK_FIRST

if TYPE_CHECKING:
    from tests.e2e.providers.account import Account

#: A code with which a provider says that it cannot send, and one that is about the number or the text.
CANNOT = {"geniq": 6, "smsgic": "balance", "ubill": 40, "smsgateway24": "Device not found", "geniosms": 9}
WRONG = {"geniq": 11, "smsgic": 422, "ubill": 50, "smsgateway24": "Body is required", "geniosms": 7}


def cloud_first(number: str) -> str:
    """The same recipient, for whom the provider is tried first."""
    return f"{CLOUD_FIRST}{number[-5:]}"


def stick_first(number: str) -> str:
    """The same recipient, for whom the modem is tried first."""
    return f"{STICK_FIRST}{number[-5:]}"


def by_stick(account: Account[Any], number: str) -> int:
    """How many SMS the modem sent to a number."""
    return account.world.modem.submitted(number)


def test_a_provider_that_cannot_leaves_it_to_the_modem(account: Account[Any], number: str) -> None:
    number = cloud_first(number)
    account.server.answer_code(CANNOT[account.kit.name], path=account.kit.send)
    final = account.client.final(account.send(number))
    assert (final["state"], final["gateway"], final["attempt"]) == ("delivered", STICK, 2)
    assert final["possible_duplicate"] is False
    assert (account.on_air(number), by_stick(account, number)) == ([], 1)


def test_a_providers_passing_fault_leaves_it_to_the_modem_at_once(account: Account[Any], number: str) -> None:
    number = cloud_first(number)
    account.requests.add(Fault(status=500, body="oops"), path=account.kit.send)
    final = account.client.final(account.send(number))
    assert (final["state"], final["gateway"], final["attempt"]) == ("delivered", STICK, 2)
    assert (account.on_air(number), by_stick(account, number)) == ([], 1)


def test_a_number_that_the_provider_refuses_is_not_tried_elsewhere(
    account: Account[Any], number: str
) -> None:
    number = cloud_first(number)
    account.server.answer_code(WRONG[account.kit.name], path=account.kit.send)
    final = account.client.final(account.send(number))
    assert (final["state"], final["gateway"]) == ("failed", CLOUD)
    assert (account.on_air(number), by_stick(account, number)) == ([], 0)


def test_a_lost_answer_is_not_followed_by_the_modem(account: Account[Any], number: str) -> None:
    number = cloud_first(number)
    account.requests.add(Fault(cut_before=True), path=account.kit.send)
    name = account.send(number, on_unknown="hold")
    held = account.client.final(name)
    assert (held["state"], held["gateway"]) == ("unknown", CLOUD)
    # One more to the same number: everything before it has been decided.
    account.client.send(to=number, text="after", id=f"{name}-after", gateway=STICK)
    account.client.final(f"{name}-after")
    assert (account.on_air(number), by_stick(account, number)) == ([], 1)


def test_a_modem_that_cannot_leaves_it_to_the_provider(account: Account[Any], number: str) -> None:
    number = stick_first(number)
    account.world.modem("refuse", number=number, code=50)
    name = account.send(number, "за дверью")
    (sent,) = account.leaves(number)
    accepted = account.taken(name)
    assert (accepted["gateway"], accepted["attempt"], accepted["possible_duplicate"]) == (CLOUD, 2, False)
    account.report(sent, account.kit.delivered)
    assert account.client.final(name)["state"] == "delivered"
    assert (len(account.on_air(number)), by_stick(account, number)) == (1, 0)


def test_a_provider_that_cannot_be_reached_leaves_it_to_the_modem_and_comes_back(
    account: Account[Any], number: str
) -> None:
    number = cloud_first(number)
    account.stop_server()
    try:
        final = account.client.final(account.send(number))
    finally:
        account.start_server()
    assert (final["state"], final["gateway"], final["possible_duplicate"]) == ("delivered", STICK, False)
    assert by_stick(account, number) == 1
    account.client.ask("restart_gateway", gateway=CLOUD)
    account.client.send(to=number, text="back", id=f"back-{number[1:]}", gateway=CLOUD)
    account.taken(f"back-{number[1:]}")
    assert [sent.text for sent in account.on_air(number)] == ["back"]


@pytest.mark.parametrize("shared", ["smsgateway24"], indirect=True)
@pytest.mark.parametrize("status", ["10", "12"])
def test_a_phone_without_service_leaves_it_to_the_modem(
    account: Account[Any], number: str, status: str
) -> None:
    number = cloud_first(number)
    name = account.send(number)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.report(sent, status)
    final = account.client.final(name)
    assert (final["state"], final["gateway"], final["attempt"]) == ("delivered", STICK, 2)
    assert final["possible_duplicate"] is False
    assert by_stick(account, number) == 1


@pytest.mark.parametrize("shared", ["smsgateway24"], indirect=True)
@pytest.mark.parametrize("status", ["8", "9", "11", "100", "101"])
def test_a_phone_that_failed_for_good_is_not_followed_by_the_modem(
    account: Account[Any], number: str, status: str
) -> None:
    number = cloud_first(number)
    name = account.send(number)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.report(sent, status)
    final = account.client.final(name)
    assert final["state"] == ("undeliverable" if status == "8" else "failed")
    assert (final["gateway"], final["error"]["provider_code"]) == (CLOUD, status)
    assert by_stick(account, number) == 0
