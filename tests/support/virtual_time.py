"""An asyncio loop whose clock jumps forward as soon as nothing is left to do.

Code that waits with ``asyncio.sleep``, ``call_later`` or ``asyncio.timeout`` runs unchanged and at once. Other
threads (the store's writer) and file descriptors still work: before each jump the loop waits ``grace`` real seconds
for them, and inside :meth:`VirtualTimeLoop.held` it does not jump at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import selectors
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from _typeshed import FileDescriptorLike


#: Real seconds after which the loop looks again whether it is still held.
_LONGEST_HOLD: Final = 1.0


class _JumpingSelector(selectors.BaseSelector):
    """A selector that reports elapsed virtual time instead of waiting for it."""

    def __init__(self, grace: float) -> None:
        self._real = selectors.DefaultSelector()
        self._grace = grace
        self.jumped = 0.0
        self.holders = 0

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)
        if self.holders:
            return self._real.select(_LONGEST_HOLD)
        ready = self._real.select(min(timeout, self._grace))
        if not ready:
            self.jumped += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop on virtual time; ``grace`` is in real seconds."""

    def __init__(self, grace: float = 0.0) -> None:
        self._jumping = _JumpingSelector(grace)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop began, jumps included."""
        return self._jumping.jumped

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no virtual time pass: what is awaited inside takes none, however busy the machine is."""
        self._jumping.holders += 1
        try:
            yield
        finally:
            self._jumping.holders -= 1


def virtual_time(
    test: Callable[..., Coroutine[Any, Any, None]] | None = None, *, grace: float = 0.0
) -> Callable[..., Any]:
    """Run an ``async def`` test on a :class:`VirtualTimeLoop`; ``@virtual_time`` or ``@virtual_time(grace=…)``."""

    def decorate(function: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*args: object, **kwargs: object) -> None:
            with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(grace)) as runner:
                runner.run(function(*args, **kwargs))

        return run

    return decorate(test) if test is not None else decorate
