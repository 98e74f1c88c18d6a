// SQL of moves: what the coordinator's own store keeps of them, and what is run in the shards.
//
// A name in braces is filled by FillSql (shards/existing_sql.h), with identifiers that the core
// found in the shard's own schema, quoted, or with other constants of this file. Each text reads
// its table as `s`. In a shard every name of ours begins with `tidemark_`.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// The coordinator's store. `installed` 0: shards may lack the fences. `pending` is a shard that is
// being added. `key_apart` has every key of the table's exceptions, whose digests stand there.
inline constexpr Sql kCreateSlotTable{"CreateSlotTable", R"sql(
CREATE TABLE IF NOT EXISTS slot_table (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  installed INTEGER NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  pending TEXT NOT NULL
) STRICT)sql"};
inline constexpr Sql kCreateRoutes{"CreateRoutes", R"sql(
CREATE TABLE IF NOT EXISTS route (
  name TEXT PRIMARY KEY COLLATE NOCASE,
  column_name TEXT NOT NULL
) STRICT, WITHOUT ROWID)sql"};
inline constexpr Sql kCreateKeysApart{"CreateKeysApart", R"sql(
CREATE TABLE IF NOT EXISTS key_apart (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID)sql"};
// `work` is where it stands, a JSON object.
inline constexpr Sql kCreateSlotMoves{"CreateSlotMoves", R"sql(
CREATE TABLE IF NOT EXISTS slot_move (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  slots INTEGER NOT NULL,
  state TEXT NOT NULL,
  copied INTEGER NOT NULL,
  total INTEGER,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  work TEXT NOT NULL
) STRICT)sql"};

// The last run of the alarm, or that installed; never cleared, since shards have its number too.
inline constexpr Sql kCreateMoveRun{"CreateMoveRun", R"sql(
CREATE TABLE IF NOT EXISTS move_run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL
) STRICT)sql"};
// ?1 now: another coordinator of the same shards begins above what this one had.
inline constexpr Sql kNextMoveRun{"NextMoveRun", R"sql(
INSERT INTO move_run (id, number) VALUES (1, CAST(?1 AS INTEGER))
ON CONFLICT (id) DO UPDATE SET number = max(number + 1, excluded.number) RETURNING number)sql"};

inline constexpr Sql kReadSlotTable{"ReadSlotTable",
                                    "SELECT installed, text, pending FROM slot_table WHERE id = 1"};
// ?1 installed, ?2 version, ?3 text, ?4 pending.
inline constexpr Sql kWriteSlotTable{"WriteSlotTable", R"sql(
INSERT OR REPLACE INTO slot_table (id, installed, version, text, pending)
VALUES (1, CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), ?3, ?4))sql"};
// ?1 version, ?2 text, ?3 the version that it was.
inline constexpr Sql kNextSlotTable{"NextSlotTable", R"sql(
UPDATE slot_table SET version = CAST(?1 AS INTEGER), text = ?2
WHERE id = 1 AND version = CAST(?3 AS INTEGER) RETURNING 1)sql"};
inline constexpr Sql kReadRoutes{"ReadRoutes", "SELECT name, column_name FROM route"};
inline constexpr Sql kWriteRoute{
    "WriteRoute", "INSERT OR REPLACE INTO route (name, column_name) VALUES (?1, ?2)"};

inline constexpr Sql kListKeysApart{"ListKeysApart", "SELECT key FROM key_apart"};
inline constexpr Sql kAddKeyApart{"AddKeyApart",
                                  "INSERT OR IGNORE INTO key_apart (key) VALUES (?1)"};
inline constexpr Sql kDropKeyApart{"DropKeyApart", "DELETE FROM key_apart WHERE key = ?1"};

