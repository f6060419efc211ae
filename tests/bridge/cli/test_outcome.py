"""What a command's events mean for its exit status, and how they look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sms_bridge.cli.events import event_line
from sms_bridge.cli.outcome import Outcome

AT = "2026-11-20T10:15:02.120Z"


def event(message_id: str, state: str, *, final: bool = False, **more: object) -> dict[str, Any]:
    return {"id": message_id, "group": None, "state": state, "final": final, "to": "+491", "at": AT, **more}


def outcome_of(*events: dict[str, Any], expected: int = 1) -> Outcome:
    outcome = Outcome("mine", expected)
    for given in events:
        outcome.take(json.dumps(given).encode())
    return outcome


@pytest.mark.parametrize(
    ("state", "final", "known", "ended", "failed"),
    [
        ("queued", False, True, False, False),
        ("sent", False, True, False, False),
        ("sent", True, True, True, False),
        ("accepted", True, True, True, False),
        ("delivered", True, True, True, False),
        ("failed", True, True, True, True),
        ("expired", True, True, True, True),
        ("undeliverable", True, True, True, True),
        ("rejected", True, True, True, True),
        ("cancelled", True, True, True, True),
        ("unknown", False, True, False, False),
        ("unknown", True, True, True, True),
    ],
)
def test_one_message_is_what_its_last_event_says(
    state: str, *, final: bool, known: bool, ended: bool, failed: bool
) -> None:
    outcome = outcome_of(event("mine", "queued"), event("mine", state, final=final))
    assert (outcome.is_known, outcome.is_final, outcome.has_failed) == (known, ended, failed)


def test_a_group_is_known_and_final_with_its_last_message() -> None:
    first = event("mine/0", "delivered", final=True, group="mine")
    second = event("mine/1", "queued", group="mine")
    assert not outcome_of(first, expected=2).is_known
    assert not outcome_of(first, second, expected=2).is_final
    assert outcome_of(first, second, event("mine/1", "read", final=True), expected=2).is_final


def test_one_bad_member_is_a_failure() -> None:
    outcome = outcome_of(
        event("mine/0", "delivered", final=True), event("mine/1", "rejected", final=True), expected=2
    )
    assert outcome.is_final
    assert outcome.has_failed


def test_a_group_refused_as_a_whole_is_known_at_once() -> None:
    outcome = outcome_of(event("mine", "rejected", final=True, to=["a", "b"]), expected=2)
    assert outcome.is_final
    assert outcome.has_failed


@pytest.mark.parametrize(
    "payload",
    [b"", b"x", b"[]", b'{"id": 1, "state": "sent"}', b'{"id": "mine"}', b'{"id": "mine2", "state": "sent"}'],
)
def test_what_is_not_about_the_command_changes_nothing(payload: bytes) -> None:
    outcome = Outcome("mine", 1)
    assert outcome.take(payload) is None
    assert not outcome.is_known


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            event("m", "sent", gateway="stick", possible_duplicate=True),
            ["sent", "m", "+491", "via", "stick", "(possibly", "twice)"],
        ),
        (
            event("m", "failed", error={"code": "network", "message": "no service"}),
            ["failed", "m", "+491", "network:", "no", "service"],
        ),
        (event("m", "rejected", to=["a", "b"]), ["rejected", "m", "a,", "b"]),
        (event("m", "rejected", to=None), ["rejected", "m"]),
        (
            {"from": "+491", "from_name": "anna", "text": "hi", "received_at": AT},
            ["received", "+491", "(anna):", "hi"],
        ),
        (
            {"from": "+491", "from_name": None, "text": None, "received_at": AT},
            ["received", "+491:", "(data)"],
        ),
        ({"from": None, "event": "missed", "at": AT}, ["missed", "a", "withheld", "number"]),
    ],
)
def test_an_event_is_one_line(given: dict[str, Any], words: list[str]) -> None:
    line = event_line(given)
    assert "\n" not in line
    assert line.split()[1:] == words
    assert line.split()[0].endswith(":15:02")


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    assert event_line(event("m", "sent") | {"at": "soon"}).startswith("soon ")
