"""Notify entities of contacts and groups, and the classic notify action for what can use no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol
from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_TARGET,
    ATTR_TITLE,
    BaseNotificationService,
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import slugify

from .backend import BackendError
from .backend.model import SendRequest, new_message_id
from .const import CONF_CLASSIC_NOTIFY, DOMAIN, LOGGER
from .entity import SubentryEntity
from .errors import translated
from .services.schemas import CLASSIC_DATA
from .sms_providers.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeassistant.config_entries import ConfigSubentry
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .backend.model import MessageStatus
    from .contacts import Recipient
    from .coordinator import SmsGatewayConfigEntry, SmsGatewayCoordinator

PARALLEL_UPDATES = 0

_DESCRIPTION: Final = NotifyEntityDescription(key="notify", translation_key="contact", name=None)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmsGatewayConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one entity per contact and group, and the classic action where the user wants it."""
    coordinator = entry.runtime_data.coordinator
    for subentry_id, subentry in entry.subentries.items():
        async_add_entities([ContactNotifyEntity(coordinator, subentry)], config_subentry_id=subentry_id)
    if entry.options.get(CONF_CLASSIC_NOTIFY, False):
        service = ClassicNotificationService(coordinator)
        await service.async_setup(hass, _free_name(hass, entry.title), entry.title)
        await service.async_register_services()
        entry.async_on_unload(service.async_unregister_services)


class ContactNotifyEntity(SubentryEntity, NotifyEntity):
    """Sends to one contact or group.

    Always available: what is sent while the bridge is away waits for it, and Home Assistant would drop the action
    silently for an entity that is not.
    """

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, coordinator: SmsGatewayCoordinator, subentry: ConfigSubentry) -> None:
        super().__init__(coordinator, subentry, _DESCRIPTION)

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a text; the title is its first line."""
        request = SendRequest(id=new_message_id(), recipients=(), text=with_title(message, title))
        raise_if_refused(await self.coordinator.async_send(self.recipients, request))

    @callback
    def record_sent(self) -> None:
        """Note that an action of ours has sent something, which Home Assistant itself does not see."""
        self._async_record_notification()

    @property
    def recipients(self) -> Sequence[Recipient]:
        """Where the messages go."""
        found = self.coordinator.contacts.members_of(self.subentry.subentry_id)
        if not found:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")
        return found


class ClassicNotificationService(BaseNotificationService):
    """``notify.<name>`` with ``target``: the only form that login codes and ``alert`` can use.

    Each contact and group also has an action of its own, ``notify.<name>_<contact>``, for those that give no target.
    """

    def __init__(self, coordinator: SmsGatewayCoordinator) -> None:
        self._coordinator = coordinator

    @property
    @override
    def targets(self) -> dict[str, str]:
        """Names of contacts and groups; each is resolved when something is sent to it."""
        book = self._coordinator.contacts
        names = [item.name for known in (book.contacts, book.groups) for item in known.values()]
        return {name: name for name in names}

    @override
    async def async_send_message(self, message: str, **kwargs: Any) -> None:
        """Send to numbers, contacts and groups in ``target``."""
        targets = kwargs.get(ATTR_TARGET)
        if not targets:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")
        recipients = self._coordinator.contacts.resolve(targets)
        request = _classic_request(with_title(message, kwargs.get(ATTR_TITLE)), kwargs.get(ATTR_DATA) or {})
        raise_if_refused(await self._coordinator.async_send(recipients, request))


def with_title(message: str, title: str | None) -> str:
    """The text of a message with a title: its first line."""
    return f"{title}\n{message}" if title else message


def raise_if_refused(statuses: Sequence[MessageStatus]) -> None:
    """Raise HomeAssistantError if nobody gets the message; who is refused beside others is only logged.

    An exception for some of the recipients would make automations send to all of them again.
    """
    refused = [status for status in statuses if status.state in {State.REJECTED, State.FAILED}]
    if not refused:
        return
    error = refused[0].error
    reason = "" if error is None else error.message
    if len(refused) == len(statuses):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="refused",
            translation_placeholders={"code": "" if error is None else error.code, "reason": reason},
        )
    LOGGER.warning("%s of %s recipients were refused: %s", len(refused), len(statuses), reason)


def _classic_request(text: str, data: dict[str, Any]) -> SendRequest:
    known = [str(key) for key in CLASSIC_DATA.schema]
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_data",
            translation_placeholders={"key": unknown[0], "known": ", ".join(known)},
        )
    try:
        given = CLASSIC_DATA(data)
    except vol.Invalid as error:
        raise translated(BackendError("invalid_payload", f"data: {error}")) from error
    return SendRequest(
        id=new_message_id(), recipients=(), text=text, **{**given, "gateway": tuple(given.get("gateway", ()))}
    )


def _free_name(hass: HomeAssistant, title: str) -> str:
    base = name = slugify(title)
    number = 2
    while hass.services.has_service(NOTIFY_DOMAIN, name):
        name = f"{base}_{number}"
        number += 1
    return name
