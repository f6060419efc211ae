"""The bridge's JSON: everything the contract has, and no trust in anything else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.sms_gateway.backend.model import CallEvent, DeliveryEvent, Feature, IncomingEvent
from custom_components.sms_gateway.backend.payloads import (
    MalformedError,
    decode_object,
    event_time,
    parse_event,
    parse_info,
)
from custom_components.sms_gateway.sms_providers.model import State

AT = "2026-11-20T10:15:02.120Z"
INCOMING = {"id": "in-1", "from": "+491701234567", "text": None, "received_at": AT}


def test_every_member_of_a_received_message_is_read() -> None:
    event = parse_event(
        {
            **INCOMING,
            "from_name": "Anna",
            "gateway": "stick",
            "channel": "whatsapp",
            "to": "+4915112345678",
            "sent_at": "2026-11-20T10:15:00Z",
            "segments": 2,
            "data": "AP8=",
            "port": 2948,
            "media": [{"type": "image/png", "url": "u", "caption": None}, 7],
            "incomplete": True,
            "seq": 12,
            "a later version's": "key",
        },
        late=True,
    )
    assert event == IncomingEvent(
        id="in-1",
        originator="+491701234567",
        originator_name="Anna",
        text=None,
        gateway="stick",
        channel="whatsapp",
        received_at=datetime(2026, 11, 20, 10, 15, 2, 120_000, UTC),
        sent_at=datetime(2026, 11, 20, 10, 15, 0, 0, UTC),
        recipient="+4915112345678",
        segments=2,
        data=b"\x00\xff",
        port=2948,
        media=({"type": "image/png", "url": "u", "caption": None},),
        incomplete=True,
        seq=12,
        late=True,
    )


def test_a_rejection_without_a_readable_id_is_read() -> None:
    event = parse_event(
        {"id": None, "to": ["a", "b"], "state": "rejected", "final": True, "at": AT, "error": {}}
    )
    assert isinstance(event, DeliveryEvent)
    assert (event.status.id, event.status.to, event.status.state) == ("", "", State.REJECTED)
    assert event.status.error is not None
    assert event.status.error.code == "internal"


def test_a_call_from_a_withheld_number_is_read() -> None:
    event = parse_event({"from": None, "gateway": "stick", "at": AT, "event": "missed"})
    assert isinstance(event, CallEvent)
    assert (event.originator, event.event) == (None, "missed")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": 7, "at": AT},
        {"state": "sent", "at": "yesterday"},
        {"state": "sent", "at": "2026-11-20T10:15:02"},
        {**INCOMING, "from": None},
        {**INCOMING, "data": "not base64"},
        {**INCOMING, "received_at": 7},
    ],
)
def test_what_is_no_event_is_refused_without_repeating_it(body: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as raised:
        parse_event(body)
    assert "base64" not in str(raised.value).replace("expected base64", "")


@pytest.mark.parametrize("body", [{}, {"at": 7}, {"at": "2026-11-20"}])
def test_a_time_that_is_none_is_none(body: dict[str, Any]) -> None:
    assert event_time(body) is None


@pytest.mark.parametrize("payload", ["", "{", "7", "null", b"\xff"])
def test_only_json_objects_are_read(payload: str | bytes) -> None:
    with pytest.raises(MalformedError):
        decode_object(payload)


def test_features_follow_the_allowed_commands_and_the_gateways() -> None:
    info = parse_info(
        {
            "version": "1",
            "api": 1,
            "admin": ["cancel", "ussd", "balance", "pair", "unpair", 7],
            "gateways": {"a": {"type": "modem", "capabilities": ["ussd", "incoming"]}, "b": None},
        }
    )
    assert info.features == {
        Feature.CANCEL,
        Feature.USSD,
        Feature.SCHEDULE,
        Feature.INCOMING,
        Feature.GATEWAYS,
        Feature.PAIRING,
    }


def test_an_info_of_an_unknown_form_gives_no_features_but_those_of_every_bridge() -> None:
    info = parse_info({"version": "1", "admin": "all", "gateways": []})
    assert (info.api, info.gateways) == (0, {})
    assert info.features == {Feature.SCHEDULE, Feature.GATEWAYS}
