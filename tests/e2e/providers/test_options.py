"""What a message can ask of one provider: options, originator, SIM, priority, validity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_geniosms import GenioSmsOptions, GenioSmsServer
from tests.e2e.providers.account import CLOUD, CLOUD_FIRST, STICK
from tests.e2e.providers.kits import GENIOSMS, KITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.providers.account import Account

#: Keys of a send object, and what the provider is asked for because of them.
WISHES: Final[dict[str, tuple[tuple[Mapping[str, object], Mapping[str, object]], ...]]] = {
    "geniq": (
        ({}, {"originator": "HOME"}),
        ({"from": "DOOR"}, {"originator": "DOOR"}),
        ({"from": "+4915112345678"}, {"originator": "4915112345678"}),
        (
            {"from": "22000", "options": {"originatorTon": "alpha", "dataCoding": "unicode"}},
            {"originatorTon": "alpha", "dataCoding": "unicode"},
        ),
        ({"options": {"udh": "06050415810000"}}, {"udh": "06050415810000"}),
        ({"options": {"validity": 90}}, {"validity": "90"}),
        ({"encoding": "ucs2"}, {"dataCoding": "unicode"}),
        ({"encoding": "gsm7"}, {"dataCoding": "text"}),
    ),
    "smsgic": (
        ({}, {"sender": "INFO"}),
        ({"from": "MegaShop"}, {"sender": "MegaShop"}),
        ({"options": {"type": "twilio"}}, {"type": "twilio"}),
    ),
    "ubill": (
        ({}, {"brandID": "1"}),
        ({"options": {"stopList": False}}, {"stopList": "false"}),
        ({"options": {"otp": True}}, {"otp": "true"}),
        ({"priority": "otp"}, {"otp": "true"}),
        ({"options": {"brandID": 1}, "from": "1"}, {"brandID": "1"}),
        ({"options": {"sendTime": "2099-01-31 23:30"}}, {"sendTime": "2099-01-31 23:30"}),
    ),
    "smsgateway24": (
        ({}, {"sim": "0", "device_id": "260"}),
        ({"sim": 1}, {"sim": "1"}),
        ({"options": {"device_id": 260, "urgent": True}}, {"device_id": "260", "urgent": "1"}),
        ({"options": {"customerid": 4711}}, {}),
        ({"priority": "otp"}, {"urgent": "1"}),
        ({"priority": "high"}, {"urgent": "1"}),
    ),
}
#: Options whose values the provider's document does not allow.
BAD: Final[dict[str, Mapping[str, object]]] = {
    "geniq": {"dataCoding": "latin", "originatorTon": "none", "udh": "0", "validity": 0},
    "smsgic": {"type": "carrier-pigeon"},
    "ubill": {"stopList": "no", "otp": 1, "brandID": 0, "sendTime": "tomorrow"},
    "smsgateway24": {"device_id": "phone", "urgent": 2, "customerid": 0},
    "geniosms": {"extra_params": "id_device=7"},
}
#: One option of each that all others do not know.
KNOWN: Final[dict[str, tuple[str, object]]] = {
    "geniq": ("dataCoding", "auto"),
    "smsgic": ("type", "default"),
    "ubill": ("stopList", True),
    "smsgateway24": ("urgent", 0),
    "geniosms": ("extra_params", {}),
}


@pytest.mark.parametrize(
    ("shared", "wish", "asked"),
    [(name, wish, asked) for name, wishes in WISHES.items() for wish, asked in wishes],
    indirect=["shared"],
)
def test_a_wish_is_what_the_provider_is_asked_for(
    account: Account[Any], number: str, wish: Mapping[str, object], asked: Mapping[str, object]
) -> None:
    name = account.send(number, "as you like it", **wish)
    (sent,) = account.leaves(number)
    assert {key: str(sent.options.get(key)) for key in asked} == dict(asked)
    assert account.taken(name)["gateway"] == CLOUD


@pytest.mark.parametrize("shared", ["geniq"], indirect=True)
def test_what_is_left_of_the_validity_goes_to_the_network(account: Account[Any], number: str) -> None:
    account.taken(account.send(number, valid_for=600))
    (sent,) = account.on_air(number)
    assert 590 <= int(str(sent.options["validity"])) <= 600


def test_a_one_time_password_is_forgotten_once_it_is_over(account: Account[Any], number: str) -> None:
    name = account.send(number, "your code: 190-274", priority="otp")
    (sent,) = account.leaves(number)
    account.taken(name)
    account.report(sent, account.kit.delivered)
    account.client.final(name)
    assert account.client.ask("message", id=name)["text"] is None


def test_an_option_that_nobody_knows_is_refused_by_name(account: Account[Any], number: str) -> None:
    name = account.send(number, options={"datacodin": "auto"})
    (refused,) = account.client.rejected(lambda event: event["id"] == name)
    assert refused["error"]["code"] == "unknown_key"
    assert "datacodin" in refused["error"]["message"]
    assert account.on_air(number) == []


@pytest.mark.parametrize(
    ("shared", "key", "value"),
    [(name, key, value) for name, options in BAD.items() for key, value in options.items()],
    indirect=["shared"],
)
def test_a_value_that_the_document_does_not_allow_is_refused_at_once(
    account: Account[Any], number: str, key: str, value: object
) -> None:
    name = account.send(number, options={key: value})
    (refused,) = account.client.rejected(lambda event: event["id"] == name)
    assert refused["error"]["code"] == "invalid_payload"
    assert f"options.{key}" in refused["error"]["message"]
    assert account.on_air(number) == []


def test_another_gateway_of_the_route_ignores_what_only_the_provider_knows(
    account: Account[Any], number: str
) -> None:
    key, value = KNOWN[account.kit.name]
    substitute = account.send(f"{number}1", gateway=[STICK, CLOUD], options={key: value})
    assert account.client.final(substitute)["gateway"] == STICK
    alone = account.send(f"{number}2", gateway=STICK, options={key: value})
    (refused,) = account.client.rejected(lambda event: event["id"] == alone)
    assert refused["error"]["code"] == "unknown_key"


@pytest.mark.parametrize("shared", ["smsgateway24", "geniosms"], indirect=True)
def test_an_originator_is_refused_where_the_provider_has_none(account: Account[Any], number: str) -> None:
    name = account.send(number, **{"from": "DOOR"})
    (refused,) = account.client.rejected(lambda event: event["id"] == name)
    assert (refused["error"]["code"], account.on_air(number)) == ("unsupported", [])


@pytest.mark.parametrize("shared", [kit.name for kit in KITS if kit.name != "smsgateway24"], indirect=True)
def test_a_sim_is_refused_where_the_provider_has_none(account: Account[Any], number: str) -> None:
    name = account.send(number, sim=1)
    (refused,) = account.client.rejected(lambda event: event["id"] == name)
    assert (refused["error"]["code"], account.on_air(number)) == ("unsupported", [])


def test_a_flash_message_and_data_go_to_a_gateway_that_can(account: Account[Any], number: str) -> None:
    number = f"{CLOUD_FIRST}{number[-5:]}"
    final = account.client.final(account.send(f"{number}1", flash=True))
    assert (final["gateway"], final["attempt"]) == (STICK, 1)
    name = account.send(f"{number}2", gateway=CLOUD, flash=True)
    (refused,) = account.client.rejected(lambda event: event["id"] == name)
    assert (refused["error"]["code"], account.on_air(f"{number}2")) == ("unsupported", [])


def test_geniosms_has_the_parameters_that_the_configuration_names(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    names = (("to", "number"), ("msg", "text"), ("api", "key"), ("custom", "ref"))
    server = GenioSmsServer(GenioSmsOptions(names=names, extra=(("id_device", "7"), ("lane", "fast"))))
    account = fresh_account(
        GENIOSMS,
        server=server,
        modems={},
        account={"parameters": dict(names), "extra_params": {"id_device": "7", "lane": "slow"}},
    )
    refused = account.client.final(account.send(f"{number}1"))
    assert (refused["error"]["code"], refused["error"]["provider_code"]) == ("auth", "6")
    name = account.send(f"{number}2", "fast", options={"extra_params": {"lane": "fast"}})
    (sent,) = account.leaves(f"{number}2")
    account.taken(name)
    account.report(sent, "DELIVERY RESULT_OK")
    assert account.client.final(name)["state"] == "delivered"
