// SQL of a whole document on its way in, and of how it takes the place of another.
//
// A stage is filled row by row, is told the places of its records, and becomes the document by a
// few statements that touch only what differs.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 stage. What is left of a request that has ended.
inline constexpr Sql kClearStaged{"ClearStaged",
                                  "DELETE FROM staged WHERE stage = CAST(?1 AS INTEGER)"};
inline constexpr Sql kClearStagedMembers{
    "ClearStagedMembers", "DELETE FROM staged_member WHERE stage = CAST(?1 AS INTEGER)"};

// ?1 stage, ?2 collection: an array that turned out to be none.
inline constexpr Sql kUnstageCollection{
    "UnstageCollection",
    "DELETE FROM staged WHERE stage = CAST(?1 AS INTEGER) AND collection = ?2"};

// ?1 stage, ?2 collection, ?3 [[id, place, offset, size]...], ?4 blob. One row for each that was
// not there yet.
inline constexpr Sql kStageRecords{"StageRecords", R"sql(
INSERT OR IGNORE INTO staged (stage, collection, id, place, data)
SELECT CAST(?1 AS INTEGER), ?2, e.value ->> 0, e.value ->> 1,
  CAST(substr(?4, 1 + (e.value ->> 2), e.value ->> 3) AS TEXT)
FROM json_each(?3) AS e)sql"};
inline constexpr Sql kCountChanges{"CountChanges", "SELECT changes()"};

// ?1 stage, ?2 key, ?3 place, ?4 kind, ?5 blob or NULL. Of equal keys the last one counts, at the
// first one's place.
inline constexpr Sql kStageMember{"StageMember", R"sql(
INSERT INTO staged_member (stage, key, place, kind, value)
VALUES (CAST(?1 AS INTEGER), ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER), CAST(?5 AS TEXT))
ON CONFLICT (stage, key) DO UPDATE SET kind = excluded.kind, value = excluded.value)sql"};

// ?1 stage: what the document will have, and its members now.
inline constexpr Sql kMeasureStaged{"MeasureStaged", R"sql(
SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) + (
    SELECT coalesce(sum(length(CAST(value AS BLOB))), 0) FROM staged_member
    WHERE stage = CAST(?1 AS INTEGER)),
  (SELECT count(*) FROM staged_member WHERE stage = CAST(?1 AS INTEGER)),
  (SELECT count(*) FROM member)
FROM staged WHERE stage = CAST(?1 AS INTEGER))sql"};

// ?1 stage: its collections, and whether each is one now; kept small by the bound on members.
inline constexpr Sql kListStagedCollections{"ListStagedCollections", R"sql(
SELECT s.key, coalesce(m.kind, 0) FROM staged_member AS s LEFT JOIN member AS m ON m.key = s.key
WHERE s.stage = CAST(?1 AS INTEGER) AND s.kind = 1)sql"};

// ?1 stage, ?2 collection, ?3 how many: its records in the order to come, each with the place it
// has now.
inline constexpr Sql kReadStagedPlaces{"ReadStagedPlaces", R"sql(
SELECT s.id, r.place FROM staged AS s
LEFT JOIN record AS r ON r.collection = s.collection AND r.id = s.id AND r.data IS NOT NULL
WHERE s.stage = CAST(?1 AS INTEGER) AND s.collection = ?2
ORDER BY s.place LIMIT CAST(?3 AS INTEGER))sql"};

// ?1 stage: its members in the order to come, each with the places that it is to have and has now.
inline constexpr Sql kReadStagedMemberPlaces{"ReadStagedMemberPlaces", R"sql(
SELECT s.key, s.place, m.place FROM staged_member AS s LEFT JOIN member AS m ON m.key = s.key
WHERE s.stage = CAST(?1 AS INTEGER) ORDER BY s.place)sql"};

// ?1 stage, ?2 key, ?3 place.
inline constexpr Sql kPlaceStagedMember{"PlaceStagedMember",
                                        "UPDATE staged_member SET place = CAST(?3 AS INTEGER)\n"
                                        "WHERE stage = CAST(?1 AS INTEGER) AND key = ?2"};

// ?1 stage, ?2 collection, ?3 [[id, place]...].
inline constexpr Sql kPlaceStaged{"PlaceStaged", R"sql(
INSERT INTO staged (stage, collection, id, place, data)
SELECT s.stage, s.collection, s.id, e.value ->> 1, s.data
FROM json_each(?3) AS e
CROSS JOIN staged AS s ON s.stage = CAST(?1 AS INTEGER) AND s.collection = ?2
  AND s.id = e.value ->> 0
WHERE true
ON CONFLICT (stage, collection, id) DO UPDATE SET place = excluded.place)sql"};

