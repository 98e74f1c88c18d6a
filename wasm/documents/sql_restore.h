// SQL of keeping a document and of getting it back: the journal applied to a stage. The rules are
// in records/statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// The places of a copy's rows, as changes of its seal, kept. ?1 the version, ?2 after which place,
// ?3 collection; of members, the highest kind of them.
inline constexpr Sql kReadMemberPlaces{"ReadMemberPlaces", R"sql(
SELECT '', '{"op":"place","member":' || json_quote(key) || ',"place":' || place || '}', place FROM (
  SELECT key, place, kind FROM member WHERE version <= CAST(?1 AS INTEGER)
  UNION ALL SELECT key, place, kind FROM frozen_member)
WHERE place > CAST(?2 AS INTEGER) AND kind <= CAST(?3 AS INTEGER)
ORDER BY place)sql"};
inline constexpr Sql kReadRecordPlaces{"ReadRecordPlaces", R"sql(
SELECT '', '{"op":"place","collection":' || json_quote(?3) || ',"id":' || json_quote(id)
  || ',"place":' || place || '}', place
FROM (
  SELECT id, place FROM record WHERE collection = ?3 AND place > CAST(?2 AS INTEGER)
    AND place > 0 AND version <= CAST(?1 AS INTEGER)
  UNION ALL SELECT id, place FROM frozen
  WHERE collection = ?3 AND place > CAST(?2 AS INTEGER))
ORDER BY place)sql"};

// ?1 the version, ?2 the highest kind of member: the bytes of all of them, with the commas between.
inline constexpr Sql kMeasurePlaces{"MeasurePlaces", R"sql(
SELECT max(0, coalesce(sum(bytes + 1), 0) - 1) FROM (
  SELECT 33 + length(CAST(json_quote(key) AS BLOB)) + length(place) AS bytes FROM (
    SELECT key, place FROM member
    WHERE version <= CAST(?1 AS INTEGER) AND kind <= CAST(?2 AS INTEGER)
    UNION ALL SELECT key, place FROM frozen_member WHERE kind <= CAST(?2 AS INTEGER))
  UNION ALL
  SELECT 43 + length(CAST(json_quote(collection) AS BLOB)) + length(CAST(json_quote(id) AS BLOB))
    + length(place)
  FROM (
    SELECT collection, id, place FROM record
    WHERE data IS NOT NULL AND version <= CAST(?1 AS INTEGER)
    UNION ALL SELECT collection, id, place FROM frozen)))sql"};

// ?1 stage, ?2 [[collection, id, place, offset, size]...], ?3 blob.
inline constexpr Sql kReplayRecords{"ReplayRecords", R"sql(
INSERT INTO staged (stage, collection, id, place, data)
SELECT CAST(?1 AS INTEGER), e.value ->> 0, e.value ->> 1, e.value ->> 2,
  CAST(substr(?3, 1 + (e.value ->> 3), e.value ->> 4) AS TEXT)
FROM json_each(?2) AS e
WHERE true
ON CONFLICT (stage, collection, id) DO UPDATE SET
  place = excluded.place, data = excluded.data)sql"};

// ?1 stage, ?2 [[collection, id]...].
inline constexpr Sql kUnstageRecords{"UnstageRecords", R"sql(
DELETE FROM staged WHERE stage = CAST(?1 AS INTEGER) AND (collection, id) IN (
  SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?2) AS e))sql"};

// ?1 stage, ?2 [[collection, id, place]...], or of members [[key, place]...], ?3 stage: rows that
// are in the first take these places in the second.
inline constexpr Sql kMoveRecords{"MoveRecords", R"sql(
INSERT INTO staged (stage, collection, id, place, data)
SELECT CAST(?3 AS INTEGER), s.collection, s.id, e.value ->> 2, s.data
FROM json_each(?2) AS e
CROSS JOIN staged AS s ON s.stage = CAST(?1 AS INTEGER) AND s.collection = e.value ->> 0
  AND s.id = e.value ->> 1
WHERE true
ON CONFLICT (stage, collection, id) DO UPDATE SET place = excluded.place)sql"};
inline constexpr Sql kMoveMembers{"MoveMembers", R"sql(
INSERT INTO staged_member (stage, key, place, kind, value)
SELECT CAST(?3 AS INTEGER), s.key, e.value ->> 1, s.kind, s.value
FROM json_each(?2) AS e
CROSS JOIN staged_member AS s ON s.stage = CAST(?1 AS INTEGER) AND s.key = e.value ->> 0
WHERE true
ON CONFLICT (stage, key) DO UPDATE SET place = excluded.place)sql"};

