"""An answer that never comes: nobody gets two messages unless the events say that he may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_faults import Fault
from tests.component.account_providers.test_messages import only
from tests.component.accounts.account import ANNA, BERT
from tests.e2e.providers.kits import GENIOSMS, GENIQ, KITS, SMSGATEWAY24, UBILL

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_record import OnAir
    from tests.component.account_providers.live import LiveAccount

#: Seconds after a lost answer until the provider was asked, and until it is given up (MQTT contract, grace).
LOOK: Final = 3
GRACE: Final = 31
#: Longer than any answer is waited for.
AGES: Final = 45
#: Everything that leaves it open whether the provider has the message; it has.
TAKEN_IN_SILENCE: Final = {
    "cut": Fault(cut_after=True),
    "html": Fault(status=200, body="<html><body>please wait</body></html>", processed=True),
    "half": Fault(status=200, body='{"respon', processed=True),
    "gateway": Fault(status=502, body="Bad Gateway", processed=True),
    "late": Fault(status=504, body="Gateway Timeout", processed=True),
}
#: By what each finds a message again: a parameter of a question, or a whole list.
ASKED: Final = {
    "smsgateway24": ("parameter", "POST /getallsms customerid"),
    "smsgic": ("endpoint", "GET /sendings"),
}
FINDING: Final = tuple(kit for kit in KITS if kit.finds)
CALLING_LATE: Final = tuple(kit for kit in KITS if not kit.finds)


def lose(account: LiveAccount[Any], *faults: Fault) -> None:
    """Let each of these happen to one of the next messages."""
    for fault in faults:
        account.requests.add(fault, path=account.kit.send)


def only_one(account: LiveAccount[Any], recipient: str = ANNA) -> OnAir:
    """The one message that left to a recipient."""
    (sent,) = account.on_air(recipient)
    return sent


@only(*FINDING)
async def test_a_message_whose_answer_was_lost_is_found_at_the_provider(account: LiveAccount[Any]) -> None:
    for name, fault in TAKEN_IN_SILENCE.items():
        lose(account, fault)
        await account.send(f"where is {name}?", id=name)
        assert account.states_of(name) == ["queued", "unknown"], name
    await account.pass_time(LOOK)
    for name in TAKEN_IN_SILENCE:
        assert account.states_of(name) == ["queued", "unknown", "accepted"], name
    kind, question = ASKED[account.kit.name]
    assert question in account.server.met.names(kind)
    for sent in account.on_air(ANNA):
        await account.report(sent, account.kit.delivered)
    await account.pass_time(GRACE)
    for name in TAKEN_IN_SILENCE:
        last = account.last(name)
        assert (last["state"], last["possible_duplicate"]) == ("delivered", False), name
    assert len(account.on_air(ANNA)) == len(TAKEN_IN_SILENCE)


@only(*CALLING_LATE)
@pytest.mark.parametrize("fault", TAKEN_IN_SILENCE.values(), ids=TAKEN_IN_SILENCE)
async def test_a_late_report_is_the_answer_that_was_lost(account: LiveAccount[Any], fault: Fault) -> None:
    lose(account, fault)
    await account.send("where are you?", id="door")
    assert account.states_of("door") == ["queued", "unknown"]
    sent = only_one(account)
    await account.report(sent, account.kit.delivered)
    await account.pass_time(GRACE)
    assert account.states_of("door") == ["queued", "unknown", "delivered"]
    assert (account.last("door")["final"], account.last("door")["possible_duplicate"]) == (True, False)
    assert only_one(account) is sent


@only(GENIQ, UBILL, SMSGATEWAY24, GENIOSMS)
async def test_a_report_that_comes_before_the_time_out_is_the_answer(account: LiveAccount[Any]) -> None:
    lose(account, Fault(delay=AGES))
    await account.ask("send", target=[ANNA], message="in time", id="door")
    (sent,) = await account.leaves(ANNA)
    for number in sent.ids:
        account.server.advance(number, account.kit.delivered)
    await account.server.settled()
    await account.pass_time(GRACE)
    # What SmsGateway24 calls with does not tell the recipient: it is found first, then asked about.
    await account.rounds(lambda: account.states_of("door")[-1] == "delivered")
    await account.pass_time(AGES)
    assert account.states_of("door")[-1] == "delivered"
    assert only_one(account) is sent


async def test_an_answer_that_takes_too_long_is_lost(account: LiveAccount[Any]) -> None:
    lose(account, Fault(delay=AGES))
    await account.ask("send", target=[ANNA], message="too late", id="door", on_unknown="hold")
    sent = (await account.leaves(ANNA))[0]
    await account.pass_time(GRACE)
    assert account.states_of("door")[:2] == ["queued", "unknown"]
    await account.pass_time(LOOK)
    await account.pass_time(GRACE)
    expected = ("accepted", False) if account.kit.finds else ("unknown", True)
    assert (account.last("door")["state"], account.last("door")["final"]) == expected
    assert only_one(account) is sent


async def test_on_hold_there_is_exactly_one_and_a_report_settles_it_even_later(
    account: LiveAccount[Any],
) -> None:
    lose(account, Fault(cut_after=True))
    await account.send("exactly once", id="door", on_unknown="hold")
    for _ in range(4):
        await account.pass_time(GRACE)
    if not account.kit.finds:
        last = account.last("door")
        assert (last["state"], last["final"], last["error"]) == ("unknown", True, "timeout")
    await account.report(only_one(account), account.kit.delivered)
    last = account.last("door")
    assert (last["state"], last["final"], last["possible_duplicate"]) == ("delivered", True, False)
    assert len(account.server.on_air) == 1


async def test_on_hold_what_never_arrived_is_not_sent(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_before=True))
    await account.send("at most once", id="door", on_unknown="hold")
    for _ in range(4):
        await account.pass_time(GRACE)
    last = account.last("door")
    assert (last["state"], last["final"], last["possible_duplicate"]) == ("unknown", True, False)
    assert account.server.on_air == []


async def test_what_never_arrived_is_sent_again_and_says_so(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_before=True))
    await account.send("lost on the way", id="door")
    assert account.server.on_air == []
    await account.pass_time(GRACE)
    await account.report(only_one(account), account.kit.delivered)
    last = account.last("door")
    assert (last["state"], last["possible_duplicate"]) == ("delivered", True)
    for _ in range(4):
        await account.pass_time(GRACE)
    assert len(account.server.on_air) == 1


@only(*CALLING_LATE)
async def test_a_message_that_is_sent_twice_says_so_in_every_further_event(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_after=True))
    await account.send("rather twice than never", id="door")
    await account.pass_time(GRACE)
    first, second = account.on_air(ANNA)
    await account.report(second, account.kit.delivered)
    await account.report(first, account.kit.delivered)
    told = [(event["state"], event["possible_duplicate"]) for event in account.deliveries]
    assert told == [("queued", False), ("unknown", False), ("accepted", True), ("delivered", True)]
    assert (await account.ask("get_message", id="door"))["possible_duplicate"] is True
    for _ in range(4):
        await account.pass_time(GRACE)
    assert len(account.on_air(ANNA)) == 2


async def test_a_second_lost_answer_is_not_followed_by_a_third_message(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_before=True), Fault(cut_before=True))
    await account.send("never arrives", id="door")
    for _ in range(6):
        await account.pass_time(GRACE)
    last = account.last("door")
    assert (last["state"], last["final"], last["possible_duplicate"]) == ("unknown", True, True)
    assert account.requests.count(account.kit.send) == 2
    assert account.server.on_air == []


async def test_the_lost_answer_to_several_recipients_is_settled_for_each(account: LiveAccount[Any]) -> None:
    each = 2 if account.kit is GENIOSMS else 1
    account.requests.add(Fault(cut_after=True), times=each, path=account.kit.batch)
    await account.send("to both", target=[ANNA, BERT], id="door")
    await account.pass_time(LOOK)
    state = "accepted" if account.kit.finds else "unknown"
    assert [account.last(f"door/{n}")["state"] for n in range(2)] == [state, state]
    for number in (ANNA, BERT):
        await account.report(only_one(account, number), account.kit.delivered)
    await account.pass_time(GRACE)
    for place in range(2):
        last = account.last(f"door/{place}")
        assert (last["state"], last["possible_duplicate"]) == ("delivered", False)
    assert len(account.server.on_air) == 2


@only(GENIQ)
@pytest.mark.parametrize("code", [88, 99])
async def test_a_general_failure_of_geniq_leaves_it_open(account: LiveAccount[Any], code: int) -> None:
    account.server.answer_code(code, path=account.kit.send)
    await account.send("who knows", id="door", on_unknown="hold")
    assert account.states_of("door") == ["queued", "unknown"]


@only(GENIQ, UBILL)
async def test_a_report_that_may_be_of_another_message_answers_none(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_after=True), Fault(cut_after=True))
    for name in ("one", "other"):
        await account.send(name, id=name, on_unknown="hold")
    await account.report(account.on_air(ANNA)[0], account.kit.delivered)
    assert account.states_of("one") == account.states_of("other") == ["queued", "unknown"]
    lose(account, Fault(cut_after=True))
    await account.send("to another", target=[BERT], id="bert", on_unknown="hold")
    await account.report(only_one(account, BERT), account.kit.delivered)
    assert account.states_of("bert")[-1] == "delivered"


@only(*CALLING_LATE)
async def test_what_is_answered_late_is_so_after_a_restart_too(account: LiveAccount[Any]) -> None:
    lose(account, Fault(cut_after=True))
    await account.send("patience", id="door", on_unknown="hold")
    await account.pass_time(GRACE)
    await account.reload()
    await account.report(only_one(account), account.kit.delivered)
    assert account.last("door")["state"] == "delivered"
    await account.reload()
    assert (await account.ask("get_message", id="door"))["state"] == "delivered"
