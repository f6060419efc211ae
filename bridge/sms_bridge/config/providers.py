"""The gateways of providers: which keys each type takes, and what they become."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sms_bridge.config.checks import SECRET, TEXT, TIME_ZONE, WEB_URL, Check, choice, nullable, text, whole
from sms_bridge.config.document import Unreadable
from sms_bridge.config.kind import GatewayKind
from sms_bridge.config.schema import key, needed
from sms_bridge.links.settings import ProviderLinkSettings
from sms_providers.provider import ProviderKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sms_bridge.config.schema import Section

#: Kinds that can only tell by calling us what became of a message.
CALLING_KINDS: Final = frozenset({ProviderKind.GENIQ, ProviderKind.GENIOSMS})


def _parameters(value: object) -> object:
    if not isinstance(value, dict):
        raise TypeError
    if any(isinstance(given, Unreadable) for given in value.values()):
        return Unreadable()
    return {str(name): TEXT.convert(given) for name, given in value.items()}


_MORE_PARAMETERS: Final = Check(
    expected="names of parameters with their values",
    convert=_parameters,
    json={"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
    secret=True,
)

#: Keys that every provider has.
_COMMON: Final[Section] = {
    key("base_url", None, "another address of the provider's interface; null: the provider's own"): nullable(
        WEB_URL
    ),
    key("poll_interval", 60, "seconds between two looks for reports and received messages"): whole(
        1, 86_400, "seconds"
    ),
    key("response_timeout", 30, "seconds to wait for an answer"): whole(1, 600, "seconds"),
}

_GENIQ: Final[Section] = {
    needed("api_key", "key of the account"): SECRET,
    needed("api_secret", "secret of the account"): SECRET,
    needed("originator", "sender that people see"): text(
        "at most 11 letters, digits and signs, or a number of at most 15 digits",
        pattern=r"[ -~]{1,11}|\+?[0-9]{1,15}",
    ),
    **_COMMON,
}

_SMSGIC: Final[Section] = {
    needed("token", "token of the account"): SECRET,
    needed("originator", "sender that people see; the provider has to approve it"): TEXT,
    key("recipients_encoding", "auto", "how recipients are written; auto tries"): choice(
        ["auto", "array", "string"]
    ),
    **_COMMON,
}

_UBILL: Final[Section] = {
    needed("api_key", "key of the account"): SECRET,
    needed("brand_id", "number of the sender's name at the provider"): whole(1),
    key("callback_key", None, "key that the provider's calls bear; null: its calls are refused"): nullable(
        # The provider keeps no more of it.
        text("at most 30 characters (best as !secret NAME)", pattern=".{1,30}", secret=True)
    ),
    key(
        "send_method", "post_json", "get: for accounts that know no other, at the risk of doubled messages"
    ): choice(["post_json", "get"]),
    key("time_zone", "Asia/Tbilisi", "of the provider's clock"): TIME_ZONE,
    **_COMMON,
}

_SMSGATEWAY24: Final[Section] = {
    key("email", None, "of the account; with password"): nullable(TEXT),
    key("password", None, "of the account; with email"): nullable(SECRET),
    key("token", None, "of the account, in place of email and password"): nullable(SECRET),
    needed("device_id", "number of the phone at the provider"): text(
        "the number of a phone", pattern="[0-9]+"
    ),
    key("sim", 0, "SIM slot of the phone"): whole(0, 1),
    key("send_method", "token", "login: send with email and password instead of a token"): choice(
        ["token", "login"]
    ),
    key("time_zone", "Europe/Paris", "of the provider's clock"): TIME_ZONE,
    **_COMMON,
}

_GENIOSMS_NAMES: Final[Section] = {
    key("to", "to", "parameter with the number"): TEXT,
    key("msg", "msg", "parameter with the text"): TEXT,
    key("api", "api", "parameter with the key"): TEXT,
    key("custom", "custom", "parameter with the reference that reports repeat"): TEXT,
}

_GENIOSMS: Final[Section] = {
    needed("api_key", "key of the account"): SECRET,
    key("parameters", {}, "names of the interface's parameters, where they are others"): _GENIOSMS_NAMES,
    key("extra_params", {}, "further parameters of every request"): _MORE_PARAMETERS,
    key("user_agent", None, "how the bridge names itself; null: as the provider's examples do"): nullable(
        TEXT
    ),
    **_COMMON,
}


def _smsgateway24_faults(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Which credentials go together."""
    login = [name for name in ("email", "password") if values[name] is None]
    if len(login) == 1:
        (missing,) = login
        yield missing, "this key is missing; email and password go together"
    elif login and values["send_method"] == "login":
        yield "send_method", "login needs email and password"
    elif login and values["token"] is None:
        yield "token", "this key is missing; give it, or email and password"


def _build(kind: ProviderKind, values: Mapping[str, object]) -> ProviderLinkSettings:
    """``null`` stands for the provider's own default."""
    account = {
        name: str(value) if isinstance(value, ZoneInfo) else value
        for name, value in values.items()
        if value is not None and name != "poll_interval"
    }
    interval = values["poll_interval"]
    assert isinstance(interval, int)  # the schema has just checked it
    return ProviderLinkSettings(kind=kind, account=account, poll_interval=interval)


def _kind(kind: ProviderKind, section: Section) -> GatewayKind:
    plain = GatewayKind(section=section, maker="sms_bridge.app.provider_gateway", build=partial(_build, kind))
    return replace(plain, faults=_smsgateway24_faults) if kind is ProviderKind.SMSGATEWAY24 else plain


#: The types by their names in the configuration.
PROVIDERS: Final[Mapping[str, GatewayKind]] = {
    kind.value: _kind(kind, section)
    for kind, section in (
        (ProviderKind.GENIQ, _GENIQ),
        (ProviderKind.SMSGIC, _SMSGIC),
        (ProviderKind.UBILL, _UBILL),
        (ProviderKind.SMSGATEWAY24, _SMSGATEWAY24),
        (ProviderKind.GENIOSMS, _GENIOSMS),
    )
}
