"""What else SMSgic can be asked: money, senders, prices, quotes, its own health."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sms_providers.exceptions import RejectedError
from sms_providers.model import Balance, Capability
from sms_providers.provider import CallbackError, CallbackRequest, ProviderKind
from sms_providers.smsgic import Smsgic
from tests.providers.smsgic.account import ANNA, BERT, TEXT, outgoing

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_smsgic import SmsgicServer
    from sms_providers.provider import Provider
    from tests.providers.clock import Clock


async def test_it_is_a_provider(smsgic: Smsgic) -> None:
    provider: Provider = smsgic
    assert (provider.kind, provider.title) == (ProviderKind.SMSGIC, "SMSgic")
    assert Capability.RECONCILE in Smsgic.capabilities
    assert Capability.INCOMING not in Smsgic.capabilities


async def test_the_balance_goes_down_with_what_is_sent(smsgic: Smsgic) -> None:
    assert await smsgic.balance() == Balance(amount=Decimal("450.000"), currency="GBP")
    await smsgic.send([outgoing()])
    assert (await smsgic.balance()).amount < Decimal(450)
    await smsgic.check()


async def test_senders_have_ids_and_names(smsgic: Smsgic) -> None:
    assert [(sender.id, sender.name) for sender in await smsgic.senders()] == [
        ("45", "MegaShop"),
        ("46", "DSTLCKDM"),
        ("136", "MEGA"),
    ]


async def test_rates_can_be_filtered(smsgic: Smsgic, server: SmsgicServer) -> None:
    everything = await smsgic.rates()
    assert all(rate.rate > 0 for rate in everything)
    some = everything[0]
    assert some in await smsgic.rates(mcc=some.mcc)
    assert await smsgic.rates(mcc=some.mcc, mnc=some.mnc or "null", country=some.country[:3], country_id=1)
    assert {rate.mnc for rate in await smsgic.rates(mcc=some.mcc, mnc="null")} <= {None}
    assert {"GET /rates mcc", "GET /rates mnc", "GET /rates country", "GET /rates country_id"} <= set(
        server.met.names("parameter")
    )


async def test_a_filter_that_smsgic_refuses_is_said(smsgic: Smsgic) -> None:
    with pytest.raises(RejectedError) as caught:
        await smsgic.rates(country_id=4711)
    assert caught.value.provider_code == "422"


async def test_a_quote_costs_nothing(smsgic: Smsgic, server: SmsgicServer) -> None:
    quote = await smsgic.quote(TEXT * 7, [ANNA, BERT])
    assert quote.segments == 4
    assert quote.total == quote.subtotal + quote.tax
    assert sum(destination.total for destination in quote.destinations) == quote.subtotal
    numbers = [number for destination in quote.destinations for number in destination.numbers]
    assert [number.recipient for number in numbers] == ["4915752982212", "447700900123"]
    assert all(number.total == number.rate * number.segments for number in numbers)
    assert server.on_air == []


async def test_a_quote_for_a_number_that_is_none_is_not_asked_for(smsgic: Smsgic) -> None:
    with pytest.raises(RejectedError):
        await smsgic.quote(TEXT, ["110"])
    assert smsgic.transcript() == ()


async def test_a_sending_can_be_looked_at(smsgic: Smsgic, clock: Clock) -> None:
    await smsgic.send([outgoing()])
    (listed,) = await smsgic.sendings()
    assert (listed.id, listed.text, listed.status, listed.segments) == ("458", TEXT, "Pending", 1)
    assert listed.created_at == clock.now
    single = await smsgic.sending("458")
    assert single is not None
    assert (single.status, single.text, single.updated_at) == ("Draft", None, clock.now)
    assert await smsgic.sending("459") is None
    assert TEXT not in repr(listed)


async def test_the_service_says_that_it_is_well(smsgic: Smsgic) -> None:
    assert await smsgic.status()


async def test_nothing_comes_in(smsgic: Smsgic) -> None:
    assert await smsgic.incoming(None) is None
    with pytest.raises(CallbackError) as caught:
        smsgic.read_callback(CallbackRequest(method="POST", content_type="", query="", body=b""))
    assert caught.value.status == 404


async def test_the_transcript_names_requests_and_results(smsgic: Smsgic) -> None:
    await smsgic.send([outgoing()])
    (line,) = smsgic.transcript()
    assert line.startswith("POST /sendings: HTTP 200")
