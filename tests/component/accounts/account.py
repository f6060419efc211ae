"""One account under test: its provider, its actions, what it tells, and the passing of time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.sms_gateway.backend.provider import ProviderBackend
from custom_components.sms_gateway.const import EVENT_DELIVERY, EVENT_RECEIVED
from custom_components.sms_gateway.sms_providers.model import DeliveryReport
from tests.component.calling import Actions

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.sms_gateway.sms_providers.provider import Received
    from tests.component.accounts.scripted import ScriptedProvider

ANNA = "+491701234567"
BERT = "+491709999999"


class Account:
    """A loaded entry. ``deliveries`` and ``incoming`` are the bus events so far."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        provider: ScriptedProvider,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.provider = provider
        self.freezer = freezer
        self.deliveries: list[dict[str, Any]] = []
        self.incoming: list[dict[str, Any]] = []
        self._actions = Actions(hass, entry)

        @callback
        def delivery(event: Event) -> None:
            self.deliveries.append(dict(event.data))

        @callback
        def received(event: Event) -> None:
            self.incoming.append(dict(event.data))

        hass.bus.async_listen(EVENT_DELIVERY, delivery)
        hass.bus.async_listen(EVENT_RECEIVED, received)

    @property
    def backend(self) -> ProviderBackend:
        """The present backend."""
        backend = self.entry.runtime_data.coordinator.backend
        assert isinstance(backend, ProviderBackend)
        return backend

    @property
    def states(self) -> list[str]:
        """The states that were told, in order."""
        return [event["state"] for event in self.deliveries]

    async def load(self) -> None:
        """Set the entry up."""
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.settle()

    async def unload(self) -> None:
        """Unload the entry."""
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.settle()

    async def reload(self) -> None:
        """Unload the entry and set it up again."""
        await self.unload()
        await self.load()

    async def ask(self, action: str, **fields: object) -> dict[str, Any]:
        """Call an action and return its answer."""
        return await self._actions.ask(action, **fields)

    async def send(self, text: str = "Hello", **fields: object) -> dict[str, Any]:
        """Send to Anna unless told otherwise, wait until nothing is under way, and return the answer."""
        answer = await self.ask("send", **{"target": [ANNA], "message": text, **fields})
        await self.settle()
        return answer

    async def send_unanswered(self, **fields: object) -> None:
        """Send, and return when the provider has the request and has not answered yet."""
        self.provider.answered.clear()
        await self.ask("send", **{"target": [ANNA], "message": "Hello", **fields})
        await self.provider.asked_to_send.wait()

    async def answer(self) -> None:
        """Let the provider answer."""
        self.provider.answered.set()
        await self.settle()

    async def tell(self, *events: DeliveryReport | Received) -> None:
        """Let the provider report, or bring something received."""
        await self.tell_now(*events)
        await self.settle()

    async def tell_now(self, *events: DeliveryReport | Received) -> None:
        """Let the provider do so while something else is under way."""
        for event in events:
            if isinstance(event, DeliveryReport):
                await self.backend.report(event)
            else:
                await self.backend.received(event)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, at the pace of Home Assistant's timers."""
        self.freezer.tick(timedelta(seconds=seconds))
        await self.fire_timers()
        await self.settle()

    async def fire_timers(self) -> None:
        """Let the timers that are due begin their work, without waiting for its end."""
        async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=1))
        for _ in range(10):
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Wait for everything that is under way."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def state_of(self, key: str) -> str:
        """The state of an entity by the end of its unique id."""
        entity_id = self._entity_id(key)
        assert entity_id is not None, f"no entity {key}"
        state = self.hass.states.get(entity_id)
        assert state is not None
        return state.state

    def has_entity(self, key: str) -> bool:
        """Whether there is an entity whose unique id ends so."""
        return self._entity_id(key) is not None

    def _entity_id(self, key: str) -> str | None:
        unique_id = f"{self.entry.entry_id}_{key}"
        entities = er.async_entries_for_config_entry(er.async_get(self.hass), self.entry.entry_id)
        return next((item.entity_id for item in entities if item.unique_id == unique_id), None)
