"""Words that come twice, late or out of turn: none of them makes a message go out once more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.sms_gateway.sms_providers.exceptions import TemporaryError
from custom_components.sms_gateway.sms_providers.model import Capability, ErrorCode, State
from custom_components.sms_gateway.sms_providers.provider import ProviderKind
from tests.component.accounts.account import ANNA
from tests.component.accounts.scripted import no_answer, refused, report, taken

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory

    from custom_components.sms_gateway.sms_providers.model import DeliveryReport
    from tests.component.accounts.account import Account


@pytest.fixture
def phones(account: Account) -> Account:
    """An account with a choice of phones."""
    account.provider.capabilities |= {Capability.DEVICES}
    return account


def without_service(account: Account) -> DeliveryReport:
    """The phone could not send the first message of the test."""
    return report(f"p{account.provider.sent[0].reference}", State.FAILED, not_sent=True)


def chosen(account: Account) -> list[object]:
    """The phones that were asked, in order."""
    return [sent.outgoing.message.options["device_id"] for sent in account.provider.sent]


async def test_a_phone_without_service_is_followed_by_one_other_however_often_it_says_so(
    phones: Account,
) -> None:
    await phones.send(gateway=["a", "b", "c"])
    await phones.tell(*[without_service(phones)] * 5)
    await phones.tell(without_service(phones))
    assert (chosen(phones), phones.states) == (["a", "b"], ["queued", "accepted"])


async def test_a_phone_that_repeats_its_failure_does_not_end_what_another_has_taken(phones: Account) -> None:
    await phones.send(gateway=["a", "b"])
    await phones.tell(without_service(phones))
    await phones.tell(without_service(phones))
    await phones.tell(report(f"p{phones.provider.sent[1].reference}", State.DELIVERED))
    assert phones.states == ["queued", "accepted", "delivered"]


async def test_a_phone_may_say_that_it_has_no_service_before_the_answer_comes(phones: Account) -> None:
    await phones.send_unanswered(gateway=["a", "b"])
    await phones.tell_now(without_service(phones))
    await phones.answer()
    assert chosen(phones) == ["a", "b"]


@pytest.mark.parametrize("late", [State.SENT, State.DELIVERED])
async def test_what_was_sent_after_all_while_it_waits_is_not_sent_again(
    account: Account, late: State
) -> None:
    await account.send()
    await account.tell(without_service(account))
    await account.tell(report(f"p{account.provider.sent[0].reference}", late))
    for _ in range(3):
        await account.pass_time(30)
    assert (len(account.provider.sent), account.states[-1]) == (1, late)


async def test_what_is_on_its_way_again_is_not_taken_for_lost(phones: Account) -> None:
    """The next phone has the message while the refusal of the one before is still being written down."""
    phones.provider.outcomes.append(refused(ErrorCode.NOT_REGISTERED))
    await phones.send_unanswered(gateway=["a", "b"])
    phones.provider.asked_to_send.clear()
    phones.provider.answered.set()
    while len(phones.provider.batches) == 1:
        await phones.provider.asked_to_send.wait()
    await phones.settle()
    assert phones.provider.lost == []
    for _ in range(4):
        await phones.pass_time(10)
    assert (chosen(phones), phones.provider.lost) == (["a", "b"], [])


async def test_a_lost_answer_is_asked_for_before_the_message_is_sent_again(account: Account) -> None:
    account.provider.errors = {"find": TemporaryError("down")}
    account.provider.outcomes.append(no_answer())
    await account.send()
    for _ in range(6):
        await account.pass_time(15)
    assert (account.states, len(account.provider.sent)) == (["queued", "unknown"], 1)
    account.provider.errors = {}
    account.provider.found = {account.provider.sent[0].reference: taken("found")}
    await account.pass_time(15)
    assert (account.states[-1], len(account.provider.sent)) == ("accepted", 1)


async def test_a_message_that_nobody_can_be_asked_for_is_sent_again_in_the_end(account: Account) -> None:
    account.provider.errors = {"find": TemporaryError("down")}
    account.provider.outcomes.append(no_answer())
    await account.send()
    for _ in range(44):
        await account.pass_time(15)
    assert (len(account.provider.sent), account.deliveries[-1]["possible_duplicate"]) == (2, True)


async def test_a_lost_answer_is_not_forgotten_when_the_clock_is_set_back(
    account: Account, freezer: FrozenDateTimeFactory
) -> None:
    account.provider.outcomes.append(no_answer())
    await account.send()
    freezer.tick(timedelta(seconds=-5))
    async_fire_time_changed(account.hass, dt_util.utcnow() + timedelta(seconds=36))
    await account.settle()
    await account.pass_time(20)
    await account.pass_time(20)
    assert len(account.provider.sent) == 2


async def test_a_report_before_the_answer_is_a_call_that_arrived(account: Account) -> None:
    await account.send_unanswered()
    await account.tell_now(report(f"p{account.provider.sent[0].reference}", State.DELIVERED))
    account.freezer.tick(timedelta(seconds=5))
    await account.answer()
    await account.pass_time(3 * 3600)
    assert account.backend.diagnostics()["callbacks_missing"] is False


async def test_a_report_that_bears_no_reference_of_ours_answers_nothing_where_all_should(
    account: Account,
) -> None:
    account.provider.kind = ProviderKind.GENIOSMS
    account.provider.capabilities -= {Capability.RECONCILE}
    account.provider.outcomes.append(no_answer())
    await account.send()
    foreign = report("4711", State.DELIVERED, recipient=ANNA)
    assert not await account.backend.expects(foreign)
    await account.tell(foreign)
    await account.pass_time(31)
    assert (len(account.provider.sent), account.states) == (2, ["queued", "unknown", "accepted"])
