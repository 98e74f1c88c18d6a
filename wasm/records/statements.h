// The SQL of a space of records, and of its projection's bookkeeping in D1. Every text is constant.
//
// Rules:
// - Rows to write are one JSON text, unpacked by json_each and joined by CROSS JOIN so that SQLite
//   keeps it outermost: the other order of the join is a thousand times slower.
// - The data of records to write is one blob and its pieces are cut by substr: it is never parsed
//   by SQL, and it is stored as it came.
// - A space holds one user's records and nothing else, so its statements name no user; D1's do.
// - `scans` names the tables that a statement may read in full, each for the reason given. A test
//   prepares every statement, reads its plan and refuses any other full scan.

#pragma once

#include <span>
#include <string_view>

#include "engine/command.h"

namespace tidemark::sql {

// --- The space's tables ------------------------------------------------------------------------

// `seq` is the space's counter: each stored change takes the next one. `first_seq` is the one at
// which the record (re)appeared. `parent` is the id that the parent column holds. `fields` holds
// the stamps of single fields where a collection merges by field. `written_at` is the server's time.
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

// What a merge overwrote or refused: kept so that nothing is lost in silence.
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
  at INTEGER NOT NULL
) STRICT)sql"};

inline constexpr Sql kCreateHistoryRecord{
    "CreateHistoryRecord",
    "CREATE INDEX IF NOT EXISTS history_record ON history (collection, record_id)"};

// The stamp given to a delta whose own was too far ahead, so that its replay gets the same one.
inline constexpr Sql kCreateClaims{"CreateClaims", R"sql(
CREATE TABLE IF NOT EXISTS claims (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  claimed_at INTEGER NOT NULL,
  claimed_counter INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  PRIMARY KEY (collection, id, device, claimed_at, claimed_counter)
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

inline constexpr Sql kCreateEpoch{"CreateEpoch",
                                  "INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)"};

// --- The space as a whole ----------------------------------------------------------------------

// What every request starts from. `head` counts pruned tombstones too, so that it never goes back.
inline constexpr Sql kReadSpace{"ReadSpace", R"sql(
SELECT
  (SELECT value FROM meta WHERE key = 'epoch'),
  max(coalesce((SELECT max(seq) FROM records), 0),
      coalesce((SELECT value FROM meta WHERE key = 'pruned_seq'), 0)),
  coalesce((SELECT value FROM meta WHERE key = 'pruned_seq'), 0),
  coalesce((SELECT value FROM meta WHERE key = 'horizon_ms'), 0),
  coalesce((SELECT value FROM meta WHERE key = 'projected_seq'), 0))sql"};

inline constexpr Sql kWriteMeta{
    "WriteMeta",
    "INSERT INTO meta (key, value) VALUES (?1, CAST(?2 AS INTEGER))\n"
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value"};

inline constexpr Sql kReadMeta{"ReadMeta", "SELECT value FROM meta WHERE key = ?1"};

// --- Push ----------------------------------------------------------------------------------------

// ?1 ids as a JSON array, ?2 collection. One JSON row for each that is stored, in order.
inline constexpr Sql kReadVersions{"ReadVersions", R"sql(
SELECT json_group_array(json_array(e.key, r.updated_at, r.counter, r.device, r.deleted))
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value)sql"};

// The same for collections that merge by field: with the data and the fields' stamps.
inline constexpr Sql kReadFields{"ReadFields", R"sql(
SELECT r.id, r.data, r.fields
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value)sql"};

// ?1 [[key, id, offset, size]...], ?2 collection, ?3 blob: the keys whose stored data is not those
// bytes.
inline constexpr Sql kReadDifferent{"ReadDifferent", R"sql(
SELECT json_group_array(e.value ->> 0)
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value ->> 1
WHERE coalesce(r.data, '') <> CAST(substr(?3, 1 + (e.value ->> 2), e.value ->> 3) AS TEXT))sql"};

// ?1 collection, ?2 id.
inline constexpr Sql kReadData{
    "ReadData", "SELECT coalesce(data, '') FROM records WHERE collection = ?1 AND id = ?2"};

// ?1 collection, ?2 id.
inline constexpr Sql kReadStamp{
    "ReadStamp", "SELECT updated_at, counter FROM records WHERE collection = ?1 AND id = ?2"};

// ?1 parents' ids as a JSON array, ?2 their collection: the positions of those never seen.
inline constexpr Sql kReadMissingParents{"ReadMissingParents", R"sql(
SELECT json_group_array(e.key) FROM json_each(?1) AS e
WHERE NOT EXISTS (SELECT 1 FROM records AS r WHERE r.collection = ?2 AND r.id = e.value))sql"};

// ?1 [[id, claimed_at, claimed_counter]...], ?2 collection, ?3 device.
inline constexpr Sql kReadClaims{"ReadClaims", R"sql(
SELECT e.key, c.updated_at, c.counter
FROM json_each(?1) AS e
CROSS JOIN claims AS c ON c.collection = ?2 AND c.id = e.value ->> 0 AND c.device = ?3
  AND c.claimed_at = e.value ->> 1 AND c.claimed_counter = e.value ->> 2)sql"};

// ?1 [[id, claimed_at, claimed_counter, counter]...], ?2 collection, ?3 device, ?4 now.
inline constexpr Sql kWriteClaims{"WriteClaims", R"sql(
INSERT OR IGNORE INTO claims
  (collection, id, device, claimed_at, claimed_counter, updated_at, counter)
SELECT ?2, e.value ->> 0, ?3, e.value ->> 1, e.value ->> 2, CAST(?4 AS INTEGER), e.value ->> 3
FROM json_each(?1) AS e)sql"};

// ?1 ids of live records about to be overwritten, ?2 collection, ?3 now.
inline constexpr Sql kKeepOverwritten{"KeepOverwritten", R"sql(
INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason, at)
SELECT ?2, r.id, r.data, r.updated_at, r.counter, r.device, 'overwritten', CAST(?3 AS INTEGER)
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value
WHERE r.data IS NOT NULL)sql"};

// ?1 [[id, offset, size, updated_at, counter, reason]...], ?2 collection, ?3 blob, ?4 device,
// ?5 now. A replay finds its version here already.
inline constexpr Sql kKeepLosers{"KeepLosers", R"sql(
INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason, at)
SELECT ?2, e.value ->> 0, CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT),
  e.value ->> 3, e.value ->> 4, ?4, e.value ->> 5, CAST(?5 AS INTEGER)
FROM json_each(?1) AS e
WHERE NOT EXISTS (
  SELECT 1 FROM history AS h
  WHERE h.collection = ?2 AND h.record_id = e.value ->> 0
    AND h.updated_at = e.value ->> 3 AND h.device = ?4
    AND h.data = CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT)))sql"};