// All that are not done, and the last 100 that are.
inline constexpr Sql kReadSlotMoves{"ReadSlotMoves", R"sql(
SELECT id, source, target, slots, state, copied, total, started_at, updated_at, error, work
FROM slot_move
WHERE state <> 'cleaned'
  OR id IN (SELECT id FROM slot_move WHERE state = 'cleaned' ORDER BY id DESC LIMIT 100)
ORDER BY id)sql"};
// One that is begun comes first.
inline constexpr Sql kReadNextMove{"ReadNextMove", R"sql(
SELECT id, source, target, slots, state, copied, total, started_at, updated_at, error, work
FROM slot_move WHERE state NOT IN ('cleaned', 'failed')
ORDER BY state = 'queued', id LIMIT 1)sql"};
// ?1 from, ?2 to, ?3 slots, ?4 now, ?5 work.
inline constexpr Sql kAddSlotMove{"AddSlotMove", R"sql(
INSERT INTO slot_move
  (source, target, slots, state, copied, total, started_at, updated_at, error, work)
VALUES (?1, ?2, CAST(?3 AS INTEGER), 'queued', 0, NULL, CAST(?4 AS INTEGER), CAST(?4 AS INTEGER),
  '', ?5))sql"};
// ?1 id, ?2 state, ?3 copied, ?4 total or null, ?5 now, ?6 error, ?7 work.
inline constexpr Sql kWriteSlotMove{"WriteSlotMove", R"sql(
UPDATE slot_move SET state = ?2, copied = CAST(?3 AS INTEGER), total = CAST(?4 AS INTEGER),
  updated_at = CAST(?5 AS INTEGER), error = ?6, work = ?7
WHERE id = CAST(?1 AS INTEGER))sql"};
inline constexpr Sql kPruneSlotMoves{"PruneSlotMoves", R"sql(
DELETE FROM slot_move
WHERE state IN ('cleaned', 'failed') AND id <= (SELECT max(id) - 1000 FROM slot_move))sql"};
inline constexpr Sql kClearSlotTable{"ClearSlotTable", "DELETE FROM slot_table"};
inline constexpr Sql kClearRoutes{"ClearRoutes", "DELETE FROM route"};
inline constexpr Sql kClearKeysApart{"ClearKeysApart", "DELETE FROM key_apart"};
inline constexpr Sql kClearSlotMoves{"ClearSlotMoves", "DELETE FROM slot_move"};

// In each shard: the parts that it has of the whole, and the sum over them by which whoever reads
// all shards knows that every part was there once.
//
//   part      '' the slot itself; 'k' and a key: that key apart from its slot; 'g' and a shard's
//             number: what that shard had of the slot before it was gathered here
//   writable  1; 0: read only, since it is about to go or has just come; -1, of a key alone: it
//             lies elsewhere, though its slot is here
//   weight    what it adds to the sum, or takes from it where it is -1
//   parts     how many shards had each slot at first: 1, but while rows are gathered
inline constexpr Sql kCreateSlots{"CreateSlots", R"sql(
CREATE TABLE IF NOT EXISTS tidemark_slots (
  slot INTEGER NOT NULL,
  part TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  writable INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  PRIMARY KEY (slot, part)
) STRICT, WITHOUT ROWID)sql"};
inline constexpr Sql kCreateShardSum{"CreateShardSum", R"sql(
CREATE TABLE IF NOT EXISTS tidemark_shard (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  slots INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  parts INTEGER NOT NULL
) STRICT)sql"};
// The last batch of moves that wrote here, by the coordinator's run and its number in that. It is
// the fencing token of moves: one whose answer was given up may still run, whenever it likes.
inline constexpr Sql kCreateOrder{"CreateOrder", R"sql(
CREATE TABLE IF NOT EXISTS tidemark_order (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run INTEGER NOT NULL,
  batch INTEGER NOT NULL CONSTRAINT "a later batch of moves has been here" CHECK (batch >= 0)
) STRICT)sql"};
// ?1 run, ?2 batch. Fails its batch unless that is the newest.
inline constexpr Sql kKeepOrder{"KeepOrder", R"sql(
INSERT INTO tidemark_order (id, run, batch)
VALUES (1, CAST(?1 AS INTEGER), CAST(?2 AS INTEGER))
ON CONFLICT (id) DO UPDATE SET run = excluded.run,
  batch = iif((excluded.run, excluded.batch) > (run, batch), excluded.batch, -1))sql"};
