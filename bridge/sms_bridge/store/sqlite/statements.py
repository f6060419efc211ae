"""Every statement of the SQLite store, as constant text: constant text is what its statement cache finds again."""
# ruff: noqa: S608 - only the constant lists of columns in this file are put into a statement.

from __future__ import annotations

from typing import Final

# -- the store itself
EPOCH: Final = "SELECT epoch FROM identity"
LAST_SEQ: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
RECALL: Final = "SELECT value FROM memory WHERE owner = ? AND key = ?"
REMEMBER: Final = "INSERT OR REPLACE INTO memory (owner, key, value) VALUES (?, ?, ?)"
FORGET: Final = "DELETE FROM memory WHERE owner = ? AND key = ?"

# -- the receive window
PACKET: Final = "SELECT digest FROM packets WHERE packet_id = ?"
REMEMBER_PACKET: Final = "INSERT OR REPLACE INTO packets (packet_id, digest) VALUES (?, ?)"
TRIM_PACKETS: Final = "DELETE FROM packets WHERE place <= ?"
FORGET_PACKET: Final = "DELETE FROM packets WHERE packet_id = ?"
FORGET_PACKETS: Final = "DELETE FROM packets"

# -- lanes
LANE_OF: Final = "SELECT lane FROM lanes WHERE route = ? AND step = ?"
ADD_LANE: Final = "INSERT INTO lanes (route, step) VALUES (?, ?)"
LANE: Final = "SELECT route, step FROM lanes WHERE lane = ?"
READY_LANES: Final = "SELECT DISTINCT lane FROM tally WHERE phase = 'ready' AND n > 0 ORDER BY lane"

# -- messages
#: What a message is born with and what most messages need; the columns left out have their defaults.
_PLAIN: Final = (
    "id, recipient, text, fingerprint, priority, encoding, dlr, on_unknown, segments, created_at, expires_at,"
    " lane, phase, state, due_at, updated_at, valid_for"
)
#: What only some messages are born with.
_SPECIAL: Final = (
    "group_id, data, port, originator, sim, flash, options, metadata, user_properties, response_topic, correlation,"
    " send_at, ephemeral"
)
#: What else changes in a message's life.
_PROGRESS: Final = (
    "final, gateway, attempt, first_attempt, rounds, tries_here, segments_delivered, gateway_references,"
    " expected_reference, submitted_at, possible_duplicate, error"
)
#: The columns of a message, in the order in which ``message_from_row`` of ``message_rows.py`` takes them.
_MESSAGE: Final = f"row, {_PLAIN}, {_SPECIAL}, {_PROGRESS}"

ADD_PLAIN_MESSAGE: Final = f"INSERT INTO messages ({_PLAIN}) VALUES (?{', ?' * _PLAIN.count(',')})"
ADD_MESSAGE: Final = (
    f"INSERT INTO messages ({_PLAIN}, {_SPECIAL}, {_PROGRESS})"
    f" VALUES (?{', ?' * (f'{_PLAIN}, {_SPECIAL}, {_PROGRESS}'.count(','))})"
)
SAVE_MESSAGE: Final = (
    "UPDATE messages SET expires_at = ?, lane = ?, phase = ?, state = ?, due_at = ?, updated_at = ?, final = ?,"
    " gateway = ?, attempt = ?, first_attempt = ?, rounds = ?, tries_here = ?, segments_delivered = ?,"
    " gateway_references = ?, expected_reference = ?, submitted_at = ?, possible_duplicate = ?, error = ? WHERE row = ?"
)
ERASE_TEXT: Final = "UPDATE messages SET text = NULL, data = NULL WHERE row = ?"
MESSAGE: Final = f"SELECT {_MESSAGE} FROM messages WHERE row = ?"
MESSAGE_BY_ID: Final = f"SELECT {_MESSAGE} FROM messages WHERE id = ?"
GROUP: Final = f"SELECT {_MESSAGE} FROM messages WHERE group_id = ? ORDER BY row"
READY: Final = (
    f"SELECT {_MESSAGE} FROM messages WHERE phase = 'ready' AND lane = ? ORDER BY priority DESC, row LIMIT ?"
)
DUE: Final = f"SELECT {_MESSAGE} FROM messages WHERE due_at <= ? ORDER BY due_at, row LIMIT ?"
NEXT_DUE: Final = "SELECT due_at FROM messages WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"

