"""What every provider must do with a message: take it, alone or with others, and tell what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.client import wait_for
from tests.e2e.providers.account import CLOUD
from tests.e2e.providers.kits import CALLING, GENIOSMS, KITS, SMSGIC

if TYPE_CHECKING:
    from tests.e2e.providers.account import Account

#: Two segments of UCS-2, with a character of two surrogates.
UNICODE: Final = "Дверь открыта уже десять минут, проверьте, пожалуйста! 🚪🔥\nKüche – 25 °C, naïve façade"


def numbers(number: str, count: int) -> list[str]:
    """Recipients that no other test sends to."""
    return [f"{number}{digit}" for digit in range(count)]


def test_a_message_is_followed_from_the_command_to_the_handset(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    account.client.send(to=number, text="the door is open", id=name)
    (sent,) = account.leaves(number)
    assert sent.text == "the door is open"
    accepted = account.taken(name)
    assert (accepted["final"], accepted["gateway"], accepted["attempt"]) == (False, CLOUD, 1)
    assert accepted["reference"]
    account.report(sent, account.kit.sent)
    if account.kit.name != "geniq":  # the document's "processed" is the provider's, not the network's
        assert account.client.reached(name, "sent")["final"] is False
    account.report(sent, account.kit.delivered)
    final = account.client.final(name)
    assert (final["state"], final["error"], final["possible_duplicate"]) == ("delivered", None, False)
    assert (final["segments"], final["segments_delivered"]) == (1, 1)
    assert account.client.states(name)[:2] == ["queued", "accepted"]
    assert len(account.on_air(number)) == 1


def test_a_report_of_failure_ends_a_message_with_the_providers_word(
    account: Account[Any], number: str
) -> None:
    name = f"m{number[1:]}"
    account.client.send(to=number, text="nobody there", id=name)
    (sent,) = account.leaves(number)
    account.taken(name)
    word, state = account.kit.failed
    account.report(sent, word)
    final = account.client.final(name)
    assert (final["state"], final["gateway"], final["attempt"]) == (state, CLOUD, 1)
    assert final["error"]["provider_code"]
    assert len(account.on_air(number)) == 1


@pytest.mark.parametrize(
    "shared", [kit.name for kit in CALLING], indirect=True
)  # others are not asked any more
def test_a_late_delivery_corrects_a_failure(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    account.client.send(to=number, text="second thoughts", id=name)
    (sent,) = account.leaves(number)
    account.taken(name)
    word, state = account.kit.failed
    account.report(sent, word)
    assert account.client.final(name)["state"] == state
    account.report(sent, account.kit.delivered)
    assert account.client.reached(name, "delivered")["final"] is True


def test_several_recipients_of_one_text_are_one_request_where_the_provider_can(
    account: Account[Any], number: str
) -> None:
    name, recipients = f"m{number[1:]}", numbers(number, 5)
    mark = len(account.requests.seen)
    account.client.send(to=recipients, text="the heating is off", id=name)
    sent = [account.leaves(recipient)[0] for recipient in recipients]
    assert account.count(account.kit.batch, mark) == (5 if account.kit.name == "geniosms" else 1)
    for recipient in range(5):
        account.taken(f"{name}/{recipient}")
    for one in sent:
        account.report(one, account.kit.delivered)
    assert [account.client.final(f"{name}/{n}")["state"] for n in range(5)] == ["delivered"] * 5
    assert [len(account.on_air(recipient)) for recipient in recipients] == [1] * 5


# SMSgic's document tells about a sending as a whole only.
@pytest.mark.parametrize("shared", [kit.name for kit in KITS if kit is not SMSGIC], indirect=True)
def test_each_of_several_recipients_has_an_end_of_his_own(account: Account[Any], number: str) -> None:
    name, (one, other) = f"m{number[1:]}", numbers(number, 2)
    account.client.send(to=[one, other], text="one comes, one does not", id=name)
    reached, missed = account.leaves(one)[0], account.leaves(other)[0]
    for index in range(2):
        account.taken(f"{name}/{index}")
    word, state = account.kit.failed
    if account.kit.name == "ubill":
        # One smsID for all: the number tells them apart.
        account.do(lambda: account.server.advance(reached.ids[0], "1", number=reached.recipient))
        account.do(lambda: account.server.advance(missed.ids[0], word, number=missed.recipient))
    else:
        account.report(reached, account.kit.delivered)
        account.report(missed, word)
    assert account.client.final(f"{name}/0")["state"] == "delivered"
    assert account.client.final(f"{name}/1")["state"] == state


@pytest.mark.parametrize("shared", ["smsgic"], indirect=True)
def test_one_answer_about_a_sending_is_an_answer_about_all_its_recipients(
    account: Account[Any], number: str
) -> None:
    name, recipients = f"m{number[1:]}", [f"{number}{n:02}" for n in range(30)]
    account.client.send(to=recipients, text="to thirty", id=name)
    for n in range(30):
        account.taken(f"{name}/{n}")
    account.report(account.on_air(recipients[0])[0], "Delivered")
    # Far fewer looks than recipients.
    ends = [account.client.final(f"{name}/{n}", patience=10)["state"] for n in range(30)]
    assert ends == ["delivered"] * 30


def test_texts_in_any_script_arrive_as_they_were_written(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    account.client.send(to=number, text=UNICODE, id=name)
    (sent,) = account.leaves(number)
    assert sent.text == UNICODE
    account.taken(name)
    account.report(sent, account.kit.delivered)
    final = account.client.final(name)
    assert (final["state"], final["segments"], final["segments_delivered"]) == ("delivered", 2, 2)


def test_a_text_for_seven_bits_is_made_to_fit(account: Account[Any], number: str) -> None:
    account.client.send(to=number, text="Đorđević – ćevapi", encoding="gsm7", id=f"m{number[1:]}")
    (sent,) = account.leaves(number)
    assert sent.text == "Dordevic - cevapi"


def test_a_schedule_is_the_bridges_own_and_can_be_cancelled(account: Account[Any], number: str) -> None:
    name, (now, never) = f"m{number[1:]}", numbers(number, 2)
    soon = datetime.now(UTC) + timedelta(seconds=1.2)
    before = soon - timedelta(seconds=0.2)
    account.client.send(to=never, text="not this one", id=f"{name}-never", send_at=before.isoformat())
    account.client.send(to=now, text="at its time", id=f"{name}-now", send_at=soon.isoformat())
    assert account.client.reached(f"{name}-now", "scheduled")["final"] is False
    account.client.reached(f"{name}-never", "scheduled")
    assert account.client.ask("cancel", id=f"{name}-never") == {"ids": [f"{name}-never"]}
    (sent,) = account.leaves(now)
    assert sent.at >= soon
    assert account.client.states(f"{name}-never") == ["scheduled", "cancelled"]
    account.taken(f"{name}-now")
    account.report(sent, account.kit.delivered)
    assert account.client.final(f"{name}-now")["state"] == "delivered"
    assert account.on_air(never) == []


@pytest.mark.parametrize("shared", [kit.name for kit in KITS if kit is not GENIOSMS], indirect=True)
def test_messages_of_equal_text_that_wait_together_are_one_request(
    account: Account[Any], number: str
) -> None:
    name, recipients = f"m{number[1:]}", numbers(number, 4)
    mark = len(account.requests.seen)
    account.client.ask("pause", gateway=CLOUD)
    for n, recipient in enumerate(recipients):
        text = "another text" if n == 3 else "the same text"
        account.client.send(to=recipient, text=text, id=f"{name}-{n}")
    account.client.reached(f"{name}-3", "queued")
    account.client.ask("resume", gateway=CLOUD)
    for n in range(4):
        account.taken(f"{name}-{n}")
    alone = 1 if account.kit.send != account.kit.batch else 0
    assert account.count(account.kit.batch, mark) == 2 - alone
    assert [len(account.on_air(recipient)) for recipient in recipients] == [1] * 4


def test_messages_of_different_texts_go_out_beside_each_other(account: Account[Any], number: str) -> None:
    name = f"m{number[1:]}"
    account.client.publish("send", [{"to": number, "text": f"{n}", "id": f"{name}-{n}"} for n in range(8)])
    sent = account.leaves(number, 8)
    assert sorted(one.text for one in sent) == [f"{n}" for n in range(8)]
    for n in range(8):
        account.taken(f"{name}-{n}")
    for one in sent:
        account.report(one, account.kit.delivered)
    assert {account.client.final(f"{name}-{n}")["state"] for n in range(8)} == {"delivered"}
    assert len(account.on_air(number)) == 8


@pytest.mark.parametrize("shared", ["geniq", "smsgic", "ubill"], indirect=True)
def test_the_balance_is_asked_for_and_shown(account: Account[Any]) -> None:
    told = account.client.ask("balance", gateway=CLOUD)
    currencies = {"geniq": "EUR", "smsgic": "GBP", "ubill": None}
    assert told["currency"] == currencies[account.kit.name]
    assert float(told["amount"]) == float(account.server.balance)
    wait_for(
        lambda: (account.client.gateway(CLOUD) or {})["balance"] == told, "the balance in the gateway's state"
    )


@pytest.mark.parametrize("shared", ["smsgateway24", "geniosms"], indirect=True)
def test_a_balance_that_the_provider_does_not_tell_is_refused_as_unsupported(account: Account[Any]) -> None:
    answer = account.client.request("balance", gateway=CLOUD)
    assert (answer["status"], answer["error"]["code"]) == ("error", "unsupported")
    assert answer["error"]["message"]
