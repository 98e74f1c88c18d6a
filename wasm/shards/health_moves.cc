#include "shards/health_moves.h"

#include <algorithm>

namespace tidemark::health {

std::vector<Move> PlanMoves(std::vector<ShardStat> stats) {
  std::vector<Move> moves;
  const Spread spread = SpreadOf(stats);
  if (spread.total == 0) return moves;
  const auto shards = static_cast<int64_t>(stats.size());
  const int64_t below = spread.total / shards;
  const int64_t above = below + (spread.total % shards == 0 ? 0 : 1);
  // Each move brings a shard to the average, so that these suffice.
  while (moves.size() < 2 * stats.size()) {
    const auto by_count = [](const ShardStat& a, const ShardStat& b) { return a.count < b.count; };
    const auto [least, most] = std::minmax_element(stats.begin(), stats.end(), by_count);
    const bool over =
        static_cast<double>(most->count) * spread.shards / static_cast<double>(spread.total) >=
        kMovedBelow;
    if (!over && !Deviates(least->count, spread)) break;
    const int64_t keys =
        std::min({most->count - below, above - least->count, (most->count - least->count) / 2});
    if (keys <= 0) break;
    most->count -= keys;
    least->count += keys;
    moves.push_back({static_cast<size_t>(most - stats.begin()),
                     static_cast<size_t>(least - stats.begin()), keys});
  }
  return moves;
}

}  // namespace tidemark::health
