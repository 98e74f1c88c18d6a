// SQL of patches that see the document as a tree: what they have to read of it.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// All members in order, with the bytes of values in their place.
inline constexpr Sql kListMembers{"ListMembers", R"sql(
SELECT key, place, kind, coalesce(length(CAST(value AS BLOB)), 0) FROM member ORDER BY place)sql"};

// ?1 key.
inline constexpr Sql kReadValue{"ReadValue", "SELECT value FROM member WHERE key = ?1"};

// ?1 collection: how many records it has, and their bytes. The first reads the index alone.
inline constexpr Sql kCountRecords{"CountRecords",
                                   "SELECT count(*) FROM record INDEXED BY record_place WHERE "
                                   "collection = ?1 AND place > 0"};
inline constexpr Sql kMeasureRecords{
    "MeasureRecords",
    "SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) FROM record\n"
    "WHERE collection = ?1 AND data IS NOT NULL"};

// ?1 collection: its records in order.
inline constexpr Sql kReadCollection{"ReadCollection", R"sql(
SELECT id, place, version, data FROM record
WHERE collection = ?1 AND place > 0 ORDER BY place)sql"};

// ?1 collection: the same, with their sizes in place of what they are.
inline constexpr Sql kListRecords{"ListRecords", R"sql(
SELECT id, place, version, length(CAST(data AS BLOB)) FROM record
WHERE collection = ?1 AND place > 0 ORDER BY place)sql"};

// ?1 collection, ?2 index: the record there.
inline constexpr Sql kReadNth{"ReadNth", R"sql(
SELECT id, place, version, data FROM record
WHERE collection = ?1 AND place > 0 ORDER BY place LIMIT 1 OFFSET CAST(?2 AS INTEGER))sql"};

}  // namespace tidemark::sql
