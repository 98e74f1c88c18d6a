// SQL of what a tenant's object keeps of its sockets, wherever the log itself lies: subscriptions
// outlive the object's memory, as the sockets do. The rules are in records/statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

inline constexpr Sql kCreateEventSocket{"CreateEventSocket", R"sql(
CREATE TABLE IF NOT EXISTS event_socket (
  id INTEGER NOT NULL PRIMARY KEY,
  access_key INTEGER NOT NULL
) STRICT)sql"};

// The log of `key` from `first` on was asked for. What lies before `next` was sent, and what is
// written is sent at once, unless the subscription is `behind`: then it is sent in pages first. One
// with an end, `until`, fetches what lies before another one's first, and then it is gone.
inline constexpr Sql kCreateEventSubscription{"CreateEventSubscription", R"sql(
CREATE TABLE IF NOT EXISTS event_subscription (
  id INTEGER NOT NULL PRIMARY KEY,
  socket INTEGER NOT NULL,
  key TEXT NOT NULL,
  first INTEGER NOT NULL,
  next INTEGER NOT NULL,
  until INTEGER,
  behind INTEGER NOT NULL
) STRICT)sql"};
inline constexpr Sql kIndexEventSubscription{
    "IndexEventSubscription",
    "CREATE INDEX IF NOT EXISTS event_subscription_key ON event_subscription (key, socket)"};
inline constexpr Sql kIndexEventSubscriber{
    "IndexEventSubscriber",
    "CREATE INDEX IF NOT EXISTS event_subscription_socket ON event_subscription (socket)"};
inline constexpr Sql kIndexEventBehind{
    "IndexEventBehind",
    "CREATE INDEX IF NOT EXISTS event_subscription_behind ON event_subscription (id)\n"
    "WHERE behind = 1"};

// Parts of messages that are not whole yet.
inline constexpr Sql kCreateEventChunk{"CreateEventChunk", R"sql(
CREATE TABLE IF NOT EXISTS event_chunk (
  socket INTEGER NOT NULL,
  id INTEGER NOT NULL,
  part INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  at INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (socket, id, part)
) STRICT, WITHOUT ROWID)sql"};

// ?1 the sockets that there are, a JSON array: the others went away with an earlier life of the
// object.
inline constexpr Sql kForgetLostSockets{
    "ForgetLostSockets",
    "DELETE FROM event_socket WHERE id NOT IN (SELECT value FROM json_each(?1))"};
inline constexpr Sql kForgetLostSubscriptions{
    "ForgetLostSubscriptions",
    "DELETE FROM event_subscription WHERE socket NOT IN (SELECT id FROM event_socket)"};
inline constexpr Sql kForgetLostChunks{
    "ForgetLostChunks",
    "DELETE FROM event_chunk WHERE socket NOT IN (SELECT id FROM event_socket)"};

// ?1 socket, ?2 access key; 0 for none.
inline constexpr Sql kAddEventSocket{
    "AddEventSocket",
    "INSERT INTO event_socket (id, access_key) VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER))"};

// ?1 socket.
inline constexpr Sql kRemoveEventSocket{"RemoveEventSocket",
                                        "DELETE FROM event_socket WHERE id = CAST(?1 AS INTEGER)"};
inline constexpr Sql kRemoveSubscriptions{
    "RemoveSubscriptions", "DELETE FROM event_subscription WHERE socket = CAST(?1 AS INTEGER)"};
inline constexpr Sql kRemoveChunks{"RemoveChunks",
                                   "DELETE FROM event_chunk WHERE socket = CAST(?1 AS INTEGER)"};

// ?1 access key: the sockets that it let in.
inline constexpr Sql kSocketsOfAccessKey{
    "SocketsOfAccessKey", "SELECT id FROM event_socket WHERE access_key = CAST(?1 AS INTEGER)"};

// ?1 key, ?2 socket: its subscription, if it has one.
inline constexpr Sql kReadSubscription{"ReadSubscription", R"sql(
SELECT id, first FROM event_subscription
WHERE key = ?1 AND socket = CAST(?2 AS INTEGER) AND until IS NULL)sql"};

// ?1 socket.
inline constexpr Sql kCountSubscriptions{
    "CountSubscriptions",
    "SELECT count(*) FROM event_subscription WHERE socket = CAST(?1 AS INTEGER)"};

// ?1 socket, ?2 key, ?3 first, ?4 until, ?5 whether it is behind; nothing for one that has left.
inline constexpr Sql kSubscribe{"Subscribe", R"sql(
INSERT INTO event_subscription (socket, key, first, next, until, behind)
SELECT id, ?2, CAST(?3 AS INTEGER), CAST(?3 AS INTEGER), CAST(?4 AS INTEGER), CAST(?5 AS INTEGER)
FROM event_socket WHERE id = CAST(?1 AS INTEGER))sql"};

