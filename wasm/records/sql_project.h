// SQL of the projection into D1, and of pruning. The rules are in statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 from, ?2 bytes, ?3 rows: the last seq of a page that fits, and of one row at least.
inline constexpr Sql kMeasurePage{"MeasurePage", R"sql(
SELECT max(seq) FROM (
  SELECT seq, row_number() OVER w AS row, sum(bytes + 200) OVER w AS total
  FROM (
    SELECT seq, coalesce(length(CAST(data AS BLOB)), 0) + length(CAST(id AS BLOB)) AS bytes
    FROM records WHERE seq > CAST(?1 AS INTEGER) ORDER BY seq LIMIT CAST(?3 AS INTEGER))
  WINDOW w AS (ORDER BY seq ROWS UNBOUNDED PRECEDING))
WHERE row = 1 OR total <= CAST(?2 AS INTEGER))sql"};

#define TIDEMARK_PROJECTED                                                          \
  "json_object('id', r.id, 'seq', r.seq, 'at', r.updated_at, 'deleted', r.deleted," \
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
    "ListSetAside", "SELECT collection, id FROM set_aside ORDER BY at, collection, id LIMIT 20"};
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

// The projection goes to another shard, ?1, and begins anew there; it leaves ?2.
inline constexpr Sql kMoveProjection{
    "MoveProjection",
    "INSERT INTO meta (key, value) VALUES ('projected_shard', ?1), ('left_shard', ?2),\n"
    "  ('projected_seq', 0)\n"
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"};
inline constexpr Sql kForgetLeftShard{"ForgetLeftShard",
                                      "DELETE FROM meta WHERE key = 'left_shard'"};

// ?1 after this seq, ?2 rows, ?3 cutoff (server's time): the oldest tombstones written before it.
inline constexpr Sql kReadOldTombstones{"ReadOldTombstones", R"sql(
SELECT r.collection, r.id, r.seq
FROM records AS r INDEXED BY records_tombstones
WHERE r.deleted = 1 AND r.seq > CAST(?1 AS INTEGER) AND r.written_at < CAST(?3 AS INTEGER)
  -- What D1 has not been told would stay there for ever.
  AND r.seq <= coalesce((SELECT value FROM meta WHERE key = 'projected_seq'), 0)
  AND NOT EXISTS (SELECT 1 FROM set_aside AS s WHERE s.collection = r.collection AND s.id = r.id)
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

// ?1 cutoff, ?2 rows at most. The newest entry stays, so that no id is given twice.
inline constexpr Sql kPruneHistory{"PruneHistory", R"sql(
DELETE FROM history WHERE id <= (
  SELECT max(id) FROM (SELECT id, at FROM history ORDER BY id LIMIT CAST(?2 AS INTEGER))
  WHERE at < CAST(?1 AS INTEGER)) AND id < (SELECT max(id) FROM history))sql"};

// ?1 cutoff. Claims are few (one for each delta whose clock was wrong): read in full, daily.
inline constexpr Sql kPruneClaims{"PruneClaims",
                                  "DELETE FROM claims WHERE updated_at < CAST(?1 AS INTEGER)"};

}  // namespace tidemark::sql
