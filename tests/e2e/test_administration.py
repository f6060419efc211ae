"""Administration by MQTT and by the command line; calls and USSD."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.client import wait_for
from tests.e2e.world import ANNA, World, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWN_NUMBER = "+4917650000001"
IMEI = "490154203237518"
BALANCE = {"ussd": "*100#", "pattern": "([0-9.]+) EUR", "currency": "EUR"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One bridge with a balance query; what is not allowed by default stays so."""
    with World(
        tmp_path_factory.mktemp("administration"),
        version="3.1.1",
        gateways={"stick": {"balance": BALANCE}},
    ) as world:
        world.start_bridge()
        yield world


# -- requests


def test_health_tells_how_the_bridge_is(world: World) -> None:
    health = world.client.ask("health")
    assert set(health) == {
        *("uptime", "queue", "oldest_queued_age", "messages_per_minute", "rss_mb", "broker_reconnects")
    }
    wait_for(lambda: world.client.on("bridge/main/health"), "the health topic")
    assert set(world.client.on("bridge/main/health")[-1].json) == set(health)


def test_numbers_are_masked_on_topics_and_shown_in_full_to_who_asks(world: World) -> None:
    shown = world.client.gateway("stick")
    assert shown is not None
    assert (shown["number"], shown["imei"], shown["instance"]) == ("…0001", "…7518", "main")
    assert (shown["operator"], shown["registration"]) == ("Simulated", "home")
    full = world.client.ask("gateway", gateway="stick")
    assert (full["number"], full["imei"]) == (OWN_NUMBER, IMEI)
    assert "stick" in [each["gateway"] for each in world.client.ask("gateway")["gateways"]]


def test_messages_come_in_pages_newest_first(world: World, number: str) -> None:
    name = number[1:]
    world.client.publish("send", [{"to": number, "text": f"{n}", "id": f"{n}-{name}"} for n in range(5)])
    world.client.final(f"4-{name}")
    got, cursor = [], None
    for _ in range(3):
        page = world.client.ask("messages", to=number, limit=2, **({"cursor": cursor} if cursor else {}))
        got += [message["text"] for message in page["messages"]]
        cursor = page["cursor"]
    assert got == ["4", "3", "2", "1", "0"]
    assert cursor is None
    delivered = world.client.ask("messages", to=number, state="delivered")["messages"]
    assert len(delivered) == 5
    assert world.client.ask("messages", to=number, state="failed")["messages"] == []


def test_a_message_is_shown_with_all_its_events(world: World, number: str) -> None:
    name = f"shown-{number[1:]}"
    world.client.send(to=number, text="x", id=name)
    world.client.final(name)
    message = world.client.ask("message", id=name)
    assert (message["to"], message["text"], message["state"]) == (number, "x", "delivered")
    assert message["events"] == world.client.of(name)


def test_a_one_time_passwords_text_is_not_shown(world: World, number: str) -> None:
    name = f"otp-{number[1:]}"
    world.client.send(to=number, text="123 456", id=name, priority="otp")
    world.client.final(name)
    assert world.client.ask("message", id=name)["text"] is None
    assert world.modem.got(number)[0]["text"] == "123 456"


def test_whoever_was_away_catches_up_with_the_events(world: World, number: str) -> None:
    name = number[1:]
    begin = world.client.ask("events")
    assert set(begin) == {"epoch", "seq"}
    world.client.publish("send", [{"to": number, "text": f"{n}", "id": f"{n}-{name}"} for n in range(3)])
    for n in range(3):
        world.client.final(f"{n}-{name}")
    first = world.client.ask("events", epoch=begin["epoch"], after=begin["seq"], limit=4)
    assert first["more"] is True
    rest = world.client.ask("events", epoch=begin["epoch"], after=first["events"][-1]["seq"])
    assert rest["more"] is False
    caught_up = first["events"] + rest["events"]
    mine = [event for event in world.client.events() if event["seq"] > begin["seq"]]
    assert caught_up == sorted(mine, key=lambda event: event["seq"])
    wrong = world.client.request("events", epoch="0", after=1)
    assert wrong["error"]["code"] == "wrong_epoch"
    assert wrong["data"]["epoch"] == begin["epoch"]
    assert wrong["data"]["seq"] == rest["seq"]


