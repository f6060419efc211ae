"""What a stop, a reload or a cancelled action leaves behind: no message in doubt that need not be, none forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.helpers.storage import Store

from custom_components.sms_gateway.sms_providers.model import Channel, OutboundMessage, State
from tests.component.accounts.account import ANNA
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.component.accounts.scripted import received, report, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.component.accounts.account import Account


def kept(hass_storage: dict[str, Any], account: Account, name: str) -> dict[str, str]:
    """The states of the messages in a file, by their ids."""
    stored = hass_storage.get(f"sms_gateway.{name}.{account.entry.entry_id}", {"data": {"records": []}})
    return {record["id"]: record["state"] for record in stored["data"]["records"]}


def is_open(account: Account) -> bool:
    """Whether the account takes its provider's calls."""
    return account.hass.data["sms_gateway_receivers"].get(WEBHOOK_ID) is not None


async def test_an_answer_on_its_way_is_heard_although_home_assistant_cancels_background_tasks(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    await account.send_unanswered(id="alarm")
    # As Home Assistant stops: these first, the event after.
    for task in list(account.hass._background_tasks):
        task.cancel("Home Assistant is stopping")
    account.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    for _ in range(5):
        await asyncio.sleep(0)
    await account.answer()
    assert kept(hass_storage, account, "outbox")["alarm"] == "accepted"


async def test_a_message_goes_out_although_the_action_that_sends_it_is_stopped(account: Account) -> None:
    """An automation in the mode ``restart`` stops its own actions."""
    writing, go_on = asyncio.Event(), asyncio.Event()
    save = Store.async_save

    async def slowly(store: Store[Any], data: dict[str, Any]) -> None:
        writing.set()
        await go_on.wait()
        await save(store, data)

    with patch.object(Store, "async_save", slowly):
        action = account.hass.async_create_task(account.ask("send", target=[ANNA], message="Hello"))
        await writing.wait()
        action.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await account.settle()
    assert [sent.recipient for sent in account.provider.sent] == [ANNA]


async def test_a_report_while_a_stop_waits_for_answers_is_heard(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    await account.send(id="first")
    await account.send_unanswered(id="second")
    unloading = account.hass.async_create_task(account.unload())
    for _ in range(5):
        await asyncio.sleep(0)
    assert is_open(account)
    await account.tell_now(report(f"p{account.provider.sent[0].reference}", State.DELIVERED))
    account.provider.answered.set()
    await unloading
    assert not is_open(account)
    assert kept(hass_storage, account, "history")["first"] == "delivered"


async def test_a_stop_waits_for_the_answer_of_what_does_not_queue(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    answered = asyncio.Event()

    async def hand_over(_message_id: str) -> Sequence[str]:
        await answered.wait()
        return ["wa-1"]

    message = OutboundMessage(recipient=ANNA, text="Hello")
    submitting = account.hass.async_create_task(
        account.backend.submissions.submit(message, Channel.WHATSAPP, hand_over)
    )
    await asyncio.sleep(0)
    unloading = account.hass.async_create_task(account.unload())
    for _ in range(5):
        await asyncio.sleep(0)
    answered.set()
    await unloading
    assert (await submitting).state is State.ACCEPTED
    assert [*kept(hass_storage, account, "outbox").values()] == ["accepted"]


async def test_a_stopped_account_leaves_the_files_to_the_next_one(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    stopped = account.backend
    await account.reload()
    await account.send(id="alarm")
    await stopped.received(received("late", "Hello"))
    assert kept(hass_storage, account, "outbox") == {"alarm": "accepted"}


async def test_what_changes_while_the_history_is_written_is_not_lost(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    account.provider.outcomes.append(taken("ref"))
    await account.send(id="alarm")
    await account.tell(report("ref", State.UNDELIVERABLE))
    ledger = account.backend._ledger
    save = ledger._closed.async_save

    async def meanwhile(data: dict[str, Any]) -> None:
        await save(data)
        await account.tell_now(report("ref", State.DELIVERED))

    with patch.object(ledger._closed, "async_save", meanwhile):
        await ledger.archive()
    await account.send(id="other")
    assert kept(hass_storage, account, "outbox")["alarm"] == "delivered"
