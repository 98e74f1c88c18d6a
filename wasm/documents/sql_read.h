// SQL of whole reads: a document as text, page by page.
//
// A copy that takes its time is of the moment at which it began: rows of later versions are not
// read, and what they replaced is read from where it was kept. Whoever reads a later version, as it
// is now, reads nothing of what was kept.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 the version: collections in order.
inline constexpr Sql kListCollections{"ListCollections", R"sql(
SELECT key, place FROM member WHERE kind = 1 AND version <= CAST(?1 AS INTEGER)
UNION ALL SELECT key, place FROM frozen_member
WHERE kind = 1 AND CAST(?1 AS INTEGER) <= (SELECT value FROM meta WHERE key = 'frozen')
ORDER BY place)sql"};

// ?1 the version, ?2 after which place, ?3 before which one: values as members of an object, kept.
inline constexpr Sql kReadValues{"ReadValues", R"sql(
SELECT '', json_quote(key) || ':' || value, place FROM (
  SELECT key, value, place FROM member WHERE kind = 0 AND version <= CAST(?1 AS INTEGER)
  UNION ALL SELECT key, value, place FROM frozen_member
  WHERE kind = 0 AND CAST(?1 AS INTEGER) <= (SELECT value FROM meta WHERE key = 'frozen'))
WHERE place > CAST(?2 AS INTEGER) AND place < CAST(?3 AS INTEGER)
ORDER BY place)sql"};

// ?1 the version, ?2 after which place, ?3 collection: its records in order, kept.
inline constexpr Sql kReadRecordPage{"ReadRecordPage", R"sql(
SELECT '', data, place FROM (
  SELECT data, place FROM record WHERE collection = ?3 AND place > CAST(?2 AS INTEGER)
    AND place > 0 AND version <= CAST(?1 AS INTEGER)
  UNION ALL SELECT data, place FROM frozen
  WHERE collection = ?3 AND place > CAST(?2 AS INTEGER)
    AND CAST(?1 AS INTEGER) <= (SELECT value FROM meta WHERE key = 'frozen'))
ORDER BY place)sql"};

// The bytes of the whole text, now: braces, members and the commas between them.
inline constexpr Sql kMeasureDocument{"MeasureDocument", R"sql(
SELECT
  2 + (SELECT coalesce(sum(length(CAST(json_quote(key) AS BLOB)) + 1
      + CASE kind WHEN 1 THEN 2 ELSE length(CAST(value AS BLOB)) END + 1) - 1, 0) FROM member)
    + (SELECT coalesce(sum(length(CAST(data AS BLOB)) + 1), 0) FROM record WHERE data IS NOT NULL)
    - (SELECT count(*) FROM member AS m WHERE kind = 1 AND EXISTS (
      SELECT 1 FROM record AS r WHERE r.collection = m.key AND r.place > 0)))sql"};

// The version that a copy begins to be made of: the one that there is.
inline constexpr Sql kFreeze{"Freeze", R"sql(
INSERT INTO meta (key, value)
SELECT 'frozen', seq FROM (SELECT seq FROM journal ORDER BY n DESC LIMIT 1) WHERE true
ON CONFLICT (key) DO UPDATE SET value = excluded.value
RETURNING value)sql"};
inline constexpr Sql kThaw{"Thaw", "DELETE FROM meta WHERE key = 'frozen'"};
inline constexpr Sql kClearFrozen{"ClearFrozen", "DELETE FROM frozen"};
inline constexpr Sql kClearFrozenMembers{"ClearFrozenMembers", "DELETE FROM frozen_member"};

}  // namespace tidemark::sql
