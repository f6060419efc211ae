"""The five providers as tests meet them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from custom_components.sms_gateway.const import EntryKind
from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_bridge.simulator.provider_ubill import UbillOptions, UbillServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.provider import ProviderServer


@dataclass(frozen=True)
class Case:
    """A provider: its server, what its entry holds beside the credentials, and what it tells of a message."""

    server: Callable[[], ProviderServer]
    fields: dict[str, Any] = field(default_factory=dict)
    calls: bool = True
    has_balance: bool = True


CASES = {
    EntryKind.GENIQ: Case(lambda: GeniqServer(GeniqOptions(auto_delay=0))),
    EntryKind.SMSGIC: Case(lambda: SmsgicServer(SmsgicOptions(auto_delay=0)), calls=False),
    EntryKind.UBILL: Case(lambda: UbillServer(UbillOptions(auto_delay=0)), fields={"brand_id": 1}),
    EntryKind.SMSGATEWAY24: Case(
        lambda: SmsGateway24Server(SmsGateway24Options(auto_delay=0)), has_balance=False
    ),
    EntryKind.GENIOSMS: Case(lambda: GenioSmsServer(GenioSmsOptions(auto_delay=0)), has_balance=False),
}
