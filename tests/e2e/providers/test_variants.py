"""What the documents leave open: each way that an account can be set up, and each way that a provider may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer, Wrapping
from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import (
    ErrorStyle,
    SmsGateway24Options,
    SmsGateway24Server,
)
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_bridge.simulator.provider_smsgic_rules import RecipientsForm
from sms_bridge.simulator.provider_ubill import UbillOptions, UbillServer
from tests.e2e.providers.account import CLOUD
from tests.e2e.providers.kits import GENIOSMS, GENIQ, SMSGATEWAY24, SMSGIC, UBILL

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.simulator.provider import ProviderServer
    from tests.e2e.providers.account import Account
    from tests.e2e.providers.kits import Kit
    from tests.e2e.world import Json

    #: An account: the provider, how it answers, how the gateway is configured, and the endpoint that must be used.
    Variant = tuple[Kit, Callable[[], ProviderServer], Json, str]

#: A token of SmsGateway24 that is valid for ever.
KEPT: Final = "0123456789abcdef0123456789abcdef"
VARIANTS: Final[dict[str, Variant]] = {
    "geniq with numbers as codes and HTTP 200 for all": (
        GENIQ,
        lambda: GeniqServer(GeniqOptions(numeric_codes=True, always_200=True, batch_counts_failed=True)),
        {},
        "POST /batch_sms",
    ),
    "geniq with lists of two at most": (
        GENIQ,
        lambda: GeniqServer(GeniqOptions(batch_maximum=2)),
        {},
        "POST /batch_sms",
    ),
    "smsgic with recipients as a string": (
        SMSGIC,
        lambda: SmsgicServer(SmsgicOptions(recipients_form=RecipientsForm.STRING, trailing_commas=True)),
        {"recipients_encoding": "string"},
        "POST /sendings",
    ),
    "smsgic that is found out about": (
        SMSGIC,
        lambda: SmsgicServer(SmsgicOptions(recipients_form=RecipientsForm.STRING)),
        {},
        "POST /sendings",
    ),
    "ubill by GET": (
        UBILL,
        lambda: UbillServer(UbillOptions(strings=True)),
        {"send_method": "get"},
        "GET /send",
    ),
    "smsgateway24 with a login for each message": (
        SMSGATEWAY24,
        lambda: SmsGateway24Server(SmsGateway24Options(error_style=ErrorStyle.STRING)),
        {"send_method": "login"},
        "POST /smstosend",
    ),
    "smsgateway24 with a token for ever": (
        SMSGATEWAY24,
        lambda: SmsGateway24Server(
            SmsGateway24Options(tokens=(KEPT,), error_style=ErrorStyle.ABSENT, zone="Australia/Sydney")
        ),
        {"email": None, "password": None, "token": KEPT, "time_zone": "Australia/Sydney"},
        "POST /addalotofsms",
    ),
    "geniosms with several phones": (
        GENIOSMS,
        lambda: GenioSmsServer(
            GenioSmsOptions(
                phones=("1001", "1002"), wrapping=Wrapping.LIST, numeric=True, delivery_first=True
            )
        ),
        {},
        "POST /tools/api.pl",
    ),
    "geniosms without codes": (
        GENIOSMS,
        lambda: GenioSmsServer(GenioSmsOptions(bare=True, over_ip=True, wrapping=Wrapping.OBJECTS)),
        {},
        "POST /tools/api.pl",
    ),
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=list(VARIANTS))
def test_messages_reach_everybody_once(
    fresh_account: Callable[..., Account[Any]], number: str, variant: Variant
) -> None:
    kit, make, configured, endpoint = variant
    account = fresh_account(kit, server=make(), account=configured, modems={})
    name, recipients = f"m{number[1:]}", [f"{number}{n}" for n in range(3)]
    account.client.send(to=recipients, text="Добрый вечер & good evening = 🌙", id=name)
    for n, recipient in enumerate(recipients):
        (sent,) = account.leaves(recipient)
        assert sent.text == "Добрый вечер & good evening = 🌙"
        account.taken(f"{name}/{n}")
        account.report(sent, kit.delivered)
    for n, recipient in enumerate(recipients):
        final = account.client.final(f"{name}/{n}")
        assert (final["state"], final["possible_duplicate"]) == ("delivered", False)
        assert len(account.on_air(recipient)) == 1
    assert endpoint in account.requests.seen


def test_whom_geniqs_answer_leaves_out_is_unknown_and_all_others_are_not(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    told, left_out, name = f"{number}1", f"{number}2", f"m{number[1:]}"
    server = GeniqServer(GeniqOptions(batch_omits=frozenset({left_out[1:]}), batch_top_failure=True))
    account: Account[GeniqServer] = fresh_account(GENIQ, server=server, modems={})
    account.client.send(to=[told, left_out], text="to both", id=name, on_unknown="hold")
    assert account.taken(f"{name}/0")["to"] == told
    held = account.client.final(f"{name}/1")
    assert (held["state"], held["to"]) == ("unknown", left_out)
    account.report(account.on_air(left_out)[0], "delivered")
    assert account.client.reached(f"{name}/1", "delivered")["final"] is True
    assert (len(account.on_air(told)), len(account.on_air(left_out))) == (1, 1)


def test_one_phone_of_geniosms_that_takes_it_is_enough(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    server = GenioSmsServer(GenioSmsOptions(phones=("1001", "1002", "1003"), wrapping=Wrapping.OBJECTS))
    server.phones["1001"] = 6
    account: Account[GenioSmsServer] = fresh_account(GENIOSMS, server=server, modems={})
    account.taken(account.send(f"{number}1"))
    assert len(account.on_air(f"{number}1")) == 1
    server.phones["1002"] = server.phones["1003"] = 9
    final = account.client.final(account.send(f"{number}2"))
    assert (final["state"], final["error"]["code"]) == ("failed", "auth")
    assert account.on_air(f"{number}2") == []


def test_ubills_calls_without_a_key_of_ours_are_refused_and_it_is_asked_instead(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    account = fresh_account(UBILL, account={"callback_key": None}, modems={})
    name = account.send(number)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.report(sent, "1")
    assert account.client.final(name)["state"] == "delivered"
    account.settled()
    assert {attempt.status for attempt in account.server.callback_attempts} == {403}


@pytest.mark.parametrize("shared", ["geniq"], indirect=True)
def test_geniqs_own_code_for_too_much_pauses_the_gateway(account: Account[Any], number: str) -> None:
    account.server.answer_code(5, path="POST /sms")
    accepted = account.taken(account.send(number))
    assert (accepted["attempt"], accepted["gateway"]) == (2, CLOUD)
    assert len(account.on_air(number)) == 1


@pytest.mark.parametrize("shared", ["smsgic"], indirect=True)
def test_a_quote_has_the_price_where_the_provider_tells_it(account: Account[Any], number: str) -> None:
    quote = account.client.ask("quote", to=[f"{number}1", f"{number}2"], text="hello")
    assert (quote["gateway"], quote["segments"]) == (CLOUD, 1)
    assert (float(quote["price"]), quote["currency"]) == (0.15, "GBP")
    assert account.on_air(f"{number}1") == []