// The same for fields: ?1 [[id, offset, size, updated_at, counter, reason, device]...],
// ?2 collection, ?3 blob, ?4 now.
inline constexpr Sql kKeepFields{"KeepFields", R"sql(
INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason, at)
SELECT ?2, e.value ->> 0, CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT),
  e.value ->> 3, e.value ->> 4, e.value ->> 6, e.value ->> 5, CAST(?4 AS INTEGER)
FROM json_each(?1) AS e
WHERE NOT EXISTS (
  SELECT 1 FROM history AS h
  WHERE h.collection = ?2 AND h.record_id = e.value ->> 0
    AND h.updated_at = e.value ->> 3 AND h.device = e.value ->> 6
    AND h.data = CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT)))sql"};

// ?1 [[id, offset, size, updated_at, counter, deleted, parent]...], ?2 collection, ?3 blob,
// ?4 device, ?5 the seq before the first, ?6 now. The caller has decided that these win.
inline constexpr Sql kWriteWinners{"WriteWinners", R"sql(
INSERT INTO records (collection, id, data, updated_at, counter, device, seq, first_seq, deleted,
  written_at, parent)
SELECT ?2, e.value ->> 0,
  CASE WHEN e.value ->> 2 > 0 THEN CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT) END,
  e.value ->> 3, e.value ->> 4, ?4, CAST(?5 AS INTEGER) + 1 + e.key, CAST(?5 AS INTEGER) + 1 + e.key,
  e.value ->> 5, CAST(?6 AS INTEGER), e.value ->> 6
