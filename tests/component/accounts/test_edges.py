"""Restarts, full files and late words: what an account does where two things meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.sms_gateway.backend import NotConnectedError
from custom_components.sms_gateway.backend.model import SendRequest
from custom_components.sms_gateway.contacts import Recipient
from custom_components.sms_gateway.sms_providers.exceptions import TemporaryError, ThrottledError
from custom_components.sms_gateway.sms_providers.model import ErrorCode, State, Taken
from custom_components.sms_gateway.sms_providers.provider import ProviderKind
from tests.component.accounts.account import ANNA, BERT
from tests.component.accounts.scripted import no_answer, refused, report, taken

if TYPE_CHECKING:
    from tests.component.accounts.account import Account

FINAL = Taken(references=(), state=State.ACCEPTED, final=True)


async def test_an_answer_that_a_stop_does_not_wait_for_leaves_the_message_unknown(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    await account.send_unanswered(id="alarm")
    with patch("custom_components.sms_gateway.backend.dispatcher._FINISH_WITHIN", -1):
        await account.unload()
    account.provider.answered.set()
    await account.load()
    assert account.states == ["queued", "unknown"]
    await account.pass_time(120)
    assert (account.states[-1], account.deliveries[-1]["final"], len(account.provider.sent)) == (
        "unknown",
        True,
        1,
    )


async def test_a_one_time_password_that_waits_at_a_restart_expires(account: Account) -> None:
    account.provider.outcomes.append(refused(ErrorCode.NETWORK))
    await account.send("Code 4711", priority="otp")
    await account.reload()
    assert (account.states, len(account.provider.sent)) == (["queued", "expired"], 1)


async def test_nothing_is_taken_while_the_account_is_not_loaded(account: Account) -> None:
    backend = account.backend
    await account.unload()
    with pytest.raises(NotConnectedError, match="Scripted is not loaded"):
        await backend.send(SendRequest(id="x", recipients=(ANNA,), text="Hello"), wait=1)


async def test_a_report_with_our_own_reference_may_come_before_the_answer(account: Account) -> None:
    account.provider.kind = ProviderKind.GENIOSMS
    await account.send_unanswered()
    await account.tell_now(report(str(account.provider.sent[0].reference), State.DELIVERED))
    await account.answer()
    assert account.states == ["queued", "delivered"]


async def test_a_lost_answer_that_nobody_can_be_asked_for_ends_after_the_grace(account: Account) -> None:
    account.provider.errors = {"find": TemporaryError("down")}
    account.provider.outcomes.append(no_answer())
    await account.send(on_unknown="hold")
    for _ in range(4):
        await account.pass_time(10)
    assert [event["final"] for event in account.deliveries] == [False, False, True]
    assert account.provider.lost != []


async def test_a_text_that_is_being_sent_is_not_taken_for_a_lost_one(account: Account) -> None:
    account.provider.outcomes.append(no_answer())
    await account.send(id="lost")
    account.provider.asked_to_send.clear()
    await account.send_unanswered(id="other", target=[BERT])
    account.freezer.tick(timedelta(seconds=3))
    await account.fire_timers()
    assert account.provider.lost == []
    await account.answer()
    await account.pass_time(10)
    assert [[send.message.recipient for send in sends] for sends in account.provider.lost] == [[ANNA]]


async def test_a_pause_longer_than_the_validity_ends_the_message(account: Account) -> None:
    account.provider.outcomes.append(refused(ErrorCode.THROTTLED, retry_after=7_200))
    await account.send(valid_for=600)
    assert (account.states, account.deliveries[-1]["error"]) == (["queued", "expired"], "throttled")


async def test_refreshing_an_account_that_wants_to_be_left_alone_says_so(account: Account) -> None:
    account.provider.errors = {"balance": ThrottledError("slowly", retry_after=600)}
    with pytest.raises(HomeAssistantError):
        await account.ask("get_balance")
    with pytest.raises(Exception, match="wants to be left alone"):
        await account.backend.refresh()


async def test_a_group_is_forgotten_as_a_whole(account: Account) -> None:
    account.provider.outcomes.append([taken("same"), taken("same")])
    await account.send(target=[ANNA, BERT], id="group")
    await account.tell(report("same", State.DELIVERED))
    await account.pass_time(31 * 86_400)
    assert (await account.ask("list_messages"))["messages"] == []
    await account.send(target=[ANNA], id="group")
    assert len(account.provider.sent) == 3


async def test_many_final_messages_leave_the_file_that_every_send_writes(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    account.provider.max_batch = 300
    account.provider.outcomes.append([FINAL] * 250)
    await account.send(target=[f"+4917012{number:05}" for number in range(250)], id="many")
    await account.send(id="one")
    stored = hass_storage[f"sms_gateway.outbox.{account.entry.entry_id}"]["data"]["records"]
    assert [record["id"] for record in stored] == ["one"]
    assert (await account.ask("get_message", id="many/7"))["state"] == "accepted"


async def test_what_an_account_has_not_is_said_by_name(account: Account) -> None:
    with pytest.raises(ServiceValidationError, match="Scripted has one balance for all"):
        await account.ask("get_balance", gateway="stick")
    for asked in (account.backend.ussd("x", "*100#"), account.backend.restart_gateway("x")):
        with pytest.raises(Exception, match="Scripted cannot"):
            await asked
    with pytest.raises(Exception, match="no message has the id x"):
        await account.backend.cancel("x")


async def test_whom_one_of_several_requests_is_refused_for_keeps_nobody_else_from_his_message(
    account: Account,
) -> None:
    """An exception would make automations send to the others once more."""
    coordinator = account.entry.runtime_data.coordinator
    request = SendRequest(id="alarm", recipients=(), text="Hello")
    recipients = [Recipient(number=ANNA), Recipient(number=BERT, gateway="a phone that nobody has")]
    statuses = await coordinator.async_send(recipients, request)
    statuses = await coordinator.async_wait_for(statuses, State.ACCEPTED, 1)
    assert [(status.to, status.state) for status in statuses] == [(ANNA, "accepted"), (BERT, "rejected")]
    assert "gateway" in statuses[1].error.message
    with pytest.raises(ServiceValidationError, match="Scripted has no gateways"):
        await coordinator.async_send(recipients[1:], replace(request, id="other"))
    assert [sent.recipient for sent in account.provider.sent] == [ANNA]


async def test_metadata_that_cannot_be_written_is_refused(account: Account) -> None:
    with pytest.raises(ServiceValidationError, match="metadata"):
        await account.ask("send", target=[ANNA], message="Hello", metadata={"number": 10**30})
    assert account.provider.sent == []


async def test_a_quote_that_needs_no_provider_says_nothing_about_him(account: Account) -> None:
    account.provider.errors = {name: TemporaryError("down") for name in ("check", "balance", "reports")}
    await account.pass_time(16 * 60)
    assert account.state_of("connectivity") == "off"
    assert (await account.ask("quote", target=[ANNA], message="Hello"))["segments"] == 1
    assert account.state_of("connectivity") == "off"


async def test_a_message_expires_in_time_although_the_provider_wants_to_be_left_alone_for_longer(
    account: Account,
) -> None:
    account.provider.outcomes.append(refused(ErrorCode.THROTTLED, retry_after=3600))
    await account.send(target=[BERT])
    await account.send(id="alarm", valid_for=120)
    await account.pass_time(119)
    assert account.states == ["queued", "expired", "queued"]
    await account.pass_time(2)
    assert (account.states[-1], account.deliveries[-1]["id"], len(account.provider.sent)) == (
        "expired",
        "alarm",
        1,
    )


class TestTheClassicAction:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"classic_notify": True}

    @pytest.mark.parametrize(
        ("key", "value"),
        [("priority", "soon"), ("encoding", "morse"), ("valid_for", "later"), ("max_segments", 0)],
    )
    async def test_it_says_what_of_its_data_is_wrong(self, account: Account, key: str, value: object) -> None:
        with pytest.raises(ServiceValidationError, match=key):
            await notify(account, {key: value})
        assert account.provider.sent == []

    async def test_it_takes_numbers_as_templates_write_them(self, account: Account) -> None:
        await notify(account, {"valid_for": "600"})
        assert account.provider.sent[0].outgoing.message.valid_for == 600


async def notify(account: Account, data: dict[str, object]) -> None:
    """Send to Anna by ``notify.my_account``."""
    fields = {"message": "Hello", "target": [ANNA], "data": data}
    await account.hass.services.async_call("notify", "my_account", fields, blocking=True)
    await account.settle()
