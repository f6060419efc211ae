"""What an account asks by itself: reports, received messages, balance; and what it makes of segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.sms_gateway.const import CONF_TEXTS_IN_ENTITIES, DOMAIN
from custom_components.sms_gateway.sms_providers.exceptions import (
    AuthError,
    NoAnswerError,
    RejectedError,
    TemporaryError,
    ThrottledError,
)
from custom_components.sms_gateway.sms_providers.model import Balance, Capability, State
from custom_components.sms_gateway.sms_providers.provider import IncomingPage
from tests.component.accounts.scripted import received, report, taken

if TYPE_CHECKING:
    from tests.component.accounts.account import Account

HOUR = 3_600


class TestReports:
    async def test_they_are_asked_for_ever_more_rarely_and_not_after_the_last(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send()
        for _ in range(60):
            await account.pass_time(60)
        asked = len(account.provider.asked)
        assert 4 <= asked <= 12
        account.provider.to_report = [report("ref", State.DELIVERED)]
        for _ in range(60):
            await account.pass_time(60)
        assert account.states == ["queued", "accepted", "delivered"]
        asked = len(account.provider.asked)
        await account.pass_time(HOUR)
        assert len(account.provider.asked) == asked

    async def test_they_are_not_asked_for_where_callbacks_arrive(self, account: Account) -> None:
        account.provider.outcomes += [taken("one"), taken("two")]
        await account.send("One")
        await account.tell(report("one", State.DELIVERED))
        await account.send("Two")
        for _ in range(5):
            await account.pass_time(60)
        assert account.provider.asked == []
        await account.pass_time(6 * 60)
        assert [[send.reference for send in sends] for sends in account.provider.asked] == [["two"]]

    async def test_one_that_never_comes_ends_the_message(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send(valid_for=HOUR)
        await account.pass_time(HOUR)
        assert account.states == ["queued", "accepted"]
        await account.pass_time(HOUR + 60)
        last = account.deliveries[-1]
        assert (last["state"], last["final"], last["error"]) == ("accepted", True, "no_report")
        await account.tell(report("ref", State.SENT))
        assert (account.states[-1], account.deliveries[-1]["final"]) == ("sent", True)

    async def test_none_is_waited_for_that_the_author_did_not_want(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send(dlr=False)
        assert account.deliveries[-1]["final"] is True
        await account.pass_time(HOUR)
        assert account.provider.asked == []

    async def test_where_the_provider_has_none_a_taken_message_is_final(self, account: Account) -> None:
        account.provider.capabilities -= {Capability.REPORT_CALLBACK, Capability.REPORT_POLL}
        await account.send()
        assert (account.states[-1], account.deliveries[-1]["final"]) == ("accepted", True)

    async def test_a_word_that_nobody_knows_changes_nothing(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send()
        await account.tell(report("ref", None))
        assert account.states == ["queued", "accepted"]


class TestMissingCallbacks:
    @staticmethod
    def issue(account: Account) -> ir.IssueEntry | None:
        registry = ir.async_get(account.hass)
        return registry.async_get_issue(DOMAIN, f"callbacks_missing_{account.entry.entry_id}")

    @pytest.fixture
    async def reachable(self, fresh: Account) -> Account:
        """An account whose webhook can be reached from outside."""
        await fresh.hass.config.async_update(external_url="https://home.example.org")
        await fresh.load()
        return fresh

    async def test_a_notice_appears_and_goes_with_the_first_callback(self, reachable: Account) -> None:
        reachable.provider.outcomes.append(taken("ref"))
        await reachable.send()
        await reachable.pass_time(HOUR - 60)
        assert self.issue(reachable) is None
        await reachable.pass_time(120)
        issue = self.issue(reachable)
        assert issue is not None
        assert issue.translation_placeholders == {"name": "My account", "provider": "Scripted"}
        await reachable.tell(report("ref", State.DELIVERED))
        await reachable.pass_time(60)
        assert self.issue(reachable) is None

    async def test_reports_that_had_to_be_asked_for_do_not_hide_it(self, reachable: Account) -> None:
        reachable.provider.outcomes.append(taken("ref"))
        await reachable.send()
        reachable.provider.to_report = [report("ref", State.DELIVERED)]
        await reachable.pass_time(HOUR + 60)
        assert reachable.states[-1] == "delivered"
        assert self.issue(reachable) is not None

    async def test_none_is_missed_where_nobody_can_call(self, account: Account) -> None:
        await account.send()
        await account.pass_time(2 * HOUR)
        assert self.issue(account) is None


class TestIncoming:
    async def test_it_is_asked_for_from_where_the_last_look_ended(self, fresh: Account) -> None:
        fresh.provider.capabilities |= {Capability.INCOMING_POLL}
        fresh.provider.pages += [
            IncomingPage(received=(), position="10"),
            IncomingPage(received=(received("11", "Hello"),), position="11"),
        ]
        await fresh.load()
        await fresh.pass_time(60)
        await fresh.reload()
        assert fresh.provider.positions == [None, "10", "11"]
        assert [event["length"] for event in fresh.incoming] == [5]

    async def test_the_same_message_by_call_and_on_request_is_one(self, fresh: Account) -> None:
        fresh.provider.capabilities |= {Capability.INCOMING_POLL}
        await fresh.load()
        await fresh.tell(received("11", "Hello"))
        fresh.provider.pages.append(IncomingPage(received=(received("11", "Hello"),), position="11"))
        await fresh.pass_time(60)
        assert len(fresh.incoming) == 1

    async def test_one_sent_long_ago_is_late(self, account: Account) -> None:
        await account.tell(received("1", "open", sent_at=datetime.now(UTC) - timedelta(hours=2)))
        assert account.incoming[0]["late"] is True

    async def test_what_comes_before_anybody_listens_is_kept_over_a_restart(
        self, account: Account, hass_storage: dict[str, Any]
    ) -> None:
        key = f"sms_gateway.outbox.{account.entry.entry_id}"
        account.backend._inbox.stop()
        await account.tell(received("1", "Hello"))
        assert account.incoming == []
        assert len(hass_storage[key]["data"]["desk"]["inbox"]) == 1
        await account.reload()
        assert len(account.incoming) == 1
        await account.reload()
        assert len(account.incoming) == 1


class TestSegments:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Show texts."""
        return {CONF_TEXTS_IN_ENTITIES: True}

    async def test_they_are_joined_in_order(self, account: Account) -> None:
        for seqno, text in ((2, "two "), (3, "three"), (1, "one ")):
            await account.tell(received(f"k{seqno}", text, seqno=seqno, total=3))
        assert [(event["text"], event["incomplete"]) for event in account.incoming] == [
            ("one two three", False)
        ]

    async def test_they_wait_over_a_restart(self, account: Account) -> None:
        await account.tell(received("k1", "one ", seqno=1, total=2))
        await account.reload()
        await account.tell(received("k2", "two", seqno=2, total=2))
        assert [event["text"] for event in account.incoming] == ["one two"]

    async def test_after_a_time_they_are_passed_on_as_they_are(self, account: Account) -> None:
        await account.tell(received("k1", "one ", seqno=1, total=3))
        await account.tell(received("k3", " three", seqno=3, total=3))
        await account.pass_time(HOUR + 1)
        assert [(event["text"], event["incomplete"]) for event in account.incoming] == [("one … three", True)]

    async def test_a_reference_that_is_used_again_does_not_mix_messages(self, account: Account) -> None:
        await account.tell(received("k1", "old ", seqno=1, total=2))
        await account.tell(received("k2", "new ", seqno=1, total=2))
        await account.tell(received("k3", "text", seqno=2, total=2))
        assert [event["text"] for event in account.incoming] == ["old …", "new text"]


