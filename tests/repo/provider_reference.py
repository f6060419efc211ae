"""The table of what the providers' documents hold, against what the simulated providers met in a run of the tests.

``python -m tests.repo.provider_reference FOLDER`` reads the folder that ``SMS_GATEWAY_MET`` named, says what differs,
and ends with status 1 where something does.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.repo.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TABLE: Final = ROOT / "docs" / "provider-reference.md"
SOURCES: Final = ROOT / "custom_components" / "sms_gateway" / "sms_providers"

_SECTION: Final = re.compile(r"## .+ \(`(?P<kind>\w+)`\)")
_QUOTED: Final = re.compile(r"`([^`]+)`")


class Entry(NamedTuple):
    """One part of a provider's interface, as the simulated providers write it down."""

    provider: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: what it is of, the entries that it stands for, and the words of its last column."""

    provider: str
    heading: str
    entries: tuple[Entry, ...]
    names: tuple[str, ...]
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What of the table nobody met, and what was met that the table does not know."""

    never_met: list[Entry] = field(default_factory=list)
    not_in_the_table: list[Entry] = field(default_factory=list)


def rows(text: str) -> Iterator[Row]:
    """Read every line of every table."""
    provider = heading = ""
    for line in text.splitlines():
        if section := _SECTION.fullmatch(line):
            provider = section["kind"]
        if not line.startswith("| "):
            heading = "" if not line.startswith("|") else heading
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not heading:
            heading = cells[0]
            continue
        parts, names, where = (tuple(_QUOTED.findall(cell)) for cell in (cells[0], cells[1], cells[-1]))
        entries = tuple(entry for part in parts for entry in _entries(provider, heading, part, names))
        yield Row(provider=provider, heading=heading, entries=entries, names=names, where=where)


def compare(table: str, met: Iterable[Entry]) -> Difference:
    """Tell the differences; what no document has, and what is deliberately not used, may be met and need not."""
    needed = {entry for row in rows(table) if row.heading in _NEEDED for entry in row.entries}
    known = {entry for row in rows(table) for entry in row.entries}
    open_ended = tuple(entry for entry in known if entry.name.endswith(_ANYTHING))
    seen = set(met)
    strange = [entry for entry in seen - known if not any(_covers(one, entry) for one in open_ended)]
    return Difference(never_met=sorted(needed - seen), not_in_the_table=sorted(strange))


def read_met(folder: Path) -> set[Entry]:
    """Read what every process of a run wrote down."""
    lines = (line for file in folder.glob("*.tsv") for line in file.read_text("utf-8").splitlines())
    return {Entry(*line.split("\t")) for line in lines}


#: Ends a name that stands for every name that begins so.
_ANYTHING: Final = "*"
_NEEDED: Final = frozenset({"endpoint", "codes", "callback"})


def _covers(open_ended: Entry, entry: Entry) -> bool:
    return entry[:2] == open_ended[:2] and entry.name.startswith(open_ended.name.removesuffix(_ANYTHING))


def _entries(provider: str, heading: str, part: str, names: tuple[str, ...]) -> Iterator[Entry]:
    match heading:
        case "endpoint" | "not used":
            yield Entry(provider, "endpoint", part)
            yield from (Entry(provider, "parameter", f"{part} {name}") for name in names)
        case "codes":
            yield from (Entry(provider, "code", f"{part} {name}") for name in names)
        case "callback":
            yield Entry(provider, "callback", f"callback {part}")
            yield from (Entry(provider, "callback", f"callback {part} {name}") for name in names)
        case "beyond the document":
            yield from (Entry(provider, part, name) for name in names)


def main(folder: str) -> int:
    """Say what differs."""
    difference = compare(TABLE.read_text("utf-8"), read_met(Path(folder)))
    for title, entries in (
        ("In docs/provider-reference.md, but no test had a simulated provider meet it", difference.never_met),
        ("Met by a simulated provider, but not in docs/provider-reference.md", difference.not_in_the_table),
    ):
        if entries:
            print(f"{title}:", *("  " + " | ".join(entry) for entry in entries), sep="\n")
    return 1 if difference.never_met or difference.not_in_the_table else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
