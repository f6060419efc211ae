"""What can go wrong between a client and a simulated provider."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to a request instead of, or after, its processing.

    `status` and `body` (with `content_type`, `headers`) replace the answer; `code` answers with this code of the
    provider's own table. With any of them the request is not processed, unless `processed` is true: then it has
    its effect and only its answer is this one. `delay` holds the answer back for so many seconds (alone: the
    request is processed first). `cut_before` closes the connection before processing, `cut_after` after it,
    without an answer.
    """

    status: int | None = None
    body: str | bytes | None = None
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | int | None = None
    delay: float = 0.0
    cut_before: bool = False
    cut_after: bool = False
    processed: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the answer is this fault's, not the processing's."""
        return self.status is not None or self.body is not None or self.code is not None


@dataclass(slots=True)
class _Planned:
    fault: Fault
    times: int | None
    path: str | None


class Faults:
    """The faults that wait for their requests; the first that fits is taken."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: Fault, *, times: int | None = 1, path: str | None = None) -> None:
        """Let `fault` happen to the next `times` requests (None: to all until `clear`).

        `path` is an endpoint as it is documented, with or without its method: ``/sms`` or ``POST /sms``. None is
        every endpoint.
        """
        self._planned.append(_Planned(fault, times, path))

    def clear(self) -> None:
        """Forget all faults."""
        self._planned.clear()

    def take(self, endpoint: str) -> Fault | None:
        """Give the fault for a request to `endpoint` (``POST /sms``) and count it, None if there is none."""
        _, _, path = endpoint.partition(" ")
        for planned in self._planned:
            if planned.path not in {None, endpoint, path}:
                continue
            if planned.times is not None:
                planned.times -= 1
                if planned.times == 0:
                    self._planned.remove(planned)
            return planned.fault
        return None


class RateLimit:
    """At most `limit` requests within `seconds` of `clock`; a `limit` of None is no limit."""

    def __init__(self, limit: int | None, seconds: float, clock: Callable[[], datetime]) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._taken: deque[datetime] = deque()

    def exceeded(self) -> bool:
        """Count one request and say whether it is one too many; such a one does not count."""
        if self.limit is None:
            return False
        at = self._clock()
        while self._taken and (at - self._taken[0]).total_seconds() >= self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self.limit:
            return True
        self._taken.append(at)
        return False
