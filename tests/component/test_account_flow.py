"""Setting up, signing in to, and reconfiguring an account at a provider."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components import cloud
from homeassistant.config_entries import SOURCE_USER, FlowType
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sms_gateway import account_flow
from custom_components.sms_gateway.account_forms import ADVANCED, FORMS, unique_id
from custom_components.sms_gateway.const import (
    CONF_KIND,
    CONF_WEBHOOK_ID,
    DOMAIN,
    EntryKind,
    SubentryKind,
)
from custom_components.sms_gateway.sms_providers.exceptions import (
    AuthError,
    NoAnswerError,
    ProtocolError,
    RejectedError,
    TemporaryError,
    ThrottledError,
    UnsupportedError,
)
from custom_components.sms_gateway.sms_providers.model import Capability, ErrorCode, Taken
from custom_components.sms_gateway.sms_providers.provider import ProviderKind
from custom_components.sms_gateway.sms_providers.registry import PROVIDERS
from tests.component.translated import check_every_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from custom_components.sms_gateway.sms_providers.exceptions import ProviderError
    from custom_components.sms_gateway.sms_providers.model import Outcome
    from custom_components.sms_gateway.sms_providers.provider import Outgoing

WEBHOOK_ID = "ab" * 32
EXTERNAL_URL = "https://house.example.org"
CLOUD_URL = "https://hooks.example.org/abc"

#: What is typed into the first form of each kind, and what becomes of it and of the choices below.
TYPED: dict[EntryKind, dict[str, Any]] = {
    EntryKind.GENIQ: {"api_key": "geniq-key", "api_secret": "geniq-secret", "originator": "House"},
    EntryKind.SMSGIC: {"token": "smsgic-token"},
    EntryKind.UBILL: {"api_key": "ubill-key"},
    EntryKind.SMSGATEWAY24: {"email": "anna@example.org", "password": "sg24-password"},
    EntryKind.GENIOSMS: {"api_key": "geniosms-key"},
}
CHOICES: dict[EntryKind, dict[str, str]] = {
    EntryKind.SMSGIC: {"MegaShop": "MegaShop"},
    EntryKind.UBILL: {"7": "Brand Seven"},
    EntryKind.SMSGATEWAY24: {"5001": "Pixel", "5002": "Galaxy"},
}
#: What is chosen in the second form.
CHOSEN: dict[EntryKind, dict[str, Any]] = {
    EntryKind.SMSGIC: {"originator": "MegaShop"},
    EntryKind.UBILL: {"brand_id": "7"},
    EntryKind.SMSGATEWAY24: {"device_id": "5002", "sim": "1"},
    EntryKind.GENIOSMS: {},
}
#: What of that is kept.
KEPT: dict[EntryKind, dict[str, Any]] = {
    EntryKind.SMSGIC: {"originator": "MegaShop"},
    EntryKind.UBILL: {"brand_id": 7, "callback_key": "k" * 30},
    EntryKind.SMSGATEWAY24: {"device_id": "5002", "sim": 1},
}
TITLES = {
    EntryKind.GENIQ: "GENIQ House",
    EntryKind.SMSGIC: "SMSgic MegaShop",
    EntryKind.UBILL: "uBill Brand Seven",
    EntryKind.SMSGATEWAY24: "SmsGateway24 Galaxy",
    EntryKind.GENIOSMS: "GenioSms",
}
CALLBACKS = {Capability.REPORT_CALLBACK}
CAPABILITIES = {
    EntryKind.GENIQ: frozenset({*CALLBACKS, Capability.INCOMING_CALLBACK}),
    EntryKind.SMSGIC: frozenset({Capability.REPORT_POLL}),
    EntryKind.UBILL: frozenset({*CALLBACKS, Capability.REPORT_POLL}),
    EntryKind.SMSGATEWAY24: frozenset({*CALLBACKS, Capability.REPORT_POLL, Capability.INCOMING_POLL}),
    EntryKind.GENIOSMS: frozenset(CALLBACKS),
}
#: Changes of a secret that make an account another one, and the same one with another secret.
NEW_CREDENTIALS: dict[EntryKind, dict[str, str]] = {
    EntryKind.GENIQ: {"api_key": "geniq-key", "api_secret": "second-secret"},
    EntryKind.SMSGIC: {"token": "second-token"},
    EntryKind.UBILL: {"api_key": "second-key"},
    EntryKind.SMSGATEWAY24: {"email": "anna@example.org", "password": "second-password"},
    EntryKind.GENIOSMS: {"api_key": "second-key"},
}
ACCOUNTS = [kind for kind in EntryKind if kind is not EntryKind.BRIDGE]
EVERY_ACCOUNT = pytest.mark.parametrize("kind", ACCOUNTS)
TESTABLE = [kind for kind in ACCOUNTS if kind is not EntryKind.GENIOSMS]

#: What a provider may say, and what the user reads of it.
FAULTS = pytest.mark.parametrize(
    ("fault", "error"),
    [
        (AuthError("wrong key"), "invalid_auth"),
        (AuthError("not from there", code=ErrorCode.IP_DENIED), "ip_denied"),
        (TemporaryError("no connection"), "cannot_connect"),
        (NoAnswerError("no answer"), "cannot_connect"),
        (ThrottledError("too fast", retry_after=1), "throttled"),
        (ProtocolError("a page about cats"), "unexpected_answer"),
        (RejectedError("moved", code=ErrorCode.UNSUPPORTED), "unexpected_answer"),
        (RejectedError("no idea"), "unknown"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)


@dataclass
class StubProvider:
    """Whatever the flow has made of the data of an account, and what it asks of it."""

    fault: ProviderError | None = None
    outcome: Outcome = field(default_factory=lambda: Taken(references=("1",)))
    made_of: list[Mapping[str, Any]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    listed: dict[EntryKind, dict[str, str]] = field(default_factory=lambda: dict(CHOICES))

    @property
    def kind(self) -> EntryKind:
        return EntryKind(self.made_of[-1][CONF_KIND])

    @property
    def capabilities(self) -> frozenset[Capability]:
        return CAPABILITIES[self.kind]

    def make(self, hass: HomeAssistant, data: Mapping[str, Any]) -> StubProvider:
        known = PROVIDERS[ProviderKind(data[CONF_KIND])].settings
        names = {known.name for known in dataclasses.fields(known)}
        # Whatever is kept must be something that the provider's settings have.
        known(**{name: value for name, value in data.items() if name in names})
        self.made_of.append(dict(data))
        return self

    async def check(self) -> None:
        if self.kind is EntryKind.GENIOSMS:
            raise UnsupportedError("nothing can be asked")
        if self.fault is not None:
            raise self.fault

    async def choices(self, provider: StubProvider) -> dict[str, str]:
        return self.listed.get(self.kind, {})

    async def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.sent += batch
        return [self.outcome]


@pytest.fixture(autouse=True)
def _every_step_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    check_every_step(monkeypatch)


@pytest.fixture(autouse=True)
def _only_the_form_is_tested() -> Iterator[None]:
    with patch("custom_components.sms_gateway.async_setup_entry", return_value=False):
        yield


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> StubProvider:
    stub = StubProvider()
    monkeypatch.setattr(account_flow, "make_provider", stub.make)
    monkeypatch.setattr(account_flow, "choices", stub.choices)
    monkeypatch.setattr(account_flow.webhook, "async_generate_id", lambda: WEBHOOK_ID)
    monkeypatch.setattr("secrets.token_hex", lambda octets: "k" * 2 * octets)
    return stub


@pytest.fixture
def reachable(hass: HomeAssistant) -> None:
    """Home Assistant has a public address."""
    hass.config.external_url = EXTERNAL_URL


def account(kind: EntryKind, **changes: object) -> dict[str, Any]:
    """The data of the entry that the answers above make."""
    return {
        CONF_KIND: kind,
        CONF_WEBHOOK_ID: WEBHOOK_ID,
        **TYPED[kind],
        **KEPT.get(kind, {}),
        **changes,
    }


def add_entry(hass: HomeAssistant, kind: EntryKind, **changes: object) -> MockConfigEntry:
    data = account(kind, **changes)
    entry = MockConfigEntry(domain=DOMAIN, title="My account", unique_id=unique_id(data), data=data)
    entry.add_to_hass(hass)
    return entry


async def start(hass: HomeAssistant, kind: EntryKind) -> ConfigFlowResult:
    """Choose a kind from the menu."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": kind})