FROM json_each(?1) AS e
WHERE true
ON CONFLICT (collection, id) DO UPDATE SET
  data = excluded.data, updated_at = excluded.updated_at, counter = excluded.counter,
  device = excluded.device, seq = excluded.seq,
  first_seq = CASE WHEN records.deleted THEN excluded.seq ELSE records.first_seq END,
  deleted = excluded.deleted, written_at = excluded.written_at, parent = excluded.parent)sql"};

// ?1 [[id, offset, size, updated_at, counter, deleted, parent, fields]...], ?2 collection, ?3 blob,
// ?4 the seq before the first, ?5 now, ?6 the device that pushes: `device` tells who need not be
// sent the row, and whose stamps it bears is in its fields.
inline constexpr Sql kWriteFields{"WriteFields", R"sql(
INSERT INTO records (collection, id, data, updated_at, counter, device, seq, first_seq, deleted,
  written_at, parent, fields)
SELECT ?2, e.value ->> 0,
  CASE WHEN e.value ->> 2 > 0 THEN CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT) END,
  e.value ->> 3, e.value ->> 4, ?6,
  CAST(?4 AS INTEGER) + 1 + e.key, CAST(?4 AS INTEGER) + 1 + e.key,
  e.value ->> 5, CAST(?5 AS INTEGER), e.value ->> 6, e.value ->> 7
FROM json_each(?1) AS e
WHERE true
ON CONFLICT (collection, id) DO UPDATE SET
  data = excluded.data, updated_at = excluded.updated_at, counter = excluded.counter,
  device = excluded.device, seq = excluded.seq,
  first_seq = CASE WHEN records.deleted THEN excluded.seq ELSE records.first_seq END,
  deleted = excluded.deleted, written_at = excluded.written_at, parent = excluded.parent,
  fields = excluded.fields)sql"};

// ?1 bare ids, ?2 the device's cursor: what they name in any collection, and whether it was seen.
// ?3 collections as a JSON array.
inline constexpr Sql kReadBareIds{"ReadBareIds", R"sql(
SELECT e.key, r.collection, r.id, r.seq <= CAST(?2 AS INTEGER)
FROM json_each(?1) AS e
CROSS JOIN json_each(?3) AS c
CROSS JOIN records AS r ON r.collection = c.value AND r.id = e.value
WHERE r.deleted = 0)sql"};

// --- Pull ----------------------------------------------------------------------------------------

// Records as deltas, by seq. ?1 from, ?2 to, ?3 the device that wrote them itself, ?4 rows, ?5 the
// seq up to which its own are wanted too. `action` is `create` for what appeared after ?1.
#define TIDEMARK_DELTA                                                              \
  "'{\"action\":\"' || CASE WHEN r.deleted THEN 'delete'"                           \
  " WHEN r.first_seq > CAST(?1 AS INTEGER) THEN 'create' ELSE 'update' END"         \
  " || '\",\"id\":' || json_quote(r.id)"                                            \
  " || CASE WHEN r.deleted THEN '' ELSE ',\"data\":' || r.data END"                 \
  " || ',\"updated_at\":' || r.updated_at || ',\"counter\":' || r.counter"          \
  " || ',\"device\":' || json_quote(r.device) || ',\"seq\":' || r.seq || '}'"

inline constexpr Sql kPull{"Pull",
                           "SELECT r.collection, " TIDEMARK_DELTA R"sql(, r.seq
FROM records AS r
WHERE r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
  AND (r.device <> ?3 OR r.seq <= CAST(?5 AS INTEGER))
ORDER BY r.seq LIMIT CAST(?4 AS INTEGER) + 1)sql"};

// The ids of deletions in the same window, for clients that read `deleted_ids`.
inline constexpr Sql kPullDeletedIds{"PullDeletedIds", R"sql(
SELECT 'deleted_ids', json_quote(r.id), r.seq
FROM records AS r INDEXED BY records_tombstones
WHERE r.deleted = 1 AND r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
  AND (r.device <> ?3 OR r.seq <= CAST(?4 AS INTEGER))
ORDER BY r.seq)sql"};

// What is stored for the device's own deltas where that differs from what it sent, and the window
// of the pull (?1 to ?4 as in Pull, ?4 the rows' last seq) does not tell it. ?6 [[collection, id]...].
inline constexpr Sql kPullCorrections{"PullCorrections",
                                      "SELECT r.collection, " TIDEMARK_DELTA R"sql(, r.seq
FROM json_each(?5) AS e
CROSS JOIN records AS r ON r.collection = e.value ->> 0 AND r.id = e.value ->> 1
WHERE NOT (r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
  AND (r.device <> ?3 OR r.seq <= CAST(?4 AS INTEGER))))sql"};

