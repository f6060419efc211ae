"""The providers by their kinds: which class speaks to each, and with what settings. Importing it imports aiohttp."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from .geniosms import GenioSms, GenioSmsSettings
from .geniq import Geniq, GeniqSettings
from .provider import Provider, ProviderKind
from .smsgateway24 import SmsGateway24, SmsGateway24Settings
from .smsgic import Smsgic, SmsgicSettings
from .ubill import Ubill, UbillSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp


class AccountProvider(Provider, Protocol):
    """A provider as it is made: from a session and the settings of its own kind; nothing is asked of it yet."""

    def __init__(self, session: aiohttp.ClientSession, settings: Any, /) -> None:  # noqa: ANN401 - each its own
        ...


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider's class and the frozen dataclass of its settings, whose secrets are the fields without ``repr``."""

    provider: type[AccountProvider]
    settings: type[Any]

    @property
    def title(self) -> str:
        """The provider's name for people."""
        return self.provider.title


#: Every provider there is.
PROVIDERS: Final[Mapping[ProviderKind, KnownProvider]] = MappingProxyType(
    {
        ProviderKind.GENIQ: KnownProvider(Geniq, GeniqSettings),
        ProviderKind.SMSGIC: KnownProvider(Smsgic, SmsgicSettings),
        ProviderKind.UBILL: KnownProvider(Ubill, UbillSettings),
        ProviderKind.SMSGATEWAY24: KnownProvider(SmsGateway24, SmsGateway24Settings),
        ProviderKind.GENIOSMS: KnownProvider(GenioSms, GenioSmsSettings),
    }
)
