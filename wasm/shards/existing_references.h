// What refers to a record: rows without which it can neither go nor be deleted.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "shards/existing_table.h"

namespace tidemark::existing {

// The table of a record, its key's column, and how the record is found where the table is called
// `parent`, with the key for ?1. `routes`: by table its routing column, where rows do not count
// whose routing key is ?2.
struct Referred {
  const Table* table = nullptr;
  std::string column;
  std::string where;
  const nlohmann::json* routes = nullptr;
};

// Texts that find a row of another table, or another row of this one, that refers to the record: a
// foreign key each. Codes: `refused`, `unavailable`.
Task<Result<std::vector<std::string>>> ReadReferences(std::string shard, Referred record);

}  // namespace tidemark::existing
