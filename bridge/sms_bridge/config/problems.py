"""What is wrong with a configuration, and where: one sentence per fault, never with a secret in it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Place of a value in the configuration: keys and list indices from the top.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file and its line (1-based), or an environment variable without a line."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault. ``key`` is the dotted path, empty where the whole file is meant; ``message`` is a sentence."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.key}: {self.message}" if self.key else f"{self.place}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` are all its faults in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Path) -> str:
    """Return a path as people write it: ``routes[0].use``."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            out += f".{part}" if out else part
    return out


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that looks most like ``word``, with a leading space; empty where none does."""
    matches = get_close_matches(word.lower(), list(known), n=1)
    return f" Did you mean {matches[0]}?" if matches else ""


def shown(value: object) -> str:
    """Return a given value for a message: scalars as YAML has them, long texts cut, collections by their kind."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= _SHOWN_CHARACTERS else f'"{value[:_SHOWN_CHARACTERS]}…"'
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return str(value)


#: Characters of a given text that a message repeats; enough to recognise it on a terminal's line.
_SHOWN_CHARACTERS = 60
