// The columns that a SELECT answers with, and a SELECT written anew with more of them.

#pragma once

#include <string>
#include <vector>

#include "shards/sql_clauses.h"

namespace tidemark::sqltext {

struct ResultColumn {
  Range expression;  // without its alias
  std::string name;  // as SQLite names it where that is certain: an alias, or a column's own name
  bool star = false;
};

struct ResultColumns {
  bool distinct = false;
  bool star = false;  // some of them are "*" or "t.*"
  Range range;        // of all
  std::vector<ResultColumn> columns;
};

// Of the SELECT at the verb; of a compound, of its first part.
ResultColumns ResultColumnsOf(const Statement& statement, const Verb& verb, const Clauses& clauses);

// A statement's text up to a token, with every parameter by its number, so that it means the same
// wherever it stands, and `more` behind the last of the columns. A column that is named after an
// expression with a parameter keeps that name.
std::string Render(const Statement& statement, uint32_t end, const ResultColumns& columns,
                   std::string_view more);
std::string Render(const Statement& statement, Range range);

// A name as SQL that is a name and nothing else: one in double quotes would be taken for a text
// where there is no such column.
std::string QuotedName(std::string_view name);

}  // namespace tidemark::sqltext
