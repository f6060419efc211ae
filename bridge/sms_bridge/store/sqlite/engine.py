"""The store in one SQLite file, as the rest of the bridge sees it."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sms_bridge.store.base import StoreError
from sms_bridge.store.sqlite.errors import store_error
from sms_bridge.store.sqlite.file import open_file
from sms_bridge.store.sqlite.transaction import SqliteTransaction
from sms_bridge.store.sqlite.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sms_bridge.store.base import Transaction
    from sms_bridge.store.sqlite.file import StoreFile

T = TypeVar("T")


class SqliteStore:
    """A :class:`~sms_bridge.store.base.Store` in the file ``path``; used from the loop that opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._open: _Open | None = None

    async def open(self) -> None:
        """Lock, check and migrate the file, and start the two threads.

        Raises :class:`~sms_bridge.store.base.StoreInUseError` or :class:`~sms_bridge.store.base.StoreError`.
        """
        file = await asyncio.to_thread(open_file, self._path)
        self._open = _Open(file, asyncio.get_running_loop(), partial(store_error, path=self._path))

    async def close(self) -> None:
        """Commit what was queued, move the log into the file, let go of it. Closing twice is once."""
        opened, self._open = self._open, None
        if opened is not None:
            await asyncio.to_thread(opened.close)

    async def write(self, name: str, unit: Callable[[Transaction], T]) -> T:
        """Run a unit; returns its result after the commit (see :class:`~sms_bridge.store.base.Store`)."""
        result: T = await self._opened().writer.put(name, unit)
        return result

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, on one consistent view of what is committed."""
        opened = self._opened()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(opened.reader, self._read, opened, unit)

    def commit_age(self) -> float:
        """Seconds since the writer last committed or, idle, showed that it is alive; infinite while closed."""
        return float("inf") if self._open is None else self._open.writer.age()

    def _opened(self) -> _Open:
        if self._open is None:
            raise StoreError(f"The store {self._path} is not open")
        return self._open

    def _read(self, opened: _Open, unit: Callable[[Transaction], T]) -> T:
        execute = opened.file.reader.execute
        try:
            execute("BEGIN")
            try:
                return unit(opened.reading)
            finally:
                execute("COMMIT")
        except sqlite3.Error as error:
            failure = store_error(error, self._path)
            if failure is None:
                raise
            raise failure from error


class _Open:
    """What exists while a store is open."""

    def __init__(
        self,
        file: StoreFile,
        loop: asyncio.AbstractEventLoop,
        explain: Callable[[BaseException], StoreError | None],
    ) -> None:
        self.file = file
        self.writer = Writer(file.writer, SqliteTransaction(file.writer, file.epoch), loop, explain)
        self.reader = ThreadPoolExecutor(1, "store-reader")
        self.reading = SqliteTransaction(file.reader, file.epoch)
        self.writer.start()

    def close(self) -> None:
        self.writer.stop()
        self.reader.shutdown()
        self.file.close()
