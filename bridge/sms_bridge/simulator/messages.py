"""Submitted segments put together to the messages they carry, duplicates counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sms_bridge.tpdu.collector import join
from sms_bridge.tpdu.deliver import Deliver
from sms_bridge.tpdu.errors import TpduError
from sms_bridge.tpdu.submit import Submit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sms_bridge.simulator.submitted import Submitted
    from sms_bridge.tpdu.collector import Joined
    from sms_bridge.tpdu.user_data import UserData

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a recipient gets.

    `copies` counts, for each segment in order, how often it was submitted: 0 is missing, 2 a
    duplicate. A message of one segment is told from its duplicate by nothing but its text, so
    two equal ones to the same number are one message with two copies. `text` is None for data,
    and for a PDU nobody can read. `at` is when its first segment came.
    """

    at: float
    modem: str
    recipient: str
    text: str | None
    data: bytes | None
    copies: tuple[int, ...]
    message_class: int | None

    @property
    def segments(self) -> int:
        """How many segments the message has."""
        return len(self.copies)

    @property
    def complete(self) -> bool:
        """Whether every segment came."""
        return all(self.copies)

    @property
    def duplicated(self) -> bool:
        """Whether a segment came more than once."""
        return any(count > 1 for count in self.copies)


@dataclass(slots=True)
class _Draft:
    first: Submitted
    total: int
    segments: dict[int, Submit] = field(default_factory=dict)
    copies: dict[int, int] = field(default_factory=dict)

    def holds(self, seqno: int, ud: UserData) -> bool:
        return seqno in self.segments and self.segments[seqno].ud == ud

    def add(self, seqno: int, submit: Submit) -> bool:
        """Add a segment; True if the message became complete by it."""
        self.copies[seqno] = self.copies.get(seqno, 0) + 1
        if seqno in self.segments:
            return False
        self.segments[seqno] = submit
        return len(self.segments) == self.total

    def message(self) -> Message:
        seqnos = range(1, self.total + 1)
        joined = join([_as_deliver(self.segments.get(seqno)) for seqno in seqnos])
        return self._build(joined, next(iter(self.segments.values())).dcs.message_class, seqnos)

    def _build(self, joined: Joined, message_class: int | None, seqnos: Iterable[int]) -> Message:
        return Message(
            at=self.first.at,
            modem=self.first.modem,
            recipient=self.first.da,
            text=joined.text,
            data=joined.data,
            copies=tuple(self.copies.get(seqno, 0) for seqno in seqnos),
            message_class=message_class,
        )


class Assembler:
    """Collects segments; a reused concatenation reference begins another message."""

    def __init__(self) -> None:
        self._drafts: dict[_Key, list[_Draft]] = {}
        self._order: list[_Draft | Message] = []

    def add(self, submitted: Submitted) -> Message | None:
        """Add a segment; give the message that it completed."""
        try:
            submit = Submit.from_bytes(submitted.tpdu)
        except TpduError:
            self._order.append(_unreadable(submitted))
            return None
        concat = None if submit.ud.udh is None else submit.ud.udh.concat
        key: _Key
        if concat is None:
            total, seqno = 1, 1
            key = (submitted.da, submit.dcs.octet, submit.ud)
        else:
            total, seqno = concat.total, concat.seqno
            key = (submitted.da, submit.dcs.octet, concat.ref, concat.wide, total)
        draft = self._find(key, seqno, submit.ud)
        if draft is None:
            draft = _Draft(submitted, total)
            self._drafts.setdefault(key, []).append(draft)
            self._order.append(draft)
        return draft.message() if draft.add(seqno, submit) else None

    def messages(self) -> list[Message]:
        """Give every message, complete or not, in the order of their first segments."""
        return [entry if isinstance(entry, Message) else entry.message() for entry in self._order]

    def _find(self, key: _Key, seqno: int, ud: UserData) -> _Draft | None:
        drafts = self._drafts.get(key, [])
        for draft in reversed(drafts):
            if draft.holds(seqno, ud):
                return draft
        for draft in reversed(drafts):
            if seqno not in draft.segments:
                return draft
        return None


def messages_of(submits: Iterable[Submitted]) -> list[Message]:
    """Put SUBMITs together, for instance those of a journal."""
    assembler = Assembler()
    for submitted in submits:
        assembler.add(submitted)
    return assembler.messages()


def _as_deliver(submit: Submit | None) -> Deliver | None:
    """What the network makes of a SUBMIT for its recipient."""
    if submit is None:
        return None
    return Deliver(oa=submit.da, dcs=submit.dcs, ud=submit.ud, pid=submit.pid)


def _unreadable(submitted: Submitted) -> Message:
    return Message(
        at=submitted.at,
        modem=submitted.modem,
        recipient=submitted.da,
        text=None,
        data=None,
        copies=(1,),
        message_class=None,
    )
