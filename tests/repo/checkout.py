"""The checkout as the tests of this folder see it."""

from __future__ import annotations

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: Where each top-level import package of the distribution lies (house rule: one source for the shared room).
IMPORT_ROOTS = {
    "sms_bridge": ROOT / "bridge" / "sms_bridge",
    "sms_providers": ROOT / "custom_components" / "sms_gateway" / "sms_providers",
}


@cache
def metadata() -> dict[str, Any]:
    """Return the parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is tracked, or would be by ``git add --all``."""
    listing = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(
        path for name in sorted(set(listing.split("\0"))) if name and (path := ROOT / name).is_file()
    )


def modules() -> dict[str, Path]:
    """Return dotted name and file of every module of the distribution that lies on the disk."""
    found: dict[str, Path] = {}
    for package, folder in IMPORT_ROOTS.items():
        for file in folder.rglob("*.py"):
            parts = (package, *file.relative_to(folder).with_suffix("").parts)
            found[".".join(part for part in parts if part != "__init__")] = file
    return found
