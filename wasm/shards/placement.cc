#include "shards/placement.h"

#include <cstdint>

#include "base/sha256.h"

namespace tidemark {
namespace {

constexpr std::string_view kShards[] = {"db-east", "db-west", "db-central", "db-europe"};

}  // namespace

std::span<const std::string_view> ShardNames() { return kShards; }

std::string_view ShardOf(std::string_view user_id) {
  const Sha256Digest digest = Sha256Of(user_id);
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) prefix = prefix << 8 | digest[i];
  return kShards[prefix % std::size(kShards)];
}

}  // namespace tidemark
