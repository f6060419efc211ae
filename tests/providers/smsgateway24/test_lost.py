"""Answers of SmsGateway24 that never came: sent at most once, and found again by our reference."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgateway24_account import ZoneStyle
from sms_providers.charset import EncodingChoice
from sms_providers.model import NoAnswer, State, Taken
from tests.providers.smsgateway24.account import ANNA, BERT, TEXT, at, lost, message, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_bridge.simulator.provider_smsgateway24 import SmsGateway24Server
    from sms_providers.model import OutboundMessage
    from sms_providers.smsgateway24 import SmsGateway24
    from tests.providers.clock import Clock

NOTHING: frozenset[str] = frozenset()


async def lose(
    gateway: SmsGateway24,
    server: SmsGateway24Server,
    what: OutboundMessage,
    reference: int,
    *,
    before: bool = False,
) -> None:
    """Send a message; the answer never comes."""
    await gateway.check()
    server.faults.add(Fault(cut_before=before, cut_after=not before), path="POST /addsms")
    (outcome,) = await gateway.send([outgoing(what, reference=reference)])
    assert isinstance(outcome, NoAnswer)


@pytest.mark.parametrize(
    "what",
    [
        message(),
        message(text=" Größe\r\n5 € "),
        message(text="ćao", encoding=EncodingChoice.GSM7),
        message(options={"customerid": 122}),
    ],
)
async def test_a_lost_answer_is_not_repeated_and_the_message_found(
    server: SmsGateway24Server,
    gateway: SmsGateway24,
    http: aiohttp.ClientSession,
    clock: Clock,
    what: OutboundMessage,
) -> None:
    await lose(gateway, server, what, 7)
    assert len(server.on_air) == 1
    sends = [lost(clock.now, what, reference=7)]
    clock.advance(5)
    for provider in (gateway, at(server, http, clock), at(server, http, clock, send_method="login")):
        assert await provider.find(sends, NOTHING) == {
            7: Taken(references=("62807347",), state=State.ACCEPTED)
        }
    assert len(server.on_air) == 1


async def test_what_never_arrived_is_not_found(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await lose(gateway, server, message(), 7, before=True)
    assert await gateway.find([lost(clock.now, reference=7)], NOTHING) == {}
    assert await gateway.find([], NOTHING) == {}
    assert server.on_air == []


async def test_a_lost_batch_is_found_message_by_message(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.check()
    server.faults.add(Fault(cut_after=True), path="POST /addalotofsms")
    outcomes = await gateway.send(
        [outgoing(message(ANNA), reference=1), outgoing(message(BERT), reference=2)]
    )
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)
    sends = [lost(clock.now, message(ANNA), reference=1), lost(clock.now, message(BERT), reference=2)]
    found = await gateway.find(sends, NOTHING)
    assert {reference: taken.references for reference, taken in found.items()} == {
        1: ("62807347",),
        2: ("62807348",),
    }
    assert len(server.on_air) == 2


@pytest.mark.parametrize(
    "other",
    [message(BERT), message(text="another")],
)
async def test_a_message_of_another_number_or_text_is_not_taken_for_it(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock, other: OutboundMessage
) -> None:
    # A store that was lost begins to count its references again.
    await gateway.send([outgoing(other, reference=7)])
    assert await gateway.find([lost(clock.now, message(), reference=7)], NOTHING) == {}
    assert await gateway.find([lost(clock.now, other, reference=8)], NOTHING) == {}
    assert set(await gateway.find([lost(clock.now, other, reference=7)], NOTHING)) == {7}
    assert server.on_air


@pytest.mark.parametrize(("seconds", "found"), [(-90, True), (-3600, False), (300, True), (3600, False)])
async def test_a_message_of_another_time_is_not_taken_for_it(
    gateway: SmsGateway24, clock: Clock, seconds: float, *, found: bool
) -> None:
    began = clock.now
    clock.advance(seconds)
    await gateway.send([outgoing(reference=7)])
    assert bool(await gateway.find([lost(began, reference=7)], NOTHING)) is found


async def test_a_message_of_another_send_is_not_taken_for_it(gateway: SmsGateway24, clock: Clock) -> None:
    await gateway.send([outgoing(reference=7)])
    assert await gateway.find([lost(clock.now, reference=7)], frozenset({"62807347"})) == {}


async def test_of_two_attempts_with_our_reference_the_later_is_meant(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await lose(gateway, server, message(), 7)
    await lose(gateway, server, message(), 7)
    found = await gateway.find([lost(clock.now, reference=7)], NOTHING)
    assert found[7].references == ("62807348",)


async def test_of_two_messages_with_a_reference_of_somebody_else_none_is_guessed(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    what = message(options={"customerid": 122})
    await lose(gateway, server, what, 7)
    await gateway.send([outgoing(what, reference=8)])
    sends = [lost(clock.now, what, reference=7)]
    assert await gateway.find(sends, NOTHING) == {}
    assert set(await gateway.find(sends, frozenset({"62807348"}))) == {7}


async def test_a_received_message_is_not_taken_for_it(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await lose(gateway, server, message(), 7)
    server.advance("62807347", "5")
    assert await gateway.find([lost(clock.now, reference=7)], NOTHING) == {}


@pytest.mark.parametrize("zone_style", ZoneStyle)
@pytest.mark.usefixtures("zone_style")
@pytest.mark.parametrize("hour", [0, 1])
async def test_the_hour_that_the_clocks_repeat_hides_nothing(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock, hour: int
) -> None:
    clock.now = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    await lose(gateway, server, message(), 7)
    assert set(await gateway.find([lost(clock.now, reference=7)], NOTHING)) == {7}


async def test_what_cannot_even_be_sent_is_not_looked_for(gateway: SmsGateway24, clock: Clock) -> None:
    assert await gateway.find([lost(clock.now, message(text=""), reference=7)], NOTHING) == {}
    assert gateway.transcript() == ()


async def test_fifty_at_once_with_lost_answers_leave_each_one_at_most_once(
    gateway: SmsGateway24, server: SmsGateway24Server, clock: Clock
) -> None:
    await gateway.check()
    for _ in range(5):
        server.faults.add(Fault(cut_after=True), path="POST /addsms")
    batches = [[outgoing(message(text=f"{TEXT} {n}"), reference=n)] for n in range(1, 51)]
    outcomes = [outcomes[0] for outcomes in await asyncio.gather(*map(gateway.send, batches))]
    unanswered = [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, NoAnswer)]
    assert len(unanswered) == 5
    assert sorted(sms.text for sms in server.on_air) == sorted(f"{TEXT} {n}" for n in range(1, 51))
    sends = [lost(clock.now, message(text=f"{TEXT} {n}"), reference=n) for n in unanswered]
    assert set(await gateway.find(sends, NOTHING)) == set(unanswered)
