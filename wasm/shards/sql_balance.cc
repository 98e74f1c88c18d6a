// The balance of shards, what to warn of, and the moves that would even it out.

#include <utility>

#include "base/json_writer.h"
#include "shards/health_moves.h"
#include "shards/operations.h"

namespace tidemark {
namespace {

using health::ShardStat;

void WriteStats(const std::vector<ShardStat>& stats, json::Writer* out) {
  out->Char('[');
  for (const ShardStat& stat : stats) {
    out->Comma();
    out->Raw("{\"binding\":");
    out->Quoted(stat.binding);
    out->Raw(",\"count\":");
    out->Integer(stat.count);
    out->Raw(",\"lastUpdated\":");
    out->Integer(stat.updated_ms);
    out->Char('}');
  }
  out->Char(']');
}

void WriteWarning(std::string_view message, const std::vector<ShardStat>& stats,
                  json::Writer* out) {
  if (stats.empty()) return;
  out->Comma();
  out->Raw("{\"message\":");
  out->Quoted(message);
  out->Raw(",\"shards\":");
  WriteStats(stats, out);
  out->Char('}');
}

void WriteMoves(const std::vector<ShardStat>& stats, json::Writer* out) {
  out->Raw(",\"moves\":[");
  for (const health::Move& move : health::PlanMoves(stats)) {
    out->Comma();
    out->Raw("{\"from\":");
    out->Quoted(stats[move.from].binding);
    out->Raw(",\"to\":");
    out->Quoted(stats[move.to].binding);
    out->Raw(",\"keys\":");
    out->Integer(move.keys);
    out->Char('}');
  }
  out->Char(']');
}

}  // namespace

Task<Reply> SqlBalance(Context context) {
  const Request& request = context.request;
  const auto stats = health::ReadStats(request.Param("stats"));
  if (!stats.ok()) co_return Reply::Error(stats.status());
  const health::Spread spread = health::SpreadOf(*stats);
  std::vector<ShardStat> uneven;
  std::vector<ShardStat> stale;
  for (const ShardStat& stat : *stats) {
    if (health::Deviates(stat.count, spread)) uneven.push_back(stat);
    if (health::IsStale(stat, request.now_ms, health::kBalanceStaleMs)) stale.push_back(stat);
  }
  std::string body;
  json::Writer out(&body);
  out.Raw("{\"totalKeys\":");
  out.Integer(spread.total);
  out.Raw(",\"avgKeysPerShard\":");
  out.Raw(health::NumberText(spread.average));
  out.Raw(uneven.empty() ? ",\"balance\":true" : ",\"balance\":false");
  out.Raw(stale.empty() ? ",\"freshStats\":true" : ",\"freshStats\":false");
  out.Raw(",\"shards\":");
  WriteStats(*stats, &out);
  out.Raw(",\"warnings\":[");
  WriteWarning("Shard imbalance detected:", uneven, &out);
  WriteWarning("Stale shard statistics detected:", stale, &out);
  out.Char(']');
  WriteMoves(*stats, &out);
  out.Char('}');
  co_return Reply::Json(std::move(out).Take());
}

}  // namespace tidemark
