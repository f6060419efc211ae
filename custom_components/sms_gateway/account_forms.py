"""What the forms of provider accounts ask, and what becomes of the answers: data of a config entry."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util
from yarl import URL

from .const import CONF_KIND, EntryKind
from .sms_providers.address import MSISDN_DIGITS, is_alphanumeric
from .sms_providers.model import ErrorCode
from .sms_providers.provider import ProviderKind
from .sms_providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The section of a form that few people open.
ADVANCED: Final = "advanced"
#: GenioSms's parameters, by their usual names. Each is asked in a field of its own; kept is a mapping of those that
#: have another name.
_PARAMETERS: Final = {f"parameter_{name}": name for name in ("to", "msg", "api", "custom")}
#: Stands for a value that is kept and not shown.
_HIDDEN: Final = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. A ``secret`` is never shown again: left empty in a form that changes an account, it stays."""

    selector: TextSelector | SelectSelector
    optional: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The first form of an account: fields by the names of the provider's settings.

    ``site`` is where people sign in. ``credentials`` are asked again when they are refused. Those of ``advanced`` are
    all optional and kept only where they differ from what the provider's settings have by themselves.
    """

    site: str
    credentials: Mapping[str, Field]
    settings: Mapping[str, Field] = field(default_factory=dict)
    advanced: Mapping[str, Field]


class UnusableError(Exception):
    """An answer cannot be used: ``key`` is that of the translated reason, ``field`` what it belongs to."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(key)
        self.field = field
        self.key = key


def _text(kind: TextSelectorType = TextSelectorType.TEXT, *, several: bool = False) -> TextSelector:
    return TextSelector(TextSelectorConfig(type=kind, autocomplete="off", multiple=several))


def _choice(key: str, *options: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN)
    )


def _secret(*, optional: bool = False) -> Field:
    return Field(selector=_text(TextSelectorType.PASSWORD), optional=optional, secret=True)


_BASE_URL: Final = {"base_url": Field(selector=_text(TextSelectorType.URL))}
_TIME_ZONE: Final = {"time_zone": Field(selector=_text())}

FORMS: Final[Mapping[EntryKind, Form]] = MappingProxyType(
    {
        EntryKind.GENIQ: Form(
            site="https://geniq.io",
            credentials={"api_key": _secret(), "api_secret": _secret()},
            settings={"originator": Field(selector=_text())},
            advanced=_BASE_URL,
        ),
        EntryKind.SMSGIC: Form(
            site="https://smsgic.com",
            credentials={"token": _secret()},
            advanced={
                **_BASE_URL,
                "recipients_encoding": Field(
                    selector=_choice("recipients_encoding", "auto", "array", "string")
                ),
            },
        ),
        EntryKind.UBILL: Form(
            site="https://ubill.ge",
            credentials={"api_key": _secret()},
            advanced={
                **_BASE_URL,
                **_TIME_ZONE,
                "send_method": Field(selector=_choice("ubill_send_method", "post_json", "get")),
                "callback_key": Field(selector=_text()),
            },
        ),
        EntryKind.SMSGATEWAY24: Form(
            site="https://smsgateway24.com",
            credentials={
                "email": Field(selector=_text(TextSelectorType.EMAIL), optional=True),
                "password": _secret(optional=True),
                "token": _secret(optional=True),
            },
            advanced={
                **_BASE_URL,
                **_TIME_ZONE,
                "send_method": Field(selector=_choice("smsgateway24_send_method", "token", "login")),
            },
        ),
        EntryKind.GENIOSMS: Form(
            site="https://geniosms.net",
            credentials={"api_key": _secret()},
            advanced={
                **_BASE_URL,
                **{name: Field(selector=_text()) for name in _PARAMETERS},
                "extra_params": Field(selector=_text(several=True)),
                "user_agent": Field(selector=_text()),
            },
        ),
    }
)


# -- forms


def account_schema(kind: EntryKind, *, changing: bool) -> vol.Schema:
    """Return the first form of an account, which is made or, if ``changing``, there already."""
    form = FORMS[kind]
    asked = _markers({**form.credentials, **form.settings}, changing=changing)
    advanced = {vol.Optional(name): asked.selector for name, asked in form.advanced.items()}
    return vol.Schema({**asked, vol.Required(ADVANCED): section(vol.Schema(advanced), {"collapsed": True})})


def credentials_schema(kind: EntryKind) -> vol.Schema:
    """Return the form that asks an account's credentials again."""
    return vol.Schema(_markers(FORMS[kind].credentials, changing=False))


