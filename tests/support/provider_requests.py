"""What a simulated provider was asked, beside what goes wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms_bridge.simulator.provider_faults import Faults

if TYPE_CHECKING:
    from sms_bridge.simulator.provider_faults import Fault


class Requests(Faults):
    """Faults that also remember every request; ``seen`` are the endpoints in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def take(self, endpoint: str) -> Fault | None:
        """See :class:`Faults`."""
        self.seen.append(endpoint)
        return super().take(endpoint)

    def count(self, endpoint: str, since: int = 0) -> int:
        """How many requests there were to an endpoint, from position ``since`` of all requests."""
        return self.seen[since:].count(endpoint)
