"""What became of the messages of one command, from the events on the ``dlr`` topic."""

from __future__ import annotations

import json
from typing import Any, Final

#: States that a sender need not worry about; all other final ones are failures.
_GOOD: Final = frozenset({"accepted", "sent", "delivered", "read"})
#: States of a message that has come to an end without reaching anybody.
_BAD: Final = frozenset({"failed", "expired", "undeliverable", "rejected", "cancelled"})

Event = dict[str, Any]


class Outcome:
    """Follows the command ``command_id``, which becomes ``expected`` messages (its recipients without repeats)."""

    def __init__(self, command_id: str, expected: int) -> None:
        self._id = command_id
        self._expected = expected
        self.events: dict[str, Event] = {}
        self._refused_whole = False

    def take(self, payload: bytes) -> Event | None:
        """Note an event; returns it where it is about this command."""
        try:
            event = json.loads(payload)
        except ValueError:
            return None
        if not isinstance(event, dict) or not self._is_mine(event):
            return None
        if event["id"] == self._id and event["state"] == "rejected":
            self._refused_whole = True
        self.events[event["id"]] = event
        return event

    def _is_mine(self, event: Event) -> bool:
        message_id = event.get("id")
        if not isinstance(message_id, str) or not isinstance(event.get("state"), str):
            return False
        return (
            message_id == self._id or event.get("group") == self._id or message_id.startswith(f"{self._id}/")
        )

    @property
    def is_known(self) -> bool:
        """Whether a bridge has said something of every message."""
        return self._refused_whole or len(self.events) >= max(self._expected, 1)

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come of any message."""
        return self.is_known and all(event.get("final") for event in self.events.values())

    @property
    def has_failed(self) -> bool:
        """Whether a message has certainly reached nobody, or ended without anybody knowing."""
        return any(
            event["state"] in _BAD or (event.get("final") and event["state"] not in _GOOD)
            for event in self.events.values()
        )
