// SQL of pulls and of history: rows that the host keeps and the core never sees.
// The rules are in statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// Records as deltas, by seq. ?1 from, ?2 to, ?3 rows. `action` is `create` for what appeared
// after ?1.
#define TIDEMARK_DELTA_WITH(keys)                                           \
  "'{\"action\":\"' || CASE WHEN r.deleted THEN 'delete'"                   \
  " WHEN r.first_seq > CAST(?1 AS INTEGER) THEN 'create' ELSE 'update' END" \
  " || '\",\"id\":' || json_quote(r.id)" keys                               \
  " || CASE WHEN r.deleted THEN '' ELSE ',\"data\":' || r.data END"         \
  " || ',\"updated_at\":' || r.updated_at || ',\"counter\":' || r.counter"  \
  " || ',\"device\":' || json_quote(r.device) || ',\"seq\":' || r.seq || '}'"
#define TIDEMARK_DELTA TIDEMARK_DELTA_WITH("")

inline constexpr Sql kPull{"Pull", "SELECT r.collection, " TIDEMARK_DELTA R"sql(, r.seq
FROM records AS r
WHERE r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
ORDER BY r.seq LIMIT CAST(?3 AS INTEGER) + 1)sql"};

// The same where the space holds copies of others' records too: each says whose it is, and what may
// be done with it. They are of no device's own.
inline constexpr Sql kPullWithCopies{"PullWithCopies",
                                     "SELECT r.collection, " TIDEMARK_DELTA R"sql(, r.seq
FROM records AS r
WHERE r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
UNION ALL SELECT r.collection, )sql" TIDEMARK_DELTA_WITH(
                                         " || ',\"owner\":' || json_quote(r.owner)"
                                         " || CASE WHEN r.deleted THEN '' ELSE"
                                         " ',\"permission\":' || json_quote((SELECT permission"
                                         " FROM received_shares AS s WHERE s.owner = r.owner"
                                         " AND s.plan = r.plan)) END") R"sql(, r.seq
FROM shared_records AS r
WHERE r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
ORDER BY 3 LIMIT CAST(?3 AS INTEGER) + 1)sql"};

// The ids of deletions in the same window, for clients that read `deleted_ids`.
inline constexpr Sql kPullDeletedIds{"PullDeletedIds", R"sql(
SELECT 'deleted_ids', json_quote(r.id), r.seq
FROM records AS r INDEXED BY records_tombstones
WHERE r.deleted = 1 AND r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)
ORDER BY r.seq)sql"};

// What is stored for the request's own deltas (?3 [[collection, id]...]) where that differs from
// what was sent, and the window of the pull, ?1 to ?2, does not tell it.
inline constexpr Sql kPullCorrections{"PullCorrections",
                                      "SELECT r.collection, " TIDEMARK_DELTA R"sql(, r.seq
FROM (SELECT DISTINCT value ->> 0 AS collection, value ->> 1 AS id FROM json_each(?3)) AS e
CROSS JOIN records AS r ON r.collection = e.collection AND r.id = e.id
WHERE NOT (r.seq > CAST(?1 AS INTEGER) AND r.seq <= CAST(?2 AS INTEGER)))sql"};

// Whether rows fit a frame: ?1 from, ?2 to, ?3 rows at most that are looked at, of either kind.
inline constexpr Sql kMeasureChanges{"MeasureChanges", R"sql(
SELECT count(*), coalesce(sum(size), 0)
FROM (SELECT * FROM (SELECT coalesce(length(CAST(data AS BLOB)), 0)
      + 2 * length(CAST(json_quote(id) AS BLOB)) AS size FROM records
    WHERE seq > CAST(?1 AS INTEGER) AND seq <= CAST(?2 AS INTEGER)
    ORDER BY seq LIMIT CAST(?3 AS INTEGER))
  UNION ALL SELECT * FROM (SELECT coalesce(length(CAST(data AS BLOB)), 0)
      + 2 * length(CAST(json_quote(id) AS BLOB)) AS size FROM shared_records
    WHERE seq > CAST(?1 AS INTEGER) AND seq <= CAST(?2 AS INTEGER)
    ORDER BY seq LIMIT CAST(?3 AS INTEGER))))sql"};

#undef TIDEMARK_DELTA
#undef TIDEMARK_DELTA_WITH

// A merge patch leaves out what is NULL: whose record it is, and who else wrote that version. The
// device of an editor is USER/DEVICE.
#define TIDEMARK_HISTORY_ENTRY                                                   \
  "SELECT '', json_patch(json_object('id', h.id, 'collection', h.collection,"    \
  " 'record_id', h.record_id, 'data', json(h.data), 'updated_at', h.updated_at," \
  " 'counter', h.counter, 'device', h.device, 'reason', h.reason, 'at', h.at),"  \
  " json_object('owner', h.owner, 'editor', (SELECT p.email FROM people AS p"    \
  " WHERE p.user_id = substr(h.device, 1, instr(h.device, '/') - 1)))), h.id\n"

// ?1 before, ?2 rows. Newest first.
inline constexpr Sql kListHistory{"ListHistory", TIDEMARK_HISTORY_ENTRY
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
    "SELECT collection, record_id, data, owner FROM history WHERE id = CAST(?1 AS INTEGER)"};

}  // namespace tidemark::sql
