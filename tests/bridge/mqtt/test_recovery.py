"""What is decided after each kind of ended connection."""

from __future__ import annotations

import logging

import pytest

from sms_bridge.mqtt.errors import FatalMqttError
from sms_bridge.mqtt.recovery import End, Ending, Pace, Recovery

UNREACHABLE = Ending(end=End.UNREACHABLE, detail="Nobody is there")
SHORT = Ending(end=End.LOST, detail="Gone", lasted=1.0)
LONG = Ending(end=End.LOST, detail="Gone", lasted=3600.0)
TAKEN_OVER = Ending(end=End.TAKEN_OVER, detail="Taken over", lasted=1.0)


def recovery(spread: float = 1.0) -> Recovery:
    return Recovery(broker="broker:1883", client_id="me", pace=Pace(), spread=lambda: spread)


def test_waits_double_up_to_half_a_minute() -> None:
    decide = recovery()
    waits = [decide.after(UNREACHABLE, now) for now in range(8)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_waits_are_spread_over_half_their_length() -> None:
    assert recovery(0.0).after(UNREACHABLE, 0.0) == 0.5


def test_it_never_gives_up_on_a_broker_that_is_not_there() -> None:
    decide = recovery()
    assert all(decide.after(UNREACHABLE, now * 30.0) <= 30.0 for now in range(10_000))


def test_a_connection_that_lasted_starts_over() -> None:
    decide = recovery()
    for now in range(5):
        decide.after(UNREACHABLE, now)
    assert decide.after(LONG, 3600.0) == 1.0


def test_wrong_credentials_are_retried_slowly() -> None:
    assert recovery().after(Ending(end=End.CREDENTIALS, detail="No"), 0.0) == 60.0


def test_three_takeovers_in_two_minutes_are_a_loop() -> None:
    decide = recovery()
    decide.after(TAKEN_OVER, 0.0)
    decide.after(TAKEN_OVER, 10.0)
    with pytest.raises(FatalMqttError, match="client id 'me' on broker:1883"):
        decide.after(TAKEN_OVER, 20.0)


def test_takeovers_that_are_rare_are_none() -> None:
    decide = recovery()
    assert all(decide.after(TAKEN_OVER, now * 100.0) <= 1.0 for now in range(20))


def test_short_connections_in_a_row_are_a_loop_where_the_broker_says_nothing() -> None:
    decide = recovery()
    for now in range(5):
        decide.after(SHORT, now * 10.0)
    with pytest.raises(FatalMqttError, match="probably"):
        decide.after(SHORT, 50.0)


@pytest.mark.parametrize("spreads", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_of_two_that_silently_end_each_others_connections_one_stops(spreads: tuple[float, float]) -> None:
    """Each comes back after its wait and so ends the connection that the other has since its own return."""
    one, other = recovery(spreads[0]), recovery(spreads[1])

    def take_turns() -> None:
        nonlocal one, other
        now = since = 0.0
        for _ in range(20):
            wait = one.after(Ending(end=End.LOST, detail="Gone", lasted=now - since), now)
            now, since = now + wait, now
            one, other = other, one

    with pytest.raises(FatalMqttError, match="probably"):
        take_turns()


def test_a_broker_that_goes_up_and_down_is_no_loop() -> None:
    decide = recovery()
    waits = []
    for now in range(50):
        waits.append(decide.after(SHORT, now * 2.0))
        waits.append(decide.after(UNREACHABLE, now * 2.0 + 1.0))
    assert max(waits) <= 30


def test_the_same_trouble_is_said_once_and_again_after_a_success(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    decide = recovery()
    decide.after(UNREACHABLE, 0.0)
    decide.after(UNREACHABLE, 1.0)
    assert caplog.text.count("Nobody is there") == 1
    decide.connected()
    decide.after(UNREACHABLE, 2.0)
    assert caplog.text.count("Nobody is there") == 2
