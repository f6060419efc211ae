"""What a message would cost, where the provider says so before it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..sms_providers.smsgic import Smsgic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..sms_providers.model import Balance
    from ..sms_providers.provider import Provider
    from ..sms_providers.smsgic.records import QuotedDestination
    from .model import Quote


async def priced(
    quote: Quote, provider: Provider, text: str, recipients: Sequence[str], balance: Balance | None
) -> Quote:
    """Return the quote with its price; as it is where the provider tells none. Raises ProviderError.

    ``balance`` is the last one that is known: its currency is the price's.
    """
    if not isinstance(provider, Smsgic) or not recipients:
        return quote
    found = await provider.quote(text, recipients)
    currency = (await provider.balance()).currency if balance is None else balance.currency
    return replace(
        quote,
        price=found.total,
        currency=currency,
        destinations=tuple(map(_destination, found.destinations)),
    )


def _destination(found: QuotedDestination) -> Mapping[str, object]:
    return {
        "destination": found.destination.strip(),
        "segments": found.segments,
        "price": found.price,
        "total": found.total,
        "numbers": [
            {
                "to": f"+{number.recipient}",
                "segments": number.segments,
                "rate": number.rate,
                "total": number.total,
            }
            for number in found.numbers
        ],
    }
