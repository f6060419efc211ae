"""Answers of SMSgic that never came: sent at most once, and found again where that is certain."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sms_bridge.simulator.provider_faults import Fault
from sms_bridge.simulator.provider_smsgic import SmsgicOptions, SmsgicServer
from sms_providers.charset import EncodingChoice
from sms_providers.model import NoAnswer, Refused, State, Taken
from tests.providers.smsgic.account import ANNA, BERT, connect, lost, message, outgoing

if TYPE_CHECKING:
    import aiohttp

    from sms_providers.smsgic import Smsgic
    from tests.providers.clock import Clock

NOTHING: frozenset[str] = frozenset()


async def lose(
    smsgic: Smsgic, server: SmsgicServer, *batch: tuple[str, int], before: bool = False, text: str = "alarm"
) -> None:
    """Send to recipients with references; the answer never comes."""
    server.faults.add(Fault(cut_before=before, cut_after=not before), path="POST /sendings")
    outcomes = await smsgic.send(
        [outgoing(message(recipient, text), reference=reference) for recipient, reference in batch]
    )
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)


async def test_a_lost_answer_is_not_repeated_and_the_sending_found(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    await lose(smsgic, server, (ANNA, 7))
    assert len(server.on_air) == 1
    sends = [lost(clock.now, message(text="alarm"), reference=7)]
    clock.advance(5)
    assert await smsgic.find(sends, NOTHING) == {7: Taken(references=("458",), state=State.ACCEPTED)}
    assert len(server.on_air) == 1


async def test_it_is_found_by_another_run_of_the_program(
    smsgic: Smsgic, server: SmsgicServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    await lose(smsgic, server, (ANNA, 7), text=" ćao\n\nciao ")
    sends = [lost(clock.now, message(text=" ćao\n\nciao "), reference=7)]
    assert set(await connect(server.base_url, http, clock).find(sends, NOTHING)) == {7}


async def test_what_was_made_to_fit_is_found_as_it_was_sent(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    what = message(text="ćao", encoding=EncodingChoice.GSM7)
    server.faults.add(Fault(cut_after=True))
    await smsgic.send([outgoing(what)])
    assert set(await smsgic.find([lost(clock.now, what)], NOTHING)) == {1}


async def test_what_never_arrived_is_not_found(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    await lose(smsgic, server, (ANNA, 7), before=True)
    assert await smsgic.find([lost(clock.now, message(text="alarm"), reference=7)], NOTHING) == {}
    assert server.on_air == []
    assert await smsgic.find([], NOTHING) == {}


async def test_sendings_of_other_texts_times_sizes_and_sends_are_not_taken_for_it(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    await smsgic.send([outgoing(message(text="alarm"), reference=1)])
    clock.advance(3600)
    await smsgic.send([outgoing(message(text="another"), reference=2)])
    await smsgic.send([outgoing(message(text="alarm"), reference=3)])
    both = [outgoing(message(ANNA, "alarm"), reference=4), outgoing(message(BERT, "alarm"), reference=5)]
    server.faults.add(Fault(cut_before=True))
    (outcome,) = await smsgic.send([outgoing(message(text="alarm"), reference=6)])
    assert isinstance(outcome, NoAnswer)
    await smsgic.send(both)
    assert await smsgic.find([lost(clock.now, message(text="alarm"), reference=6)], NOTHING) == {}


async def test_those_of_earlier_runs_are_known_by_their_references(
    smsgic: Smsgic, server: SmsgicServer, http: aiohttp.ClientSession, clock: Clock
) -> None:
    await smsgic.send([outgoing(message(text="alarm"), reference=1)])
    later = connect(server.base_url, http, clock)
    sends = [lost(clock.now, message(text="alarm"), reference=2)]
    assert set(await later.find(sends, NOTHING)) == {2}
    assert await later.find(sends, frozenset({"458"})) == {}


async def test_nothing_is_found_while_another_of_the_same_text_is_on_its_way(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    held, taken = asyncio.Event(), asyncio.Event()

    async def hold(seconds: float) -> None:
        del seconds
        taken.set()
        await held.wait()

    async with SmsgicServer(SmsgicOptions(clock=clock, sleep=hold)) as server:
        smsgic = connect(server.base_url, http, clock)
        await lose(smsgic, server, (ANNA, 1), before=True)
        server.faults.add(Fault(delay=1))
        running = asyncio.create_task(smsgic.send([outgoing(message(BERT, "alarm"), reference=2)]))
        await taken.wait()
        sends = [lost(clock.now, message(text="alarm"), reference=1)]
        assert await smsgic.find(sends, NOTHING) == {}
        held.set()
        assert isinstance((await running)[0], Taken)
        assert await smsgic.find(sends, NOTHING) == {}


async def test_two_lost_of_which_one_arrived_are_not_guessed(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    await lose(smsgic, server, (ANNA, 1), before=True)
    await lose(smsgic, server, (BERT, 2))
    sends = [
        lost(clock.now, message(ANNA, "alarm"), reference=1),
        lost(clock.now, message(BERT, "alarm"), reference=2),
    ]
    assert await smsgic.find(sends[:1], NOTHING) == {}
    assert await smsgic.find(sends, NOTHING) == {}


async def test_two_lost_that_both_arrived_are_found(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    began = clock.now
    await lose(smsgic, server, (ANNA, 1))
    clock.advance(1)
    await lose(smsgic, server, (BERT, 2))
    sends = [
        lost(began, message(ANNA, "alarm"), reference=1),
        lost(clock.now, message(BERT, "alarm"), reference=2),
    ]
    found = await smsgic.find(sends, NOTHING)
    assert {reference: taken.references for reference, taken in found.items()} == {1: ("458",), 2: ("459",)}


@pytest.mark.parametrize("text", ["alarm", "long " * 60, "лонг " * 40])
async def test_a_lost_batch_is_found_as_a_whole(
    smsgic: Smsgic, server: SmsgicServer, http: aiohttp.ClientSession, clock: Clock, text: str
) -> None:
    await lose(smsgic, server, (ANNA, 1), (BERT, 2), text=text)
    sends = [
        lost(clock.now, message(ANNA, text), reference=1),
        lost(clock.now, message(BERT, text), reference=2),
    ]
    for provider in (smsgic, connect(server.base_url, http, clock)):
        found = await provider.find(sends, NOTHING)
        assert {reference: taken.references for reference, taken in found.items()} == {
            1: ("458",),
            2: ("458",),
        }


async def test_a_refused_send_is_no_rival(smsgic: Smsgic, server: SmsgicServer, clock: Clock) -> None:
    server.faults.add(Fault(status=503, body="{}"))
    (outcome,) = await smsgic.send([outgoing(message(BERT, "alarm"), reference=1)])
    assert isinstance(outcome, Refused)
    await lose(smsgic, server, (ANNA, 2))
    assert set(await smsgic.find([lost(clock.now, message(text="alarm"), reference=2)], NOTHING)) == {2}


async def test_fifty_at_once_with_lost_answers_leave_each_one_at_most_once(
    smsgic: Smsgic, server: SmsgicServer, clock: Clock
) -> None:
    for _ in range(5):
        server.faults.add(Fault(cut_after=True), path="POST /sendings")
    batches = [[outgoing(message(text=f"text {n}"), reference=n)] for n in range(1, 51)]
    outcomes = [outcomes[0] for outcomes in await asyncio.gather(*map(smsgic.send, batches))]
    unanswered = [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, NoAnswer)]
    assert len(unanswered) == 5
    assert sorted(sms.text for sms in server.on_air) == sorted(f"text {n}" for n in range(1, 51))
    sends = [lost(clock.now, message(text=f"text {n}"), reference=n) for n in unanswered]
    assert set(await smsgic.find(sends, NOTHING)) == set(unanswered)
