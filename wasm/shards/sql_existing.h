// SQL over databases that were there before the library: of their schema, of the rows of a table
// whose name is only known when it is read, and of what the library notes in them.
//
// A name in braces stands for an identifier that the core found in the database's own schema, or
// for another constant of this file. FillSql (shards/existing_sql.h) puts it there, quoted. Values
// are bound, always. Of each text json_each comes first where there is one.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// The database's tables, views and virtual tables. What SQLite, the platform, its migrations and
// this library keep for themselves is left out; the platform's own may not even be looked at.
inline constexpr Sql kListExisting{"ListExisting", R"sql(
SELECT name, type FROM pragma_table_list
WHERE schema = 'main' AND lower(substr(name, 1, 7)) <> 'sqlite_'
  AND lower(substr(name, 1, 4)) <> '_cf_'
ORDER BY name LIMIT 2001)sql"};

// ?1 a table: a row for each of its columns.
inline constexpr Sql kReadExisting{"ReadExisting", R"sql(
SELECT l.name AS name, l.type AS type, l.wr AS without_rowid,
  x.name AS column_name, x.pk AS place, x.hidden AS hidden
FROM pragma_table_list(?1) AS l CROSS JOIN pragma_table_xinfo(l.name) AS x
WHERE l.schema = 'main' AND lower(substr(l.name, 1, 7)) <> 'sqlite_'
  AND lower(substr(l.name, 1, 4)) <> '_cf_'
ORDER BY x.cid)sql"};

// ?1 a table: foreign keys of any table that point at it, a row for each of their columns.
inline constexpr Sql kReadReferences{"ReadReferences", R"sql(
SELECT m.name AS child, f.id AS number, f."from" AS child_column, f."to" AS parent_column
FROM sqlite_master AS m CROSS JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table' AND lower(substr(m.name, 1, 4)) <> '_cf_'
  AND f."table" = ?1 COLLATE NOCASE
ORDER BY m.name, f.id, f.seq LIMIT 200)sql"};

// ?1 a table: its own text first, then its indexes'.
inline constexpr Sql kReadTableSql{"ReadTableSql", R"sql(
SELECT sql FROM sqlite_master
WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('table', 'index') AND sql IS NOT NULL
ORDER BY type = 'table' DESC, name)sql"};

// The default schema.
inline constexpr Sql kCreateUsers{"CreateUsers", R"sql(
CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY,
  name TEXT,
  email TEXT,
  username TEXT,
  location TEXT,
  created_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  updated_at INTEGER
))sql"};
inline constexpr Sql kCreatePosts{"CreatePosts", R"sql(
CREATE TABLE IF NOT EXISTS posts (
  id TEXT PRIMARY KEY,
  user_id TEXT,
  title TEXT,
  content TEXT,
  created_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  updated_at INTEGER
))sql"};
inline constexpr Sql kCreatePostsUser{
    "CreatePostsUser", "CREATE INDEX IF NOT EXISTS posts_user_id ON posts (user_id)"};
inline constexpr Sql kCreateMappings{"CreateMappings", R"sql(
CREATE TABLE IF NOT EXISTS shard_mappings (
  primary_key TEXT PRIMARY KEY,
  shard_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
))sql"};

// Until the batch ends, so that tables that refer to each other go together.
inline constexpr Sql kDeferKeys{"DeferKeys", "PRAGMA defer_foreign_keys = on"};
inline constexpr Sql kDropTable{"DropTable", "DROP TABLE IF EXISTS {table}"};

// The text that a row is routed by; NULL where it has none: no key, a blob, an empty text or one
// that is too long. A whole number stored as a real reads as JavaScript writes it.
inline constexpr Sql kKeyText{"KeyText", R"sql(CASE typeof({key})
    WHEN 'text' THEN
      CASE WHEN length(CAST({key} AS BLOB)) BETWEEN 1 AND 1024 THEN {key} END
    WHEN 'integer' THEN CAST({key} AS TEXT)
    WHEN 'real' THEN CAST(
      CASE WHEN {key} = CAST({key} AS INTEGER) THEN CAST({key} AS INTEGER) ELSE {key} END AS TEXT)
  END)sql"};

// What is told of a row besides: its other names, as routing takes them, or as they stand.
inline constexpr Sql kLookupName{
    "LookupName",
    "CASE WHEN typeof({column}) <> 'blob' AND length(CAST({column} AS BLOB)) BETWEEN 1 AND 1024 "
    "THEN {label} || {column} END"};
inline constexpr Sql kLookupValue{
    "LookupValue", "{label}, CASE typeof({column}) WHEN 'blob' THEN NULL ELSE {column} END"};
