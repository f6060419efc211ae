"""The kinds of gateway: which keys each takes, what they become, and where its link is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sms_bridge.config.checks import PATTERN, TEXT, choice, nullable, text, whole
from sms_bridge.config.kind import GatewayKind
from sms_bridge.config.providers import PROVIDERS
from sms_bridge.config.schema import OrNull, key, needed
from sms_bridge.links.settings import BalanceQuery, ModemLinkSettings
from sms_bridge.modem.model import ModemSettings, OnCall, Roaming
from sms_bridge.modem.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.schema import Section


_USSD: Final = text("a USSD code such as *100#", pattern=r"[*#][0-9*#]{1,180}")

_BALANCE: Final[Section] = {
    needed("ussd", "code that asks the network"): _USSD,
    needed("pattern", "regular expression with one group around the amount"): PATTERN,
    key("currency", None, "ISO 4217 code"): nullable(
        text("three capital letters such as EUR", pattern="[A-Z]{3}")
    ),
}

#: 3GPP TS 27.007 clause 8.3: a SIM's PIN, four to eight digits.
_PIN: Final = text("four to eight digits (best as !secret NAME)", pattern="[0-9]{4,8}", secret=True)

_MODEM: Final[Section] = {
    needed("port", "device, best from /dev/serial/by-id/; or socket://host:port, rfc2217://host:port"): TEXT,
    key("baudrate", 115200, "speed of a real serial line"): whole(300, 4_000_000),
    key("pin", None, "PIN of the SIM; a wrong one is never tried twice"): nullable(_PIN),
    key("profile", "auto", "peculiarities of a modem family"): choice(["auto", *sorted(PROFILES)]),
    key("roaming", "allow", "send in foreign networks"): choice(["allow", "deny"], Roaming),
    key("on_call", "ignore", "what to do with an incoming call"): choice(["ignore", "hang_up"], OnCall),
    key("smsc", None, "service centre in place of the SIM's"): nullable(
        text('a number such as "+491710760000"', pattern=r"\+[1-9][0-9]{6,14}", number=True)
    ),
    key("imei", None, "the only modem accepted on this port"): nullable(
        text("the 15 digits of an IMEI", pattern="[0-9]{15}", number=True)
    ),
    key("imsi", None, "the only SIM accepted on this port"): nullable(
        text("the 6 to 15 digits of an IMSI", pattern="[0-9]{6,15}", number=True)
    ),
    key("balance", None, "how a prepaid SIM is asked for its balance"): OrNull(_BALANCE),
}


def _modem(values: Mapping[str, object]) -> ModemLinkSettings:
    balance = values["balance"]
    engine = {name: value for name, value in values.items() if name != "balance"}
    return ModemLinkSettings(
        modem=ModemSettings(**engine),  # type: ignore[arg-type] # the schema above has just checked them
        balance=BalanceQuery(**balance) if isinstance(balance, dict) else None,
    )


KINDS: Final[Mapping[str, GatewayKind]] = {
    "modem": GatewayKind(section=_MODEM, maker="sms_bridge.app.modem_gateway", build=_modem),
    **PROVIDERS,
}

#: Kinds that are described for other versions; naming them gives a better answer than "unknown".
ABSENT_KINDS: Final = (
    "android",
    "android_local",
    "smpp",
)
