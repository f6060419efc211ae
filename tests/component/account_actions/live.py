"""An account entry that is set up, and the simulated provider behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from custom_components.sms_gateway.const import CONF_KIND, CONF_WEBHOOK_ID, DOMAIN, EVENT_DELIVERY, EntryKind
from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillServer
from tests.component.calling import Actions, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientSession
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from sms_bridge.simulator.provider import ProviderServer

WEBHOOK_ID = "5e" * 32
SERVERS: dict[EntryKind, Callable[[], ProviderServer]] = {
    EntryKind.GENIQ: lambda: GeniqServer(GeniqOptions(draw=lambda length: "9" * length)),
    EntryKind.SMSGIC: SmsgicServer,
    EntryKind.UBILL: UbillServer,
    EntryKind.SMSGATEWAY24: SmsGateway24Server,
    EntryKind.GENIOSMS: lambda: GenioSmsServer(GenioSmsOptions(extra=(("pin", "1234"),))),
}
#: What an entry has that is no credential.
_BESIDE: dict[EntryKind, dict[str, object]] = {
    EntryKind.GENIQ: {"originator": "Home"},
    EntryKind.SMSGIC: {"originator": "MEGA"},
    EntryKind.UBILL: {"brand_id": 1},
}


def data_of(kind: EntryKind, server: ProviderServer) -> dict[str, Any]:
    """The data of an entry for this provider."""
    given: dict[str, object] = {**server.credentials(), **_BESIDE.get(kind, {})}
    return {CONF_KIND: kind, CONF_WEBHOOK_ID: WEBHOOK_ID, "base_url": server.base_url, **given}


class Live:
    """A loaded account. ``deliveries`` are the bus events so far; ``server`` knows what went on air.

    ``http`` calls Home Assistant as anybody may.
    """

    def __init__(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: ProviderServer, http: ClientSession
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.server = server
        self.http = http
        self.deliveries: list[dict[str, Any]] = []
        self._actions = Actions(hass, entry)

        @callback
        def delivery(event: Event) -> None:
            self.deliveries.append(dict(event.data))

        hass.bus.async_listen(EVENT_DELIVERY, delivery)

    @property
    def states(self) -> list[tuple[str, str]]:
        """The states that were told, in order, each with its channel."""
        return [(event["state"], event["channel"]) for event in self.deliveries]

    async def ask(self, action: str, **fields: object) -> dict[str, Any]:
        """Call an action of the entry and return its answer."""
        return await self._actions.ask(action, **fields)

    async def do(self, action: str, **fields: object) -> None:
        """Call an action of the entry whose answer nobody looks at."""
        await self._actions.do(action, **fields)

    async def refused(self, action: str, **fields: object) -> tuple[str | None, dict[str, str]]:
        """Call an action that must be refused; return the key of the sentence, and what is put into it."""
        try:
            await self._actions.ask(action, **fields)
        except HomeAssistantError as error:
            key, placeholders = key_of(error)
            return key, placeholders or {}
        raise AssertionError(f"{DOMAIN}.{action} was not refused")

    async def settle(self) -> None:
        """Wait for the provider's calls, and for what they lead to."""
        await self.server.settled()
        await self.hass.async_block_till_done(wait_background_tasks=True)
