// What each shard is asked so that the first rows of all shards together, in order, are among what
// they answer: the statement with its sort, as many rows as offset and limit together, and the sort
// keys of each row in columns that whoever merges the answers can find.
//
// - A statement whose own LIMIT is all there is gets the sum of its limit and offset.
// - One with a LIMIT that is limited once more, or with an order that is sorted otherwise, becomes
//   a table in FROM: its own LIMIT and ORDER BY hold in each shard for itself.
// - A sort key that the answer would not hold is added to it, if that does not change the rows:
//   not after DISTINCT or in a compound SELECT.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "shards/sql_clauses.h"

namespace tidemark::sqltext {

// The sort that is asked of the library: columns of the answer.
struct Sort {
  std::string column;
  bool descending = false;
  std::string collation;  // empty for BINARY
  Nulls nulls = Nulls::kDefault;
};

struct Push {
  std::vector<Sort> sort;        // none: the statement's own order
  std::optional<int64_t> limit;  // none: its own limit
  int64_t offset = 0;
};

// Where a sort key stands in the rows that come.
struct SortColumn {
  std::string column;
  bool added = false;  // it is not of the answer: to be taken off
  bool descending = false;
  std::string collation;  // empty where the statement does not say: the column's own
  Nulls nulls = Nulls::kDefault;
};

struct Pushed {
  std::string sql;
  std::vector<SortColumn> keys;
};

// Codes: `not_a_select`; `unsupported_order`, where a sort key can be in no column; and those of
// reading a statement.
Result<Pushed> PushLimit(std::string_view sql, const Push& push);

}  // namespace tidemark::sqltext
