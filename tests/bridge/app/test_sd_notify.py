"""What systemd is told, over a real datagram socket."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from sms_bridge.app.sd_notify import READY, WATCHDOG, ServiceManager

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_arrive_in_one_datagram(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")}).notify(READY, WATCHDOG)
        assert systemd.recv(100) == b"READY=1\nWATCHDOG=1"


def test_an_abstract_socket_is_named_with_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0sms-bridge-test-{os.getpid()}")
        ServiceManager({"NOTIFY_SOCKET": f"@sms-bridge-test-{os.getpid()}"}).notify(READY)
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify"])
def test_without_a_socket_nothing_happens(address: str) -> None:
    ServiceManager({"NOTIFY_SOCKET": address}).notify(READY)
    ServiceManager({}).notify(READY)


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_bites(
    environment: dict[str, str], interval: float | None
) -> None:
    assert ServiceManager(environment).watchdog_interval() == interval
