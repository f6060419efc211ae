"""The durable memory: one protocol, one engine per folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sms_bridge.store.base import StoreError
from sms_bridge.store.sqlite.engine import SqliteStore

if TYPE_CHECKING:
    from sms_bridge.store.base import Store

_SQLITE: Final = "sqlite:///"


def open_store(url: str) -> Store:
    """The store that a URL names, not yet open.

    ``sqlite:////var/lib/sms-bridge/bridge.db`` is an absolute path (four slashes), ``sqlite:///bridge.db`` one relative
    to the working directory.

    Raises:
        StoreError: no such kind of store; the sentence says which there are.
    """
    path = url.removeprefix(_SQLITE)
    if path == url or path in ("", "/"):
        raise StoreError(
            f"store.url must be sqlite:////absolute/path or sqlite:///relative/path, not '{url.partition('@')[0]}'"
            if not url.startswith("postgres")
            else "store.url names PostgreSQL, which this version does not have: use sqlite:////absolute/path"
        )
    return SqliteStore(Path(path))
