"""One house for most tests: each leaves it set up, with bridge and broker running."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e_ha.browser import Browser
from tests.e2e_ha.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="FOLDER", help="write the pictures of the documents to FOLDER")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which the component is set up and has one contact."""
    with House(tmp_path_factory.mktemp("house")) as house:
        house.set_up()
        yield house


@pytest.fixture
def discovering_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that has found the bridge; nobody has set it up."""
    with House(tmp_path_factory.mktemp("discovering")) as house:
        house.discovered()
        yield house


@pytest.fixture
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """A browser; its pictures are kept where the command line says so."""
    folder: str | None = pytestconfig.getoption("--screenshots")
    with Browser(Path(folder) if folder else None) as browser:
        yield browser
