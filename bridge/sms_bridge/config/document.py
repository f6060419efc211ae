"""Reads the YAML file with the line of every value, and whatever it refers to: secrets, environment, files."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml

from sms_bridge.config.problems import ConfigError, Place, Problem, dotted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from sms_bridge.config.problems import Path


class Unreadable:
    """Stands for a value that could not be fetched; its problem is noted already, so every check lets it pass."""


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of its version 1.2 (core schema): ``NO``, ``22:00``, ``0123`` and ``+49…`` stay texts."""


# An own table: those of YAML 1.1 are the base class's.
_Loader.yaml_implicit_resolvers = {}
_TAG: Final = "tag:yaml.org,2002:"
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _tag, re.compile(rf"(?:{_pattern})\Z"), _first)


@dataclass(slots=True)
class Document:
    """A configuration as written. ``hidden`` are the paths whose values must never be shown."""

    data: dict[str, object] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    hidden: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where the value at ``path`` was written, or the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        raise KeyError(path)

    def report(self, path: Path, message: str) -> None:
        """Note a problem of the value at ``path``."""
        self.problems.append(Problem(place=self.place(path), key=dotted(path), message=message))

    def warn(self, path: Path, message: str) -> None:
        """Note something that does not keep the bridge from starting."""
        self.warnings.append(Problem(place=self.place(path), key=dotted(path), message=message))


class Secrets:
    """The three places a configuration may fetch a value from.

    ``!secret NAME`` is a systemd credential (a file in ``$CREDENTIALS_DIRECTORY``) or else a key of ``secrets.yaml``
    beside the configuration; ``!env NAME`` an environment variable; a ``…_file`` key a file, relative to the
    configuration. Nothing is read before it is asked for.
    """

    def __init__(self, folder: FilePath, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._named: dict[str, object] | None = None
        self.warnings: list[Problem] = []

    def secret(self, name: str) -> object:
        """Return a secret by its name. Raises ValueError with a sentence."""
        credentials = self._environment.get("CREDENTIALS_DIRECTORY")
        if credentials and "/" not in name and os.path.isfile(os.path.join(credentials, name)):  # noqa: PTH113, PTH118 - a name, not yet a path
            return self.file(os.path.join(credentials, name))  # noqa: PTH118 - as above
        named = self._secrets_file()
        if name not in named:
            raise ValueError(f"there is no secret named {name} in {self._folder / 'secrets.yaml'}")
        return named[name]

    def variable(self, name: str) -> str:
        """Return an environment variable. Raises ValueError with a sentence."""
        if name not in self._environment:
            raise ValueError(f"the environment variable {name} is not set")
        return self._environment[name]

    def file(self, name: str) -> str:
        """Return the content of a file without its last line end. Raises ValueError with a sentence."""
        path = self._folder / name
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ValueError(f"cannot read {path}: {reason}") from error
        self._judge(path)
        return content.removesuffix("\n").removesuffix("\r")

    def _secrets_file(self) -> dict[str, object]:
        if self._named is None:
            path = self._folder / "secrets.yaml"
            if not path.is_file():
                raise ValueError(f"there is no file {path}")
            content = read_yaml(path).data
            self._judge(path)
            self._named = content
        return self._named

    def _judge(self, path: FilePath) -> None:
        """Warn once of a file with secrets that everybody on the machine may read."""
        if path.stat().st_mode & stat.S_IROTH and all(w.place.source != str(path) for w in self.warnings):
            self.warnings.append(
                Problem(
                    place=Place(str(path)),
                    key="",
                    message=f"every user of this machine can read these secrets; run: chmod o-r {path}",
                )
            )


class _Walk:
    """Turns YAML nodes into plain data, noting places, secrets and problems in one document."""

    def __init__(self, loader: _Loader, source: str, secrets: Secrets | None) -> None:
        self._loader = loader
        self._source = source
        self._secrets = secrets
        self._open: list[yaml.Node] = []
        self.document = Document()

    def value(self, node: yaml.Node, path: Path) -> object:
        """Return the plain value of a node and of all below it."""
        document = self.document
        document.places.setdefault(path, Place(self._source, node.start_mark.line + 1))
        if node in self._open:
            document.report(path, "an alias refers to what it is a part of")
            return Unreadable()
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        own = {id(key) for key, _ in node.value}
        self._loader.flatten_mapping(node)
        data: dict[str, object] = {}
        written: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.report(path, "a key is a single word, not a list or mapping")
                continue
            key = str(key_node.value)
            inside = (*path, key)
            if id(key_node) in own and key in written:
                self.document.report(inside, f"is given twice, again in line {key_node.start_mark.line + 1}")
            if id(key_node) in own:
                written.add(key)
            self.document.places[inside] = Place(self._source, key_node.start_mark.line + 1)
            data[key] = self.value(value_node, inside)
        return data

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        if node.tag in ("!secret", "!env"):
            return self._fetch(node.tag, str(node.value), path)
        if node.tag.startswith("!"):
            self.document.report(path, f"the tag {node.tag} is unknown; there are !secret NAME and !env NAME")
            return Unreadable()
        try:
            return self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            self.document.report(path, f"cannot be read as {node.tag.rpartition(':')[2]}")
            return Unreadable()

    def _fetch(self, tag: str, name: str, path: Path) -> object:
        self.document.hidden.add(path)
        try:
            if self._secrets is not None:
                return self._secrets.secret(name) if tag == "!secret" else self._secrets.variable(name)
            self.document.report(path, f"{tag} does not work inside secrets.yaml")
        except ConfigError as error:
            self.document.problems.extend(error.problems)
        except ValueError as error:
            self.document.report(path, str(error))
        return Unreadable()


def read_yaml(path: FilePath, secrets: Secrets | None = None) -> Document:
    """Read one file whose top is a mapping. Raises :class:`ConfigError` where it is no YAML, or is not there."""
    source = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _unusable(source, line, "is not UTF-8 text") from error
    except OSError as error:
        raise _unusable(source, None, f"cannot be read: {error.strerror}") from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        walk = _Walk(loader, source, secrets)
        walk.document.places[()] = Place(source, 1)
        data = {} if root is None else walk.value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unusable(source, mark.line + 1 if mark else None, f"is not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unusable(source, line, "is not YAML: it holds a character that YAML forbids") from error
    if not isinstance(data, dict):
        raise _unusable(source, 1, "expected keys with values, such as 'instance: main'")
    walk.document.data = data
    return walk.document


def _unusable(source: str, line: int | None, message: str) -> ConfigError:
    return ConfigError([Problem(place=Place(source, line), key="", message=message)])


def read_scalar(raw: str) -> object:
    """Return what ``raw`` means as a value of the file: a number, true, false, null, or else a text.

    Raises yaml.YAMLError where it is none of these, as with an unclosed quote.
    """
    node = _Loader(raw).get_single_node()
    return _Loader(raw).construct_object(node) if isinstance(node, yaml.ScalarNode) else raw
