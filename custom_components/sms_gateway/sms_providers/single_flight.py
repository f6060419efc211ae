"""What many need at the same time and one fetches, such as the token of an account."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from .exceptions import ProviderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_Value = TypeVar("_Value")


class SingleFlight(Generic[_Value]):
    """Calls ``fetch`` once for all who wait for it; where it fails, it fails for all of them."""

    def __init__(self, fetch: Callable[[], Awaitable[_Value]]) -> None:
        self._fetch = fetch
        self._fetching = asyncio.Lock()
        self._failure: ProviderError | None = None
        self._failures = 0

    async def get(self, present: Callable[[], _Value | None]) -> _Value:
        """Return what is ``present``, else what is fetched. Raises ProviderError."""
        failures = self._failures
        value = present()
        if value is not None:
            return value
        async with self._fetching:
            value = present()
            if value is not None:
                return value
            if self._failure is not None and self._failures != failures:
                raise self._failure
            try:
                return await self._fetch()
            except ProviderError as error:
                self._failure = error
                self._failures += 1
                raise