async def submit(hass: HomeAssistant, result: ConfigFlowResult, typed: dict[str, Any]) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], typed)
    await hass.async_block_till_done()
    return result


def first_form(kind: EntryKind, advanced: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    return {**TYPED[kind], **changes, ADVANCED: advanced or {}}


async def after_first_form(
    hass: HomeAssistant, result: ConfigFlowResult, kind: EntryKind
) -> ConfigFlowResult:
    """Answer every form that comes after the first."""
    if kind in CHOSEN:
        assert result["type"] is FlowResultType.FORM
        result = await submit(hass, result, CHOSEN[kind])
    if result["type"] is FlowResultType.FORM:
        result = await submit(hass, result, {})
    return result


def shown(result: ConfigFlowResult) -> dict[str, Any]:
    """What a form holds before anybody types, those of its section among them."""
    assert result["data_schema"] is not None
    return suggested(result["data_schema"].schema)


def suggested(schema: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, selector in schema.items():
        if isinstance(selector, section):
            found |= suggested(selector.schema.schema)
        elif key.description is not None:
            found[str(key)] = key.description["suggested_value"]
    return found


async def test_bridge_and_accounts_are_offered(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})

    assert (result["type"], result["menu_options"]) == (
        FlowResultType.MENU,
        ["bridge", "geniq", "smsgic", "ubill", "smsgateway24", "geniosms"],
    )


@EVERY_ACCOUNT
async def test_an_account_is_set_up_with_what_was_typed_and_chosen(
    hass: HomeAssistant, provider: StubProvider, reachable: None, kind: EntryKind
) -> None:
    result = await start(hass, kind)
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, kind, {})

    result = await after_first_form(hass, await submit(hass, result, first_form(kind)), kind)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"], result["options"]) == (TITLES[kind], account(kind), {})


