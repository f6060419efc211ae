"""The user data header: concatenation, ports, national languages (3GPP TS 23.040 clause 9.2.3.24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

#: 3GPP TS 23.040 clause 9.2.3.24: information element identifiers.
IEI_CONCAT: Final = 0x00
IEI_PORTS_8: Final = 0x04
IEI_PORTS_16: Final = 0x05
IEI_CONCAT_WIDE: Final = 0x08
IEI_SINGLE_SHIFT: Final = 0x24
IEI_LOCKING_SHIFT: Final = 0x25


@dataclass(frozen=True, slots=True)
class InformationElement:
    """One element: its identifier and the octets of its data."""

    iei: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """The place of a segment (3GPP TS 23.040 clauses 9.2.3.24.1 and 9.2.3.24.8).

    Attributes:
        ref: the reference that the segments of a message share, of 8 bits, or of 16 if ``wide``.
        total: the number of segments.
        seqno: the number of this one, from 1.
        wide: whether the reference has 16 bits.

    """

    ref: int
    total: int
    seqno: int
    wide: bool = False

    def to_element(self) -> InformationElement:
        """Return the information element."""
        ref = self.ref.to_bytes(2 if self.wide else 1, "big")
        return InformationElement(
            IEI_CONCAT_WIDE if self.wide else IEI_CONCAT, ref + bytes((self.total, self.seqno))
        )


@dataclass(frozen=True, slots=True)
class Ports:
    """Application ports (3GPP TS 23.040 clauses 9.2.3.24.3 and 9.2.3.24.4); written with 16 bits."""

    destination: int
    source: int = 0

    def to_element(self) -> InformationElement:
        """Return the information element."""
        return InformationElement(
            IEI_PORTS_16, self.destination.to_bytes(2, "big") + self.source.to_bytes(2, "big")
        )


_CONCAT_LENGTH: Final = {IEI_CONCAT: 3, IEI_CONCAT_WIDE: 4}
_PORTS_LENGTH: Final = {IEI_PORTS_8: 2, IEI_PORTS_16: 4}


@dataclass(frozen=True, slots=True)
class Udh:
    """A user data header: its elements, known or not, in their order."""

    elements: tuple[InformationElement, ...] = ()

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        """Return the header whose length octet is the first of ``octets``.

        An element that runs over the end of the header ends it; a header that is cut has the elements that are whole.
        """
        end = min(1 + octets[0], len(octets)) if octets else 0
        elements = []
        at = 1
        while at + 2 <= end and at + 2 + octets[at + 1] <= end:
            following = at + 2 + octets[at + 1]
            elements.append(InformationElement(octets[at], octets[at + 2 : following]))
            at = following
        return cls(tuple(elements))

    def to_bytes(self) -> bytes:
        """Return the header with its length octet."""
        body = b"".join(bytes((element.iei, len(element.data))) + element.data for element in self.elements)
        return bytes((len(body),)) + body

    @property
    def concat(self) -> Concat | None:
        """Return the place in a concatenated message.

        3GPP TS 23.040 clause 9.2.3.24: of a repeated element the last counts; one with a number that cannot be (a
        total of 0, a seqno of 0 or beyond the total) is ignored.
        """
        for element in reversed(self.elements):
            data = element.data
            if _CONCAT_LENGTH.get(element.iei) == len(data):
                total, seqno = data[-2:]
                if 0 < seqno <= total:
                    return Concat(
                        ref=int.from_bytes(data[:-2], "big"),
                        total=total,
                        seqno=seqno,
                        wide=element.iei == IEI_CONCAT_WIDE,
                    )
        return None

    @property
    def ports(self) -> Ports | None:
        """Return the application ports, or None."""
        for element in reversed(self.elements):
            data = element.data
            if _PORTS_LENGTH.get(element.iei) == len(data):
                half = len(data) // 2
                return Ports(int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big"))
        return None

    @property
    def locking_shift(self) -> int:
        """Return the national language of the locking shift table, 0 if none (clause 9.2.3.24.16)."""
        return self._language(IEI_LOCKING_SHIFT)

    @property
    def single_shift(self) -> int:
        """Return the national language of the single shift table, 0 if none (clause 9.2.3.24.15)."""
        return self._language(IEI_SINGLE_SHIFT)

    def _language(self, iei: int) -> int:
        return next((e.data[0] for e in reversed(self.elements) if e.iei == iei and len(e.data) == 1), 0)
