"""What a provider has to choose from while an account is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sms_providers.exceptions import NoAnswerError, RejectedError
from .sms_providers.smsgateway24 import SmsGateway24
from .sms_providers.smsgic import Smsgic
from .sms_providers.ubill import Ubill

if TYPE_CHECKING:
    from .sms_providers.provider import Provider


async def choices(provider: Provider) -> dict[str, str]:
    """Return senders, brands or phones: what settings hold, and how it is called.

    Empty where there is nothing to choose, and where a provider does not tell what may be typed as well. May raise
    :class:`~.sms_providers.exceptions.ProviderError`.
    """
    if isinstance(provider, SmsGateway24):
        return {device.id: device.title or device.id for device in await provider.devices()}
    try:
        if isinstance(provider, Smsgic):
            return {sender.name: sender.name for sender in await provider.senders()}
        if isinstance(provider, Ubill):
            return {str(brand.id): brand.name for brand in await provider.brands() if brand.authorized}
    except RejectedError, NoAnswerError:
        pass
    return {}
