// SQL of sharded documents: of the manifest, which knows the shards, and of a change of the whole
// document on its way through them.
//
// Rows go from one object to another as JSON texts of arrays, kept by the hosts: the core does not
// see them.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

inline constexpr Sql kListShards{"ListShards", "SELECT name FROM shard ORDER BY name"};
inline constexpr Sql kAddShard{"AddShard", "INSERT OR IGNORE INTO shard (name) VALUES (?1)"};

// ?1 [name...]: those that the document has from now on.
inline constexpr Sql kReplaceShards{
    "ReplaceShards", "DELETE FROM shard WHERE name NOT IN (SELECT value FROM json_each(?1))"};
inline constexpr Sql kAddShards{
    "AddShards", "INSERT OR IGNORE INTO shard (name) SELECT value FROM json_each(?1)"};

// ?1 a version: from here on all are above it.
inline constexpr Sql kRaiseClock{"RaiseClock", R"sql(
INSERT INTO meta (key, value) VALUES ('clock', CAST(?1 AS INTEGER))
ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value))sql"};

// ?1 [[key, place]...]: collections that a shard may hold.
inline constexpr Sql kJoinMembers{"JoinMembers", R"sql(
INSERT INTO member (key, place, kind, value, version)
SELECT e.value ->> 0, e.value ->> 1, 1, NULL, 0 FROM json_each(?1) AS e WHERE true
ON CONFLICT (key) DO UPDATE SET place = excluded.place)sql"};

// ?1 [[collection, id, shard, 1 | 0]...], as a blob: which shard each lies in. One that has none
// yet gets the one named, but not by a deletion (0), which is then for none.
inline constexpr Sql kClaimPlaced{"ClaimPlaced", R"sql(
INSERT OR IGNORE INTO placed (collection, id, shard)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2 FROM json_each(CAST(?1 AS TEXT)) AS e
WHERE e.value ->> 3 = 1)sql"};
inline constexpr Sql kReadPlaced{"ReadPlaced", R"sql(
SELECT coalesce(p.shard, e.value ->> 2) FROM json_each(CAST(?1 AS TEXT)) AS e
LEFT JOIN placed AS p ON p.collection = e.value ->> 0 AND p.id = e.value ->> 1
WHERE p.shard IS NOT NULL OR e.value ->> 3 = 1)sql"};
inline constexpr Sql kClearPlaced{"ClearPlaced", "DELETE FROM placed"};

// ?1 stage.
inline constexpr Sql kPlaceAllStaged{"PlaceAllStaged", R"sql(
INSERT INTO placed (collection, id, shard)
SELECT collection, id, shard FROM staged WHERE stage = CAST(?1 AS INTEGER))sql"};

// ?1 stage, ?2 collection, ?3 shard.
inline constexpr Sql kShardCollection{
    "ShardCollection",
    "UPDATE staged SET shard = ?3 WHERE stage = CAST(?1 AS INTEGER) AND collection = ?2"};

// ?1 stage, ?2 collection, ?3 after which id, ?4 how many: records that want a shard, with their
// texts and the shards that they came with or lie in.
inline constexpr Sql kReadStagedPage{"ReadStagedPage", R"sql(
SELECT s.id, s.data, coalesce(s.shard, p.shard) FROM staged AS s
LEFT JOIN placed AS p ON p.collection = s.collection AND p.id = s.id
WHERE s.stage = CAST(?1 AS INTEGER) AND s.collection = ?2 AND s.id > ?3
ORDER BY s.id LIMIT CAST(?4 AS INTEGER))sql"};

// ?1 stage, ?2 collection, ?3 [[id, shard]...].
inline constexpr Sql kShardStaged{"ShardStaged", R"sql(
INSERT INTO staged (stage, collection, id, place, data, shard)
SELECT s.stage, s.collection, s.id, s.place, s.data, e.value ->> 1
FROM json_each(?3) AS e
CROSS JOIN staged AS s ON s.stage = CAST(?1 AS INTEGER) AND s.collection = ?2
  AND s.id = e.value ->> 0
WHERE true
ON CONFLICT (stage, collection, id) DO UPDATE SET shard = excluded.shard)sql"};

