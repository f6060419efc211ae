"""What a provider refuses, and what becomes of the message: the provider's words in the contract's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from homeassistant.exceptions import ServiceValidationError

from sms_bridge.simulator.provider_faults import Fault
from tests.component.account_providers.live import ROUND
from tests.component.account_providers.test_messages import TITLES, only
from tests.component.accounts.account import ANNA, BERT
from tests.e2e.providers.kits import GENIQ, REFUSALS, SMSGATEWAY24, UBILL, WORDS

if TYPE_CHECKING:
    from tests.component.account_providers.live import LiveAccount

#: Seconds that a provider wants to be left alone.
PAUSE: Final = 200


async def test_a_refusal_ends_the_message_with_the_contracts_code(account: LiveAccount[Any]) -> None:
    table = REFUSALS[account.kit.name]
    told = {}
    for number, code in enumerate(table):
        account.server.answer_code(code, path=account.kit.send)
        name = f"code-{number}"
        await account.send(f"to be refused with {code}", id=name)
        kept = await account.ask("get_message", id=name)
        assert (kept["state"], kept["final"], kept["attempt"]) == ("failed", True, 1), code
        assert kept["error"]["message"]
        assert kept["error"]["provider_code"] == WORDS.get(code, code)
        assert kept["error"]["temporary"] is False
        told[code] = account.last(name)["error"]
    assert told == table
    assert account.server.on_air == []
    assert account.shown.failed_today == len(table)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_passing_fault_is_tried_again(account: LiveAccount[Any], status: int) -> None:
    account.requests.add(Fault(status=status), times=2, path=account.kit.send)
    await account.send(id="door")
    assert account.server.on_air == []
    for _ in range(3):
        await account.pass_time(3)
    last = account.last("door")
    assert (last["state"], last["possible_duplicate"]) == ("accepted", False)
    assert (await account.ask("get_message", id="door"))["attempt"] == 3
    assert len(account.server.on_air) == 1


async def test_a_provider_that_wants_to_be_left_alone_is_asked_nothing_meanwhile(
    account: LiveAccount[Any],
) -> None:
    account.requests.add(Fault(status=429, headers={"Retry-After": str(PAUSE)}), path=account.kit.send)
    await account.send("one", id="one")
    mark = len(account.requests.seen)
    await account.send("other", id="other", target=[BERT])
    for _ in range(3):
        await account.pass_time(ROUND)
    assert account.requests.seen[mark:] == []
    assert account.shown.queue == 2
    await account.pass_time(PAUSE)
    assert (account.last("one")["state"], account.last("other")["state"]) == ("accepted", "accepted")
    assert (len(account.on_air(ANNA)), len(account.on_air(BERT))) == (1, 1)
    assert account.shown.queue == 0


@only(GENIQ)
@pytest.mark.parametrize("code", [5, 18, 19])
async def test_what_geniq_refuses_for_the_time_being_goes_through_later(
    account: LiveAccount[Any], code: int
) -> None:
    account.server.answer_code(code, times=2, path=account.kit.send)
    await account.send(id="door")
    for _ in range(4):
        await account.pass_time(ROUND)
    assert account.last("door")["state"] == "accepted"
    assert len(account.server.on_air) == 1


async def test_what_cannot_be_sent_in_time_expires_with_the_last_reason(account: LiveAccount[Any]) -> None:
    account.requests.add(Fault(status=503), times=None, path=account.kit.send)
    await account.send(id="door", valid_for=120)
    for _ in range(8):
        await account.pass_time(20)
    last = account.last("door")
    assert (last["state"], last["final"], last["error"]) == ("expired", True, "network")
    account.requests.clear()
    await account.pass_time(600)
    assert account.server.on_air == []


@only(GENIQ)
async def test_each_recipient_of_a_request_is_judged_alone(account: LiveAccount[Any]) -> None:
    account.server.refusals[BERT[1:]] = 15
    await account.send("to both", target=[ANNA, BERT], id="door")
    assert (account.last("door/0")["state"], account.last("door/1")["error"]) == ("accepted", "blocked")
    assert (len(account.on_air(ANNA)), account.on_air(BERT)) == (1, [])
    assert account.requests.count("POST /batch_sms") == 1


@only(UBILL)
async def test_whoever_ubill_left_out_in_silence_is_told_of_once_all_others_have_ended(
    account: LiveAccount[Any],
) -> None:
    account.server.stop_list.add(BERT[1:])
    await account.send("to both", target=[ANNA, BERT], id="door")
    (sent,) = account.on_air(ANNA)
    await account.report(sent, "1")
    assert account.last("door/0")["state"] == "delivered"
    await account.rounds(lambda: account.last("door/1")["final"])
    assert account.last("door/1")["state"] == "undeliverable"
    assert account.on_air(BERT) == []


#: What no provider, or not each of them, can do: the field, its value, who can.
ABILITIES: Final[dict[str, tuple[Any, set[str]]]] = {
    "data": ("3q2+7w==", set()),
    "flash": (True, set()),
    "sim": (1, {"smsgateway24"}),
    "originator": ("House", {"geniq", "smsgic", "ubill"}),
    "gateway": ("stick", set()),
    "send_at": ("2040-01-01T12:00:00+00:00", {"smsgic", "ubill", "smsgateway24"}),
}


async def test_what_a_provider_cannot_do_is_refused_in_its_name_and_asked_of_nobody(
    account: LiveAccount[Any],
) -> None:
    mark = len(account.requests.seen)
    for field, (value, able) in ABILITIES.items():
        if account.kit.name in able:
            continue
        fields = {field: value} if field != "data" else {"data": value, "port": 2948}
        content = {} if field == "data" else {"message": "Hello"}
        with pytest.raises(ServiceValidationError) as caught:
            await account.ask("send", target=[ANNA], **content, **fields)
        reason = str(caught.value.translation_placeholders)
        assert TITLES[account.kit.name] in reason, field
        assert field in reason, field
    assert account.requests.seen[mark:] == []
    assert (account.server.on_air, account.deliveries) == ([], [])


#: The parameter by which each hurries with a one-time password, or forgets it, and its value.
HASTE: Final = {"geniq": ("validity", "300"), "ubill": ("otp", "true"), "smsgateway24": ("urgent", "1")}


@only(GENIQ, UBILL, SMSGATEWAY24)
async def test_a_one_time_password_is_in_haste_where_there_is_a_word_for_it(
    account: LiveAccount[Any],
) -> None:
    await account.send("4711", priority="otp", valid_for=300, id="code")
    (sent,) = account.on_air(ANNA)
    name, value = HASTE[account.kit.name]
    assert str(sent.options[name]).lower() == value
    await account.report(sent, account.kit.delivered)
    assert (await account.ask("get_message", id="code"))["text"] is None
