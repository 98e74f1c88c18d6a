// All SQL of an event log's object, and of its log in D1, for the test that reads the plan of each.
// The rules are in records/statements.h.

#pragma once

#include <span>
#include <string_view>

#include "engine/command.h"

namespace tidemark::sql {

struct EventStatement {
  Sql sql;
  std::string_view scans;  // the tables that it may read in full, with spaces between
};

// The tables come first.
std::span<const EventStatement> EventStatements();

}  // namespace tidemark::sql
