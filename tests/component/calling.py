"""Calling actions as automations do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom_components.sms_gateway.const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant
    from homeassistant.exceptions import HomeAssistantError


class Actions:
    """The actions of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry

    async def ask(self, action: str, **fields: object) -> dict[str, Any]:
        """Call an action of the entry and return its answer."""
        return await self._call(action, {"config_entry_id": self._entry.entry_id, **fields}, answer=True)

    async def do(self, action: str, **fields: object) -> None:
        """Call an action of the entry whose answer nobody looks at."""
        await self._call(action, {"config_entry_id": self._entry.entry_id, **fields}, answer=False)

    async def ask_anyone(self, action: str, **fields: object) -> dict[str, Any]:
        """Call an action without naming the entry, and return its answer."""
        return await self._call(action, fields, answer=True)

    async def _call(self, action: str, fields: Mapping[str, Any], *, answer: bool) -> dict[str, Any]:
        response = await self._hass.services.async_call(
            DOMAIN, action, dict(fields), blocking=True, return_response=answer
        )
        return dict(response or {})


def key_of(error: HomeAssistantError) -> tuple[str | None, dict[str, str] | None]:
    """What the user is told: the key of the sentence and what is put into it."""
    assert error.translation_domain == DOMAIN
    return error.translation_key, error.translation_placeholders
