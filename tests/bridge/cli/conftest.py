"""One running bridge for all command-line tests of a worker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sms_bridge.cli import main
from tests.support.running import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Ran(NamedTuple):
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    with Surroundings(tmp_path_factory.mktemp("cli")) as around:
        around.start_bridge()
        around.wait_for_bridge()
        yield around


@pytest.fixture
def run(surroundings: Surroundings, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command against the running bridge."""

    def run(command: str, *words: str) -> Ran:
        capsys.readouterr()
        status = main([command, "-c", str(surroundings.config), *words])
        printed = capsys.readouterr()
        return Ran(status, printed.out, printed.err)

    return run


@pytest.fixture
def plain(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command as it is given."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        printed = capsys.readouterr()
        return Ran(status, printed.out, printed.err)

    return run
