"""What every provider must do with a message: take it, alone or with others, and tell what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from tests.component.account_providers.live import ROUND
from tests.component.accounts.account import ANNA, BERT
from tests.component.calling import key_of
from tests.e2e.providers.kits import GENIOSMS, GENIQ, KITS, SMSGATEWAY24, SMSGIC, UBILL

if TYPE_CHECKING:
    from tests.component.account_providers.live import LiveAccount
    from tests.e2e.providers.kits import Kit

#: Two segments of UCS-2, with a character of two surrogates.
UNICODE: Final = "Дверь открыта уже десять минут, проверьте, пожалуйста! 🚪🔥\nKüche – 25 °C, naïve façade"
MANY: Final = [f"+4917012345{number}" for number in range(10, 15)]
TITLES: Final = {
    "geniq": "GENIQ",
    "smsgic": "SMSgic",
    "ubill": "uBill",
    "smsgateway24": "SmsGateway24",
    "geniosms": "GenioSms",
}


def only(*kits: Kit) -> pytest.MarkDecorator:
    """A test of these providers alone."""
    return pytest.mark.parametrize("kit", kits, ids=lambda kit: kit.name)


async def test_a_message_is_followed_from_the_action_to_the_handset(account: LiveAccount[Any]) -> None:
    answer = await account.send("the door is open", id="door")
    assert [(sent["id"], sent["to"]) for sent in answer["messages"]] == [("door", ANNA)]
    (sent,) = account.on_air(ANNA)
    assert sent.text == "the door is open"
    await account.report(sent, account.kit.sent)
    await account.report(sent, account.kit.delivered)
    told = ["queued", "accepted", "sent", "delivered"]
    if account.kit is GENIQ:  # the document's "processed" is the provider's, not the network's
        told.remove("sent")
    assert account.states_of("door") == told
    assert [event["final"] for event in account.deliveries] == [False] * (len(told) - 1) + [True]
    last = account.last("door")
    assert (last["error"], last["possible_duplicate"], last["late"]) == (None, False, False)
    assert (last["recipient"], last["channel"]) == (ANNA, "sms")
    kept = await account.ask("get_message", id="door")
    # GenioSms tells no id: its notifications bear ours.
    references = [sent.reference] if account.kit is GENIOSMS else list(sent.ids)
    assert (kept["state"], kept["text"], kept["reference"]) == ("delivered", "the door is open", references)
    assert account.state_of("sent_today") == "1"
    assert len(account.server.on_air) == 1


async def test_a_report_of_failure_ends_a_message(account: LiveAccount[Any]) -> None:
    await account.send("nobody there", id="door")
    word, state = account.kit.failed
    await account.report(account.on_air(ANNA)[0], word)
    last = account.last("door")
    assert (last["state"], last["final"]) == (state, True)
    assert last["error"]
    assert account.state_of("failed_today") == "1"
    await account.pass_time(ROUND)
    assert len(account.server.on_air) == 1


async def test_whoever_waits_for_delivery_is_told_it(account: LiveAccount[Any]) -> None:
    asking = account.hass.async_create_task(
        account.ask("send", target=[ANNA], message="Hello", wait_for="delivered", timeout=300)
    )
    (sent,) = await account.leaves(ANNA)
    await account.until(lambda: "accepted" in account.states)
    for number in sent.ids:
        account.server.advance(number, account.kit.delivered)
    if not account.kit.calls:
        account.freezer.tick(timedelta(seconds=ROUND))
        await account.fire_timers()
    answer = await asking
    assert answer["messages"][0]["state"] == "delivered"


# SMSgic has no callbacks, and is not asked about what is over.
@only(GENIQ, UBILL, SMSGATEWAY24, GENIOSMS)
async def test_a_late_delivery_corrects_a_failure(account: LiveAccount[Any]) -> None:
    await account.send("second thoughts", id="door")
    (sent,) = account.on_air(ANNA)
    word, state = account.kit.failed
    await account.report(sent, word)
    await account.report(sent, account.kit.delivered)
    assert account.states_of("door")[-2:] == [state, "delivered"]


async def test_several_recipients_of_one_text_are_one_request_where_the_provider_can(
    account: LiveAccount[Any],
) -> None:
    mark = len(account.requests.seen)
    answer = await account.send("the heating is off", target=MANY, id="heating")
    assert [sent["to"] for sent in answer["messages"]] == MANY
    asked = len(MANY) if account.kit is GENIOSMS else 1
    assert account.requests.count(account.kit.batch, mark) == asked
    assert [len(account.on_air(number)) for number in MANY] == [1] * len(MANY)
    for number in MANY:
        await account.report(account.on_air(number)[0], account.kit.delivered)
    assert [account.last(f"heating/{n}")["state"] for n in range(len(MANY))] == ["delivered"] * len(MANY)
    assert len(account.server.on_air) == len(MANY)


# SMSgic's document tells about a sending as a whole only.
@only(*(kit for kit in KITS if kit is not SMSGIC))
async def test_each_of_several_recipients_has_an_end_of_his_own(account: LiveAccount[Any]) -> None:
    await account.send("one comes, one does not", target=[ANNA, BERT], id="door")
    reached, missed = account.on_air(ANNA)[0], account.on_air(BERT)[0]
    word, state = account.kit.failed
    if account.kit is UBILL:
        # One smsID for all: the number tells them apart.
        account.server.advance(reached.ids[0], "1", number=reached.recipient)
        account.server.advance(missed.ids[0], word, number=missed.recipient)
        await account.settle()
    else:
        await account.report(reached, account.kit.delivered)
        await account.report(missed, word)
    assert (account.last("door/0")["state"], account.last("door/1")["state"]) == ("delivered", state)


async def test_texts_in_any_script_arrive_as_they_were_written(account: LiveAccount[Any]) -> None:
    answer = await account.send(UNICODE, id="door")
    assert answer["messages"][0]["segments"] == 2
    (sent,) = account.on_air(ANNA)
    assert sent.text == UNICODE
    if account.kit is GENIQ:
        # An id for each segment: the whole is delivered when both are.
        account.server.advance(sent.ids[0], "delivered")
        await account.settle()
        assert account.states_of("door")[-1] == "accepted"
        account.server.advance(sent.ids[1], "delivered")
        await account.settle()
    else:
        await account.report(sent, account.kit.delivered)
    assert account.states_of("door")[-1] == "delivered"


async def test_a_text_for_seven_bits_is_made_to_fit(account: LiveAccount[Any]) -> None:
    await account.send("Đorđević – ćevapi", encoding="gsm7")
    assert account.on_air(ANNA)[0].text == "Dordevic - cevapi"


async def test_messages_of_different_texts_have_answers_of_their_own(account: LiveAccount[Any]) -> None:
    for number in range(8):
        await account.ask("send", target=[ANNA], message=f"text {number}", id=f"m{number}")
    await account.settle()
    assert sorted(sent.text for sent in account.on_air(ANNA)) == [f"text {number}" for number in range(8)]
    for sent in account.on_air(ANNA):
        await account.report(sent, account.kit.delivered)
    assert {account.last(f"m{number}")["state"] for number in range(8)} == {"delivered"}


#: The parameter by which each leaves the time to its provider, how it is written there, and in which zone.
SCHEDULES: Final = {
    "smsgic": ("scheduled_at", "%Y-%m-%d %H:%M:%S", "UTC"),
    "ubill": ("sendTime", "%Y-%m-%d %H:%M", "Asia/Tbilisi"),
    "smsgateway24": ("timetosend", "%Y-%m-%d %H:%M:%S", "Europe/Paris"),
}


@only(SMSGIC, UBILL, SMSGATEWAY24)
async def test_a_schedule_is_the_providers_own_and_cannot_be_cancelled(account: LiveAccount[Any]) -> None:
    at = (dt_util.utcnow() + timedelta(hours=5)).replace(second=0, microsecond=0)
    await account.send("wake up", send_at=at.isoformat(), id="later")
    assert account.states_of("later") == ["scheduled", "accepted"]
    parameter, written, zone = SCHEDULES[account.kit.name]
    (sent,) = account.on_air(ANNA)
    left = datetime.strptime(str(sent.options[parameter]), written).replace(tzinfo=ZoneInfo(zone))
    assert left == at
    assert (await account.ask("get_message", id="later"))["send_at"] == at.isoformat()
    with pytest.raises(ServiceValidationError) as caught:
        await account.ask("cancel", id="later")
    assert key_of(caught.value) == (
        "provider_cannot",
        {"what": "cancel", "provider": TITLES[account.kit.name]},
    )
    for _ in range(5):
        await account.pass_time(3600)
    await account.report(sent, account.kit.delivered)
    assert account.states_of("later")[-1] == "delivered"
    assert len(account.server.on_air) == 1


@only(GENIQ, GENIOSMS)
async def test_who_cannot_schedule_is_named(account: LiveAccount[Any]) -> None:
    at = dt_util.utcnow() + timedelta(hours=5)
    with pytest.raises(
        ServiceValidationError, match=f"{TITLES[account.kit.name]} cannot send at a later time"
    ):
        await account.ask("send", target=[ANNA], message="wake up", send_at=at.isoformat())
    assert account.server.on_air == []


@pytest.mark.parametrize(
    ("kit", "unit"), [(GENIQ, "EUR"), (SMSGIC, "GBP"), (UBILL, None)], ids=["geniq", "smsgic", "ubill"]
)
async def test_the_balance_is_a_sensor(account: LiveAccount[Any], unit: str | None) -> None:
    sensor = next(state for state in account.hass.states.async_all() if state.entity_id.endswith("balance"))
    assert float(sensor.state) == float(account.server.balance)
    assert sensor.attributes.get("unit_of_measurement") == unit
    assert sensor.attributes.get("device_class") == ("monetary" if unit else None)
    await account.send("it costs something")
    await account.pass_time(1000)
    assert float(account.state_of("balance")) == float(account.server.balance) < float(sensor.state)


@only(SMSGATEWAY24, GENIOSMS)
async def test_where_there_is_no_balance_there_is_no_sensor(account: LiveAccount[Any]) -> None:
    assert not any(state.entity_id.endswith("balance") for state in account.hass.states.async_all())
