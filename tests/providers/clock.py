"""The time of day in the tests of providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """A time of day that only tests move; called, it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
