// What must hold when the world has come to rest.

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"
#include "shards/placement.h"
#include "tests/simulator/world.h"

namespace tidemark::testing {
namespace {

constexpr int kActions = 160;
constexpr int kTicksMax = 60;

// Whether every field of `part` that is not null stands in `whole` with the same value.
bool Holds(const json& whole, const json& part) {
  for (const auto& [field, value] : part.items()) {
    if (!value.is_null() && (!whole.contains(field) || whole.at(field) != value)) return false;
  }
  return true;
}

}  // namespace

std::string World::Run() {
  for (int i = 0; i < kActions; ++i) Act();
  quiet_ = true;
  Crash();
  if (std::string problem = Heal(); !problem.empty()) return problem;
  if (std::string problem = CheckAcknowledged(); !problem.empty()) return problem;
  if (std::string problem = CheckProjection(); !problem.empty()) return problem;
  if (std::string problem = CheckReads(); !problem.empty()) return problem;
  return CheckReplays();
}

// Faults end, devices sync until idle, and the alarm runs until D1 has caught up.
std::string World::Heal() {
  space_.d1_down = false;
  for (auto& [name, shard] : space_.shards) shard->Execute("DELETE FROM refusing");
  std::vector<Device*> all;
  for (Device& device : devices_) all.push_back(&device);
  if (!SyncUntilIdle(&space_, all)) return "the devices never come to rest";
  if (const std::string differences = Differences(&space_, all); !differences.empty()) {
    return "replicas differ:\n" + differences;
  }
  for (int i = 0; i < kTicksMax; ++i) {
    space_.now_ms = std::max(space_.now_ms + 1, space_.alarm_at);
    const native::Answer ticked = space_.Tick();
    for (const auto& [key, value] : ticked.data)
      Trace(key + "=" + value + " alarm " + std::to_string(space_.alarm_at));
    const auto behind = space_.space.Rows("SELECT 1 FROM set_aside");
    if (behind.empty() && space_.alarm_at > space_.now_ms + limits::kProjectRetryMaxMs) return {};
  }
  return "the projection never comes to rest";
}

// Every write that was answered for is a record, or in the history for as long as that is kept.
std::string World::CheckAcknowledged() {
  const int64_t kept_since = space_.now_ms - limits::kHistoryDays * limits::kDayMs;
  std::map<std::pair<std::string, std::string>, std::vector<json>> versions;
  const auto collect = [&](const std::string& table, const std::string& id_column) {
    for (const std::string& row :
         space_.space.Rows("SELECT collection, " + id_column + ", data FROM " + table +
                           " WHERE data IS NOT NULL")) {
      const size_t first = row.find('|');
      const size_t second = row.find('|', first + 1);
      versions[{row.substr(0, first), row.substr(first + 1, second - first - 1)}].push_back(
          json::parse(row.substr(second + 1), nullptr, false));
    }
  };
  collect("records", "id");
  collect("history", "record_id");
  for (const auto& [write, at_ms] : acknowledged_) {
    if (at_ms <= kept_since) continue;
    const auto& [collection, id, text] = write;
    const json data = json::parse(text, nullptr, false);
    const auto& kept = versions[{collection, id}];
    const bool by_field = collection == "notes";
    bool found = std::find(kept.begin(), kept.end(), data) != kept.end();
    if (by_field) {
      // Field by field, each in some version.
      found = true;
      for (const auto& [field, value] : data.items()) {
        const json part = {{field, value}};
        found &= std::any_of(kept.begin(), kept.end(),
                             [&](const json& version) { return Holds(version, part); });
      }
    }
    if (!found) return "lost: " + collection + "/" + id + " " + text;
  }
  return {};
}

std::string World::CheckProjection() {
  const std::vector<std::string> owned = space_.space.Rows(
      "SELECT collection, id, seq FROM records WHERE deleted = 0 ORDER BY collection, id");
  const std::vector<std::string> projected = space_.Projected();
  if (owned == projected) return {};
  std::string problem = "the projection differs from its owner:\n";
  for (const std::string& row : owned) problem += "  owner " + row + "\n";
  for (const std::string& row : projected) problem += "  D1    " + row + "\n";
  return problem;
}

// D1's rows and the space's own are answered alike.
std::string World::CheckReads() {
  for (const char* collection : {"plans", "sessions", "cards", "notes"}) {
    const Params params{{"collection", collection}};
    const native::Answer listed = space_.List(params);
    space_.d1_down = true;
    const native::Answer owned = space_.List(params);
    space_.d1_down = false;
    if (listed.body != owned.body) {
      return std::string("reads differ: ") + collection + "\n" + listed.body + "\n" + owned.body;
    }
  }
  return {};
}

std::string World::CheckReplays() {
  const auto state = [this] {
    auto rows = space_.space.Rows("SELECT * FROM records ORDER BY collection, id");
    // What left the history by age may come back by a replay; nothing else may.
    for (std::string& row : space_.space.Rows("SELECT * FROM history ORDER BY id")) {
      if (!slept_) rows.push_back(std::move(row));
    }
    return rows;
  };
  const std::vector<std::string> before = state();
  // A replay is of the last days: what is pruned is forgotten by both sides.
  for (const Message& message : served_) {
    if (message.sent_at < space_.now_ms - limits::kDayMs) continue;
    if (message.number < forget_below_[message.device]) continue;
    Serve(message, false);
    if (state() != before) {
      for (const std::string& row : before) Trace("before " + row);
      for (const std::string& row : state()) Trace("after  " + row);
      return "a replay changed something: " + devices_[message.device].name() + " " + message.body;
    }
  }
  return {};
}

}  // namespace tidemark::testing
