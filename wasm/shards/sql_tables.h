// The tables that a statement names, wherever it does: in joins, subqueries, the tables of a WITH
// clause and the body of a trigger. Those that a WITH clause makes are not among them, nor are
// functions that stand where a table does.

#pragma once

#include <string>
#include <vector>

#include "shards/sql_statement.h"
#include "shards/sql_verb.h"

namespace tidemark::sqltext {

struct Tables {
  std::vector<std::string> names;  // each once, as it is first written, without its schema
  // The one that the statement itself is about: what it writes to, or the first that it reads from
  // outside of its subqueries. Empty where there is none.
  std::string main;
  std::string alias;  // of `main`; its own name where it has no other
  uint32_t end = 0;   // the token behind `main`
};

// Code: `sql_too_complex`, above kSqlNamesMax.
Result<Tables> TablesOf(const Statement& statement, const Verb& verb);

}  // namespace tidemark::sqltext
