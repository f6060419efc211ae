"""What a simulated provider remembers: what left it, and what of its interface was used."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

#: Names a folder where each process appends what it met to a file of its own.
MET_VARIABLE: Final = "SMS_GATEWAY_MET"


class MetKind(StrEnum):
    """The parts of an interface."""

    ENDPOINT = "endpoint"
    PARAMETER = "parameter"
    CODE = "code"
    CALLBACK = "callback"


class MetEntry(NamedTuple):
    """One part of an interface that was used, for example ``("geniq", "code", "api 6")``."""

    provider: str
    kind: str
    name: str


class Met:
    """The set of all parts that were met, in the order of their first use.

    ``name`` is ``POST /sms`` for an endpoint, ``POST /sms recipient`` for a parameter, ``api 6`` or
    ``dlr delivered`` for a code (its table first), ``callback dlr`` and ``callback dlr messageId`` for a callback.
    Where the environment variable `MET_VARIABLE` names a folder, each entry is also written there as a line of
    three columns with tabs between.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._entries: dict[MetEntry, None] = {}

    def add(self, kind: MetKind, name: str) -> None:
        """Remember one part."""
        entry = MetEntry(self._provider, kind.value, name)
        if entry in self._entries:
            return
        self._entries[entry] = None
        folder = os.environ.get(MET_VARIABLE)
        if folder:
            path = Path(folder)
            path.mkdir(parents=True, exist_ok=True)
            with (path / f"met-{os.getpid()}.tsv").open("a", encoding="utf-8") as file:
                file.write("\t".join(entry) + "\n")

    def names(self, kind: str) -> list[str]:
        """Give the names of one kind, in the order of their first use."""
        return [entry.name for entry in self._entries if entry.kind == kind]

    def __iter__(self) -> Iterator[MetEntry]:
        return iter(self._entries)

    def __contains__(self, entry: object) -> bool:
        return entry in self._entries

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAir:
    """A message that would really have left, to one recipient.

    ``recipient`` is the number as it was given, ``ids`` the provider's, ``reference`` ours. ``channel`` is sms,
    whatsapp or voice. ``options`` are the request's other parameters, as they were given.
    """

    at: datetime
    recipient: str
    text: str
    ids: tuple[str, ...] = ()
    reference: str | None = None
    channel: str = "sms"
    options: Mapping[str, object] = field(default_factory=dict)
