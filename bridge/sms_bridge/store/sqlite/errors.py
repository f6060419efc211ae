"""SQLite's errors as sentences that say what to do."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sms_bridge.store.base import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The low byte of an extended result code is its primary code (SQLite, *Result and Error Codes*).
_PRIMARY: Final = 0xFF

_DAMAGED: Final = (
    "is damaged: stop the bridge, keep a copy of the file, then restore a backup or recover it with"
    " 'sqlite3 FILE .recover'"
)

#: Primary result code → what is wrong and what to do, after "The store PATH".
_SENTENCES: Final[Mapping[int, str]] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: (
            "has no room left: free some space on its disk; all that was acknowledged is kept, and writing goes on"
            " as soon as there is room"
        ),
        sqlite3.SQLITE_READONLY: "is read-only: give the bridge's user the right to write the file and its folder",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened: give the bridge's user the right to write the file and its folder",
        sqlite3.SQLITE_PERM: "cannot be opened: give the bridge's user the right to write the file and its folder",
        sqlite3.SQLITE_NOTADB: (
            "is not a database: move the file away (the bridge then begins a new one) or restore a backup"
        ),
        sqlite3.SQLITE_CORRUPT: _DAMAGED,
        sqlite3.SQLITE_IOERR: "cannot be read or written: check its disk and the system's log",
        sqlite3.SQLITE_BUSY: "is locked by another program: close whatever has the file open",
        sqlite3.SQLITE_LOCKED: "is locked by another program: close whatever has the file open",
    }
)


def damaged(path: Path, detail: str) -> StoreError:
    """The error for a file that failed its check; ``detail`` is SQLite's finding."""
    return StoreError(f"The store {path} {_DAMAGED} ({detail})")


def store_error(error: BaseException, path: Path) -> StoreError | None:
    """What the disk or the file did, as a sentence.

    ``None`` for everything else: a unit's own exception, a broken constraint, a value of a wrong type.
    """
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)  # missing where the sqlite3 module itself refused
    if code is None or code & _PRIMARY == sqlite3.SQLITE_CONSTRAINT:
        return None
    sentence = _SENTENCES.get(code & _PRIMARY, f"failed ({error}): check its disk and the system's log")
    return StoreError(f"The store {path} {sentence}")
