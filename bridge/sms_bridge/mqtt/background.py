"""Tasks that run beside the others and must not end in silence."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sms_bridge.mqtt.errors import FatalMqttError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Spawn = Callable[[Coroutine[object, object, None], str], asyncio.Task[None]]

_LOGGER = logging.getLogger(__name__)


class Background:
    """Starts tasks; one that ends with an exception is a fault of ours, and ``failed`` is told."""

    def __init__(self, failed: Callable[[FatalMqttError], None]) -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Start a task; the caller cancels it."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        _LOGGER.error("The task %r failed", task.get_name(), exc_info=error)
        self._failed(
            FatalMqttError(f"The task {task.get_name()!r} failed: a fault of the bridge; its log says more.")
        )
