// SQL of the log itself: public keys, entries, and which entries are known. It lies in the tenant's
// object or in the D1 database `DB`, with the same tables and statements, so it is written for
// both: no transaction but a batch, and rows of several tenants in one table, and each column has a
// name of its own that is no number, since D1 gives a row as an object. The rules are in
// records/statements.h. For D1 the tables are made by schema/db.
//
// Entries lie in batches, as they were written: what one WriteEntries brought is one row, or a few
// of at most limits.h's kEventBatchBytes. A batch holds its entries as they stand in a Changes
// message (events/message.h), so they are sent as they lie. Sequences of a log are without gaps, a
// batch's are `first` to `first + count - 1`, and the last batch stays when all before it are
// pruned.
//
// A batch's number is its log's above its first sequence, of 32 bits: batches of a log lie together
// and in order, and a search among them reads no entries, as it would in a key of two columns,
// whose rows lie in the index itself.

#pragma once

#include "engine/command.h"

// The first sequence of a batch by its number, and the numbers that the batches of a log begin at.
#define TIDEMARK_FIRST(batch) "(" batch ".id & 4294967295)"
#define TIDEMARK_BASE(log) "(" log " << 32)"
#define TIDEMARK_OF_LOG(batch, log) \
  batch ".id BETWEEN " TIDEMARK_BASE(log) " AND " TIDEMARK_BASE(log) " + 4294967295"
// Likewise from a sequence to another.
#define TIDEMARK_BETWEEN(batch, log, from, to) \
  batch ".id BETWEEN " TIDEMARK_BASE(log) " + " from " AND " TIDEMARK_BASE(log) " + " to
#define TIDEMARK_INTEGER(parameter) "CAST(" parameter " AS INTEGER)"