// ?1 subscription, ?2 its first from now on.
inline constexpr Sql kWidenSubscription{
    "WidenSubscription",
    "UPDATE event_subscription SET first = CAST(?2 AS INTEGER) WHERE id = CAST(?1 AS INTEGER)"};

// ?1 socket, ?2 key.
inline constexpr Sql kUnsubscribe{
    "Unsubscribe",
    "DELETE FROM event_subscription WHERE key = ?2 AND socket = CAST(?1 AS INTEGER)"};

// ?1 key, ?2 the socket that writes: those who get at once what it writes.
inline constexpr Sql kListSubscribers{"ListSubscribers", R"sql(
SELECT socket FROM event_subscription
WHERE key = ?1 AND socket <> CAST(?2 AS INTEGER) AND behind = 0)sql"};

// ?1 key, ?2 the socket that writes, ?3 the first sequence of what it wrote: those who get it in
// pages.
inline constexpr Sql kFallBehind{"FallBehind", R"sql(
UPDATE event_subscription SET behind = 1, next = CAST(?3 AS INTEGER)
WHERE key = ?1 AND socket <> CAST(?2 AS INTEGER) AND behind = 0)sql"};

// ?1 a subscription: the next that is behind, in turn.
inline constexpr Sql kNextBehind{"NextBehind", R"sql(
SELECT id, socket, key, next, until FROM event_subscription
WHERE behind = 1 AND id > CAST(?1 AS INTEGER) ORDER BY id LIMIT 1)sql"};

// ?1 subscription, ?2 the next sequence to be sent, ?3 whether it is still behind.
inline constexpr Sql kAdvanceSubscription{"AdvanceSubscription", R"sql(
UPDATE event_subscription SET next = CAST(?2 AS INTEGER), behind = CAST(?3 AS INTEGER)
WHERE id = CAST(?1 AS INTEGER))sql"};

// ?1 subscription.
inline constexpr Sql kEndSubscription{
    "EndSubscription", "DELETE FROM event_subscription WHERE id = CAST(?1 AS INTEGER)"};

// ?1 a key, ?2 how many: those that are followed and come after it, as a JSON array, and the last.
inline constexpr Sql kListSubscribedKeys{"ListSubscribedKeys", R"sql(
SELECT json_group_array(key), max(key) FROM (
  SELECT DISTINCT key FROM event_subscription WHERE key > ?1
  ORDER BY key LIMIT CAST(?2 AS INTEGER)))sql"};

// ?1 key, ?2 the log's last sequence: those that have not got it are behind.
inline constexpr Sql kMarkBehind{"MarkBehind", R"sql(
UPDATE event_subscription SET behind = 1
WHERE key = ?1 AND behind = 0 AND next <= CAST(?2 AS INTEGER))sql"};

// ?1 socket: its chunks and their bytes; the bytes of all sockets' chunks, and how many they are.
inline constexpr Sql kMeasureChunks{"MeasureChunks", R"sql(
SELECT count(*) FILTER (WHERE socket = CAST(?1 AS INTEGER)),
  total(length(data)) FILTER (WHERE socket = CAST(?1 AS INTEGER)), total(length(data)), count(*)
FROM event_chunk)sql"};

// ?1 socket, ?2 id, ?3 part, ?4 parts, ?5 now, ?6 data. One that comes again is ignored.
inline constexpr Sql kKeepChunk{"KeepChunk", R"sql(
INSERT INTO event_chunk (socket, id, part, parts, at, data)
VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), CAST(?3 AS INTEGER), CAST(?4 AS INTEGER),
        CAST(?5 AS INTEGER), ?6)
ON CONFLICT DO NOTHING)sql"};

// ?1 socket, ?2 id: how many of its parts are here, and of how many they say they are.
inline constexpr Sql kCountParts{"CountParts", R"sql(
SELECT count(*), min(parts), max(parts) FROM event_chunk
WHERE socket = CAST(?1 AS INTEGER) AND id = CAST(?2 AS INTEGER))sql"};

// ?1 socket, ?2 id.
inline constexpr Sql kReadChunks{"ReadChunks", R"sql(
SELECT data FROM event_chunk
WHERE socket = CAST(?1 AS INTEGER) AND id = CAST(?2 AS INTEGER) ORDER BY part)sql"};
inline constexpr Sql kForgetChunks{"ForgetChunks", R"sql(
DELETE FROM event_chunk WHERE socket = CAST(?1 AS INTEGER) AND id = CAST(?2 AS INTEGER))sql"};

// The oldest chunk, when it came, and its socket.
inline constexpr Sql kOldestChunk{"OldestChunk", "SELECT min(at), socket FROM event_chunk"};

}  // namespace tidemark::sql
