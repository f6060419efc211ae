"""Who calls the bridge's secret addresses with anything but what the provider says changes nothing."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
from yarl import URL

from sms_bridge.simulator.provider_callbacks import Callback
from tests.e2e.providers.account import CLOUD, STICK
from tests.e2e.providers.kits import CALLING, SMSGIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.providers.account import Account

calling = pytest.mark.parametrize("shared", [kit.name for kit in CALLING], indirect=True)

#: What a replaced reference is: of each provider's form, and of nobody's message.
UNKNOWN: Final = "2000000000"
TEXT: Final = "Butterblume"
GARBAGE: Final = (
    b"",
    b"\xff\xfe\x00\x01" * 100,
    b"{",
    b"[]",
    b"null",
    b'{"messageId": {"a": []}, "status": [1], "sms_id": {}, "status_id": null}',
    b"[" * 100_000,
    b"status=&ipn_type=&custom=%00%ff&messageId=%00&messageId=%ff",
    b"&" * 10_000,
    b"<html>" + b"\0" * 1_000,
)


def call(url: str, callback: Callback) -> int:
    """Make a request as it is; returns the HTTP status."""
    address = URL(url, encoded=True)
    connection = http.client.HTTPConnection(str(address.host), address.port or 80, timeout=10)
    target = address.raw_path_qs
    if callback.query:
        target = f"{address.raw_path}?{callback.query}"
    try:
        # Whoever refuses a large body need not read all of it; the answer is there all the same.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(callback.method, target, callback.body or None, dict(callback.headers))
        return connection.getresponse().status
    finally:
        connection.close()


def get(query: str) -> Callback:
    """A call by GET."""
    return Callback(kind="forged", method="GET", fields={}, query=query)


def delivered(account: Account[Any], number: str) -> tuple[str, Callback]:
    """A message that was reported as delivered: its id, and the provider's call."""
    name = account.send(number, TEXT)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.report(sent, account.kit.delivered)
    account.client.final(name)
    account.settled()
    attempt = account.server.callback_attempts[-1]
    assert attempt.status == 200
    return name, attempt.callback


def about(callback: Callback, reference: str, recipient: str) -> Callback:
    """The same report on another message."""
    names = {"messageId", "smsID", "sms_id", "custom"}, {"recipient", "number", "sendto", "to"}
    fields: dict[str, Any] = dict(callback.fields)
    for name, value in callback.fields.items():
        if name in names[0]:
            fields[name] = int(reference) if isinstance(value, int) else reference
        elif name in names[1]:
            fields[name] = recipient if str(value).startswith("+") else recipient[1:]
    if callback.method == "GET":
        return Callback.get(callback.kind, fields)
    write = Callback.json if "json" in callback.headers["Content-Type"] else Callback.form
    return write(callback.kind, fields)


def assert_silent(account: Account[Any], before: int) -> None:
    """Nothing was published since ``before`` was the number of the next event, and nothing private was logged."""
    assert account.next_seq() == before
    log = account.bridge.log
    assert TEXT not in log
    assert account.callback_url.rpartition("/")[2] not in log
    assert account.client.gateway_becomes(CLOUD, "online")


@calling
def test_a_report_that_is_replayed_a_hundred_times_changes_nothing(
    account: Account[Any], number: str
) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, [account.callback_url] * 100, [callback] * 100)) == {200}
    assert_silent(account, before)


@calling
def test_a_wrong_address_is_not_there(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, f"{number}1")
    waiting = f"{number}2"
    name = account.send(waiting, TEXT)
    (sent,) = account.leaves(waiting)
    (reference,) = account.taken(name)["reference"]
    genuine = about(callback, reference, waiting)
    before = account.next_seq()
    base, _, secret = account.callback_url.rpartition("/")
    for url in (
        f"{base}/{'1' if secret[0] == '0' else '0'}{secret[1:]}",
        f"{base}/{secret[:-1]}",
        f"{base}/{secret}0",
        f"{base}/",
        base,
        f"{base}/{secret}/more",
        f"{base.removesuffix(CLOUD)}{STICK}/{secret}",
        f"{base.removesuffix(CLOUD)}nobody/{secret}",
    ):
        assert call(url, genuine) == 404
    assert account.client.states(name)[-1] == "accepted"
    assert_silent(account, before)
    assert call(account.callback_url, genuine) == 200
    assert account.client.final(name)["state"] == "delivered"
    account.report(sent, account.kit.delivered)


@calling
def test_a_report_on_nothing_that_was_sent_is_taken_and_dropped(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    assert call(account.callback_url, about(callback, UNKNOWN, number)) == 200
    assert_silent(account, before)


@calling
def test_a_body_of_sixteen_mebibytes_is_refused(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    huge = replace(callback, body=callback.body + b" " * (16 << 20))
    assert call(account.callback_url, huge) == 413
    assert_silent(account, before)


@calling
def test_garbage_is_refused_or_ignored(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    for body in GARBAGE:
        for content_type in ("application/json", "application/x-www-form-urlencoded", "text/\xff"):
            headers = {"Content-Type": content_type}
            status = call(account.callback_url, replace(callback, body=body, query="", headers=headers))
            assert status in {200, 400, 403}, body[:40]
    for query in ("%ff%fe=%00", "a" * 6000, "=&=&=", "messageId&status&smsID", "&" * 3000):
        status = call(account.callback_url, replace(callback, body=b"", query=query))
        assert status in {200, 400, 403, 405}, query[:40]
    assert_silent(account, before)


@calling
def test_a_method_by_which_no_provider_calls_is_refused(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND"):
        assert call(account.callback_url, replace(callback, method=method)) == 405
    assert_silent(account, before)


@pytest.mark.parametrize("shared", ["smsgateway24", "geniosms", "ubill"], indirect=True)
def test_a_call_by_the_other_method_is_refused(account: Account[Any], number: str) -> None:
    _, callback = delivered(account, number)
    before = account.next_seq()
    other = "POST" if callback.method == "GET" else "GET"
    assert call(account.callback_url, replace(callback, method=other)) == 405
    assert_silent(account, before)


@pytest.mark.parametrize("shared", ["ubill"], indirect=True)
@pytest.mark.parametrize(
    "key", ["", "simulated-callback-kez", "simulated-callback-key2", "simulated-callback", "\u00e9"]
)
def test_a_call_of_ubill_needs_its_key(account: Account[Any], number: str, key: str) -> None:
    name = account.send(number, TEXT)
    account.leaves(number)
    reference = account.taken(name)["reference"][0]
    before = account.next_seq()
    report = f"smsID={reference}&number={number[1:]}&statusID=1"
    for query in (report, f"key={quote(key)}&{report}", f"key={quote(key)}%00&{report}"):
        assert call(account.callback_url, get(query)) == 403
    assert account.client.states(name)[-1] == "accepted"
    assert_silent(account, before)


def test_a_provider_that_never_calls_has_no_address(fresh_account: Callable[..., Account[Any]]) -> None:
    account = fresh_account(SMSGIC, modems={})
    (shown,) = account.world.shown("gateway", CLOUD)
    assert "callback_url" not in shown
    url = account.world.config.read_text().partition("public_url: ")[2].split()[0]
    assert call(f"{url}/callback/{CLOUD}/", get("")) == 404
    assert call(f"{url}/callback/{CLOUD}/{'0' * 64}", get("")) == 404
    assert call(f"{url}/healthz", get("")) == 200
