"""Nothing missed, nothing twice, in order: from the bridge's events to Home Assistant's bus."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import callback
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_capture_events, async_fire_time_changed

from custom_components.sms_gateway.backend import stream
from custom_components.sms_gateway.backend.stream import Position
from custom_components.sms_gateway.const import DOMAIN, EVENT_DELIVERY, EVENT_RECEIVED
from tests.component.bridge import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.component.bridge import FakeBridge


@pytest.fixture
def heard(hass: HomeAssistant) -> list[Event]:
    """Received messages on the event bus."""
    events: list[Event] = async_capture_events(hass, EVENT_RECEIVED)
    return events


def told(events: list[Event]) -> list[tuple[str, bool]]:
    """Id and lateness of each."""
    return [(event.data["id"], event.data["late"]) for event in events]


async def test_a_received_message_is_told_at_once_and_without_its_text(
    bridge: FakeBridge, loaded: MockConfigEntry, heard: list[Event]
) -> None:
    event = bridge.incoming("Grüße!")
    await bridge.settle()
    (told_event,) = heard
    assert told_event.data == {
        "config_entry_id": loaded.entry_id,
        "id": "in-1",
        "originator": "+491701234567",
        "contact": "Anna",
        "length": 6,
        "gateway": "stick",
        "channel": "sms",
        "received_at": dt_util.parse_datetime(event["received_at"], raise_on_error=True).isoformat(),
        "incomplete": False,
        "late": False,
    }


async def test_what_happened_before_the_first_set_up_is_history(
    bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]], heard: list[Event]
) -> None:
    bridge.incoming("old", live=False)
    await setup_entry()
    bridge.incoming("new")
    await bridge.settle()
    assert told(heard) == [("in-2", False)]


@pytest.mark.usefixtures("loaded")
async def test_an_event_published_twice_is_told_once(bridge: FakeBridge, heard: list[Event]) -> None:
    event = bridge.incoming()
    bridge.publish(event)
    await bridge.settle()
    bridge.publish(event)
    await bridge.settle()
    assert told(heard) == [("in-1", False)]


async def test_the_time_when_home_assistant_was_down_is_made_up_for_late_and_in_order(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, heard: list[Event]
) -> None:
    bridge.incoming("before")
    await bridge.settle()
    await hass.config_entries.async_unload(loaded.entry_id)
    for text in ("one", "two", "three"):
        bridge.incoming(text)
    await hass.config_entries.async_setup(loaded.entry_id)
    await bridge.settle()
    bridge.incoming("after")
    await bridge.settle()
    assert told(heard) == [
        ("in-1", False),
        ("in-2", True),
        ("in-3", True),
        ("in-4", True),
        ("in-5", False),
    ]


@pytest.mark.usefixtures("loaded")
async def test_a_broken_connection_to_the_broker_loses_nothing(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.disconnect()
    for _ in range(250):
        bridge.incoming()
    await bridge.settle()
    bridge.connect()
    await bridge.settle()
    assert told(heard) == [("in-1", False), *((f"in-{number}", True) for number in range(2, 252))]


@pytest.mark.usefixtures("loaded")
async def test_a_gap_is_filled_before_what_comes_after_it(bridge: FakeBridge, heard: list[Event]) -> None:
    bridge.incoming()
    bridge.incoming(live=False)
    bridge.incoming(live=False)
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-2", True), ("in-3", True), ("in-4", False)]


@pytest.mark.usefixtures("loaded")
async def test_an_event_that_nobody_has_any_more_holds_up_nothing(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.incoming(live=False)
    fourth = bridge.incoming(live=False) and bridge.incoming(live=False)
    del bridge.events[1:3]
    bridge.publish(fourth)
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-4", False)]
    assert len([command for command, _ in bridge.requests if command == "events"]) == 2


@pytest.mark.usefixtures("loaded")
async def test_events_of_all_kinds_share_one_order(hass: HomeAssistant, bridge: FakeBridge) -> None:
    order: list[str] = []

    @callback
    def note(event: Event[dict[str, Any]]) -> None:
        order.append(event.data["id"])

    for event_type in (EVENT_RECEIVED, EVENT_DELIVERY):
        hass.bus.async_listen(event_type, note)
    bridge.delivery("a", "queued")
    bridge.call()
    bridge.incoming(live=False)
    bridge.delivery("a", "sent", live=False)
    bridge.delivery("a", "delivered")
    await bridge.settle()
    assert order == ["a", "in-3", "a", "a"]


@pytest.mark.usefixtures("loaded")
async def test_another_store_is_gone_over_to_and_said_so(
    bridge: FakeBridge, heard: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    bridge.incoming()
    bridge.incoming()
    await bridge.settle()
    bridge.disconnect()
    bridge.epoch, bridge.events = "another", []
    bridge.incoming(received_at="2020-01-01T00:00:00Z")
    bridge.incoming("missed", id="missed")
    bridge.connect()
    await bridge.settle()
    bridge.incoming(id="live")
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-2", False), ("missed", True), ("live", False)]
    assert "another store (epoch another)" in caplog.text


@pytest.mark.usefixtures("loaded")
async def test_a_new_store_that_appears_while_connected_loses_not_even_its_first_event(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.epoch, bridge.events = "another", []
    bridge.incoming(id="first")
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("first", False)]


@pytest.mark.usefixtures("loaded")
async def test_another_store_before_anything_was_told_begins_where_it_is(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.disconnect()
    bridge.epoch = "another"
    bridge.incoming()
    bridge.connect()
    await bridge.settle()
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-2", False)]


@pytest.mark.usefixtures("loaded")
async def test_a_store_from_a_backup_is_followed(
    bridge: FakeBridge, heard: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        bridge.incoming()
    await bridge.settle()
    bridge.go_offline()
    del bridge.events[1:]
    bridge.go_online()
    await bridge.settle()
    bridge.incoming(id="new")
    await bridge.settle()
    assert told(heard)[-1] == ("new", False)
    assert "older one of the same epoch" in caplog.text


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a turn of the event loop be over in a moment in which nothing tells half of a thousand events."""
    monkeypatch.setattr(stream, "_TURN", 0.001)


