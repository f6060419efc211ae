"""The programs in script/ and .ci/ can be run and explain themselves."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.repo.checkout import ROOT, files

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = [file for file in files() if file.parent in {ROOT / "script", ROOT / ".ci"}]
SOURCED = [file for file in files() if file.parent == ROOT / "script" / "lib" and file.suffix == ".sh"]


def name_of(file: Path) -> str:
    """Return the path a person types."""
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", PROGRAMS, ids=name_of)
def test_a_program_is_executable(file: Path) -> None:
    assert os.access(file, os.X_OK)


@pytest.mark.parametrize("file", PROGRAMS, ids=name_of)
def test_help_tells_the_usage_from_any_folder_and_does_nothing_else(file: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [file, "--help"], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=20
    )
    assert f"Usage: {name_of(file)}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("file", [*PROGRAMS, *SOURCED], ids=name_of)
def test_the_shell_understands_every_line(file: Path) -> None:
    assert subprocess.run(["bash", "-n", file], check=True, capture_output=True).stderr == b""


def test_an_unknown_level_of_setup_is_refused_with_the_known_ones() -> None:
    done = subprocess.run(
        [ROOT / "script" / "setup", "everything"], check=False, capture_output=True, text=True, timeout=20
    )
    assert done.returncode != 0
    assert "demo, test or all" in done.stderr


def test_the_public_workflow_runs_what_everybody_runs() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "run: .ci/run" in workflow
    called = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in called if line.startswith("script/")] == ["script/lint", "script/test"]
