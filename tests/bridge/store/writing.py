"""A process that writes to a store until it is killed: prints each message's id once its write has returned.

Usage: python -m tests.bridge.store.writing URL
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from typing import TYPE_CHECKING

from sms_bridge.store import open_store
from sms_bridge.store.base import EventKind
from tests.bridge.store.records import NOW, message

if TYPE_CHECKING:
    from sms_bridge.store.base import Transaction

#: Callers that write at the same time.
CALLERS = 20


async def main(url: str) -> None:
    store = open_store(url)
    await store.open()

    async def call(caller: int) -> None:
        for number in count():
            name = f"{os.getpid()}-{caller}-{number}"

            def unit(tx: Transaction, name: str = name) -> None:
                row = tx.add_message(message(name)).row
                tx.add_event(EventKind.DLR, {"id": name}, at=NOW, message_row=row)

            await store.write("add", unit)
            os.write(1, f"{name}\n".encode())

    await asyncio.gather(*(call(caller) for caller in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
