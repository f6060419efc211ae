"""Who takes the events of callbacks in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sms_providers.model import DeliveryReport
    from sms_providers.provider import Received


class Sink:
    """Keeps every event. `expected` are the references that were sent, None for all; `broken` keeps nothing."""

    def __init__(self, expected: frozenset[str] | None = None, *, broken: bool = False) -> None:
        self.events: list[DeliveryReport | Received] = []
        self._expected = expected
        self._broken = broken

    async def expects(self, report: DeliveryReport) -> bool:
        """Say whether this was sent."""
        return self._expected is None or report.reference in self._expected

    async def report(self, report: DeliveryReport) -> None:
        """Keep a report."""
        if self._broken:
            raise OSError("cannot keep: the secret text")
        self.events.append(report)

    async def received(self, received: Received) -> None:
        """Keep a message."""
        if self._broken:
            raise OSError("cannot keep: the secret text")
        self.events.append(received)
