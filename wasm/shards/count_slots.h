// How many keys each shard of an installed slot table has. Nobody counts them as they are written:
// the shards are asked, when somebody asks for counts and those that there are have become old.
//
// A shard's keys are the distinct texts by which rows of its tables are routed: of tables that the
// slot table names, and of those that came since.

#pragma once

#include <cstdint>

#include "engine/command.h"

namespace tidemark {

// Reads the names of the shards that are to be asked now.
Statement ReadCountsDue(int64_t now_ms);

}  // namespace tidemark
