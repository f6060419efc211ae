"""Checks a whole document against the tables of `schema` and `gateways`, noting every problem it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from sms_bridge.config.checks import NAME, Refused, one_of, text
from sms_bridge.config.document import Unreadable
from sms_bridge.config.gateways import ABSENT_KINDS, KINDS
from sms_bridge.config.overrides import read_value_files
from sms_bridge.config.problems import nearest, shown
from sms_bridge.config.schema import CONTACT_NAME, NAMED, ROUTE_MATCH, SECTIONS, SINGLE, check_of
from sms_bridge.numbers import to_e164

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.document import Document, Secrets
    from sms_bridge.config.problems import Path
    from sms_bridge.config.schema import Section

#: Sections in which a key may be replaced by a file that holds its value.
_WITH_FILES: Final = ("mqtt", "store", "http")

#: A checked value has the shape that its schema gives it.
Checked = Any


class Checker:
    """Checks one document; what it returns is only meaningful where ``document.problems`` stayed empty."""

    def __init__(self, document: Document, secrets: Secrets) -> None:
        self._document = document
        self._secrets = secrets
        self._data = document.data

    def check(self) -> dict[str, Any]:
        """Return the checked values of all sections; gateways, contacts, groups and routes by their own names."""
        self._top_keys()
        for name in _WITH_FILES:
            read_value_files(self._document, self._data.get(name), (name,), SECTIONS[name], self._secrets)
        values: dict[str, Any] = {
            name: self._section(section, self._data.get(name), (name,)) for name, section in SECTIONS.items()
        }
        values |= self._section(
            SINGLE,
            {name: value for name, value in self._data.items() if check_of(SINGLE, name) is not None},
            (),
        )
        values["gateways"] = self._gateways()
        values["contacts"] = self._contacts(values["defaults"])
        values["groups"] = self._groups()
        values["routes"] = self._routes()
        return values

    # -- the top

    def _top_keys(self) -> None:
        known = [*SECTIONS, *map(str, SINGLE), *NAMED]
        for name in self._data:
            if name not in known:
                self._document.report((name,), f"this key is unknown.{nearest(name, known)}")

    def _section(self, section: Section, given: object, path: Path) -> dict[str, Any]:
        """Check one mapping of known keys; an empty or missing one has all defaults."""
        if isinstance(given, Unreadable):
            return {}
        return self._validate(section, {} if given is None else given, path) or {}

    def _validate(self, schema: object, given: object, path: Path) -> Checked:
        """Return the checked value, or ``None`` after noting every problem in it."""
        try:
            return vol.Schema(schema)(given)
        except vol.MultipleInvalid as errors:
            for error in errors.errors:
                self._note(error, schema, given, path)
            return None

    def _note(self, error: vol.Invalid, schema: object, given: object, path: Path) -> None:
        inner: Path = tuple(part if isinstance(part, int) else str(part) for part in error.path)
        parent, value = _descend(given, inner[:-1]), _descend(given, inner)
        if isinstance(value, Unreadable):
            return
        if error.error_message == "extra keys not allowed":
            known = [str(marker) for marker in _keys_at(schema, inner[:-1])]
            message = (
                f"this key is unknown.{nearest(str(inner[-1]), [k for k in known if not _has(parent, k)])}"
            )
        elif error.error_message == "required key not provided":
            message = "this key is missing"
        elif isinstance(error, Refused):
            message = str(error.error_message)
            if (*path, *inner) in self._document.hidden:
                message = message.rpartition(", given ")[0] or message
        else:
            kind = "a list" if "list" in error.error_message else "keys with values"
            message = f"expected {kind}, given {shown(value)}"
        self._document.report((*path, *inner), message)

    def _named(self, section: str) -> dict[str, object]:
        """The entries of a section whose keys are names given by the user."""
        given = self._data.get(section)
        if given is None or isinstance(given, Unreadable):
            return {}
        if not isinstance(given, dict):
            self._document.report((section,), f"expected names with values, given {shown(given)}")
            return {}
        return given

    # -- gateways

    def _gateways(self) -> dict[str, tuple[str, dict[str, object]]]:
        checked = {}
        for name, given in self._named("gateways").items():
            path: Path = ("gateways", name)
            self._validate(NAME, name, path)
            values = self._gateway(given, path)
            if values is not None:
                checked[name] = values
        if not self._data.get("gateways"):
            self._document.report(("gateways",), "expected at least one gateway")
        return checked

    def _gateway(self, given: object, path: Path) -> tuple[str, dict[str, object]] | None:
        if not isinstance(given, dict):
            self._document.report(path, f"expected keys with values, given {shown(given)}")
            return None
        kind = given.get("type")
        if not isinstance(kind, str) or kind not in KINDS:
            self._unknown_kind(kind, path, missing="type" not in given)
            return None
        section = KINDS[kind].section
        own = {name: value for name, value in given.items() if name != "type"}
        read_value_files(self._document, own, path, section, self._secrets)
        values = self._validate(section, own, path)
        if values is None or any(isinstance(value, Unreadable) for value in values.values()):
            return None
        for name, sentence in KINDS[kind].faults(values):
            self._document.report((*path, name), sentence)
        return kind, values

    def _unknown_kind(self, kind: object, path: Path, *, missing: bool) -> None:
        have = ", ".join(KINDS)
        if missing:
            self._document.report((*path, "type"), f"this key is missing; this version has: {have}")
        elif kind in ABSENT_KINDS:
            self._document.report(
                (*path, "type"), f"this version does not have gateways of type {kind}; it has: {have}"
            )
        elif not isinstance(kind, Unreadable):
            hint = nearest(kind, KINDS) if isinstance(kind, str) else ""
            self._document.report((*path, "type"), f"expected one of: {have}, given {shown(kind)}.{hint}")

    # -- names for numbers

    def _contacts(self, defaults: object) -> dict[str, dict[str, object]]:
        country = defaults.get("country", "DE") if isinstance(defaults, dict) else "DE"
        number = text("a phone number", number=True)

        def to_number(value: object) -> str:
            written = str(number(value))
            try:
                return to_e164(written, str(country))
            except ValueError as error:
                raise Refused(f"{error} Given {number.given(value)}.") from error

        schema = {
            vol.Required("number"): to_number,
            vol.Optional("gateway", default=[]): self._gateway_or_list,
        }
        checked = {}
        for name, given in self._named("contacts").items():
            path: Path = ("contacts", name)
            self._validate(CONTACT_NAME, name, path)
            if isinstance(given, dict):
                values = self._validate(schema, given, path)
            else:
                alone = self._validate(to_number, given, path)
                values = None if alone is None else {"number": alone, "gateway": ()}
            if values is not None:
                checked[name] = values
        return checked

    def _gateway_or_list(self, value: object) -> tuple[str, ...]:
        check = one_of(tuple(self._named("gateways")), "gateway")
        return tuple(map(check, value if isinstance(value, list) else [value]))

    def _groups(self) -> dict[str, tuple[str, ...]]:
        contacts = tuple(self._named("contacts"))
        checked = {}
        for name, given in self._named("groups").items():
            path: Path = ("groups", name)
            self._validate(CONTACT_NAME, name, path)
            if name in contacts:
                self._document.report(path, "a contact has this name already")
            if not isinstance(given, list) or not given:
                self._document.report(path, f"expected a list of contacts, given {shown(given)}")
                continue
            members = self._validate([one_of(contacts, "contact")], given, path)
            if members is not None:
                checked[name] = tuple(dict.fromkeys(members))
        return checked

    # -- routes

    def _routes(self) -> list[dict[str, object]]:
        given = self._data.get("routes")
        if given is None or isinstance(given, Unreadable):
            return []
        if not isinstance(given, list):
            self._document.report(("routes",), f"expected a list, given {shown(given)}")
            return []
        schema: Section = {
            vol.Optional("match", default={}): ROUTE_MATCH,
            vol.Required("use"): self._use,
        }
        checked = (self._validate(schema, route, ("routes", index)) for index, route in enumerate(given))
        return [values for values in checked if values is not None]

    def _use(self, value: object) -> tuple[tuple[str, ...], ...]:
        """A failover order: a name, ``{any: […]}``, or a list of both."""
        steps = value if isinstance(value, list) else [value]
        if not steps:
            raise Refused("expected at least one gateway")
        return tuple(self._step(step) for step in steps)

    def _step(self, step: object) -> tuple[str, ...]:
        if not isinstance(step, dict):
            return self._gateway_or_list(step) if not isinstance(step, list) else self._refuse_step(step)
        if set(step) != {"any"} or not isinstance(step["any"], list) or not step["any"]:
            return self._refuse_step(step)
        return self._gateway_or_list(step["any"])

    def _refuse_step(self, step: object) -> tuple[str, ...]:
        raise Refused(f"expected a gateway's name, a list of names, or {{any: [names]}}, given {shown(step)}")


def _descend(value: object, path: Path) -> object:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _has(parent: object, name: str) -> bool:
    return isinstance(parent, dict) and name in parent


def _keys_at(schema: object, path: Path) -> Mapping[object, object]:
    """The known keys of the mapping at ``path`` inside ``schema``."""
    for part in path:
        schema = getattr(schema, "section", schema)
        if isinstance(schema, dict):
            schema = check_of(schema, str(part))
    schema = getattr(schema, "section", schema)
    return schema if isinstance(schema, dict) else {}
