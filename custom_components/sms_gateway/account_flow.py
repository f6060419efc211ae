"""Set-up of provider accounts: asked, tested, completed by what the provider tells, and shown where it may call us."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol
from homeassistant.components import webhook
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntryState, ConfigFlow
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .account_choices import choices
from .account_forms import (
    FORMS,
    UnusableError,
    account_schema,
    complaint,
    credentials_schema,
    read_account,
    read_credentials,
    suggestions,
    unique_id,
)
from .backend.accounts import make_provider
from .const import CONF_KIND, CONF_WEBHOOK_ID, EntryKind
from .dialling import to_e164
from .sms_providers.address import InvalidNumberError
from .sms_providers.exceptions import ProviderError, UnsupportedError
from .sms_providers.model import (
    Capability,
    ErrorCode,
    NoAnswer,
    OutboundMessage,
    RefusalClass,
    Refused,
    refusal_class,
)
from .sms_providers.provider import Outgoing, ProviderKind
from .sms_providers.registry import PROVIDERS
from .webhook import forget_cloudhook, webhook_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigFlowResult

    from .sms_providers.provider import Provider

CONF_ORIGINATOR: Final = "originator"
CONF_BRAND_ID: Final = "brand_id"
CONF_DEVICE_ID: Final = "device_id"
CONF_SIM: Final = "sim"
CONF_TEST_NUMBER: Final = "test_number"

#: What is chosen only after the provider has accepted the credentials stands in for itself until then.
_UNCHOSEN: Final[dict[str, Any]] = {CONF_ORIGINATOR: "", CONF_BRAND_ID: 0, CONF_DEVICE_ID: ""}
#: A provider that has one of these calls us.
_CALLS_US: Final = frozenset({Capability.REPORT_CALLBACK, Capability.INCOMING_CALLBACK})
#: The ID of a brand; the longest that is a 63-bit integer for certain.
_BRAND: Final = re.compile(r"[0-9]{1,18}")
#: Our own name of a test message, which nobody asks for again: a positive 32-bit integer.
_REFERENCES: Final = 2**31 - 1


class AccountFlow(ConfigFlow):
    """The steps of a provider account; the same ones make it and change it.

    An account's unique id is a digest of what its provider knows it by. A secret typed before stays where its field is
    left empty, and what is chosen of the provider's lists is suggested again.
    """

    def __init__(self) -> None:
        self._kind: EntryKind
        self._account: dict[str, Any] = {}
        self._typed: dict[str, Any] = {}
        self._choices: dict[str, str] = {}
        self._tested = ""
        self._reason = ""
        self._offered = False

    # -- the first form

    async def async_step_geniq(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at GENIQ."""
        return await self._account_form(EntryKind.GENIQ, user_input)

    async def async_step_smsgic(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at SMSgic."""
        return await self._account_form(EntryKind.SMSGIC, user_input)

    async def async_step_ubill(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at uBill."""
        return await self._account_form(EntryKind.UBILL, user_input)

    async def async_step_smsgateway24(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at SmsGateway24."""
        return await self._account_form(EntryKind.SMSGATEWAY24, user_input)

    async def async_step_geniosms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account at GenioSms."""
        return await self._account_form(EntryKind.GENIOSMS, user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The provider refuses the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the credentials, and nothing else."""
        return await self._account_form(EntryKind(self._present[CONF_KIND]), user_input)

    async def _account_form(self, kind: EntryKind, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        self._kind = kind
        errors: dict[str, str] = {}
        if user_input is not None:
            self._typed = user_input
            try:
                if self.source == SOURCE_REAUTH:
                    self._account = read_credentials(kind, user_input, self._present)
                else:
                    self._account = await read_account(kind, user_input, self._present)
            except UnusableError as error:
                errors[error.field] = error.key
            else:
                self._account.setdefault(CONF_WEBHOOK_ID, webhook.async_generate_id())
                if await self._is_taken():
                    return self.async_abort(reason="already_configured")
                if await self._is_accepted(errors):
                    return await self._next_step()
        return self._show_account_form(errors)

    def _show_account_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the first form with what was typed into it, else with what there is."""
        values = self._typed or suggestions(self._kind, self._present)
        if self.source == SOURCE_REAUTH:
            return self._show_account("reauth_confirm", credentials_schema(self._kind), values, errors)
        schema = account_schema(self._kind, changing=bool(self._present))
        return self._show_account(self._kind, schema, values, errors)

    @property
    def _present(self) -> Mapping[str, Any]:
        """The data of the entry that is being changed; none while one is being made."""
        if self.source == SOURCE_USER:
            return {}
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        return entry.data

    async def _is_taken(self) -> bool:
        """Whether another entry has this account."""
        entry = await self.async_set_unique_id(unique_id(self._account), raise_on_progress=False)
        return entry is not None and entry.entry_id != self.context.get("entry_id")

    async def _is_accepted(self, errors: dict[str, str]) -> bool:
        """Ask the provider something that needs the credentials, and what there is to choose from."""
        provider = self._provider()
        try:
            await _check(provider)
            self._choices = dict(await choices(provider))
        except ProviderError as error:
            errors["base"] = complaint(error.code)
            self._reason = str(error)
        else:
            new_phone = self._kind is EntryKind.SMSGATEWAY24 and self.source != SOURCE_REAUTH
            if new_phone and not self._choices:
                errors["base"] = "no_devices"
        return not errors

    def _provider(self) -> Provider:
        return make_provider(self.hass, {**_UNCHOSEN, **self._account})

    # -- what the provider is asked for before it is known

    async def _next_step(self) -> ConfigFlowResult:
        match self._kind:
            case EntryKind.GENIOSMS:
                return await self.async_step_geniosms_test()
            case _ if self.source == SOURCE_REAUTH:
                return await self._finish()
            case EntryKind.SMSGIC:
                return await self.async_step_smsgic_sender()
            case EntryKind.UBILL:
                return await self.async_step_ubill_brand()
            case EntryKind.SMSGATEWAY24:
                return await self.async_step_smsgateway24_device()
            case _:
                return await self._show_callback()

    async def async_step_smsgic_sender(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the sender; one that is not listed may be typed."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if sender := user_input[CONF_ORIGINATOR].strip():
                self._account[CONF_ORIGINATOR] = sender
                return await self._show_callback()
            errors[CONF_ORIGINATOR] = "missing"
        schema = vol.Schema({vol.Required(CONF_ORIGINATOR): self._selector(typed=True)})
        return self._show_account("smsgic_sender", schema, user_input or self._account, errors)

    async def async_step_ubill_brand(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the brand; the number of one that is not listed may be typed."""
        errors: dict[str, str] = {}
        if user_input is not None:
            brand = user_input[CONF_BRAND_ID].strip()
            if _BRAND.fullmatch(brand):
                self._account[CONF_BRAND_ID] = int(brand)
                return await self._show_callback()
            errors[CONF_BRAND_ID] = "invalid_brand"
        present = {name: str(self._account[name]) for name in (CONF_BRAND_ID,) if name in self._account}
        schema = vol.Schema({vol.Required(CONF_BRAND_ID): self._selector(typed=True)})
        return self._show_account("ubill_brand", schema, user_input or present, errors)

    async def async_step_smsgateway24_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the phone and its SIM."""
        if user_input is not None:
            self._account |= {CONF_DEVICE_ID: user_input[CONF_DEVICE_ID], CONF_SIM: int(user_input[CONF_SIM])}
            return await self._show_callback()
        present = self._account.get(CONF_DEVICE_ID)
        values = {
            CONF_DEVICE_ID: present if present in self._choices else next(iter(self._choices)),
            CONF_SIM: str(self._account.get(CONF_SIM, 0)),
        }
        schema = vol.Schema(
            {
                vol.Required(CONF_DEVICE_ID): self._selector(typed=False),
                vol.Required(CONF_SIM): SelectSelector(
                    SelectSelectorConfig(options=["0", "1"], translation_key="sim")
                ),
            }
        )
        return self._show_account("smsgateway24_device", schema, values, {})

    async def async_step_geniosms_test(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Send a test message if a number is typed: nothing else shows whether the key is right.

        What a refusal says of the account is corrected in the first form.
        """
        errors: dict[str, str] = {}
        if user_input is not None:
            self._tested = user_input.get(CONF_TEST_NUMBER, "").strip()
            refusal = await self._send_test(errors) if self._tested else None
            if refusal is not None and (
                refusal_class(refusal) is RefusalClass.GATEWAY or refusal is ErrorCode.NETWORK
            ):
                return self._show_account_form(errors)
            if not errors:
                return await self._show_callback()
        tel = TextSelector(TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel"))
        schema = vol.Schema({vol.Optional(CONF_TEST_NUMBER): tel})
        return self._show_account("geniosms_test", schema, {CONF_TEST_NUMBER: self._tested}, errors)

    async def _send_test(self, errors: dict[str, str]) -> ErrorCode | None:
        """Send the test message, or say in ``errors`` why not; returns the code of a refusal."""
        try:
            recipient = to_e164(self._tested, self.hass.config.country)
        except InvalidNumberError:
            errors[CONF_TEST_NUMBER] = "invalid_number"
            return None
        text = f"Test message from {self.hass.config.location_name}"
        message = OutboundMessage(recipient=recipient, text=text)
        reference = secrets.randbelow(_REFERENCES) + 1
        (outcome,) = await self._provider().send([Outgoing(reference=reference, message=message)])
        if isinstance(outcome, Refused):
            errors["base"] = complaint(outcome.error.code)
            self._reason = outcome.error.message
            return outcome.error.code
        if isinstance(outcome, NoAnswer):
            errors["base"] = "test_unknown"
        return None

    # -- where the provider may call us

    async def _show_callback(self) -> ConfigFlowResult:
        """Say where to enter our address, or what goes without one."""
        capabilities = self._provider().capabilities
        if self.source == SOURCE_REAUTH or not capabilities & _CALLS_US:
            return await self._finish()
        self._offered = self.source == SOURCE_USER
        url = await webhook_url(self.hass, self._account[CONF_WEBHOOK_ID])
        if url is not None:
            step = f"{self._kind}_callback"
        else:
            step = "polled" if Capability.REPORT_POLL in capabilities else "unreported"
        return self._show_account(
            step, vol.Schema({}), {}, {}, url=url or "", key=self._account.get("callback_key", "")
        )

    async def _finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        self._offered = False
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=self._title(), data=self._account)
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        before = (entry.unique_id, entry.data)
        result = self.async_update_and_abort(entry, unique_id=self.unique_id, data=self._account)
        # Of a change to an entry that is not loaded nobody is told, nor of credentials that are good again.
        if entry.state is not ConfigEntryState.LOADED or (entry.unique_id, entry.data) == before:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    async_step_geniq_callback = _finish
    async_step_ubill_callback = _finish
    async_step_smsgateway24_callback = _finish
    async_step_geniosms_callback = _finish
    async_step_polled = _finish
    async_step_unreported = _finish

    @callback
    @override
    def async_remove(self) -> None:
        """Take back the address of an account that is not saved after all."""
        if self._offered:
            self.hass.async_create_task(forget_cloudhook(self.hass, self._account[CONF_WEBHOOK_ID]))

    # -- words

    def _title(self) -> str:
        """The provider's name, and whom the recipients see or what sends."""
        chosen = (str(self._account[key]) for key in _UNCHOSEN if key in self._account)
        return " ".join([self._name, *(self._choices.get(value, value) for value in chosen)])

    @property
    def _name(self) -> str:
        return PROVIDERS[ProviderKind(self._kind)].title

    def _selector(self, *, typed: bool) -> SelectSelector:
        """Everything that the provider has to choose from; with ``typed`` something else may be typed."""
        options = [SelectOptionDict(value=value, label=label) for value, label in self._choices.items()]
        return SelectSelector(
            SelectSelectorConfig(
                options=options, custom_value=typed, mode=SelectSelectorMode.DROPDOWN, sort=True
            )
        )

    @callback
    def _show_account(
        self,
        step: str,
        schema: vol.Schema,
        values: Mapping[str, Any] | None,
        errors: dict[str, str],
        **placeholders: str,
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={
                "provider": self._name,
                "site": FORMS[self._kind].site,
                "reason": self._reason,
                **placeholders,
            },
        )


async def _check(provider: Provider) -> None:
    """Ask whether the credentials are right. An account without credit is an account."""
    try:
        await provider.check()
    except UnsupportedError:
        # Nothing can be asked without sending.
        return
    except ProviderError as error:
        if error.code is not ErrorCode.NO_CREDIT:
            raise