#: The phases that the index messages_open holds; a query must repeat its condition to use it.
OPEN_PHASES: Final = ("waiting", "submitting", "unknown", "held")
_OPEN: Final = "phase IN ('waiting', 'submitting', 'unknown', 'held')"
IN_OPEN_PHASE: Final = (
    f"SELECT {_MESSAGE} FROM messages WHERE {_OPEN} AND phase = ?1 AND (?2 IS NULL OR gateway = ?2)"
    " ORDER BY row"
)
IN_PHASE: Final = (
    f"SELECT {_MESSAGE} FROM messages WHERE phase = ?1 AND (?2 IS NULL OR gateway = ?2) ORDER BY row"
)
FIND: Final = (
    f"SELECT {_MESSAGE} FROM messages WHERE row < ?1 AND created_at >= ?2 AND (?3 IS NULL OR state = ?3)"
    " ORDER BY row DESC LIMIT ?4"
)
FIND_RECIPIENT: Final = (
    f"SELECT {_MESSAGE} FROM messages WHERE row < ?1 AND created_at >= ?2 AND (?3 IS NULL OR state = ?3)"
    " AND recipient = ?5 ORDER BY row DESC LIMIT ?4"
)
COUNT_RECENT: Final = "SELECT count(*) FROM messages WHERE recipient = ? AND created_at >= ?"
QUEUE_DEPTH: Final = "SELECT state, sum(n) FROM tally WHERE phase <> 'held' AND n > 0 GROUP BY state"
QUEUE_BY_LANE: Final = (
    "SELECT lane, sum(n) FROM tally WHERE phase IN ('ready', 'waiting', 'submitting', 'unknown') AND n > 0"
    " GROUP BY lane"
)
#: The oldest ready message of each lane and priority is the first entry of its stretch of messages_ready.
OLDEST_READY: Final = """
SELECT min((SELECT created_at FROM messages
            WHERE phase = 'ready' AND lane = ready.lane AND priority = priorities.column1 ORDER BY row LIMIT 1))
FROM (SELECT DISTINCT lane FROM tally WHERE phase = 'ready' AND n > 0) AS ready,
     (VALUES (0), (1), (2), (3)) AS priorities
"""
OLDEST_WAITING: Final = (
    f"SELECT created_at FROM messages WHERE {_OPEN} AND phase = 'waiting' ORDER BY row LIMIT 1"
)

# -- segments and reports
_SEGMENT: Final = "message_row, attempt, seqno, gateway, reference, recipient, taken_at, outcome"
ADD_SEGMENT: Final = f"INSERT OR REPLACE INTO segments ({_SEGMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
SEGMENTS: Final = f"SELECT {_SEGMENT} FROM segments WHERE message_row = ? ORDER BY attempt, seqno"
SEGMENTS_BY_REFERENCE: Final = (
    f"SELECT {_SEGMENT} FROM segments WHERE gateway = ? AND reference = ? AND taken_at >= ?"
    " ORDER BY taken_at DESC"
)
REFERENCES_SINCE: Final = "SELECT DISTINCT reference FROM segments WHERE gateway = ? AND taken_at >= ?"
OPEN_SEGMENTS: Final = f"""
SELECT {", ".join(f"segments.{column}" for column in _SEGMENT.split(", "))}
FROM messages JOIN segments ON segments.message_row = messages.row
    AND segments.attempt >= messages.first_attempt AND segments.gateway = messages.gateway
WHERE messages.due_at IS NOT NULL AND messages.phase = 'reporting' AND messages.gateway = ?
    AND (segments.outcome IS NULL OR segments.outcome IN ('accepted', 'sent'))
ORDER BY messages.row DESC, segments.seqno LIMIT ?
"""
SAVE_SEGMENT: Final = "UPDATE segments SET outcome = ? WHERE message_row = ? AND attempt = ? AND seqno = ?"

#: The wall clock was set: durations keep their length, schedules their time of day.
MOVE_MESSAGES: Final = (
    "UPDATE messages SET expires_at = expires_at + ?1, due_at = due_at + ?1"
    " WHERE phase NOT IN ('done', 'scheduled')"
)
MOVE_PARTS: Final = "UPDATE parts SET received_at = received_at + ?1"

_REPORT: Final = "gateway, reference, recipient, state, error, submitted_at, seen_at"
ADD_REPORT: Final = f"""
INSERT INTO reports ({_REPORT}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
WHERE NOT EXISTS (SELECT 1 FROM reports WHERE gateway = ?1 AND reference = ?2 AND recipient IS ?3 AND state IS ?4
                  AND error IS ?5 AND submitted_at IS ?6)
"""
REPORTS: Final = (
    f"SELECT row, {_REPORT} FROM reports WHERE gateway = ? AND reference = ? AND seen_at >= ?"
    " ORDER BY seen_at, row"
)
RECENT_REPORTS: Final = (
    f"SELECT row, {_REPORT} FROM reports WHERE gateway = ? AND seen_at >= ? ORDER BY seen_at, row"
)
REMOVE_REPORT: Final = "DELETE FROM reports WHERE row = ?"

