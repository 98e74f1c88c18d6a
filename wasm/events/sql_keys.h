// SQL of a tenant's access keys, in its object. A key is kept by the hash of it alone.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

inline constexpr Sql kCreateAccessKey{"CreateAccessKey", R"sql(
CREATE TABLE IF NOT EXISTS access_key (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  access TEXT NOT NULL CHECK (access IN ('read', 'write')),
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT)sql"};

// ?1 hash, ?2 access, ?3 label, ?4 now.
inline constexpr Sql kAddAccessKey{"AddAccessKey", R"sql(
INSERT INTO access_key (hash, access, label, created_at)
VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER)) RETURNING id)sql"};

inline constexpr Sql kCountAccessKeys{"CountAccessKeys", "SELECT count(*) FROM access_key"};

// ?1 hash: its number, and what it gives.
inline constexpr Sql kFindAccessKey{"FindAccessKey",
                                    "SELECT id, access FROM access_key WHERE hash = ?1"};

inline constexpr Sql kListAccessKeys{"ListAccessKeys", R"sql(
SELECT json_group_array(json_object(
  'id', id, 'access', access, 'label', label, 'created_at', created_at))
FROM (SELECT id, access, label, created_at FROM access_key ORDER BY id))sql"};

// ?1 id.
inline constexpr Sql kRemoveAccessKey{
    "RemoveAccessKey", "DELETE FROM access_key WHERE id = CAST(?1 AS INTEGER) RETURNING id"};

}  // namespace tidemark::sql
