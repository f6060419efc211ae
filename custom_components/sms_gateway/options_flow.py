"""The options of a config entry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol
from homeassistant.config_entries import OptionsFlow
from homeassistant.const import CONF_ENABLED
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    ConversationAgentSelector,
    CountrySelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .backend.accounts import make_provider
from .const import (
    CONF_AGENT,
    CONF_ALLOWED,
    CONF_CLASSIC_NOTIFY,
    CONF_COUNTRY,
    CONF_KIND,
    CONF_LOW_BALANCE,
    CONF_MAX_AGE,
    CONF_PIN,
    CONF_POLL_INTERVAL,
    CONF_SMS_CONTROL,
    CONF_TEXTS_IN_ENTITIES,
    DEFAULT_MAX_AGE,
    DEFAULT_POLL_INTERVAL,
    SHORTEST_POLL_INTERVAL,
    EntryKind,
)
from .dialling import to_e164
from .sms_providers.address import InvalidNumberError
from .sms_providers.model import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigFlowResult

#: One word: it is the first of a message. Four characters are what a SIM's own PIN has at least (3GPP TS 31.101).
_PIN: Final = re.compile(r"\S{4,32}")

_COUNTRY: Final = {vol.Optional(CONF_COUNTRY): CountrySelector()}
_POLLING: Final = {
    vol.Required(CONF_POLL_INTERVAL): NumberSelector(
        NumberSelectorConfig(
            min=SHORTEST_POLL_INTERVAL,
            max=86_400,
            step=1,
            unit_of_measurement="s",
            mode=NumberSelectorMode.BOX,
        )
    )
}
_AGE: Final = {
    vol.Required(CONF_MAX_AGE): NumberSelector(
        NumberSelectorConfig(min=10, max=86_400, step=1, unit_of_measurement="s", mode=NumberSelectorMode.BOX)
    )
}
_BALANCE: Final = {
    vol.Optional(CONF_LOW_BALANCE): NumberSelector(
        NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
    )
}
_TEXTS: Final = {vol.Required(CONF_TEXTS_IN_ENTITIES): BooleanSelector()}
_CLASSIC: Final = {vol.Required(CONF_CLASSIC_NOTIFY): BooleanSelector()}
_CONTROL: Final = {
    vol.Required(CONF_SMS_CONTROL): section(
        vol.Schema(
            {
                vol.Required(CONF_ENABLED): BooleanSelector(),
                vol.Optional(CONF_ALLOWED): TextSelector(
                    TextSelectorConfig(type=TextSelectorType.TEL, multiple=True)
                ),
                vol.Optional(CONF_PIN): TextSelector(
                    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
                ),
                vol.Optional(CONF_AGENT): ConversationAgentSelector(),
            }
        ),
        {"collapsed": True},
    )
}

#: What an account must have one of, so that something can be received, or asked for now and then.
_RECEIVES: Final = frozenset({Capability.INCOMING, Capability.INCOMING_CALLBACK, Capability.INCOMING_POLL})
_POLLED: Final = frozenset({Capability.BALANCE, Capability.INCOMING_POLL, Capability.REPORT_POLL})


class SmsGatewayOptionsFlow(OptionsFlow):
    """What may be changed without asking bridge or provider. The entry's update listener reloads it."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show and take all options."""
        errors: dict[str, str] = {}
        if user_input is not None:
            country = user_input.get(CONF_COUNTRY, self.hass.config.country)
            try:
                return self.async_create_entry(data=_kept(user_input, country))
            except _UnusableError as error:
                errors["base"] = error.key
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(self._schema(), user_input or self._present()),
            errors=errors,
        )

    def _schema(self) -> vol.Schema:
        """The options that mean something here: a bridge has all but polling, an account what its provider can do."""
        data = self.config_entry.data
        if data[CONF_KIND] == EntryKind.BRIDGE:
            return vol.Schema(_COUNTRY | _AGE | _BALANCE | _TEXTS | _CLASSIC | _CONTROL)
        capabilities = make_provider(self.hass, data).capabilities
        receives = bool(capabilities & _RECEIVES)
        schema: dict[vol.Marker, Any] = dict(_COUNTRY)
        schema |= _POLLING if capabilities & _POLLED else {}
        schema |= _AGE if receives else {}
        schema |= _BALANCE if Capability.BALANCE in capabilities else {}
        schema |= _TEXTS if receives else {}
        return vol.Schema(schema | _CLASSIC | (_CONTROL if receives else {}))

    def _present(self) -> Mapping[str, Any]:
        """The options as they are, with the defaults of those that were never set."""
        return {
            CONF_COUNTRY: self.hass.config.country,
            CONF_POLL_INTERVAL: DEFAULT_POLL_INTERVAL,
            CONF_MAX_AGE: DEFAULT_MAX_AGE,
            CONF_TEXTS_IN_ENTITIES: False,
            CONF_CLASSIC_NOTIFY: False,
            CONF_SMS_CONTROL: {CONF_ENABLED: False},
            **self.config_entry.options,
        }


class _UnusableError(Exception):
    """An input cannot be used; ``key`` is that of the translated reason."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _kept(given: Mapping[str, Any], country: str | None) -> dict[str, Any]:
    """Return options as they are kept. Raises :class:`_UnusableError`."""
    kept = dict(given)
    # A number selector gives fractions.
    kept |= {name: int(given[name]) for name in (CONF_MAX_AGE, CONF_POLL_INTERVAL) if name in given}
    if CONF_SMS_CONTROL in given:
        kept[CONF_SMS_CONTROL] = _sms_control(given[CONF_SMS_CONTROL], country)
    return kept


def _sms_control(given: Mapping[str, Any], country: str | None) -> dict[str, Any]:
    """Return the section as it is kept, its numbers as E.164. Raises :class:`_UnusableError`."""
    try:
        allowed = [to_e164(number, country) for number in given.get(CONF_ALLOWED, [])]
    except InvalidNumberError:
        raise _UnusableError("invalid_allowed") from None
    if given[CONF_ENABLED] and not allowed:
        raise _UnusableError("allowed_missing")
    if CONF_PIN in given and _PIN.fullmatch(given[CONF_PIN]) is None:
        raise _UnusableError("invalid_pin")
    return {**given, CONF_ALLOWED: list(dict.fromkeys(allowed))}
