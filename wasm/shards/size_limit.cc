#include "shards/size_limit.h"

#include <utility>

namespace tidemark {

std::vector<std::string> ExcludeLarge(const ShardSizes& sizes, std::optional<int64_t> bytes_max,
                                      std::vector<std::string>* shards) {
  if (!bytes_max) return {};
  std::vector<std::string> kept;
  std::vector<std::string> excluded;
  for (const std::string& shard : *shards) {
    const auto size = sizes.find(shard);
    const bool large = size != sizes.end() && size->second > *bytes_max;
    (large ? excluded : kept).push_back(shard);
  }
  if (kept.empty()) return {};
  *shards = std::move(kept);
  return excluded;
}

}  // namespace tidemark