def suggestions(kind: EntryKind, account: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form holds before anybody types: what there is, else what holds by itself; never a secret."""
    form = FORMS[kind]
    present = {**_defaults(kind), **account}
    names = present.get("parameters", {})
    present |= {asked: names.get(usual, usual) for asked, usual in _PARAMETERS.items()}
    present["extra_params"] = [f"{name}={_HIDDEN}" for name in present.get("extra_params", {})]
    shown = {
        name: account[name]
        for name, asked in {**form.credentials, **form.settings}.items()
        if name in account and not asked.secret
    }
    return {**shown, ADVANCED: {name: present[name] for name in form.advanced if present.get(name)}}


def _markers(asked: Mapping[str, Field], *, changing: bool) -> dict[vol.Marker, Any]:
    return {
        (vol.Optional if one.optional or (one.secret and changing) else vol.Required)(name): one.selector
        for name, one in asked.items()
    }


def _defaults(kind: EntryKind) -> dict[str, Any]:
    """What a provider's settings hold where nobody says otherwise."""
    found = {}
    for known in fields(PROVIDERS[ProviderKind(kind)].settings):
        if known.default is not MISSING:
            found[known.name] = known.default
        elif known.default_factory is not MISSING:
            found[known.name] = known.default_factory()
    return found


# -- answers


def read_credentials(kind: EntryKind, typed: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an account with the credentials that were typed. Raises :class:`UnusableError`."""
    asked = FORMS[kind].credentials
    given = _tidy(typed)
    kept = {name: present[name] for name, one in asked.items() if one.secret and name in present}
    if kind is EntryKind.SMSGATEWAY24 and given.get("email") != present.get("email"):
        # They belong to another account, or to none.
        kept = {}
    account = {name: value for name, value in present.items() if name not in asked}
    account |= {CONF_KIND: kind, **kept, **{name: given[name] for name in asked if name in given}}
    _require(kind, asked, account)
    return account


async def read_account(
    kind: EntryKind, typed: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the data of an account as the first form describes it. Raises :class:`UnusableError`."""
    form, defaults = FORMS[kind], _defaults(kind)
    account = read_credentials(kind, typed, present)
    advanced = _gathered(_tidy(typed[ADVANCED]), present)
    await _check_advanced(advanced)
    settings = {name: value for name, value in _tidy(typed).items() if name in form.settings}
    for name in (*form.settings, *form.advanced, "parameters"):
        account.pop(name, None)
    account |= settings
    account |= {name: value for name, value in advanced.items() if value != defaults.get(name)}
    _require(kind, form.settings, account)
    if check := _CHECKS.get(kind):
        check(account)
    return account


def unique_id(account: Mapping[str, Any]) -> str:
    """Name an account by what its provider knows it by, without telling that."""
    if "email" in account:
        name = account["email"].casefold()
    else:
        name = next(account[key] for key in ("api_key", "token") if key in account)
    return hashlib.sha256(f"{account[CONF_KIND]}:{name}".encode()).hexdigest()[:32]


def complaint(code: ErrorCode) -> str:
    """Return the key of the text that says what is wrong and what to do."""
    return _COMPLAINTS.get(code, "unknown")


_COMPLAINTS: Final[Mapping[ErrorCode, str]] = MappingProxyType(
    {
        ErrorCode.AUTH: "invalid_auth",
        ErrorCode.IP_DENIED: "ip_denied",
        ErrorCode.NETWORK: "cannot_connect",
        ErrorCode.PROTOCOL: "unexpected_answer",
        ErrorCode.THROTTLED: "throttled",
        ErrorCode.TIMEOUT: "cannot_connect",
        ErrorCode.UNSUPPORTED: "unexpected_answer",
    }
)


def _tidy(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without blanks around it, and without what was left empty."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in typed.items()}
    return {name: value for name, value in stripped.items() if value}


def _require(kind: EntryKind, asked: Mapping[str, Field], account: Mapping[str, Any]) -> None:
    for name, one in asked.items():
        if not one.optional and name not in account:
            raise UnusableError(name, "missing")
    if kind is EntryKind.SMSGATEWAY24 and "token" not in account and not {"email", "password"} <= {*account}:
        raise UnusableError("base", "credentials_missing")


def _gathered(advanced: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Put fields together that the provider's settings hold as a mapping."""
    gathered = {name: value for name, value in advanced.items() if name not in _PARAMETERS}
    if other := {
        usual: advanced[asked] for asked, usual in _PARAMETERS.items() if advanced.get(asked, usual) != usual
    }:
        gathered["parameters"] = other
    if lines := gathered.pop("extra_params", None):
        known = present.get("extra_params", {})
        pairs = [[part.strip() for part in line.partition("=")] for line in lines]
        if not all(name and sign and (value != _HIDDEN or name in known) for name, sign, value in pairs):
            raise UnusableError("base", "invalid_extra_params")
        gathered["extra_params"] = {
            name: known[name] if value == _HIDDEN else value for name, _, value in pairs
        }
    return gathered


async def _check_advanced(advanced: Mapping[str, Any]) -> None:
    if "base_url" in advanced and not _is_base(advanced["base_url"]):
        raise UnusableError("base", "invalid_base_url")
    if "time_zone" in advanced and await dt_util.async_get_time_zone(advanced["time_zone"]) is None:
        raise UnusableError("base", "invalid_time_zone")


def _is_base(typed: str) -> bool:
    try:
        url = URL(typed)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and not (url.user or url.query_string)


#: uBill cuts a longer key, and it travels in a query.
_CALLBACK_KEY: Final = re.compile(r"[A-Za-z0-9._~-]{1,30}")
#: Octets of a key that we make: 30 characters.
_CALLBACK_KEY_OCTETS: Final = 15


def _check_geniq(account: dict[str, Any]) -> None:
    number = account["originator"].removeprefix("+")
    is_number = number.isascii() and number.isdigit() and len(number) < MSISDN_DIGITS.stop
    if not is_number and not is_alphanumeric(account["originator"]):
        raise UnusableError("originator", "invalid_originator")


def _check_ubill(account: dict[str, Any]) -> None:
    account.setdefault("callback_key", secrets.token_hex(_CALLBACK_KEY_OCTETS))
    if _CALLBACK_KEY.fullmatch(account["callback_key"]) is None:
        raise UnusableError("base", "invalid_callback_key")


def _check_smsgateway24(account: dict[str, Any]) -> None:
    if account.get("send_method") == "login" and not {"email", "password"} <= {*account}:
        raise UnusableError("base", "login_missing")


_CHECKS: Final[Mapping[EntryKind, Callable[[dict[str, Any]], None]]] = MappingProxyType(
    {
        EntryKind.GENIQ: _check_geniq,
        EntryKind.SMSGATEWAY24: _check_smsgateway24,
        EntryKind.UBILL: _check_ubill,
    }
)
