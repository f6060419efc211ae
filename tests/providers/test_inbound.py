"""Received segments as stored text, and the messages they make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sms_providers.inbound import join_received, to_raw
from sms_providers.model import Channel, InboundMessage, Media
from sms_providers.provider import Received

SENT = datetime(2026, 11, 20, 10, 15, tzinfo=timezone(timedelta(hours=8)))
SEEN = datetime(2026, 11, 20, 2, 15, 3, tzinfo=UTC)


def received(text: str | None = "hello", *, key: str = "m1", raw: tuple[str, ...] = ("{}",)) -> Received:
    message = InboundMessage(
        originator="+6591234567", text=text, sent_at=SENT, received_at=SEEN, recipient="ACME", raw=raw
    )
    return Received(key=key, message=message)


def test_a_message_comes_back_as_it_was_stored() -> None:
    message = replace(
        received('“ja” \U0001f44d\n"x"').message,
        channel=Channel.WHATSAPP,
        originator_name="Anna",
        sim=1,
        encoding="ucs2",
        media=(Media(type="image", url="https://example.invalid/1"), Media(type="x", url="y", caption="z")),
    )
    later = SEEN + timedelta(days=1)
    raw = to_raw(Received(key="k", message=message))
    assert join_received([raw], later) == replace(message, received_at=later)


def test_a_message_without_text_or_time_comes_back_too() -> None:
    message = replace(received(None).message, sent_at=None)
    assert join_received([to_raw(Received(key="k", message=message))], SEEN) == message


def test_the_same_event_is_the_same_text_whenever_it_is_seen() -> None:
    again = Received(key="m1", message=replace(received().message, received_at=SEEN + timedelta(hours=1)))
    assert to_raw(received()) == to_raw(again)
    assert to_raw(received()) != to_raw(received(key="m2"))


def test_segments_are_joined_in_order() -> None:
    parts = [to_raw(received(text, key=text, raw=(text,))) for text in ("one ", "two ", "three")]
    message = join_received(parts, SEEN)
    assert (message.text, message.segments, message.incomplete) == ("one two three", 3, False)
    assert message.raw == ("one ", "two ", "three")


@pytest.mark.parametrize(
    ("parts", "text"), [([None, "b", "c"], "…bc"), (["a", None, "c"], "a…c"), (["a", "b", None], "ab…")]
)
def test_a_segment_that_never_came_leaves_a_gap(parts: list[str | None], text: str) -> None:
    raws = [None if part is None else to_raw(received(part)) for part in parts]
    message = join_received(raws, SEEN)
    assert (message.text, message.segments, message.incomplete) == (text, 3, True)
