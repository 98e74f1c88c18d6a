// A table's keys, in pages: what each row is routed by, as text.
//
// Place := "" the beginning | "r" integer | "i" integer | "n" number | "t" text | "b" hex
//   r: from which row number; i, n, t, b: behind which key, where a table has no row numbers

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shards/existing_table.h"

namespace tidemark::existing {

// What comes with each key.
enum class Beside : uint8_t {
  kNothing,  // "key"
  kNames,    // ["key", "username:ann", null, ...]: other names that the row is routed by
  kColumns,  // {"id": "key", "username": "ann", ...}
};

struct KeyPage {
  std::string keys;     // a JSON array
  int64_t records = 0;  // rows looked at
  int64_t usable = 0;   // of them, those with a key
  std::string place;    // of the next page
  bool more = false;    // there may be one
};

// Columns whose values name a row as well: those of username, email and name that the table has.
std::vector<const Column*> LookupColumns(const Table& table);

// The page at `place`, of at most `rows` rows. The table has no issues (IssuesOf). A place that
// does not read is the beginning. Codes: `unavailable`, `refused`.
Task<Result<KeyPage>> ReadKeys(std::string shard, const Table* table, std::string column,
                               Beside beside, std::string place, int64_t rows);

// The first page of each, read together: of at most limits::kExistingTogether tables.
Task<Result<std::vector<KeyPage>>> ReadFirstKeys(std::string shard,
                                                 std::vector<const Table*> tables,
                                                 std::string column, int64_t rows);

struct KeyCount {
  int64_t records = 0;
  int64_t present = 0;
  int64_t blobs = 0;
  int64_t usable = 0;

  // What is wrong with those that are not usable.
  std::vector<std::string> Issues() const;
};

// What the keys of tables without issues are, some tables together. Codes: as ReadKeys.
Task<Result<std::vector<KeyCount>>> CountKeys(std::string shard, std::vector<const Table*> tables,
                                              std::string column);

// A row that has no usable key, in a text.
std::string UnusableText(int64_t rows);

}  // namespace tidemark::existing
