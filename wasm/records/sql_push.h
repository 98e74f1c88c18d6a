// SQL of a push: what is stored, and what is written. The rules are in statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 ids as a JSON array, ?2 collection. One JSON row for each that is stored, in order.
inline constexpr Sql kReadVersions{"ReadVersions", R"sql(
SELECT json_group_array(json_array(e.key, r.updated_at, r.counter, r.device, r.deleted))
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value)sql"};

// The same for collections that merge by field: with the data and the fields' stamps.
inline constexpr Sql kReadFields{"ReadFields", R"sql(
SELECT r.id, r.data, r.fields, r.seq
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
CROSS JOIN claims AS c ON c.device = ?3 AND c.collection = ?2 AND c.id = e.value ->> 0
  AND c.claimed_at = e.value ->> 1 AND c.claimed_counter = e.value ->> 2)sql"};

// ?1 as above, ?2 collection, ?3 device, ?4 now: the time that takes the claimed one's place.
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
// ?2 collection, ?3 blob, ?4 now. A value is kept once, whoever set it,
// unless what is kept already was so before ?5, and so will be pruned soon.
inline constexpr Sql kKeepFields{"KeepFields", R"sql(
INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason, at)
SELECT ?2, e.value ->> 0, CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT),
  e.value ->> 3, e.value ->> 4, e.value ->> 6, e.value ->> 5, CAST(?4 AS INTEGER)
FROM json_each(?1) AS e
WHERE NOT EXISTS (
  SELECT 1 FROM history AS h
  WHERE h.collection = ?2 AND h.record_id = e.value ->> 0 AND h.at >= CAST(?5 AS INTEGER)
    AND h.data = CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT)))sql"};

// ?1 [[id, offset, size, updated_at, counter, deleted, parent]...], ?2 collection, ?3 blob,
// ?4 device, ?5 the seq before the first, ?6 now. The caller has decided that these win.
inline constexpr Sql kWriteWinners{"WriteWinners", R"sql(
INSERT INTO records (collection, id, data, updated_at, counter, device, seq, first_seq, deleted,
  written_at, parent)
SELECT ?2, e.value ->> 0,
  CASE WHEN e.value ->> 2 > 0 THEN CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT) END,
  e.value ->> 3, e.value ->> 4, ?4,
  CAST(?5 AS INTEGER) + 1 + e.key, CAST(?5 AS INTEGER) + 1 + e.key,
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

// ?1 bare ids, ?2 the device's cursor: what they name in any collection, whether it was seen, and
// its stamp.
// ?3 collections as a JSON array.
inline constexpr Sql kReadBareIds{"ReadBareIds", R"sql(
SELECT e.key, r.collection, r.id, r.seq <= CAST(?2 AS INTEGER), r.updated_at, r.counter
FROM json_each(?1) AS e
CROSS JOIN json_each(?3) AS c
CROSS JOIN records AS r ON r.collection = c.value AND r.id = e.value
WHERE r.deleted = 0)sql"};

}  // namespace tidemark::sql
