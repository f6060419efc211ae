"""What a provider refuses, and what becomes of the message: the provider's words in the contract's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.simulator.provider_faults import Fault
from tests.e2e.client import wait_for
from tests.e2e.providers.account import CLOUD, STICK
from tests.e2e.providers.kits import REFUSALS, WORDS

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from sms_bridge.simulator.provider_ubill import UbillServer
    from tests.e2e.providers.account import Account


@pytest.mark.parametrize(
    ("shared", "code", "expected"),
    [(name, code, expected) for name, table in REFUSALS.items() for code, expected in table.items()],
    indirect=["shared"],
)
def test_a_refusal_ends_the_message_with_the_contracts_code(
    account: Account[Any], number: str, code: str, expected: str
) -> None:
    account.server.answer_code(code, path=account.kit.send)
    final = account.client.final(account.send(number))
    assert (final["state"], final["gateway"], final["attempt"]) == ("failed", CLOUD, 1)
    error = final["error"]
    assert (error["code"], error["provider_code"], error["temporary"]) == (
        expected,
        WORDS.get(code, code),
        False,
    )
    assert error["message"]
    assert account.on_air(number) == []


def test_a_passing_fault_is_tried_again(account: Account[Any], number: str) -> None:
    account.requests.add(Fault(status=503), path=account.kit.send)
    name = account.send(number)
    accepted = account.taken(name)
    assert (accepted["attempt"], accepted["possible_duplicate"]) == (2, False)
    assert len(account.on_air(number)) == 1


@pytest.mark.parametrize("shared", ["geniq"], indirect=True)
def test_each_recipient_of_a_request_is_judged_alone(account: Account[GeniqServer], number: str) -> None:
    good, bad, name = f"{number}1", f"{number}2", f"m{number[1:]}"
    account.server.refusals[bad[1:]] = 15
    mark = len(account.requests.seen)
    account.client.send(to=[good, bad], text="to both", id=name)
    refused = account.client.final(f"{name}/1")
    assert (refused["state"], refused["error"]["code"]) == ("failed", "blocked")
    assert refused["error"]["provider_code"] == "15"
    assert account.taken(f"{name}/0")["final"] is False
    assert account.count("POST /batch_sms", mark) == 1
    assert (len(account.on_air(good)), account.on_air(bad)) == (1, [])


@pytest.mark.parametrize("shared", ["ubill"], indirect=True)
def test_whoever_ubill_left_out_in_silence_is_told_of_once_all_others_have_ended(
    account: Account[UbillServer], number: str
) -> None:
    good, bad, name = f"{number}1", f"{number}2", f"m{number[1:]}"
    account.server.stop_list.add(bad[1:])
    account.client.send(to=[good, bad], text="to both", id=name)
    (sent,) = account.leaves(good)
    for index in range(2):
        account.taken(f"{name}/{index}")
    account.report(sent, "1")
    assert account.client.final(f"{name}/0")["state"] == "delivered"
    left_out = account.client.final(f"{name}/1")
    assert left_out["state"] == "undeliverable"
    assert left_out["error"]["message"]
    assert account.on_air(bad) == []


def test_a_throttled_gateway_pauses_while_the_others_go_on(account: Account[Any], number: str) -> None:
    account.requests.add(Fault(status=429, headers={"Retry-After": "2"}), path=account.kit.send)
    mark, began = len(account.requests.seen), time.monotonic()
    name = account.send(f"{number}1")
    wait_for(lambda: account.count(account.kit.send, mark), "the refusal")
    further = account.send(f"{number}2")
    beside = account.send(f"{number}3", gateway=STICK)
    failing_over = account.send(f"{number}4", gateway=[CLOUD, STICK])
    assert account.client.final(beside)["gateway"] == STICK
    assert account.client.final(failing_over)["gateway"] == STICK
    for waiting in (name, further):
        account.taken(waiting)
    assert time.monotonic() - began > 2
    assert account.taken(name)["attempt"] == 2
    assert account.taken(further)["attempt"] == 1
    assert [len(account.on_air(f"{number}{n}")) for n in (1, 2, 3, 4)] == [1, 1, 0, 0]
