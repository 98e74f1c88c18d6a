// Alerts of a health report: when the whole's health changes or one of its parts gets worse, and
// again as long as it stays bad, but not with every report.
//
// State := {"overall": health, "checks": {name: health}, "alerted_ms": ms,
//           "imbalanced": bool, "imbalance_alerted_ms": ms}
// `checks` are those of the last alert: a part that comes and goes meanwhile is told of once.

#include <algorithm>
#include <utility>

#include "base/json_scanner.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/health_stats.h"
#include "shards/operations.h"

namespace tidemark {
namespace {

constexpr int64_t kReminderMs = 60 * limits::kMinuteMs;
constexpr uint32_t kReportDepth = 2;

Status InvalidReport() {
  return Status::Invalid("invalid_report", "A report is what sql_health answers");
}

int RankOf(std::string_view health) { return health == "unhealthy" ? 2 : health == "degraded"; }

// The text of a member, as it stands in an object that is proven to be JSON.
std::string_view MemberText(std::string_view object, std::string_view name) {
  json::Scanner scanner(object, /*last=*/true);
  scanner.Take('{');
  while (!scanner.Take('}')) {
    json::Text key;
    json::Value value;
    scanner.ReadString(&key);
    scanner.Take(':');
    if (!scanner.ReadValue(&value)) return {};
    if (key.raw == name) return value.text;
    scanner.Take(',');
  }
  return {};
}

// What was told last. One that cannot be read silences nothing.
struct State {
  std::string overall = "healthy";
  nlohmann::json checks;
  std::string checks_text = "{}";
  int64_t alerted_ms = 0;
  bool imbalanced = false;
  int64_t imbalance_alerted_ms = 0;
};

State ReadState(const std::string& text) {
  State state;
  const auto tree = ParseTree(text, kReportDepth);
  if (!tree.ok()) return state;
  if (const std::string* overall = StringField(*tree, "overall")) state.overall = *overall;
  if (const nlohmann::json* checks = ObjectField(*tree, "checks")) {
    state.checks = *checks;
    state.checks_text = MemberText(text, "checks");
  }
  state.alerted_ms = IntegerField(*tree, "alerted_ms").value_or(0);
  state.imbalanced = BoolField(*tree, "imbalanced").value_or(false);
  state.imbalance_alerted_ms = IntegerField(*tree, "imbalance_alerted_ms").value_or(0);
  return state;
}

std::string WriteState(const State& state) {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"overall\":");
  out.Quoted(state.overall);
  out.Raw(",\"checks\":");
  out.Raw(state.checks_text);
  out.Raw(",\"alerted_ms\":");
  out.Integer(state.alerted_ms);
  out.Raw(state.imbalanced ? ",\"imbalanced\":true" : ",\"imbalanced\":false");
  out.Raw(",\"imbalance_alerted_ms\":");
  out.Integer(state.imbalance_alerted_ms);
  out.Char('}');
  return std::move(out).Take();
}

// Whether a part is worse than it was told to be.
bool IsWorse(const nlohmann::json& checks, const nlohmann::json& told) {
  for (auto check = checks.begin(); check != checks.end(); ++check) {
    const auto* health = check->get_ptr<const std::string*>();
    const std::string* before = StringField(told, check.key());
    if (health != nullptr && RankOf(*health) > (before == nullptr ? 0 : RankOf(*before))) {
      return true;
    }
  }
  return false;
}

class Alerts {
 public:
  explicit Alerts(int64_t now_ms) : now_ms_(now_ms) {}

  void Add(bool critical, const std::string& message) {
    const std::string_view severity = critical ? "critical" : "warning";
    json::Writer out(&text_);
    if (!std::exchange(first_, false)) out.Char(',');
    out.Raw("{\"severity\":");
    out.Quoted(severity);
    out.Raw(",\"message\":");
    out.Quoted(message);
    out.Raw(",\"slack\":{\"text\":");
    out.Quoted("🚨 CollegeDB " + std::string(critical ? "CRITICAL" : "WARNING") + ": " + message);
    out.Raw(",\"username\":\"CollegeDB Monitor\"},\"monitoring\":{\"service\":\"collegedb\"");
    out.Raw(",\"severity\":");
    out.Quoted(severity);
    out.Raw(",\"message\":");
    out.Quoted(message);
    out.Raw(",\"timestamp\":");
    out.Quoted(health::IsoTime(now_ms_));
    out.Raw("}}");
  }

  bool IsDueAgain(int64_t alerted_ms) const { return now_ms_ - alerted_ms >= kReminderMs; }
  const std::string& text() const { return text_; }

 private:
  int64_t now_ms_;
  std::string text_;
  bool first_ = true;
};

void AddSystem(const std::string& overall, const nlohmann::json& checks, std::string_view text,
               int64_t now_ms, Alerts* alerts, State* state) {
  const bool changed = overall != std::exchange(state->overall, overall);
  if (overall == "healthy") {
    state->checks_text = "{}";
    return;
  }
  if (!changed && !IsWorse(checks, state->checks) && !alerts->IsDueAgain(state->alerted_ms)) return;
  const bool critical = overall == "unhealthy";
  alerts->Add(critical,
              (critical ? "System unhealthy: " : "System degraded: ") + std::string(text));
  state->checks_text = text;
  state->alerted_ms = now_ms;
}

// `ratio` as it is told.
void AddImbalance(double ratio, int64_t now_ms, Alerts* alerts, State* state) {
  const bool severe = ratio > health::kSevereAbove;
  const bool before = std::exchange(state->imbalanced, severe);
  if (!severe || (before && !alerts->IsDueAgain(state->imbalance_alerted_ms))) return;
  alerts->Add(false,
              "Severe shard imbalance detected: " + health::NumberText(ratio) + "x difference");
  state->imbalance_alerted_ms = now_ms;
}

}  // namespace

Task<Reply> SqlAlerts(Context context) {
  const Request& request = context.request;
  const std::string text = request.Param("report");
  if (text.size() > limits::kSqlParamBytesMax) co_return Reply::Error(InvalidReport());
  const auto report = ParseTree(text, kReportDepth);
  if (!report.ok()) co_return Reply::Error(report.status());
  const std::string* overall = StringField(*report, "overall");
  const nlohmann::json* checks = ObjectField(*report, "checks");
  if (overall == nullptr || checks == nullptr ||
      (*overall != "healthy" && *overall != "degraded" && *overall != "unhealthy")) {
    co_return Reply::Error(InvalidReport());
  }
  State state = ReadState(request.Param("state"));
  Alerts alerts(request.now_ms);
  AddSystem(*overall, *checks, MemberText(text, "checks"), request.now_ms, &alerts, &state);
  const double to_average = NumberField(*report, "distributionRatio").value_or(0);
  const double to_least = NumberField(*report, "imbalanceRatio").value_or(0);
  AddImbalance(to_average > health::kSevereAbove ? to_average : to_least, request.now_ms, &alerts,
               &state);
  co_return Reply::Json("{\"alerts\":[" + alerts.text() + "],\"state\":" + WriteState(state) + '}');
}

}  // namespace tidemark
