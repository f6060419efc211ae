"""Contacts and groups, each a subentry of a config entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentryFlow
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .const import CONF_GATEWAY, CONF_MEMBERS, CONF_NUMBER
from .contacts import AddressBook
from .dialling import to_e164
from .sms_providers.address import InvalidNumberError, parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult

_NAME: Final = TextSelector(TextSelectorConfig(autocomplete="name"))
_NUMBER: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel"))


class _NamedFlow(ConfigSubentryFlow):
    """What contacts and groups have in common: a name that no other contact or group of the entry has.

    Entities are told apart by the subentry's id, so names and numbers may change.
    """

    @property
    def _present(self) -> ConfigSubentry | None:
        """The subentry that is being changed, ``None`` where one is being added."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    def _others(self) -> list[ConfigSubentry]:
        present = self._present
        return [
            subentry
            for subentry in self._get_entry().subentries.values()
            if present is None or subentry.subentry_id != present.subentry_id
        ]

    def _check_name(self, name: str) -> str | None:
        """Return what is wrong with a name. Actions take names and numbers, several with commas, in one field."""
        if not name or "," in name or _is_number(name):
            return "invalid_name"
        taken = {subentry.title.casefold() for subentry in self._others()}
        return "name_exists" if name.casefold() in taken else None

    def _save(self, name: str, data: Mapping[str, Any], unique_id: str | None) -> SubentryFlowResult:
        present = self._present
        if present is None:
            return self.async_create_entry(title=name, data=data, unique_id=unique_id)
        return self.async_update_and_abort(
            self._get_entry(), present, title=name, data=data, unique_id=unique_id
        )

    def _show(
        self,
        schema: vol.Schema,
        user_input: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> SubentryFlowResult:
        values, present = user_input, self._present
        if values is None and present is not None:
            values = {CONF_NAME: present.title, **present.data}
        return self.async_show_form(
            step_id=self.source,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
        )


class ContactFlow(_NamedFlow):
    """A person with a number."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add or change a contact."""
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if error := self._check_name(name):
                errors[CONF_NAME] = error
            number = self._number(user_input[CONF_NUMBER], errors)
            if number is not None and not errors:
                data = {CONF_NUMBER: number}
                if gateway := user_input.get(CONF_GATEWAY):
                    data[CONF_GATEWAY] = gateway
                return self._save(name, data, number)
        schema: dict[vol.Marker, object] = {
            vol.Required(CONF_NAME): _NAME,
            vol.Required(CONF_NUMBER): _NUMBER,
        }
        if gateways := self._gateways():
            schema[vol.Optional(CONF_GATEWAY)] = SelectSelector(
                SelectSelectorConfig(options=gateways, mode=SelectSelectorMode.DROPDOWN)
            )
        return self._show(vol.Schema(schema), user_input, errors)

    async_step_reconfigure = async_step_user

    def _number(self, typed: str, errors: dict[str, str]) -> str | None:
        """Return what was typed as E.164 or a short code, or say in ``errors`` what is wrong."""
        try:
            number = to_e164(typed, AddressBook(self.hass, self._get_entry()).country)
        except InvalidNumberError:
            errors[CONF_NUMBER] = "invalid_number"
            return None
        if any(subentry.data.get(CONF_NUMBER) == number for subentry in self._others()):
            errors[CONF_NUMBER] = "number_exists"
        return number

    def _gateways(self) -> list[str]:
        """Gateways to prefer: those there are, and the one chosen before, which may be away."""
        entry, present = self._get_entry(), self._present
        known: set[str] = set()
        if entry.state is ConfigEntryState.LOADED:
            known |= entry.runtime_data.coordinator.data.gateways.keys()
        if present is not None and (chosen := present.data.get(CONF_GATEWAY)):
            known.add(chosen)
        return sorted(known)


class GroupFlow(_NamedFlow):
    """Several contacts under one name."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add or change a group."""
        contacts = AddressBook(self.hass, self._get_entry()).contacts
        if not contacts:
            return self.async_abort(reason="no_contacts")
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if error := self._check_name(name):
                errors[CONF_NAME] = error
            if not user_input[CONF_MEMBERS]:
                errors[CONF_MEMBERS] = "no_members"
            if not errors:
                return self._save(name, {CONF_MEMBERS: user_input[CONF_MEMBERS]}, None)
        options = [
            SelectOptionDict(value=contact.subentry_id, label=contact.name)
            for contact in sorted(contacts.values(), key=lambda contact: contact.name.casefold())
        ]
        schema = vol.Schema(
            {
                vol.Required(CONF_NAME): _NAME,
                vol.Required(CONF_MEMBERS): SelectSelector(
                    SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN)
                ),
            }
        )
        return self._show(schema, user_input, errors)

    async_step_reconfigure = async_step_user

    @override
    def _show(
        self,
        schema: vol.Schema,
        user_input: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> SubentryFlowResult:
        """Leave out members that were deleted, which the form would refuse."""
        if user_input is None and (present := self._present) is not None:
            contacts = AddressBook(self.hass, self._get_entry()).contacts
            members = [member for member in present.data[CONF_MEMBERS] if member in contacts]
            user_input = {CONF_NAME: present.title, CONF_MEMBERS: members}
        return super()._show(schema, user_input, errors)


def _is_number(name: str) -> bool:
    try:
        parse_number(name)
    except InvalidNumberError:
        return False
    return True
