"""``script/torture``: the full runs, and what they found."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.torture import fuzz
from tests.torture.modem import Plan, Run

if TYPE_CHECKING:
    from tests.torture.modem import Result


def main() -> int:
    """Run what was asked; exit 1 if anything was lost or doubled in silence."""
    parser = argparse.ArgumentParser(prog="script/torture", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    modem = kinds.add_parser("modem", help="kill the bridge, the cable and the broker; count at the modem")
    modem.add_argument("--rounds", type=int, default=200)
    modem.add_argument("--seed", type=int, default=20261120)
    fuzzing = kinds.add_parser("fuzz", help="random bytes, PDUs and commands into every reader")
    fuzzing.add_argument("--cases", type=int, default=1_000_000)
    fuzzing.add_argument("--seed", type=int, default=20261120)
    arguments = parser.parse_args()
    if arguments.kind == "fuzz":
        return _fuzz(arguments.cases, arguments.seed)
    return _modem(Plan(rounds=arguments.rounds, seed=arguments.seed))


def _fuzz(cases: int, seed: int) -> int:
    result = fuzz.run(cases, seed)
    print(f"{result.cases} cases in {result.seconds:.0f} s, seed {seed}: nothing escaped")
    print(f"memory grew by {result.growth_mib:.1f} MiB")
    return 0 if result.growth_mib <= fuzz.ALLOWED_GROWTH else 1


def _modem(plan: Plan) -> int:
    runs = {
        "kill -9 of the bridge, on_unknown: resend": plan,
        "kill -9 of the bridge, on_unknown: hold": replace(plan, on_unknown="hold"),
        "kill -9 of bridge and broker": replace(plan, kill_broker=True, rounds=max(plan.rounds // 4, 1)),
    }
    clean = True
    for title, each in runs.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="sms-torture-") as folder:
            result = Run(each, Path(folder)).go()
        print(f"== {title}: {each.rounds} rounds in {time.monotonic() - began:.0f} s, seed {each.seed}")
        print(describe(result), flush=True)
        clean = clean and result.is_clean()
    return 0 if clean else 1


def describe(result: Result) -> str:
    """What people want to know, in lines."""
    outbound, inbound = result.outbound, result.inbound
    lines = (
        f"killed {result.kills} times, unplugged {result.unplugged} times",
        f"acknowledged to the publisher: {outbound.acknowledged}; whole at the network: {outbound.sent}",
        f"lost: {len(outbound.lost)} {list(outbound.lost)[:20]}",
        f"held as unknown: {len(outbound.held)} {list(outbound.held)[:20]}",
        f"sent twice and flagged: {len(outbound.doubled)} {list(outbound.doubled)[:20]}",
        f"sent twice in silence: {len(outbound.doubled_in_silence)} {list(outbound.doubled_in_silence)[:20]}",
        f"acknowledged by the broker, never handed over: {len(outbound.queued_at_broker)}",
        f"inbound: {inbound.delivered} delivered, {len(inbound.lost)} lost, {len(inbound.doubled)} published twice",
        f"inbound messages left in the modem: {inbound.left_in_modem}",
    )
    return "\n".join(f"   {line}" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