class TestBalance:
    async def test_it_is_money(self, account: Account) -> None:
        assert account.state_of("balance") == "12.50"
        assert await account.ask("get_balance") == {"amount": 12.5, "currency": "EUR"}

    async def test_it_may_be_a_number_of_messages(self, account: Account) -> None:
        account.provider.money = Balance(amount=Decimal(250), currency=None)
        assert await account.ask("get_balance") == {"messages": 250}
        await account.settle()
        assert account.state_of("balance") == "250"

    async def test_it_is_asked_for_every_quarter_of_an_hour(self, account: Account) -> None:
        account.provider.money = Balance(amount=Decimal(1), currency="EUR")
        await account.pass_time(600)
        assert account.state_of("balance") == "12.50"
        await account.pass_time(301)
        assert account.state_of("balance") == "1"

    async def test_a_provider_without_one_is_named(self, fresh: Account) -> None:
        fresh.provider.capabilities -= {Capability.BALANCE}
        await fresh.load()
        with pytest.raises(ServiceValidationError) as caught:
            await fresh.ask("get_balance")
        assert caught.value.translation_placeholders == {"provider": "Scripted", "what": "balance"}


class TestConnection:
    @pytest.mark.parametrize("error", [TemporaryError("down"), NoAnswerError("silent")])
    async def test_an_account_that_cannot_be_reached_says_so_until_it_can(
        self, account: Account, error: Exception
    ) -> None:
        assert account.state_of("connectivity") == "on"
        account.provider.errors = {"balance": error, "check": error}
        with pytest.raises(HomeAssistantError):
            await account.ask("get_balance")
        assert account.state_of("connectivity") == "off"
        await account.pass_time(60)
        assert account.state_of("connectivity") == "off"
        account.provider.errors = {}
        await account.pass_time(60)
        assert account.state_of("connectivity") == "on"

    async def test_refused_credentials_are_asked_for(self, account: Account) -> None:
        account.provider.errors = {"balance": AuthError("no")}
        await account.pass_time(1_000)
        assert account.state_of("connectivity") == "off"
        assert any(
            flow["context"]["source"] == "reauth"
            for flow in account.hass.config_entries.flow.async_progress()
        )

    async def test_refused_credentials_are_rarely_tried_again(self, account: Account) -> None:
        account.provider.errors = {"check": AuthError("no"), "balance": AuthError("no")}
        with pytest.raises(HomeAssistantError):
            await account.ask("get_balance")
        before = account.provider.checks
        for _ in range(60):
            await account.pass_time(60)
        assert account.provider.checks - before == 2
        account.provider.errors = {}
        await account.pass_time(30 * 60)
        assert account.state_of("connectivity") == "on"

    async def test_while_a_provider_is_away_nothing_else_is_asked(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send()
        account.provider.errors = {"check": TemporaryError("down"), "reports": TemporaryError("down")}
        await account.pass_time(60)
        asked = len(account.provider.asked)
        await account.pass_time(600)
        assert len(account.provider.asked) == asked

    async def test_an_account_that_wants_to_be_left_alone_is_not_asked(self, account: Account) -> None:
        account.provider.errors = {"balance": ThrottledError("slowly", retry_after=200)}
        with pytest.raises(HomeAssistantError):
            await account.ask("get_balance")
        account.provider.errors = {}
        await account.send()
        await account.pass_time(100)
        assert (account.state_of("connectivity"), account.provider.sent) == ("on", [])
        await account.pass_time(101)
        assert len(account.provider.sent) == 1

    async def test_one_question_that_fails_does_not_keep_from_the_others(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send()
        account.provider.errors = {"reports": RejectedError("not you")}
        account.provider.money = Balance(amount=Decimal(1), currency="EUR")
        await account.pass_time(1_000)
        assert account.state_of("balance") == "1"


async def test_counters_begin_anew_at_midnight(account: Account) -> None:
    await account.hass.config.async_set_time_zone("America/New_York")
    account.freezer.move_to("2026-11-20 03:00:00+00:00")
    await account.send()
    await account.tell(received("1", "Hello"))
    assert [account.state_of(key) for key in ("sent_today", "received_today", "failed_today")] == [
        "1",
        "1",
        "0",
    ]
    await account.reload()
    assert account.state_of("sent_today") == "1"
    account.freezer.move_to("2026-11-20 05:00:01+00:00")
    await account.pass_time(1)
    assert [account.state_of(key) for key in ("sent_today", "received_today")] == ["0", "0"]