// ?1 stage, ?2 the version being copied: what of it is about to change.
inline constexpr Sql kFreezeReplaced{"FreezeReplaced", R"sql(
INSERT OR IGNORE INTO frozen (collection, place, id, data)
SELECT r.collection, r.place, r.id, r.data FROM record AS r
LEFT JOIN staged AS s
  ON s.stage = CAST(?1 AS INTEGER) AND s.collection = r.collection AND s.id = r.id
WHERE r.version <= CAST(?2 AS INTEGER) AND r.data IS NOT NULL
  AND (s.data IS NOT r.data OR s.place <> r.place))sql"};
inline constexpr Sql kFreezeReplacedMembers{"FreezeReplacedMembers", R"sql(
INSERT OR IGNORE INTO frozen_member (place, key, kind, value)
SELECT m.place, m.key, m.kind, m.value FROM member AS m
LEFT JOIN staged_member AS s ON s.stage = CAST(?1 AS INTEGER) AND s.key = m.key
WHERE m.version <= CAST(?2 AS INTEGER)
  AND (s.key IS NULL OR m.value IS NOT s.value OR m.kind <> s.kind OR m.place <> s.place))sql"};

// ?1 stage, ?2 version, ?3 how many: records that are not to come, deleted, and the versions that
// they had.
inline constexpr Sql kDeleteReplaced{"DeleteReplaced", R"sql(
UPDATE record SET data = NULL, place = 0, before = version, version = CAST(?2 AS INTEGER)
WHERE (collection, id) IN (
  SELECT r.collection, r.id FROM record AS r
  LEFT JOIN staged AS s
    ON s.stage = CAST(?1 AS INTEGER) AND s.collection = r.collection AND s.id = r.id
  WHERE r.data IS NOT NULL AND s.id IS NULL LIMIT CAST(?3 AS INTEGER))
RETURNING collection, id, before)sql"};

// ?1 stage, ?2 version: the records that are new, or not as they were.
inline constexpr Sql kApplyStaged{"ApplyStaged", R"sql(
INSERT INTO record (collection, id, place, version, before, data)
SELECT s.collection, s.id, s.place, CAST(?2 AS INTEGER), r.version, s.data
FROM staged AS s
LEFT JOIN record AS r ON r.collection = s.collection AND r.id = s.id
WHERE s.stage = CAST(?1 AS INTEGER) AND (r.data IS NOT s.data OR r.place <> s.place)
ON CONFLICT (collection, id) DO UPDATE SET
  place = excluded.place, version = excluded.version, before = excluded.before,
  data = excluded.data)sql"};

// ?1 stage: the keys of members that are not to come.
inline constexpr Sql kDeleteReplacedMembers{"DeleteReplacedMembers", R"sql(
DELETE FROM member WHERE key NOT IN (
  SELECT key FROM staged_member WHERE stage = CAST(?1 AS INTEGER))
RETURNING key)sql"};

// ?1 stage, ?2 version.
inline constexpr Sql kApplyStagedMembers{"ApplyStagedMembers", R"sql(
INSERT INTO member (key, place, kind, value, version)
SELECT s.key, s.place, s.kind, s.value, CAST(?2 AS INTEGER)
FROM staged_member AS s LEFT JOIN member AS m ON m.key = s.key
WHERE s.stage = CAST(?1 AS INTEGER)
  AND (m.value IS NOT s.value OR m.kind IS NOT s.kind OR m.place <> s.place)
ON CONFLICT (key) DO UPDATE SET
  place = excluded.place, kind = excluded.kind, value = excluded.value,
  version = excluded.version)sql"};

// ?1 collection, ?2 after which place, ?3 version: its records that this version wrote, as changes
// of an entry, kept.
inline constexpr Sql kReadWritten{"ReadWritten", R"sql(
SELECT '', '{"op":"upsert","collection":' || json_quote(collection) || ',"id":' || json_quote(id)
  || ',"before":' || coalesce(before, 'null') || ',"place":' || place
  || ',"record":' || data || '}',
  place
FROM record WHERE collection = ?1 AND place > CAST(?2 AS INTEGER) AND place > 0
  AND version = CAST(?3 AS INTEGER)
ORDER BY place)sql"};

// ?1 after which place, ?2 version: members that it wrote, likewise.
inline constexpr Sql kReadWrittenMembers{"ReadWrittenMembers", R"sql(
SELECT '', '{"op":"set","member":' || json_quote(key) || ',"place":' || place
  || CASE kind WHEN 0 THEN ',"value":' || value ELSE '' END || '}', place
FROM member WHERE place > CAST(?1 AS INTEGER) AND version = CAST(?2 AS INTEGER)
ORDER BY place)sql"};

// ?1 seq, ?2 records, ?3 bytes, ?4 the entry's head, ?5 its changes, kept.
inline constexpr Sql kAppendKeptJournal{"AppendKeptJournal", R"sql(
INSERT INTO journal (seq, records, bytes, entry)
VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), CAST(?3 AS INTEGER), ?4 || ?5 || ']}'))sql"};

}  // namespace tidemark::sql
