"""Commits that may not fail: what a gateway has said once it does not say again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeVar

from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sms_bridge.store.base import Store, Transaction

_LOG: Final = logging.getLogger(__name__)
#: Pause before a failed commit is tried again, in seconds: a full disk is emptied by people.
_PAUSE: Final = 5.0

T = TypeVar("T")


async def commit_surely(store: Store, name: str, unit: Callable[[Transaction], T]) -> T:
    """Commit ``unit`` as often as it takes; says so while the store cannot keep it."""
    while True:
        try:
            return await store.write(name, unit)
        except StoreError as error:
            _LOG.error("%s; trying again in %.0f s", error, _PAUSE)
            await asyncio.sleep(_PAUSE)