#undef TIDEMARK_DELTA

// --- History -------------------------------------------------------------------------------------

#define TIDEMARK_HISTORY_ENTRY                                                     \
  "SELECT '', json_object('id', h.id, 'collection', h.collection,"                \
  " 'record_id', h.record_id, 'data', json(h.data), 'updated_at', h.updated_at,"  \
  " 'counter', h.counter, 'device', h.device, 'reason', h.reason, 'at', h.at), h.id\n"

// ?1 before, ?2 rows. Newest first.
inline constexpr Sql kListHistory{
    "ListHistory", TIDEMARK_HISTORY_ENTRY
    "FROM history AS h WHERE h.id < CAST(?1 AS INTEGER)\n"
    "ORDER BY h.id DESC LIMIT CAST(?2 AS INTEGER) + 1"};

// ?3 collection, ?4 record.
inline constexpr Sql kListRecordHistory{
    "ListRecordHistory", TIDEMARK_HISTORY_ENTRY
    "FROM history AS h INDEXED BY history_record\n"
    "WHERE h.collection = ?3 AND h.record_id = ?4 AND h.id < CAST(?1 AS INTEGER)\n"
    "ORDER BY h.id DESC LIMIT CAST(?2 AS INTEGER) + 1"};

#undef TIDEMARK_HISTORY_ENTRY

inline constexpr Sql kReadHistory{
    "ReadHistory",
    "SELECT collection, record_id, data FROM history WHERE id = CAST(?1 AS INTEGER)"};

// --- Projection ----------------------------------------------------------------------------------

// ?1 from, ?2 bytes, ?3 rows: the last seq of a page that fits, and of one row at least.
inline constexpr Sql kMeasurePage{"MeasurePage", R"sql(
SELECT max(seq) FROM (
  SELECT seq, row_number() OVER w AS row, sum(bytes + 200) OVER w AS total
  FROM (
    SELECT seq, coalesce(length(CAST(data AS BLOB)), 0) + length(CAST(id AS BLOB)) AS bytes
    FROM records WHERE seq > CAST(?1 AS INTEGER) ORDER BY seq LIMIT CAST(?3 AS INTEGER))
  WINDOW w AS (ORDER BY seq ROWS UNBOUNDED PRECEDING))
WHERE row = 1 OR total <= CAST(?2 AS INTEGER))sql"};

#define TIDEMARK_PROJECTED                                                             \
  "json_object('id', r.id, 'seq', r.seq, 'at', r.updated_at, 'deleted', r.deleted,"    \
  " 'd', json(r.data))"

// ?1 from, ?2 to.
inline constexpr Sql kReadPage{"ReadPage", "SELECT r.collection, " TIDEMARK_PROJECTED R"sql(, r.seq
FROM records AS r WHERE r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
ORDER BY r.seq)sql"};

// The parents of ?3's rows of a page (?1, ?2), in ?4, that changed after it: D1 wants them first.
inline constexpr Sql kReadPageParents{"ReadPageParents",
                                      "SELECT r.collection, " TIDEMARK_PROJECTED R"sql(, r.seq
FROM (SELECT DISTINCT parent FROM records
  WHERE seq > CAST(?1 AS INTEGER) AND seq <= CAST(?2 AS INTEGER)
    AND collection = ?3 AND deleted = 0) AS c
CROSS JOIN records AS r ON r.collection = ?4 AND r.id = c.parent
WHERE r.seq > CAST(?2 AS INTEGER))sql"};

// ?1 collection, ?2 id.
inline constexpr Sql kReadProjected{"ReadProjected",
                                    "SELECT r.collection, " TIDEMARK_PROJECTED R"sql(, r.seq
FROM records AS r WHERE r.collection = ?1 AND r.id = ?2)sql"};

#undef TIDEMARK_PROJECTED

inline constexpr Sql kListSetAside{
    "ListSetAside", "SELECT collection, id FROM set_aside ORDER BY collection, id LIMIT 20"};