inline constexpr Sql kForgetSlots{"ForgetSlots", "DELETE FROM tidemark_slots"};
inline constexpr Sql kForgetGathered{"ForgetGathered",
                                     "DELETE FROM tidemark_slots WHERE part >= 'g' AND part < 'h'"};
// ?1 a JSON array of [slot, part, epoch, weight], ?2 whether they may be written to. Refused where
// one is there.
inline constexpr Sql kTakeParts{"TakeParts", R"sql(
INSERT INTO tidemark_slots (slot, part, epoch, writable, weight)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, CAST(?2 AS INTEGER), e.value ->> 3
FROM json_each(?1) AS e)sql"};
// ?1 as above. A key that is here stays so.
inline constexpr Sql kNoteKeysApart{"NoteKeysApart", R"sql(
INSERT OR IGNORE INTO tidemark_slots (slot, part, epoch, writable, weight)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, -1, e.value ->> 3 FROM json_each(?1) AS e)sql"};
// ?1 a JSON array of slots.
inline constexpr Sql kReadKeyParts{"ReadKeyParts", R"sql(
SELECT slot, part FROM tidemark_slots
WHERE part >= 'k' AND slot IN (SELECT value FROM json_each(?1)))sql"};
// ?1 parts, 0 to leave it as it is.
inline constexpr Sql kSumParts{"SumParts", R"sql(
INSERT OR REPLACE INTO tidemark_shard (id, slots, weight, parts)
SELECT 1, coalesce(sum(part < 'k'), 0), coalesce(sum(CASE
    WHEN part < 'k' THEN weight
    WHEN writable < 0 THEN -weight
    WHEN EXISTS (SELECT 1 FROM tidemark_slots AS h WHERE h.slot = s.slot AND h.part = '') THEN 0
    ELSE weight END), 0),
  coalesce(nullif(CAST(?1 AS INTEGER), 0), (SELECT parts FROM tidemark_shard WHERE id = 1), 1)
FROM tidemark_slots AS s)sql"};
// ?1 a JSON array of [slot, part], of these four; ?2 whether they may be written to.
inline constexpr Sql kMarkParts{"MarkParts", R"sql(
UPDATE tidemark_slots SET writable = CAST(?2 AS INTEGER)
WHERE writable >= 0 AND (slot, part) IN (
  SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?1) AS e))sql"};
// ?1 a JSON array of slots, with their keys but for those parts, ?2 a JSON array, that stay; ?3
// whether they may be written to. Nothing is let in that is elsewhere.
inline constexpr Sql kMarkSlots{"MarkSlots", R"sql(
UPDATE tidemark_slots SET writable = CAST(?3 AS INTEGER)
WHERE writable >= 0 AND slot IN (SELECT value FROM json_each(?1))
  AND part NOT IN (SELECT value FROM json_each(?2)))sql"};
// Fails unless each of them, ?1, is frozen here.
inline constexpr Sql kCheckFrozen{"CheckFrozen", R"sql(
SELECT CASE WHEN (SELECT count(*) FROM tidemark_slots WHERE writable = 0 AND (slot, part) IN (
  SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?1) AS e)) = json_array_length(?1)
THEN 1 ELSE json('moved') END)sql"};
inline constexpr Sql kCountHeldParts{"CountHeldParts", R"sql(
SELECT count(*) AS n FROM tidemark_slots WHERE writable >= 0 AND (slot, part) IN (
  SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?1) AS e))sql"};
// ?1 a JSON array of slots, with their keys but for those parts, ?2 a JSON array, that stay.
inline constexpr Sql kDropSlots{"DropSlots", R"sql(
DELETE FROM tidemark_slots WHERE slot IN (SELECT value FROM json_each(?1))
  AND part NOT IN (SELECT value FROM json_each(?2)))sql"};
