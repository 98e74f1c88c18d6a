// Which keys to move so that no shard has many more than the others.

#pragma once

#include <cstdint>
#include <vector>

#include "shards/health_stats.h"

namespace tidemark::health {

// So many keys from one shard to another, both by their place in the statistics.
struct Move {
  size_t from = 0;
  size_t to = 0;
  int64_t keys = 0;
};

// None where the largest shard is below kMovedBelow averages and none deviates. Afterwards it is
// so, unless the shards have too few keys for that. Each move levels the largest shard or the
// smallest; none makes one smaller than the other that it is paired with.
std::vector<Move> PlanMoves(std::vector<ShardStat> stats);

}  // namespace tidemark::health
