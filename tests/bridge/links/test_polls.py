"""What a provider is asked by itself: lost answers, open reports, received messages."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from sms_providers.exceptions import AuthError, TemporaryError, ThrottledError
from sms_providers.model import Capability, DeliveryReport, State, Taken
from sms_providers.provider import IncomingPage
from tests.bridge.links.scripted import Inlet, Script, no_answer, received, standing, submission
from tests.support.virtual_time import virtual_time

FOUND = Taken(references=("77",), state=State.ACCEPTED)
DELIVERED = DeliveryReport(reference="r1", state=State.DELIVERED)


@virtual_time
async def test_what_was_lost_before_the_start_is_asked_for_at_once() -> None:
    script = Script(finds=deque([{1: FOUND}]))
    async with standing(script) as stand:
        assert stand.inlet.found == []
        stand.lose()
        await asyncio.sleep(3)
        assert stand.inlet.found == [(1, FOUND)]


@virtual_time
async def test_a_lost_answer_is_asked_for_several_times_within_the_grace() -> None:
    async with standing() as stand:
        await asyncio.sleep(100)
        stand.script.sends.append(no_answer())
        await stand.submit()
        # The router commits it a moment later.
        await asyncio.sleep(0.5)
        stand.lose()
        await asyncio.sleep(29.5)
        times = stand.script.times("find")
        assert times == [101, 103, 107, 115, 123]
        stand.inlet.lost.clear()
        await asyncio.sleep(1_000)
        assert stand.script.times("find") == times


@virtual_time
async def test_without_a_lost_answer_nothing_is_asked() -> None:
    async with standing() as stand:
        await stand.submit()
        await asyncio.sleep(1_000)
        assert stand.script.times("find") == []


@virtual_time
async def test_a_provider_that_cannot_tell_is_never_asked() -> None:
    async with standing(None, None, Capability.RECONCILE) as stand:
        stand.script.sends.append(no_answer())
        stand.lose()
        await stand.submit()
        await asyncio.sleep(100)
        assert stand.script.times("find") == []


@virtual_time
async def test_a_failed_question_is_asked_again() -> None:
    script = Script(finds=deque([TemporaryError("no connection"), {1: FOUND}]))
    async with standing(script) as stand:
        stand.lose()
        await asyncio.sleep(10)
        assert stand.inlet.found == [(1, FOUND)]
        assert len(script.times("find")) == 2


@virtual_time
async def test_what_could_not_be_asked_for_within_the_grace_is_asked_for_until_the_provider_answers() -> None:
    outage = [TemporaryError("no connection")] * 10
    async with standing(Script(finds=deque([*outage, {1: FOUND}]))) as stand:
        stand.lose()
        await asyncio.sleep(30)
        stand.inlet.lost.clear()
        await asyncio.sleep(600)
        assert stand.inlet.found == [(1, FOUND)]
        assert len(stand.script.times("find")) == 11


class SlowStore(Inlet):
    """Takes its time to write an answer down."""

    async def answered(self, row: int, taken: Taken) -> None:
        await asyncio.sleep(1)
        await super().answered(row, taken)


@virtual_time
async def test_what_is_being_found_while_it_is_claimed_is_not_sent() -> None:
    outage = [TemporaryError("no connection")] * 3
    async with standing(Script(finds=deque([*outage, {1: FOUND}])), SlowStore()) as stand:
        stand.lose()
        await asyncio.sleep(15.5)
        assert stand.script.times("find") == [1, 3, 7, 15]
        # Its grace is over, and it was claimed a moment before it was found.
        stand.inlet.lost.clear()
        assert await stand.submit() == [FOUND]
        assert stand.script.sent == []


@virtual_time
async def test_references_of_other_messages_are_told_as_known() -> None:
    async with standing() as stand:
        await stand.submit(submission(5))
        stand.open("r6")
        stand.lose()
        await asyncio.sleep(3)
        assert stand.script.asked_find[0] == ([1], frozenset({"r5", "r6"}))


@virtual_time
async def test_what_was_found_is_known_by_then() -> None:
    script = Script(finds=deque([{1: FOUND}, {}]))
    async with standing(script) as stand:
        stand.lose(1)
        stand.lose(2)
        await asyncio.sleep(4)
        assert script.asked_find[1] == ([2], frozenset({"77"}))


@virtual_time
async def test_reports_are_asked_for_only_while_something_is_open() -> None:
    async with standing() as stand:
        await asyncio.sleep(601)
        assert stand.script.times("reports") == []
        stand.open("r1", 600)
        stand.script.report_answers.append([DELIVERED])
        await asyncio.sleep(60)
        assert stand.inlet.reports == [DELIVERED]
        stand.inlet.opened.clear()
        await asyncio.sleep(600)
        assert stand.script.times("reports") == [660]


@virtual_time
async def test_the_older_a_message_the_more_rarely_it_is_asked_for() -> None:
    async with standing() as stand:
        stand.open("r1")
        await asyncio.sleep(86_400)
        times = stand.script.times("reports")
        pauses = [after - before for before, after in itertools.pairwise(times)]
        assert pauses[0] == 60
        assert pauses == sorted(pauses)
        assert 7_000 < pauses[-1] < 10_000
        assert len(times) < 80


@virtual_time
async def test_one_round_asks_for_no_more_than_a_hundred_and_then_for_the_others() -> None:
    async with standing() as stand:
        for number in range(150):
            stand.open(f"r{number}")
        await asyncio.sleep(121)
        first, second = (set(asked) for asked in stand.script.asked_reports)
        assert (len(first), len(first | second)) == (100, 150)


@virtual_time
async def test_nothing_is_polled_of_an_account_that_does_not_answer() -> None:
    script = Script(checks=deque([AuthError("the key is refused")] * 2))
    async with standing(script) as stand:
        stand.open("r1")
        await asyncio.sleep(179)
        assert script.times("reports") == script.times("incoming") == []
        # The third check passes, and what has waited is asked for at once.
        await asyncio.sleep(2)
        assert script.times("reports") == script.times("incoming") == [180]


@virtual_time
async def test_a_throttled_poll_waits_as_long_as_it_is_told_and_a_failed_one_has_the_account_checked() -> (
    None
):
    async with standing() as stand:
        stand.open("r1")
        await asyncio.sleep(1)
        stand.script.report_answers.append(ThrottledError("left alone", retry_after=500))
        stand.script.report_answers.append(AuthError("the token is refused"))
        await asyncio.sleep(560)
        assert stand.script.times("reports") == [60, 560]
        assert stand.script.times("check") == [0, 560]


@virtual_time
async def test_received_messages_are_handed_on_and_then_their_place_remembered() -> None:
    script = Script(
        pages=deque(
            [
                IncomingPage(received=(), position="10"),
                IncomingPage(received=(received("11", "one"), received("12", "two")), position="12"),
            ]
        )
    )
    async with standing(script) as stand:
        await asyncio.sleep(121)
        assert script.asked_incoming == [None, "10", "12"]
        assert [segment.message.text for segment in stand.inlet.segments] == ["one", "two"]
        assert stand.inlet.memory["incoming_position"] == "12"
    again = Script()
    async with standing(again, stand.inlet):
        await asyncio.sleep(1)
        assert again.asked_incoming == ["12"]


@virtual_time
async def test_a_place_is_not_remembered_before_the_messages_are_kept() -> None:
    class Full(Inlet):
        async def received(self, segment: object) -> bool:
            raise OSError(segment)

    page = IncomingPage(received=(received("11", "one"),), position="11")
    async with standing(Script(pages=deque([page])), Full()) as stand:
        await asyncio.sleep(1)
        assert "incoming_position" not in stand.inlet.memory


@virtual_time
async def test_what_a_provider_cannot_tell_is_not_polled() -> None:
    polls = (Capability.REPORT_POLL, Capability.INCOMING_POLL)
    async with standing(None, None, *polls) as stand:
        stand.open("r1")
        await asyncio.sleep(300)
        assert stand.script.times("reports") == stand.script.times("incoming") == []
