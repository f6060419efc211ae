"""The writer thread: group commit.

Whatever waits when a commit ends is the next batch, so that the disk's pace sets the size of the batches and nobody
waits for a timer. Units run in the order in which they were put, each inside a savepoint of its own.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from sms_bridge.store.sqlite.transaction import SqliteTransaction

#: Units that share one commit at most: bounds what a failed commit takes along, and how long the first one waits.
MAX_BATCH: Final = 500

#: Seconds after which an idle writer shows that it is alive.
HEARTBEAT: Final = 5.0


class _Job(NamedTuple):
    name: str
    unit: Callable[[SqliteTransaction], Any]
    waiter: asyncio.Future[Any]


class _Outcome(NamedTuple):
    waiter: asyncio.Future[Any]
    result: object
    error: BaseException | None


class _BatchLostError(Exception):
    """SQLite has undone the whole transaction, with the units that had run before."""


class Writer:
    """Runs units on a connection, in a thread of its own, and resolves their waiters after the commit.

    ``explain`` turns what the disk or the file did into a :class:`StoreError`, and leaves everything else.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: SqliteTransaction,
        loop: asyncio.AbstractEventLoop,
        explain: Callable[[BaseException], StoreError | None],
    ) -> None:
        self._execute = connection.execute
        self._connection = connection
        self._transaction = transaction
        self._loop = loop
        self._explain = explain
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._alive_at = time.monotonic()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end after all that was put; blocks until then. Nothing may be put afterwards."""
        self._jobs.put(None)
        self._thread.join()

    def put(self, name: str, unit: Callable[[SqliteTransaction], Any]) -> asyncio.Future[Any]:
        """Queue a unit; the future is resolved on the loop after its commit."""
        waiter: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(_Job(name, unit, waiter))
        return waiter

    def age(self) -> float:
        """Seconds since the last commit or idle heartbeat."""
        return time.monotonic() - self._alive_at

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._take()
            if batch:
                self._resolve(self._commit(batch))
            elif running:
                self._clean_log()
            self._alive_at = time.monotonic()

    def _take(self) -> tuple[list[_Job], bool]:
        """The next batch, empty after an idle :data:`HEARTBEAT`; and whether more may come."""
        batch: list[_Job] = []
        with suppress(Empty):
            job = self._jobs.get(timeout=HEARTBEAT)
            while job is not None:
                batch.append(job)
                if len(batch) == MAX_BATCH:
                    return batch, True
                job = self._jobs.get_nowait()
            return batch, False
        return batch, True

    def _commit(self, batch: list[_Job]) -> list[_Outcome]:
        try:
            self._execute("BEGIN IMMEDIATE")
            run = self._run_alone if len(batch) == 1 else self._run_unit
            outcomes = [run(job) for job in batch]
            if self._connection.in_transaction:
                self._execute("COMMIT")
        except (sqlite3.Error, _BatchLostError) as error:
            self._undo()
            cause = error.__cause__ if isinstance(error, _BatchLostError) else error
            assert cause is not None
            return [_Outcome(job.waiter, None, self._failure(cause)) for job in batch]
        return outcomes

    def _run_alone(self, job: _Job) -> _Outcome:
        """The only unit of a transaction needs no savepoint: what undoes it undoes nobody else."""
        try:
            return _Outcome(job.waiter, job.unit(self._transaction), None)
        except BaseException as error:  # as in _run_unit
            if not self._connection.in_transaction:
                raise _BatchLostError from error
            self._undo()
            error.add_note(f"in the store's unit '{job.name}'")
            return _Outcome(job.waiter, None, self._explain(error) or error)

    def _run_unit(self, job: _Job) -> _Outcome:
        self._execute("SAVEPOINT unit")
        try:
            result = job.unit(self._transaction)
        except BaseException as error:  # whatever it is, it is the waiter's, never this thread's
            if not self._connection.in_transaction:
                raise _BatchLostError from error
            self._execute("ROLLBACK TO unit")
            self._execute("RELEASE unit")
            self._transaction.forget_lanes()
            error.add_note(f"in the store's unit '{job.name}'")
            return _Outcome(job.waiter, None, self._explain(error) or error)
        self._execute("RELEASE unit")
        return _Outcome(job.waiter, result, None)

    def _undo(self) -> None:
        self._transaction.forget_lanes()
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # SQLite rolls back by itself what it cannot roll back now
                self._execute("ROLLBACK")

    def _failure(self, cause: BaseException) -> BaseException:
        """An exception of its own for each waiter of a batch that was lost."""
        failure = self._explain(cause)
        if failure is None:
            failure = StoreError(f"The store could not keep it, with others of the same moment: {cause}")
        failure.__cause__ = cause
        return failure

    def _resolve(self, outcomes: list[_Outcome]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more, and what is committed stays
            self._loop.call_soon_threadsafe(_resolve, outcomes)

    def _clean_log(self) -> None:
        """While nobody waits, clear erased texts out of the write-ahead log."""
        if self._transaction.erased:
            with suppress(sqlite3.Error):  # tried again at the next heartbeat
                (busy, _, _) = self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._transaction.erased = bool(busy)


def _resolve(outcomes: list[_Outcome]) -> None:
    for waiter, result, error in outcomes:
        if waiter.done():  # cancelled meanwhile
            continue
        if error is None:
            waiter.set_result(result)
        elif isinstance(error, StopIteration):  # a future refuses it
            waiter.set_exception(RuntimeError("A unit of the store raised StopIteration"))
        else:
            waiter.set_exception(error)
