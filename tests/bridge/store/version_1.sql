-- A store of schema version 1 with a row in every table, as sqlite3 dumps it.
PRAGMA application_id = 1397576514;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE contents (
    gateway TEXT NOT NULL,
    digest BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (gateway, digest)
) WITHOUT ROWID;
INSERT INTO "contents" VALUES('stick',X'01',1795169700.0);
CREATE TABLE counters (
    period TEXT NOT NULL,
    scope TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (period, scope)
) WITHOUT ROWID;
INSERT INTO "counters" VALUES('2026-11-20','sent/stick',3);
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
INSERT INTO "events" VALUES(1,'dlr','{"id":"plain","state":"queued"}',NULL,1,NULL,1795169700.0,1);
INSERT INTO "events" VALUES(2,'dlr','{"id":"full","state":"unknown"}','[["replies/1","AAE=",null]]',2,NULL,1795169700.0,0);
CREATE TABLE identity (
    epoch TEXT NOT NULL,
    inbound_group INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "identity" VALUES('5eedc0ffee01',1);
CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,
    route TEXT NOT NULL,
    step INTEGER NOT NULL,
    UNIQUE (route, step)
);
INSERT INTO "lanes" VALUES(1,'[["stick"],["phones","carrier"]]',0);
INSERT INTO "lanes" VALUES(2,'[["stick"],["phones","carrier"]]',1);
CREATE TABLE memory (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
INSERT INTO "memory" VALUES('stick','smsc','+491710760000');
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
INSERT INTO "messages" VALUES(1,'plain',NULL,'+491701234567','the door is open',NULL,NULL,NULL,NULL,1,'auto',0,1,'resend',NULL,NULL,NULL,NULL,NULL,'{"to":"ab12","text":"cd34","data":null}',1,1795169700.0,NULL,86400,1795256100.0,0,1,'ready','queued',0,NULL,0,1,0,0,NULL,1795169700.0,0,NULL,NULL,NULL,0,NULL);
INSERT INTO "messages" VALUES(2,'full','alarm','+491701234567','the door is open',X'00FF',16000,'HOME',1,3,'gsm7',1,0,'hold','{"originatorTon":5,"udh":null,"nested":{"a":[1,2.5]}}','{"room":"Küche","n":1}','[["a","1"],["a","2"]]','replies/1',X'0001','{"to":"ab12","text":"cd34","data":null}',3,1795169700.0,1795169760.0,86400,1795256100.0,1,2,'unknown','unknown',1,'phones',4,3,2,1,1795169730.0,1795169700.0,1,'["2a","2b"]','2c',1795169701.0,1,'["throttled","Too many messages; the gateway pauses.","88",true]');
CREATE TABLE packets (
    place INTEGER PRIMARY KEY,
    packet_id INTEGER NOT NULL UNIQUE,
    digest BLOB NOT NULL
);
INSERT INTO "packets" VALUES(1,1,X'02');
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
INSERT INTO "parts" VALUES(1,1,'stick','modem','+49170/42',3,1,'0701',1795169700.0);
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
INSERT INTO "reports" VALUES(1,'stick','2a','+491701234567','delivered',NULL,1795169700.0,1795169705.0);
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
INSERT INTO "segments" VALUES(2,1,1,'stick','2a','+491701234567',1795169700.0,NULL);
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
INSERT INTO "sources" VALUES('stick','8949','SM',3,'0791',1,'waiting');
CREATE TABLE tally (
    phase TEXT NOT NULL,
    lane INTEGER NOT NULL,
    state TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (phase, lane, state)
) WITHOUT ROWID;
INSERT INTO "tally" VALUES('ready',1,'queued',1);
INSERT INTO "tally" VALUES('unknown',2,'unknown',1);
CREATE INDEX messages_group ON messages (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX messages_recipient ON messages (recipient, created_at);
CREATE INDEX messages_ready ON messages (lane, priority DESC, row) WHERE phase = 'ready';
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_open ON messages (phase, row) WHERE phase IN ('waiting', 'submitting', 'unknown', 'held');
CREATE INDEX messages_done ON messages (updated_at) WHERE phase = 'done';
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
CREATE INDEX segments_reference ON segments (gateway, reference, taken_at);
CREATE INDEX reports_reference ON reports (gateway, reference, seen_at);
CREATE INDEX reports_gateway ON reports (gateway, seen_at);
CREATE INDEX reports_seen ON reports (seen_at);
CREATE INDEX events_unpublished ON events (seq) WHERE published = 0;
CREATE INDEX events_message ON events (message_row) WHERE message_row IS NOT NULL;
CREATE INDEX events_published ON events (at) WHERE published = 1;
CREATE INDEX parts_group ON parts (group_number, seqno);
CREATE INDEX parts_key ON parts (gateway, concat_key);
CREATE INDEX parts_received ON parts (received_at);
CREATE INDEX sources_group ON sources (group_number);
CREATE INDEX contents_at ON contents (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('messages',2);
INSERT INTO "sqlite_sequence" VALUES('events',2);
COMMIT;
