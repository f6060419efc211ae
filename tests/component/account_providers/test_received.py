"""Messages that a provider receives: by its calls, and by being asked for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from custom_components.sms_gateway.const import CONF_TEXTS_IN_ENTITIES
from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Options, SmsGateway24Server
from sms_bridge.simulator.provider_smsgateway24_account import DEVICE, EXAMPLE_DEVICES
from tests.component.account_providers.live import ROUND
from tests.component.account_providers.test_messages import UNICODE, only
from tests.e2e.providers.kits import GENIQ, SMSGATEWAY24

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_callbacks import Callback
    from tests.component.account_providers.live import LiveAccount

SENDER: Final = "+491711112222"
TWO_PHONES: Final = replace(
    SMSGATEWAY24,
    make=lambda: SmsGateway24Server(SmsGateway24Options(devices=(DEVICE, *EXAMPLE_DEVICES))),
)


@pytest.fixture
def options() -> dict[str, Any]:
    """Texts are shown, so that tests can see them."""
    return {CONF_TEXTS_IN_ENTITIES: True}


def texts(account: LiveAccount[Any]) -> list[str]:
    """All that was received, in order."""
    return [event["text"] for event in account.incoming]


@only(GENIQ)
async def test_a_message_to_a_number_at_geniq_is_an_event(account: LiveAccount[Any]) -> None:
    account.server.receive_sms(SENDER[1:], "  status? ✓ ")
    await account.settle()
    (event,) = account.incoming
    assert (event["originator"], event["text"], event["length"]) == (SENDER, "  status? ✓ ", 12)
    assert (event["channel"], event["incomplete"], event["late"]) == ("sms", False, False)
    assert account.state_of("received_today") == "1"


@only(GENIQ)
async def test_the_segments_of_a_long_message_are_joined(account: LiveAccount[Any]) -> None:
    text = UNICODE * 4
    assert len(account.server.receive_sms(SENDER[1:], text)) > 3
    await account.settle()
    assert texts(account) == [text]
    assert account.incoming[0]["incomplete"] is False


@only(GENIQ)
async def test_segments_of_which_some_come_after_a_restart_are_joined(account: LiveAccount[Any]) -> None:
    fire = account.server.fire
    kept: list[Callback] = []
    account.server.fire = kept.append
    account.server.receive_sms(SENDER[1:], "door " * 60)
    account.server.fire = fire
    fire(kept.pop())
    await account.settle()
    await account.reload()
    for callback in kept:
        fire(callback)
    await account.settle()
    assert texts(account) == ["door " * 60]


@only(GENIQ)
async def test_a_name_as_sender_stays_as_it_is(account: LiveAccount[Any]) -> None:
    account.server.receive_sms("BANK", "your code is 1")
    await account.settle()
    assert account.incoming[0]["originator"] == "BANK"


@only(GENIQ)
async def test_a_whatsapp_message_is_an_event(account: LiveAccount[Any]) -> None:
    account.server.receive_whatsapp(SENDER[1:], body="good morning")
    await account.settle()
    (event,) = account.incoming
    assert (event["channel"], event["originator"], event["contact"]) == ("whatsapp", SENDER, "Mark Gold")


@only(GENIQ, SMSGATEWAY24)
async def test_what_is_called_with_again_is_received_once(account: LiveAccount[Any]) -> None:
    if account.kit is GENIQ:
        account.server.receive_sms(SENDER[1:], "only once")
    else:
        account.server.receive(SENDER, "only once")
    await account.settle()
    called = account.server.callback_attempts[-1].callback
    for _ in range(20):
        account.server.fire(called)
    await account.settle()
    assert {attempt.status for attempt in account.server.callback_attempts} == {200}
    assert texts(account) == ["only once"]


@only(SMSGATEWAY24)
async def test_messages_of_the_phone_are_asked_for_in_order(fresh: LiveAccount[Any]) -> None:
    fresh.server.receive(SENDER, "long ago")
    await fresh.load()
    await fresh.pass_time(ROUND)
    assert texts(fresh) == []
    for number in range(3):
        fresh.server.receive(SENDER, f"text {number}")
    await fresh.pass_time(ROUND)
    assert texts(fresh) == ["text 0", "text 1", "text 2"]
    await fresh.unload()
    fresh.server.receive(SENDER, "while nobody was there")
    await fresh.load()
    await fresh.pass_time(ROUND)
    assert texts(fresh)[3:] == ["while nobody was there"]


@only(SMSGATEWAY24)
async def test_what_comes_by_webhook_and_by_asking_is_one_message(account: LiveAccount[Any]) -> None:
    account.server.receive(SENDER, "ring ring")
    await account.settle()
    assert texts(account) == ["ring ring"]
    await account.pass_time(ROUND)
    await account.pass_time(ROUND)
    assert texts(account) == ["ring ring"]


@only(SMSGATEWAY24)
async def test_what_a_phone_received_while_nobody_asked_is_late(fresh: LiveAccount[Any]) -> None:
    await fresh.load()
    await fresh.unload()
    fresh.server.receive(SENDER, "open the door")
    fresh.freezer.tick(3600)
    await fresh.load()
    await fresh.pass_time(ROUND)
    assert [(event["text"], event["late"]) for event in fresh.incoming] == [("open the door", True)]


@only(TWO_PHONES)
async def test_what_another_phone_of_the_account_received_is_not_ours(account: LiveAccount[Any]) -> None:
    account.server.receive(SENDER, "to another", device_id=EXAMPLE_DEVICES[0].id)
    account.server.receive(SENDER, "to this one", device_id=DEVICE.id)
    await account.settle()
    await account.pass_time(ROUND)
    assert texts(account) == ["to this one"]
