"""From a request to its first words: handed over once, never lost in silence, never sent twice by an exception."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.sms_gateway.backend import AuthenticationError, BackendError, NotConnectedError
from custom_components.sms_gateway.backend.model import (
    Balance,
    MessageStatus,
    Quote,
    SendRequest,
    UssdAnswer,
    new_message_id,
)
from custom_components.sms_gateway.contacts import Recipient
from custom_components.sms_gateway.sms_providers.model import State
from tests.component.bridge import Gateway, until
from tests.component.conftest import ANNAS_NUMBER, BERTS_NUMBER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.sms_gateway.coordinator import SmsGatewayCoordinator
    from tests.component.bridge import FakeBridge

ANNA = Recipient(number=ANNAS_NUMBER)
BERT = Recipient(number=BERTS_NUMBER)


@pytest.fixture
def coordinator(loaded: MockConfigEntry) -> SmsGatewayCoordinator:
    """The loaded entry's coordinator."""
    found: SmsGatewayCoordinator = loaded.runtime_data.coordinator
    return found


def request(message_id: str = "m1", **members: object) -> SendRequest:
    """A request with a text."""
    return replace(SendRequest(id=message_id, recipients=(), text="hello"), **members)  # type: ignore[arg-type]  # by name


async def test_a_message_is_queued(bridge: FakeBridge, coordinator: SmsGatewayCoordinator) -> None:
    (status,) = await coordinator.async_send([ANNA], request())
    assert bridge.sent == [{"id": "m1", "to": ANNAS_NUMBER, "text": "hello"}]
    assert (status.id, status.to, status.state, status.segments) == ("m1", ANNAS_NUMBER, State.QUEUED, 1)