@EVERY_ACCOUNT
async def test_an_entry_is_named_without_its_secret(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    result = await submit(hass, await start(hass, kind), first_form(kind))
    entry = (await after_first_form(hass, result, kind))["result"]

    assert re.fullmatch(r"[0-9a-f]{32}", str(entry.unique_id))
    others = {unique_id(account(other)) for other in ACCOUNTS}
    assert len(others) == len(ACCOUNTS)
    assert entry.unique_id in others


async def test_an_email_address_is_the_same_in_capital_letters() -> None:
    kind = EntryKind.SMSGATEWAY24
    assert unique_id(account(kind)) == unique_id(account(kind, email="Anna@Example.ORG", password="other"))


async def test_the_first_contact_is_offered_after_set_up(hass: HomeAssistant, reachable: None) -> None:
    result = await submit(hass, await start(hass, EntryKind.GENIQ), first_form(EntryKind.GENIQ))
    result = await submit(hass, result, {})

    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    (flow,) = hass.config_entries.subentries.async_progress()
    assert (flow["flow_id"], flow["handler"][1]) == (flow_id, SubentryKind.CONTACT)


@EVERY_ACCOUNT
async def test_an_account_is_set_up_once(hass: HomeAssistant, kind: EntryKind) -> None:
    add_entry(hass, kind)

    result = await submit(hass, await start(hass, kind), first_form(kind))

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@FAULTS
@pytest.mark.parametrize("kind", TESTABLE)
async def test_what_the_provider_says_is_told_and_nothing_typed_is_lost(
    hass: HomeAssistant,
    *,
    provider: StubProvider,
    reachable: None,
    fault: ProviderError,
    error: str,
    kind: EntryKind,
) -> None:
    provider.fault = fault
    typed = first_form(kind, {"base_url": "https://proxy.example.org/path"})
    result = await submit(hass, await start(hass, kind), typed)

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})
    assert shown(result) == {**TYPED[kind], **typed[ADVANCED]}
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["reason"] == str(fault)

    provider.fault = None
    result = await after_first_form(hass, await submit(hass, result, typed), kind)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == account(kind, **typed[ADVANCED])


