"""The systemd unit fits the command it starts."""

from __future__ import annotations

import configparser
from pathlib import Path

UNIT = Path(__file__).parents[3] / "bridge/systemd/sms-bridge.service"

#: Seconds that a stop takes at most: commands that are being committed, the segment in the modem's hands and what
#: became of it, the last publications.
LONGEST_STOP = 2 + 10 + 4


def test_the_unit_waits_for_ready_and_watches_and_gives_time_to_stop() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # systemd's keys have capitals
    unit.read(UNIT)
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert int(service["TimeoutStopSec"]) > LONGEST_STOP
    program, *words = service["ExecStart"].split()
    assert Path(program).name == "sms-bridge"
    assert words == ["run", "-c", "/etc/sms-bridge/sms-bridge.yaml"]
    assert service["RestartPreventExitStatus"] == "2"