// A single key. ?1 slot, ?2 part, ?3 epoch, ?4 weight: it may be read here alone.
inline constexpr Sql kFreezeKey{"FreezeKey", R"sql(
INSERT INTO tidemark_slots (slot, part, epoch, writable, weight)
VALUES (CAST(?1 AS INTEGER), ?2, CAST(?3 AS INTEGER), 0, CAST(?4 AS INTEGER))
ON CONFLICT (slot, part) DO UPDATE SET writable = 0 WHERE writable >= 0)sql"};
// ?1 slot, ?2 part, of these three. Before it comes back: it is no more elsewhere.
inline constexpr Sql kForgetKeyApart{"ForgetKeyApart", R"sql(
DELETE FROM tidemark_slots WHERE slot = CAST(?1 AS INTEGER) AND part = ?2 AND writable = -1)sql"};
// When it has gone: it is elsewhere where its slot is here, and nothing else.
inline constexpr Sql kNoteKeyGone{"NoteKeyGone", R"sql(
UPDATE tidemark_slots SET writable = -1
WHERE slot = CAST(?1 AS INTEGER) AND part = ?2 AND EXISTS (
  SELECT 1 FROM tidemark_slots AS h WHERE h.slot = CAST(?1 AS INTEGER) AND h.part = ''))sql"};
inline constexpr Sql kDropKey{"DropKey", R"sql(
DELETE FROM tidemark_slots
WHERE slot = CAST(?1 AS INTEGER) AND part = ?2 AND writable >= 0)sql"};

// A shard's schema: columns, foreign keys, triggers that are not ours, texts.
inline constexpr Sql kReadColumns{"ReadColumns", R"sql(
SELECT l.name AS name, l.type AS kind, l.wr AS without_rowid, x.name AS column_name,
  x.type AS type, x.pk AS place, x.hidden AS hidden, x."notnull" AS required
FROM pragma_table_list AS l CROSS JOIN pragma_table_xinfo(l.name) AS x
WHERE l.schema = 'main' AND l.type IN ('table', 'virtual')
  AND lower(substr(l.name, 1, 7)) <> 'sqlite_' AND lower(substr(l.name, 1, 4)) <> '_cf_'
ORDER BY l.name, x.cid)sql"};
inline constexpr Sql kReadForeignKeys{"ReadForeignKeys", R"sql(
SELECT m.name AS child, f.id AS number, f."table" AS parent, f."from" AS child_column,
  f."to" AS parent_column
FROM sqlite_master AS m CROSS JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table' AND lower(substr(m.name, 1, 4)) <> '_cf_'
ORDER BY m.name, f.id, f.seq)sql"};
inline constexpr Sql kReadTriggers{"ReadTriggers", R"sql(
SELECT name, tbl_name FROM sqlite_master
WHERE type = 'trigger' AND lower(substr(name, 1, 14)) <> 'tidemark_move_' ORDER BY name)sql"};
inline constexpr Sql kReadTexts{"ReadTexts", R"sql(
SELECT tbl_name, sql FROM sqlite_master
WHERE type IN ('table', 'index') AND sql IS NOT NULL
  AND lower(substr(tbl_name, 1, 7)) <> 'sqlite_' AND lower(substr(tbl_name, 1, 4)) <> '_cf_'
ORDER BY type = 'table' DESC, name)sql"};
inline constexpr Sql kHasRows{"HasRows", "SELECT EXISTS (SELECT 1 FROM {table}) AS n"};

