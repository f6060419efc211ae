"""What accounts list: senders, rates, phones, prices, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from custom_components.sms_gateway.const import EntryKind
from sms_bridge.simulator.provider_faults import Fault
from tests.component.conftest import ANNAS_NUMBER

if TYPE_CHECKING:
    from tests.component.account_actions.live import Live

SMSGIC = pytest.mark.parametrize("kind", [EntryKind.SMSGIC])
UBILL = pytest.mark.parametrize("kind", [EntryKind.UBILL])
SMSGATEWAY24 = pytest.mark.parametrize("kind", [EntryKind.SMSGATEWAY24])


@SMSGIC
async def test_smsgic_lists_its_senders(account: Live) -> None:
    assert await account.ask("list_senders") == {
        "senders": [
            {"id": "45", "name": "MegaShop"},
            {"id": "46", "name": "DSTLCKDM"},
            {"id": "136", "name": "MEGA"},
        ]
    }


@UBILL
async def test_ubill_lists_its_brands(account: Live) -> None:
    (brand,) = (await account.ask("list_senders"))["senders"]
    assert (brand["id"], brand["name"], brand["authorized"]) == ("1", "SIMULATED", True)
    assert brand["created_at"]


@SMSGIC
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"mcc": "262"}, {("262", None, "Germany", 0.075)}),
        ({"mcc": "218", "mnc": "05"}, {("218", "05", "Latvia", 0.4397)}),
        ({"country": "Denmark"}, {("238", "02", "Denmark", 0.45)}),
        ({"country_id": "6"}, {("234", None, "United Kingdom", 0.03)}),
    ],
)
async def test_rates_are_filtered(
    account: Live, filters: dict[str, str], found: set[tuple[Any, ...]]
) -> None:
    answer = await account.ask("list_rates", **filters)
    assert answer["currency"] == "GBP"
    assert {(rate["mcc"], rate["mnc"], rate["country"], rate["rate"]) for rate in answer["rates"]} == found


@SMSGIC
@pytest.mark.parametrize("filters", [{"mcc": "26"}, {"mnc": "01"}, {"mcc": "262", "mnc": "1234"}])
async def test_a_filter_that_cannot_be_is_refused_here(account: Live, filters: dict[str, str]) -> None:
    key, placeholders = await account.refused("list_rates", **filters)
    assert (key, placeholders["code"]) == ("refused", "invalid_payload")
    assert "GET /rates" not in account.server.met.names("endpoint")


@SMSGATEWAY24
async def test_phones_are_listed_with_their_sims(account: Live) -> None:
    (device,) = (await account.ask("list_devices"))["devices"]
    assert device["id"] == account.server.credentials()["device_id"]
    assert device["title"]
    assert device["last_seen"]
    assert {"slot", "number", "carrier", "country", "roaming"} == set(device["sims"][0])


@SMSGIC
async def test_refused_credentials_ask_the_user_to_sign_in(account: Live) -> None:
    account.server.answer_code("401", times=None)
    assert (await account.refused("list_senders"))[0] == "not_authenticated"
    await account.settle()
    (flow,) = account.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


# -- prices


@SMSGIC
async def test_a_quote_has_its_price(account: Live) -> None:
    answer = await account.ask("quote", message="x" * 161, target=[ANNAS_NUMBER, "+447700900123"])
    assert (answer["encoding"], answer["segments"], answer["currency"]) == ("gsm7", 2, "GBP")
    assert answer["price"] == pytest.approx(2 * 0.075 + 2 * 0.03)
    german = next(item for item in answer["destinations"] if item["destination"] == "Germany")
    assert german["numbers"] == [{"to": ANNAS_NUMBER, "segments": 2, "rate": 0.075, "total": 0.15}]
    assert (german["segments"], german["total"]) == (2, 0.15)
    assert not account.server.on_air


@SMSGIC
async def test_a_quote_without_recipients_asks_nobody(account: Live) -> None:
    answer = await account.ask("quote", message="Hello")
    assert (answer["segments"], answer["price"], answer["destinations"]) == (1, None, [])
    assert "POST /sendings/calculate" not in account.server.met.names("endpoint")


@SMSGIC
async def test_a_quote_that_nobody_answers_is_an_error(account: Live) -> None:
    account.server.faults.add(Fault(status=500), times=None, path="POST /sendings/calculate")
    key, _ = await account.refused("quote", message="Hello", target="Anna")
    assert key == "refused"


async def test_a_provider_without_prices_quotes_the_text(account: Live) -> None:
    answer = await account.ask("quote", message="Hello", target="Anna")
    assert (answer["segments"], answer["price"], answer["currency"]) == (1, None, None)


# -- what is left


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        (EntryKind.GENIQ, {"amount": 19.2594, "currency": "EUR"}),
        (EntryKind.SMSGIC, {"amount": 450.0, "currency": "GBP"}),
        (EntryKind.UBILL, {"messages": 100}),
    ],
)
async def test_a_balance_is_money_or_messages(account: Live, left: dict[str, Any]) -> None:
    assert await account.ask("get_balance") == left


async def test_an_account_has_one_balance(account: Live) -> None:
    key, placeholders = await account.refused("get_balance", gateway="stick")
    assert key == "refused"
    assert "GENIQ" in placeholders["reason"]