namespace tidemark::sql {

// The id by which clients know a tenant's log, for its life: a version 4 UUID.
inline constexpr Sql kCreateEventRemote{"CreateEventRemote", R"sql(
CREATE TABLE IF NOT EXISTS event_remote (
  tenant TEXT NOT NULL PRIMARY KEY,
  id BLOB NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// One for each public key of a tenant.
inline constexpr Sql kCreateEventLog{"CreateEventLog", R"sql(
CREATE TABLE IF NOT EXISTS event_log (
  id INTEGER NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  UNIQUE (tenant, key)
) STRICT)sql"};

// The logs of a tenant in the order of their ids.
inline constexpr Sql kIndexEventLog{
    "IndexEventLog", "CREATE INDEX IF NOT EXISTS event_log_tenant ON event_log (tenant)"};

// `at` is in ms since 1970, `writer` the number of the socket that wrote it, `ids` those of its
// entries, of 16 bytes each.
inline constexpr Sql kCreateEventBatch{"CreateEventBatch", R"sql(
CREATE TABLE IF NOT EXISTS event_batch (
  id INTEGER NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  writer INTEGER NOT NULL,
  ids BLOB NOT NULL,
  data BLOB NOT NULL
) STRICT)sql"};

// The sequence of each entry by its id: an entry that comes again is not stored again.
inline constexpr Sql kCreateEventEntry{"CreateEventEntry", R"sql(
CREATE TABLE IF NOT EXISTS event_entry (
  log INTEGER NOT NULL,
  id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID)sql"};

// ?1 tenant, ?2 id, for one that has none.
inline constexpr Sql kMakeEventRemote{
    "MakeEventRemote",
    "INSERT INTO event_remote (tenant, id) VALUES (?1, ?2) ON CONFLICT (tenant) DO NOTHING"};
inline constexpr Sql kReadEventRemote{"ReadEventRemote",
                                      "SELECT id FROM event_remote WHERE tenant = ?1"};

// Of a log that lasts as long as its object's memory: nothing but one tenant's lies there.
inline constexpr Sql kWipeRemotes{"WipeRemotes", "DELETE FROM event_remote"};
inline constexpr Sql kWipeLogs{"WipeLogs", "DELETE FROM event_log"};
inline constexpr Sql kWipeBatches{"WipeBatches", "DELETE FROM event_batch"};
inline constexpr Sql kWipeEntries{"WipeEntries", "DELETE FROM event_entry"};

// ?1 tenant, ?2 key: the log's id, its first sequence kept and its last (1 and 0 where it is
// empty), and the greatest id of an entry: ids begin with a time, so those of new entries are
// mostly greater.
inline constexpr Sql kReadEventLog{
    "ReadEventLog",
    "SELECT l.id,\n"
    "coalesce((SELECT " TIDEMARK_FIRST("b") " FROM event_batch b\n"
    "          WHERE " TIDEMARK_OF_LOG("b", "l.id") " ORDER BY b.id LIMIT 1), 1),\n"
    "coalesce((SELECT " TIDEMARK_FIRST("b") " + b.count - 1 FROM event_batch b\n"
    "          WHERE " TIDEMARK_OF_LOG("b", "l.id") " ORDER BY b.id DESC LIMIT 1), 0),\n"
    "(SELECT max(e.id) FROM event_entry e WHERE e.log = l.id)\n"
    "FROM event_log l WHERE l.tenant = ?1 AND l.key = ?2"};

// ?1 tenant, ?2 key, ?3 ids of 16 bytes, one after the other, ?4 an array of as many: those that
// are known, by their place, with their sequences. (A recursive query counts places for more.)
inline constexpr Sql kFindEvents{"FindEvents", R"sql(
SELECT p.key, e.sequence
FROM event_log l CROSS JOIN json_each(?4) p
CROSS JOIN event_entry e ON e.log = l.id AND e.id = substr(?3, p.key * 16 + 1, 16)
WHERE l.tenant = ?1 AND l.key = ?2)sql"};

// ?1 tenant: how many logs it has.
inline constexpr Sql kCountEventLogs{"CountEventLogs",
                                     "SELECT count(*) FROM event_log WHERE tenant = ?1"};

// ?1 tenant, ?2 key.
inline constexpr Sql kMakeEventLog{"MakeEventLog",
                                   "INSERT INTO event_log (tenant, key) VALUES (?1, ?2)\n"
                                   "ON CONFLICT (tenant, key) DO NOTHING"};

// ?1 tenant, ?2 key, ?3 first, ?4 count, ?5 at, ?6 writer, ?7 ids, ?8 data. It fails where another
// has written there meanwhile.
inline constexpr Sql kAppendEvents{
    "AppendEvents",
    "INSERT INTO event_batch (id, count, at, writer, ids, data)\n"
    "SELECT " TIDEMARK_BASE("id") " + " TIDEMARK_INTEGER("?3") ", " TIDEMARK_INTEGER("?4") ",\n"
    "  " TIDEMARK_INTEGER("?5") ", " TIDEMARK_INTEGER("?6") ", ?7, ?8\n"
    "FROM event_log WHERE tenant = ?1 AND key = ?2"};

// ?1 tenant, ?2 key, ?3 ids, ?4 an array of as many, ?5 the sequence of the first.
inline constexpr Sql kKnowEvents{"KnowEvents", R"sql(
INSERT INTO event_entry (log, id, sequence)
SELECT l.id, substr(?3, p.key * 16 + 1, 16), CAST(?5 AS INTEGER) + p.key
FROM event_log l CROSS JOIN json_each(?4) p WHERE l.tenant = ?1 AND l.key = ?2)sql"};

// ?1 log, ?2 a sequence: the batch that it is in, by its first, its writer, and its size in bytes.
inline constexpr Sql kFindEventBatch{
    "FindEventBatch",
    "SELECT " TIDEMARK_FIRST("b") ", b.count, b.writer, length(b.data) FROM event_batch b\n"
    "WHERE " TIDEMARK_BETWEEN("b", TIDEMARK_INTEGER("?1"), "0", TIDEMARK_INTEGER("?2")) "\n"
    "ORDER BY b.id DESC LIMIT 1"};

// ?1 log, ?2 first.
inline constexpr Sql kReadEventBatch{
    "ReadEventBatch",
    "SELECT data FROM event_batch\n"
    "WHERE id = " TIDEMARK_BASE(TIDEMARK_INTEGER("?1")) " + " TIDEMARK_INTEGER("?2")};

// ?1 log, ?2 first, ?3 the last sequence wanted, ?4 a writer, ?5 bytes at most, ?6 batches at most:
// a page that begins with that batch, and has one at least, but none of that writer. The sequence
// after it, its entries, its bytes; NULL where there is no batch.
inline constexpr Sql kMeasureEvents{
    "MeasureEvents",
    "SELECT max(first + count), sum(count), max(bytes) FROM (\n"
    "  SELECT " TIDEMARK_FIRST("b") " AS first, b.count, row_number() OVER rising AS n,\n"
    "    sum(length(b.data)) OVER rising AS bytes\n"
    "  FROM event_batch b\n"
    "  WHERE " TIDEMARK_BETWEEN("b", TIDEMARK_INTEGER("?1"), TIDEMARK_INTEGER("?2"),
                                TIDEMARK_INTEGER("?3")) "\n"
    "    AND " TIDEMARK_FIRST("b") " + b.count - 1 <= " TIDEMARK_INTEGER("?3") "\n"
    "    AND b.writer <> " TIDEMARK_INTEGER("?4") "\n"
    "  WINDOW rising AS (ORDER BY b.id ROWS UNBOUNDED PRECEDING)\n"
    "  ORDER BY b.id LIMIT " TIDEMARK_INTEGER("?6") ")\n"
    "WHERE n = 1 OR bytes <= " TIDEMARK_INTEGER("?5")};

// ?1 log, ?2 first, ?3 the last sequence, ?4 a writer: how many entries, and all of
// them as one blob; no row where there is none.
// group_concat joins the bytes as they are: the databases are UTF-8 and nothing is converted.
inline constexpr Sql kReadEvents{
    "ReadEvents",
    "SELECT CAST(total AS TEXT), CAST(joined AS BLOB), 0 AS seq FROM (\n"
    "  SELECT sum(count) AS total, group_concat(data, '') AS joined FROM (\n"
    "    SELECT b.count, b.data FROM event_batch b\n"
    "    WHERE " TIDEMARK_BETWEEN("b", TIDEMARK_INTEGER("?1"), TIDEMARK_INTEGER("?2"),
                                  TIDEMARK_INTEGER("?3")) "\n"
    "      AND b.writer <> " TIDEMARK_INTEGER("?4") "\n"
    "    ORDER BY b.id))\n"
    "WHERE total IS NOT NULL"};

// ?1 tenant, ?2 a JSON array of public keys: the last sequence of each, and its key.
inline constexpr Sql kReadEventEnds{
    "ReadEventEnds",
    "SELECT k.value,\n"
    "coalesce((SELECT " TIDEMARK_FIRST("b") " + b.count - 1 FROM event_batch b\n"
    "          WHERE " TIDEMARK_OF_LOG("b", "l.id") " ORDER BY b.id DESC LIMIT 1), 0)\n"
    "FROM json_each(?2) k CROSS JOIN event_log l ON l.tenant = ?1 AND l.key = k.value"};

// ?1 tenant, ?2 a log's id: the next one.
inline constexpr Sql kNextEventLog{"NextEventLog", R"sql(
SELECT id FROM event_log INDEXED BY event_log_tenant
WHERE id > CAST(?2 AS INTEGER) AND tenant = ?1
ORDER BY id LIMIT 1)sql"};

// ?1 log, ?2 how many entries are kept, ?3 since when, ?4 batches and ?5 entries at most: the
// first sequence after those that are pruned, NULL where none is.
inline constexpr Sql kFindPruned{
    "FindPruned",
    "SELECT max(o.first + o.count) FROM (\n"
    "  SELECT " TIDEMARK_FIRST("b") " AS first, b.count, b.at,\n"
    "    sum(b.count) OVER (ORDER BY b.id ROWS UNBOUNDED PRECEDING) - b.count AS earlier\n"
    "  FROM event_batch b\n"
    "  WHERE " TIDEMARK_OF_LOG("b", TIDEMARK_INTEGER("?1")) "\n"
    "  ORDER BY b.id LIMIT " TIDEMARK_INTEGER("?4") ") o,\n"
    "  (SELECT " TIDEMARK_FIRST("b") " AS first, b.count FROM event_batch b\n"
    "   WHERE " TIDEMARK_OF_LOG("b", TIDEMARK_INTEGER("?1")) "\n"
    "   ORDER BY b.id DESC LIMIT 1) n\n"
    "WHERE o.first < n.first AND o.earlier < " TIDEMARK_INTEGER("?5") "\n"
    "  AND (o.at < " TIDEMARK_INTEGER("?3") "\n"
    "    OR o.first + o.count <= n.first + n.count - " TIDEMARK_INTEGER("?2") ")"};

// ?1 log, ?2 a sequence: forgets what lies before it. ForgetEvents goes first.
inline constexpr Sql kForgetEvents{
    "ForgetEvents",
    "DELETE FROM event_entry WHERE log = " TIDEMARK_INTEGER("?1") " AND id IN (\n"
    "  WITH RECURSIVE entry(ids, n, count) AS (\n"
    "    SELECT b.ids, 0, b.count FROM event_batch b\n"
    "    WHERE " TIDEMARK_BETWEEN("b", TIDEMARK_INTEGER("?1"), "0",
                                  TIDEMARK_INTEGER("?2") " - 1") "\n"
    "    UNION ALL SELECT ids, n + 1, count FROM entry WHERE n + 1 < count)\n"
    "  SELECT substr(ids, n * 16 + 1, 16) FROM entry)"};
inline constexpr Sql kPruneEvents{
    "PruneEvents",
    "DELETE FROM event_batch AS b\n"
    "WHERE " TIDEMARK_BETWEEN("b", TIDEMARK_INTEGER("?1"), "0", TIDEMARK_INTEGER("?2") " - 1")};

}  // namespace tidemark::sql

#undef TIDEMARK_FIRST
#undef TIDEMARK_BASE
#undef TIDEMARK_OF_LOG
#undef TIDEMARK_BETWEEN
#undef TIDEMARK_INTEGER
