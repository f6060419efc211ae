"""A store of every engine: each test of the contract runs once per entry of ``ENGINES``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sms_bridge.store.base import Store

#: Engine → URL of an empty store in a test's own folder.
ENGINES = {"sqlite": "sqlite:///{folder}/bridge.db"}


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a store that does not exist yet."""
    return ENGINES[request.param].format(folder=tmp_path)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    opened = open_store(url)
    await opened.open()
    yield opened
    await opened.close()
