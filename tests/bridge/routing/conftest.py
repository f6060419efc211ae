"""Fixtures of the router's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bridge.routing.bench import Bench, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


@pytest.fixture
async def make_bench(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Bench]]]:
    """Builds the bench with other settings than the usual ones."""
    made: list[Bench] = []

    async def make(links: dict[str, Any] | None = None, **values: object) -> Bench:
        bench = Bench(tmp_path, settings(**values), links or {})
        await bench.store.open()
        made.append(bench)
        return bench

    yield make
    for bench in made:
        await bench.store.close()


@pytest.fixture
async def bench(make_bench: Callable[..., Awaitable[Bench]]) -> Bench:
    """The units on an open, empty store."""
    return await make_bench()
