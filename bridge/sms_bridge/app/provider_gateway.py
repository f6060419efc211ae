"""Makes links of gateways of the providers' types; imported only where one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.links.provider import ProviderLink, Traits
from sms_providers.inbound import join_received
from sms_providers.registry import PROVIDERS

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.links.settings import ProviderLinkSettings
    from sms_providers.provider import Provider

#: The :class:`~sms_bridge.routing.link.Joiner` of these types.
join = join_received


def currency(_settings: ProviderLinkSettings) -> str | None:
    """Return ``None``: only the provider says in which currency it counts, or that it counts messages."""
    return None


def make(name: str, settings: ProviderLinkSettings) -> ProviderLink:
    """Return the link, not yet started."""
    known = PROVIDERS[settings.kind]
    account = known.settings(**settings.account)

    def make_provider(session: aiohttp.ClientSession) -> Provider:
        return known.provider(session, account)

    traits = Traits(
        kind=settings.kind,
        capabilities=known.provider.capabilities,
        max_batch=known.provider.max_batch,
        options=known.provider.options,
    )
    return ProviderLink(name, traits, make_provider, poll_interval=settings.poll_interval)
