"""The message memories of a modem (+CPMS: SM, ME, MT, SR)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: 3GPP TS 27.005 clause 3.1, <stat> in PDU mode.
REC_UNREAD = 0
REC_READ = 1
STO_UNSENT = 2
STO_SENT = 3
ALL = 4

#: <stat> in text mode.
STAT_TEXTS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")


@dataclass(slots=True)
class Slot:
    """One stored message.

    `pdu` is the SMSC address and the TPDU. Before `readable_at` (seconds of the event loop's
    clock) the message is announced but cannot be read, as some sticks have it.
    """

    pdu: bytes
    stat: int
    readable_at: float = 0.0

    @property
    def tpdu_length(self) -> int:
        """The length AT replies give: octets without the SMSC address (27.005 clause 3.1)."""
        return len(self.pdu) - 1 - self.pdu[0]


class Memory(Protocol):
    """What one +CPMS name stands for."""

    @property
    def capacity(self) -> int:
        """How many messages fit."""

    @property
    def first_index(self) -> int:
        """The lowest index: 0 or 1."""

    def add(self, slot: Slot) -> int | None:
        """Store at the lowest free index and give it; None if the memory is full."""

    def get(self, index: int) -> Slot | None:
        """Give the message at an index."""

    def delete(self, index: int) -> bool:
        """Delete; False if nothing was there."""

    def items(self) -> Iterator[tuple[int, Slot]]:
        """Give index and message in order."""

    def used(self) -> int:
        """Count the messages."""


@dataclass(slots=True)
class Chip:
    """One memory of its own: the SIM, the modem's flash, the report store."""

    capacity: int
    first_index: int
    slots: dict[int, Slot] = field(default_factory=dict)

    def add(self, slot: Slot) -> int | None:
        """Store at the lowest free index and give it; None if the memory is full."""
        for index in range(self.first_index, self.first_index + self.capacity):
            if index not in self.slots:
                self.slots[index] = slot
                return index
        return None

    def get(self, index: int) -> Slot | None:
        """Give the message at an index."""
        return self.slots.get(index)

    def delete(self, index: int) -> bool:
        """Delete; False if nothing was there."""
        return self.slots.pop(index, None) is not None

    def items(self) -> Iterator[tuple[int, Slot]]:
        """Give index and message in order."""
        return iter(sorted(self.slots.items()))

    def used(self) -> int:
        """Count the messages."""
        return len(self.slots)


@dataclass(frozen=True, slots=True)
class Combined:
    """MT: the modem's flash, and behind its last index the SIM."""

    first: Chip
    second: Chip

    @property
    def capacity(self) -> int:
        """How many messages fit in both."""
        return self.first.capacity + self.second.capacity

    @property
    def first_index(self) -> int:
        """The lowest index of the first."""
        return self.first.first_index

    @property
    def _offset(self) -> int:
        return self.first.capacity

    def add(self, slot: Slot) -> int | None:
        """Store in the first memory with room."""
        index = self.first.add(slot)
        if index is not None:
            return index
        index = self.second.add(slot)
        return None if index is None else index + self._offset

    def get(self, index: int) -> Slot | None:
        """Give the message at an index of either."""
        return self.first.get(index) or self.second.get(index - self._offset)

    def delete(self, index: int) -> bool:
        """Delete from either; False if nothing was there."""
        return self.first.delete(index) or self.second.delete(index - self._offset)

    def items(self) -> Iterator[tuple[int, Slot]]:
        """Give index and message of both in order."""
        yield from self.first.items()
        for index, slot in self.second.items():
            yield index + self._offset, slot

    def used(self) -> int:
        """Count the messages of both."""
        return self.first.used() + self.second.used()


def build_memories(capacities: Mapping[str, int], first_index: int) -> dict[str, Memory]:
    """Build the memories of a profile; MT is added where SM and ME exist."""
    chips = {name: Chip(capacity, first_index) for name, capacity in capacities.items()}
    memories: dict[str, Memory] = dict(chips)
    if "SM" in chips and "ME" in chips:
        memories["MT"] = Combined(chips["ME"], chips["SM"])
    return memories