inline constexpr Sql kKeyWithNames{"KeyWithNames", "json_array({text}, {names})"};
inline constexpr Sql kRecordOfKey{"RecordOfKey", "json_object('id', {text}{values})"};

// What a table's keys are: all rows, those with a key, with a blob for one, with a usable one.
inline constexpr Sql kCountKeys{"CountKeys", R"sql(
SELECT count(*) AS records, count({key}) AS present,
  coalesce(sum(typeof({key}) = 'blob'), 0) AS blobs, count({text}) AS usable
FROM {table})sql"};

// Pages of keys: a JSON array, how many rows, how many of them have a usable key, and the place of
// the last. By row number where there is one: keys of all types stand in one order there.
// ?1 how many, ?2 from which row number.
inline constexpr Sql kPageByRow{"PageByRow", R"sql(
SELECT json_group_array({element}) FILTER (WHERE key IS NOT NULL) AS keys, count(*) AS records,
  count(key) AS usable, CAST(max(at) AS TEXT) AS last, 'integer' AS type
FROM (
  SELECT {rowid} AS at, {text} AS key, {value} AS value FROM {table}
  WHERE {rowid} >= CAST(?2 AS INTEGER) ORDER BY {rowid} LIMIT CAST(?1 AS INTEGER)))sql"};

// ?1 how many, ?2 behind which key, where {after} says so.
inline constexpr Sql kPageByKey{"PageByKey", R"sql(
SELECT json_group_array({element}) FILTER (WHERE key IS NOT NULL) AS keys, count(*) AS records,
  count(key) AS usable,
  CASE typeof(max(at)) WHEN 'integer' THEN CAST(max(at) AS TEXT) ELSE max(at) END AS last,
  typeof(max(at)) AS type
FROM (
  SELECT {key} AS at, {text} AS key, {value} AS value FROM {table}
  {after} ORDER BY {key} LIMIT CAST(?1 AS INTEGER)))sql"};
// Without the plus a key that is a text of digits would be taken for a number.
inline constexpr Sql kAfterInteger{"AfterInteger", "WHERE {key} > +CAST(?2 AS INTEGER)"};
inline constexpr Sql kAfterValue{"AfterValue", "WHERE {key} > ?2"};

// What the library notes in a database while it maps what was there: a row for each table, and one
// without a name for the database itself, which says who is at work and until when.
inline constexpr Sql kCreateIntegration{"CreateIntegration", R"sql(
CREATE TABLE IF NOT EXISTS tidemark_integration (
  table_name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  options TEXT NOT NULL,
  place TEXT NOT NULL DEFAULT '',
  records INTEGER NOT NULL DEFAULT 0,
  mapped INTEGER NOT NULL DEFAULT 0,
  collided INTEGER NOT NULL DEFAULT 0,
  unusable INTEGER NOT NULL DEFAULT 0,
  holder TEXT NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};
inline constexpr Sql kReadIntegration{"ReadIntegration", R"sql(
SELECT table_name, state, options, place, records, mapped, collided, unusable
FROM tidemark_integration ORDER BY table_name LIMIT 2001)sql"};

// ?1 a JSON array of tables, ?2 now, ?3 1: whoever is at work, ?4 1: also where not all are done.
inline constexpr Sql kBeginAgain{"BeginAgain", R"sql(
DELETE FROM tidemark_integration
WHERE table_name IN (SELECT value FROM json_each(?1)) AND EXISTS (
  SELECT 1 FROM tidemark_integration AS a WHERE a.table_name = ''
    AND (a.held_until <= CAST(?2 AS INTEGER) OR CAST(?3 AS INTEGER) = 1)
    AND (a.state = 'done' OR CAST(?4 AS INTEGER) = 1)))sql"};

// ?1 the strategy of future rows, ?2 who, ?3 until when, ?4 now, ?5 1: whoever is at work.
inline constexpr Sql kTakeIntegration{"TakeIntegration", R"sql(
INSERT INTO tidemark_integration (table_name, state, options, holder, held_until, updated_at)
VALUES ('', 'running', ?1, ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER))
ON CONFLICT (table_name) DO UPDATE SET
  state = excluded.state, options = excluded.options, holder = excluded.holder,
  held_until = excluded.held_until, updated_at = excluded.updated_at
WHERE tidemark_integration.held_until <= excluded.updated_at OR CAST(?5 AS INTEGER) = 1
RETURNING holder)sql"};

// ?1 who, ?2 until when.
inline constexpr Sql kHoldIntegration{"HoldIntegration", R"sql(
UPDATE tidemark_integration SET held_until = CAST(?2 AS INTEGER)
WHERE table_name = '' AND holder = ?1)sql"};

