"""The way from an action to the provider of an account entry."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from homeassistant.exceptions import HomeAssistantError

from ..backend import BackendError
from ..backend.provider import ProviderBackend
from ..const import DOMAIN
from ..errors import errors_translated, translated
from ..sms_providers.exceptions import ProviderError
from .checks import coordinator_of, unable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from homeassistant.core import ServiceCall

    from ..contacts import Recipient
    from ..coordinator import SmsGatewayCoordinator
    from ..sms_providers.model import Capability

#: Requests at a time: an answer takes a network's round trip, and the provider's limits are unknown.
_PARALLEL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Account[Kind]:
    """An account entry whose provider is known to be of a kind, and so has the methods of that one alone."""

    coordinator: SmsGatewayCoordinator
    backend: ProviderBackend
    provider: Kind

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the provider inside of this. Raises HomeAssistantError; refused credentials start a new sign-in."""
        self.require_patience()
        entry = self.coordinator.config_entry
        with errors_translated(self.coordinator.hass, entry), self.backend.connection.asking():
            yield

    def require_patience(self) -> None:
        """Raise HomeAssistantError while the provider wants to be left alone."""
        if pause := self.backend.connection.pause:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="paused",
                translation_placeholders={
                    "provider": self.backend.provider.title,
                    "wait": str(int(pause.total_seconds()) + 1),
                },
            )

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Look inside of this at what the provider would not take; it is not asked. Raises HomeAssistantError."""
        try:
            yield
        except ProviderError as error:
            raise translated(BackendError(error.code.value, str(error))) from error

    async def each[Found](
        self, recipients: Sequence[Recipient], act: Callable[[str], Awaitable[Found]]
    ) -> list[Found]:
        """Do something for every recipient's number, a few at a time; the results are in their order."""
        self.require_patience()
        free = asyncio.Semaphore(_PARALLEL)

        async def one(number: str) -> Found:
            async with free:
                return await act(number)

        return await asyncio.gather(*(one(recipient.number) for recipient in recipients))

    async def currency(self) -> str | None:
        """The currency of the account's prices (ISO 4217), which is that of its balance."""
        known = self.coordinator.data.balance
        balance = await self.backend.get_balance(None) if known is None else known
        return balance.currency


def account_of[Kind](call: ServiceCall, capability: Capability, *kinds: type[Kind]) -> Account[Kind]:
    """The account that an action names. Raises ServiceValidationError for one that cannot do this."""
    return account_at(coordinator_of(call), capability, *kinds)


def account_at[Kind](
    coordinator: SmsGatewayCoordinator, capability: Capability, *kinds: type[Kind]
) -> Account[Kind]:
    """As :func:`account_of`, where the entry is known."""
    backend = coordinator.backend
    if not isinstance(backend, ProviderBackend) or not isinstance(backend.provider, kinds):
        raise unable(coordinator, capability.value)
    return Account(coordinator=coordinator, backend=backend, provider=backend.provider)
