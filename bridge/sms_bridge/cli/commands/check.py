"""``sms-bridge check``: is this configuration good?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sms_bridge.cli.common import add_common, print_json
from sms_bridge.cli.exits import Exit
from sms_bridge.config import ConfigError, find_config, load

if TYPE_CHECKING:
    import argparse

    from sms_bridge.config import Problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_common(parser)
    parser.add_argument("--schema", action="store_true", help="print a JSON Schema of the file, for editors")


def run(args: argparse.Namespace) -> int:
    """Print every fault; exit 2 if there is one."""
    if args.schema:
        from sms_bridge.config.json_schema import json_schema  # noqa: PLC0415 - only here

        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return Exit.DONE
    try:
        path = find_config(args.config)
        config = load(path)
    except ConfigError as error:
        _print(error.problems, "error", as_json=args.json)
        return Exit.USAGE
    _print(config.warnings, "warning", as_json=args.json)
    if not args.json:
        count = len(config.gateways)
        print(f"{path} is good: {count} gateway{'s' * (count != 1)}, store {config.store_url}")
    return Exit.DONE


def _print(problems: tuple[Problem, ...], level: str, *, as_json: bool) -> None:
    for problem in problems:
        if as_json:
            place = {"file": problem.place.source, "line": problem.place.line}
            print_json({"level": level, **place, "key": problem.key, "message": problem.message})
        else:
            print(problem if level == "error" else f"{problem} (warning)")
