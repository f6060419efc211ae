"""Tokens that run out, and credentials that are no longer good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_faults import Fault
from tests.e2e.providers.account import CLOUD, STICK

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_geniq import GeniqServer
    from tests.e2e.providers.account import Account

#: Messages that meet an old token at the same time.
MANY: Final = 12
TOKENS: Final = {"geniq": "POST /token", "smsgateway24": "POST /gettoken"}


def send_many(account: Account[Any], number: str) -> None:
    """Send texts of all kinds to one number, and see each of them leave once."""
    names = [f"m{number[1:]}{n}" for n in range(MANY)]
    account.client.publish("send", [{"to": number, "text": f"number {name}", "id": name} for name in names])
    for name in names:
        assert account.taken(name)["possible_duplicate"] is False
    assert sorted(sent.text for sent in account.on_air(number)) == sorted(f"number {name}" for name in names)


@pytest.mark.parametrize("shared", list(TOKENS), indirect=True)
def test_a_token_that_runs_out_is_replaced_once_for_all_who_need_it(
    account: Account[Any], number: str
) -> None:
    account.do(account.server.expire_tokens)
    mark = len(account.requests.seen)
    send_many(account, number)
    assert account.count(TOKENS[account.kit.name], mark) == 1


@pytest.mark.parametrize("shared", ["geniq"], indirect=True)
def test_a_token_that_was_revoked_is_replaced(account: Account[GeniqServer], number: str) -> None:
    account.do(account.server.tokens.revoke)
    mark = len(account.requests.seen)
    send_many(account, number)
    assert account.count("POST /token", mark) == 1


@pytest.mark.parametrize("shared", ["smsgateway24"], indirect=True)
def test_a_token_that_is_refused_twice_ends_the_message(account: Account[Any], number: str) -> None:
    account.server.answer_code("token", times=2, path=account.kit.send)
    final = account.client.final(account.send(number))
    assert (final["state"], final["error"]["code"]) == ("failed", "auth")
    assert account.on_air(number) == []


@pytest.mark.parametrize("shared", ["geniq", "smsgic", "ubill", "smsgateway24"], indirect=True)
def test_bad_credentials_stop_the_gateway_and_say_so_until_they_are_good_again(
    account: Account[Any], number: str
) -> None:
    mark = len(account.client.seen)
    spoil(account)
    substituted = account.client.final(account.send(f"{number}1", gateway=[CLOUD, STICK]))
    assert (substituted["gateway"], substituted["state"]) == (STICK, "delivered")
    account.client.ask("restart_gateway", gateway=CLOUD)
    shown = account.client.gateway_becomes(CLOUD, "error", since=mark)
    assert shown["detail"]
    waiting = account.send(f"{number}2")
    account.client.reached(waiting, "queued")

    account.requests.clear()
    account.client.ask("restart_gateway", gateway=CLOUD)
    account.client.gateway_becomes(CLOUD, "online", since=mark)
    account.taken(waiting)
    assert (len(account.on_air(f"{number}1")), len(account.on_air(f"{number}2"))) == (0, 1)


def spoil(account: Account[Any]) -> None:
    """Let the provider know these credentials no longer, until all faults are cleared."""
    codes = {"smsgic": "401", "ubill": "401", "smsgateway24": "login"}
    if account.kit.name == "geniq":
        account.do(account.server.tokens.revoke)
        account.server.answer_code(24, times=None, path="POST /token")
    else:
        account.requests.add(Fault(code=codes[account.kit.name]), times=None)


@pytest.mark.parametrize("shared", ["geniosms"], indirect=True)
def test_a_key_that_nothing_but_a_message_can_try_fails_that_message(
    account: Account[Any], number: str
) -> None:
    key, account.server.api_key = account.server.api_key, "another"
    try:
        final = account.client.final(account.send(f"{number}1"))
    finally:
        account.server.api_key = key
    assert (final["state"], final["error"]["code"], final["error"]["provider_code"]) == (
        "failed",
        "auth",
        "3",
    )
    account.taken(account.send(f"{number}2"))
