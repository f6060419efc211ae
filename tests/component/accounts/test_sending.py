"""Sending through an account: what is told, what is kept, and what never happens twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from custom_components.sms_gateway.backend import BackendError
from custom_components.sms_gateway.sms_providers.model import Capability, ErrorCode, State, Taken
from tests.component.accounts.account import ANNA, BERT
from tests.component.accounts.scripted import no_answer, refused, report, taken

if TYPE_CHECKING:
    from tests.component.accounts.account import Account


async def test_a_message_goes_from_queued_to_delivered(account: Account) -> None:
    account.provider.outcomes.append(taken("ref"))
    answer = await account.ask("send", target=[ANNA], message="Hello", id="door-1")
    assert (answer["messages"][0]["id"], answer["messages"][0]["segments"]) == ("door-1", 1)
    await account.settle()
    await account.tell(report("ref", State.SENT), report("ref", State.DELIVERED))
    assert account.states == ["queued", "accepted", "sent", "delivered"]
    assert [event["final"] for event in account.deliveries] == [False, False, False, True]
    assert [(sent.recipient, sent.text) for sent in account.provider.sent] == [(ANNA, "Hello")]


async def test_waiting_for_delivery_returns_it(account: Account) -> None:
    account.provider.outcomes.append(taken("ref"))
    asked = asyncio.create_task(
        account.ask("send", target=[ANNA], message="Hello", wait_for="delivered", timeout=5)
    )
    await account.provider.asked_to_send.wait()
    await account.tell(report("ref", State.DELIVERED))
    assert (await asked)["messages"][0]["state"] == "delivered"


async def test_the_id_is_on_disk_before_the_provider_is_asked(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    await account.send_unanswered(id="door-1")
    stored = hass_storage[f"sms_gateway.outbox.{account.entry.entry_id}"]["data"]["records"]
    assert [(record["id"], record["attempts"][0]["answered"]) for record in stored] == [("door-1", False)]
    await account.answer()


async def test_a_message_in_flight_at_a_crash_is_unknown_and_never_sent_again(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    key = f"sms_gateway.outbox.{account.entry.entry_id}"
    await account.send_unanswered(id="door-1")
    before = hass_storage[key]
    await account.answer()
    await account.unload()
    hass_storage[key] = before
    account.deliveries.clear()

    await account.load()
    await account.pass_time(3600)
    assert [(event["state"], event["final"]) for event in account.deliveries] == [
        ("unknown", False),
        ("unknown", True),
    ]
    assert len(account.provider.sent) == 1


async def test_a_message_in_flight_at_a_crash_is_found_at_the_provider(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    key = f"sms_gateway.outbox.{account.entry.entry_id}"
    await account.send_unanswered(id="door-1")
    before = hass_storage[key]
    await account.answer()
    await account.unload()
    hass_storage[key] = before
    account.provider.found[account.provider.sent[0].reference] = taken("ref")

    await account.load()
    await account.pass_time(3)
    await account.tell(report("ref", State.DELIVERED))
    assert account.states[-3:] == ["unknown", "accepted", "delivered"]
    assert len(account.provider.sent) == 1


async def test_what_waits_at_a_restart_is_sent_after_it(account: Account) -> None:
    account.provider.outcomes.append(refused(ErrorCode.THROTTLED, retry_after=300))
    await account.send()
    await account.reload()
    assert account.states == ["queued", "accepted"]


async def test_one_time_passwords_are_not_written_down(
    account: Account, hass_storage: dict[str, Any]
) -> None:
    account.provider.outcomes.append(taken("ref"))
    await account.ask("send", target=[ANNA], message="Code 4711", id="otp", priority="otp")
    await account.settle()
    assert "4711" not in str(hass_storage[f"sms_gateway.outbox.{account.entry.entry_id}"])
    await account.tell(report("ref", State.DELIVERED))
    message = await account.ask("get_message", id="otp")
    assert (message["state"], message["text"]) == ("delivered", None)
    again = await account.ask("send", target=[ANNA], message="Code 4711", id="otp", priority="otp")
    assert (again["messages"][0]["state"], len(account.provider.sent)) == ("delivered", 1)


@pytest.mark.parametrize("number", ["112", "911", "000", "999"])
async def test_nothing_is_sent_to_emergency_services(account: Account, number: str) -> None:
    with pytest.raises(HomeAssistantError, match=f"target: {number} reaches emergency services"):
        await account.ask("send", target=[ANNA, number], message="Test")
    await account.settle()
    assert account.provider.sent == []


class TestIds:
    async def test_the_same_request_again_is_answered_and_not_sent(self, account: Account) -> None:
        for _ in range(2):
            await account.send(target=[ANNA, BERT], id="alarm")
        answer = await account.send(target=[ANNA, BERT], id="alarm")
        assert len(account.provider.sent) == 2
        assert [(item["id"], item["state"]) for item in answer["messages"]] == [
            ("alarm/0", "accepted"),
            ("alarm/1", "accepted"),
        ]

    @pytest.mark.parametrize(
        ("changed", "named"), [({"message": "Other"}, "content"), ({"target": [BERT]}, "target")]
    )
    async def test_other_content_under_the_same_id_is_refused(
        self, account: Account, changed: dict[str, Any], named: str
    ) -> None:
        request = {"target": [ANNA], "message": "Hello", "id": "alarm"}
        await account.ask("send", **request)
        await account.settle()
        with pytest.raises(ServiceValidationError) as caught:
            await account.ask("send", **{**request, **changed})
        placeholders = caught.value.translation_placeholders
        assert placeholders is not None
        assert (placeholders["code"], named in placeholders["reason"]) == ("id_conflict", True)
        assert len(account.provider.sent) == 1

    async def test_ids_outlive_a_restart(self, account: Account) -> None:
        account.provider.outcomes.append(Taken(references=("ref",), state=State.ACCEPTED, final=True))
        await account.send(id="alarm")
        await account.reload()
        answer = await account.ask("send", target=[ANNA], message="Hello", id="alarm")
        assert (answer["messages"][0]["state"], len(account.provider.sent)) == ("accepted", 1)

    async def test_messages_are_forgotten_after_thirty_days(self, account: Account) -> None:
        account.provider.outcomes.append(Taken(references=("ref",), state=State.ACCEPTED, final=True))
        await account.send(id="alarm")
        await account.pass_time(29 * 86_400)
        assert (await account.ask("get_message", id="alarm"))["text"] == "Hello"
        await account.pass_time(2 * 86_400)
        with pytest.raises(ServiceValidationError):
            await account.ask("get_message", id="alarm")


class TestBatches:
    async def test_equal_texts_go_in_one_request(self, account: Account) -> None:
        numbers = [f"+4917012345{number:02}" for number in range(12)]
        await account.ask("send", target=numbers, message="Hello")
        await account.settle()
        assert [len(batch) for batch in account.provider.batches] == [10, 2]

    async def test_each_recipient_of_a_request_has_its_own_outcome(self, account: Account) -> None:
        account.provider.outcomes.append([taken("ref"), refused(ErrorCode.INVALID_RECIPIENT)])
        await account.ask("send", target=[ANNA, BERT], message="Hello")
        await account.settle()
        last = {event["recipient"]: event["state"] for event in account.deliveries}
        assert last == {ANNA: "accepted", BERT: "failed"}

    async def test_reports_of_a_shared_reference_are_told_apart_by_recipient(self, account: Account) -> None:
        account.provider.outcomes.append([taken("shared"), taken("shared")])
        await account.ask("send", target=[ANNA, BERT], message="Hello")
        await account.settle()
        await account.tell(report("shared", State.DELIVERED, recipient=BERT))
        last = {event["recipient"]: event["state"] for event in account.deliveries}
        assert last == {ANNA: "accepted", BERT: "delivered"}


class TestSegments:
    async def test_a_message_is_delivered_when_all_its_segments_are(self, account: Account) -> None:
        account.provider.outcomes.append(taken("one", "two"))
        await account.send("x" * 200)
        await account.tell(report("one", State.DELIVERED))
        assert account.states[-1] == "accepted"
        await account.tell(report("two", State.DELIVERED))
        assert account.states[-1] == "delivered"

    async def test_a_failed_segment_fails_the_message(self, account: Account) -> None:
        account.provider.outcomes.append(taken("one", "two"))
        await account.send("x" * 200)
        await account.tell(report("one", State.DELIVERED), report("two", State.UNDELIVERABLE))
        assert account.states[-1] == "undeliverable"


class TestRefusals:
    @pytest.mark.parametrize("code", [ErrorCode.NO_CREDIT, ErrorCode.INVALID_RECIPIENT, ErrorCode.BLOCKED])
    async def test_a_lasting_refusal_fails_the_message(self, account: Account, code: ErrorCode) -> None:
        account.provider.outcomes.append(refused(code))
        await account.send()
        assert (account.states, account.deliveries[-1]["error"]) == (["queued", "failed"], code.value)

    async def test_a_passing_refusal_is_tried_again(self, account: Account) -> None:
        account.provider.outcomes += [refused(ErrorCode.NETWORK)] * 3
        await account.send()
        for seconds in (2, 3, 6):
            await account.pass_time(seconds)
        assert account.states == ["queued", "accepted"]
        assert len(account.provider.sent) == 4
        assert len({sent.reference for sent in account.provider.sent}) == 4

    async def test_what_cannot_be_sent_in_time_expires_with_the_last_reason(self, account: Account) -> None:
        account.provider.outcomes += [refused(ErrorCode.NETWORK)] * 100
        await account.ask("send", target=[ANNA], message="Hello", valid_for=60)
        for _ in range(8):
            await account.pass_time(15)
        assert (account.states, account.deliveries[-1]["error"]) == (["queued", "expired"], "network")

    async def test_throttling_pauses_the_whole_account(self, account: Account) -> None:
        account.provider.outcomes.append(refused(ErrorCode.THROTTLED, retry_after=120))
        await account.send("One")
        await account.ask("send", target=[BERT], message="Two", priority="high")
        await account.pass_time(60)
        assert [sent.text for sent in account.provider.sent] == ["One"]
        await account.pass_time(70)
        assert [sent.text for sent in account.provider.sent] == ["One", "Two", "One"]
        assert account.states.count("accepted") == 2

    async def test_refused_credentials_ask_the_user_to_sign_in_again(self, account: Account) -> None:
        account.provider.outcomes.append(refused(ErrorCode.AUTH))
        await account.send()
        assert [flow["context"]["source"] for flow in account.hass.config_entries.flow.async_progress()] == [
            "reauth"
        ]


class TestLostAnswers:
    async def test_a_found_message_is_not_sent_again(self, account: Account) -> None:
        account.provider.outcomes.append(no_answer())
        await account.send()
        account.provider.found[account.provider.sent[0].reference] = taken("ref")
        await account.pass_time(3)
        await account.pass_time(60)
        assert (account.states, len(account.provider.sent)) == (["queued", "unknown", "accepted"], 1)

    async def test_one_that_nobody_finds_is_sent_once_more_and_said_to_be_a_possible_duplicate(
        self, account: Account
    ) -> None:
        account.provider.outcomes += [no_answer(), no_answer()]
        await account.send(id="alarm")
        for _ in range(5):
            await account.pass_time(31)
        assert [(event["state"], event["final"]) for event in account.deliveries] == [
            ("queued", False),
            ("unknown", False),
            ("unknown", True),
        ]
        assert len(account.provider.sent) == 2
        assert (await account.ask("get_message", id="alarm"))["possible_duplicate"] is True

    async def test_one_that_is_to_be_held_is_never_sent_again(self, account: Account) -> None:
        account.provider.outcomes.append(no_answer("late"))
        await account.send(on_unknown="hold")
        await account.pass_time(31)
        assert (account.states, len(account.provider.sent)) == (["queued", "unknown", "unknown"], 1)
        await account.tell(report("late", State.DELIVERED))
        assert account.states[-1] == "delivered"

    async def test_a_late_report_settles_it(self, account: Account) -> None:
        account.provider.outcomes.append(no_answer("late"))
        await account.send()
        await account.tell(report("late", State.SENT))
        await account.pass_time(60)
        assert (account.states, len(account.provider.sent)) == (["queued", "unknown", "sent"], 1)

    async def test_a_fault_inside_counts_as_no_answer(
        self, account: Account, caplog: pytest.LogCaptureFixture
    ) -> None:
        account.provider.outcomes.append(RuntimeError("boom"))
        await account.send(on_unknown="hold")
        assert account.states == ["queued", "unknown"]
        assert "Sending through Scripted failed" in caplog.text


async def test_a_report_may_come_before_the_answer(account: Account) -> None:
    account.provider.outcomes.append(taken("ref"))
    await account.send_unanswered()
    backend = account.backend
    assert await backend.expects(report("ref", State.DELIVERED))
    await backend.report(report("ref", State.DELIVERED))
    await account.answer()
    assert account.states == ["queued", "accepted", "delivered"]
    assert not await backend.expects(report("other", State.DELIVERED))


async def test_what_a_phone_did_not_send_is_sent_again(account: Account) -> None:
    account.provider.outcomes.append(taken("ref"))
    await account.send()
    await account.tell(report("ref", State.FAILED, not_sent=True))
    await account.pass_time(3)
    assert len(account.provider.sent) == 2
    await account.tell(report(f"p{account.provider.sent[1].reference}", State.DELIVERED))
    assert account.states == ["queued", "accepted", "delivered"]


class TestWhatTheProviderCannot:
    @pytest.mark.parametrize(
        ("field", "value", "lacking"),
        [
            ("originator", "Me", Capability.ORIGINATOR),
            ("flash", True, Capability.FLASH),
            ("sim", 1, Capability.SIM),
            ("send_at", "2099-01-01 12:00:00", Capability.SCHEDULE),
        ],
    )
    async def test_it_is_refused_by_name(
        self, account: Account, field: str, value: object, lacking: Capability
    ) -> None:
        account.provider.capabilities -= {lacking}
        with pytest.raises(ServiceValidationError, match="Scripted") as caught:
            await account.ask("send", target=[ANNA], message="Hello", **{field: value})
        assert field in str(caught.value)
        assert account.provider.sent == []

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"options": {"fanci": True}}, "unknown_key"),
            ({"options": {"fancy": "yes"}}, "invalid_payload"),
            ({"message": "x" * 200, "max_segments": 1}, "too_long"),
            ({"gateway": ["stick"]}, "unsupported"),
        ],
    )
    async def test_a_wrong_request_is_refused_before_anything_is_kept(
        self, account: Account, code: str, fields: dict[str, Any]
    ) -> None:
        with pytest.raises(ServiceValidationError, match=code):
            await account.ask("send", **{"target": [ANNA], "message": "Hello", **fields})
        assert (await account.ask("list_messages"))["messages"] == []

    async def test_data_is_for_modems(self, account: Account) -> None:
        with pytest.raises(ServiceValidationError, match="Scripted cannot send data"):
            await account.ask("send", target=[ANNA], data="AAEC", port=5000)

    @pytest.mark.parametrize(
        ("action", "fields"), [("cancel", {"id": "x"}), ("ussd", {"gateway": "x", "code": "*100#"})]
    )
    async def test_an_action_it_has_not_is_refused_by_name(
        self, account: Account, action: str, fields: dict[str, Any]
    ) -> None:
        with pytest.raises(ServiceValidationError) as caught:
            await account.ask(action, **fields)
        assert caught.value.translation_key == "provider_cannot"
        assert caught.value.translation_placeholders == {"provider": "Scripted", "what": action}

    async def test_options_reach_the_provider_as_it_takes_them(self, account: Account) -> None:
        await account.send(options={"fancy": True}, originator="Me")
        message = account.provider.sent[0].outgoing.message
        assert (message.options, message.originator) == ({"fancy": True}, "Me")


class TestHistory:
    async def test_a_message_is_shown_with_its_events(self, account: Account) -> None:
        account.provider.outcomes.append(taken("ref"))
        await account.send(id="alarm", metadata={"room": "hall"})
        await account.tell(report("ref", State.DELIVERED))
        message = await account.ask("get_message", id="alarm")
        assert (message["to"], message["text"], message["metadata"]) == (ANNA, "Hello", {"room": "hall"})
        assert message["reference"] == ["ref"]
        assert [event["state"] for event in message["events"]] == ["queued", "accepted", "delivered"]

    async def test_messages_are_listed_newest_first_page_by_page(self, account: Account) -> None:
        for number in range(3):
            await account.ask("send", target=[ANNA], message="Hello", id=f"m{number}")
            await account.pass_time(1)
        first = await account.ask("list_messages", limit=2)
        assert [message["id"] for message in first["messages"]] == ["m2", "m1"]
        second = await account.ask("list_messages", limit=2, cursor=first["cursor"])
        assert ([message["id"] for message in second["messages"]], second["cursor"]) == (["m0"], None)
        assert (await account.ask("list_messages", to=BERT))["messages"] == []
        assert len((await account.ask("list_messages", state="accepted"))["messages"]) == 3
        with pytest.raises(ServiceValidationError, match="cursor"):
            await account.ask("list_messages", cursor="nonsense")

    async def test_a_failed_message_is_sent_again_on_request(self, account: Account) -> None:
        account.provider.outcomes.append(refused(ErrorCode.NO_CREDIT))
        await account.send(id="alarm")
        assert await account.ask("resend", id="alarm") == {"ids": ["alarm"]}
        await account.settle()
        assert account.states == ["queued", "failed", "queued", "accepted"]
        with pytest.raises(ServiceValidationError, match="only an SMS that failed"):
            await account.ask("resend", id="alarm")
        with pytest.raises(ServiceValidationError, match="unknown_id"):
            await account.ask("resend", id="other")


async def test_a_scheduled_message_is_left_to_the_provider(account: Account) -> None:
    at = dt_util.utcnow() + timedelta(hours=5)
    await account.send(send_at=at.isoformat(), id="later")
    assert account.states == ["scheduled", "accepted"]
    assert account.provider.sent[0].outgoing.send_at == at
    with pytest.raises(BackendError, match="Scripted cannot cancel a message, not even a scheduled one"):
        await account.backend.cancel("later")
