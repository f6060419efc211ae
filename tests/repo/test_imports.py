"""Import rules that import-linter cannot express."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.repo.checkout import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: All that Home Assistant installs for the shared room.
ALLOWED_IN_THE_SHARED_ROOM = frozenset({*sys.stdlib_module_names, "aiohttp", "yarl"})


def absolute_imports(file: Path) -> Iterator[str]:
    """Yield the top-level name of every import that is not relative."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module.split(".")[0]


def test_the_shared_room_imports_only_what_home_assistant_has() -> None:
    foreign = {
        name: extra
        for name, file in modules().items()
        if name.split(".")[0] == "sms_providers"
        and (extra := set(absolute_imports(file)) - ALLOWED_IN_THE_SHARED_ROOM)
    }
    assert foreign == {}


def test_nothing_beside_the_shared_room_hides_the_standard_library() -> None:
    """Its folder is on the import path, where a module named like Python's own comes before Python's own."""
    beside = {path.stem for path in (ROOT / "custom_components" / "sms_gateway").iterdir()}
    assert beside & sys.stdlib_module_names == set()


@pytest.mark.parametrize("heavy", ["aiohttp", "amqtt", "phonenumbers", "sms_bridge.simulator"])
def test_a_start_with_modems_only_imports_no_other_part(heavy: str) -> None:
    code = f"import sys, sms_bridge.cli, sms_bridge.app; sys.exit({heavy!r} in sys.modules)"
    path = f"{ROOT / 'bridge'}:{ROOT / 'custom_components' / 'sms_gateway'}"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env={"PYTHONPATH": path}
    )
    assert (done.returncode, done.stderr) == (0, "")