# -- events
_EVENT: Final = "seq, kind, body, copies, message_row, inbound_group"
ADD_EVENT: Final = (
    "INSERT INTO events (kind, body, copies, message_row, inbound_group, at) VALUES (?, ?, ?, ?, ?, ?)"
)
UNPUBLISHED: Final = f"SELECT {_EVENT} FROM events WHERE published = 0 AND seq > ? ORDER BY seq LIMIT ?"
MARK_PUBLISHED: Final = "UPDATE events SET published = 1 WHERE seq = ? AND published = 0"
EVENTS_AFTER: Final = f"SELECT {_EVENT} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF: Final = f"SELECT {_EVENT} FROM events WHERE message_row = ? ORDER BY seq"

# -- inbound
NEXT_INBOUND_GROUP: Final = "UPDATE identity SET inbound_group = inbound_group + 1"
INBOUND_GROUP: Final = "SELECT inbound_group FROM identity"
_PART: Final = "group_number, gateway, kind, concat_key, total, seqno, raw, received_at"
ADD_PART: Final = f"INSERT INTO parts ({_PART}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
OPEN_PARTS: Final = (
    f"SELECT row, {_PART} FROM parts WHERE gateway = ? AND concat_key = ? ORDER BY group_number, seqno, row"
)
OVERDUE_PARTS: Final = (
    f"SELECT row, {_PART} FROM parts WHERE group_number IN (SELECT group_number FROM parts WHERE received_at < ?)"
    " ORDER BY group_number, seqno, row"
)
FIRST_OPEN_PART: Final = "SELECT min(received_at) FROM parts"
REMOVE_PARTS: Final = "DELETE FROM parts WHERE group_number = ?"

_SOURCE: Final = "gateway, sim, storage, place, pdu, group_number, state"
SOURCE: Final = f"SELECT {_SOURCE} FROM sources WHERE gateway = ? AND sim = ? AND storage = ? AND place = ?"
ADD_SOURCE: Final = f"INSERT OR REPLACE INTO sources ({_SOURCE}) VALUES (?, ?, ?, ?, ?, ?, ?)"
SOURCES: Final = f"SELECT {_SOURCE} FROM sources WHERE gateway = ? AND sim = ? ORDER BY storage, place"
SOURCES_OF_GROUP: Final = (
    f"SELECT {_SOURCE} FROM sources WHERE group_number = ? ORDER BY gateway, sim, storage, place"
)
REMOVE_SOURCE: Final = "DELETE FROM sources WHERE gateway = ? AND sim = ? AND storage = ? AND place = ?"
RECENT_CONTENT: Final = "SELECT 1 FROM contents WHERE gateway = ? AND digest = ? AND at >= ?"
REMEMBER_CONTENT: Final = "INSERT OR REPLACE INTO contents (gateway, digest, at) VALUES (?, ?, ?)"

# -- counters
COUNT: Final = (
    "INSERT INTO counters (period, scope, n) VALUES (?, ?, ?)"
    " ON CONFLICT (period, scope) DO UPDATE SET n = n + excluded.n RETURNING n"
)
COUNTER: Final = "SELECT n FROM counters WHERE period = ? AND scope = ?"
COUNTERS: Final = "SELECT scope, n FROM counters WHERE period = ?"

# -- housekeeping: each takes the limit's time, then how many rows at most
PURGE_MESSAGES: Final = (
    "DELETE FROM messages WHERE row IN"
    " (SELECT row FROM messages WHERE phase = 'done' AND updated_at < ? ORDER BY updated_at LIMIT ?)"
)
PURGE_EVENTS: Final = (
    "DELETE FROM events WHERE seq IN"
    " (SELECT seq FROM events WHERE published = 1 AND at < ? ORDER BY at LIMIT ?)"
)
PURGE_REPORTS: Final = (
    "DELETE FROM reports WHERE row IN (SELECT row FROM reports WHERE seen_at < ? ORDER BY seen_at LIMIT ?)"
)
PURGE_CONTENTS: Final = (
    "DELETE FROM contents WHERE (gateway, digest) IN"
    " (SELECT gateway, digest FROM contents WHERE at < ? ORDER BY at LIMIT ?)"
)
#: Takes a period instead of a time.
PURGE_COUNTERS: Final = (
    "DELETE FROM counters WHERE (period, scope) IN"
    " (SELECT period, scope FROM counters WHERE period < ? ORDER BY period LIMIT ?)"
)
