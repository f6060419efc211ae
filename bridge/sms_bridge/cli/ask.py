"""Asks the running bridge over its control socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.cli.common import load_config
from sms_bridge.cli.exits import Exit, Stop
from sms_bridge.control import ControlError, call, control_folder
from sms_bridge.routing.requests import AdminCode, AdminError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

#: Seconds that an answer may take: longer than the bridge waits for a gateway.
_PATIENCE: Final = 180.0
#: What is wrong with the request rather than with the world.
_USAGE: Final = frozenset({AdminCode.INVALID_PAYLOAD, AdminCode.UNKNOWN_KEY, AdminCode.UNKNOWN_GATEWAY})


def ask(args: argparse.Namespace, command: str, members: Mapping[str, object]) -> dict[str, object]:
    """Return the data of an administration command; members that are ``None`` are left out."""
    folder = control_folder(load_config(args).store_url)
    given = {name: value for name, value in members.items() if value is not None}
    try:
        return call(folder, command, given, _PATIENCE)
    except ControlError as error:
        raise Stop(str(error), Exit.UNREACHABLE) from error
    except AdminError as error:
        raise Stop(error.message, Exit.USAGE if error.code in _USAGE else Exit.FAILED) from error