// ?1 stage: the shards that it needs, with their collections and places.
inline constexpr Sql kListStagedShards{"ListStagedShards", R"sql(
SELECT DISTINCT s.shard, s.collection, m.place FROM staged AS s
JOIN staged_member AS m ON m.stage = s.stage AND m.key = s.collection
WHERE s.stage = CAST(?1 AS INTEGER) ORDER BY s.shard, m.place)sql"};

// ?1 stage, ?2 collection, ?3 shard, ?4 after which place: rows for a shard, kept.
inline constexpr Sql kReadStagedRows{"ReadStagedRows", R"sql(
SELECT '', json_array(id, place, data), place FROM staged
WHERE stage = CAST(?1 AS INTEGER) AND collection = ?2 AND shard = ?3
  AND place > CAST(?4 AS INTEGER)
ORDER BY place)sql"};

// ?1 stage, ?2 after which place: values, kept.
inline constexpr Sql kReadStagedValues{"ReadStagedValues", R"sql(
SELECT '', json_array(key, place, value), place FROM staged_member
WHERE stage = CAST(?1 AS INTEGER) AND kind = 0 AND place > CAST(?2 AS INTEGER)
ORDER BY place)sql"};

// ?1 stage, ?2 collection, ?3 rows as above, with commas between, ?4 the number of the shard that
// they come from: its places are apart from those of others by more than any shard gives.
inline constexpr Sql kStageRows{"StageRows", R"sql(
INSERT OR REPLACE INTO staged (stage, collection, id, place, data)
SELECT CAST(?1 AS INTEGER), ?2, e.value ->> 0,
  (e.value ->> 1) + CAST(?4 AS INTEGER) * 4503599627370496, e.value ->> 2
FROM json_each('[' || CAST(?3 AS TEXT) || ']') AS e)sql"};
inline constexpr Sql kStageValues{"StageValues", R"sql(
INSERT OR REPLACE INTO staged_member (stage, key, place, kind, value)
SELECT CAST(?1 AS INTEGER), e.value ->> 0, e.value ->> 1, 0, e.value ->> 2
FROM json_each('[' || CAST(?2 AS TEXT) || ']') AS e)sql"};

// ?1 stage, ?2 key, ?3 place: a collection.
inline constexpr Sql kStageCollection{"StageCollection", R"sql(
INSERT OR REPLACE INTO staged_member (stage, key, place, kind, value)
VALUES (CAST(?1 AS INTEGER), ?2, CAST(?3 AS INTEGER), 1, NULL))sql"};

// ?1 stage, ?2 the step between places: members in their order. Those that come from several
// objects may share a place: then the collection is first.
inline constexpr Sql kRenumberStagedMembers{"RenumberStagedMembers", R"sql(
UPDATE staged_member SET place = o.number * CAST(?2 AS INTEGER)
FROM (SELECT key, row_number() OVER (ORDER BY place, kind DESC) AS number
  FROM staged_member WHERE stage = CAST(?1 AS INTEGER)) AS o
WHERE staged_member.stage = CAST(?1 AS INTEGER) AND staged_member.key = o.key)sql"};

// ?1 stage: its collections, and their places.
inline constexpr Sql kListStagedPlaces{"ListStagedPlaces", R"sql(
SELECT key, place FROM staged_member WHERE stage = CAST(?1 AS INTEGER) AND kind = 1
ORDER BY place)sql"};

// ?1 stage, ?2 after which place: its collections as changes of an entry, kept.
inline constexpr Sql kReadStagedSets{"ReadStagedSets", R"sql(
SELECT '', '{"op":"set","member":' || json_quote(key) || ',"place":' || place || '}', place
FROM staged_member
WHERE stage = CAST(?1 AS INTEGER) AND kind = 1 AND place > CAST(?2 AS INTEGER)
ORDER BY place)sql"};

