// What a write puts into columns: the rows of an INSERT, and the SET lists of an UPDATE or upsert.
//
// Rules: every column that the statement names is told, since a value that is not seen is one that
// is not checked; what is not certain to be one value is kExpression. That is also a column that is
// named more than once with different values: by two rows, by one list, or by the lists of several
// ON CONFLICT clauses, of which SQLite takes one.

#pragma once

#include <cstddef>
#include <vector>

#include "shards/sql_clauses.h"
#include "shards/sql_tables.h"

namespace tidemark::sqltext {

struct Inserted {
  bool named = false;       // the columns are listed; without that nobody knows them from the text
  size_t rows = 0;          // of VALUES; 0 for those of a SELECT or of nothing
  std::vector<Cell> cells;  // each column once
};

// Both tell kSqlColumnsMax + 1 columns at most: so many are more than any table has.
//
// Of what is no INSERT, nothing is named.
Inserted InsertedOf(const Statement& statement, const Verb& verb, const Tables& tables);

// What an UPDATE sets, or an INSERT that finds the row there already; each column once. It is
// kExcluded for `excluded.column` of an upsert, as long as no table goes by that name.
std::vector<Cell> SetsOf(const Statement& statement, const Verb& verb, const Tables& tables);

}  // namespace tidemark::sqltext
