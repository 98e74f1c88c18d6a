// SQL of a document's object: its tables, and what stands for the document as a whole. The rules
// are in records/statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// A member of the document. `kind` 0 is a value, with its text; 1 is a collection. Members come in
// the order of their places, which no two share.
inline constexpr Sql kCreateMember{"CreateMember", R"sql(
CREATE TABLE IF NOT EXISTS member (
  key TEXT NOT NULL PRIMARY KEY,
  place INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  value TEXT,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// A record. `data` is its text as it came, NULL once it is deleted: its version is kept for a
// while, so that who has not seen the deletion does not undo it. `before` is the version that this
// one followed. Records come in the order of their places, all above 0; no two that are there
// share one. That of a deletion is 0.
inline constexpr Sql kCreateRecord{"CreateRecord", R"sql(
CREATE TABLE IF NOT EXISTS record (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  before INTEGER,
  data TEXT,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID)sql"};

// Of those that are there, by what only adding, moving and deleting changes: were it `data`, each
// change of a record would write the index too. Whoever wants it says `place > 0`.
inline constexpr Sql kCreateRecordPlace{
    "CreateRecordPlace",
    "CREATE INDEX IF NOT EXISTS record_place ON record (collection, place) WHERE place > 0"};

// Deletions, the oldest first: so they are found to be forgotten.
inline constexpr Sql kCreateRecordDeleted{
    "CreateRecordDeleted",
    "CREATE INDEX IF NOT EXISTS record_deleted ON record (version) WHERE data IS NULL"};

// One row a write, before it is answered; several parts only where it is large. `n` counts the
// rows, `seq` is the document's version. The newest row stays when it has been sent on: `records`
// and `bytes` are what the document had after it.
inline constexpr Sql kCreateJournal{"CreateJournal", R"sql(
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  entry TEXT NOT NULL,
  activity TEXT
) STRICT)sql"};

// What a write touched of the moment that is being copied: so the copy can take its time.
inline constexpr Sql kCreateFrozen{"CreateFrozen", R"sql(
CREATE TABLE IF NOT EXISTS frozen (
  collection TEXT NOT NULL,
  place INTEGER NOT NULL,
  id TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (collection, place)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateFrozenMember{"CreateFrozenMember", R"sql(
CREATE TABLE IF NOT EXISTS frozen_member (
  place INTEGER NOT NULL PRIMARY KEY,
  key TEXT NOT NULL,
  kind INTEGER NOT NULL,
  value TEXT
) STRICT)sql"};

// A whole document on its way in. `stage` tells apart what comes by a request, from a backup and
// from the manifest.
inline constexpr Sql kCreateStaged{"CreateStaged", R"sql(
CREATE TABLE IF NOT EXISTS staged (
  stage INTEGER NOT NULL,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  place INTEGER NOT NULL,
  data TEXT NOT NULL,
  shard TEXT,
  PRIMARY KEY (stage, collection, id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateStagedMember{"CreateStagedMember", R"sql(
CREATE TABLE IF NOT EXISTS staged_member (
  stage INTEGER NOT NULL,
  key TEXT NOT NULL,
  place INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (stage, key)
) STRICT, WITHOUT ROWID)sql"};

// In a manifest: the shards that there are.
inline constexpr Sql kCreateShard{"CreateShard", R"sql(
CREATE TABLE IF NOT EXISTS shard (
  name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID)sql"};

// In a manifest whose records go by a day that they name: where each of them lies, since a record
// never changes its shard.
inline constexpr Sql kCreatePlaced{"CreatePlaced", R"sql(
CREATE TABLE IF NOT EXISTS placed (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  shard TEXT NOT NULL,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID)sql"};

// What every request starts from: how it stands after its last write. `frozen` is the version that
// is being copied, `clock` one that the next version must be above; `lock` the change of
// the whole document that is under way.
inline constexpr Sql kReadDocument{"ReadDocument", R"sql(
SELECT
  (SELECT value FROM meta WHERE key = 'epoch'),
  (SELECT value FROM meta WHERE key = 'frozen'),
  (SELECT value FROM meta WHERE key = 'clock'),
  (SELECT value FROM meta WHERE key = 'horizon'),
  (SELECT value FROM meta WHERE key = 'layout'),
  (SELECT value FROM meta WHERE key = 'lock'),
  j.seq, j.records, j.bytes
FROM (SELECT 1) LEFT JOIN (
  SELECT seq, records, bytes FROM journal ORDER BY n DESC LIMIT 1) AS j)sql"};

inline constexpr Sql kDeleteMeta{"DeleteMeta", "DELETE FROM meta WHERE key = ?1"};

}  // namespace tidemark::sql
