"""Received messages (MQTT contract, section 3): recognised, joined, published once, freed when it is safe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.routing.link import InboundSegment, Source
from sms_bridge.routing.publication import Publication
from sms_bridge.store.base import EventKind
from sms_providers.model import Concat, InboundMessage
from tests.bridge.routing.bench import ANNA, NUMBER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bridge.routing.bench import Bench

    MakeBench = Callable[..., Awaitable[Bench]]


def source(index: int = 1, pdu: str = "PDU", *, sim: str = "26201", storage: str = "SM") -> Source:
    return Source(sim=sim, storage=storage, index=index, pdu=pdu)


def segment(text: str = "status?", *, originator: str = ANNA, **values: object) -> InboundSegment:
    message = InboundMessage(
        originator=originator,
        text=text,
        sent_at=datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
        received_at=datetime(2026, 11, 20, 10, 15, 3, 4000, tzinfo=UTC),
        recipient="+4915112345678",
        sim=0,
    )
    given: dict[str, Any] = {"raw": text, "message": message, "source": source(), **values}
    return InboundSegment(**given)


def part(text: str, seqno: int, total: int = 3, *, key: str = "k", **values: object) -> InboundSegment:
    given: dict[str, Any] = {"source": source(seqno, f"{text}{seqno}"), **values}
    return segment(text, concat=Concat(key=key, total=total, seqno=seqno), **given)


async def receive(bench: Bench, arrived: InboundSegment, gateway: str = "stick") -> bool:
    return await bench.do(lambda tx: bench.inbox.received(tx, gateway, "fake", arrived, bench.now))


async def incoming(bench: Bench) -> list[dict[str, Any]]:
    return await bench.events(EventKind.INCOMING)


async def texts(bench: Bench) -> list[str]:
    return [event["text"] for event in await incoming(bench)]


async def acknowledge(bench: Bench) -> list[tuple[str, Source]]:
    """The broker acknowledges everything; returns what the gateways shall delete."""
    freed: list[tuple[str, Source]] = []
    publication = Publication(
        bench.store, lambda gateway, what: freed.append((gateway, what)), bench.outbox.quiet
    )
    await publication.acknowledged(await bench.raw_events())
    return freed


async def test_an_incoming_message_has_every_key_of_the_contract(bench: Bench) -> None:
    await receive(bench, segment())
    (event,) = await incoming(bench)
    assert event.pop("id").startswith("in-")
    assert event.pop("epoch")
    assert event == {
        "from": ANNA, "from_name": "anna", "text": "status?", "gateway": "stick", "channel": "sms", "sim": 0,
        "to": "+4915112345678", "sent_at": "2026-11-20T10:15:00Z", "received_at": "2026-11-20T10:15:03.004Z",
        "segments": 1, "encoding": "gsm7", "class": None, "data": None, "port": None, "media": [],
        "incomplete": False, "seq": 1,
    }  # fmt: skip


async def test_an_unknown_originator_has_no_name(bench: Bench) -> None:
    await receive(bench, segment(originator=NUMBER))
    assert (await incoming(bench))[0]["from_name"] is None


async def test_the_same_copy_is_published_once_also_over_a_restart(bench: Bench) -> None:
    await receive(bench, segment())
    first = await incoming(bench)
    await bench.restart()
    assert await receive(bench, segment()) is False
    assert await incoming(bench) == first


@pytest.mark.parametrize(
    "other",
    [source(2), source(storage="ME"), source(sim="26202"), source(pdu="OTHER")],
    ids=["index", "storage", "SIM", "PDU"],
)
async def test_another_place_or_pdu_is_another_message(bench: Bench, other: Source) -> None:
    await receive(bench, segment())
    await receive(bench, segment(source=other))
    assert await texts(bench) == ["status?", "status?"]


async def test_an_index_that_is_used_again_is_another_message(bench: Bench) -> None:
    await receive(bench, segment())
    await bench.do(lambda tx: bench.inbox.deleted(tx, "stick", source()))
    await receive(bench, segment())
    assert len(await texts(bench)) == 2


async def test_a_deletion_that_is_confirmed_late_forgets_no_newer_message(bench: Bench) -> None:
    await receive(bench, segment())
    await receive(bench, segment("new", source=source(pdu="NEW")))
    await bench.do(lambda tx: bench.inbox.deleted(tx, "stick", source()))
    await receive(bench, segment("new", source=source(pdu="NEW")))
    assert await texts(bench) == ["status?", "new"]


async def test_a_message_without_a_copy_is_published_each_time(bench: Bench) -> None:
    await receive(bench, segment(source=None))
    await receive(bench, segment(source=None))
    assert len(await texts(bench)) == 2


# -- when the gateway may delete


async def test_a_copy_stays_until_the_broker_has_acknowledged(bench: Bench) -> None:
    assert await receive(bench, segment()) is False
    assert await receive(bench, segment()) is False
    assert await acknowledge(bench) == [("stick", source())]
    assert await receive(bench, segment()) is True
    assert await acknowledge(bench) == []


async def test_a_copy_that_was_not_deleted_before_a_crash_is_deleted_at_the_next_sweep(bench: Bench) -> None:
    await receive(bench, segment())
    await acknowledge(bench)
    await bench.restart()
    assert await receive(bench, segment()) is True
    assert len(await texts(bench)) == 1


async def test_a_full_storage_is_freed_right_after_the_commit(bench: Bench) -> None:
    assert await receive(bench, segment(storage_full=True)) is True
    assert await acknowledge(bench) == []


async def test_a_storage_that_fills_up_frees_what_was_committed_before(bench: Bench) -> None:
    assert await receive(bench, segment()) is False
    assert await receive(bench, segment(storage_full=True)) is True
    assert await receive(bench, segment()) is True
    assert len(await texts(bench)) == 1


async def test_segments_that_wait_for_siblings_are_deleted_the_last_only_after_the_acknowledgement(
    bench: Bench,
) -> None:
    assert await receive(bench, part("a", 1)) is True
    assert await receive(bench, part("b", 2)) is True
    assert await receive(bench, part("c", 3)) is False
    assert await acknowledge(bench) == [("stick", source(3, "c3"))]


async def test_a_complete_listing_closes_the_books_on_what_is_gone(bench: Bench) -> None:
    await receive(bench, segment())
    await receive(bench, segment(source=source(2)))
    await receive(bench, segment(source=source(3, storage="ME")))
    present = {"SM": [(1, "PDU"), (2, "OTHER")]}
    await bench.do(lambda tx: bench.inbox.swept(tx, "stick", "26201", present))
    kept = await bench.store.read(lambda tx: tx.sources("stick", "26201"))
    assert [(known.storage, known.index) for known in kept] == [("ME", 3), ("SM", 1)]


# -- joining


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
async def test_segments_are_joined_in_any_order(bench: Bench, order: tuple[int, ...]) -> None:
    for seqno in order:
        assert await texts(bench) == []
        await receive(bench, part("abc"[seqno - 1], seqno))
        await bench.restart()
    (event,) = await incoming(bench)
    assert (event["text"], event["segments"], event["to"]) == ("abc", 3, "+4915112345678")
    assert await bench.store.read(lambda tx: tx.first_open_part()) is None


async def test_two_messages_with_one_key_are_kept_apart(bench: Bench) -> None:
    for text, seqno in (("a", 1), ("A", 1), ("b", 2), ("B", 2)):
        await receive(bench, part(text, seqno, 2, source=source(ord(text), text)))
    assert await texts(bench) == ["ab", "AB"]


async def test_keys_and_gateways_are_kept_apart(bench: Bench) -> None:
    await receive(bench, part("a", 1, 2))
    await receive(bench, part("b", 2, 2, key="other"))
    await receive(bench, part("b", 2, 2), "spare")
    assert await texts(bench) == []


async def test_what_is_missing_at_the_time_out_is_shown_as_gaps(make_bench: MakeBench) -> None:
    bench = await make_bench(join_timeout=60.0)
    await receive(bench, part("a", 1))
    bench.now += 30
    await receive(bench, part("c", 3))
    bench.now += 29
    assert not bench.inbox.is_overdue(bench.now - 59, bench.now)
    bench.now += 2
    assert bench.inbox.is_overdue(bench.now - 61, bench.now)
    await bench.do(lambda tx: bench.inbox.give_up(tx, {"stick": "+49151"}, bench.now))
    (event,) = await incoming(bench)
    assert (event["text"], event["incomplete"], event["to"]) == ("a…c", True, "+49151")
    await bench.do(lambda tx: bench.inbox.give_up(tx, {"stick": None}, bench.now))
    assert len(await incoming(bench)) == 1


async def test_a_segment_after_the_time_out_is_not_dropped(make_bench: MakeBench) -> None:
    bench = await make_bench(join_timeout=60.0)
    await receive(bench, part("a", 1, 2))
    bench.now += 61
    await bench.do(lambda tx: bench.inbox.give_up(tx, {}, bench.now))
    await receive(bench, part("b", 2, 2))
    bench.now += 61
    await bench.do(lambda tx: bench.inbox.give_up(tx, {}, bench.now))
    assert await texts(bench) == ["a…", "…b"]


async def test_segments_of_a_gateway_type_that_left_the_configuration_are_published_as_they_came(
    bench: Bench,
) -> None:
    old = part("a", 1, 2)
    await bench.do(lambda tx: bench.inbox.received(tx, "stick", "gone", old, bench.now))
    bench.now += 86_401
    await bench.do(lambda tx: bench.inbox.give_up(tx, {}, bench.now))
    (event,) = await incoming(bench)
    assert (event["raw"], event["incomplete"]) == (["a"], True)


async def test_a_repeated_segment_of_an_open_message_is_known(bench: Bench) -> None:
    await receive(bench, part("a", 1, 2))
    assert await receive(bench, part("a", 1, 2)) is True
    await receive(bench, part("b", 2, 2))
    assert await texts(bench) == ["ab"]


# -- modems that store twice


async def test_a_modem_known_to_report_twice_is_compared_by_content(bench: Bench) -> None:
    await receive(bench, segment(event_key="one"))
    assert await receive(bench, segment(event_key="one", source=source(2))) is True
    assert len(await texts(bench)) == 1
    bench.now += 86_401
    await receive(bench, segment(event_key="one", source=source(3)))
    assert len(await texts(bench)) == 2


async def test_an_event_with_a_name_of_its_own_is_the_same_however_late_it_comes_again(bench: Bench) -> None:
    for _ in range(3):
        await receive(bench, segment(event_key="62807347", source=None))
        bench.now += 7 * 86_400
    assert len(await texts(bench)) == 1


# -- topics of their own


async def test_known_contacts_have_a_plain_topic_where_asked_for(make_bench: MakeBench) -> None:
    bench = await make_bench(plain_topics=True)
    await receive(bench, segment())
    await receive(bench, segment(originator=NUMBER, source=source(2)))
    copies = [[(copy.topic, copy.text) for copy in event.copies] for event in await bench.raw_events()]
    assert copies == [[("incoming/anna", "status?")], []]


async def test_without_them_there_are_none(bench: Bench) -> None:
    await receive(bench, segment())
    assert (await bench.raw_events())[0].copies == ()


async def test_received_messages_are_counted_for_their_gateway(bench: Bench) -> None:
    await receive(bench, segment())
    await receive(bench, segment())
    counters = await bench.store.read(lambda tx: tx.counters("2026-11-20"))
    assert counters["received:stick"] == 1
