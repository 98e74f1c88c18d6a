// The health report: each part by itself, and the worst of them as the whole's health.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/health_stats.h"
#include "shards/operations.h"

namespace tidemark {
namespace {

// From good to bad. What is not known says nothing of the whole.
enum class Health : uint8_t { kUnknown, kHealthy, kDegraded, kUnhealthy };

constexpr std::string_view kNames[] = {"unknown", "healthy", "degraded", "unhealthy"};
constexpr std::string_view kHttpStatuses[] = {"503", "200", "206", "503"};
constexpr std::string_view kOwnChecks[] = {"kv", "coordinator", "distribution"};
constexpr uint32_t kProbesDepth = 3;

std::string_view NameOf(Health health) { return kNames[static_cast<size_t>(health)]; }

class Report {
 public:
  // What a part is, and how bad that is for the whole.
  void Add(std::string_view check, Health health, Health whole) {
    json::Writer out(&checks_);
    if (!std::exchange(first_, false)) out.Char(',');
    out.Quoted(check);
    out.Raw(":\"");
    out.Raw(NameOf(health));
    out.Char('"');
    overall_ = std::max(overall_, whole);
  }

  // A value that was written and read back: another value came, or an error.
  Status AddKv(const std::string& probe) {
    if (probe.empty()) return {};
    if (probe != "ok" && probe != "mismatch" && probe != "failed") return Invalid();
    const Health health = probe == "ok"         ? Health::kHealthy
                          : probe == "mismatch" ? Health::kDegraded
                                                : Health::kUnhealthy;
    Add("kv", health, health);
    return {};
  }

  // Without it keys are placed by their hash: slower to even out, but right.
  Status AddCoordinator(const std::string& probe) {
    if (probe.empty()) return {};
    if (probe != "ok" && probe != "failed") return Invalid();
    const bool ok = probe == "ok";
    Add("coordinator", ok ? Health::kHealthy : Health::kUnhealthy,
        ok ? Health::kHealthy : Health::kDegraded);
    return {};
  }

  Status AddShards(const nlohmann::json& probes) {
    const nlohmann::json* shards = ArrayField(probes, "shards");
    if (shards == nullptr) return {};
    if (shards->size() > limits::kSqlShardsMax) return Invalid();
    for (const nlohmann::json& shard : *shards) {
      const std::string* binding = StringField(shard, "binding");
      const auto ok = BoolField(shard, "ok");
      if (binding == nullptr || !ok) return Invalid();
      const bool taken =
          std::find(std::begin(kOwnChecks), std::end(kOwnChecks), *binding) != std::end(kOwnChecks);
      const Health health = *ok ? Health::kHealthy : Health::kUnhealthy;
      Add(taken ? "shard:" + *binding : *binding, health, health);
    }
    return {};
  }

  // `text` is "failed" where statistics were asked for and did not come.
  Status AddDistribution(const std::string& text) {
    if (text.empty()) return {};
    if (text == "failed") {
      Add("distribution", Health::kUnknown, Health::kUnknown);
      return {};
    }
    const auto stats = health::ReadStats(text);
    if (!stats.ok()) return stats.status();
    const health::Spread spread = health::SpreadOf(*stats);
    if (spread.total == 0) return {};
    const bool even = spread.to_average < health::kSpreadHealthyBelow;
    const bool bad = spread.to_average >= health::kSpreadDegradedFrom;
    Add("distribution", even ? Health::kHealthy : Health::kDegraded,
        bad ? Health::kDegraded : Health::kHealthy);
    ratios_ = ",\"distributionRatio\":" + health::NumberText(spread.to_average) +
              ",\"imbalanceRatio\":" + health::NumberText(spread.to_least);
    return {};
  }

  Reply ToReply(int64_t now_ms) const {
    Reply reply =
        Reply::Json("{\"overall\":\"" + std::string(NameOf(overall_)) + "\",\"timestamp\":\"" +
                    health::IsoTime(now_ms) + "\",\"checks\":{" + checks_ + '}' + ratios_ + '}');
    reply.data["overall"] = NameOf(overall_);
    reply.data["http_status"] = kHttpStatuses[static_cast<size_t>(overall_)];
    return reply;
  }

  static Status Invalid() {
    return Status::Invalid("invalid_probes",
                           "Probes are {\"kv\": \"ok\", \"mismatch\" or \"failed\", "
                           "\"coordinator\": \"ok\" or \"failed\", "
                           "\"shards\": [{\"binding\", \"ok\"}]}");
  }

 private:
  std::string checks_;
  std::string ratios_;
  bool first_ = true;
  Health overall_ = Health::kHealthy;
};

std::string TextOf(const nlohmann::json& probes, std::string_view key) {
  const std::string* text = StringField(probes, key);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Task<Reply> SqlHealth(Context context) {
  const Request& request = context.request;
  const std::string text = request.Param("probes");
  if (text.size() > limits::kSqlParamBytesMax) co_return Reply::Error(Report::Invalid());
  const auto probes = ParseTree(text, kProbesDepth);
  if (!probes.ok()) co_return Reply::Error(probes.status());
  if (!probes->is_object()) co_return Reply::Error(Report::Invalid());
  const std::string coordinator = TextOf(*probes, "coordinator");
  Report report;
  Status fault = report.AddKv(TextOf(*probes, "kv"));
  if (fault.ok()) fault = report.AddCoordinator(coordinator);
  if (fault.ok()) fault = report.AddShards(*probes);
  // What a coordinator that is down told earlier says nothing.
  if (fault.ok() && coordinator != "failed") fault = report.AddDistribution(request.Param("stats"));
  if (!fault.ok()) co_return Reply::Error(fault);
  co_return report.ToReply(request.now_ms);
}

}  // namespace tidemark
