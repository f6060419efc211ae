"""The demonstration: the whole round trip, on either broker, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.support.running import PATIENCE, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bridge.cli.conftest import Ran

    Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demonstration makes its folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    return folder


@pytest.mark.parametrize("broker", ["mosquitto", "amqtt"])
def test_once_shows_a_message_and_its_reply_and_cleans_up(
    plain: Run, own_folder: Path, monkeypatch: pytest.MonkeyPatch, broker: str
) -> None:
    if broker == "amqtt":
        monkeypatch.setattr("sms_bridge.cli.demo.stage.find_mosquitto", lambda: None)
    ran = plain("demo", "--once")
    assert (ran.status, ran.err) == (0, "")
    assert f"{broker} on 127.0.0.1:" in ran.out
    shown = [
        line.split()[1] for line in ran.out.splitlines() if line.startswith("  ") and "4915550000002" in line
    ]
    assert shown == ["queued", "sent", "delivered", "received"]
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("provider", "awaited"),
    [
        ("geniq", ["accepted", "delivered", "received"]),
        ("smsgic", ["accepted", "delivered"]),
        ("ubill", ["accepted", "sent", "delivered"]),
        ("smsgateway24", ["accepted", "delivered", "received"]),
        ("geniosms", ["accepted", "sent", "delivered"]),
    ],
)
def test_the_round_trip_through_a_simulated_account_at_each_provider(
    plain: Run, own_folder: Path, provider: str, awaited: list[str]
) -> None:
    ran = plain("demo", "--once", "--provider", provider)
    assert (ran.status, ran.err) == (0, "")
    assert f"a simulated {provider} at http://127.0.0.1:" in ran.out
    shown = [
        line.split()[1] for line in ran.out.splitlines() if line.startswith("  ") and "4915550000002" in line
    ]
    assert shown[0] == "queued"
    assert set(shown) >= set(awaited)
    assert list(own_folder.iterdir()) == []


def test_json_prints_the_events_alone(plain: Run) -> None:
    lines = plain("demo", "--once", "--json").lines
    assert [line.get("state", "reply") for line in lines] == ["queued", "sent", "delivered", "reply"]


def test_it_stays_up_with_commands_that_work_until_it_is_told_to_end(
    plain: Run, own_folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    demo = spawn("demo", log=log)
    wait_until(lambda: "mosquitto_pub" in log.read_text() or demo.poll() is not None, "the invitation")
    lines = [
        line.strip() for line in log.read_text().splitlines() if " -c " in line and " -m sms_bridge " in line
    ]
    commands = [line.partition(" -m sms_bridge ")[2] for line in lines if not line.startswith("bridge")]
    assert {command.split()[0] for command in commands} >= {"send", "watch", "messages", "gateway", "ussd"}
    for command in commands:
        words = [word.strip("'") for word in command.replace("'Is anybody there?'", "hello").split()]
        if words[0] != "watch":
            assert plain(*words).status == 0, command
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(PATIENCE) == 0
    assert list(own_folder.iterdir()) == []


def test_without_any_broker_it_says_what_to_install(plain: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_bridge.cli.demo.stage.find_mosquitto", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    ran = plain("demo", "--once")
    assert ran == (
        1,
        "",
        "sms-bridge: the demonstration needs an MQTT broker: install mosquitto, or sms-gateway-bridge[demo]\n",
    )


def test_a_part_that_ends_is_told_with_its_last_words(
    plain: Run, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_bridge.cli.demo.stage.find_mosquitto", lambda: "/bin/false")
    ran = plain("demo", "--once")
    assert ran.status == 1
    assert ran.err.startswith("sms-bridge: the MQTT broker has ended unexpectedly")
    assert list(own_folder.iterdir()) == []
