"""A simulated provider beside a test that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from sms_bridge.simulator.provider import ProviderServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    T = TypeVar("T")

Server = TypeVar("Server", bound=ProviderServer)

#: Seconds that anything asked of the server may take.
_PATIENCE = 20.0


class ProviderThread(Generic[Server]):
    """Runs a server on a loop in a thread of its own, as long as it is entered.

    What only reads (`on_air`, `met`, `misuses`, `base_url`) and plain assignments may be used on `server` directly;
    whatever fires callbacks goes through `do`, coroutines through `wait`.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(self.server.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    async def _end(self) -> None:
        """Stop the server, and what it still holds an answer back for."""
        await self.server.stop()
        late = asyncio.all_tasks() - {asyncio.current_task()}
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def wait(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine of the server, and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def do(self, work: Callable[[], T]) -> T:
        """Call `work` where the server runs, and give its result: ``do(lambda: server.advance(...))``."""

        async def call() -> T:
            return work()

        return self.wait(call())
