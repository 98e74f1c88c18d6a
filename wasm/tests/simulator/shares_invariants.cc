// What must hold when the world of sharing has come to rest.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "tests/simulator/shares_world.h"

namespace tidemark::testing {
namespace {

constexpr int kActions = 150;
constexpr const char* kNames[] = {"ann", "bob", "cem"};

std::string Text(const std::tuple<std::string, std::string, std::string>& key) {
  return std::get<0>(key) + "/" + std::get<1>(key) + "/" + std::get<2>(key);
}

}  // namespace

// The network is whole again, and everyone syncs until nobody learns anything.
std::string SharesWorld::Heal() {
  quiet_ = true;
  sharing_.clear();
  int at_rest = 0;
  for (int turn = 0; turn < 200; ++turn) {
    bool settled = true;
    for (Replica& replica : replicas_) {
      const std::string cursor = replica.cursor;
      Sync(&replica);
      settled &= replica.outbox.empty() && !replica.more && replica.cursor == cursor;
    }
    for (const char* name : kNames) {
      people_.Of(name).alarm_at = people_.now_ms + 1;
    }
    people_.Settle();
    // What was delivered after the last of them had asked is told in the turn that follows.
    at_rest = settled ? at_rest + 1 : 0;
    if (at_rest == 2) return {};
  }
  return "they never come to rest";
}

std::string SharesWorld::CheckCopies() {
  for (const char* name : kNames) {
    std::vector<std::string> expected;
    for (const char* owner : kNames) {
      for (const std::string& plan : people_.Of(owner).space.Rows(
               "SELECT plan_id FROM plan_shares WHERE ended = 0 AND shared_with_user_id = '" +
               People::IdOf(name) + "'")) {
        for (std::string& line : people_.Shared(owner, plan)) expected.push_back(std::move(line));
      }
    }
    std::sort(expected.begin(), expected.end());
    const std::vector<std::string> copies = people_.Copies(name);
    const auto fail = [&](const std::string& what, const std::vector<std::string>& found) {
      std::string text = std::string(name) + ": " + what + "\n";
      for (const std::string& line : expected) text += "  shared " + line + "\n";
      for (const std::string& line : found) text += "  has    " + line + "\n";
      return text;
    };
    if (copies != expected) return fail("the copies differ", copies);
    for (const Replica& replica : replicas_) {
      if (replica.user != name) continue;
      std::vector<std::string> seen;
      for (const auto& [key, data] : replica.view) {
        const auto& [owner, collection, id] = key;
        if (owner.empty()) continue;
        seen.push_back(collection + "|" + owner + "|" + id + "|" + data.dump());
      }
      std::sort(seen.begin(), seen.end());
      if (seen != expected) return fail(replica.device + " differs", seen);
    }
    SpaceHarness& space = people_.Of(name);
    if (!space.space.Rows("SELECT 1 FROM outgoing").empty()) return "edits still wait";
    if (!space.space.Rows("SELECT 1 FROM plan_shares WHERE ended OR since IS NOT NULL").empty()) {
      return "a share is never done";
    }
    if (!space.space
             .Rows("SELECT seq FROM (SELECT seq FROM records UNION ALL SELECT seq FROM "
                   "shared_records WHERE seq > 0) GROUP BY seq HAVING count(*) > 1")
             .empty()) {
      return "two changes have one seq";
    }
  }
  return {};
}

// Every edit that was answered for is with its owner, or in the editor's history as refused.
std::string SharesWorld::CheckAcknowledged() {
  const int64_t kept_since = people_.now_ms - limits::kHistoryDays * limits::kDayMs;
  for (const auto& [edit, at_ms] : acknowledged_) {
    if (at_ms <= kept_since) continue;
    const auto& [user, key, text] = edit;
    const auto& [owner, collection, id] = key;
    const json data = json::parse(text, nullptr, false);
    const auto holds = [&](const std::string& name, const std::string& sql, bool parts) {
      std::set<std::string> missing;
      for (const auto& [field, value] : data.items()) missing.insert(field);
      for (const std::string& row : people_.Of(name).space.Rows(sql)) {
        const json version = json::parse(row, nullptr, false);
        if (version == data) return true;
        for (const auto& [field, value] : data.items()) {
          if (parts && version.contains(field) && version.at(field) == value) missing.erase(field);
        }
      }
      return missing.empty();
    };
    const std::string where =
        " = '" + id + "' AND data IS NOT NULL AND collection = '" + collection + "'";
    const bool parts = collection == "notes";
    if (holds(owner,
              "SELECT data FROM records WHERE id" + where +
                  " UNION ALL SELECT data FROM history WHERE record_id" + where,
              parts) ||
        holds(user, "SELECT data FROM history WHERE reason = 'refused' AND record_id" + where,
              parts)) {
      continue;
    }
    return "lost: " + user + "'s edit of " + Text(key) + " " + text;
  }
  return {};
}

std::string SharesWorld::Run() {
  for (int i = 0; i < kActions && problem_.empty(); ++i) Act();
  if (!problem_.empty()) return problem_;
  if (std::string problem = Heal(); !problem.empty()) return problem;
  if (!problem_.empty()) return problem_;
  if (std::string problem = CheckCopies(); !problem.empty()) return problem;
  return CheckAcknowledged();
}

}  // namespace tidemark::testing
