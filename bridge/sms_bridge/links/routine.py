"""Something a link does again and again in the background."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LOG: Final = logging.getLogger(__name__)
#: Seconds after a fault of ours until the next try.
_FAULT_PAUSE: Final = 60.0


class Routine:
    """Calls ``step`` again and again. ``step`` returns the seconds until the next time, ``None`` to wait for a call.

    ``name`` is told where it fails.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[float | None]]) -> None:
        self._name = name
        self._step = step
        self._hurried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with a first step at once."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    def hurry(self) -> None:
        """Let the next step come at once, after the one that is being done."""
        self._hurried.set()

    async def stop(self) -> None:
        """End, in the middle of a step if need be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while True:
            self._hurried.clear()
            try:
                pause = await self._step()
            except Exception:  # noqa: BLE001 - a fault of ours in one step must not end all others
                _LOG.exception("%s: a fault of the bridge", self._name)
                pause = _FAULT_PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurried.wait()
