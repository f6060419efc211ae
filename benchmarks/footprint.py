"""What an idle bridge costs: resident memory, processor time, and the time of its start.

Run with the test requirements and mosquitto installed, on Linux: python benchmarks/footprint.py
The bridge has one simulated modem and one broker and nothing to do. Starts are counted from the process's start to the
retained topics that say so: first the bridge's own state, then the availability of its gateway.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import GATEWAY, RUNS, Observer, Stage, show_command

#: Seconds over which the processor time is taken, after as many to come to rest.
_IDLE: Final = 20.0
_REST: Final = 5.0
#: What we promise: megabytes, seconds, percent.
_RSS: Final = 45.0
_START: Final = 1.5
_CPU: Final = 1.0
#: proc(5): octets of one kB in /proc/<pid>/status.
_KIB: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Of one run: megabytes, percent of one processor, seconds to the bridge's and to its gateway's ``online``."""

    rss: float
    cpu: float
    bridge_online: float
    gateway_online: float


def measure() -> Footprint:
    """Start a bridge, let it idle, look."""
    with Stage() as stage:
        stage.start_broker()
        stage.start_modem()
        topics = ("bridge/main/state", f"gateway/{GATEWAY}/availability")
        with Observer(stage.port, *topics) as observer:
            began = time.monotonic()
            process = stage.start_bridge()
            bridge_online = observer.wait_for(topics[0], b'{"state":"online"}') - began
            gateway_online = observer.wait_for(topics[1], b"online") - began
            time.sleep(_REST)
            used = _processor_seconds(process.pid)
            time.sleep(_IDLE)
            used = _processor_seconds(process.pid) - used
            return Footprint(
                rss=_resident(process.pid),
                cpu=100 * used / _IDLE,
                bridge_online=bridge_online,
                gateway_online=gateway_online,
            )


def _resident(pid: int) -> float:
    """Resident memory in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * _KIB / 1e6
    raise RuntimeError("/proc does not tell the resident memory")


def _processor_seconds(pid: int) -> float:
    """Processor time used so far, of the program and of the kernel for it (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the medians beside what we promise."""
    runs = [measure() for _ in range(RUNS)]
    for what, unit, aim, values in (
        ("resident memory", "MB", _RSS, [run.rss for run in runs]),
        ("idle processor time", "%", _CPU, [run.cpu for run in runs]),
        ("start to the bridge's online", "s", _START, [run.bridge_online for run in runs]),
        ("start to its gateway's online", "s", _START, [run.gateway_online for run in runs]),
    ):
        print(f"{what}: {statistics.median(values):.2f} {unit} (aim: less than {aim:g} {unit})")
    show_command("footprint")


if __name__ == "__main__":
    main()
