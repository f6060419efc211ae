"""The Home Assistant component's documents, as tests of files and of behaviour read them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from tests.repo.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPONENT = ROOT / "custom_components" / "sms_gateway"


@cache
def read_json(name: str) -> dict[str, Any]:
    """Return a JSON object of the component."""
    found: dict[str, Any] = json.loads((COMPONENT / name).read_text(encoding="utf-8"))
    return found


@cache
def read_yaml(name: str) -> dict[str, Any]:
    """Return a YAML object of the component without its templates, whose names begin with a dot."""
    found = yaml.safe_load((COMPONENT / name).read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if not key.startswith(".")}


@cache
def english() -> dict[str, Any]:
    """Return the translations."""
    return read_json("translations/en.json")


def leaves(tree: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of nested objects with its place."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, str):
        yield path, tree


def fields_of(described: dict[str, Any] | None) -> dict[str, Any]:
    """Return the fields of an action or trigger, those of its sections among them."""
    found: dict[str, Any] = {}
    for name, field in ((described or {}).get("fields") or {}).items():
        found |= fields_of(field) if "fields" in field else {name: field}
    return found


def sections_of(described: dict[str, Any] | None) -> set[str]:
    """Return the names of an action's sections."""
    return {
        name for name, field in ((described or {}).get("fields") or {}).items() if "fields" in (field or {})
    }
