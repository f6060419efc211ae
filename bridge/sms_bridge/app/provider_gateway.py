"""Makes links of gateways of the providers' types; imported only where one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.links.provider import ProviderLink
from sms_providers.inbound import join_received
from sms_providers.registry import PROVIDERS

if TYPE_CHECKING:
    from sms_bridge.links.settings import ProviderLinkSettings

#: The :class:`~sms_bridge.routing.link.Joiner` of these types.
join = join_received


def currency(_settings: ProviderLinkSettings) -> str | None:
    """Return ``None``: only the provider says in which currency it counts, or that it counts messages."""
    return None


def make(name: str, settings: ProviderLinkSettings) -> ProviderLink:
    """Return the link, not yet started."""
    known = PROVIDERS[settings.kind]
    return ProviderLink(
        name,
        known.provider,
        known.settings(**settings.account),
        poll_interval=settings.poll_interval,
    )
