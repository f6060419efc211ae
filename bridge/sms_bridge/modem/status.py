"""The one place where a modem's status is kept and its changes are told."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, Unpack

from .model import ModemStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .model import Phase, Registration

_LOGGER = logging.getLogger(__name__)


class StatusChanges(TypedDict, total=False):
    """Fields of ``ModemStatus`` to change."""

    phase: Phase
    detail: str | None
    registration: Registration | None
    operator: str | None
    technology: str | None
    signal_dbm: int | None
    manufacturer: str | None
    model: str | None
    firmware: str | None
    imei: str | None
    imsi: str | None
    iccid: str | None
    number: str | None
    profile: str | None
    cnmi: str | None
    storages: Mapping[str, tuple[int, int]]


class StatusBoard:
    """Holds the status; ``on_change`` hears of each real change."""

    def __init__(self, on_change: Callable[[ModemStatus], None]) -> None:
        self._on_change = on_change
        self.status = ModemStatus()

    def update(self, **changes: Unpack[StatusChanges]) -> None:
        """Change fields of the status by name."""
        changed = replace(self.status, **changes)
        if changed == self.status:
            return
        self.status = changed
        try:
            self._on_change(changed)
        except Exception:
            # Whatever fails on the other side must not end the modem's session.
            _LOGGER.exception("A change of the modem's status could not be told.")