def test_a_quote_sends_nothing(world: World, number: str) -> None:
    quote = world.client.ask("quote", to=number, text="ż" * 71)
    assert (quote["segments"], quote["encoding"], quote["gateway"]) == (2, "ucs2", "stick")
    assert quote["characters_left"] == 2 * 67 - 71
    assert world.client.request("quote", to=number, text="x", validty=1)["error"]["code"] == "unknown_key"
    assert world.client.ask("messages", to=number)["messages"] == []


def test_the_balance_is_asked_by_ussd_and_shown_with_the_gateway(world: World) -> None:
    assert world.client.ask("balance", gateway="stick") == {"amount": "12.34", "currency": "EUR"}
    wait_for(
        lambda: (world.client.gateway("stick") or {})["balance"] == {"amount": "12.34", "currency": "EUR"},
        "the balance in the gateway's state",
    )


@pytest.mark.parametrize(
    ("command", "members", "code"),
    [
        ("ussd", {"gateway": "stick", "code": "*100#"}, "not_allowed"),
        ("reload", {}, "not_allowed"),
        ("pair", {"gateway": "stick"}, "not_allowed"),
        ("helth", {}, "unknown_command"),
        ("gateway", {"gateway": "stock"}, "unknown_gateway"),
        ("message", {"id": "no-such"}, "unknown_id"),
        ("message", {}, "invalid_payload"),
        ("messages", {"limit": 1001}, "invalid_payload"),
        ("messages", {"limt": 10}, "unknown_key"),
    ],
)
def test_a_request_that_cannot_be_done_says_why(
    world: World, command: str, members: dict[str, object], code: str
) -> None:
    answer = world.client.request(command, **members)
    assert (answer["status"], answer["error"]["code"], answer["instance"]) == ("error", code, "main")
    assert answer["error"]["message"]


def test_a_request_for_another_instance_is_not_answered(world: World) -> None:
    world.client.publish("bridge/request/health", {"instance": "other", "transaction": "for-other"})
    world.client.ask("health", instance="main")
    answers = [seen.json["transaction"] for seen in world.client.on("bridge/response/health")]
    assert "for-other" not in answers


def test_discovery_can_be_switched(world: World) -> None:
    assert world.client.ask("discovery", enabled=False) == {"enabled": False}
    assert world.client.ask("discovery", enabled=True) == {"enabled": True}


def test_the_info_topic_tells_programs_what_they_need(world: World) -> None:
    info = world.client.on("bridge/main/info")[-1].json
    assert (info["api"], info["instance"]) == (1, "main")
    assert info["epoch"] == world.client.ask("events")["epoch"]
    assert "ussd" not in info["admin"]
    assert info["gateways"]["stick"]["type"] == "modem"
    (offer,) = {seen.payload for seen in world.client.on("discovery/main")}
    assert json.loads(offer)["base_topic"] == "sms_gateway"


# -- the command line


def test_the_command_line_asks_the_running_bridge(world: World, number: str) -> None:
    name = f"cli-{number[1:]}"
    sent = world.cli("send", number, "by hand", "--id", name, "--wait", "--json")
    assert sent.returncode == 0, sent.stderr
    assert [json.loads(line)["state"] for line in sent.stdout.splitlines()] == ["queued", "sent", "delivered"]
    (message,) = world.shown("message", name)
    assert message["state"] == "delivered"
    (health,) = world.shown("health")
    assert health["uptime"] >= 0
    assert world.shown("balance", "stick") == [{"amount": "12.34", "currency": "EUR"}]
    wrong = world.cli("gateway", "stock")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "stock" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1


