"""The five providers as these tests see them: how each is simulated, configured, and made to report."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillOptions, UbillServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sms_bridge.simulator.provider import ProviderServer


@dataclass(frozen=True, kw_only=True)
class Kit:
    """One provider. ``name`` is the gateway's type; ``make`` makes a server with credit enough.

    ``account`` are keys of the configuration beside the credentials. ``send`` and ``batch`` are the endpoints that take
    one message and several; ``sent``, ``delivered`` and ``failed`` are the provider's words. ``calls`` says that it
    reports by callback, ``finds`` that it can be asked for a message whose answer was lost.
    """

    name: str
    make: Callable[[], ProviderServer]
    account: Mapping[str, object] = field(default_factory=dict)
    send: str
    batch: str
    sent: str
    delivered: str
    failed: tuple[str, str]
    calls: bool
    finds: bool


GENIQ: Final = Kit(
    name="geniq",
    make=lambda: GeniqServer(GeniqOptions(balance=Decimal(1000))),
    account={"originator": "HOME"},
    send="POST /sms",
    batch="POST /batch_sms",
    sent="processed",
    delivered="delivered",
    failed=("undeliverable", "undeliverable"),
    calls=True,
    finds=False,
)
SMSGIC: Final = Kit(
    name="smsgic",
    make=lambda: SmsgicServer(SmsgicOptions(balance="1000.000")),
    send="POST /sendings",
    batch="POST /sendings",
    sent="Sent",
    delivered="Delivered",
    failed=("Failed", "failed"),
    calls=False,
    finds=True,
)
UBILL: Final = Kit(
    name="ubill",
    make=lambda: UbillServer(UbillOptions(balance=10_000)),
    send="POST /send",
    batch="POST /send",
    sent="0",
    delivered="1",
    failed=("2", "undeliverable"),
    calls=True,
    finds=False,
)
SMSGATEWAY24: Final = Kit(
    name="smsgateway24",
    make=lambda: SmsGateway24Server(SmsGateway24Options()),
    send="POST /addsms",
    batch="POST /addalotofsms",
    sent="6",
    delivered="7",
    failed=("8", "undeliverable"),
    calls=True,
    finds=True,
)
GENIOSMS: Final = Kit(
    name="geniosms",
    make=lambda: GenioSmsServer(GenioSmsOptions()),
    send="POST /tools/api.pl",
    batch="POST /tools/api.pl",
    sent="SENT RESULT_OK",
    delivered="DELIVERY RESULT_OK",
    failed=("SENT RESULT_ERROR", "failed"),
    calls=True,
    finds=False,
)
KITS: Final = (GENIQ, SMSGIC, UBILL, SMSGATEWAY24, GENIOSMS)
CALLING: Final = tuple(kit for kit in KITS if kit.calls)
#: Each provider's codes of a refusal, and the contract's.
REFUSALS: Final[dict[str, dict[str, str]]] = {
    "geniq": {
        "1": "auth",
        "2": "ip_denied",
        "3": "auth",
        "4": "auth",
        "6": "no_credit",
        "7": "no_credit",
        "10": "no_route",
        "11": "invalid_recipient",
        "12": "invalid_originator",
        "13": "invalid_originator",
        "14": "no_route",
        "15": "blocked",
        "16": "rejected_by_network",
        "24": "auth",
        "77": "rejected_by_network",
    },
    "smsgic": {"401": "auth", "402": "no_credit", "balance": "no_credit", "422": "rejected_by_network"},
    "ubill": {
        "10": "invalid_originator",
        "20": "invalid_recipient",
        "30": "invalid_text",
        "40": "no_credit",
        "50": "invalid_recipient",
        "90": "protocol",
        "99": "rejected_by_network",
        "401": "auth",
    },
    "smsgateway24": {
        "Device not found": "no_route",
        "Body is required": "rejected_by_network",
        "Out of order": "rejected_by_network",
    },
    "geniosms": {
        "3": "auth",
        "4": "ip_denied",
        "5": "protocol",
        "6": "auth",
        "7": "invalid_recipient",
        "8": "invalid_text",
        "9": "no_credit",
    },
}
#: What the provider's word is in events, where it is not the code.
WORDS: Final = {"balance": "422"}