// Rows with what they are routed by, the types of their cells, and the cells.
inline constexpr Sql kReadRows{"ReadRows", R"sql(
SELECT {key} AS k, json_array({types}) AS t, {values} FROM {table} AS s {which})sql"};
inline constexpr Sql kTypeLetter{"TypeLetter", "substr(typeof({column}), 1, 1)"};
inline constexpr Sql kCellBytes{"CellBytes", "coalesce(length(CAST({column} AS BLOB)), 0)"};
// At most so many rows, and so many bytes: but one row at least.
inline constexpr Sql kPageOfRows{"PageOfRows", R"sql({after} ORDER BY {place} LIMIT max(1, (
  SELECT count(*) FROM (
    SELECT sum(size) OVER (ROWS UNBOUNDED PRECEDING) AS bytes FROM (
      SELECT {size} AS size FROM {table} AS s {after} ORDER BY {place} LIMIT {rows}))
  WHERE bytes <= {bytes})))sql"};
inline constexpr Sql kAfterPlace{"AfterPlace", "({place}) > ({tuple})"};
// Rows of a key, and perhaps others: a number is the key that it reads as.
inline constexpr Sql kOfKey{"OfKey",
                            "{column} IN (?{number}, CAST(?{number} AS INTEGER), "
                            "CAST(?{number} AS REAL))"};
inline constexpr Sql kReadAtPlaces{"ReadAtPlaces", R"sql(
SELECT {key} AS k, json_array({types}) AS t, {values} FROM {table} AS s
WHERE ({place}) IN (VALUES {tuples}))sql"};
inline constexpr Sql kLogged{"Logged",
                             "WHERE ({place}) IN (SELECT {keys} FROM {log} AS s {first})"};
// At most so many, and of so many bytes of rows: but one at least.
inline constexpr Sql kFirstLogged{"FirstLogged", R"sql(ORDER BY s.id LIMIT max(1, (
  SELECT count(*) FROM (
    SELECT sum(size) OVER (ROWS UNBOUNDED PRECEDING) AS bytes FROM (
      SELECT coalesce((SELECT {size} FROM {table} AS s WHERE ({place}) = ({logged})), 0) AS size
      FROM {log} AS l ORDER BY l.id LIMIT {rows}))
  WHERE bytes <= {bytes})))sql"};
inline constexpr Sql kLogNumber{"LogNumber", "CAST(s.id AS TEXT)"};
inline constexpr Sql kLastLogged{"LastLogged", "SELECT CAST(max(id) AS TEXT) AS id FROM {log}"};
inline constexpr Sql kSlotNumber{"SlotNumber", "CAST(s.slot AS TEXT)"};

// The keys that rows are routed by, each once, of at most 5 tables; of more there are subqueries in
// {keys}, for D1 takes no longer compound. {text} reads `s.key` as the text that a key is.
inline constexpr Sql kCountKeyTexts{"CountKeyTexts",
                                    "SELECT count(DISTINCT {text}) AS n FROM ({keys}) AS s"};
inline constexpr Sql kKeysOfTable{"KeysOfTable", "SELECT s.{column} AS key FROM {table} AS s"};
inline constexpr Sql kKeysOfTables{"KeysOfTables", "SELECT s.key FROM ({keys}) AS s"};
inline constexpr Sql kAndKeys{"AndKeys", " UNION ALL "};

// In the source: keys of rows that were written, and of rows that are about to go.
inline constexpr Sql kCreateLog{"CreateLog", R"sql(
CREATE TABLE {log} (id INTEGER PRIMARY KEY AUTOINCREMENT, {keys}))sql"};
inline constexpr Sql kCreateGone{"CreateGone",
                                 "CREATE TABLE {gone} ({keys}, PRIMARY KEY ({keys}))"};