async def test_an_account_without_credit_can_be_set_up(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    provider.fault = RejectedError("nothing left", code=ErrorCode.NO_CREDIT)

    result = await submit(hass, await start(hass, EntryKind.SMSGIC), first_form(EntryKind.SMSGIC))

    assert (result["step_id"], result["errors"]) == ("smsgic_sender", {})


# -- the advanced section


DEFAULTS = {
    EntryKind.GENIQ: {"base_url"},
    EntryKind.SMSGIC: {"base_url", "recipients_encoding"},
    EntryKind.UBILL: {"base_url", "send_method", "time_zone"},
    EntryKind.SMSGATEWAY24: {"base_url", "send_method", "time_zone"},
    EntryKind.GENIOSMS: {
        "base_url",
        "user_agent",
        *(f"parameter_{name}" for name in ("to", "msg", "api", "custom")),
    },
}


@EVERY_ACCOUNT
async def test_what_holds_by_itself_is_shown_and_not_kept(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    result = await start(hass, kind)
    assert set(shown(result)) == DEFAULTS[kind]

    typed = first_form(kind, shown(result))
    result = await after_first_form(hass, await submit(hass, result, typed), kind)

    assert result["data"] == account(kind)


@pytest.mark.parametrize(
    ("kind", "advanced", "kept"),
    [
        (
            EntryKind.GENIQ,
            {"base_url": " http://127.0.0.1:8080/v1 "},
            {"base_url": "http://127.0.0.1:8080/v1"},
        ),
        (EntryKind.SMSGIC, {"recipients_encoding": "string"}, {"recipients_encoding": "string"}),
        (
            EntryKind.UBILL,
            {"send_method": "get", "time_zone": "Europe/Riga", "callback_key": "own-key"},
            {"send_method": "get", "time_zone": "Europe/Riga", "callback_key": "own-key"},
        ),
        (EntryKind.SMSGATEWAY24, {"send_method": "login"}, {"send_method": "login"}),
        (
            EntryKind.GENIOSMS,
            {
                "parameter_to": "number",
                "extra_params": ["id_device = 12", "token=a=b"],
                "user_agent": "HomeAssistant",
            },
            {
                "parameters": {"to": "number"},
                "extra_params": {"id_device": "12", "token": "a=b"},
                "user_agent": "HomeAssistant",
            },
        ),
    ],
)
async def test_what_differs_is_kept_and_shown_again(
    hass: HomeAssistant,
    reachable: None,
    kind: EntryKind,
    advanced: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    result = await submit(hass, await start(hass, kind), first_form(kind, advanced))
    result = await after_first_form(hass, result, kind)
    assert result["data"] == account(kind, **kept)

    entry = result["result"]
    again = shown(
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
        )
    )
    tidy = {"extra_params": ["id_device=…", "token=…"], "base_url": "http://127.0.0.1:8080/v1"}
    assert {name: again[name] for name in advanced} == {
        name: tidy.get(name, value) for name, value in advanced.items()
    }


@pytest.mark.parametrize(
    ("kind", "wrong", "advanced", "errors"),
    [
        (EntryKind.GENIQ, {"originator": "Twelve chars"}, {}, {"originator": "invalid_originator"}),
        (EntryKind.GENIQ, {"originator": " "}, {}, {"originator": "missing"}),
        (EntryKind.GENIQ, {"api_secret": " "}, {}, {"api_secret": "missing"}),
        (EntryKind.GENIQ, {}, {"base_url": "api.geniq.io"}, {"base": "invalid_base_url"}),
        (EntryKind.GENIQ, {}, {"base_url": "https://[geniq"}, {"base": "invalid_base_url"}),
        (EntryKind.GENIQ, {}, {"base_url": "https://me:pw@geniq.io"}, {"base": "invalid_base_url"}),
        (EntryKind.UBILL, {}, {"time_zone": "Tbilisi"}, {"base": "invalid_time_zone"}),
        (EntryKind.UBILL, {}, {"callback_key": "k" * 31}, {"base": "invalid_callback_key"}),
        (EntryKind.SMSGATEWAY24, {"password": ""}, {}, {"base": "credentials_missing"}),
        (
            EntryKind.SMSGATEWAY24,
            {"password": "", "token": "a-token"},
            {"send_method": "login"},
            {"base": "login_missing"},
        ),
        (EntryKind.GENIOSMS, {}, {"extra_params": ["id_device"]}, {"base": "invalid_extra_params"}),
        (EntryKind.GENIOSMS, {}, {"extra_params": ["id_device=…"]}, {"base": "invalid_extra_params"}),
    ],
)
async def test_what_cannot_be_right_is_told_before_anybody_is_asked(
    hass: HomeAssistant,
    *,
    provider: StubProvider,
    reachable: None,
    kind: EntryKind,
    wrong: dict[str, Any],
    advanced: dict[str, Any],
    errors: dict[str, str],
) -> None:
    result = await submit(hass, await start(hass, kind), first_form(kind, advanced, **wrong))
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)
    assert shown(result) == {**TYPED[kind], **wrong, **advanced}
    assert provider.made_of == []

    result = await after_first_form(hass, await submit(hass, result, first_form(kind)), kind)
    assert result["type"] is FlowResultType.CREATE_ENTRY


# -- what is chosen


async def test_a_token_does_instead_of_a_login(hass: HomeAssistant, reachable: None) -> None:
    kind = EntryKind.SMSGATEWAY24
    result = await submit(hass, await start(hass, kind), {"token": "a-token", ADVANCED: {}})

    result = await after_first_form(hass, result, kind)

    assert result["data"] == {
        CONF_KIND: kind,
        CONF_WEBHOOK_ID: WEBHOOK_ID,
        "token": "a-token",
        **KEPT[kind],
    }


async def test_an_account_without_a_phone_is_told(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    kind = EntryKind.SMSGATEWAY24
    provider.listed = {}
    result = await submit(hass, await start(hass, kind), first_form(kind))
    assert (result["step_id"], result["errors"]) == (kind, {"base": "no_devices"})

    provider.listed = CHOICES
    result = await after_first_form(hass, await submit(hass, result, first_form(kind)), kind)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("kind", "name", "wrong", "error", "typed", "kept"),
    [
        (EntryKind.SMSGIC, "originator", " ", "missing", " Mine ", "Mine"),
        (EntryKind.UBILL, "brand_id", "Brand", "invalid_brand", "12", 12),
        (EntryKind.UBILL, "brand_id", "1" * 5000, "invalid_brand", "12", 12),
    ],
)
async def test_what_is_not_listed_may_be_typed(
    hass: HomeAssistant,
    *,
    provider: StubProvider,
    reachable: None,
    kind: EntryKind,
    name: str,
    wrong: str,
    error: str,
    typed: str,
    kept: object,
) -> None:
    provider.listed = {}
    result = await submit(hass, await start(hass, kind), first_form(kind))
    result = await submit(hass, result, {name: wrong})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {name: error})

    result = await submit(hass, result, {name: typed})
    if result["type"] is FlowResultType.FORM:
        result = await submit(hass, result, {})
    assert result["data"] == account(kind, **{name: kept})


