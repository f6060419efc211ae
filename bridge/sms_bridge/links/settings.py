"""What the configuration tells a link beyond its engine's own settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from sms_bridge.modem.model import ModemSettings
    from sms_providers.provider import ProviderKind


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLinkSettings:
    """A gateway of a provider's type.

    ``account`` holds the fields of that provider's own settings by their names, those left out having its defaults.
    ``poll_interval`` is in seconds.
    """

    kind: ProviderKind
    account: Mapping[str, object] = field(repr=False)
    poll_interval: float = 60.0