// What moves have left behind: triggers first, which write to the tables.
inline constexpr Sql kListOurs{"ListOurs", R"sql(
SELECT type, name FROM sqlite_master
WHERE type = 'trigger' AND substr(name, 1, 14) = 'tidemark_move_'
  OR type = 'table' AND (substr(name, 1, 13) = 'tidemark_log_'
    OR substr(name, 1, 14) = 'tidemark_gone_' OR substr(name, 1, 15) = 'tidemark_stage_')
ORDER BY type DESC, name)sql"};
inline constexpr Sql kDropOurs{"DropOurs", "DROP TABLE IF EXISTS {name}"};
inline constexpr Sql kDropTrigger{"DropTrigger", "DROP TRIGGER IF EXISTS {name}"};
inline constexpr Sql kLogInserts{"LogInserts", R"sql(
CREATE TRIGGER {trigger} AFTER INSERT ON {table} BEGIN
  INSERT INTO {log} ({keys}) VALUES ({new});
END)sql"};
inline constexpr Sql kLogDeletes{"LogDeletes", R"sql(
CREATE TRIGGER {trigger} AFTER DELETE ON {table} BEGIN
  INSERT INTO {log} ({keys}) VALUES ({old});
END)sql"};
inline constexpr Sql kLogUpdates{"LogUpdates", R"sql(
CREATE TRIGGER {trigger} AFTER UPDATE ON {table} BEGIN
  INSERT INTO {log} ({keys}) VALUES ({old});
  INSERT INTO {log} ({keys}) SELECT {new} WHERE ({new}) IS NOT ({old});
END)sql"};
// Refuses rows that refer to one that is about to go: they wait until it has gone.
inline constexpr Sql kGuardInserts{"GuardInserts", R"sql(
CREATE TRIGGER {trigger} BEFORE INSERT ON {child} WHEN EXISTS (
  SELECT 1 FROM {gone} AS g CROSS JOIN {table} AS s WHERE ({place}) = ({gone_keys}) AND {pairs})
BEGIN SELECT RAISE(ABORT, 'tidemark: moved'); END)sql"};
inline constexpr Sql kGuardUpdates{"GuardUpdates", R"sql(
CREATE TRIGGER {trigger} BEFORE UPDATE OF {columns} ON {child} WHEN EXISTS (
  SELECT 1 FROM {gone} AS g CROSS JOIN {table} AS s WHERE ({place}) = ({gone_keys}) AND {pairs})
BEGIN SELECT RAISE(ABORT, 'tidemark: moved'); END)sql"};
inline constexpr Sql kCountTriggers{"CountTriggers", R"sql(
SELECT count(*) AS n FROM sqlite_master
WHERE type = 'trigger' AND substr(name, 1, 14) = 'tidemark_move_')sql"};
inline constexpr Sql kForgetLogged{"ForgetLogged", "DELETE FROM {log} WHERE id <= ?1"};
inline constexpr Sql kForgetGone{"ForgetGone", "DELETE FROM {gone}"};
inline constexpr Sql kNoteGone{"NoteGone", "INSERT OR IGNORE INTO {gone} ({keys}) VALUES {tuples}"};
inline constexpr Sql kDeleteGone{
    "DeleteGone", "DELETE FROM {table} AS s WHERE ({place}) IN (SELECT {keys} FROM {gone})"};
inline constexpr Sql kForgetGoneLog{
    "ForgetGoneLog", "DELETE FROM {log} WHERE ({keys}) IN (SELECT {keys} FROM {gone})"};
// Fails its batch where a row of a table that stays refers to a row that goes.
inline constexpr Sql kCheckOthers{"CheckOthers", R"sql(
SELECT CASE WHEN EXISTS (
  SELECT 1 FROM {gone} AS g CROSS JOIN {table} AS s CROSS JOIN {child} AS c
  WHERE ({place}) = ({gone_keys}) AND {pairs}
) THEN json('referenced') ELSE 1 END AS n)sql"};
// The same of a row that stays, of a table whose rows move.
inline constexpr Sql kCheckStaying{"CheckStaying", R"sql(
SELECT CASE WHEN EXISTS (
  SELECT 1 FROM {gone} AS g CROSS JOIN {table} AS s CROSS JOIN {child} AS c
  WHERE ({place}) = ({gone_keys}) AND {pairs}
    AND NOT EXISTS (SELECT 1 FROM {child_gone} AS x WHERE ({child_keys}) = ({child_place}))
) THEN json('referenced') ELSE 1 END AS n)sql"};

