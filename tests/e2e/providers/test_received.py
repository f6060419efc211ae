"""Messages that a provider receives: by its calls, and by being asked for them."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from sms_bridge.simulator.provider_geniq import GeniqServer
from sms_bridge.simulator.provider_geniq_account import GeniqOptions
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
from tests.e2e.client import wait_for
from tests.e2e.providers.account import CLOUD
from tests.e2e.providers.kits import GENIQ, SMSGATEWAY24
from tests.e2e.providers.test_messages import UNICODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.client import Event
    from tests.e2e.providers.account import Account

SENDER: Final = "+491711112222"
geniq = pytest.mark.parametrize("shared", ["geniq"], indirect=True)
smsgateway24 = pytest.mark.parametrize("shared", ["smsgateway24"], indirect=True)


def texts(account: Account[Any]) -> list[str | None]:
    """All that was published as received, in order."""
    return [event["text"] for event in account.client.events("incoming")]


def received_after(account: Account[Any], before: int) -> list[Event]:
    """What was published as received from that number on."""
    return [event for event in account.client.events("incoming") if event["seq"] >= before]


@geniq
def test_a_message_to_a_number_at_geniq_is_published_with_its_sender(account: Account[GeniqServer]) -> None:
    text = "  status? ✓ "
    account.do(lambda: account.server.receive_sms(SENDER[1:], text))
    event = account.client.incoming(text)
    assert (event["from"], event["to"], event["gateway"]) == (SENDER, "88888", CLOUD)
    assert (event["channel"], event["segments"], event["incomplete"]) == ("sms", 1, False)
    assert event["sent_at"].endswith(("Z", "+00:00"))


@geniq
def test_a_name_as_sender_stays_as_it_is(account: Account[GeniqServer]) -> None:
    account.do(lambda: account.server.receive_sms("BANK", "your code is 1"))
    assert account.client.incoming("your code is 1")["from"] == "BANK"


@geniq
def test_the_segments_of_a_long_message_are_joined(account: Account[GeniqServer]) -> None:
    text = UNICODE * 4
    ids = account.do(lambda: account.server.receive_sms(SENDER[1:], text))
    assert len(ids) > 3
    event = account.client.incoming(text)
    assert (event["segments"], event["incomplete"], event["encoding"]) == (len(ids), False, "ucs2")


@geniq
def test_two_long_messages_of_one_sender_at_once_are_two(account: Account[GeniqServer]) -> None:
    one, other = "one " * 100, "two " * 100

    def receive() -> None:
        account.server.receive_sms(SENDER[1:], one)
        account.server.receive_sms(SENDER[1:], other)

    account.do(receive)
    assert account.client.incoming(one)["segments"] == account.client.incoming(other)["segments"] == 3


@geniq
def test_a_whatsapp_message_is_published_with_its_media(account: Account[GeniqServer]) -> None:
    account.do(lambda: account.server.receive_whatsapp(SENDER[1:], body="good morning"))
    event = account.client.incoming("good morning")
    assert (event["channel"], event["from"], event["from_name"]) == ("whatsapp", SENDER, "Mark Gold")
    before = account.next_seq()
    url = "https://media.example/door.jpg"
    account.do(lambda: account.server.receive_whatsapp(SENDER[1:], "image", url=url))
    (image,) = wait_for(lambda: received_after(account, before), "the image")
    assert [(media["type"], media["url"]) for media in image["media"]] == [("image", url)]


@geniq
def test_what_geniq_calls_with_again_is_received_once(account: Account[GeniqServer]) -> None:
    account.do(lambda: account.server.receive_sms(SENDER[1:], "only once"))
    account.client.incoming("only once")
    account.settled()
    callback = account.server.callback_attempts[-1].callback
    before = account.next_seq()
    for _ in range(20):
        account.do(lambda: account.server.fire(callback))
    account.settled()
    assert {attempt.status for attempt in account.server.callback_attempts[-20:]} == {200}
    assert account.next_seq() == before
    assert texts(account).count("only once") == 1


@geniq
def test_equal_texts_are_as_many_messages(account: Account[GeniqServer]) -> None:
    for _ in range(3):
        account.do(lambda: account.server.receive_sms(SENDER[1:], "ring ring"))
    wait_for(lambda: texts(account).count("ring ring") == 3, "three messages")


def test_geniq_calls_until_a_bridge_that_was_down_takes_it(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    server = GeniqServer(GeniqOptions(callback_tries=1_000))
    account: Account[GeniqServer] = fresh_account(GENIQ, server=server, modems={})
    name = account.send(number)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.bridge.end(signal.SIGKILL)
    account.report(sent, "delivered")
    account.do(lambda: account.server.receive_sms(SENDER[1:], "are you there?"))
    wait_for(lambda: len(account.server.callback_attempts) > 2, "calls in vain")
    account.start()
    assert account.client.final(name)["state"] == "delivered"
    assert account.client.incoming("are you there?")["from"] == SENDER


def test_geniqs_older_reports_by_get_are_read(
    fresh_account: Callable[..., Account[Any]], number: str
) -> None:
    server = GeniqServer(GeniqOptions(dlr_by_get=True, numeric_codes=True, always_200=True))
    account: Account[GeniqServer] = fresh_account(GENIQ, server=server, modems={})
    name = account.send(number, UNICODE)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.do(lambda: account.server.advance(sent.ids[0], "delivered"))
    account.settled()
    assert account.client.states(name)[-1] == "accepted"
    account.do(lambda: account.server.advance(sent.ids[1], "delivered"))
    assert account.client.final(name)["segments_delivered"] == 2


@geniq
def test_one_segment_that_is_not_delivered_fails_the_whole(
    account: Account[GeniqServer], number: str
) -> None:
    name = account.send(number, UNICODE)
    (sent,) = account.leaves(number)
    account.taken(name)
    account.do(lambda: account.server.advance(sent.ids[0], "delivered"))
    account.do(lambda: account.server.advance(sent.ids[1], "undeliverable", reason=8))
    final = account.client.final(name)
    assert (final["state"], final["error"]["code"]) == ("undeliverable", "absent_subscriber")
    assert final["error"]["provider_code"] == "8"


# -- SmsGateway24


@pytest.fixture
def uncalled(account: Account[SmsGateway24Server]) -> Iterator[Account[SmsGateway24Server]]:
    """The account without webhooks; the bridge has asked for what was received at least once."""
    url, account.server.callback_url = account.server.callback_url, None
    wait_for(lambda: account.count("POST /getallsms"), "the first look")
    yield account
    account.server.callback_url = url


@smsgateway24
def test_messages_of_the_phone_are_asked_for_in_order(uncalled: Account[SmsGateway24Server]) -> None:
    lines = [f"line {n} ünï 🚪" for n in range(5)]
    for line in lines:
        uncalled.do(lambda line=line: uncalled.server.receive(SENDER, line, sim=1))  # type: ignore[misc] # mypy cannot infer a default's type
    event = uncalled.client.incoming(lines[-1])
    assert (event["from"], event["gateway"], event["sim"]) == (SENDER, CLOUD, 1)
    assert [text for text in texts(uncalled) if text in lines] == lines


@smsgateway24
def test_a_message_of_the_phone_is_called_for_at_once(account: Account[SmsGateway24Server]) -> None:
    account.do(lambda: account.server.receive(SENDER, "by webhook", sim=1))
    event = account.client.incoming("by webhook")
    assert (event["from"], event["channel"], event["sim"]) == (SENDER, "sms", 1)


@smsgateway24
def test_what_comes_by_webhook_and_by_asking_is_one_message(account: Account[SmsGateway24Server]) -> None:
    account.do(lambda: account.server.receive(SENDER, "by two ways"))
    account.client.incoming("by two ways")
    account.settled()
    callback = account.server.callback_attempts[-1].callback
    mark = len(account.requests.seen)
    wait_for(lambda: account.count("POST /getallsms", mark) > 1, "two more looks")
    account.do(lambda: account.server.fire(callback))
    account.settled()
    assert texts(account).count("by two ways") == 1


@smsgateway24
def test_what_another_phone_of_the_account_received_is_not_ours(
    account: Account[SmsGateway24Server],
) -> None:
    account.do(lambda: account.server.receive(SENDER, "to us"))
    account.client.incoming("to us")
    account.settled()
    callback = account.server.callback_attempts[-1].callback
    before = account.next_seq()
    fields = {**callback.fields, "device_id": 999, "sms_id": 999_999, "body": "to another phone"}
    account.do(lambda: account.server.fire(type(callback).json("incoming", fields)))
    account.settled()
    assert account.next_seq() == before


@smsgateway24
def test_an_image_is_published_with_its_address(account: Account[SmsGateway24Server]) -> None:
    before = account.next_seq()
    url = "https://media.example/cat.png"
    account.do(lambda: account.server.receive_image(SENDER, url))
    (image,) = wait_for(lambda: received_after(account, before), "the image")
    assert [media["url"] for media in image["media"]] == [url]


def test_history_is_not_replayed_and_what_came_while_the_bridge_was_down_is(
    fresh_account: Callable[..., Account[Any]],
) -> None:
    server = SmsGateway24Server()
    server.receive(SENDER, "long ago")
    account: Account[SmsGateway24Server] = fresh_account(
        replace(SMSGATEWAY24, calls=False), server=server, modems={}
    )
    wait_for(lambda: account.count("POST /getallsms"), "the first look")
    account.do(lambda: server.receive(SENDER, "while it runs"))
    account.client.incoming("while it runs")
    account.bridge.end(signal.SIGKILL)
    account.do(lambda: server.receive(SENDER, "while it was down"))
    account.start()
    account.client.incoming("while it was down")
    assert texts(account) == ["while it runs", "while it was down"]
