"""What the configuration tells a link beyond its engine's own settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from sms_bridge.modem.model import ModemSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceQuery:
    """How a prepaid SIM is asked for its balance: the USSD code, and the amount as group 1 of ``pattern``."""

    ussd: str
    pattern: re.Pattern[str]
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModemLinkSettings:
    """A gateway of type ``modem``."""

    modem: ModemSettings
    balance: BalanceQuery | None = None
