"""The contacts and groups of a config entry: names to numbers, numbers to names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.exceptions import ServiceValidationError

from .const import CONF_COUNTRY, CONF_GATEWAY, CONF_MEMBERS, CONF_NUMBER, DOMAIN, SubentryKind
from .dialling import to_e164
from .sms_providers.address import InvalidNumberError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person. ``number`` is E.164 or a short code, ``gateway`` the one to prefer, if any."""

    subentry_id: str
    name: str
    number: str
    gateway: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several contacts, in their order."""

    subentry_id: str
    name: str
    members: tuple[Contact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where one message goes; ``gateway`` is what the contact prefers."""

    number: str
    gateway: str | None = None


class AddressBook:
    """Reads the subentries afresh at each question, so that it is never out of date."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry

    @property
    def country(self) -> str | None:
        """The country that national numbers belong to (ISO 3166-1 alpha-2)."""
        country: str | None = self._entry.options.get(CONF_COUNTRY) or self._hass.config.country
        return country

    @property
    def contacts(self) -> Mapping[str, Contact]:
        """Contacts by subentry id."""
        return {
            subentry.subentry_id: Contact(
                subentry_id=subentry.subentry_id,
                name=subentry.title,
                number=subentry.data[CONF_NUMBER],
                gateway=subentry.data.get(CONF_GATEWAY),
            )
            for subentry in self._entry.get_subentries_of_type(SubentryKind.CONTACT)
        }

    @property
    def groups(self) -> Mapping[str, Group]:
        """Groups by subentry id; a member that was deleted is left out."""
        contacts = self.contacts
        return {
            subentry.subentry_id: Group(
                subentry_id=subentry.subentry_id,
                name=subentry.title,
                members=tuple(
                    contacts[member] for member in subentry.data[CONF_MEMBERS] if member in contacts
                ),
            )
            for subentry in self._entry.get_subentries_of_type(SubentryKind.GROUP)
        }

    def contact_of(self, number: str | None) -> Contact | None:
        """Who has this number."""
        return next((contact for contact in self.contacts.values() if contact.number == number), None)

    def name_of(self, number: str | None) -> str | None:
        """The name of who has this number."""
        contact = self.contact_of(number)
        return None if contact is None else contact.name

    def members_of(self, subentry_id: str) -> tuple[Recipient, ...]:
        """Where a message to a contact or group goes."""
        contact = self.contacts.get(subentry_id)
        members = (contact,) if contact else self.groups[subentry_id].members
        return tuple(Recipient(number=member.number, gateway=member.gateway) for member in members)

    def includes(self, targets: Iterable[str], originator: str | None) -> bool:
        """Whether a message's originator is one of the named contacts, groups and numbers, or a name as it stands.

        The name of a contact means his number only: anybody may send under a name.
        """
        return originator is not None and any(self._means(target, originator) for target in targets)

    def _means(self, target: str, originator: str) -> bool:
        subentry_id = self._names.get(target.strip().casefold())
        if subentry_id is not None:
            return any(member.number == originator for member in self.members_of(subentry_id))
        try:
            return to_e164(target, self.country) == originator
        except InvalidNumberError:
            return target.strip().casefold() == originator.casefold()

    def resolve(self, targets: Iterable[str]) -> tuple[Recipient, ...]:
        """Names of contacts and groups, and numbers, to where their messages go; each number once.

        A name is compared without regard to case. Raises ServiceValidationError for what is neither.
        """
        names = self._names
        found: dict[str, Recipient] = {}
        for target in targets:
            subentry_id = names.get(target.strip().casefold())
            recipients = self._number(target) if subentry_id is None else self.members_of(subentry_id)
            for recipient in recipients:
                found.setdefault(recipient.number, recipient)
        if not found:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recipient")
        return tuple(found.values())

    @property
    def _names(self) -> dict[str, str]:
        """Subentry ids by name without regard to case; a contact's name goes before a group's."""
        return {
            item.name.casefold(): subentry_id
            for known in (self.groups, self.contacts)
            for subentry_id, item in known.items()
        }

    def _number(self, target: str) -> tuple[Recipient, ...]:
        try:
            number = to_e164(target, self.country)
        except InvalidNumberError as error:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="unknown_recipient",
                translation_placeholders={"target": target},
            ) from error
        contact = self.contact_of(number)
        return (Recipient(number=number, gateway=contact.gateway if contact else None),)
