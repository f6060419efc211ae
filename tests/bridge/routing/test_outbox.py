"""What an administrator asks of the outbox: cancel, resend, quote; and texts that must be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.outbox import NotPossibleError, Quote, UnknownIdError
from sms_bridge.store.base import Phase
from sms_providers.model import Error, ErrorCode, OnUnknown, Priority, State
from tests.bridge.routing.bench import ANNA, BEN, NOW, NUMBER, Gateway, no_answer, refused, send, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sms_bridge.routing.command import Command
    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]


# -- cancel


@pytest.mark.parametrize("phase", ["ready", "scheduled", "waiting"])
async def test_a_message_that_no_gateway_has_can_be_cancelled(bench: Bench, phase: str) -> None:
    later: dict[str, Any] = {"send_at": NOW + 60} if phase == "scheduled" else {}
    await bench.queue(gateway=("stick",), **later)
    if phase == "waiting":
        await bench.attempt(refused(ErrorCode.NETWORK))
    assert (await bench.message()).phase == phase
    assert await bench.outbox.cancel("m") == ["m"]
    event = await bench.last()
    assert (event["state"], event["final"], event["error"]["code"]) == ("cancelled", True, "cancelled")
    await bench.pass_time(200)
    assert await bench.claim() == []


@pytest.mark.parametrize("phase", ["submitting", "unknown", "resending", "sent", "failed"])
async def test_it_is_too_late_once_an_attempt_runs_or_is_unknown(bench: Bench, phase: str) -> None:
    await bench.queue()
    submission = await bench.claim_one()
    if phase in ("unknown", "resending"):
        await bench.settle(submission, no_answer())
        await bench.pass_time(31 if phase == "resending" else 0)
    elif phase == "sent":
        await bench.settle(submission, taken("2a"))
    elif phase == "failed":
        await bench.settle(submission, refused(ErrorCode.INVALID_RECIPIENT))
    before = await bench.states()
    with pytest.raises(NotPossibleError, match="too late"):
        await bench.outbox.cancel("m")
    assert await bench.states() == before


async def test_of_a_group_those_are_cancelled_that_still_can_be(bench: Bench) -> None:
    await bench.accept(send((NUMBER, BEN), id="g"))
    await bench.attempt(taken("2a"))
    assert await bench.outbox.cancel("g") == ["g/1"]


async def test_an_unknown_id_is_named(bench: Bench) -> None:
    with pytest.raises(UnknownIdError, match="nothing"):
        await bench.outbox.cancel("nothing")
    with pytest.raises(UnknownIdError):
        await bench.outbox.resend("nothing")


# -- resend


async def test_a_resend_begins_anew_at_queued_with_the_next_attempt(bench: Bench) -> None:
    await bench.queue(gateway=("stick",), valid_for=100)
    await bench.attempt(refused(ErrorCode.NO_CREDIT))
    bench.now += 1000
    assert await bench.outbox.resend("m") == ["m"]
    event = await bench.last()
    assert (event["state"], event["final"], event["attempt"], event["gateway"]) == ("queued", False, 2, None)
    assert event["error"] is None
    assert (await bench.message()).expires_at == bench.now + 100
    await bench.attempt(taken("2a"))
    event = await bench.last()
    assert (event["state"], event["attempt"], event["possible_duplicate"]) == ("sent", 2, False)
    await bench.report("2a")
    assert await bench.states() == ["queued", "failed!", "queued", "sent", "delivered!"]


async def test_a_resend_has_every_gateway_again(bench: Bench) -> None:
    await bench.queue()
    for name in ("stick", "spare", "cloud"):
        await bench.attempt(refused(ErrorCode.AUTH), name)
    await bench.outbox.resend("m")
    assert (await bench.message()).route == (("stick",), ("spare",), ("cloud",))
    await bench.attempt(taken("2a"), "stick")
    assert (await bench.states())[-1] == "sent"


async def test_a_resend_of_an_expired_message_sends_every_segment(bench: Bench) -> None:
    await bench.accept(send(text="x" * 200, id="m", valid_for=60, gateway=("stick",)))
    submission = await bench.claim_one()
    await bench.segment(submission, 1, "2a")
    await bench.settle(submission, refused(ErrorCode.NETWORK))
    await bench.pass_time(61)
    assert (await bench.states())[-1] == "expired!"
    await bench.outbox.resend("m")
    assert (await bench.claim_one()).taken == {}


async def test_a_resend_of_a_held_unknown_may_be_a_duplicate_and_says_so(bench: Bench) -> None:
    await bench.queue(on_unknown=OnUnknown.HOLD)
    await bench.attempt(no_answer())
    await bench.pass_time(31)
    await bench.outbox.resend("m")
    assert (await bench.last())["possible_duplicate"] is True
    await bench.attempt(taken("2a"))
    assert (await bench.last())["possible_duplicate"] is True


@pytest.mark.parametrize("state", ["queued", "sent", "delivered", "undeliverable", "cancelled", "unknown"])
async def test_only_failed_expired_and_final_unknown_are_sent_again(bench: Bench, state: str) -> None:
    await bench.queue()
    if state == "cancelled":
        await bench.outbox.cancel("m")
    elif state == "unknown":
        await bench.attempt(no_answer())
    elif state != "queued":
        await bench.attempt(taken("2a"))
        if state != "sent":
            await bench.report("2a", State(state))
    with pytest.raises(NotPossibleError, match=state):
        await bench.outbox.resend("m")


async def test_of_a_group_the_failed_ones_are_sent_again(bench: Bench) -> None:
    await bench.accept(send((NUMBER, BEN), id="g"))
    await bench.attempt(refused(ErrorCode.INVALID_RECIPIENT))
    await bench.attempt(taken("2a"), "spare")
    assert await bench.outbox.resend("g") == ["g/0"]


async def test_a_message_without_configured_gateways_is_not_sent_again(make_bench: MakeBench) -> None:
    links = {"stick": Gateway("stick"), "old": Gateway("old")}
    bench = await make_bench(links, gateways=("stick", "old"))
    await bench.queue(gateway=("old",))
    await bench.attempt(refused(ErrorCode.AUTH), "old")
    del bench.links["old"]
    bench.configure(bench.settings)
    with pytest.raises(NotPossibleError, match="no longer configured"):
        await bench.outbox.resend("m")


# -- texts


def on_disk(bench: Bench) -> bytes:
    return b"".join(file.read_bytes() for file in bench.folder.glob("bridge.db*"))


@pytest.mark.parametrize("kind", ["otp", "keep_texts: final"])
async def test_an_ephemeral_text_is_gone_from_the_disk_once_the_message_is_final(
    make_bench: MakeBench, kind: str
) -> None:
    bench = await make_bench(keep_texts=kind == "otp")
    priority = Priority.OTP if kind == "otp" else Priority.NORMAL
    await bench.queue(text="your code is 918273", priority=priority)
    await bench.attempt(taken("2a"))
    assert (await bench.message()).text == "your code is 918273"
    await bench.report("2a")
    assert (await bench.message()).text is None
    await bench.store.close()
    assert b"918273" not in on_disk(bench)
    await bench.store.open()


async def test_an_ordinary_text_is_kept(bench: Bench) -> None:
    await bench.queue(text="hello")
    await bench.outbox.cancel("m")
    assert (await bench.message()).text == "hello"


async def test_an_erased_text_cannot_be_sent_again(bench: Bench) -> None:
    await bench.queue(priority=Priority.OTP)
    await bench.attempt(refused(ErrorCode.INVALID_RECIPIENT))
    with pytest.raises(NotPossibleError, match="erased"):
        await bench.outbox.resend("m")
    assert (await bench.message()).phase is Phase.DONE


# -- quote


async def test_a_quote_says_what_a_message_would_cost_and_sends_nothing(bench: Bench) -> None:
    quote = bench.outbox.quote(send(("anna", NUMBER), "x" * 200), frozenset({"spare"}))
    assert quote == Quote(
        segments=2,
        encoding="gsm7",
        characters_left=106,
        messages=2,
        gateway="spare",
        recipients=(ANNA, NUMBER),
    )
    assert await bench.events() == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (send("nobody"), ErrorCode.UNKNOWN_RECIPIENT),
        (send(flash=True), ErrorCode.UNSUPPORTED),
        (send(text="x" * 9999), ErrorCode.TOO_LONG),
    ],
)
async def test_a_quote_of_what_would_be_refused_says_why(
    bench: Bench, command: Command, code: ErrorCode
) -> None:
    quote = bench.outbox.quote(command, frozenset())
    assert isinstance(quote, Error)
    assert quote.code is code
