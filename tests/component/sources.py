"""The component's sources, as tests read them that compare code with documents."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from tests.repo.checkout import files
from tests.repo.component import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def nodes() -> tuple[tuple[str, ast.AST], ...]:
    """Return file name and node of the whole component, without the shared room."""
    return tuple(
        (file.relative_to(COMPONENT).as_posix(), node)
        for file in files()
        if file.is_relative_to(COMPONENT) and file.suffix == ".py" and "sms_providers" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    )


def calls_with(*names: str) -> Iterator[tuple[str, dict[str | None, ast.expr]]]:
    """Yield place and named arguments of every call that has all of these arguments."""
    for file, node in nodes():
        if isinstance(node, ast.Call):
            given = {argument.arg: argument.value for argument in node.keywords}
            if given.keys() >= set(names):
                yield f"{file}:{node.lineno}", given


def literals(node: ast.expr) -> list[str]:
    """Return the string of a literal, or those of both arms of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*literals(node.body), *literals(node.orelse)]
    return []


@cache
def words() -> frozenset[str]:
    """Return every string literal."""
    return frozenset(
        node.value for _, node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def names() -> frozenset[str]:
    """Return every name that is used, defined or imported, and every argument that is given by name."""
    found: set[str] = set()
    for _, node in nodes():
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            found.add(node.arg)
    return frozenset(found)
