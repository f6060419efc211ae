"""What the commands share: options, the configuration, and output for people or programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from sms_bridge.cli.exits import Exit, Stop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sms_bridge.config import Config


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``-c``."""
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="configuration (default: $SMS_BRIDGE_CONFIG, ./sms-bridge.yaml, /etc/sms-bridge/sms-bridge.yaml)",
    )


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add ``-c`` and ``--json``."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print JSON lines")


def load_config(args: argparse.Namespace) -> Config:
    """Return the configuration that ``-c`` or its default names; every fault of it ends the command."""
    from sms_bridge.config import ConfigError, find_config, load  # noqa: PLC0415 - as late as it is needed

    try:
        return load(find_config(args.config))
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        count = len(error.problems)
        raise Stop(f"the configuration has {count} problem{'s' * (count > 1)}", Exit.USAGE) from error


def print_json(value: object) -> None:
    """Print one JSON line, at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one ``key: value`` per line, for people; what is not known is left out."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        if value is not None and value not in ({}, []):
            print(f"{name.replace('_', ' '):{width}}  {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)


def print_table(rows: list[Mapping[str, object]], columns: Mapping[str, str]) -> None:
    """Print rows under headings; ``columns`` maps a row's keys to headings."""
    lines = [list(columns.values())]
    lines += [["" if row.get(key) is None else str(row[key]) for key in columns] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