# -- a test message


async def to_test_form(hass: HomeAssistant) -> ConfigFlowResult:
    result = await submit(hass, await start(hass, EntryKind.GENIOSMS), first_form(EntryKind.GENIOSMS))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "geniosms_test")
    return result


async def test_a_test_message_is_sent_where_nothing_else_shows_whether_the_key_is_right(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    hass.config.country = "DE"
    result = await submit(hass, await to_test_form(hass), {"test_number": " 0170 1234567 "})
    assert result["step_id"] == "geniosms_callback"

    (sent,) = provider.sent
    assert (sent.message.recipient, sent.message.text) == ("+491701234567", "Test message from test home")
    assert 0 < sent.reference < 2**31


async def test_a_test_message_may_be_left_out(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    result = await submit(hass, await to_test_form(hass), {"test_number": ""})

    assert result["step_id"] == "geniosms_callback"
    assert provider.sent == []


#: What is wrong with the account, not with the message or the moment.
OF_THE_ACCOUNT = {ErrorCode.AUTH, ErrorCode.IP_DENIED, ErrorCode.NETWORK, ErrorCode.UNSUPPORTED}


@FAULTS
async def test_a_test_message_that_was_not_sent_is_told_and_tried_again(
    hass: HomeAssistant, provider: StubProvider, reachable: None, fault: ProviderError, error: str
) -> None:
    provider.outcome = fault.outcome()
    if isinstance(fault, NoAnswerError):
        error = "test_unknown"
    number = {"test_number": "+491701234567"}
    result = await submit(hass, await to_test_form(hass), number)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})

    provider.outcome = Taken(references=("1",))
    if fault.code in OF_THE_ACCOUNT:
        assert shown(result) == TYPED[EntryKind.GENIOSMS]
        result = await submit(hass, result, first_form(EntryKind.GENIOSMS))
    assert (result["step_id"], shown(result)) == ("geniosms_test", number)
    result = await submit(hass, result, number)
    assert result["step_id"] == "geniosms_callback"


