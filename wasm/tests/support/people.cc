#include "tests/support/people.h"

#include <algorithm>

#include "accounts/email.h"

namespace tidemark::testing {
namespace {

constexpr int kTurnsMax = 400;

std::string Joined(const std::vector<Part>& parts, const native::Held& held) {
  std::string joined;
  for (const Part& part : parts) {
    const auto* text = std::get_if<std::string>(&part);
    joined += text != nullptr ? *text : held.texts.at(std::get_if<Handle>(&part)->id);
  }
  return joined;
}

}  // namespace

std::string People::IdOf(const std::string& name) { return UserIdOf(EmailOf(name)); }

SpaceHarness& People::Of(const std::string& name) {
  auto& space = spaces_[name];
  if (space == nullptr) {
    space = std::make_unique<SpaceHarness>(IdOf(name));
    names_[IdOf(name)] = name;
  }
  space->now_ms = now_ms;
  return *space;
}

void People::Forget(const std::string& name) {
  spaces_.erase(name);
  SpaceHarness& anew = Of(name);
  anew.space.Execute("UPDATE meta SET value = 'feed' WHERE key = 'epoch'");
}

Request People::RequestOf(const std::string& name, std::string operation, Params params,
                          bool in_space) {
  Request request = Of(name).RequestOf(std::move(operation), std::move(params), in_space);
  request.params["sockets"] = "1";
  return request;
}

native::Stores People::StoresOf(const std::string& name, const std::string& caller, bool in_space,
                                std::string_view role) {
  SpaceHarness& space = Of(name);
  native::Stores stores = space.StoresOfWorker();
  if (in_space) stores.own = &space.space;
  // All of them are projected into the same databases: those of the first.
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& statements,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    SpaceHarness& first = *spaces_.begin()->second;
    if (first.d1_down) return Failure{"unavailable", "D1 is down"};
    return first.shards.at(shard)->Run(statements, held);
  };
  stores.call = [this, caller, role = std::string(role)](const native::HostCommand& command,
                                                         native::Held* held) {
    return Answer(caller, command, held, role);
  };
  stores.publish = [this, name](const std::string&, const std::string& frame) {
    published.emplace_back(name, json::parse(frame, nullptr, false));
  };
  return stores;
}

native::Answer People::RunAs(const std::string& name, const std::string& caller,
                             const std::string& operation, Params params, const std::string& body,
                             std::string_view role) {
  Request request = RequestOf(name, operation, std::move(params), true);
  request.identity = {};
  if (!caller.empty()) {
    request.identity.user_id = IdOf(caller);
    request.identity.email = EmailOf(caller);
  }
  const bool local = operation != "catch_up";
  native::Answer answer =
      native::RunToEnd(&Of(name).engine, request, role, body, StoresOf(name, "", true, ""), local);
  if (answer.data.contains("then")) following_.push_back(name);
  return answer;
}

People::CallAnswer People::Answer(const std::string& caller, const native::HostCommand& command,
                                  native::Held* held, std::string_view role) {
  const auto known = names_.find(command.space);
  // An object of any name is there when it is called.
  const std::string name = known != names_.end() ? known->second : "stranger";
  const Fate fate_now = fate ? fate(name, command) : Fate::kArrives;
  const Failure failure{"unavailable", "the network"};
  if (fate_now == Fate::kIsLost) return failure;
  const std::string body = Joined(command.parts, *held);
  native::Answer answer =
      RunAs(name, caller, command.operation, command.params, body, caller.empty() ? "" : role);
  if (fate_now == Fate::kLosesItsAnswer) return failure;
  if (fate_now == Fate::kArrivesTwice) {
    answer =
        RunAs(name, caller, command.operation, command.params, body, caller.empty() ? "" : role);
  }
  held->texts.push_back(answer.body);
  return CallReply{answer.status, answer.data, {static_cast<uint32_t>(held->texts.size() - 1)}};
}

native::Answer People::Run(const std::string& name, const std::string& operation, Params params,
                           const std::string& body, std::string_view role) {
  return RunAs(name, name, operation, std::move(params), body, role);
}

native::Answer People::Post(const std::string& name, std::string_view device,
                            const std::string& body) {
  return Run(name, "sync", {{"device", std::string(device)}, {"content_type", "application/json"}},
             body);
}

