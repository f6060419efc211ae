"""The store's file: its lock, its creation, its check, and the two connections to it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sms_bridge.store.base import StoreError, StoreInUseError
from sms_bridge.store.sqlite import statements as sql
from sms_bridge.store.sqlite.errors import damaged, store_error
from sms_bridge.store.sqlite.schema import APPLICATION_ID, MIGRATIONS, migrate

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

#: Owner only: the file holds texts and numbers.
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700

#: Milliseconds that SQLite waits for somebody else's lock (a backup, a curious person's shell).
_BUSY_TIMEOUT: Final = 5_000

#: Octets of a page in a file that is made anew. A commit writes every page it touches, and the rows are small: small
#: pages make a dispatch write a quarter of what SQLite's default would, which tells most on SD cards.
_PAGE_SIZE: Final = 1024

#: Pages in the write-ahead log at which they are moved into the file: as many octets as SQLite's default means.
_CHECKPOINT: Final = 4_000

#: Octets to which the write-ahead log is cut back after a checkpoint.
_JOURNAL_LIMIT: Final = 8 * 1024 * 1024

#: Statements kept prepared per connection: more than the store has.
_PREPARED: Final = 256

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {_BUSY_TIMEOUT}",
    f"PRAGMA page_size = {_PAGE_SIZE}",
    f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    # An erased text is overwritten, not only unlinked.
    "PRAGMA secure_delete = ON",
    f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}",
    "PRAGMA temp_store = MEMORY",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    """An open store file. ``reader`` cannot write."""

    lock: FileIO
    writer: sqlite3.Connection
    reader: sqlite3.Connection
    epoch: str

    def close(self) -> None:
        """Move the log into the file and let go of it."""
        self.reader.close()
        with suppress(
            sqlite3.Error
        ):  # where there is no room for it now, the next start finds all in the log
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.writer.close()
        self.lock.close()


def open_file(path: Path) -> StoreFile:
    """Lock, create, check and migrate the file.

    Raises:
        StoreInUseError: another process has it open.
        StoreError: it cannot be used; the sentence says what to do.
    """
    with ExitStack() as undo:
        try:
            _make_folder(path)
            lock = undo.enter_context(_lock(path))
            _make_file(path)
            was_closed = _was_closed(path)
        except OSError as error:
            raise StoreError(
                f"The store {path} cannot be opened ({error.strerror}): give the bridge's user the right to write"
                " the file and its folder"
            ) from error
        try:
            writer = undo.enter_context(closing(_connect(f"{path.as_uri()}?mode=rw")))
            _prepare(writer, path, was_closed=was_closed)
            reader = undo.enter_context(closing(_connect(f"{path.as_uri()}?mode=ro")))
            epoch = str(writer.execute(sql.EPOCH).fetchone()[0])
        except sqlite3.Error as error:
            failure = store_error(error, path)
            if failure is None:
                raise
            raise failure from error
        undo.pop_all()
    return StoreFile(lock=lock, writer=writer, reader=reader, epoch=epoch)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    except FileNotFoundError as error:
        raise StoreError(
            f"The folder {path.parent.parent} of the store does not exist: make it, or set another store.url"
        ) from error


def _lock(path: Path) -> FileIO:
    """Hold the lock file beside the store; it is never removed, so that two can never hold different ones."""
    lock = open(  # noqa: SIM115 - the caller closes it with the store
        path.with_name(f"{path.name}.lock"), "ab", buffering=0, opener=_open_private
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUseError(
            f"The store {path} is in use by another bridge: stop that one, or give this one another store.url"
        ) from None
    return lock


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, _FILE_MODE)


def _make_file(path: Path) -> None:
    """Make an empty file where there is none; SQLite gives its log the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE))


def _was_closed(path: Path) -> bool:
    """Whether the last user closed the file: who does removes the write-ahead log."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=_PREPARED
    )


def _prepare(connection: sqlite3.Connection, path: Path, *, was_closed: bool) -> None:
    """Refuse what is not ours before anything is changed, then check and migrate."""
    version = _version(connection, path)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if not was_closed:
        (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if finding != "ok":
            raise damaged(path, finding.splitlines()[-1])
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, version)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreError(f"The file {path} is another program's database: set another store.url")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The store {path} was written by a newer bridge (schema {version}, this one knows {len(MIGRATIONS)}):"
            " install that version again, or set another store.url"
        )
    return int(version)
