// SQL of a space: its tables and its state as a whole. The rules are in statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// `seq` is the space's counter: each stored change takes the next one. `first_seq` is the one at
// which the record (re)appeared. `parent` is the id that the parent column holds. `fields` holds
// the stamps of single fields where a collection merges by field. `written_at` is the server's
// time.
inline constexpr Sql kCreateRecords{"CreateRecords", R"sql(
CREATE TABLE IF NOT EXISTS records (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  device TEXT NOT NULL,
  seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  parent TEXT,
  fields TEXT,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateRecordsSeq{"CreateRecordsSeq",
                                       "CREATE INDEX IF NOT EXISTS records_seq ON records (seq)"};

inline constexpr Sql kCreateTombstones{
    "CreateTombstones",
    "CREATE INDEX IF NOT EXISTS records_tombstones ON records (seq) WHERE deleted = 1"};

// What a merge overwrote or refused: kept so that nothing is lost in silence. `owner` is whose
// record it is, where the space holds only a copy.
inline constexpr Sql kCreateHistory{"CreateHistory", R"sql(
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY,
  collection TEXT NOT NULL,
  record_id TEXT NOT NULL,
  data TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  device TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  owner TEXT
) STRICT)sql"};

inline constexpr Sql kCreateHistoryRecord{
    "CreateHistoryRecord",
    "CREATE INDEX IF NOT EXISTS history_record ON history (collection, record_id, updated_at)"};

// The stamp given to a delta whose own was too far ahead, so that its replay gets the same one.
inline constexpr Sql kCreateClaims{"CreateClaims", R"sql(
CREATE TABLE IF NOT EXISTS claims (
  device TEXT NOT NULL,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  claimed_counter INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  PRIMARY KEY (device, collection, id, claimed_at, claimed_counter)
) STRICT, WITHOUT ROWID)sql"};

// Rows that D1 refused: reported, tried again, and never in the way of the others.
inline constexpr Sql kCreateSetAside{"CreateSetAside", R"sql(
CREATE TABLE IF NOT EXISTS set_aside (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateMeta{"CreateMeta", R"sql(
CREATE TABLE IF NOT EXISTS meta (
  key TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// ?1 key, ?2 value: what a space is told once.
inline constexpr Sql kCreateOnce{"CreateOnce",
                                 "INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)"};

// The space's counter. It counts copies of others' records too, and pruned tombstones, so that it
// never goes back.
#define TIDEMARK_HEAD                                    \
  "max(coalesce((SELECT max(seq) FROM records), 0),"     \
  " coalesce((SELECT max(seq) FROM shared_records), 0)," \
  " coalesce((SELECT value FROM meta WHERE key = 'pruned_seq'), 0))"

// What every request starts from. ?1 the device: whether its clock ever ran ahead.
inline constexpr Sql kReadSpace{"ReadSpace", R"sql(
SELECT
  (SELECT value FROM meta WHERE key = 'epoch'),
  )sql" TIDEMARK_HEAD R"sql(,
  coalesce((SELECT value FROM meta WHERE key = 'pruned_seq'), 0),
  coalesce((SELECT value FROM meta WHERE key = 'horizon_ms'), 0),
  coalesce((SELECT value FROM meta WHERE key = 'projected_seq'), 0),
  EXISTS (SELECT 1 FROM claims WHERE device = ?1),
  (SELECT max(seq) FROM shared_records) IS NOT NULL,
  (SELECT min(plan_id) FROM plan_shares) IS NOT NULL)sql"};

inline constexpr Sql kWriteMeta{
    "WriteMeta",
    "INSERT INTO meta (key, value) VALUES (?1, CAST(?2 AS INTEGER))\n"
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value"};

inline constexpr Sql kReadMeta{"ReadMeta", "SELECT value FROM meta WHERE key = ?1"};

}  // namespace tidemark::sql