def test_send_tells_by_its_exit_status_what_became_of_it(world: World, number: str) -> None:
    world.modem("refuse", number=number, code=1)
    assert world.cli("send", number, "x", "--wait").returncode == 1
    world.modem("refuse", number=number)
    world.modem("policy", policy="no-report", number=number)
    assert world.cli("send", number, "x", "--wait", "--timeout", "1").returncode == 3
    assert world.cli("send", "nobody", "x", "--wait").returncode == 1
    assert world.cli("send", "x").returncode == 2


def test_a_ussd_dialogue_goes_over_the_control_socket(world: World) -> None:
    (menu,) = world.shown("ussd", "stick", "*101#")
    assert menu == {"text": "1 Balance\n2 Data", "more": True}
    assert world.shown("ussd", "stick", "--reply", "2") == [{"text": "5 GB left", "more": False}]
    refused = world.cli("ussd", "stick", "**21*+4915700000000#")
    assert refused.returncode == 1
    assert "forwarding" in refused.stderr


def test_watch_shows_what_happens_until_it_is_interrupted(world: World, number: str, tmp_path: Path) -> None:
    log = tmp_path / "watch"
    watch = spawn("watch", "-c", str(world.config), "--json", log=log)
    try:

        def shows() -> bool:
            world.modem.deliver("seen by watch", originator=number)
            return "seen by watch" in log.read_text()

        wait_for(shows, "the message")
    finally:
        watch.send_signal(signal.SIGINT)
    assert watch.wait(10) == 0
    assert {json.loads(line)["topic"] for line in log.read_text().splitlines()} == {"incoming"}


def test_without_bridge_or_broker_commands_end_with_4(fresh: Callable[..., World]) -> None:
    world = fresh()
    assert world.cli("health").returncode == 4
    world.broker.stop()
    ran = world.cli("send", "anna", "x", "--wait")
    assert ran.returncode == 4
    assert len(ran.stderr.splitlines()) == 1


def test_mosquitto_pub_is_enough(world: World, number: str) -> None:
    words = ("mosquitto_pub", "-p", str(world.broker.port), "-q", "1", "-m", "from a shell")
    subprocess.run([*words, "-t", f"sms_gateway/send/{number[1:]}"], check=True, timeout=10)
    wait_for(lambda: world.modem.got(number), "the message")
    assert world.modem.got(number)[0]["text"] == "from a shell"


# -- calls


def test_a_call_is_told_once_ringing_and_once_missed(world: World) -> None:
    world.modem("call", number=ANNA, seconds=1)
    wait_for(lambda: len(world.client.events("call")) >= 1, "the ringing")
    # 3GPP TS 27.007 clause 6.14: NO CARRIER ends the call for the terminal.
    world.modem("urc", line="NO CARRIER")
    wait_for(lambda: len(world.client.events("call")) >= 2, "its end")
    events = world.client.events("call")
    assert [(event["from"], event["gateway"], event["event"]) for event in events] == [
        (ANNA, "stick", "ringing"),
        (ANNA, "stick", "missed"),
    ]
    assert set(events[0]) == {"from", "gateway", "at", "event", "seq", "epoch"}


def test_calls_are_hung_up_where_the_configuration_says_so_and_ussd_where_it_allows_it(
    fresh: Callable[..., World],
) -> None:
    world = fresh(gateways={"stick": {"on_call": "hang_up"}}, mqtt={"admin": ["ussd"]})
    world.start_bridge()
    world.modem("call", number=ANNA, seconds=30)
    wait_for(lambda: world.modem("status")["hung_up"] == 1, "hanging up")
    assert world.client.ask("ussd", gateway="stick", code="*101#")["more"] is True
    assert world.client.ask("ussd", gateway="stick", end=True) == {"text": None, "more": False}
    assert world.client.request("ussd", gateway="stick", code="*21*1#")["error"]["code"] == "not_allowed"
    assert world.client.request("health")["error"]["code"] == "not_allowed"
