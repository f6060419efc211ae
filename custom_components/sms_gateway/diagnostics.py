"""Diagnostics: what helps to find a fault, without keys, numbers, names and texts."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data

from .const import CONF_ALLOWED, CONF_NUMBER, CONF_PIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .coordinator import SmsGatewayConfigEntry

#: Keys anywhere in the data whose values stay at home.
REDACT: Final = frozenset(
    {
        CONF_ALLOWED,
        CONF_NUMBER,
        CONF_PIN,
        "access_token",
        "api_key",
        "api_secret",
        "callback_key",
        "detail",
        "email",
        "extra_params",
        "originator",
        "password",
        "secret",
        "title",
        "token",
        "username",
        "webhook_id",
    }
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of one entry."""
    coordinator = entry.runtime_data.coordinator
    snapshot = coordinator.data
    shown = {
        "entry": {"data": dict(entry.data), "options": dict(entry.options)},
        "subentries": [
            {"type": subentry.subentry_type, "title": REDACTED, "data": dict(subentry.data)}
            for subentry in entry.subentries.values()
        ],
        "backend": dict(coordinator.backend.diagnostics()),
        "snapshot": {
            **asdict(snapshot, dict_factory=_plain),
            "features": sorted(snapshot.features),
            "gateways": {
                name: {**asdict(gateway, dict_factory=_plain), "capabilities": sorted(gateway.capabilities)}
                for name, gateway in snapshot.gateways.items()
            },
        },
    }
    return async_redact_data(shown, REDACT)


def _plain(fields: list[tuple[str, object]]) -> dict[str, object]:
    """Fields in JSON's types; amounts are decimals."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in fields}
