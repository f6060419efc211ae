"""A wrong PIN is never tried twice, whatever happens between the tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms_bridge.links.pins import PinBook

if TYPE_CHECKING:
    from tests.bridge.routing.bench import Bench


class StoredInlet:
    """As much of an inlet as the book uses, on a real store."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def recall(self, key: str) -> str | None:
        return await self._bench.store.read(lambda tx: tx.recall("stick", key))

    async def remember(self, key: str, value: str | None) -> None:
        await self._bench.do(lambda tx: tx.remember("stick", key, value))


def book(bench: Bench) -> PinBook:
    inlet: Any = StoredInlet(bench)
    return PinBook(inlet)


async def test_a_pin_that_was_tried_is_refused_until_it_is_accepted(bench: Bench) -> None:
    pins = book(bench)
    assert not await pins.refused("8949", "1234")
    await pins.about_to_try("8949", "1234")
    assert await pins.refused("8949", "1234")
    await pins.accepted("8949", "1234")
    assert not await pins.refused("8949", "1234")


async def test_an_attempt_outlives_a_crash(bench: Bench) -> None:
    await book(bench).about_to_try("8949", "1234")
    await bench.restart()
    assert await book(bench).refused("8949", "1234")


async def test_every_wrong_pin_is_remembered_not_only_the_last(bench: Bench) -> None:
    pins = book(bench)
    await pins.about_to_try("8949", "1234")
    await pins.about_to_try("8949", "4321")
    assert await pins.refused("8949", "1234")
    assert await pins.refused("8949", "4321")
    assert not await pins.refused("8949", "1111")


async def test_each_sim_has_its_own(bench: Bench) -> None:
    await book(bench).about_to_try("8949", "1234")
    assert not await book(bench).refused("8950", "1234")


async def test_no_pin_is_in_the_store(bench: Bench) -> None:
    await book(bench).about_to_try("8949", "73825591")
    await bench.store.close()
    disk = b"".join(file.read_bytes() for file in bench.folder.glob("bridge.db*"))
    assert b"73825591" not in disk
    await bench.store.open()
