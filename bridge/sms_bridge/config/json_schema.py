"""The configuration as JSON Schema (2020-12), for editors that complete and check YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import voluptuous as vol

from sms_bridge.config.checks import NAME, Check
from sms_bridge.config.gateways import KINDS
from sms_bridge.config.schema import (
    CONTACT_NAME,
    NAMED,
    ROUTE_MATCH,
    SECTIONS,
    SINGLE,
    OrNull,
    takes_file,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.schema import (
        Section,
    )

Json = dict[str, object]

#: A name or several.
_NAMES: Json = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


def json_schema() -> Json:
    """Return the schema of a whole configuration file."""
    top = _object(SINGLE)
    properties: Json = {
        **top["properties"],  # type: ignore[dict-item] # made two lines above
        **{name: _object(section) for name, section in SECTIONS.items()},
        "gateways": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": dict(NAME.json) | {"type": "string"},
            "additionalProperties": {
                "oneOf": [_gateway(kind, value.section) for kind, value in KINDS.items()]
            },
        },
        "contacts": {
            "type": "object",
            "propertyNames": dict(CONTACT_NAME.json) | {"type": "string"},
            "additionalProperties": _contact(),
        },
        "groups": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "routes": {"type": "array", "items": _route()},
    }
    for name, description in NAMED.items():
        properties[name] = {**properties[name], "description": description}  # type: ignore[dict-item] # as above
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of sms-bridge",
        "type": "object",
        "properties": properties,
        "required": ["gateways"],
        "additionalProperties": False,
    }


def _object(section: Section, extra: Mapping[str, object] | None = None, *, files: bool = True) -> Json:
    properties: Json = dict(extra or {})
    required = list(properties)
    for marker, check in section.items():
        name = str(marker)
        value: Json = {**_value(check), "description": marker.description}
        if isinstance(marker, vol.Optional) and callable(marker.default):
            value["default"] = marker.default()
        else:
            required.append(name)
        properties[name] = value
        if files and takes_file(section, name):
            properties[f"{name}_file"] = {"type": "string", "description": f"file that holds {name}"}
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema


def _value(check: object) -> Json:
    if isinstance(check, Check):
        return dict(check.json)
    if isinstance(check, OrNull):
        return {"anyOf": [_object(check.section, files=False), {"type": "null"}]}
    if isinstance(check, list):
        return {"type": "array", "items": _value(check[0])}
    if isinstance(check, dict):
        return _object(check, files=False)
    raise TypeError(f"no JSON Schema for {check!r}")


def _gateway(kind: str, section: Section) -> Json:
    return _object(section, {"type": {"const": kind}})


def _contact() -> Json:
    number: Json = {"type": ["string", "integer"], "description": "a phone number"}
    full: Json = {
        "type": "object",
        "properties": {"number": number, "gateway": _NAMES},
        "required": ["number"],
        "additionalProperties": False,
    }
    return {"anyOf": [number, full]}


def _route() -> Json:
    any_of: Json = {
        "type": "object",
        "properties": {"any": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        "required": ["any"],
        "additionalProperties": False,
    }
    step: Json = {"anyOf": [{"type": "string"}, any_of]}
    return {
        "type": "object",
        "properties": {
            "match": _object(ROUTE_MATCH, files=False),
            "use": {"anyOf": [step, {"type": "array", "items": step, "minItems": 1}]},
        },
        "required": ["use"],
        "additionalProperties": False,
    }