// ?1 stage: how many records would go; of those to come, how many are not there as they are, in
// their order; the same of members, by their places; and how many members there are.
inline constexpr Sql kWeighStaged{"WeighStaged", R"sql(
SELECT
  (SELECT count(*) FROM record AS r
   LEFT JOIN staged AS s
     ON s.stage = CAST(?1 AS INTEGER) AND s.collection = r.collection AND s.id = r.id
   WHERE r.data IS NOT NULL AND s.id IS NULL),
  (SELECT count(*) FROM staged AS s
   LEFT JOIN record AS r ON r.collection = s.collection AND r.id = s.id
   WHERE s.stage = CAST(?1 AS INTEGER) AND r.data IS NOT s.data)
  + (SELECT count(*) FROM (
       SELECT collection, id, row_number() OVER (PARTITION BY collection ORDER BY place) AS number
       FROM staged WHERE stage = CAST(?1 AS INTEGER)) AS s
     LEFT JOIN (
       SELECT collection, id, row_number() OVER (PARTITION BY collection ORDER BY place) AS number
       FROM record WHERE data IS NOT NULL) AS r USING (collection, id)
     WHERE r.number IS NOT s.number),
  (SELECT count(*) FROM staged_member AS s LEFT JOIN member AS m ON m.key = s.key
   WHERE s.stage = CAST(?1 AS INTEGER)
     AND (m.place IS NOT s.place OR m.kind IS NOT s.kind OR m.value IS NOT s.value))
  + (SELECT count(*) FROM member WHERE key NOT IN (
       SELECT key FROM staged_member WHERE stage = CAST(?1 AS INTEGER))),
  (SELECT count(*) FROM member))sql"};

// ?1 stage: what the object itself holds, staged as it is.
inline constexpr Sql kStageOwn{"StageOwn", R"sql(
INSERT INTO staged (stage, collection, id, place, data)
SELECT CAST(?1 AS INTEGER), collection, id, place, data FROM record WHERE data IS NOT NULL)sql"};
inline constexpr Sql kStageOwnMembers{"StageOwnMembers", R"sql(
INSERT INTO staged_member (stage, key, place, kind, value)
SELECT CAST(?1 AS INTEGER), key, place, kind, value FROM member)sql"};
inline constexpr Sql kClearRecords{"ClearRecords", "DELETE FROM record"};
inline constexpr Sql kClearMembers{"ClearMembers", "DELETE FROM member"};

// ?1 stage, ?2 version: the manifest's members are the collections alone.
inline constexpr Sql kKeepStagedCollections{"KeepStagedCollections", R"sql(
INSERT INTO member (key, place, kind, value, version)
SELECT key, place, 1, NULL, CAST(?2 AS INTEGER) FROM staged_member
WHERE stage = CAST(?1 AS INTEGER) AND kind = 1)sql"};

// ?1 after which place: rows of a collection ?2, as a shard gives them back, kept.
inline constexpr Sql kReadOwnRows{"ReadOwnRows", R"sql(
SELECT '', json_array(id, place, data), place FROM record
WHERE collection = ?2 AND place > CAST(?1 AS INTEGER) AND place > 0 ORDER BY place)sql"};
inline constexpr Sql kReadOwnValues{"ReadOwnValues", R"sql(
SELECT '', json_array(key, place, value), place FROM member
WHERE kind = 0 AND place > CAST(?1 AS INTEGER) ORDER BY place)sql"};

// What each member of the object adds to the bytes of the whole text, with a comma behind each
// record and each value. Values have no key here.
inline constexpr Sql kMeasureMembers{"MeasureMembers", R"sql(
SELECT json_group_array(json_array(m.key, (
  SELECT coalesce(sum(length(CAST(r.data AS BLOB)) + 1), 0) FROM record AS r
  WHERE r.collection = m.key AND r.data IS NOT NULL))),
  (SELECT coalesce(sum(length(CAST(json_quote(key) AS BLOB)) + 2 + length(CAST(value AS BLOB))), 0)
   FROM member WHERE kind = 0)
FROM member AS m WHERE m.kind = 1)sql"};

}  // namespace tidemark::sql