async def test_a_key_that_a_test_message_shows_to_be_wrong_is_asked_again(
    hass: HomeAssistant, provider: StubProvider
) -> None:
    kind = EntryKind.GENIOSMS
    entry = add_entry(hass, kind)
    provider.outcome = AuthError("wrong key").outcome()
    result = await submit(hass, await entry.start_reauth_flow(hass), {"api_key": "wrong-key"})
    result = await submit(hass, result, {"test_number": "+491701234567"})
    assert (result["step_id"], result["errors"]) == ("reauth_confirm", {"base": "invalid_auth"})

    provider.outcome = Taken(references=("1",))
    result = await submit(hass, result, NEW_CREDENTIALS[kind])
    result = await submit(hass, result, {"test_number": "+491701234567"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data == account(kind, **NEW_CREDENTIALS[kind])


async def test_a_test_message_goes_only_to_a_number(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    result = await submit(hass, await to_test_form(hass), {"test_number": "anna"})

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"test_number": "invalid_number"})
    assert provider.sent == []


# -- where the provider may call us


@pytest.mark.parametrize("kind", [kind for kind in ACCOUNTS if CAPABILITIES[kind] & CALLBACKS])
async def test_the_address_for_callbacks_is_shown_before_the_account_is_saved(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    result = await submit(hass, await start(hass, kind), first_form(kind))
    if kind in CHOSEN:
        result = await submit(hass, result, CHOSEN[kind])

    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, f"{kind}_callback")
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["url"] == f"{EXTERNAL_URL}/api/webhook/{WEBHOOK_ID}"
    assert placeholders["key"] == account(kind).get("callback_key", "")


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (EntryKind.GENIQ, "unreported"),
        (EntryKind.UBILL, "polled"),
        (EntryKind.SMSGATEWAY24, "polled"),
        (EntryKind.GENIOSMS, "unreported"),
    ],
)
async def test_without_a_public_address_the_form_says_what_goes_without_one(
    hass: HomeAssistant, kind: EntryKind, step: str
) -> None:
    hass.config.internal_url = "http://192.168.1.2:8123"
    result = await submit(hass, await start(hass, kind), first_form(kind))
    if kind in CHOSEN:
        result = await submit(hass, result, CHOSEN[kind])
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, step)

    result = await submit(hass, result, {})
    assert (result["type"], result["data"]) == (FlowResultType.CREATE_ENTRY, account(kind))


async def test_a_provider_that_never_calls_needs_no_address(hass: HomeAssistant, reachable: None) -> None:
    kind = EntryKind.SMSGIC
    result = await submit(hass, await start(hass, kind), first_form(kind))

    assert (await submit(hass, result, CHOSEN[kind]))["type"] is FlowResultType.CREATE_ENTRY


@pytest.fixture
def hooks(hass: HomeAssistant) -> Iterator[set[str]]:
    """Webhooks that Home Assistant Cloud passes on."""
    found: set[str] = set()

    async def create(_hass: HomeAssistant, webhook_id: str) -> str:
        found.add(webhook_id)
        return CLOUD_URL

    async def delete(_hass: HomeAssistant, webhook_id: str) -> None:
        found.remove(webhook_id)

    hass.config.components.add("cloud")
    with (
        patch.object(cloud, "async_active_subscription", return_value=True),
        patch.object(cloud, "async_get_or_create_cloudhook", create),
        patch.object(cloud, "async_delete_cloudhook", delete),
    ):
        yield found


