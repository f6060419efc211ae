"""An account at GENIQ: what it declares, what is left, and what it cannot tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_providers.exceptions import ProtocolError
from sms_providers.geniq import Account, Billing
from sms_providers.model import Balance, Capability
from sms_providers.provider import LostSend, OpenSend, ProviderKind
from tests.providers.geniq.account import ANNA, connect, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.geniq import Geniq
    from sms_providers.provider import Provider
    from tests.providers.geniq.conftest import Clock

NOW = datetime(2026, 11, 20, tzinfo=UTC)


async def test_what_geniq_cannot_tell_is_empty_and_asks_nothing(geniq: Geniq, server: GeniqServer) -> None:
    provider: Provider = geniq
    lost = LostSend(reference=1, message=outgoing().message, sent_at=NOW)
    assert await provider.find([lost], frozenset()) == {}
    assert list(await provider.reports([OpenSend(reference="a", recipient=ANNA, taken_at=NOW)])) == []
    assert await provider.incoming(None) is None
    assert server.met.names("endpoint") == []


def test_an_account_declares_what_it_can(geniq: Geniq) -> None:
    assert (geniq.kind, geniq.title) == (ProviderKind.GENIQ, "GENIQ")
    assert set(geniq.options) == {"originatorTon", "udh", "dataCoding", "validity", "reference"}
    assert {Capability.WHATSAPP, Capability.VERIFY, Capability.VOICE} < geniq.capabilities
    assert not {Capability.SCHEDULE, Capability.DATA, Capability.RECONCILE} & geniq.capabilities


@pytest.mark.parametrize(("prepaid", "billing"), [(True, Billing.PREPAID), (False, Billing.POSTPAID)])
async def test_the_balance_goes_down_by_what_is_sent(
    prepaid: bool,  # noqa: FBT001 - a case of the table above
    billing: Billing,
    *,
    http: aiohttp.ClientSession,
    clock: Clock,
) -> None:
    options = GeniqOptions(
        clock=clock, balance=Decimal("10.10"), price=Decimal("0.05"), currency="SGD", prepaid=prepaid
    )
    async with GeniqServer(options) as server:
        geniq = connect(server, http, clock)
        await geniq.send([outgoing()])
        account = await geniq.account()
        assert account == Account(balance=Balance(amount=Decimal("10.05"), currency="SGD"), billing=billing)
        assert await geniq.balance() == account.balance


@pytest.mark.parametrize(
    ("members", "account"),
    [
        (
            {"balance": "0.10", "currency": "EUR", "type": "prepaid"},
            Account(balance=Balance(amount=Decimal("0.10"), currency="EUR"), billing=Billing.PREPAID),
        ),
        (
            {"balance": -3, "currency": "", "type": "Barter"},
            Account(balance=Balance(amount=Decimal(-3), currency=None), billing=None),
        ),
    ],
)
async def test_a_balance_is_read_however_it_is_written(
    members: dict[str, object], account: Account, geniq: Geniq, server: GeniqServer
) -> None:
    body = json.dumps({"responseCode": 0, **members})
    server.faults.add(Fault(status=200, body=body), path="/balance")
    assert await geniq.account() == account


@pytest.mark.parametrize(
    "balance", ['"plenty"', "null", '"NaN"', "[]", "true", "NaN", "1e99999999999999999999"]
)
async def test_a_balance_that_is_no_number_is_an_error(
    balance: str, geniq: Geniq, server: GeniqServer
) -> None:
    body = f'{{"responseCode": 0, "balance": {balance}}}'
    server.faults.add(Fault(status=200, body=body), times=None, path="/balance")
    with pytest.raises(ProtocolError):
        await geniq.balance()


async def test_a_balance_is_asked_for_again_where_the_connection_drops(
    geniq: Geniq, server: GeniqServer
) -> None:
    server.faults.add(Fault(cut_after=True), times=2, path="/balance")
    assert (await geniq.balance()).currency == "EUR"
