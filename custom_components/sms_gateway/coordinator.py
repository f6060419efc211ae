"""What the platforms, actions and triggers share: the present state, the events, and the way to send."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .backend import BackendError
from .backend.model import (
    DeliveryEvent,
    Feature,
    IncomingEvent,
    MessageError,
    MessageStatus,
    Snapshot,
)
from .const import (
    CONF_MAX_AGE,
    CONF_TEXTS_IN_ENTITIES,
    DEFAULT_MAX_AGE,
    DOMAIN,
    EVENT_DELIVERY,
    EVENT_RECEIVED,
    LOGGER,
)
from .contacts import AddressBook
from .errors import errors_translated, translated
from .events import delivery_data, happened_at, incoming_data
from .issues import Issues
from .sms_providers.model import RANK, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from homeassistant.core import HomeAssistant

    from .backend import Backend
    from .backend.model import BackendEvent, GatewayState, SendRequest
    from .contacts import Recipient
    from .events import Happening, OtpEvent

_SIGNAL: Final = f"{DOMAIN}_event"
#: Seconds until a message that nobody has said anything of is *pending*, unless who sends it wants to wait longer.
SEND_TIME: Final = 10.0
#: Messages whose last state is remembered, so that nobody misses it between sending and waiting.
_REMEMBERED: Final = 1_000


@dataclass(slots=True, kw_only=True)
class RuntimeData:
    """What lives as long as a loaded config entry."""

    coordinator: SmsGatewayCoordinator


type SmsGatewayConfigEntry = ConfigEntry[RuntimeData]


@callback
def async_listen(
    hass: HomeAssistant, listener: Callable[[SmsGatewayCoordinator, Happening], None]
) -> Callable[[], None]:
    """Call ``listener`` with every event of every entry, also of those set up later; returns the unsubscribe."""
    return async_dispatcher_connect(hass, _SIGNAL, listener)


class SmsGatewayCoordinator(DataUpdateCoordinator[Snapshot]):
    """Hears everything from one backend and tells it on.

    ``backend`` may be used directly inside :meth:`errors_translated`; messages go through :meth:`async_send`.
    """

    config_entry: SmsGatewayConfigEntry

    def __init__(self, hass: HomeAssistant, entry: SmsGatewayConfigEntry, backend: Backend) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.data = Snapshot()
        self.backend = backend
        self.contacts = AddressBook(hass, entry)
        self._issues = Issues(hass, entry)
        self._known: OrderedDict[str, MessageStatus] = OrderedDict()
        self._gone: set[str | None] = set()
        self._seen: set[str | None] = set()

    @property
    def hub_identifier(self) -> tuple[str, str]:
        """Identifies the device of the bridge or account."""
        return (DOMAIN, self.config_entry.entry_id)

    @property
    def hub_device_id(self) -> str:
        """The hub's id in the device registry."""
        return dr.async_get_device_id_by_identifier(
            self.hass, self.hub_identifier, config_entry_id=self.config_entry.entry_id
        )

    def gateway_identifier(self, name: str) -> tuple[str, str]:
        """Identifies the device of a gateway."""
        return (DOMAIN, f"{self.config_entry.entry_id}_gateway_{name}")

    @property
    def texts_shown(self) -> bool:
        """Whether the user wants texts in entities and bus events."""
        return bool(self.config_entry.options.get(CONF_TEXTS_IN_ENTITIES, False))

    @property
    def max_age(self) -> timedelta:
        """What is older than this is late."""
        return timedelta(seconds=self.config_entry.options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE))

    # -- life

    async def async_start(self) -> None:
        """Begin to hear. Raises :class:`BackendError`."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={self.hub_identifier},
            name=self.config_entry.title,
            entry_type=DeviceEntryType.SERVICE,
        )
        await self.backend.start(self)

    @callback
    def async_open(self) -> None:
        """Begin to tell events."""
        self.backend.open()

    async def async_stop(self) -> None:
        """Hear nothing more. May be called again."""
        self._issues.stop()
        await self.backend.stop()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Ask for what is not pushed."""
        try:
            await self.backend.refresh()
        except BackendError as error:
            shown = translated(error)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=shown.translation_key,
                translation_placeholders=shown.translation_placeholders,
            ) from error
        return self.data

    # -- what the backend tells

    @callback
    def snapshot_changed(self, snapshot: Snapshot) -> None:
        """See :class:`~.backend.Listener`."""
        before = self.data
        self._update_devices(before, snapshot)
        self.async_set_updated_data(snapshot)
        self._log_availability(snapshot)
        self._issues.update(snapshot)

    @callback
    def happened(self, event: BackendEvent) -> None:
        """See :class:`~.backend.Listener`. What is older than ``max_age`` is late, whyever it comes so late."""
        if not event.late and dt_util.utcnow() - happened_at(event) > self.max_age:
            event = replace(event, late=True)
        if isinstance(event, IncomingEvent):
            self._fire(EVENT_RECEIVED, incoming_data(event, self.contacts, with_text=self.texts_shown))
        elif isinstance(event, DeliveryEvent):
            self._remember(event.status)
            self._fire(EVENT_DELIVERY, delivery_data(event, self.contacts))
        self._tell(event)

    @callback
    def async_otp_happened(self, event: OtpEvent) -> None:
        """Tell a step of a one-time password's life to whoever listens."""
        self._tell(event)

    @callback
    def async_add_event_listener(self, listener: Callable[[Happening], None]) -> Callable[[], None]:
        """Call ``listener`` with every event, in order; returns the unsubscribe."""

        @callback
        def listen(coordinator: SmsGatewayCoordinator, event: Happening) -> None:
            if coordinator is self:
                listener(event)

        return async_listen(self.hass, listen)

    def _tell(self, event: Happening) -> None:
        async_dispatcher_send(self.hass, _SIGNAL, self, event)

    def _fire(self, event_type: str, data: dict[str, object]) -> None:
        self.hass.bus.async_fire(event_type, {"config_entry_id": self.config_entry.entry_id, **data})

    def _log_availability(self, snapshot: Snapshot) -> None:
        """One line when something goes, one when it returns. A gateway that was never there has not gone."""
        present: dict[str | None, bool] = {None: snapshot.connected}
        if snapshot.connected:
            present |= {name: gateway.available for name, gateway in snapshot.gateways.items()}
        for name, available in present.items():
            what = (
                self.config_entry.title
                if name is None
                else f"The gateway {name} of {self.config_entry.title}"
            )
            if available and name in self._gone:
                LOGGER.info("%s is available again", what)
                self._gone.discard(name)
            elif not available and name not in self._gone and (name is None or name in self._seen):
                LOGGER.info("%s is not available", what)
                self._gone.add(name)
            if available:
                self._seen.add(name)

    def _update_devices(self, before: Snapshot, snapshot: Snapshot) -> None:
        """Keep the devices of the hub and of the gateways as the backend describes them."""
        registry = dr.async_get(self.hass)
        if snapshot.version not in {None, before.version}:
            registry.async_update_device(self.hub_device_id, sw_version=snapshot.version)
        for name, gateway in snapshot.gateways.items():
            known = before.gateways.get(name)
            if known is None or _described(known) != _described(gateway):
                registry.async_get_or_create(
                    config_entry_id=self.config_entry.entry_id,
                    identifiers={self.gateway_identifier(name)},
                    name=gateway.title or name,
                    model=gateway.model or gateway.kind,
                    sw_version=gateway.firmware,
                    via_device_id=self.hub_device_id,
                )
        told = Feature.GATEWAYS in snapshot.features
        if told and (
            Feature.GATEWAYS not in before.features or before.gateways.keys() != snapshot.gateways.keys()
        ):
            self._remove_stale_devices(registry, snapshot)

    def _remove_stale_devices(self, registry: dr.DeviceRegistry, snapshot: Snapshot) -> None:
        present = {self.gateway_identifier(name) for name in snapshot.gateways}
        prefix = self.gateway_identifier("")[1]
        for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            mine = {item for item in device.identifiers if item[0] == DOMAIN and item[1].startswith(prefix)}
            if mine and not mine & present:
                registry.async_remove_device(device.id)

    # -- sending

    async def async_send(
        self, recipients: Sequence[Recipient], request: SendRequest, *, wait: float = SEND_TIME
    ) -> list[MessageStatus]:
        """Hand over a message; one status per recipient, in their order (see :meth:`Backend.send`).

        ``request.recipients`` is ignored. Where the request names no gateway each contact's preferred one is used;
        several of them make several requests, ``<id>``, ``<id>.1`` …. Raises HomeAssistantError when nothing was handed
        over; whom one of several requests is refused for is *rejected*, for an exception makes automations send to
        everybody again.
        """
        routes: dict[tuple[str, ...], list[str]] = {}
        for recipient in recipients:
            gateway = request.gateway or ((recipient.gateway,) if recipient.gateway else ())
            routes.setdefault(gateway, []).append(recipient.number)
        requests = [
            replace(
                request,
                id=request.id if number == 0 else f"{request.id}.{number}",
                gateway=gateway,
                recipients=tuple(numbers),
            )
            for number, (gateway, numbers) in enumerate(routes.items())
        ]
        answers = await asyncio.gather(
            *(self.backend.send(item, wait=wait) for item in requests), return_exceptions=True
        )
        with errors_translated(self.hass, self.config_entry):
            found = _together(requests, answers)
        return [found[recipient.number] for recipient in recipients]

    async def async_wait_for(
        self, statuses: Sequence[MessageStatus], state: State, seconds: float
    ) -> list[MessageStatus]:
        """Wait until each message has reached ``state`` or is final; after ``seconds`` return what is known."""
        wanted = {status.id: status for status in statuses}
        complete = self.hass.loop.create_future()

        @callback
        def look(_event: Happening | None = None) -> None:
            wanted.update({message_id: self._latest(status) for message_id, status in wanted.items()})
            if not complete.done() and all(_reached(status, state) for status in wanted.values()):
                complete.set_result(None)

        unsubscribe = self.async_add_event_listener(look)
        try:
            look()
            async with asyncio.timeout(seconds):
                await complete
        except TimeoutError:
            LOGGER.debug("Not every message is %s after %s s", state, seconds)
        finally:
            unsubscribe()
        return [wanted[status.id] for status in statuses]

    def _latest(self, status: MessageStatus) -> MessageStatus:
        known = None if status.conflict else self._known.get(status.id)
        return status if known is None else replace(known, to=status.to)

    def _remember(self, status: MessageStatus) -> None:
        if status.id and not status.conflict:
            self._known[status.id] = status
            self._known.move_to_end(status.id)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _together(
    requests: Sequence[SendRequest], answers: Sequence[list[MessageStatus] | BaseException]
) -> dict[str, MessageStatus]:
    """One status for each recipient of several requests. Raises the first error if all of them have failed."""
    found: dict[str, MessageStatus] = {}
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    for request, answer in zip(requests, answers, strict=True):
        if not isinstance(answer, BaseException):
            found |= {status.to: status for status in answer}
        elif isinstance(answer, BackendError) and len(failed) < len(answers):
            error = MessageError(code=answer.code, message=str(answer))
            found |= {
                number: MessageStatus(
                    id=f"{request.id}/{place}",
                    to=number,
                    state=State.REJECTED,
                    conflict=True,
                    final=True,
                    error=error,
                )
                for place, number in enumerate(request.recipients)
            }
        else:
            raise answer
    return found


def _described(gateway: GatewayState) -> tuple[str | None, ...]:
    return (gateway.title, gateway.model, gateway.firmware)


def _reached(status: MessageStatus, state: State) -> bool:
    return status.final or (status.state is not None and RANK[status.state] >= RANK[state])