@asynccontextmanager
async def steps_of(heard: list[Event]) -> AsyncIterator[list[int]]:
    """Count how many events are told in each turn of the event loop."""
    steps: list[int] = []

    async def watch() -> None:
        before = len(heard)
        while True:
            await asyncio.sleep(0)
            steps.append(len(heard) - before)
            before = len(heard)

    watcher = asyncio.ensure_future(watch())
    yield steps
    watcher.cancel()


@pytest.mark.usefixtures("loaded", "impatient")
async def test_a_burst_of_a_thousand_is_told_completely_and_in_small_turns(
    hass: HomeAssistant, bridge: FakeBridge, heard: list[Event]
) -> None:
    for _ in range(1000):
        bridge.incoming()
    async with steps_of(heard) as steps:
        await until(lambda: len(heard) == 1000)
    assert told(heard) == [(f"in-{number}", False) for number in range(1, 1001)]
    assert max(steps) < 500


@pytest.mark.usefixtures("loaded", "impatient")
async def test_a_thousand_missed_ones_are_told_completely_and_in_small_turns(
    hass: HomeAssistant, bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.disconnect()
    for _ in range(1000):
        bridge.incoming()
    bridge.connect()
    async with steps_of(heard) as steps:
        await until(lambda: len(heard) == 1000)
    assert told(heard) == [(f"in-{number}", True) for number in range(1, 1001)]
    assert max(steps) < 500


async def test_a_steady_stream_does_not_postpone_the_writing_of_the_position(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry
) -> None:
    store = loaded.runtime_data.coordinator.backend._stream._store
    with patch.object(store, "async_delay_save", wraps=store.async_delay_save) as save:
        for _ in range(3):
            bridge.incoming()
            await bridge.settle()
        assert save.call_count == 0  # the first word of the bridge has one pending
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1))
        await bridge.settle()
        for _ in range(3):
            bridge.incoming()
            await bridge.settle()
        assert [call.args[1] for call in save.call_args_list] == [1.0]


async def test_the_position_is_written_soon(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    bridge.incoming()
    await bridge.settle()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1))
    await bridge.settle()
    stored = hass_storage[f"{DOMAIN}.events.{loaded.entry_id}"]["data"]
    assert (stored["epoch"], stored["seq"]) == (bridge.epoch, 1)


