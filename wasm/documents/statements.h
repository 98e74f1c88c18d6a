// All SQL of a document's objects, for the test that reads the plan of each. The rules are in
// records/statements.h; the tables are those of sql_tables.h, and `meta` of records/sql_space.h.

#pragma once

#include <span>
#include <string_view>

#include "engine/command.h"

namespace tidemark::sql {

struct DocumentStatement {
  Sql sql;
  std::string_view scans;  // the tables that it may read in full, with spaces between
};

std::span<const DocumentStatement> DocumentStatements();

}  // namespace tidemark::sql
