#include "shards/health_stats.h"

#include <algorithm>
#include <cmath>

#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/app.h"

namespace tidemark::health {
namespace {

constexpr uint32_t kStatsDepth = 2;

Status Invalid(const char* message) { return Status::Invalid("invalid_stats", message); }

std::string Padded(int64_t number, size_t digits) {
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

}  // namespace

Result<std::vector<ShardStat>> ReadStats(const std::string& text) {
  if (text.size() > limits::kSqlParamBytesMax) return Invalid("Statistics are too long a text");
  const auto tree = ParseTree(text, kStatsDepth);
  if (!tree.ok()) return tree.status();
  if (!tree->is_array() || tree->size() > limits::kSqlShardsMax) {
    return Invalid("Statistics are an array of shards, of no more than there can be");
  }
  std::vector<ShardStat> stats;
  for (const nlohmann::json& item : *tree) {
    const std::string* binding = StringField(item, "binding");
    const auto count = IntegerField(item, "count");
    const auto updated = IntegerField(item, "lastUpdated");
    if (binding == nullptr || !count || *count < 0) {
      return Invalid("A shard's statistics are {\"binding\", \"count\", \"lastUpdated\"}");
    }
    stats.push_back({*binding, *count, updated.value_or(0)});
  }
  return stats;
}

Spread SpreadOf(const std::vector<ShardStat>& stats) {
  Spread spread;
  if (stats.empty()) return spread;
  spread.least = stats.front().count;
  for (const ShardStat& stat : stats) {
    spread.total = std::min(spread.total + stat.count, limits::kIntegerMax);
    spread.most = std::max(spread.most, stat.count);
    spread.least = std::min(spread.least, stat.count);
  }
  spread.shards = static_cast<double>(stats.size());
  spread.average = static_cast<double>(spread.total) / spread.shards;
  const auto most = static_cast<double>(spread.most);
  if (spread.total > 0)
    spread.to_average = most * spread.shards / static_cast<double>(spread.total);
  spread.to_least = most / static_cast<double>(std::max<int64_t>(spread.least, 1));
  return spread;
}

bool IsStale(const ShardStat& stat, int64_t now_ms, int64_t bound_ms) {
  return now_ms - stat.updated_ms > bound_ms;
}

bool Deviates(int64_t count, const Spread& spread) {
  if (spread.total == 0) return false;
  // Of whole numbers but for the last step, so that the bound itself is met exactly.
  const auto total = static_cast<double>(spread.total);
  return std::abs(static_cast<double>(count) * spread.shards - total) / total > kDeviationMax;
}

std::string IsoTime(int64_t ms) {
  const int64_t of_day = (ms % limits::kDayMs + limits::kDayMs) % limits::kDayMs;
  const int64_t minutes = of_day / limits::kMinuteMs;
  const int64_t in_minute = of_day % limits::kMinuteMs;
  return DayOf(ms) + 'T' + Padded(minutes / 60, 2) + ':' + Padded(minutes % 60, 2) + ':' +
         Padded(in_minute / 1'000, 2) + '.' + Padded(in_minute % 1'000, 3) + 'Z';
}

std::string NumberText(double number) {
  constexpr double kWholeMax = 9'007'199'254'740'992;
  if (number == std::floor(number) && number <= kWholeMax) {
    return std::to_string(static_cast<int64_t>(number));
  }
  return DumpTree(nlohmann::json(number));
}

}  // namespace tidemark::health
