"""Provider accounts: from the data of a config entry to something that can be asked."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_KIND, DOMAIN
from ..sms_providers.provider import ProviderKind
from ..sms_providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import Event, HomeAssistant

    from ..sms_providers.provider import Provider

_SESSION: Final[HassKey[aiohttp.ClientSession]] = HassKey(f"{DOMAIN}_session")


@callback
def make_provider(hass: HomeAssistant, data: Mapping[str, Any]) -> Provider:
    """Return the account that a config entry's ``data`` names; nothing is asked of it yet.

    ``data`` holds ``kind`` and the fields of that provider's settings by their names; further keys are ignored. Raises
    ``TypeError`` where a field that has no default is missing.
    """
    known = PROVIDERS[ProviderKind(data[CONF_KIND])]
    given = {field.name: data[field.name] for field in fields(known.settings) if field.name in data}
    return known.provider(_session(hass), known.settings(**given))


def _session(hass: HomeAssistant) -> aiohttp.ClientSession:
    """The session of all accounts: without cookies, by which a provider would take one account for another."""
    if _SESSION not in hass.data:
        session = hass.data[_SESSION] = async_create_clientsession(
            hass, auto_cleanup=False, cookie_jar=aiohttp.DummyCookieJar()
        )

        @callback
        def close(_event: Event) -> None:
            session.detach()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return hass.data[_SESSION]
