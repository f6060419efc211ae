"""What replaces a value of the file before it is checked: environment variables, and files named by ``…_file`` keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from sms_bridge.config.document import Unreadable, read_scalar
from sms_bridge.config.problems import Place, Problem, dotted, nearest
from sms_bridge.config.schema import OVERRIDABLE, SECTIONS, check_of, takes_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sms_bridge.config.document import Document, Secrets
    from sms_bridge.config.problems import Path
    from sms_bridge.config.schema import Section

_FILE: Final = "_file"
# Others set variables that begin alike: Kubernetes SMS_BRIDGE_PORT for a service named sms-bridge.
_VARIABLE: Final = re.compile(rf"SMS_BRIDGE_(INSTANCE|(?:{'|'.join(OVERRIDABLE).upper()})__[A-Z0-9_]+)")


def apply_environment(document: Document, environment: Mapping[str, str]) -> None:
    """Put the values of ``SMS_BRIDGE_<SECTION>__<KEY>`` into the document."""
    for name in sorted(environment):
        match = _VARIABLE.fullmatch(name)
        if match is None:
            continue
        path = tuple(match[1].lower().split("__"))
        known = _scalar_paths()
        if path not in known:
            hint = nearest(str(path[-1]), [str(other[-1]) for other in known if other[:-1] == path[:-1]])
            document.problems.append(
                Problem(
                    place=Place(name),
                    key=dotted(path),
                    message=f"is no single value of the configuration.{hint}",
                )
            )
            continue
        _set(document, path, environment[name], Place(name))


def _scalar_paths() -> set[Path]:
    paths: set[Path] = {("instance",)}
    for section in OVERRIDABLE:
        for marker, check in SECTIONS[section].items():
            name = str(marker)
            if section == "mqtt" and isinstance(check, dict):
                paths |= {(section, name, str(inner)) for inner in check}
            elif not isinstance(check, list | dict):
                paths.add((section, name))
                if takes_file(SECTIONS[section], name):
                    paths.add((section, name + _FILE))
    return paths


def _set(document: Document, path: Path, raw: str, place: Place) -> None:
    target: dict[str, object] = document.data
    for part in path[:-1]:
        inner = target.get(str(part))
        if not isinstance(inner, dict):
            if inner is not None:
                return  # the file has no mapping there, which is reported as such
            inner = target[str(part)] = {}
        target = inner
    last = str(path[-1])
    # The file's value, and the other way of giving it, make room.
    target.pop(last.removesuffix(_FILE), None)
    target.pop(last.removesuffix(_FILE) + _FILE, None)
    try:
        target[last] = read_scalar(raw)
    except yaml.YAMLError:
        target[last] = raw
    document.places[path] = place


def read_value_files(
    document: Document, section: object, path: Path, keys: Section, secrets: Secrets
) -> None:
    """Replace each ``<key>_file`` of a section's mapping by ``<key>`` with the file's content."""
    if not isinstance(section, dict):
        return
    for name in [name for name in section if isinstance(name, str) and name.endswith(_FILE)]:
        base = name.removesuffix(_FILE)
        if check_of(keys, name) is not None or not takes_file(keys, base):
            continue
        inside, target = (*path, name), (*path, base)
        if base in section:
            document.report(inside, f"give either {base} or {name}, not both")
        file = section.pop(name)
        document.places[target] = document.place(inside)
        document.hidden.add(target)
        if not isinstance(file, str):
            if not isinstance(file, Unreadable):
                document.report(inside, "expected the name of a file")
            section[base] = Unreadable()
            continue
        try:
            section[base] = secrets.file(file)
        except ValueError as error:
            document.report(inside, str(error))
            section[base] = Unreadable()
