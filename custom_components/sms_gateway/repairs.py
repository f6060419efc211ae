"""Repairs that Home Assistant can do itself: restart a gateway that has been offline for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from .backend import BackendError
from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.core import HomeAssistant


class RestartGatewayFlow(RepairsFlow):
    """Asks, then restarts the gateway that the notice is about."""

    def __init__(self, entry_id: str, gateway: str) -> None:
        self._entry_id = entry_id
        self._gateway = gateway

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Restart it once the user has agreed."""
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            assert issue is not None
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=issue.translation_placeholders,
            )
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        try:
            await entry.runtime_data.coordinator.backend.restart_gateway(self._gateway)
        except BackendError as error:
            return self.async_abort(reason="restart_failed", description_placeholders={"reason": str(error)})
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of a notice; only gateways that are offline have one (see ``issues.py``)."""
    given = data or {}
    return RestartGatewayFlow(str(given["entry_id"]), str(given["gateway"]))
