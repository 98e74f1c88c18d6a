#include "tests/simulator/shares_world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/limits.h"

namespace tidemark::testing {
namespace {

constexpr const char* kNames[] = {"ann", "bob", "cem"};
constexpr const char* kChildren[] = {"sessions", "cards", "notes"};

json DataFor(const std::string& collection, const std::string& plan, int64_t n) {
  if (collection == "plans") return {{"title", "plan " + std::to_string(n)}, {"status", "active"}};
  if (collection == "sessions") return {{"plan_id", plan}, {"start_time", n}};
  if (collection == "notes") return {{"plan_id", plan}, {"text", "note " + std::to_string(n)}};
  return {{"plan_id", plan}, {"question", std::to_string(n)}, {"answer", "a"}, {"next_review", n}};
}

std::string NameOf(const std::string& id) {
  for (const char* name : kNames) {
    if (People::IdOf(name) == id) return name;
  }
  return {};
}

std::string Text(const std::tuple<std::string, std::string, std::string>& key) {
  return std::get<0>(key) + "/" + std::get<1>(key) + "/" + std::get<2>(key);
}

}  // namespace

SharesWorld::SharesWorld(uint64_t seed, bool trace) : trace_(trace), random_(seed ^ 0x5ba7e5) {
  for (const char* name : kNames) {
    const size_t devices = 1 + random_.Below(2);
    for (size_t i = 0; i < devices; ++i) {
      const std::string device = "device-" + std::to_string(i);
      replicas_.push_back({.user = name,
                           .device = device,
                           .clock = HybridClock(std::string(name) + device),
                           .view = {},
                           .outbox = {},
                           .cursor = {},
                           .more = false});
    }
    people_.Of(name);
  }
  people_.fate = [this](const std::string&, const native::HostCommand&) { return DrawFate(); };
}

void SharesWorld::Trace(const std::string& line) const {
  if (trace_) std::printf("%5lld  %s\n", static_cast<long long>(actions_), line.c_str());
}

People::Fate SharesWorld::DrawFate() {
  if (quiet_) return People::Fate::kArrives;
  const uint64_t fate = random_.Below(10);
  if (fate == 0) return People::Fate::kIsLost;
  if (fate == 1) return People::Fate::kLosesItsAnswer;
  return fate == 2 ? People::Fate::kArrivesTwice : People::Fate::kArrives;
}

void SharesWorld::Apply(const Edit& edit, Replica* replica) {
  if (edit.deletes) {
    replica->view.erase(edit.key);
  } else if (std::get<1>(edit.key) == "notes") {
    replica->view[edit.key].merge_patch(edit.data);
  } else {
    replica->view[edit.key] = edit.data;
  }
}

void SharesWorld::Put(Replica* replica, Edit edit) {
  edit.stamp = replica->clock.Tick(people_.now_ms);
  Trace(replica->user + " " + replica->device + (edit.deletes ? " deletes " : " edits ") +
        Text(edit.key) + " " + edit.data.dump());
  Apply(edit, replica);
  replica->outbox.push_back(std::move(edit));
}

void SharesWorld::EditOwn(Replica* replica) {
  const std::string plan = "plan-" + std::to_string(random_.Below(3));
  if (random_.Below(4) == 0 || !replica->view.contains({"", "plans", plan})) {
    return Put(replica, {.key = {"", "plans", plan}, .data = DataFor("plans", "", ++edits_)});
  }
  const std::string collection = kChildren[random_.Below(3)];
  const std::string id = collection + "-" + std::to_string(random_.Below(3));
  Put(replica, {.key = {"", collection, id}, .data = DataFor(collection, plan, ++edits_)});
}

void SharesWorld::EditForeign(Replica* replica) {
  std::vector<Key> plans;
  std::vector<Key> children;
  for (const auto& [key, data] : replica->view) {
    if (std::get<0>(key).empty()) continue;
    (std::get<1>(key) == "plans" ? plans : children).push_back(key);
  }
  if (plans.empty()) return;
  const Key plan = plans[random_.Below(plans.size())];
  const uint64_t choice = random_.Below(4);
  if (choice == 0) return Put(replica, {.key = plan, .data = DataFor("plans", "", ++edits_)});
  if (choice == 1 && !children.empty()) {
    const Key child = children[random_.Below(children.size())];
    const json& seen = replica->view.at(child);
    if (!seen.contains("plan_id")) return;
    const std::string& in = seen.at("plan_id").get_ref<const std::string&>();
    return Put(replica, {.key = child, .data = DataFor(std::get<1>(child), in, ++edits_)});
  }
  // New to the editor; it may be that its owner has one of this id elsewhere.
  const std::string collection = kChildren[random_.Below(3)];
  const std::string id = collection + "-" + std::to_string(random_.Below(5));
  Put(replica, {.key = {std::get<0>(plan), collection, id},
                .data = DataFor(collection, std::get<2>(plan), ++edits_)});
}

void SharesWorld::Delete(Replica* replica) {
  if (replica->view.empty()) return;
  auto chosen = replica->view.begin();
  std::advance(chosen, random_.Below(replica->view.size()));
  const Key key = chosen->first;
  Put(replica, {.key = key, .deletes = true});
}

// One exchange; it may be that its request or its answer is lost.
void SharesWorld::Sync(Replica* replica) {
  const size_t sent = std::min<size_t>(replica->outbox.size(), 1 + random_.Below(6));
  json body = json::object();
  if (!replica->cursor.empty()) body["cursor"] = replica->cursor;
  if (random_.Below(2) == 0) body["limit"] = 1 + random_.Below(6);
  for (size_t i = 0; i < sent; ++i) {
    const Edit& edit = replica->outbox[i];
    const auto& [owner, collection, id] = edit.key;
    json delta = edit.deletes ? Removal(id, edit.stamp.ms, edit.stamp.counter)
                              : Update(id, edit.data, edit.stamp.ms, edit.stamp.counter);
    if (!owner.empty()) {
      delta["owner"] = People::IdOf(owner);
      asked_.insert({replica->user, edit.key});
    }
    body[collection].push_back(std::move(delta));
  }
  if (!quiet_ && random_.Below(10) == 0) return;
  const json answer = people_.Sync(replica->user, replica->device, body);
  Trace(replica->user + " " + replica->device + " " + body.dump() + " -> " + answer.dump());
  Observe();
  if (std::string problem = CheckTold(*replica, answer); !problem.empty()) problem_ = problem;
  if (!quiet_ && random_.Below(8) == 0) return;
  Receive(replica, answer, sent);
}

void SharesWorld::Receive(Replica* replica, const json& answer, size_t sent) {
  std::set<std::pair<std::string, int64_t>> refused;
  for (const json& rejection : answer.at("rejected")) {
    refused.insert(
        {rejection.at("collection").get<std::string>(), rejection.at("index").get<int64_t>()});
  }
  std::map<std::string, int64_t> places;
  std::set<Key> rejected;
  for (size_t i = 0; i < sent; ++i) {
    const Edit& edit = replica->outbox[i];
    const std::string& collection = std::get<1>(edit.key);
    const bool taken = !refused.contains({collection, places[collection]++});
    if (!taken) rejected.insert(edit.key);
    if (!taken || edit.deletes || std::get<0>(edit.key).empty()) continue;
    acknowledged_.try_emplace({replica->user, edit.key, edit.data.dump()}, people_.now_ms);
  }
  replica->outbox.erase(replica->outbox.begin(),
                        replica->outbox.begin() + static_cast<std::ptrdiff_t>(sent));
  // What was rejected is on this device only: it starts over, and forgets it.
  const bool anew = replica->cursor.empty() || answer.contains("reset");
  if (anew) {
    replica->view.clear();
    for (const Edit& edit : replica->outbox) Apply(edit, replica);
  }
  for (const Collection& declared : FourCollections().collections) {
    const std::string collection(declared.name);
    for (const json& row : answer.at(collection)) {
      const std::string owner =
          row.contains("owner") ? NameOf(row.at("owner").get<std::string>()) : "";
      const Key key{owner, collection, row.at("id").get<std::string>()};
      const bool waits = std::any_of(replica->outbox.begin(), replica->outbox.end(),
                                     [&](const Edit& edit) { return edit.key == key; });
      replica->clock.Observe(
          {row.at("updated_at").get<int64_t>(), row.at("counter").get<uint32_t>(),
           row.at("device").get<std::string>()},
          people_.now_ms, limits::kClockAheadMaxMs);
      if (waits) continue;
      if (row.at("action") == "delete") {
        replica->view.erase(key);
      } else {
        replica->view[key] = row.at("data");
      }
    }
  }
  replica->cursor = rejected.empty() ? answer.at("cursor").get<std::string>() : "";
  replica->more = answer.at("has_more").get<bool>() || !rejected.empty();
}

void SharesWorld::Share() {
  const std::string owner = kNames[random_.Below(3)];
  const std::string with = kNames[random_.Below(3)];
  const std::string plan = "plan-" + std::to_string(random_.Below(3));
  if (random_.Below(3) == 0) {
    const int status = people_.Take(owner, plan, with).status;
    return Trace(owner + " takes " + plan + " from " + with + " " + std::to_string(status));
  }
  const std::string permission = random_.Below(3) == 0 ? "read" : "edit";
  const int status = people_.Put(owner, plan, with, permission).status;
  Trace(owner + " shares " + plan + " with " + with + " " + permission + " " +
        std::to_string(status));
  if (status == 200) shared_.insert({owner, plan, with});
}

// Some steps of what carries edits and copies; now and then its object dies.
void SharesWorld::StepShare() {
  const std::string name = kNames[random_.Below(3)];
  auto& running = sharing_[name];
  if (running == nullptr) running = people_.BeginShare(name);
  for (uint64_t left = 1 + random_.Below(12); left > 0 && !running->done(); --left) {
    running->Step();
    Observe();
  }
  if (running->done() || random_.Below(6) == 0) running.reset();
}

void SharesWorld::PassTime() {
  const uint64_t scale = random_.Below(40);
  people_.now_ms += static_cast<int64_t>(random_.Below(scale < 5 ? 30 * 60'000 : 5'000));
  if (scale > 0) return;
  people_.now_ms += static_cast<int64_t>(random_.Below(100)) * limits::kDayMs;
  for (const char* name : kNames) {
    sharing_.erase(name);
    people_.Tick(name);
  }
}

void SharesWorld::Observe() {
  for (const char* owner : kNames) {
    for (const std::string& row : people_.Of(owner).space.Rows(
             "SELECT collection, id, coalesce(parent, CASE collection WHEN 'plans' THEN id END)"
             " FROM records WHERE deleted = 0")) {
      const size_t first = row.find('|');
      const size_t second = row.find('|', first + 1);
      plans_of_[{owner, row.substr(0, first), row.substr(first + 1, second - first - 1)}].insert(
          row.substr(second + 1));
    }
  }
}

// No row of another user's but of a plan that was shared with this one; no deletion but of what was
// in such a plan, or of what this user made.
std::string SharesWorld::CheckTold(const Replica& replica, const json& answer) {
  for (const Collection& declared : FourCollections().collections) {
    const std::string collection(declared.name);
    for (const json& row : answer.at(collection)) {
      if (!row.contains("owner")) continue;
      const std::string owner = NameOf(row.at("owner").get<std::string>());
      const Key key{owner, collection, row.at("id").get<std::string>()};
      const auto is_shared = [&](const std::string& plan) {
        return shared_.contains({owner, plan, replica.user});
      };
      if (row.at("action") == "delete") {
        const auto& plans = plans_of_[key];
        if (asked_.contains({replica.user, key})) continue;
        if (std::any_of(plans.begin(), plans.end(), is_shared)) continue;
      } else if (is_shared(collection == "plans"
                               ? std::get<2>(key)
                               : row.at("data").at("plan_id").get<std::string>())) {
        continue;
      }
      return replica.user + " was told of " + Text(key);
    }
  }
  return {};
}

void SharesWorld::Act() {
  ++actions_;
  people_.now_ms += static_cast<int64_t>(random_.Below(500));
  Replica& replica = replicas_[random_.Below(replicas_.size())];
  const uint64_t choice = random_.Below(100);
  if (choice < 20) return EditOwn(&replica);
  if (choice < 34) return EditForeign(&replica);
  if (choice < 40) return Delete(&replica);
  if (choice < 64) return Sync(&replica);
  if (choice < 74) return Share();
  if (choice < 96) return StepShare();
  if (choice < 97) {
    const std::string name = kNames[random_.Below(3)];
    sharing_.erase(name);
    people_.Of(name).space.Execute("UPDATE meta SET value = 'e" + std::to_string(actions_) +
                                   "' WHERE key = 'epoch'");
    return Trace(name + "'s space is in another life");
  }
  PassTime();
}

}  // namespace tidemark::testing
