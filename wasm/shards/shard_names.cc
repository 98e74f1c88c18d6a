#include "shards/shard_names.h"

#include <algorithm>

#include "base/json_tree.h"
#include "base/limits.h"

namespace tidemark {
namespace {

Status Refuse(const std::string& why) { return Status::Invalid("invalid_shards", why); }

}  // namespace

Status CheckShardNames(const std::vector<std::string>& names) {
  if (names.empty()) return Status::Invalid("no_shards", "No shards available");
  if (names.size() > limits::kSqlShardsMax) {
    return Refuse("There are at most " + std::to_string(limits::kSqlShardsMax) + " shards");
  }
  for (const std::string& name : names) {
    if (name.empty() || name.size() > limits::kSqlShardNameBytesMax) {
      return Refuse("A shard's name has 1 to " + std::to_string(limits::kSqlShardNameBytesMax) +
                    " bytes");
    }
  }
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return Refuse("Two shards have the same name");
  }
  return {};
}

Result<std::vector<std::string>> ReadShardNames(const nlohmann::json& array) {
  if (!array.is_array()) return Refuse("Shards are an array of names");
  std::vector<std::string> names;
  for (const nlohmann::json& name : array) {
    const auto* value = name.get_ptr<const std::string*>();
    if (value == nullptr) return Refuse("A shard's name is a text");
    names.push_back(*value);
  }
  if (Status status = CheckShardNames(names); !status.ok()) return status;
  return names;
}

Result<std::vector<std::string>> ReadShardNames(const std::string& text) {
  const auto tree = ParseTree(text, 1);
  if (!tree.ok()) return tree.status();
  return ReadShardNames(*tree);
}

}  // namespace tidemark
