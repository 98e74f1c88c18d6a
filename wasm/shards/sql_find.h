// SQL that looks for one row in a shard that may have been there before its keys had a place.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 a key, as a text: the column's affinity makes it a number where the column keeps numbers. The
// column's name is qualified, so that it is never taken for a text where there is no such column.
inline constexpr Sql kFindKey{"FindKey",
                              "SELECT 1 AS found FROM {table} WHERE {table}.{key} = ?1 LIMIT 1"};

}  // namespace tidemark::sql