json People::Sync(const std::string& name, std::string_view device, json body) {
  return json::parse(Post(name, device, body.dump()).body, nullptr, false);
}

native::Answer People::Put(const std::string& name, const std::string& plan,
                           const std::string& with, const std::string& permission) {
  const json body = {{"plan_id", plan}, {"email", EmailOf(with)}, {"permission", permission}};
  Of(with);
  return Run(name, "put_share", {}, body.dump());
}

native::Answer People::Take(const std::string& name, const std::string& plan,
                            const std::string& from) {
  return Run(name, "delete_share", {{"plan_id", plan}, {"email", EmailOf(from)}});
}

native::Answer People::List(const std::string& name, Params params, std::string_view role) {
  Request request = RequestOf(name, "list", std::move(params), false);
  return native::RunToEnd(&Of(name).engine, request, role, "", StoresOf(name, name, false, role),
                          false);
}

std::unique_ptr<native::Running> People::BeginShare(const std::string& name) {
  Request request = RequestOf(name, "share", {}, true);
  request.identity = {};
  return std::make_unique<native::Running>(&Of(name).engine, request, "", "",
                                           StoresOf(name, "", true, ""), false);
}

void People::Share(const std::string& name) {
  const auto running = BeginShare(name);
  while (!running->done()) running->Step();
}

native::Answer People::Tick(const std::string& name) {
  SpaceHarness& space = Of(name);
  space.alarm_at = 0;
  Request request = RequestOf(name, "tick", {}, true);
  request.identity = {};
  native::Answer answer =
      native::RunToEnd(&space.engine, request, "", "", StoresOf(name, "", true, ""), false);
  if (answer.data.contains("then")) following_.push_back(name);
  return answer;
}

void People::Settle() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    while (!following_.empty()) {
      const std::string name = following_.front();
      following_.pop_front();
      Share(name);
    }
    // The next alarm of anyone within an hour, time passing until then.
    std::string next;
    for (const auto& [name, space] : spaces_) {
      const bool set = space->alarm_at > 0 && space->alarm_at < now_ms + 60 * 60'000;
      if (set && (next.empty() || space->alarm_at < Of(next).alarm_at)) next = name;
    }
    if (next.empty()) return;
    now_ms = std::max(now_ms, Of(next).alarm_at);
    Tick(next);
  }
}

std::vector<json> People::Pull(const std::string& name, int64_t limit) {
  std::vector<json> rows;
  json body = json::object();
  if (limit > 0) body["limit"] = limit;
  for (int page = 0; page < 10'000; ++page) {
    const json answer = Sync(name, "reader", body);
    std::vector<json> found;
    for (const Collection& collection : FourCollections().collections) {
      for (json row : answer.at(std::string(collection.name))) {
        row["collection"] = collection.name;
        found.push_back(std::move(row));
      }
    }
    std::sort(found.begin(), found.end(),
              [](const json& a, const json& b) { return a.at("seq") < b.at("seq"); });
    rows.insert(rows.end(), found.begin(), found.end());
    if (!answer.at("has_more").get<bool>()) break;
    body["cursor"] = answer.at("cursor");
  }
  return rows;
}

std::vector<std::string> People::Copies(const std::string& name) {
  std::vector<std::string> lines;
  for (const json& row : Pull(name)) {
    if (!row.contains("owner") || row.at("action") == "delete") continue;
    lines.push_back(row.at("collection").get<std::string>() + "|" +
                    names_.at(row.at("owner").get<std::string>()) + "|" +
                    row.at("id").get<std::string>() + "|" + row.at("data").dump());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> People::Shared(const std::string& owner, const std::string& plan) {
  std::vector<std::string> lines;
  for (const std::string& row : Of(owner).space.Rows(
           "SELECT collection, id, data FROM records WHERE deleted = 0 AND (parent = '" + plan +
           "' OR (collection = 'plans' AND id = '" + plan + "'))")) {
    const size_t id = row.find('|') + 1;
    const size_t data = row.find('|', id) + 1;
    lines.push_back(row.substr(0, id) + owner + "|" + row.substr(id, data - id) +
                    json::parse(row.substr(data), nullptr, false).dump());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace tidemark::testing
