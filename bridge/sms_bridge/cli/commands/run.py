"""``sms-bridge run``: the daemon."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sms_bridge.cli.common import add_config, load_config
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.config.model import LogFormat

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="log JSON lines, whatever log.format says")


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT."""
    config = load_config(args)
    if args.json:
        config = replace(config, log=replace(config.log, format=LogFormat.JSON))
    from sms_bridge.app.daemon import DaemonError, serve  # noqa: PLC0415 - a wrong file is told of before
    from sms_bridge.app.logs import set_up_logging  # noqa: PLC0415 - as above

    set_up_logging(config.log)
    try:
        asyncio.run(serve(config))
    except DaemonError as error:
        raise Stop(str(error), Exit.FAILED) from error
    return Exit.DONE
