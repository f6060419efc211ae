"""The real daemon with less patience.

It misses a modem's answer after half a second, not after two minutes, and tries to reach the broker again after
a twentieth of the time.

Usage: python -m tests.e2e.impatient run -c CONFIG
"""

from __future__ import annotations

import sys
from typing import Final

from sms_bridge.cli import main
from sms_bridge.modem.model import Timeouts
from sms_bridge.mqtt.recovery import Pace

#: Seconds from Ctrl-Z to +CMGS that this daemon waits.
SUBMIT: Final = 0.5
#: Seconds before its first attempt to reach the broker again.
FIRST: Final = 0.05


def shorten(settings: type, name: str, seconds: float) -> None:
    """Change a default of a dataclass with keyword-only fields."""
    defaults = settings.__init__.__kwdefaults__  # type: ignore[misc] # of this very class
    assert name in defaults
    defaults[name] = seconds


if __name__ == "__main__":
    shorten(Timeouts, "submit", SUBMIT)
    shorten(Pace, "first", FIRST)
    sys.exit(main())
