"""What nobody may read in the log, in topics and in errors: credentials, addresses, texts and full numbers."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

import pytest
from yarl import URL

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
from tests.e2e.client import Client, wait_for
from tests.e2e.providers.account import CLOUD, RESPONSE
from tests.e2e.providers.kits import KITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.providers.account import Account
    from tests.e2e.providers.kits import Kit

NUMBERS: Final = tuple(f"+4915799{n}{n}{n}{n}{n}{n}" for n in range(8))
CALLER: Final = "+491718888777"
TEXTS: Final = ("Butterblume", "Löwenzahn & Co", "Vergissmeinnicht")
#: Keys of the configuration that are no secrets.
OPEN: Final = frozenset({"originator", "brand_id", "device_id"})


def credentials_of(account: Account[Any]) -> set[str]:
    """Everything by which the bridge is known to the provider, or the provider to the bridge."""
    found = {value for key, value in account.server.credentials().items() if key not in OPEN}
    if isinstance(account.server, GeniqServer):
        found |= set(account.server.tokens._expiries)
    if isinstance(account.server, SmsGateway24Server):
        found |= set(account.server.tokens)
    return found | {account.callback_url.rpartition("/")[2]} - {""}


def spellings(words: set[str]) -> set[str]:
    """Words as they are, in addresses, in JSON, and numbers without their country."""
    found = words | {quote(word, safe="") for word in words} | {quote_plus(word) for word in words}
    found |= {json.dumps(word)[1:-1] for word in words}
    return found | {number[3:] for number in (*NUMBERS, CALLER)}


def echo(account: Account[Any], number: str, text: str) -> str:
    """An answer that repeats all that the provider was told."""
    told = {**account.server.credentials(), "to": number, "digits": number[1:], "text": text}
    return f"<html>{json.dumps(told)} {quote_plus(text)} {quote(text)}</html>"


def live_a_day(account: Account[Any]) -> None:
    """Everything that could make the bridge talkative."""
    kit, send = account.kit, account.kit.send
    for text, number in zip(TEXTS, NUMBERS, strict=False):
        name = account.send(number, text)
        (sent,) = account.leaves(number)
        account.taken(name)
        account.report(sent, kit.delivered)
        account.client.final(name)
    told = echo(account, NUMBERS[3], TEXTS[1])
    faults = (
        Fault(status=400, body=told),
        Fault(status=200, body=told),
        Fault(status=401, body=json.dumps({"message": told, "error": 1}), content_type="application/json"),
        Fault(delay=RESPONSE * 1.5),
        Fault(cut_after=True),
    )
    for n, fault in enumerate(faults):
        account.requests.add(fault, times=2, path=send)
        name = f"odd-{n}"
        account.client.send(to=NUMBERS[3], text=TEXTS[1], id=name, on_unknown="hold")
        wait_for(lambda name=name: len(account.client.of(name)) > 1, f"what became of {name}")  # type: ignore[misc] # mypy cannot infer a default's type
        account.requests.clear()
    # No text: whoever is asked for something else was not told any.
    account.requests.add(Fault(status=500, body=echo(account, NUMBERS[3], "")), times=None)
    account.client.ask("restart_gateway", gateway=CLOUD)
    account.client.request("balance", gateway=CLOUD)
    account.requests.clear()
    account.stop_server()
    account.client.ask("restart_gateway", gateway=CLOUD)
    account.start_server()
    account.client.send(to=[NUMBERS[4], NUMBERS[5]], text=TEXTS[2], id="late", options={"nonsense": TEXTS[0]})
    account.client.send(to="nobody", text=TEXTS[2], id="nobody", gateway=CLOUD)
    for method, body in (("POST", told), ("GET", ""), ("PUT", told), ("POST", "&".join([told] * 100))):
        call(f"{account.callback_url}?text={quote(TEXTS[0])}&number={NUMBERS[6][1:]}", method, body)
        call(f"{account.callback_url}x?text={quote(TEXTS[0])}&number={NUMBERS[6][1:]}", method, body)
    account.client.ask("restart_gateway", gateway=CLOUD)
    account.client.ask("gateway", gateway=CLOUD)
    receive(account)
    account.taken(account.send(NUMBERS[7], TEXTS[0]))


def receive(account: Account[Any]) -> None:
    """Let the provider receive something, where it can."""
    server = account.server
    if isinstance(server, GeniqServer):
        account.do(lambda: server.receive_sms(CALLER[1:], TEXTS[0]))
        account.client.incoming(TEXTS[0])
    elif isinstance(server, SmsGateway24Server):
        account.do(lambda: server.receive(CALLER, TEXTS[0]))
        account.client.incoming(TEXTS[0])


def call(url: str, method: str, body: str) -> None:
    """Call the bridge as anybody may."""
    address = URL(url, encoded=True)
    if address.host is None:  # there is no address for this provider
        return
    connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=10)
    connection.request(method, address.raw_path_qs, body.encode(), {"Content-Type": "application/json"})
    assert connection.getresponse().status < 500
    connection.close()


@pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit.name)
def test_nothing_private_is_left_after_a_long_day(
    fresh_account: Callable[..., Account[Any]], kit: Kit
) -> None:
    account = fresh_account(kit, modems={})
    live_a_day(account)
    hidden = spellings({*credentials_of(account), *NUMBERS, CALLER, *TEXTS})

    log = (account.world.folder / "bridge.log").read_text()
    assert "DEBUG" in log
    assert {word for word in hidden if word in log} == set()

    later = Client(account.world.broker.port, name="later")
    wait_for(lambda: later.on("bridge/main/info") and later.on(f"gateway/{CLOUD}/state"), "retained topics")
    later.close()
    kept = {seen.topic: seen.payload.decode() for seen in later.seen if seen.retain}
    assert {topic: word for topic, text in kept.items() for word in hidden if word in text} == {}

    told = [seen.payload.decode() for topic in _TALK for seen in account.client.on(topic)]
    assert told
    assert {word for line in told for word in hidden if word in line} == set()
    errors = [event["error"]["message"] for event in account.client.events() if event["error"]]
    assert any("…" in line for line in errors)
    assert {word for line in errors for word in hidden if word in line} == set()


_TALK: Final = ("bridge/main/log", "bridge/response/gateway", "bridge/response/balance")