async def test_home_assistant_cloud_gives_an_address(hass: HomeAssistant, hooks: set[str]) -> None:
    kind = EntryKind.GENIQ
    result = await submit(hass, await start(hass, kind), first_form(kind))
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert (result["step_id"], placeholders["url"]) == ("geniq_callback", CLOUD_URL)

    assert (await submit(hass, result, {}))["type"] is FlowResultType.CREATE_ENTRY
    assert hooks == {WEBHOOK_ID}


async def test_the_address_of_an_account_that_is_not_saved_is_taken_back(
    hass: HomeAssistant, hooks: set[str]
) -> None:
    kind = EntryKind.GENIQ
    result = await submit(hass, await start(hass, kind), first_form(kind))
    assert hooks == {WEBHOOK_ID}

    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert hooks == set()


async def test_the_address_of_an_account_that_is_not_changed_stays(
    hass: HomeAssistant, hooks: set[str]
) -> None:
    kind = EntryKind.GENIQ
    flow = await add_entry(hass, kind).start_reconfigure_flow(hass)
    result = await submit(hass, flow, first_form(kind))
    assert result["step_id"] == "geniq_callback"

    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert hooks == {WEBHOOK_ID}


# -- reconfigure


@EVERY_ACCOUNT
async def test_a_form_that_changes_an_account_shows_no_secret_and_keeps_them(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    entry = add_entry(hass, kind)
    result = await entry.start_reconfigure_flow(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, kind)
    secrets = {name for name, one in FORMS[kind].credentials.items() if one.secret}
    present = shown(result)
    assert not secrets & present.keys()

    typed = {name: value for name, value in TYPED[kind].items() if name not in secrets}
    advanced = {name: value for name, value in present.items() if name in FORMS[kind].advanced}
    result = await submit(hass, result, {**typed, ADVANCED: advanced})
    if kind in KEPT:
        assert shown(result) == CHOSEN[kind]
    result = await after_first_form(hass, result, kind)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (entry.data, entry.title) == (account(kind), "My account")


@EVERY_ACCOUNT
async def test_an_account_can_follow_its_owner_to_other_credentials(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    entry = add_entry(hass, kind)
    typed = {**first_form(kind), **NEW_CREDENTIALS[kind]}

    result = await submit(hass, await entry.start_reconfigure_flow(hass), typed)
    result = await after_first_form(hass, result, kind)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (
        entry.data == account(kind, callback_key="k" * 30, **NEW_CREDENTIALS[kind])
        if (kind is EntryKind.UBILL)
        else account(kind, **NEW_CREDENTIALS[kind])
    )
    assert entry.unique_id == unique_id(entry.data)


async def test_further_parameters_are_kept_without_being_shown(hass: HomeAssistant, reachable: None) -> None:
    kind = EntryKind.GENIOSMS
    entry = add_entry(hass, kind, extra_params={"id_device": "12", "token": "a=b"})
    typed = first_form(kind, {"extra_params": ["token=…", "id_device=13"]})

    result = await submit(hass, await entry.start_reconfigure_flow(hass), typed)
    await after_first_form(hass, result, kind)

    assert entry.data == account(kind, extra_params={"id_device": "13", "token": "a=b"})


async def test_secrets_of_another_login_are_forgotten(hass: HomeAssistant, reachable: None) -> None:
    kind = EntryKind.SMSGATEWAY24
    entry = add_entry(hass, kind, token="a-token")
    typed = {"email": "bert@example.org", ADVANCED: {}}

    result = await submit(hass, await entry.start_reconfigure_flow(hass), typed)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "credentials_missing"})

    result = await submit(hass, result, {**typed, "password": "berts"})
    result = await after_first_form(hass, result, kind)
    assert entry.data == account(kind, email="bert@example.org", password="berts")


async def test_a_phone_that_left_the_account_is_not_suggested(
    hass: HomeAssistant, provider: StubProvider, reachable: None
) -> None:
    kind = EntryKind.SMSGATEWAY24
    entry = add_entry(hass, kind, device_id="4999")

    result = await submit(hass, await entry.start_reconfigure_flow(hass), first_form(kind))

    assert shown(result) == {"device_id": "5001", "sim": "1"}