// In the target: rows that nobody sees yet.
inline constexpr Sql kCreateStage{"CreateStage", R"sql(
CREATE TABLE {stage} (slot INTEGER NOT NULL, {columns}, PRIMARY KEY ({keys})))sql"};
inline constexpr Sql kIndexStage{"IndexStage", "CREATE INDEX {index} ON {stage} (slot)"};
inline constexpr Sql kPutInStage{
    "PutInStage", "INSERT OR REPLACE INTO {stage} (slot, {columns}) VALUES {tuples}"};
inline constexpr Sql kUnstageRows{"UnstageRows",
                                  "DELETE FROM {stage} WHERE ({keys}) IN (VALUES {tuples})"};
// ?1 a JSON array of slots.
inline constexpr Sql kCountStage{"CountStage", R"sql(
SELECT slot, count(*) AS n FROM {stage} WHERE slot IN (SELECT value FROM json_each(?1))
GROUP BY slot)sql"};
// Behind a place, of these slots: the place's parameters come first.
inline constexpr Sql kOfSlots{"OfSlots", "s.slot IN (SELECT value FROM json_each(?{slots}))"};
// ?1 a JSON array of slots.
inline constexpr Sql kUnveilRows{"UnveilRows", R"sql(
INSERT INTO {table} ({columns})
SELECT {cells} FROM {stage} WHERE slot IN (SELECT value FROM json_each(?1)))sql"};
inline constexpr Sql kUnstageSlots{
    "UnstageSlots", "DELETE FROM {stage} WHERE slot IN (SELECT value FROM json_each(?1))"};

// For the test that reads their plans: the coordinator's own, the shards', which it fills first,
// and what stands in others.
inline constexpr Sql kSlotStatements[] = {
    kCreateSlotTable, kCreateRoutes,    kCreateSlotMoves, kReadSlotTable,  kWriteSlotTable,
    kNextSlotTable,   kReadRoutes,      kWriteRoute,      kReadSlotMoves,  kReadNextMove,
    kAddSlotMove,     kWriteSlotMove,   kPruneSlotMoves,  kClearSlotTable, kClearRoutes,
    kClearSlotMoves,  kCreateKeysApart, kListKeysApart,   kAddKeyApart,    kDropKeyApart,
    kClearKeysApart,  kCreateMoveRun,   kNextMoveRun};
inline constexpr Sql kMoveStatements[] = {
    kCreateOrder,    kKeepOrder,       kCheckOthers,    kMarkSlots,     kCreateSlots,
    kCreateShardSum, kForgetSlots,     kForgetGathered, kTakeParts,     kNoteKeysApart,
    kReadKeyParts,   kSumParts,        kMarkParts,      kCheckFrozen,   kCountHeldParts,
    kDropSlots,      kFreezeKey,       kForgetKeyApart, kNoteKeyGone,   kDropKey,
    kReadColumns,    kReadForeignKeys, kReadTriggers,   kReadTexts,     kHasRows,
    kReadRows,       kReadAtPlaces,    kCreateLog,      kCreateGone,    kListOurs,
    kDropOurs,       kDropTrigger,     kLogInserts,     kLogDeletes,    kLogUpdates,
    kGuardInserts,   kGuardUpdates,    kCountTriggers,  kLastLogged,    kForgetLogged,
    kForgetGone,     kNoteGone,        kDeleteGone,     kForgetGoneLog, kCheckStaying,
    kCreateStage,    kIndexStage,      kPutInStage,     kUnstageRows,   kCountStage,
    kUnveilRows,     kUnstageSlots,    kCountKeyTexts};
inline constexpr Sql kMovePieces[] = {
    kTypeLetter, kCellBytes,  kPageOfRows, kAfterPlace,  kOfKey,        kLogged, kFirstLogged,
    kLogNumber,  kSlotNumber, kOfSlots,    kKeysOfTable, kKeysOfTables, kAndKeys};

}  // namespace tidemark::sql
