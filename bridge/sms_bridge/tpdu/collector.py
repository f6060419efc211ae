"""Segments put together again.

Their septets or code units are joined before they are read, so that a character that a sender split over two segments
(an escape and its code, a surrogate pair) is whole again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sms_providers.charset import Encoding

from .user_data import UserData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .address import Address
    from .deliver import Deliver

#: What a text shows in the place of missing segments.
GAP: Final = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcatKey:
    """What the segments of one message have in common (3GPP TS 23.040 clause 9.2.3.24.1, and their coding).

    Two messages with the same key at the same time cannot be told apart.
    """

    oa: Address
    ref: int
    total: int
    wide: bool
    encoding: Encoding
    message_class: int | None

    @classmethod
    def of(cls, deliver: Deliver) -> ConcatKey | None:
        """Return the key of a segment, None if it is a whole message (or the only segment of one)."""
        concat = deliver.concat
        if concat is None or concat.total == 1:
            return None
        return cls(
            oa=deliver.oa,
            ref=concat.ref,
            total=concat.total,
            wide=concat.wide,
            encoding=deliver.dcs.encoding,
            message_class=deliver.dcs.message_class,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A message put together.

    Attributes:
        text: the text, with `GAP` where segments are missing; None if it is data.
        data: the 8-bit data, without what is missing; None if it is text.
        encoding: the encoding of the segments; of the first one, where they differ.
        incomplete: whether a segment, or user data of one, is missing.

    """

    text: str | None
    data: bytes | None
    encoding: Encoding
    incomplete: bool


def join(segments: Sequence[Deliver | None]) -> Joined:
    """Put the ``segments`` of one message together, in their order; None stands for a missing one.

    Segments of one alphabet and the same national languages are joined before they are read, others read one by one.
    At least one must be there. Never fails otherwise.
    """
    present = [segment for segment in segments if segment is not None]
    encodings = {segment.dcs.encoding for segment in present}
    incomplete = len(present) < len(segments) or any(segment.truncated for segment in present)
    if encodings == {Encoding.DATA}:
        data = b"".join(segment.ud.payload for segment in present)
        return Joined(text=None, data=data, encoding=Encoding.DATA, incomplete=incomplete)
    return Joined(
        text="".join(_run(list(run)) for _, run in groupby(segments, _reading)),
        data=None,
        encoding=present[0].dcs.encoding,
        incomplete=incomplete,
    )


def _reading(segment: Deliver | None) -> tuple[Encoding, int, int] | None:
    """By what a segment is read: its encoding and its national languages; None if it is missing."""
    if segment is None:
        return None
    udh = segment.ud.udh
    if udh is None or segment.dcs.encoding is not Encoding.GSM7:
        return segment.dcs.encoding, 0, 0
    return segment.dcs.encoding, udh.locking_shift, udh.single_shift


def _run(segments: list[Deliver | None]) -> str:
    """Read segments that are all missing, or all read alike; data between text shows as Latin-1."""
    first = segments[0]
    if first is None:
        return GAP
    payload = b"".join(segment.ud.payload for segment in segments if segment is not None)
    text = UserData(payload, first.ud.udh).text(first.dcs.encoding)
    return payload.decode("latin-1") if text is None else text