inline constexpr Sql kSetAside{
    "SetAside",
    "INSERT INTO set_aside (collection, id, reason, at) VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER))\n"
    "ON CONFLICT (collection, id) DO UPDATE SET reason = excluded.reason, at = excluded.at"};
inline constexpr Sql kClearSetAside{"ClearSetAside",
                                    "DELETE FROM set_aside WHERE collection = ?1 AND id = ?2"};
inline constexpr Sql kReadSeqs{"ReadSeqs", R"sql(
SELECT collection, id, seq FROM records
WHERE seq > CAST(?1 AS INTEGER) AND seq <= CAST(?2 AS INTEGER) ORDER BY seq)sql"};

// D1, ?1 user.
inline constexpr Sql kReadProjection{
    "ReadProjection", "SELECT epoch, projected_seq FROM projection WHERE user_id = ?1"};

// D1, ?1 user, ?2 epoch, ?3 projected_seq: fails the batch, at no cost, unless that is the state.
inline constexpr Sql kFenceProjection{"FenceProjection", R"sql(
SELECT CASE WHEN coalesce((SELECT CASE epoch WHEN ?2 THEN projected_seq ELSE -1 END
  FROM projection WHERE user_id = ?1), 0) = CAST(?3 AS INTEGER)
THEN 1 ELSE json('moved') END)sql"};

// D1, ?1 user, ?2 epoch, ?3 projected_seq, ?4 now.
inline constexpr Sql kAdvanceProjection{"AdvanceProjection", R"sql(
INSERT INTO projection (user_id, epoch, projected_seq, projected_at)
VALUES (?1, ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER))
ON CONFLICT (user_id) DO UPDATE SET epoch = excluded.epoch,
  projected_seq = excluded.projected_seq, projected_at = excluded.projected_at)sql"};

// --- Pruning -------------------------------------------------------------------------------------

// ?1 after this seq, ?2 rows, ?3 cutoff (server's time): the oldest tombstones written before it.
inline constexpr Sql kReadOldTombstones{"ReadOldTombstones", R"sql(
SELECT r.collection, r.id, r.seq
FROM records AS r INDEXED BY records_tombstones
WHERE r.deleted = 1 AND r.seq > CAST(?1 AS INTEGER) AND r.written_at < CAST(?3 AS INTEGER)
ORDER BY r.seq LIMIT CAST(?2 AS INTEGER))sql"};

// ?1 [[collection, id, seq]...]: those that are still the same tombstones.
inline constexpr Sql kDeleteTombstones{"DeleteTombstones", R"sql(
DELETE FROM records WHERE deleted = 1 AND (collection, id, seq) IN (
  SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2 FROM json_each(?1) AS e))sql"};

// What was pruned only grows. ?1 key, ?2 value.
inline constexpr Sql kRaisePruned{
    "RaisePruned",
    "INSERT INTO meta (key, value) VALUES (?1, CAST(?2 AS INTEGER))\n"
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value < excluded.value"};

// ?1 ids of deleted parents, ?2 the children's collection: those that a living child still names.
// It reads the children's collection in full: daily at most, and only where a parent is to go.
inline constexpr Sql kReadParentsInUse{"ReadParentsInUse", R"sql(
SELECT DISTINCT parent FROM records
WHERE collection = ?2 AND deleted = 0 AND parent IN (SELECT value FROM json_each(?1)))sql"};

// ?1 cutoff. The newest entry stays, so that no id is given twice.
inline constexpr Sql kPruneHistory{"PruneHistory", R"sql(
DELETE FROM history WHERE id <= (
  SELECT max(id) FROM (SELECT id, at FROM history ORDER BY id LIMIT 1000)
  WHERE at < CAST(?1 AS INTEGER)) AND id < (SELECT max(id) FROM history))sql"};

// ?1 cutoff. Claims are few (one for each delta whose clock was wrong): read in full, daily.
inline constexpr Sql kPruneClaims{"PruneClaims",
                                  "DELETE FROM claims WHERE updated_at < CAST(?1 AS INTEGER)"};

// --- All of them, for the test ---------------------------------------------------------------

enum class Store : uint8_t { kSpace, kShard };

struct Registered {
  Sql sql;
  Store store;
  std::string_view scans;  // the table that it may read in full; empty for none
};

// The tables come first, in the order in which they are made.
std::span<const Registered> Statements();

}  // namespace tidemark::sql
