"""The tables, as a list of migrations: the first makes them, each further one changes them.

``PRAGMA user_version`` is the number of migrations that a file has had. A migration that was once released is never
edited; a change of the tables is a further one.

Times are Unix seconds (UTC), mappings are compact JSON, and an empty value is NULL wherever a default exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

#: ``PRAGMA application_id`` (SQLite file format, section 1.3.15): marks the file as ours. ASCII "SMSB".
APPLICATION_ID: Final = 0x534D5342

_VERSION_1: Final = """
CREATE TABLE identity (
    epoch TEXT NOT NULL,
    inbound_group INTEGER NOT NULL DEFAULT 0
);
INSERT INTO identity (epoch) VALUES (lower(hex(randomblob(6))));

CREATE TABLE memory (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;

CREATE TABLE packets (
    place INTEGER PRIMARY KEY,
    packet_id INTEGER NOT NULL UNIQUE,
    digest BLOB NOT NULL
);

-- A lane is one step of one route: messages that wait for the same gateways.
CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,
    route TEXT NOT NULL,
    step INTEGER NOT NULL,
    UNIQUE (route, step)
);

-- AUTOINCREMENT: a row number is a message's reference towards gateways and is never given twice.
CREATE TABLE messages (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    group_id TEXT,
    recipient TEXT NOT NULL,
    text TEXT,
    data BLOB,
    port INTEGER,
    originator TEXT,
    sim INTEGER,
    priority INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    flash INTEGER NOT NULL DEFAULT 0,
    dlr INTEGER NOT NULL,
    on_unknown TEXT NOT NULL,
    options TEXT,
    metadata TEXT,
    user_properties TEXT,
    response_topic TEXT,
    correlation BLOB,
    fingerprint TEXT,
    segments INTEGER NOT NULL,
    created_at REAL NOT NULL,
    send_at REAL,
    valid_for INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    ephemeral INTEGER NOT NULL DEFAULT 0,
    lane INTEGER NOT NULL REFERENCES lanes (lane),
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    final INTEGER NOT NULL DEFAULT 0,
    gateway TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    first_attempt INTEGER NOT NULL DEFAULT 1,
    rounds INTEGER NOT NULL DEFAULT 0,
    tries_here INTEGER NOT NULL DEFAULT 0,
    due_at REAL,
    updated_at REAL NOT NULL,
    segments_delivered INTEGER NOT NULL DEFAULT 0,
    gateway_references TEXT,
    expected_reference TEXT,
    submitted_at REAL,
    possible_duplicate INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE INDEX messages_group ON messages (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX messages_recipient ON messages (recipient, created_at);
CREATE INDEX messages_ready ON messages (lane, priority DESC, row) WHERE phase = 'ready';
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_open ON messages (phase, row) WHERE phase IN ('waiting', 'submitting', 'unknown', 'held');
CREATE INDEX messages_done ON messages (updated_at) WHERE phase = 'done';

-- How many messages are not done, kept by triggers so that nobody ever counts the messages themselves.
CREATE TABLE tally (
    phase TEXT NOT NULL,
    lane INTEGER NOT NULL,
    state TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (phase, lane, state)
) WITHOUT ROWID;
CREATE TRIGGER messages_inserted AFTER INSERT ON messages WHEN NEW.phase <> 'done' BEGIN
    INSERT INTO tally (phase, lane, state, n) VALUES (NEW.phase, NEW.lane, NEW.state, 1)
        ON CONFLICT (phase, lane, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER messages_left AFTER UPDATE OF phase, lane, state ON messages
WHEN OLD.phase <> 'done' AND (OLD.phase <> NEW.phase OR OLD.lane <> NEW.lane OR OLD.state <> NEW.state) BEGIN
    UPDATE tally SET n = n - 1 WHERE phase = OLD.phase AND lane = OLD.lane AND state = OLD.state;
END;
CREATE TRIGGER messages_entered AFTER UPDATE OF phase, lane, state ON messages
WHEN NEW.phase <> 'done' AND (OLD.phase <> NEW.phase OR OLD.lane <> NEW.lane OR OLD.state <> NEW.state) BEGIN
    INSERT INTO tally (phase, lane, state, n) VALUES (NEW.phase, NEW.lane, NEW.state, 1)
        ON CONFLICT (phase, lane, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER messages_removed AFTER DELETE ON messages WHEN OLD.phase <> 'done' BEGIN
    UPDATE tally SET n = n - 1 WHERE phase = OLD.phase AND lane = OLD.lane AND state = OLD.state;
END;

CREATE TABLE segments (
    message_row INTEGER NOT NULL REFERENCES messages (row) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seqno INTEGER NOT NULL,
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    recipient TEXT NOT NULL,
    taken_at REAL NOT NULL,
    outcome TEXT,
    PRIMARY KEY (message_row, attempt, seqno)
) WITHOUT ROWID;
CREATE INDEX segments_reference ON segments (gateway, reference, taken_at);

CREATE TABLE reports (
    row INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    recipient TEXT,
    state TEXT,
    error TEXT,
    submitted_at REAL,
    seen_at REAL NOT NULL
);
CREATE INDEX reports_reference ON reports (gateway, reference, seen_at);
CREATE INDEX reports_gateway ON reports (gateway, seen_at);
CREATE INDEX reports_seen ON reports (seen_at);

-- AUTOINCREMENT: a seq is never given twice, also after all events were purged.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    copies TEXT,
    message_row INTEGER,
    inbound_group INTEGER,
    at REAL NOT NULL,
    published INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX events_unpublished ON events (seq) WHERE published = 0;
CREATE INDEX events_message ON events (message_row) WHERE message_row IS NOT NULL;
CREATE INDEX events_published ON events (at) WHERE published = 1;

CREATE TABLE parts (
    row INTEGER PRIMARY KEY,
    group_number INTEGER NOT NULL,
    gateway TEXT NOT NULL,
    kind TEXT NOT NULL,
    concat_key TEXT,
    total INTEGER NOT NULL,
    seqno INTEGER NOT NULL,
    raw TEXT NOT NULL,
    received_at REAL NOT NULL
);
CREATE INDEX parts_group ON parts (group_number, seqno);
CREATE INDEX parts_key ON parts (gateway, concat_key);
CREATE INDEX parts_received ON parts (received_at);

CREATE TABLE sources (
    gateway TEXT NOT NULL,
    sim TEXT NOT NULL,
    storage TEXT NOT NULL,
    place INTEGER NOT NULL,
    pdu TEXT NOT NULL,
    group_number INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (gateway, sim, storage, place)
) WITHOUT ROWID;
CREATE INDEX sources_group ON sources (group_number);

CREATE TABLE contents (
    gateway TEXT NOT NULL,
    digest BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (gateway, digest)
) WITHOUT ROWID;
CREATE INDEX contents_at ON contents (at);

CREATE TABLE counters (
    period TEXT NOT NULL,
    scope TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (period, scope)
) WITHOUT ROWID;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_VERSION_1,)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file of this schema version (0 is an empty file) up to the last; each step is one transaction.

    Raises ``sqlite3.Error``; the file is then as the last whole step left it.
    """
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {number}; COMMIT;"
            )
        except BaseException:  # whatever stopped it: half a step must not stay open
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
