// The SQL of a space of records, and of its projection's bookkeeping in D1. Every text is constant.
//
// Rules:
// - Rows to write are one JSON text, unpacked by json_each and joined by CROSS JOIN so that SQLite
//   keeps it outermost: the other order of the join is a thousand times slower.
// - The data of records to write is one blob and its pieces are cut by substr: it is never parsed
//   by SQL, and it is stored as it came.
// - A space holds one user's records and nothing else, so its statements name no user; D1's do.
// - Numbers are bound as doubles by JavaScript: CAST(?n AS INTEGER) where an integer is meant.
// - Each is registered with the table that it may read in full, if any, for the reason given. A
//   test prepares every statement, reads its plan and refuses any other full scan.

#pragma once

#include <span>
#include <string_view>

#include "engine/command.h"
#include "records/sql_project.h"
#include "records/sql_pull.h"
#include "records/sql_push.h"
#include "records/sql_space.h"
#include "shares/sql_give.h"
#include "shares/sql_receive.h"

namespace tidemark::sql {

enum class Store : uint8_t { kSpace, kShard };

struct Registered {
  Sql sql;
  Store store;
  std::string_view scans;  // the table that it may read in full; empty for none
};

// The tables come first, in the order in which they are made.
std::span<const Registered> Statements();

}  // namespace tidemark::sql
