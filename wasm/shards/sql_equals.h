// Columns of a statement's own table that can have but one value in the rows that it is about: what
// an INSERT puts there, or what the conditions that all must hold ask for by "=".
//
// A key is taken from these, and a wrong one would send the statement to a shard that does not have
// its rows: so only what is certain is told. OR leaves nothing of what stands beside it; what NOT,
// another operator or an expression says is passed over.

#pragma once

#include <vector>

#include "shards/sql_clauses.h"
#include "shards/sql_tables.h"

namespace tidemark::sqltext {

// Each column once, with a parameter, a text or an integer; kSqlColumnsMax at most. Of a compound
// SELECT none, and none of an INSERT of several rows.
std::vector<Cell> EqualsOf(const Statement& statement, const Verb& verb, const Tables& tables,
                           const Clauses& clauses);

}  // namespace tidemark::sqltext
