// Lists of shards' names: at least one and at most limits::kSqlShardsMax, each once, each of 1 to
// limits::kSqlShardNameBytesMax bytes.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tidemark {

// Codes: `no_shards` where there are none, `invalid_shards`.
Status CheckShardNames(const std::vector<std::string>& names);

// Of a JSON array of texts. Codes: the same, and those of ParseTree.
Result<std::vector<std::string>> ReadShardNames(const nlohmann::json& array);
Result<std::vector<std::string>> ReadShardNames(const std::string& text);

}  // namespace tidemark
