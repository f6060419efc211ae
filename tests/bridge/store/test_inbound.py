"""The contract for received segments and the gateways' copies of them; holds for every engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sms_bridge.store.base import InboundPart, InboundSource, SourceState
from tests.bridge.store.records import NOW

if TYPE_CHECKING:
    from sms_bridge.store.base import Store, Transaction


def part(group: int, seqno: int, **fields: object) -> InboundPart:
    """A part of a message of three segments."""
    values: dict[str, Any] = {
        "gateway": "stick",
        "kind": "modem",
        "concat_key": "+49170/42",
        "total": 3,
        "raw": f"07{seqno:02}",
        "received_at": NOW,
        **fields,
    }
    return InboundPart(group=group, seqno=seqno, **values)


def source(index: int, **fields: object) -> InboundSource:
    """A copy on the first SIM."""
    values: dict[str, Any] = {
        "gateway": "stick",
        "sim": "8949",
        "storage": "SM",
        "pdu": "0791",
        "group": 1,
        **fields,
    }
    return InboundSource(index=index, **values)


async def add_parts(store: Store, *parts: InboundPart) -> None:
    def unit(tx: Transaction) -> None:
        for item in parts:
            tx.add_part(item)

    await store.write("add", unit)


async def add_sources(store: Store, *sources: InboundSource) -> None:
    def unit(tx: Transaction) -> None:
        for item in sources:
            tx.add_source(item)

    await store.write("add", unit)


async def test_numbers_of_inbound_messages_rise(store: Store) -> None:
    first = await store.write("group", lambda tx: tx.new_inbound_group())
    second, third = await store.write("group", lambda tx: (tx.new_inbound_group(), tx.new_inbound_group()))
    assert 0 < first < second < third


async def test_open_parts_come_by_group_and_seqno(store: Store) -> None:
    await add_parts(
        store,
        part(2, 1),
        part(1, 3),
        part(1, 1),
        part(3, 1, concat_key="+49170/43"),
        part(4, 1, gateway="other"),
        part(5, 1, concat_key=None, total=1),
    )
    found = await store.read(lambda tx: tx.open_parts("stick", "+49170/42"))
    assert [replace(item, row=0) for item in found] == [part(1, 1), part(1, 3), part(2, 1)]
    assert len({item.row for item in found}) == 3


async def test_a_message_is_overdue_with_all_its_parts_once_its_first_is(store: Store) -> None:
    await add_parts(
        store,
        part(1, 2, received_at=NOW),
        part(1, 1, received_at=NOW + 100),
        part(2, 1, received_at=NOW + 50),
    )
    assert await store.read(lambda tx: tx.overdue_parts(NOW)) == []
    found = await store.read(lambda tx: [(item.group, item.seqno) for item in tx.overdue_parts(NOW + 10)])
    assert found == [(1, 1), (1, 2)]
    assert await store.read(lambda tx: tx.first_open_part()) == NOW
    await store.write("join", lambda tx: tx.remove_parts(1))
    assert await store.read(lambda tx: tx.first_open_part()) == NOW + 50
    await store.write("join", lambda tx: tx.remove_parts(2))
    assert await store.read(lambda tx: tx.first_open_part()) is None


async def test_a_source_is_found_at_its_place_and_replaced_there(store: Store) -> None:
    await add_sources(store, source(3), source(3, pdu="0792", group=2), source(3, storage="ME"))
    found = await store.read(lambda tx: tx.source("stick", "8949", "SM", 3))
    assert found == source(3, pdu="0792", group=2)
    assert await store.read(lambda tx: tx.source("stick", "8949", "SM", 4)) is None
    await store.write("deleted", lambda tx: tx.remove_source("stick", "8949", "SM", 3))
    assert await store.read(lambda tx: tx.sources("stick", "8949")) == [source(3, storage="ME")]


async def test_sources_are_found_by_sim_and_by_group(store: Store) -> None:
    deletable = source(2, state=SourceState.DELETABLE)
    await add_sources(store, deletable, source(1), source(1, sim="8950"), source(9, group=7))
    assert await store.read(lambda tx: tx.sources("stick", "8949")) == [
        source(1),
        deletable,
        source(9, group=7),
    ]
    assert await store.read(lambda tx: tx.sources_of_group(1)) == [
        source(1),
        deletable,
        source(1, sim="8950"),
    ]


async def test_content_is_recent_since_it_was_last_seen(store: Store) -> None:
    await store.write("seen", lambda tx: tx.remember_content("stick", b"\x01", NOW))
    assert await store.read(lambda tx: tx.recent_content("stick", b"\x01", NOW))
    assert not await store.read(lambda tx: tx.recent_content("stick", b"\x01", NOW + 1))
    assert not await store.read(lambda tx: tx.recent_content("stick", b"\x02", NOW))
    assert not await store.read(lambda tx: tx.recent_content("other", b"\x01", NOW))
    await store.write("seen", lambda tx: tx.remember_content("stick", b"\x01", NOW + 9))
    assert await store.read(lambda tx: tx.recent_content("stick", b"\x01", NOW + 1))
