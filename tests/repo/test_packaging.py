"""What is installed is what lies in the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.repo.checkout import IMPORT_ROOTS, ROOT, metadata, modules

if TYPE_CHECKING:
    from pathlib import Path

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Names inside a wheel that was built from a copy of the checkout, without a network."""
    source: Path = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for folder in IMPORT_ROOTS.values():
        shutil.copytree(
            folder, source / folder.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__")
        )
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-c", BUILD, target], cwd=source, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_the_package_list_names_every_folder_with_modules() -> None:
    on_disk = {
        name if file.name == "__init__.py" else name.rpartition(".")[0] for name, file in modules().items()
    }
    assert metadata()["tool"]["setuptools"]["packages"] == sorted(on_disk)


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {file.parent for file in modules().values()}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_a_wheel_holds_every_module(wheel_names: frozenset[str]) -> None:
    expected = {
        f"{package}/{file.relative_to(folder).as_posix()}"
        for package, folder in IMPORT_ROOTS.items()
        for file in folder.rglob("*.py")
    }
    assert expected - wheel_names == set()


def test_a_wheel_says_that_it_is_typed(wheel_names: frozenset[str]) -> None:
    assert {f"{package}/py.typed" for package in IMPORT_ROOTS} - wheel_names == set()


def test_a_wheel_holds_nothing_but_the_distribution(wheel_names: frozenset[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_names}
    version = metadata()["project"]["version"]
    assert tops == {*IMPORT_ROOTS, f"sms_gateway_bridge-{version}.dist-info"}
