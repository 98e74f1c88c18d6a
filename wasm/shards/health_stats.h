// How keys are spread over shards, as the coordinator counts them, and what counts as even. There
// are four measures, each with bounds of its own: they warn whoever looks at one of them.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"

namespace tidemark::health {

// The dashboard: the largest shard against the smallest.
inline constexpr double kBalancedBelow = 1.5;
inline constexpr int64_t kStaleMs = 5 * limits::kMinuteMs;
// The health report: the largest against the average.
inline constexpr double kSpreadHealthyBelow = 2;
inline constexpr double kSpreadDegradedFrom = 3;
// Alerts: either of the two. The largest is at most as many averages as there are shards, so that
// few shards are told of by the smallest one.
inline constexpr double kSevereAbove = 5;
// The balance: any shard against the average.
inline constexpr double kDeviationMax = 0.2;
inline constexpr int64_t kBalanceStaleMs = 60 * limits::kMinuteMs;
// What moves of keys aim at: the largest below so many averages.
inline constexpr double kMovedBelow = 1.2;

struct ShardStat {
  std::string binding;
  int64_t count = 0;
  int64_t updated_ms = 0;  // 0: never
};

struct Spread {
  double shards = 0;
  int64_t total = 0;
  int64_t most = 0;
  int64_t least = 0;
  double average = 0;     // 0 without shards
  double to_average = 0;  // the largest, in averages; 0 without keys
  double to_least = 0;    // the largest against the smallest, which counts as 1 at least
};

// [{"binding", "count", "lastUpdated"}...], of kSqlShardsMax shards at most. Code: `invalid_stats`;
// those of ParseTree.
Result<std::vector<ShardStat>> ReadStats(const std::string& text);

Spread SpreadOf(const std::vector<ShardStat>& stats);

// Older than `bound_ms`, not as old.
bool IsStale(const ShardStat& stat, int64_t now_ms, int64_t bound_ms);
// Further from the average than kDeviationMax of it, either way.
bool Deviates(int64_t count, const Spread& spread);

// 2026-11-21T17:30:00.000Z, as JavaScript writes a time.
std::string IsoTime(int64_t ms);
// As JavaScript writes a number that is not below 0.
std::string NumberText(double number);

}  // namespace tidemark::health
