"""From what a command names to the numbers that are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sms_bridge.numbers import is_emergency, to_e164
from sms_providers.address import InvalidNumberError, redact
from sms_providers.model import Error, ErrorCode

if TYPE_CHECKING:
    from sms_bridge.routing.settings import Contact, RoutingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A number (E.164 or short code), how it was given, and its contact if it has one."""

    number: str
    given: str
    contact: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A recipient as given, and why it is none."""

    given: str
    error: Error


class AddressBook:
    """Contacts, groups and the rules on who may be sent to."""

    def __init__(self, settings: RoutingSettings) -> None:
        self._settings = settings
        self._country = settings.defaults.country
        self._by_number = {contact.number: contact for contact in settings.contacts.values()}

    def resolve(self, to: tuple[str, ...]) -> list[Recipient | Unresolved]:
        """Each member once, in order; a group stands for its contacts."""
        members: dict[str, Recipient | Unresolved] = {}
        for given in to:
            for member in self._expand(given):
                key = member.number if isinstance(member, Recipient) else f"?{member.given}"
                members.setdefault(key, member)
        return list(members.values())

    def canonical(self, to: tuple[str, ...]) -> list[str]:
        """Whom ``to`` means, however it is written: numbers, names of groups, and what is neither as it is; sorted."""
        return sorted({self._canonical(given) for given in to})

    def is_group(self, to: tuple[str, ...]) -> bool:
        """Whether one name stands for several messages."""
        return len(to) == 1 and to[0] in self._settings.groups

    def name_of(self, number: str) -> str | None:
        """The contact's name for an originator, if there is one."""
        contact = self._by_number.get(number)
        return contact.name if contact else None

    def _canonical(self, given: str) -> str:
        contact = self._settings.contacts.get(given)
        if contact is not None:
            return contact.number
        try:
            return given if given in self._settings.groups else to_e164(given, self._country)
        except InvalidNumberError:
            return given

    def _expand(self, given: str) -> list[Recipient | Unresolved]:
        group = self._settings.groups.get(given)
        if group is None:
            return [self._one(given)]
        return [self._one(name) for name in group]

    def _one(self, given: str) -> Recipient | Unresolved:
        contact = self._settings.contacts.get(given)
        if contact is not None:
            return self._allowed(Recipient(number=contact.number, given=given, contact=contact))
        if any(character.isalpha() for character in given):
            return Unresolved(
                given=given,
                error=Error(
                    code=ErrorCode.UNKNOWN_RECIPIENT,
                    message="to: no contact or group has this name; add it to the configuration or use a number",
                ),
            )
        try:
            number = to_e164(given, self._country)
        except InvalidNumberError as error:
            return Unresolved(
                given=given, error=Error(code=ErrorCode.INVALID_RECIPIENT, message=f"to: {error}")
            )
        return self._allowed(Recipient(number=number, given=given, contact=self._by_number.get(number)))

    def _allowed(self, recipient: Recipient) -> Recipient | Unresolved:
        reason = self._forbidden(recipient.number)
        if reason is None:
            return recipient
        return Unresolved(given=recipient.given, error=Error(code=ErrorCode.BLOCKED, message=f"to: {reason}"))

    def _forbidden(self, number: str) -> str | None:
        settings = self._settings
        if (
            not settings.allow_emergency
            and not number.startswith("+")
            and is_emergency(number, self._country)
        ):
            return "this is an emergency number; only allow_emergency: true lets messages to it pass"
        denied = next((prefix for prefix in settings.deny if number.startswith(prefix)), None)
        if denied is not None:
            return f"{redact(number)} begins with {denied}, which the deny list refuses"
        if settings.allow and not number.startswith(settings.allow):
            return f"{redact(number)} begins with no prefix of the allow list"
        return None
