"""Makes links of gateways of type ``modem``; imported only where one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.links.inbound import join_segments
from sms_bridge.links.modem import ModemLink
from sms_bridge.modem.transport import SerialTransport

if TYPE_CHECKING:
    from sms_bridge.links.settings import ModemLinkSettings

#: The :class:`~sms_bridge.routing.link.Joiner` of this type.
join = join_segments


def currency(settings: ModemLinkSettings) -> str | None:
    """Return the currency of its balance (ISO 4217), where the configuration says it."""
    return None if settings.balance is None else settings.balance.currency


def make(name: str, settings: ModemLinkSettings) -> ModemLink:
    """Return the link, not yet started."""
    modem = settings.modem
    return ModemLink(name, settings, lambda: SerialTransport(modem.port, open_timeout=modem.timeouts.open))
