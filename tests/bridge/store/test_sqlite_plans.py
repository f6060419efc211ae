"""No statement that runs often looks at more rows than it returns."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from sms_bridge.store.sqlite import statements as sql
from sms_bridge.store.sqlite.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Statements that people cause, on the reading connection, and those of a clock that was set.
RARE = {"IN_PHASE", "FIND", "FIND_RECIPIENT", "MOVE_MESSAGES", "MOVE_PARTS"}
#: What may be read whole: small tables, and the first entry of an index.
WHOLE = {
    "SCAN identity",
    "SCAN ready",
    "SCAN CONSTANT ROW",
    "SCAN 4 CONSTANT ROWS",
    "SCAN priorities",
    "SCAN sqlite_sequence",
    "SCAN packets",
    "SCAN tally",
    "SCAN messages USING COVERING INDEX messages_due",
}
STATEMENTS = {
    name: statement
    for name, statement in vars(sql).items()
    if name.isupper() and isinstance(statement, str) and not name.startswith("_") and name not in RARE
}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """An empty store in memory: without statistics the plans do not depend on how many rows there are."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened, 0)
    yield opened
    opened.close()


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    """SQLite's plan, a line per step."""
    count = max((n for n in range(1, 8) if f"?{n}" in statement), default=0) or statement.count("?")
    steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}", (None,) * count)
    return [detail for (*_, detail) in steps]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_frequent_statement_scans_no_large_table(connection: sqlite3.Connection, name: str) -> None:
    scans = {step for step in plan(connection, STATEMENTS[name]) if step.startswith("SCAN")}
    assert scans - WHOLE == set()


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("READY", "messages_ready (lane=?)"),
        ("DUE", "messages_due (due_at<?)"),
        ("NEXT_DUE", "messages_due"),
        ("IN_OPEN_PHASE", "messages_open (phase=?)"),
        ("OLDEST_READY", "messages_ready (lane=? AND priority=?)"),
        ("OLDEST_WAITING", "messages_open (phase=?)"),
        ("COUNT_RECENT", "COVERING INDEX messages_recipient (recipient=? AND created_at>?)"),
        ("UNPUBLISHED", "events_unpublished (seq>?)"),
        ("EVENTS_OF", "events_message (message_row=?)"),
        ("PURGE_MESSAGES", "messages_done (updated_at<?)"),
        ("PURGE_EVENTS", "events_published (at<?)"),
        ("SEGMENTS_BY_REFERENCE", "segments_reference (gateway=? AND reference=? AND taken_at>?)"),
    ],
)
def test_a_hot_statement_goes_by_its_index(connection: sqlite3.Connection, name: str, index: str) -> None:
    assert any(index in step for step in plan(connection, STATEMENTS[name]))


@pytest.mark.parametrize(
    "name", ["READY", "DUE", "NEXT_DUE", "IN_OPEN_PHASE", "UNPUBLISHED", "EVENTS_AFTER", "EVENTS_OF"]
)
def test_a_hot_statement_sorts_nothing(connection: sqlite3.Connection, name: str) -> None:
    assert [step for step in plan(connection, STATEMENTS[name]) if "TEMP B-TREE" in step] == []


def test_every_statement_is_prepared_once(connection: sqlite3.Connection) -> None:
    """All of them fit into the cache of prepared statements."""
    for statement in vars(sql).values():
        if isinstance(statement, str) and statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            plan(connection, statement)
    assert len(STATEMENTS) + len(RARE) < 256
