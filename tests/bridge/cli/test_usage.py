"""Usage, configuration and reachability: exit 2 and 4, one line that says what to do, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sms_bridge import __version__
from tests.support.mosquitto import Mosquitto
from tests.support.running import spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bridge.cli.conftest import Ran

    Run = Callable[..., Ran]

GOOD = "gateways: {stick: {type: modem, port: /dev/ttyUSB0}}\n"

COMMANDS = [
    "run", "check", "demo", "send", "watch", "messages", "message", "events", "cancel", "resend", "quote", "gateway",
    "balance", "ussd", "pause", "resume", "restart-gateway", "health", "discovery", "simulate",
]  # fmt: skip


def write(folder: Path, text: str) -> str:
    path = folder / "sms-bridge.yaml"
    path.write_text(text)
    return str(path)


def test_without_a_command_the_commands_are_listed(plain: Run) -> None:
    ran = plain()
    assert ran.status == 2
    assert all(f"    {command}" in ran.out for command in COMMANDS)


def test_the_version_is_told(plain: Run) -> None:
    assert plain("--version") == (0, f"sms-bridge {__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(plain: Run, command: str) -> None:
    ran = plain(command, "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"usage: sms-bridge {command}")


@pytest.mark.parametrize(
    "words", [["bulk"], ["send"], ["message"], ["pause"], ["discovery", "maybe"], ["run", "-x"]]
)
def test_wrong_usage_ends_with_2(plain: Run, words: list[str]) -> None:
    ran = plain(*words)
    assert ran.status == 2
    assert ran.err.startswith("usage: ")


def test_check_praises_a_good_file(plain: Run, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    ran = plain("check", "-c", path)
    assert ran == (0, f"{path} is good: 1 gateway, store sqlite:////var/lib/sms-bridge/bridge.db\n", "")
    assert plain("check", "-c", path, "--json") == (0, "", "")


def test_check_lists_every_fault(plain: Run, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "mqtt: {port: 0}\nlgo: {}\n")
    ran = plain("check", "-c", path)
    assert ran.status == 2
    assert ran.out.splitlines() == [
        f"{path}:2: mqtt.port: expected a whole number from 1 to 65535, given 0",
        f"{path}:3: lgo: this key is unknown. Did you mean log?",
    ]
    lines = plain("check", "-c", path, "--json").lines
    assert [(line["level"], line["file"], line["line"], line["key"]) for line in lines] == [
        ("error", path, 2, "mqtt.port"),
        ("error", path, 3, "lgo"),
    ]


def test_check_passes_on_warnings(plain: Run, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "http: {token: x}\n")
    ran = plain("check", "-c", path)
    assert ran.status == 0
    assert f"{path}:2: http.token: this has no effect without http.listen (warning)" in ran.out


def test_check_prints_a_schema_for_editors(plain: Run) -> None:
    ran = plain("check", "--schema")
    schema = json.loads(ran.out)
    assert ran.status == 0
    assert schema["properties"]["mqtt"]["properties"]["port"]["maximum"] == 65535
    assert schema["required"] == ["gateways"]


@pytest.mark.parametrize(
    "words",
    [["run"], ["send", "1", "x"], ["watch"], ["messages"], ["gateway"], ["health"], ["quote", "1", "x"]],
)
def test_a_faulty_configuration_ends_every_command_with_2(
    plain: Run, tmp_path: Path, words: list[str]
) -> None:
    path = write(tmp_path, GOOD + "lgo: {}\n")
    ran = plain(*words, "-c", path)
    assert ran == (
        2,
        "",
        f"{path}:2: lgo: this key is unknown. Did you mean log?\nsms-bridge: the configuration has 1 problem\n",
    )


def test_no_bridge_ends_with_4(plain: Run, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + f"store: {{url: 'sqlite:///{tmp_path}/x.db'}}\n")
    ran = plain("health", "-c", path)
    assert ran == (
        4,
        "",
        f"sms-bridge: no bridge listens on {tmp_path}/control.sock; is it running with this configuration?\n",
    )


@pytest.mark.parametrize("words", [["send", "1", "x"], ["watch"]])
def test_no_broker_ends_with_4(plain: Run, tmp_path: Path, words: list[str]) -> None:
    path = write(tmp_path, GOOD + "mqtt: {host: 127.0.0.1, port: 9}\n")
    ran = plain(*words, "-c", path)
    assert ran.status == 4
    assert ran.err.startswith("sms-bridge: cannot use the MQTT broker at 127.0.0.1:9: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["+491701234567"],
        ["1", "x", "--metadata", "{"],
        ["1", "x", "--option", "novalue"],
    ],
)
def test_a_message_that_cannot_be_meant_ends_with_2(plain: Run, tmp_path: Path, words: list[str]) -> None:
    ran = plain("send", *words, "-c", write(tmp_path, GOOD))
    assert ran.status == 2
    assert ran.err.startswith("sms-bridge: ")


def test_a_store_that_cannot_be_opened_ends_the_daemon_with_1(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + f"store: {{url: 'sqlite:///{tmp_path}/no/where/x.db'}}\n")
    log = tmp_path / "log"
    assert spawn("run", "-c", path, log=log).wait(20) == 1
    (line,) = log.read_text().splitlines()
    assert line.startswith("sms-bridge: ")
    assert str(tmp_path) in line


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        schema = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from sms_bridge.cli import main; raise SystemExit(main(['check', '--schema']))",
            ],
            stdout=subprocess.PIPE,
            stderr=output,
            env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        )
        assert schema.stdout is not None
        schema.stdout.close()
        assert schema.wait(20) == 0
    assert log.read_text() == ""


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("5", "sms-bridge: no bridge listens on sms_gateway/send; is it running?\n"),
        (
            "3.1.1",
            (
                "sms-bridge: the broker has the message for sms_gateway/send, but no bridge has said that it took it; "
                "is it running?\n"
            ),
        ),
    ],
)
def test_a_broker_without_a_bridge_ends_with_4(
    plain: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, message: str
) -> None:
    monkeypatch.setattr("sms_bridge.cli.commands.send._FIRST_EVENT", 0.2)
    with Mosquitto(tmp_path) as broker:
        mqtt = f"mqtt: {{host: 127.0.0.1, port: {broker.port}, protocol: {protocol}}}\n"
        ran = plain("send", "+491701234567", "x", "-c", write(tmp_path, GOOD + mqtt))
    assert ran == (4, "", message)


def test_a_certificate_that_is_not_there_ends_with_2(plain: Run, tmp_path: Path) -> None:
    ran = plain("watch", "-c", write(tmp_path, GOOD + "mqtt: {tls: {ca: /nowhere/ca.pem}}\n"))
    assert ran.status == 2
    assert ran.err.startswith("sms-bridge: mqtt.tls: a certificate or key cannot be read: ")


def test_a_broker_that_refuses_the_password_ends_with_4(plain: Run, tmp_path: Path) -> None:
    with Mosquitto(tmp_path, ("allow_anonymous false",)) as broker:
        mqtt = f"mqtt: {{host: 127.0.0.1, port: {broker.port}, username: me, password: hunter2}}\n"
        ran = plain("watch", "-c", write(tmp_path, GOOD + mqtt))
    assert ran.status == 4
    assert "Not authorized" in ran.err
    assert "hunter2" not in ran.err
