"""One world per module: its tests send to numbers of their own and look at their own ids."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBERS = itertools.count(100)


@pytest.fixture
def number() -> str:
    """A recipient that no other test sends to."""
    return f"+491570000{next(_NUMBERS):04}"


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes worlds for one test, each with the arguments of World but the folder; ends them."""
    worlds: list[World] = []

    def make(**arguments: object) -> World:
        world = World(tmp_path_factory.mktemp("world"), **arguments)  # type: ignore[arg-type] # World's own
        worlds.append(world.__enter__())
        return world

    yield make
    for world in worlds:
        world.__exit__(None, None, None)
