// SQL of writes by operations and patches: what is stored of the records they name, and what they
// leave.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 [[collection, id, offset, size]...], ?2 blob: of each that is there, its index in the array,
// its version, its bytes (NULL if it is deleted), its place, and whether it is those bytes already.
inline constexpr Sql kReadNamed{"ReadNamed", R"sql(
SELECT e.key, r.version, length(CAST(r.data AS BLOB)), r.place,
  coalesce(r.data = CAST(substr(?2, 1 + (e.value ->> 2), e.value ->> 3) AS TEXT), 0)
FROM json_each(?1) AS e
CROSS JOIN record AS r ON r.collection = e.value ->> 0 AND r.id = e.value ->> 1)sql"};

// ?1 [collection...]: the kind of each member of that name, and the last place in it.
inline constexpr Sql kReadCollections{"ReadCollections", R"sql(
SELECT e.key, m.kind,
  (SELECT max(place) FROM record AS r WHERE r.collection = e.value AND r.place > 0)
FROM json_each(?1) AS e CROSS JOIN member AS m ON m.key = e.value)sql"};

inline constexpr Sql kReadLastMember{"ReadLastMember", "SELECT max(place), count(*) FROM member"};

// ?1 [[collection, id, place, before, offset, size]...], ?2 blob, ?3 version: records as they are
// from now on. A size of 0 is a deletion.
inline constexpr Sql kWriteRecords{"WriteRecords", R"sql(
INSERT INTO record (collection, id, place, version, before, data)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, CAST(?3 AS INTEGER), e.value ->> 3,
  CASE WHEN e.value ->> 5 > 0 THEN CAST(substr(?2, 1 + (e.value ->> 4), e.value ->> 5) AS TEXT) END
FROM json_each(?1) AS e
WHERE true
ON CONFLICT (collection, id) DO UPDATE SET
  place = excluded.place, version = excluded.version, before = excluded.before,
  data = excluded.data)sql"};

// The same where no record takes another place, and none goes: its index stays untouched.
inline constexpr Sql kRewriteRecords{"RewriteRecords", R"sql(
INSERT INTO record (collection, id, place, version, before, data)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, CAST(?3 AS INTEGER), e.value ->> 3,
  CASE WHEN e.value ->> 5 > 0 THEN CAST(substr(?2, 1 + (e.value ->> 4), e.value ->> 5) AS TEXT) END
FROM json_each(?1) AS e
WHERE true
ON CONFLICT (collection, id) DO UPDATE SET
  version = excluded.version, before = excluded.before, data = excluded.data)sql"};

// ?1 rows as above, ?2 blob: the indices of those that are as they would be written.
inline constexpr Sql kReadSame{"ReadSame", R"sql(
SELECT e.key FROM json_each(?1) AS e
CROSS JOIN record AS r ON r.collection = e.value ->> 0 AND r.id = e.value ->> 1
WHERE r.place = e.value ->> 2
  AND r.data = CAST(substr(?2, 1 + (e.value ->> 4), e.value ->> 5) AS TEXT)
ORDER BY e.key)sql"};

// ?1 [[collection, id]...], ?2 the version being copied: what of it is about to change.
inline constexpr Sql kFreezeRecords{"FreezeRecords", R"sql(
INSERT OR IGNORE INTO frozen (collection, place, id, data)
SELECT r.collection, r.place, r.id, r.data
FROM json_each(?1) AS e
CROSS JOIN record AS r ON r.collection = e.value ->> 0 AND r.id = e.value ->> 1
WHERE r.version <= CAST(?2 AS INTEGER) AND r.data IS NOT NULL)sql"};

// ?1 [[key, place, kind, offset, size]...], ?2 blob, ?3 version.
inline constexpr Sql kWriteMembers{"WriteMembers", R"sql(
INSERT INTO member (key, place, kind, value, version)
SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2,
  CASE WHEN e.value ->> 2 = 0 THEN CAST(substr(?2, 1 + (e.value ->> 3), e.value ->> 4) AS TEXT) END,
  CAST(?3 AS INTEGER)
FROM json_each(?1) AS e
WHERE true
ON CONFLICT (key) DO UPDATE SET
  place = excluded.place, kind = excluded.kind, value = excluded.value,
  version = excluded.version)sql"};

// ?1 rows as above, ?2 blob: the indices of those that are as they would be written.
inline constexpr Sql kReadSameMembers{"ReadSameMembers", R"sql(
SELECT e.key FROM json_each(?1) AS e CROSS JOIN member AS m ON m.key = e.value ->> 0
WHERE m.place = e.value ->> 1 AND m.kind = e.value ->> 2
  AND (m.kind = 1 OR m.value = CAST(substr(?2, 1 + (e.value ->> 3), e.value ->> 4) AS TEXT))
ORDER BY e.key)sql"};

// ?1 [key...], ?2 the version being copied.
inline constexpr Sql kFreezeMembers{"FreezeMembers", R"sql(
INSERT OR IGNORE INTO frozen_member (place, key, kind, value)
SELECT m.place, m.key, m.kind, m.value
FROM json_each(?1) AS e CROSS JOIN member AS m ON m.key = e.value
WHERE m.version <= CAST(?2 AS INTEGER))sql"};

// ?1 [key...].
inline constexpr Sql kDeleteMembers{
    "DeleteMembers", "DELETE FROM member WHERE key IN (SELECT value FROM json_each(?1))"};

// ?1 seq, ?2 records, ?3 bytes, ?4 entry, ?5 the write's line of activity or NULL.
inline constexpr Sql kAppendJournal{"AppendJournal", R"sql(
INSERT INTO journal (seq, records, bytes, entry, activity)
VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), CAST(?3 AS INTEGER), ?4, ?5))sql"};

// ?1 collection, ?2 id: the record as it is, kept.
inline constexpr Sql kReadRecord{
    "ReadRecord",
    "SELECT '', data, 0 FROM record WHERE collection = ?1 AND id = ?2 AND data IS NOT NULL"};

}  // namespace tidemark::sql
