"""Set-up, unloading and removal of an account, its entities, and what diagnostics show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_HOMEASSISTANT_STOP
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_dumps

from custom_components.sms_gateway.diagnostics import async_get_config_entry_diagnostics
from custom_components.sms_gateway.sms_providers.exceptions import (
    AuthError,
    NoAnswerError,
    TemporaryError,
    ThrottledError,
    UnsupportedError,
)
from custom_components.sms_gateway.sms_providers.model import ErrorCode, State
from tests.component.accounts.account import ANNA
from tests.component.accounts.conftest import WEBHOOK_ID
from tests.component.accounts.scripted import no_answer, received, refused, report, taken

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.component.accounts.account import Account


def is_open(hass: HomeAssistant) -> bool:
    """Whether the account takes its provider's calls."""
    return hass.data["sms_gateway_receivers"].get(WEBHOOK_ID) is not None


def listening(hass: HomeAssistant) -> dict[str, int]:
    """How many listen to each event, but for stores whose write is pending."""
    return {
        str(name): count
        for name, count in hass.bus.async_listeners().items()
        if name != EVENT_HOMEASSISTANT_FINAL_WRITE
    }


class TestLife:
    async def test_an_account_is_set_up_and_unloaded(self, account: Account) -> None:
        assert (account.entry.state, is_open(account.hass)) == (ConfigEntryState.LOADED, True)
        await account.unload()
        assert (account.entry.state, is_open(account.hass)) == (ConfigEntryState.NOT_LOADED, False)

    async def test_reloading_leaves_nothing_behind(self, account: Account) -> None:
        account.provider.outcomes += [no_answer(), refused(ErrorCode.NETWORK)]
        await account.send(id="lost", on_unknown="hold")
        await account.reload()
        before = listening(account.hass)
        await account.reload()
        assert listening(account.hass) == before
        await account.unload()
        assert account.hass._background_tasks == set()

    async def test_refused_credentials_end_the_set_up_and_close_the_webhook(self, fresh: Account) -> None:
        fresh.provider.errors = {"check": AuthError("no")}
        await fresh.load()
        assert (fresh.entry.state, is_open(fresh.hass)) == (ConfigEntryState.SETUP_ERROR, False)
        flows = fresh.hass.config_entries.flow.async_progress()
        assert [flow["context"]["source"] for flow in flows] == ["reauth"]

    @pytest.mark.parametrize(
        "error", [TemporaryError("down"), NoAnswerError("silent"), ThrottledError("slowly", retry_after=30)]
    )
    async def test_a_provider_that_is_away_may_call_all_the_same(
        self, fresh: Account, error: Exception
    ) -> None:
        fresh.provider.errors = {"check": error, "balance": error}
        await fresh.load()
        assert (fresh.entry.state, is_open(fresh.hass)) == (ConfigEntryState.LOADED, True)
        assert fresh.state_of("connectivity") == "off"
        await fresh.tell(received("1", "Hello"))
        assert len(fresh.incoming) == 1
        fresh.provider.errors = {}
        await fresh.pass_time(60)
        assert fresh.state_of("connectivity") == "on"

    async def test_what_cannot_be_asked_without_sending_is_taken_to_work(self, fresh: Account) -> None:
        fresh.provider.errors = {"check": UnsupportedError("nothing to ask")}
        await fresh.load()
        assert fresh.state_of("connectivity") == "on"

    async def test_removal_deletes_what_was_kept(
        self, account: Account, hass_storage: dict[str, Any]
    ) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send()
        await account.tell(report("ref", State.DELIVERED))
        await account.reload()
        names = [f"sms_gateway.{name}.{account.entry.entry_id}" for name in ("outbox", "history")]
        assert [name in hass_storage for name in names] == [True, True]
        await account.hass.config_entries.async_remove(account.entry.entry_id)
        assert [name in hass_storage for name in names] == [False, False]
        assert WEBHOOK_ID not in account.hass.data[webhook.DOMAIN]

    async def test_a_stop_waits_for_an_answer_that_is_on_its_way(
        self, account: Account, hass_storage: dict[str, Any]
    ) -> None:
        await account.send_unanswered(id="alarm")
        account.hass.loop.call_soon(account.provider.answered.set)
        account.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await account.settle()
        stored = hass_storage[f"sms_gateway.outbox.{account.entry.entry_id}"]["data"]["records"]
        assert [record["state"] for record in stored] == ["accepted"]

    async def test_a_message_that_is_final_keeps_its_history_over_restarts(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send(id="alarm")
        await account.tell(report("ref", State.UNDELIVERABLE))
        await account.reload()
        await account.tell(report("ref", State.DELIVERED))
        await account.reload()
        message = await account.ask("get_message", id="alarm")
        assert [event["state"] for event in message["events"]] == [
            "queued",
            "accepted",
            "undeliverable",
            "delivered",
        ]


async def test_the_hub_has_the_entities_of_every_backend(account: Account) -> None:
    account.provider.outcomes.append(refused(ErrorCode.NO_CREDIT))
    await account.send()
    shown = {key: account.state_of(key) for key in ("connectivity", "sent_today", "failed_today", "balance")}
    assert shown == {"connectivity": "on", "sent_today": "0", "failed_today": "1", "balance": "12.50"}
    assert account.state_of("delivery") != "unknown"


async def test_the_account_is_one_device(account: Account) -> None:
    devices = dr.async_entries_for_config_entry(dr.async_get(account.hass), account.entry.entry_id)
    assert [device.name for device in devices] == ["My account"]


async def test_diagnostics_hold_no_key_no_number_no_text_and_no_webhook(account: Account) -> None:
    await account.send("a secret text", originator="Home", metadata={"x": "a secret word"})
    await account.tell(received("1", "another secret"))
    told = await async_get_config_entry_diagnostics(account.hass, account.entry)
    text = json_dumps(told)
    for private in ("the-api", ANNA, "4567", "a secret", "another secret", WEBHOOK_ID, '"Home"'):
        assert private not in text
    assert told["backend"]["provider"] == "Scripted"
    assert told["backend"]["messages"] == {"accepted": 1}
    assert told["backend"]["transcript"] == ["POST /sms: HTTP 200 (0.10 s)"]
