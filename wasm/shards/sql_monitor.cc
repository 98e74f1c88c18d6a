// The dashboard: how keys are spread over shards, and which statistics are old.

#include <cmath>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/params.h"
#include "shards/health_stats.h"
#include "shards/operations.h"

namespace tidemark {
namespace {

// To the nearest, halves up, as Math.round.
int64_t Rounded(double number) { return static_cast<int64_t>(std::floor(number + 0.5)); }

int64_t Percent(int64_t count, int64_t total) {
  if (total == 0) return 0;
  return Rounded(static_cast<double>(count) / static_cast<double>(total) * 100);
}

}  // namespace

Task<Reply> SqlMonitor(Context context) {
  const Request& request = context.request;
  const auto stats = health::ReadStats(request.Param("stats"));
  if (!stats.ok()) co_return Reply::Error(stats.status());
  const auto shards =
      IntegerParam(request, "shards", 0, limits::kIntegerMax, static_cast<int64_t>(stats->size()));
  if (!shards.ok()) co_return Reply::Error(shards.status());
  const health::Spread spread = health::SpreadOf(*stats);
  int64_t stale = 0;
  std::string details;
  for (const health::ShardStat& stat : *stats) {
    const bool old = health::IsStale(stat, request.now_ms, health::kStaleMs);
    stale += old ? 1 : 0;
    if (!details.empty()) details += ',';
    json::Writer out(&details);
    out.Raw("{\"binding\":");
    out.Quoted(stat.binding);
    out.Raw(",\"count\":");
    out.Integer(stat.count);
    out.Raw(",\"lastUpdated\":");
    out.Integer(stat.updated_ms);
    out.Raw(",\"loadPercentage\":");
    out.Integer(Percent(stat.count, spread.total));
    out.Raw(old ? ",\"isStale\":true}" : ",\"isStale\":false}");
  }
  std::string body =
      request.Param("coordinator") == "ok" ? "{\"healthy\":true" : "{\"healthy\":false";
  body += ",\"totalShards\":" + std::to_string(*shards);
  body += ",\"totalKeys\":" + std::to_string(spread.total);
  body += ",\"avgKeysPerShard\":" + std::to_string(Rounded(spread.average));
  body +=
      ",\"distributionRatio\":" + health::NumberText(std::floor(spread.to_least * 100 + 0.5) / 100);
  body +=
      spread.to_least < health::kBalancedBelow ? ",\"isBalanced\":true" : ",\"isBalanced\":false";
  body += ",\"staleShards\":" + std::to_string(stale);
  co_return Reply::Json(body + ",\"shardDetails\":[" + details + "]}");
}

}  // namespace tidemark