async def test_everything_a_request_can_say_reaches_the_bridge(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    send_at = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    full = request(
        text=None,
        data=b"\x00\xff",
        port=2948,
        gateway=("stick", "other"),
        originator="Door",
        sim=1,
        priority="high",
        send_at=send_at,
        valid_for=600,
        flash=True,
        dlr=False,
        encoding="ucs2",
        max_segments=2,
        on_unknown="hold",
        options={"a": 1},
        metadata={"room": "hall"},
    )
    (status,) = await coordinator.async_send([ANNA], full)
    assert bridge.sent == [
        {
            "id": "m1",
            "to": ANNAS_NUMBER,
            "data": "AP8=",
            "port": 2948,
            "gateway": ["stick", "other"],
            "from": "Door",
            "sim": 1,
            "priority": "high",
            "send_at": "2026-11-20T10:15:00+00:00",
            "valid_for": 600,
            "flash": True,
            "dlr": False,
            "encoding": "ucs2",
            "max_segments": 2,
            "on_unknown": "hold",
            "options": {"a": 1},
            "metadata": {"room": "hall"},
        }
    ]
    assert (status.state, status.metadata) == (State.SCHEDULED, {"room": "hall"})


async def test_several_recipients_have_a_status_each_in_their_order(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.rejections[ANNAS_NUMBER] = ("blocked", "This number is on the block list.")
    first, second = await coordinator.async_send([BERT, ANNA], request())
    assert (first.id, first.to, first.state) == ("m1/0", BERTS_NUMBER, State.QUEUED)
    assert (second.id, second.to, second.state) == ("m1/1", ANNAS_NUMBER, State.REJECTED)
    assert second.error is not None
    assert second.error.code == "blocked"


async def test_a_request_that_is_refused_as_a_whole_is_refused_for_everybody(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.swallow = True
    sending = asyncio.ensure_future(coordinator.async_send([ANNA, BERT], request()))
    await until(lambda: bridge.sent)
    error = {"code": "too_long", "message": "Too long.", "temporary": False}
    bridge.delivery("m1", "rejected", to=[ANNAS_NUMBER, BERTS_NUMBER], error=error)
    assert [status.state for status in await sending] == [State.REJECTED, State.REJECTED]


async def test_each_contact_is_reached_through_the_gateway_it_prefers(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    by_phone = Recipient(number=BERTS_NUMBER, gateway="phone")
    statuses = await coordinator.async_send([ANNA, by_phone], request())
    assert {(sent["id"], sent.get("gateway", [None])[0]) for sent in bridge.sent} == {
        ("m1", None),
        ("m1.1", "phone"),
    }
    assert [status.to for status in statuses] == [ANNAS_NUMBER, BERTS_NUMBER]
    bridge.sent.clear()
    await coordinator.async_send([ANNA, by_phone], request("m2", gateway=("stick",)))
    assert [sent["gateway"] for sent in bridge.sent] == [["stick"]]


async def test_without_a_word_of_the_bridge_a_message_is_pending_and_no_exception_makes_it_go_twice(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.swallow = True
    (status,) = await coordinator.async_send([ANNA], request(), wait=0.05)
    assert status == MessageStatus(id="m1", to=ANNAS_NUMBER, state=None)
    assert len(bridge.sent) == 1


async def test_without_a_connection_nothing_is_handed_over(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.disconnect()
    published = bridge.client.publish.call_count
    with pytest.raises(HomeAssistantError) as raised:
        await coordinator.async_send([ANNA], request())
    assert raised.value.translation_key == "not_connected"
    assert bridge.client.publish.call_count == published


async def test_a_connection_that_breaks_while_sending_leaves_the_message_pending(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    """The client keeps it and sends it with the next connection: an exception would make it go twice."""
    with patch.object(bridge.mqtt_mock, "async_publish", side_effect=HomeAssistantError("no connection")):
        (status,) = await coordinator.async_send([ANNA], request(), wait=0.05)
    assert status.state is None


async def test_stopping_ends_the_wait(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.swallow = True
    sending = asyncio.ensure_future(coordinator.async_send([ANNA], request()))
    asking = asyncio.ensure_future(coordinator.backend.get_message("m1"))
    bridge.answers["message"] = None
    await until(lambda: bridge.sent)
    await hass.config_entries.async_unload(loaded.entry_id)
    assert [status.state for status in await sending] == [None]
    with pytest.raises(NotConnectedError):
        await asking
    with pytest.raises(NotConnectedError):
        await coordinator.backend.get_message("m1")


async def test_a_message_can_be_waited_for(bridge: FakeBridge, coordinator: SmsGatewayCoordinator) -> None:
    statuses = await coordinator.async_send([ANNA, BERT], request())
    waiting = asyncio.ensure_future(coordinator.async_wait_for(statuses, State.SENT, 5))
    bridge.delivery("m1/0", "delivered")
    await bridge.settle()
    assert not waiting.done()
    bridge.delivery("m1/1", "failed", to=BERTS_NUMBER)
    assert [status.state for status in await waiting] == [State.DELIVERED, State.FAILED]


async def test_what_came_before_the_wait_counts(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    statuses = await coordinator.async_send([ANNA], request())
    bridge.delivery("m1", "sent")
    await bridge.settle()
    (status,) = await coordinator.async_wait_for(statuses, State.SENT, 5)
    assert status.state is State.SENT


async def test_a_wait_that_is_over_returns_the_present_state(coordinator: SmsGatewayCoordinator) -> None:
    statuses = await coordinator.async_send([ANNA], request())
    (status,) = await coordinator.async_wait_for(statuses, State.DELIVERED, 0.01)
    assert status.state is State.QUEUED


async def test_a_conflict_is_not_taken_for_the_message_that_has_the_id(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    statuses = await coordinator.async_send([ANNA], request())
    error = {"code": "id_conflict", "message": "id: m1 is taken", "temporary": False}
    bridge.delivery("m1", "rejected", error=error, repeat=True)
    await bridge.settle()
    (status,) = await coordinator.async_wait_for(statuses, State.SENT, 0.01)
    assert status.state is State.QUEUED


async def test_only_so_many_messages_are_remembered(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    with patch("custom_components.sms_gateway.coordinator._REMEMBERED", 2):
        for number in range(4):
            bridge.delivery(f"x{number}", "sent")
        await bridge.settle()
    assert list(coordinator._known) == ["x2", "x3"]


def test_ids_rise_with_time() -> None:
    ids = [new_message_id() for _ in range(100)]
    assert sorted(set(ids)) == ids


async def test_the_bridge_is_asked_about_messages(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    backend = coordinator.backend
    bridge.answers["message"] = {"id": "m1", "events": []}
    assert await backend.get_message("m1") == {"id": "m1", "events": []}
    bridge.answers["messages"] = {"messages": [], "cursor": None}
    assert await backend.list_messages({"state": "sent"}) == {"messages": [], "cursor": None}
    assert await backend.cancel("m1") == ["m1"]
    assert await backend.resend("m1") == ["m1"]
    quote = await backend.quote(request(recipients=(ANNAS_NUMBER,)))
    assert quote == Quote(encoding="gsm7", segments=1, characters_left=150, gateway="stick")
    assert [item for item in bridge.requests if item[0] not in {"events", "discovery"}] == [
        ("message", {"id": "m1"}),
        ("messages", {"state": "sent"}),
        ("cancel", {"id": "m1"}),
        ("resend", {"id": "m1"}),
        ("quote", {"to": ANNAS_NUMBER, "text": "hello"}),
    ]


async def test_the_bridge_is_asked_about_gateways(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    backend = coordinator.backend
    bridge.admin.append("ussd")
    assert await backend.ussd("stick", "*100#") == UssdAnswer(text="Your balance is 12.40 EUR", more=False)
    await backend.restart_gateway("stick")
    with pytest.raises(BackendError) as raised:
        await backend.get_balance(None)
    assert raised.value.code == "unsupported"
    bridge.add_gateway("paid", Gateway(capabilities=("balance",)))
    await bridge.settle()
    assert await backend.get_balance(None) == Balance(amount=Decimal("12.40"), currency="EUR")
    await backend.refresh()
    assert bridge.requests[-2:] == [("health", {}), ("balance", {"gateway": "paid"})]


@pytest.mark.parametrize("answer", [{}, {"amount": True}, {"amount": "much"}, {"amount": "NaN"}])
async def test_an_answer_that_cannot_be_read_is_an_error(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator, answer: dict[str, object]
) -> None:
    bridge.answers |= {"quote": {}, "balance": answer}
    with pytest.raises(BackendError, match="cannot be read"):
        await coordinator.backend.quote(request(recipients=(ANNAS_NUMBER,)))
    with pytest.raises(BackendError, match="cannot be read"):
        await coordinator.backend.get_balance("stick")


async def test_names_and_numbers_are_resolved(coordinator: SmsGatewayCoordinator) -> None:
    resolve = coordinator.contacts.resolve
    assert [item.number for item in resolve(["family", " ANNA ", "+49 170 1234567"])] == [
        ANNAS_NUMBER,
        BERTS_NUMBER,
    ]
    assert [item.number for item in resolve(["22922", "+33612345678"])] == ["22922", "+33612345678"]
    for targets, key in ((["Nobody"], "unknown_recipient"), ([], "no_recipient")):
        with pytest.raises(ServiceValidationError) as raised:
            resolve(targets)
        assert raised.value.translation_key == key


async def test_requests_time_out(bridge: FakeBridge, coordinator: SmsGatewayCoordinator) -> None:
    bridge.answers["message"] = None
    with (
        patch("custom_components.sms_gateway.backend.requests.ANSWER_TIME", 0.01),
        pytest.raises(BackendError, match="did not answer"),
    ):
        await coordinator.backend.get_message("m1")


async def test_a_request_that_cannot_be_published_says_so(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    with (
        patch.object(bridge.mqtt_mock, "async_publish", side_effect=HomeAssistantError("no connection")),
        pytest.raises(NotConnectedError),
    ):
        await coordinator.backend.get_message("m1")


async def test_credentials_that_are_refused_later_ask_the_user_to_sign_in_again(
    hass: HomeAssistant, loaded: MockConfigEntry, coordinator: SmsGatewayCoordinator
) -> None:
    refused = AuthenticationError("The password is wrong.")
    with (
        patch.object(coordinator.backend, "send", side_effect=refused),
        patch.object(loaded, "async_start_reauth") as sign_in,
        pytest.raises(HomeAssistantError) as raised,
    ):
        await coordinator.async_send([ANNA], request())
    assert raised.value.translation_key == "not_authenticated"
    sign_in.assert_called_once_with(hass)


async def test_a_word_that_cannot_be_read_is_no_word(
    bridge: FakeBridge, coordinator: SmsGatewayCoordinator
) -> None:
    bridge.swallow = True
    sending = asyncio.ensure_future(coordinator.async_send([ANNA], request()))
    await until(lambda: bridge.sent)
    bridge.delivery("m1", "a state of a later version")
    await asyncio.sleep(0)
    assert not sending.done()
    bridge.delivery("m1", "queued")
    assert [status.state for status in await sending] == [State.QUEUED]
