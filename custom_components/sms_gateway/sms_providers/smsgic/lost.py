"""Which of SMSgic's sendings are those whose answer never came.

A sending tells its text, when it was made and how many SMS it has, but neither recipients nor a reference of ours. It
counts as found only where it cannot be another one: every other request with this text has been answered, and as many
sendings are left over as answers are missing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..charset import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ..provider import LostSend
    from .records import Sending

#: How far SMSgic's clock may be behind ours, and how long after a request began its sending may be made.
_BEFORE: Final = timedelta(minutes=2)
_AFTER: Final = timedelta(minutes=10)


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request: our references in it, its text, when it began, and the sending once an answer named it."""

    references: frozenset[int]
    text: str
    began: datetime
    sending: str | None = None


class Attempts:
    """The requests of the last minutes that may have made a sending."""

    def __init__(self) -> None:
        self._kept: deque[Attempt] = deque()

    def begin(self, references: Iterable[int], text: str, now: datetime) -> Attempt:
        """Keep a request that is about to leave."""
        while self._kept and now - self._kept[0].began > _BEFORE + _AFTER:
            self._kept.popleft()
        attempt = Attempt(references=frozenset(references), text=_bare(text), began=now)
        self._kept.append(attempt)
        return attempt

    def refused(self, attempt: Attempt) -> None:
        """Forget a request that certainly made no sending."""
        if attempt in self._kept:
            self._kept.remove(attempt)

    def match(
        self, lost: Sequence[tuple[LostSend, str]], sendings: Sequence[Sending], known: frozenset[str]
    ) -> Mapping[int, Sending]:
        """Return the sending of each lost send (given with its text as it was sent) that is certain."""
        known |= {attempt.sending for attempt in self._kept if attempt.sending is not None}
        by_text = defaultdict(list)
        for send, text in lost:
            by_text[_bare(text)].append(send)
        found: dict[int, Sending] = {}
        for text, sends in by_text.items():
            requests = self._requests(text, sends)
            if requests is not None:
                left = [
                    sending
                    for sending in sendings
                    if sending.id not in known and sending.text is not None and _bare(sending.text) == text
                ]
                found |= _assign(requests, left, plan(text).count)
        return found

    def _requests(self, text: str, sends: Sequence[LostSend]) -> Sequence[Sequence[LostSend]] | None:
        """Sort sends into the requests that they were in; ``None`` where further ones are without an answer."""
        references = {send.reference for send in sends}
        request_of: dict[int, object] = {}
        for attempt in self._kept:
            if attempt.text != text or attempt.sending is not None:
                continue
            if not attempt.references <= references:
                return None
            request_of |= dict.fromkeys(attempt.references, id(attempt))
        requests = defaultdict(list)
        for send in sends:
            # Of an earlier run of the program only the time is known; a batch has one.
            requests[request_of.get(send.reference, send.sent_at)].append(send)
        return sorted(requests.values(), key=lambda request: request[0].sent_at)


def _assign(
    requests: Sequence[Sequence[LostSend]], sendings: Sequence[Sending], segments: int
) -> Mapping[int, Sending]:
    size = len(requests[0])
    first, last = requests[0][0].sent_at, requests[-1][0].sent_at
    fitting = sorted(
        (
            sending
            for sending in sendings
            if sending.created_at is not None
            and first - _BEFORE <= sending.created_at <= last + _AFTER
            # The document does not say whether messages or their segments are counted.
            and sending.segments in {None, size, size * segments}
        ),
        key=lambda sending: sending.created_at or first,
    )
    if len(fitting) != len(requests) or any(len(request) != size for request in requests):
        return {}
    return {
        send.reference: sending
        for request, sending in zip(requests, fitting, strict=True)
        for send in request
    }


def _bare(text: str) -> str:
    """Reduce a text to what survives a program that trims what it is given."""
    return " ".join(text.split())