async def test_an_account_cannot_become_what_another_entry_has(
    hass: HomeAssistant, provider: StubProvider
) -> None:
    kind = EntryKind.SMSGIC
    entry = add_entry(hass, kind)
    add_entry(hass, kind, token="second-token")

    result = await submit(
        hass, await entry.start_reconfigure_flow(hass), first_form(kind, token="second-token")
    )

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data == account(kind)


# -- signing in again


@EVERY_ACCOUNT
async def test_signing_in_again_asks_for_credentials_and_nothing_else(
    hass: HomeAssistant, reachable: None, kind: EntryKind
) -> None:
    entry = add_entry(hass, kind)
    result = await entry.start_reauth_flow(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "reauth_confirm")
    assert result["data_schema"] is not None
    assert {str(key) for key in result["data_schema"].schema} == set(FORMS[kind].credentials)
    assert shown(result) == {name: value for name, value in TYPED[kind].items() if name == "email"}

    result = await submit(hass, result, NEW_CREDENTIALS[kind])
    if kind is EntryKind.GENIOSMS:
        assert result["step_id"] == "geniosms_test"
        result = await submit(hass, result, {})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data == account(kind, **NEW_CREDENTIALS[kind])
    assert entry.unique_id == unique_id(entry.data)


@FAULTS
async def test_signing_in_again_tells_what_is_wrong_and_is_tried_again(
    hass: HomeAssistant, provider: StubProvider, fault: ProviderError, error: str
) -> None:
    kind = EntryKind.GENIQ
    entry = add_entry(hass, kind)
    provider.fault = fault
    result = await submit(hass, await entry.start_reauth_flow(hass), NEW_CREDENTIALS[kind])
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": error})
    assert shown(result) == NEW_CREDENTIALS[kind]

    provider.fault = None
    result = await submit(hass, result, NEW_CREDENTIALS[kind])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")


async def test_signing_in_needs_all_of_a_login(hass: HomeAssistant) -> None:
    kind = EntryKind.SMSGATEWAY24
    entry = add_entry(hass, kind)

    result = await submit(hass, await entry.start_reauth_flow(hass), {"email": "bert@example.org"})

    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "credentials_missing"})


async def test_signing_in_needs_no_phone(hass: HomeAssistant, provider: StubProvider) -> None:
    kind = EntryKind.SMSGATEWAY24
    entry = add_entry(hass, kind)
    provider.listed = {}

    result = await submit(hass, await entry.start_reauth_flow(hass), NEW_CREDENTIALS[kind])

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")


async def test_signing_in_to_what_another_entry_has_is_refused(hass: HomeAssistant) -> None:
    kind = EntryKind.UBILL
    entry = add_entry(hass, kind)
    add_entry(hass, kind, api_key="second-key")

    result = await submit(hass, await entry.start_reauth_flow(hass), NEW_CREDENTIALS[kind])

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data == account(kind)


# -- the frontend


@EVERY_ACCOUNT
async def test_the_frontend_is_given_a_form_that_it_can_show(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None, kind: EntryKind
) -> None:
    for served in ("config", "webhook"):
        assert await async_setup_component(hass, served, {})
    client = await hass_client()
    menu = await client.post("/api/config/config_entries/flow", json={"handler": DOMAIN})
    flow_id = (await menu.json())["flow_id"]

    answer = await client.post(f"/api/config/config_entries/flow/{flow_id}", json={"next_step_id": kind})

    *fields, advanced = (await answer.json())["data_schema"]
    assert {known["name"] for known in fields} == set(TYPED[kind]) | set(FORMS[kind].credentials)
    assert (advanced["name"], advanced["type"], advanced["expanded"]) == (ADVANCED, "expandable", False)
    assert [known["name"] for known in advanced["schema"]] == list(FORMS[kind].advanced)
    hidden = {known["name"] for known in fields if known["selector"]["text"]["type"] == "password"}
    assert hidden == {name for name, one in FORMS[kind].credentials.items() if one.secret}
