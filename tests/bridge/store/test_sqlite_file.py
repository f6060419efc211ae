"""The SQLite store's file: where it may be, who may have it, and what is said of a bad one."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sms_bridge.store import open_store
from sms_bridge.store.base import Phase, StoreError, StoreInUseError
from sms_bridge.store.sqlite import file, schema
from tests.bridge.store.records import STICK, message
from tests.repo.checkout import ROOT

if TYPE_CHECKING:
    from sms_bridge.store.base import Store, Transaction

VERSION_1 = Path(__file__).with_name("version_1.sql")


async def opened(path: Path) -> Store:
    """The store at this path, open."""
    store = open_store(f"sqlite:///{path}")
    await store.open()
    return store


async def filled(path: Path, count: int = 1) -> None:
    """Make a store with messages and close it."""
    store = await opened(path)

    def unit(tx: Transaction) -> None:
        for n in range(count):
            tx.add_message(message(f"m{n}"))

    await store.write("fill", unit)
    await store.close()


async def refusal(path: Path) -> str:
    """The sentence with which a store is refused; whatever refused it lets go of the file."""
    with pytest.raises(StoreError) as refused:
        await opened(path)
    return str(refused.value)


# -- place and rights


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:////",
        "bridge.db",
        "mysql://x/y",
        "",
    ],
)
def test_a_url_that_names_no_file_is_refused_with_the_right_form(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:////absolute/path"):
        open_store(url)


def test_postgresql_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="PostgreSQL") as refused:
        open_store("postgresql://bridge:geheim@db/sms")
    assert "geheim" not in str(refused.value)


async def test_a_relative_url_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///strange name?#%20.db")
    await store.open()
    await store.close()
    assert (tmp_path / "strange name?#%20.db").exists()


async def test_folder_and_files_are_the_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = await opened(tmp_path / "made" / "bridge.db")
        await store.write("add", lambda tx: tx.add_message(message("a")))
        modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in (tmp_path / "made").iterdir()}
        await store.close()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700
    assert modes == dict.fromkeys(("bridge.db", "bridge.db-wal", "bridge.db-shm", "bridge.db.lock"), 0o600)


async def test_a_folder_whose_parent_is_missing_is_not_made(tmp_path: Path) -> None:
    sentence = await refusal(tmp_path / "typo" / "sms-bridge" / "bridge.db")
    assert f"{tmp_path / 'typo'} of the store does not exist" in sentence
    assert not (tmp_path / "typo").exists()


async def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bridge.db").mkdir()
    assert "cannot be opened (Is a directory)" in await refusal(tmp_path / "bridge.db")


async def test_closing_leaves_one_whole_file(tmp_path: Path) -> None:
    await filled(tmp_path / "bridge.db")
    assert {item.name for item in tmp_path.iterdir()} == {"bridge.db", "bridge.db.lock"}


# -- one daemon per file


async def test_a_second_store_on_the_same_file_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    first = await opened(path)
    with pytest.raises(StoreInUseError, match="in use by another bridge"):
        await opened(path)
    await first.write("add", lambda tx: tx.add_message(message("a")))
    await first.close()
    await (await opened(path)).close()


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    first = await opened(path)
    program = """
        import asyncio, sys
        from sms_bridge.store import open_store
        from sms_bridge.store.base import StoreInUseError
        try:
            asyncio.run(open_store(sys.argv[1]).open())
        except StoreInUseError as error:
            print(error)
    """
    path_list = [str(ROOT / "bridge"), str(ROOT / "custom_components/sms_gateway")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        f"sqlite:///{path}",
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(path_list)},
    )
    output, _ = await process.communicate()
    assert output.decode().strip() == (
        f"The store {path} is in use by another bridge: stop that one, or give this one another store.url"
    )
    await first.close()


# -- bad files


async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    path.write_text("dear diary " * 1_000)
    assert "is not a database: move the file away" in await refusal(path)
    assert path.read_text() == "dear diary " * 1_000
    path.unlink()
    await filled(path)


async def test_another_programs_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    before = path.read_bytes()
    assert "another program's database" in await refusal(path)
    assert path.read_bytes() == before


async def test_a_newer_bridges_store_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    await filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    assert "written by a newer bridge" in await refusal(path)
    assert path.read_bytes() == before


async def test_a_damaged_store_that_was_not_closed_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    await filled(path, 2_000)
    content = bytearray(path.read_bytes())
    for page in range(20, len(content) // 4_096, 3):
        content[page * 4_096 : page * 4_096 + 100] = os.urandom(100)
    path.write_bytes(content)
    path.with_name("bridge.db-wal").write_bytes(b"what a crash leaves behind")
    sentence = await refusal(path)
    assert "is damaged: stop the bridge, keep a copy" in sentence
    assert "\n" not in sentence


async def test_damage_met_while_running_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    await filled(path, 2_000)
    content = path.read_bytes()
    path.write_bytes(content[:8_192] + os.urandom(len(content) - 8_192))
    with pytest.raises(StoreError, match="damaged"):  # noqa: PT012 - it may be met at the start or later
        store = await opened(path)
        try:
            await store.read(lambda tx: tx.in_phase(Phase.READY))
        finally:
            await store.close()


async def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights do not stop a test that runs as root; the system's answer is made up instead."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file, "_make_file", refuse)
    assert "cannot be opened (Permission denied): give the bridge's user the right" in await refusal(
        tmp_path / "bridge.db"
    )


# -- versions


async def test_a_store_of_the_first_version_opens_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()
    store = await opened(path)

    def contents(tx: Transaction) -> dict[str, object]:
        return {
            "epoch": tx.epoch,
            "ready": [item.id for item in tx.ready(STICK, 0, 9)],
            "full": (full := tx.message_by_id("full")) and full.references,
            "segments": len(tx.segments_by_reference("stick", "2a", 0.0)),
            "events": [event.seq for event in tx.unpublished(0, 9)],
            "last": tx.last_seq(),
            "depth": dict(tx.queue_depth()),
            "counter": tx.counter("sent/stick", "2026-11-20"),
        }

    assert await store.read(contents) == {
        "epoch": "5eedc0ffee01",
        "ready": ["plain"],
        "full": ("2a", "2b"),
        "segments": 1,
        "events": [2],
        "last": 2,
        "depth": {"queued": 1, "unknown": 1},
        "counter": 3,
    }
    assert (await store.write("group", lambda tx: tx.new_inbound_group())) == 2
    await store.close()


async def test_a_migration_that_fails_leaves_the_version_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bridge.db"
    await filled(path)
    further = "CREATE TABLE more (a); INSERT INTO missing VALUES (1);"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, further))
    monkeypatch.setattr(file, "MIGRATIONS", schema.MIGRATIONS)
    await refusal(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchone() is None
    connection.close()


async def test_a_further_migration_is_applied_to_an_older_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bridge.db"
    await filled(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE more (a);"))
    monkeypatch.setattr(file, "MIGRATIONS", schema.MIGRATIONS)
    for _ in range(2):
        store = await opened(path)
        assert await store.read(lambda tx: tx.message_by_id("m0")) is not None
        await store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()
