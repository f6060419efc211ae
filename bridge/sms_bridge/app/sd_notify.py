"""Tells systemd how the service is doing (sd_notify(3)); without systemd, nothing happens."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: sd_notify(3): the service is up.
READY: Final = "READY=1"
#: sd_notify(3): the service begins to stop.
STOPPING: Final = "STOPPING=1"
#: sd_notify(3): the service is alive; systemd restarts it when this stays out.
WATCHDOG: Final = "WATCHDOG=1"

_MICROSECONDS: Final = 1_000_000


class ServiceManager:
    """The datagram socket that systemd names in ``$NOTIFY_SOCKET``."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def notify(self, *lines: str) -> None:
        """Send assignments such as `READY`; a socket that is gone never stops the service."""
        address = self._environment.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return
        # sd_notify(3): a leading @ stands for the NUL of an abstract socket.
        name = "\0" + address[1:] if address.startswith("@") else address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto("\n".join(lines).encode(), name)

    def watchdog_interval(self) -> float | None:
        """Seconds between two signs of life: half of what systemd allows (sd_watchdog_enabled(3)), or ``None``."""
        allowed = self._environment.get("WATCHDOG_USEC", "")
        process = self._environment.get("WATCHDOG_PID", "")
        if not allowed.isdigit() or int(allowed) == 0 or (process and process != str(os.getpid())):
            return None
        return int(allowed) / _MICROSECONDS / 2