// ?1 stage, ?2 [[key, place, offset, size]...], ?3 blob. A size of 0 is a collection.
inline constexpr Sql kReplayMembers{"ReplayMembers", R"sql(
INSERT INTO staged_member (stage, key, place, kind, value)
SELECT CAST(?1 AS INTEGER), e.value ->> 0, e.value ->> 1, (e.value ->> 3) = 0,
  CASE WHEN e.value ->> 3 > 0 THEN CAST(substr(?3, 1 + (e.value ->> 2), e.value ->> 3) AS TEXT) END
FROM json_each(?2) AS e
WHERE true
ON CONFLICT (stage, key) DO UPDATE SET
  place = excluded.place, kind = excluded.kind, value = excluded.value)sql"};

// ?1 stage, ?2 [key...].
inline constexpr Sql kUnstageMembers{"UnstageMembers", R"sql(
DELETE FROM staged_member WHERE stage = CAST(?1 AS INTEGER)
  AND key IN (SELECT value FROM json_each(?2)))sql"};

// ?1 stage: its members that are values.
inline constexpr Sql kUnstageValues{
    "UnstageValues", "DELETE FROM staged_member WHERE stage = CAST(?1 AS INTEGER) AND kind = 0"};

// ?1 from which stage on: all of them.
inline constexpr Sql kClearStages{"ClearStages",
                                  "DELETE FROM staged WHERE stage >= CAST(?1 AS INTEGER)"};
inline constexpr Sql kClearStagesMembers{
    "ClearStagesMembers", "DELETE FROM staged_member WHERE stage >= CAST(?1 AS INTEGER)"};

// ?1 the stage of what one object held, ?2 that of the whole, ?3 which object in order: its places
// are apart from those of others by more than any gives; ?4 the shard to keep records in, or NULL.
inline constexpr Sql kJoinStaged{"JoinStaged", R"sql(
UPDATE OR REPLACE staged SET stage = CAST(?2 AS INTEGER), shard = ?4,
  place = place + CAST(?3 AS INTEGER) * 4503599627370496
WHERE stage = CAST(?1 AS INTEGER))sql"};
inline constexpr Sql kJoinStagedMembers{"JoinStagedMembers", R"sql(
UPDATE OR REPLACE staged_member SET stage = CAST(?2 AS INTEGER)
WHERE stage = CAST(?1 AS INTEGER) AND kind = 0)sql"};

// ?1 stage, ?2 the step between places: records in their order, with the places that a document
// has that was just read (documents/stage.h).
inline constexpr Sql kRenumberStaged{"RenumberStaged", R"sql(
UPDATE staged SET place = o.number * CAST(?2 AS INTEGER)
FROM (SELECT collection, id,
    row_number() OVER (PARTITION BY collection ORDER BY place) AS number
  FROM staged WHERE stage = CAST(?1 AS INTEGER)) AS o
WHERE staged.stage = CAST(?1 AS INTEGER) AND staged.collection = o.collection
  AND staged.id = o.id)sql"};

// ?1 up to which version, ?2 how many: the last version among the oldest deletions.
inline constexpr Sql kReadOldDeletions{"ReadOldDeletions", R"sql(
SELECT max(version), count(*) FROM (
  SELECT version FROM record INDEXED BY record_deleted
  WHERE data IS NULL AND version <= CAST(?1 AS INTEGER)
  ORDER BY version LIMIT CAST(?2 AS INTEGER)))sql"};

// ?1 up to which version.
inline constexpr Sql kForgetDeletions{"ForgetDeletions", R"sql(
DELETE FROM record WHERE (collection, id) IN (
  SELECT collection, id FROM record INDEXED BY record_deleted
  WHERE data IS NULL AND version <= CAST(?1 AS INTEGER)))sql"};
inline constexpr Sql kRaiseHorizon{"RaiseHorizon", R"sql(
INSERT INTO meta (key, value) VALUES ('horizon', CAST(?1 AS INTEGER))
ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value))sql"};

}  // namespace tidemark::sql
