"""The commands against a running bridge, its broker and a simulated modem."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.running import PATIENCE, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bridge.cli.conftest import Ran
    from tests.support.running import Surroundings

    Run = Callable[..., Ran]

ANNA = "+4915550000002"


def states(ran: Ran) -> list[str]:
    return [line["state"] for line in ran.lines]


def test_send_waits_until_it_is_delivered_and_says_so(run: Run) -> None:
    ran = run("send", "anna", "hello", "--wait", "--json")
    assert ran.status == 0
    assert states(ran) == ["queued", "sent", "delivered"]
    assert {line["to"] for line in ran.lines} == {ANNA}


def test_send_for_people_is_a_line_per_event(run: Run) -> None:
    ran = run("send", "anna", "hello", "--id", "live-people", "--wait")
    assert ran.status == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert [line[1:] for line in lines] == [
        ["queued", "live-people", ANNA],
        ["sent", "live-people", ANNA, "via", "stick"],
        ["delivered", "live-people", ANNA, "via", "stick"],
    ]


def test_send_without_wait_ends_when_the_bridge_has_it(run: Run) -> None:
    ran = run("send", "anna", "hello", "--json")
    assert (ran.status, states(ran)) == (0, ["queued"])


def test_send_to_several_waits_for_each(run: Run) -> None:
    ran = run("send", "family", ANNA, "+4915550000004", "hello", "--id", "live-many", "--wait", "--json")
    assert ran.status == 0
    final = {line["id"]: line["state"] for line in ran.lines if line["final"]}
    assert final == {f"live-many/{number}": "delivered" for number in range(3)}


def test_send_passes_every_key_on(run: Run) -> None:
    ran = run(
        "send", "anna", "ćao", "--id", "live-keys", "--gateway", "stick", "--priority", "high", "--valid-for", "600",
        "--no-dlr", "--encoding", "gsm7", "--max-segments", "1", "--on-unknown", "hold", "--metadata", '{"a": 1}',
        "--wait", "--json",
    )  # fmt: skip
    assert ran.status == 0
    assert (ran.lines[-1]["state"], ran.lines[-1]["final"]) == ("sent", True)
    assert ran.lines[-1]["metadata"] == {"a": 1}
    message = run("message", "live-keys", "--json").lines[0]
    assert (message["priority"], message["text"]) == ("high", "ćao")


def test_send_reads_a_text_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("two\nlines\n")
    with (tmp_path / "text").open() as text:
        monkeypatch.setattr(sys, "stdin", text)
        assert run("send", "anna", "-", "--id", "live-stdin").status == 0
    assert run("message", "live-stdin", "--json").lines[0]["text"] == "two\nlines"


def test_send_takes_data(run: Run) -> None:
    ran = run("send", "anna", "--data", "AAEC", "--port", "2948", "--id", "live-data", "--wait", "--json")
    assert ran.status == 0
    message = run("message", "live-data", "--json").lines[0]
    assert (message["text"], message["data"], message["port"]) == (None, "AAEC", 2948)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nobody", "x"], "unknown_recipient"),
        (["112", "x"], "blocked"),
        (["anna", "x" * 200, "--max-segments", "1"], "too_long"),
        (["anna", "x", "--from", "HOME"], "unsupported"),
        (["anna", "x", "--option", "a=1"], "unknown_key"),
        (["anna", "x", "--send-at", "tomorrow"], "invalid_payload"),
        (["family", "x" * 200, "--max-segments", "1"], "too_long"),
    ],
)
@pytest.mark.parametrize("wait", [["--wait"], []])
def test_what_the_bridge_refuses_ends_with_1(run: Run, words: list[str], code: str, wait: list[str]) -> None:
    ran = run("send", *words, "--json", *wait)
    assert ran.status == 1
    assert {(line["state"], line["error"]["code"]) for line in ran.lines} == {("rejected", code)}


def test_what_the_network_refuses_ends_with_1(run: Run, surroundings: Surroundings) -> None:
    surroundings.modem.call("refuse", number="+4915550000009", code=50)
    ran = run("send", "+4915550000009", "x", "--wait", "--json")
    assert ran.status == 1
    assert states(ran) == ["queued", "failed"]


def test_what_is_still_open_ends_with_3(run: Run) -> None:
    assert run("pause", "stick").out == "stick is paused\n"
    try:
        ran = run("send", "anna", "x", "--id", "live-open", "--wait", "--timeout", "0.5", "--json")
        assert (ran.status, states(ran)) == (3, ["queued"])
        assert run("cancel", "live-open").out == "cancelled: live-open\n"
        assert run("message", "live-open", "--json").lines[0]["state"] == "cancelled"
    finally:
        assert run("resume", "stick").out == "stick is no longer paused\n"


def test_the_same_id_is_told_what_became_of_the_first(run: Run) -> None:
    assert run("send", "anna", "once", "--id", "live-twice", "--wait").status == 0
    again = run("send", "anna", "once", "--id", "live-twice", "--wait", "--json")
    assert again.status == 0
    assert [(line["state"], line["repeat"]) for line in again.lines] == [("delivered", True)]
    other = run("send", "anna", "other", "--id", "live-twice", "--wait", "--json")
    assert other.status == 1
    assert other.lines[0]["error"]["code"] == "id_conflict"


def test_watch_shows_what_comes_in_until_it_is_interrupted(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    log = tmp_path / "watch"
    watch = spawn("watch", "--json", "-c", surroundings.config, log=log)
    try:
        received: list[dict[str, Any]] = []

        def has_come() -> bool:
            surroundings.modem.call("deliver", originator="+4915550000007", text="ding")
            received[:] = [json.loads(line) for line in log.read_text().splitlines()]
            return any(event.get("text") == "ding" for event in received)

        wait_until(has_come, "a line about the message")
    finally:
        watch.send_signal(signal.SIGINT)
        status = watch.wait(PATIENCE)
    assert status == 0
    event = next(event for event in received if event.get("text") == "ding")
    assert (event["topic"], event["from"], event["gateway"]) == ("incoming", "+4915550000007", "stick")


def test_messages_can_be_paged_and_filtered(run: Run) -> None:
    for number in range(3):
        assert run("send", "+4915550000030", f"page {number}").status == 0
    *first, more = run("messages", "--to", "+4915550000030", "--limit", "2", "--json").lines
    assert [message["text"] for message in first] == ["page 2", "page 1"]
    table = run("messages", "--to", "+4915550000030", "--limit", "2").out
    assert table.splitlines()[0].split()[:4] == ["ID", "TO", "STATE", "GATEWAY"]
    cursor = table.splitlines()[-1].rpartition(" ")[2]
    assert more == {"cursor": cursor}
    rest = run("messages", "--to", "+4915550000030", "--cursor", cursor, "--json").lines
    assert [message["text"] for message in rest] == ["page 0"]
    assert run("messages", "--state", "bogus").status == 2


def test_a_message_is_shown_with_all_its_events(run: Run) -> None:
    run("send", "anna", "hello", "--id", "live-shown", "--wait")
    message = run("message", "live-shown", "--json").lines[0]
    assert [event["state"] for event in message["events"]] == ["queued", "sent", "delivered"]
    shown = run("message", "live-shown")
    assert "state               delivered" in shown.out
    assert run("message", "nix") == (1, "", "sms-bridge: no message has the id nix\n")


def test_a_one_time_password_is_never_shown(run: Run) -> None:
    run("send", "anna", "code 123456", "--priority", "otp", "--id", "live-otp", "--wait")
    assert "123456" not in run("message", "live-otp").out
    assert "123456" not in run("messages", "--json").out


def test_events_go_on_where_one_stopped(run: Run) -> None:
    position = run("events", "--json").lines[0]
    assert run("send", "anna", "x", "--id", "live-events", "--wait").status == 0
    page = run("events", "--after", str(position["seq"]), "--epoch", position["epoch"], "--json").lines
    assert [event["state"] for event in page if event["id"] == "live-events"] == [
        "queued",
        "sent",
        "delivered",
    ]
    assert (
        run("events", "--after", "0", "--limit", "1")
        .out.splitlines()[-1]
        .startswith("There are more: --after")
    )
    wrong = run("events", "--after", "0", "--epoch", "other")
    assert wrong.status == 1


def test_a_failed_message_is_sent_again_on_request(run: Run, surroundings: Surroundings) -> None:
    surroundings.modem.call("refuse", number="+4915550000008", code=50)
    assert run("send", "+4915550000008", "x", "--id", "live-again", "--wait").status == 1
    surroundings.modem.call("refuse", number="+4915550000008")
    assert run("resend", "live-again").out == "queued again: live-again\n"
    wait_until(
        lambda: run("message", "live-again", "--json").lines[0]["state"] == "delivered", "the second delivery"
    )
    assert run("resend", "live-again").status == 2


def test_a_quote_sends_nothing(run: Run) -> None:
    quote = run("quote", "anna", "x" * 161, "--json").lines[0]
    assert (quote["segments"], quote["encoding"], quote["gateway"]) == (2, "gsm7", "stick")
    assert run("quote", "anna", "x" * 161).out.startswith("segments")
    assert run("quote", "nobody", "x").status == 2


def test_gateways_are_shown_in_short_and_in_full(run: Run) -> None:
    assert run("gateway").out.splitlines()[1].split()[:2] == ["stick", "online"]
    assert run("gateway", "--json").lines[0]["imei"].startswith("…")
    full = run("gateway", "stick", "--json").lines[0]
    assert full["imei"].isdigit()
    assert full["type"] == "modem"
    assert "imei" in run("gateway", "stick").out
    wrong = run("gateway", "stik")
    assert wrong == (2, "", "sms-bridge: stik: this gateway is unknown. Did you mean stick?\n")


def test_the_network_is_asked(run: Run) -> None:
    assert run("ussd", "stick", "*100#") == (0, "Balance: 12.34 EUR\n", "")
    assert run("ussd", "stick", "*100#", "--json").lines == [{"text": "Balance: 12.34 EUR", "more": False}]
    assert run("balance", "stick").out == "12.34 EUR\n"
    assert run("balance", "stick", "--json").lines == [{"amount": "12.34", "currency": "EUR"}]
    assert run("ussd", "stick").status == 2
    refused = run("ussd", "stick", "**21*+4915550000007#")
    assert refused.status == 1
    assert "call forwarding" in refused.err


def test_health_and_discovery_answer(run: Run) -> None:
    health = run("health", "--json").lines[0]
    assert health["uptime"] >= 0
    assert health["broker_reconnects"] == 0
    assert "uptime" in run("health").out
    assert run("discovery", "off").out == "discovery is off\n"
    assert run("discovery", "on", "--json").lines == [{"enabled": True}]


def test_a_gateway_is_restarted(run: Run) -> None:
    assert run("restart-gateway", "stick") == (0, "stick restarts\n", "")
    wait_until(lambda: run("gateway", "stick", "--json").lines[0]["state"] == "online", "the modem's return")
    assert run("send", "anna", "after", "--wait").status == 0
