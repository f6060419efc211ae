"""Nothing grows beyond what can be read in one go."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from tests.repo.checkout import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Lines, with docstring, decorators and comments. The repository's own limits (CONTRIBUTING, Habits).
LONGEST_FUNCTION = 60
LONGEST_CLASS = 300
FILE_P90 = 400


def too_long(file: Path) -> Iterator[str]:
    """Yield every function and class of ``file`` that is longer than allowed."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            limit = LONGEST_CLASS
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = LONGEST_FUNCTION
        else:
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > limit:
            yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"


def test_no_function_and_no_class_is_too_long() -> None:
    assert [entry for file in modules().values() for entry in too_long(file)] == []


def test_nine_files_of_ten_are_short() -> None:
    sizes = sorted(len(file.read_text(encoding="utf-8").splitlines()) for file in modules().values())
    assert sizes[math.ceil(len(sizes) * 0.9) - 1] <= FILE_P90
