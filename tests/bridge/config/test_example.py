"""The example documents every key there is, and loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sms_bridge.config import load
from sms_bridge.config.gateways import KINDS
from sms_bridge.config.json_schema import json_schema
from sms_bridge.config.public import public_configuration

EXAMPLE = Path(__file__).parents[3] / "bridge/sms-bridge.example.yaml"

Json = dict[str, Any]

#: Where the names are the user's own.
NAMED = {("gateways",), ("contacts",), ("groups",)}


def schema_keys(schema: Json, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every key that the JSON Schema knows, ``…_file`` variants left out."""
    options = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    found: set[tuple[str, ...]] = set()
    for option in options:
        for name, inner in option.get("properties", {}).items():
            if not name.endswith("_file"):
                found |= {(*path, name)} | schema_keys(inner, (*path, name))
        if isinstance(option.get("additionalProperties"), dict):
            found |= schema_keys(option["additionalProperties"], (*path, "*"))
        if isinstance(option.get("items"), dict):
            found |= schema_keys(option["items"], (*path, "[]"))
    return found


def example_keys(value: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    if isinstance(value, dict):
        for name, inner in value.items():
            inside = (*path, "*" if path in NAMED else name)
            found |= ({inside} if path not in NAMED else set()) | example_keys(inner, inside)
    elif isinstance(value, list):
        for inner in value:
            found |= example_keys(inner, (*path, "[]"))
    return found


def whole_example() -> str:
    """The example with the gateways that it shows as comments: behind their # stands no single space."""
    return re.sub(r"^  #(?=\S|  )", "  ", EXAMPLE.read_text(), flags=re.MULTILINE)


def test_the_example_has_every_key_of_the_schema_and_no_other() -> None:
    keys = example_keys(yaml.safe_load(whole_example()))
    # Shown in a comment only: one spreads a step over gateways, the others go to a proxy first.
    elsewhere = {("routes", "[]", "use", "any"), ("routes", "[]", "use", "[]", "any")}
    elsewhere |= {("http", "tls", "cert"), ("http", "tls", "key")}
    assert keys == schema_keys(json_schema()) - elsewhere


def test_the_example_loads_without_a_warning() -> None:
    config = load(EXAMPLE, {})
    assert list(config.gateways) == ["stick"]
    assert config.warnings == ()


def test_the_gateways_that_the_example_shows_as_comments_load(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(whole_example())
    config = load(tmp_path / "x.yaml", {})
    assert [gateway.kind for gateway in config.gateways.values()] == list(KINDS)
    # Those that would be called, if there were a web server.
    assert [warning.key for warning in config.warnings] == ["gateways.geniq", "gateways.genio"]


def test_values_that_the_example_calls_defaults_are_the_defaults(tmp_path: Path) -> None:
    least = tmp_path / "least.yaml"
    least.write_text("gateways: {stick: {type: modem, port: x}}")
    example, default = load(EXAMPLE, {}), load(least, {})
    assert example.mqtt == default.mqtt
    assert example.log == default.log
    assert example.store_url == default.store_url
    assert example.routing.defaults == default.routing.defaults
    assert example.routing.deny == default.routing.deny


def test_what_everybody_may_know_holds_no_secret_and_no_number(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "mqtt: {host: inside.example, username: joe, password: hunter2}\n"
        "gateways: {stick: {type: modem, port: /dev/x, pin: 4711, smsc: '+491710760000'}}\n"
        "contacts: {anna: '+491701234567'}\ngroups: {family: [anna]}\n"
        "limits: {quiet_hours: {from: 22:00, to: 6:00}}\n".replace("6:00", "06:00")
    )
    public = str(public_configuration(load(path, {})))
    for hidden in ("hunter2", "joe", "4711", "1710760000", "1701234567", "anna", "family", "/dev/x"):
        assert hidden not in public
    assert "22:00" in public