// ?1 table, ?2 state, ?3 options, ?4 place, ?5 records, ?6 mapped, ?7 collided, ?8 unusable, ?9
// now, ?10 who: nothing where another has taken over.
inline constexpr Sql kNoteTable{"NoteTable", R"sql(
INSERT INTO tidemark_integration
  (table_name, state, options, place, records, mapped, collided, unusable, updated_at)
SELECT ?1, ?2, ?3, ?4, CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), CAST(?7 AS INTEGER),
  CAST(?8 AS INTEGER), CAST(?9 AS INTEGER)
WHERE EXISTS (SELECT 1 FROM tidemark_integration WHERE table_name = '' AND holder = ?10)
ON CONFLICT (table_name) DO UPDATE SET
  state = excluded.state, options = excluded.options, place = excluded.place,
  records = excluded.records, mapped = excluded.mapped, collided = excluded.collided,
  unusable = excluded.unusable, updated_at = excluded.updated_at
RETURNING table_name)sql"};

// ?1 who, ?2 state, ?3 now: others may begin at once.
inline constexpr Sql kLeaveIntegration{"LeaveIntegration", R"sql(
UPDATE tidemark_integration
SET state = ?2, holder = '', held_until = 0, updated_at = CAST(?3 AS INTEGER)
WHERE table_name = '' AND holder = ?1)sql"};

// ?1 a JSON array of tables.
inline constexpr Sql kForgetTables{"ForgetTables", R"sql(
DELETE FROM tidemark_integration
WHERE table_name IN (SELECT value FROM json_each(?1)))sql"};

// Rows on their way from one database to another are noted in the one that they go to, with the
// digest of what was copied.
inline constexpr Sql kCreateMoves{"CreateMoves", R"sql(
CREATE TABLE IF NOT EXISTS tidemark_moves (
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  state TEXT NOT NULL,
  digest TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (table_name, row_key)
) STRICT, WITHOUT ROWID)sql"};
inline constexpr Sql kReadMove{"ReadMove", R"sql(
SELECT state, digest, updated_at FROM tidemark_moves
WHERE table_name = ?1 AND row_key = ?2)sql"};

// ?1 table, ?2 key, ?3 state, ?4 digest, ?5 now.
inline constexpr Sql kNoteMove{"NoteMove", R"sql(
INSERT INTO tidemark_moves (table_name, row_key, state, digest, updated_at)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS INTEGER))
ON CONFLICT (table_name, row_key) DO UPDATE SET
  state = excluded.state, digest = excluded.digest, updated_at = excluded.updated_at)sql"};
// ?1 table, ?2 key, ?3 digest, ?4 now: of what is copied, and still noted.
inline constexpr Sql kNoteMapped{"NoteMapped", R"sql(
UPDATE tidemark_moves SET state = 'mapped', digest = ?3, updated_at = CAST(?4 AS INTEGER)
WHERE table_name = ?1 AND row_key = ?2 AND state = 'copied' RETURNING 1)sql"};
// ?1 table, ?2 key, ?3 state. Fails its batch unless that is noted.
inline constexpr Sql kCheckNote{"CheckNote", R"sql(
SELECT CASE WHEN EXISTS (
  SELECT 1 FROM tidemark_moves WHERE table_name = ?1 AND row_key = ?2 AND state = ?3)
THEN 1 ELSE json('moved') END)sql"};
inline constexpr Sql kForgetMove{
    "ForgetMove", "DELETE FROM tidemark_moves WHERE table_name = ?1 AND row_key = ?2"};

// A key that is being moved, by one at a time. ?1 key, ?2 who, ?3 until when, ?4 now.
inline constexpr Sql kHoldKey{"HoldKey", R"sql(
INSERT INTO tidemark_moves (table_name, row_key, state, digest, updated_at)
VALUES ('', ?1, 'held', ?2, CAST(?3 AS INTEGER))
ON CONFLICT (table_name, row_key) DO UPDATE SET
  digest = excluded.digest, updated_at = excluded.updated_at
WHERE tidemark_moves.updated_at <= CAST(?4 AS INTEGER) RETURNING 1)sql"};
// Parameters as of the last. Nothing where another has or had it since.
inline constexpr Sql kKeepKey{"KeepKey", R"sql(
UPDATE tidemark_moves SET updated_at = CAST(?3 AS INTEGER)
WHERE table_name = '' AND row_key = ?1 AND digest = ?2 RETURNING 1)sql"};
// ?1 key, ?2 who.
inline constexpr Sql kReleaseKey{
    "ReleaseKey",
    "DELETE FROM tidemark_moves WHERE table_name = '' AND row_key = ?1 AND digest = ?2"};

