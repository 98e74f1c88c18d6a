// SQL of the coordinator's own store: the shards that are registered, where keys were placed, how
// large and how full shards are, and numbers that were given. Numbers are bound as doubles by
// JavaScript: CAST(?n AS INTEGER).

#pragma once

#include <string_view>

#include "engine/command.h"

namespace tidemark::sql {

inline constexpr Sql kCreateCoordinator{"CreateCoordinator", R"sql(
CREATE TABLE IF NOT EXISTS coordinator (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  strategy TEXT NOT NULL,
  position INTEGER NOT NULL
) STRICT)sql"};

// In the order in which they were registered. `keys` counts what was placed there; of a shard that
// has slots it is what the shard said.
inline constexpr Sql kCreateCoordinatorShard{"CreateCoordinatorShard", R"sql(
CREATE TABLE IF NOT EXISTS coordinator_shard (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  keys INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT)sql"};

// Names that were taken out of use, the last thousand: until one is registered again, no caller who
// still has it brings it back.
inline constexpr Sql kCreateRetiredShard{"CreateRetiredShard", R"sql(
CREATE TABLE IF NOT EXISTS retired_shard (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT)sql"};

// The directory: SHA-256 of a key, and the name of its shard, registered or not.
inline constexpr Sql kCreateDirectory{"CreateDirectory", R"sql(
CREATE TABLE IF NOT EXISTS placed (
  hash BLOB NOT NULL PRIMARY KEY,
  shard TEXT NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// Keys that were led elsewhere lately: whoever goes by KV may not see it yet.
inline constexpr Sql kCreateMovedKeys{"CreateMovedKeys", R"sql(
CREATE TABLE IF NOT EXISTS moved_key (
  hash BLOB NOT NULL PRIMARY KEY,
  shard TEXT NOT NULL,
  moved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// `next` is the first number that nobody was given.
inline constexpr Sql kCreateSequence{"CreateSequence", R"sql(
CREATE TABLE IF NOT EXISTS sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// Of shards that have slots: when their keys were counted, or that was tried.
inline constexpr Sql kCreateCountTries{"CreateCountTries", R"sql(
CREATE TABLE IF NOT EXISTS count_try (
  shard TEXT NOT NULL PRIMARY KEY,
  tried_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateCountTriesAt{
    "CreateCountTriesAt", "CREATE INDEX IF NOT EXISTS count_try_at ON count_try (tried_at)"};

// How large a shard is, as somebody told; NULL: it does not tell.
inline constexpr Sql kCreateShardSizes{"CreateShardSizes", R"sql(
CREATE TABLE IF NOT EXISTS shard_size (
  shard TEXT NOT NULL PRIMARY KEY,
  bytes INTEGER,
  noted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kReadCoordinator{"ReadCoordinator",
                                      "SELECT strategy, position FROM coordinator WHERE id = 1"};

// ?1 strategy, ?2 position.
inline constexpr Sql kWriteCoordinator{"WriteCoordinator", R"sql(
INSERT INTO coordinator (id, strategy, position) VALUES (1, ?1, CAST(?2 AS INTEGER))
ON CONFLICT (id) DO UPDATE SET strategy = excluded.strategy, position = excluded.position)sql"};

inline constexpr Sql kReadCoordinatorShards{
    "ReadCoordinatorShards", "SELECT name, keys, updated_at FROM coordinator_shard ORDER BY id"};

// ?1 name, ?2 keys, ?3 now.
inline constexpr Sql kWriteCoordinatorShard{"WriteCoordinatorShard", R"sql(
INSERT INTO coordinator_shard (name, keys, updated_at)
VALUES (?1, CAST(?2 AS INTEGER), CAST(?3 AS INTEGER))
ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, updated_at = excluded.updated_at)sql"};

inline constexpr Sql kRemoveCoordinatorShard{"RemoveCoordinatorShard",
                                             "DELETE FROM coordinator_shard WHERE name = ?1"};

// ?1 name.
inline constexpr Sql kRetireShard{"RetireShard",
                                  "INSERT OR REPLACE INTO retired_shard (name) VALUES (?1)"};
inline constexpr Sql kPruneRetiredShards{
    "PruneRetiredShards",
    "DELETE FROM retired_shard WHERE id <= (SELECT max(id) - 1000 FROM retired_shard)"};
inline constexpr Sql kRestoreShard{"RestoreShard", "DELETE FROM retired_shard WHERE name = ?1"};
// ?1 a JSON array of names: those of them that are retired.
inline constexpr Sql kReadRetiredShards{
    "ReadRetiredShards",
    "SELECT r.name FROM json_each(?1) e CROSS JOIN retired_shard r ON r.name = e.value"};

// ?1 name: keys that were placed there, when it is registered anew.
inline constexpr Sql kCountDirectory{"CountDirectory",
                                     "SELECT count(*) FROM placed WHERE shard = ?1"};

// ?1 hash.
inline constexpr Sql kReadDirectory{"ReadDirectory", "SELECT shard FROM placed WHERE hash = ?1"};

// ?1 hash, ?2 shard.
inline constexpr Sql kWriteDirectory{"WriteDirectory",
                                     "INSERT INTO placed (hash, shard) VALUES (?1, ?2)\n"
                                     "ON CONFLICT (hash) DO UPDATE SET shard = excluded.shard"};

// ?1 hash.
inline constexpr Sql kReadMovedKey{"ReadMovedKey",
                                   "SELECT shard, moved_at FROM moved_key WHERE hash = ?1"};

// ?1 hash, ?2 shard, ?3 now.
inline constexpr Sql kWriteMovedKey{"WriteMovedKey", R"sql(
INSERT INTO moved_key (hash, shard, moved_at) VALUES (?1, ?2, CAST(?3 AS INTEGER))
ON CONFLICT (hash) DO UPDATE SET shard = excluded.shard, moved_at = excluded.moved_at)sql"};

// ?1 a time: those of before are settled.
inline constexpr Sql kPruneMovedKeys{"PruneMovedKeys",
                                     "DELETE FROM moved_key WHERE moved_at < CAST(?1 AS INTEGER)"};

inline constexpr Sql kForgetMovedKey{"ForgetMovedKey", "DELETE FROM moved_key WHERE hash = ?1"};

inline constexpr Sql kForgetDirectory{"ForgetDirectory", "DELETE FROM placed WHERE hash = ?1"};

// ?1 name: the next number, if any, and how many sequences there are.
inline constexpr Sql kReadSequence{
    "ReadSequence",
    "SELECT (SELECT next FROM sequence WHERE name = ?1), (SELECT count(*) FROM sequence)"};

// ?1 name, ?2 the next number.
inline constexpr Sql kWriteSequence{
    "WriteSequence",
    "INSERT INTO sequence (name, next) VALUES (?1, CAST(?2 AS INTEGER))\n"
    "ON CONFLICT (name) DO UPDATE SET next = excluded.next"};

// Shards of an installed slot table that are to be counted, those that wait longest first: ?1 if
// they were asked then at the latest, ?2 unless any was asked since, ?3 how many.
inline constexpr Sql kReadCountsDue{"ReadCountsDue", R"sql(
SELECT s.name
FROM slot_table AS t CROSS JOIN json_each(t.text, '$.shards') AS e
  CROSS JOIN coordinator_shard AS s ON s.name = e.value
  LEFT JOIN count_try AS c ON c.shard = s.name
WHERE t.id = 1 AND t.installed = 1 AND coalesce(c.tried_at, 0) <= CAST(?1 AS INTEGER)
  AND NOT EXISTS (SELECT 1 FROM count_try AS n WHERE n.tried_at > CAST(?2 AS INTEGER))
ORDER BY coalesce(c.tried_at, 0), s.id LIMIT CAST(?3 AS INTEGER))sql"};
// ?1 name, ?2 now. Nothing where it is registered no more.
inline constexpr Sql kNoteCountTry{"NoteCountTry", R"sql(
INSERT OR REPLACE INTO count_try (shard, tried_at)
SELECT name, CAST(?2 AS INTEGER) FROM coordinator_shard WHERE name = ?1)sql"};
// ?1 name, ?2 keys, ?3 now.
inline constexpr Sql kNoteCount{"NoteCount", R"sql(
UPDATE coordinator_shard SET keys = CAST(?2 AS INTEGER), updated_at = CAST(?3 AS INTEGER)
WHERE name = ?1)sql"};
inline constexpr Sql kDropCountTry{"DropCountTry", "DELETE FROM count_try WHERE shard = ?1"};

inline constexpr Sql kReadShardSizes{"ReadShardSizes",
                                     "SELECT shard, bytes, noted_at FROM shard_size"};
// ?1 a JSON object of bytes, or null, by shard, ?2 now, ?3 a time, ?4 bytes. Only of registered
// shards, and where something is noted only if it is no younger than that time, or on the other
// side of those bytes.
inline constexpr Sql kNoteShardSizes{"NoteShardSizes", R"sql(
INSERT INTO shard_size (shard, bytes, noted_at)
SELECT s.name, CAST(e.value AS INTEGER), CAST(?2 AS INTEGER)
FROM json_each(?1) AS e CROSS JOIN coordinator_shard AS s ON s.name = e.key
WHERE true
ON CONFLICT (shard) DO UPDATE SET bytes = excluded.bytes, noted_at = excluded.noted_at
WHERE shard_size.noted_at <= CAST(?3 AS INTEGER)
  OR (coalesce(shard_size.bytes, 0) > CAST(?4 AS INTEGER))
    <> (coalesce(excluded.bytes, 0) > CAST(?4 AS INTEGER)))sql"};
inline constexpr Sql kDropShardSize{"DropShardSize", "DELETE FROM shard_size WHERE shard = ?1"};

inline constexpr Sql kClearCountTries{"ClearCountTries", "DELETE FROM count_try"};
inline constexpr Sql kClearShardSizes{"ClearShardSizes", "DELETE FROM shard_size"};
inline constexpr Sql kClearCoordinator{"ClearCoordinator", "DELETE FROM coordinator_shard"};
inline constexpr Sql kClearRetired{"ClearRetired", "DELETE FROM retired_shard"};
inline constexpr Sql kClearDirectory{"ClearDirectory", "DELETE FROM placed"};
inline constexpr Sql kClearMovedKeys{"ClearMovedKeys", "DELETE FROM moved_key"};
inline constexpr Sql kClearSequences{"ClearSequences", "DELETE FROM sequence"};

// For the test that reads their plans: with the table that each may read in full, for its reason.
struct CoordinatorStatement {
  Sql sql;
  std::string_view scans;
};
inline constexpr CoordinatorStatement kCoordinatorStatements[] = {
    {kCreateCoordinator, ""},
    {kCreateCoordinatorShard, ""},
    {kCreateRetiredShard, ""},
    {kCreateDirectory, ""},
    {kCreateSequence, ""},
    {kCreateCountTries, ""},
    {kCreateCountTriesAt, ""},
    {kCreateShardSizes, ""},
    {kReadCoordinator, ""},
    {kWriteCoordinator, ""},
    {kReadCoordinatorShards, "coordinator_shard"},  // a thousand at most
    {kWriteCoordinatorShard, ""},
    {kRemoveCoordinatorShard, ""},
    {kRetireShard, ""},
    {kPruneRetiredShards, ""},
    {kRestoreShard, ""},
    {kReadRetiredShards, "e"},    // the request's own
    {kCountDirectory, "placed"},  // when a shard is registered, which is rare
    {kReadDirectory, ""},
    {kWriteDirectory, ""},
    {kForgetDirectory, ""},
    {kCreateMovedKeys, ""},
    {kReadMovedKey, ""},
    {kWriteMovedKey, ""},
    {kPruneMovedKeys, "moved_key"},  // those of ten minutes
    {kForgetMovedKey, ""},
    {kClearMovedKeys, ""},
    {kReadSequence, "sequence"},  // ten thousand at most
    {kWriteSequence, ""},
    {kReadCountsDue, "e"},  // a thousand at most
    {kNoteCountTry, ""},
    {kNoteCount, ""},
    {kDropCountTry, ""},
    {kReadShardSizes, "shard_size"},  // a thousand at most
    {kNoteShardSizes, "e"},           // the request's own
    {kDropShardSize, ""},
    {kClearCountTries, ""},
    {kClearShardSizes, ""},
    {kClearCoordinator, ""},
    {kClearRetired, ""},
    {kClearDirectory, ""},
    {kClearSequences, ""},
};

}  // namespace tidemark::sql