async def test_where_events_may_not_be_asked_for_live_ones_are_told(
    bridge: FakeBridge,
    setup_entry: Callable[[], Awaitable[MockConfigEntry]],
    heard: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    bridge.admin.remove("events")
    await setup_entry()
    bridge.incoming()
    bridge.incoming(live=False)
    bridge.incoming()
    await bridge.settle()
    bridge.incoming(live=False)
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-3", False), ("in-5", False)]
    assert caplog.text.count("Events that were missed cannot be asked for") == 1


@pytest.mark.usefixtures("loaded")
async def test_a_bridge_that_does_not_answer_is_asked_again_and_live_events_go_on(
    hass: HomeAssistant, bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.answers["events"] = None
    bridge.incoming(live=False)
    bridge.incoming()
    with patch("custom_components.sms_gateway.backend.requests.ANSWER_TIME", 0.0):
        await bridge.settle()
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-3", False), ("in-4", False)]
    del bridge.answers["events"]
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await bridge.settle()
    assert told(heard)[3:] == [("in-2", True)]
    bridge.incoming()
    await bridge.settle()
    assert told(heard)[4:] == [("in-5", False)]


async def test_what_was_told_before_a_gap_was_filled_is_not_told_again_after_a_restart(
    hass: HomeAssistant, bridge: FakeBridge, loaded: MockConfigEntry, heard: list[Event]
) -> None:
    bridge.answers["events"] = None
    bridge.incoming(live=False)
    bridge.incoming()
    with patch("custom_components.sms_gateway.backend.requests.ANSWER_TIME", 0.0):
        await bridge.settle()
    del bridge.answers["events"]
    await hass.config_entries.async_reload(loaded.entry_id)
    await bridge.settle()
    assert told(heard) == [("in-2", False), ("in-1", True)]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    "payload",
    ["no json", "[]", '{"state":"sent"}', '{"seq":1,"epoch":"7f3a9c","state":"sent"}'],
)
async def test_an_unreadable_event_is_said_and_holds_up_nothing(
    bridge: FakeBridge, heard: list[Event], payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.record({"state": "unreadable"})
    bridge.fire("sms_gateway/dlr", payload)
    await bridge.settle()
    assert "ignored" in caplog.text
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-2", False)]


@pytest.mark.usefixtures("loaded")
async def test_an_old_message_is_late_whyever_it_comes_so_late(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    old = (dt_util.utcnow() - timedelta(minutes=6)).isoformat()
    bridge.incoming(received_at=old)
    await bridge.settle()
    assert told(heard) == [("in-1", True)]


@pytest.mark.parametrize("answer", [{}, {"epoch": "7f3a9c"}, ("internal", "The store cannot be read.")])
async def test_a_bridge_that_does_not_say_where_it_is_is_followed_from_its_first_event(
    bridge: FakeBridge,
    setup_entry: Callable[[], Awaitable[MockConfigEntry]],
    heard: list[Event],
    answer: dict[str, str] | tuple[str, str],
) -> None:
    bridge.answers["events"] = answer
    bridge.incoming(live=False)
    await setup_entry()
    bridge.incoming()
    await bridge.settle()
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-2", False), ("in-3", False)]


async def test_a_bridge_that_never_answered_is_followed_all_the_same(
    bridge: FakeBridge, setup_entry: Callable[[], Awaitable[MockConfigEntry]], heard: list[Event]
) -> None:
    bridge.answers["events"] = None
    with patch("custom_components.sms_gateway.backend.requests.ANSWER_TIME", 0.0):
        await setup_entry()
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False)]


@pytest.mark.usefixtures("loaded")
async def test_an_answer_that_names_the_same_store_as_another_is_a_refusal(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.answers["events"] = ("wrong_epoch", "?", {"epoch": bridge.epoch, "seq": 9})
    bridge.incoming(live=False)
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-3", False)]


@pytest.mark.usefixtures("loaded")
async def test_what_comes_before_the_bridge_has_answered_is_neither_lost_nor_late(
    bridge: FakeBridge, heard: list[Event]
) -> None:
    bridge.incoming()
    await bridge.settle()
    bridge.go_offline()
    bridge.incoming(live=False)
    bridge.go_online()
    bridge.incoming()
    await bridge.settle()
    assert told(heard) == [("in-1", False), ("in-2", True), ("in-3", False)]


def test_a_gap_that_nobody_explains_is_given_up_in_the_end() -> None:
    position = Position(epoch="e", seq=0)
    for seq in range(2, 1003):
        position.note(seq)
    assert (position.seq, position.ahead) == (1002, set())
    assert position.has(1)


def test_events_above_a_gap_count_once_it_is_filled() -> None:
    position = Position(epoch="e", seq=0)
    position.note(2)
    position.note(3)
    assert not position.has(1)
    position.note(1)
    position.note(2)
    assert (position.seq, position.ahead) == (3, set())