// One row of a table. Types are read beside the values: what comes through JavaScript has lost
// them, and integers above 2^53 come as texts.
inline constexpr Sql kByKey{"ByKey", "{key} = ?1"};
inline constexpr Sql kByNumber{"ByNumber", "{key} IN (?1, CAST(?1 AS INTEGER))"};
inline constexpr Sql kReadRowTypes{
    "ReadRowTypes", "SELECT json_array({types}) AS types FROM {table} WHERE {where} LIMIT 2"};
inline constexpr Sql kReadRowValues{"ReadRowValues",
                                    "SELECT {values} FROM {table} WHERE {where} LIMIT 2"};
inline constexpr Sql kTypeOf{"TypeOf", "typeof({column})"};
inline constexpr Sql kValueOf{
    "ValueOf",
    "CASE typeof({column}) WHEN 'integer' THEN CAST({column} AS TEXT) ELSE {column} END"};
inline constexpr Sql kExactly{"Exactly", "{column} COLLATE BINARY"};
inline constexpr Sql kInsertRow{"InsertRow", "INSERT INTO {table} ({columns}) VALUES ({values})"};
inline constexpr Sql kOverwriteRow{"OverwriteRow", R"sql(
UPDATE {table} SET ({columns}) = ({values}) WHERE {key} = {is}{only} RETURNING 1 AS done)sql"};

// The row as it was read and no other: compared byte by byte, and by types, for 1 is 1.0.
inline constexpr Sql kOnlyAs{"OnlyAs",
                             " AND ({compared}) IS ({values}) AND json_array({types}) = {as}"};
// Parameters as of the next.
inline constexpr Sql kCheckRow{"CheckRow", R"sql(
SELECT CASE WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = {is}{only})
THEN 1 ELSE json('moved') END)sql"};
inline constexpr Sql kDeleteRow{"DeleteRow",
                                "DELETE FROM {table} WHERE {key} = {is}{only} RETURNING 1 AS done"};

// ?1 the row's key: a row of another table, or of the same one, that refers to it.
inline constexpr Sql kFindReference{"FindReference", R"sql(
SELECT 1 AS found FROM {table} AS parent CROSS JOIN {child} AS child
WHERE {where} AND {pairs} LIMIT 1)sql"};
inline constexpr Sql kReferencePair{"ReferencePair", "child.{column} = parent.{key}"};
// Fails its batch where that finds a row.
inline constexpr Sql kCheckNone{"CheckNone",
                                "SELECT CASE WHEN EXISTS ({find}) THEN json('moved') ELSE 1 END"};
inline constexpr Sql kReferenceOther{"ReferenceOther", "child.{key} IS NOT parent.{key}"};
// ?2 a routing key: rows of it go too.
inline constexpr Sql kReferenceStays{"ReferenceStays", "CAST(child.{column} AS TEXT) IS NOT ?2"};
// ?1 a key: the primary keys of its rows.
inline constexpr Sql kRowsOfKey{"RowsOfKey",
                                "SELECT {text} AS k FROM {table} AS t WHERE {where} LIMIT {rows}"};

// For the test that reads their plans. Those with names in braces it fills first.
inline constexpr Sql kExistingStatements[] = {
    kListExisting,  kReadExisting,    kReadReferences,  kReadTableSql,      kCreateUsers,
    kCreatePosts,   kCreatePostsUser, kCreateMappings,  kDeferKeys,         kDropTable,
    kCountKeys,     kPageByRow,       kPageByKey,       kCreateIntegration, kReadIntegration,
    kBeginAgain,    kTakeIntegration, kHoldIntegration, kNoteTable,         kLeaveIntegration,
    kForgetTables,  kCreateMoves,     kReadMove,        kNoteMove,          kForgetMove,
    kReadRowTypes,  kReadRowValues,   kInsertRow,       kOverwriteRow,      kDeleteRow,
    kFindReference, kRowsOfKey,       kNoteMapped,      kCheckNote,         kCheckRow,
    kHoldKey,       kKeepKey,         kReleaseKey};

// What stands in others.
inline constexpr Sql kExistingPieces[] = {
    kKeyText,    kLookupName,    kLookupValue,    kKeyWithNames,   kRecordOfKey, kAfterInteger,
    kAfterValue, kByKey,         kByNumber,       kTypeOf,         kValueOf,     kExactly,
    kOnlyAs,     kReferencePair, kReferenceOther, kReferenceStays, kCheckNone};

}  // namespace tidemark::sql
