#include "tests/simulator/world.h"

#include <cstdio>
#include <utility>

#include "base/limits.h"
#include "shards/placement.h"

namespace tidemark::testing {
namespace {

constexpr const char* kCollections[] = {"plans", "sessions", "cards", "notes"};

// D1 refuses a card of this id while the switch is on, as a constraint of its own would.
constexpr std::string_view kRefusal = R"sql(
CREATE TABLE refusing (value INTEGER);
CREATE TRIGGER refuse_card BEFORE INSERT ON cards
WHEN NEW.id = 'cards-0' AND EXISTS (SELECT 1 FROM refusing)
BEGIN SELECT RAISE(ABORT, 'refused by the simulator'); END;
)sql";

json DataFor(const std::string& collection, const std::string& plan, int64_t n) {
  if (collection == "plans") return {{"title", "plan " + std::to_string(n)}, {"status", "active"}};
  if (collection == "sessions") return {{"plan_id", plan}, {"start_time", n}, {"notes", "été"}};
  if (collection == "cards") {
    return {{"plan_id", plan},
            {"question", "q" + std::to_string(n)},
            {"answer", "a"},
            {"next_review", n}};
  }
  return {{"text", "note " + std::to_string(n)}};
}

}  // namespace

World::World(uint64_t seed, bool trace) : seed_(seed), trace_(trace), random_(seed) {
  for (auto& [name, shard] : space_.shards) shard->Execute(kRefusal);
  const size_t count = 2 + random_.Below(3);
  for (size_t i = 0; i < count; ++i) {
    DeviceOptions options;
    options.skew_ms = static_cast<int64_t>(random_.Below(7'200'000)) - 3'600'000;
    options.counters = random_.Below(4) != 0;
    options.deltas_max = 1 + random_.Below(8);
    options.limit = random_.Below(2) == 0 ? 0 : static_cast<int64_t>(1 + random_.Below(5));
    devices_.emplace_back("device-" + std::to_string(i), options);
  }
}

void World::Trace(const std::string& line) const {
  if (trace_) {
    std::printf("%5lld %lld  %s\n", static_cast<long long>(actions_),
                static_cast<long long>(space_.now_ms), line.c_str());
  }
}

// Its process may die within what it does next.
void World::Endanger(Device* device) {
  if (random_.Below(10) == 0) device->DieAfter(1 + static_cast<int>(random_.Below(400)));
}

void World::NoteDeath(Device* device) {
  if (!device->TookDeath()) return;
  ++deaths_;
  Trace(device->name() + " died within it");
}

void World::EditSomething() {
  Device& device = devices_[random_.Below(devices_.size())];
  const std::string collection = kCollections[random_.Below(4)];
  const std::string id = collection + "-" + std::to_string(random_.Below(4));
  const std::string plan = "plans-" + std::to_string(random_.Below(4));
  json data = DataFor(collection, plan, ++edits_);
  if (collection == "notes" && random_.Below(2) == 0) {
    data = {{"text", "n"}, {"rank", edits_}, {"pinned", random_.Below(2) == 0}};
  }
  Trace(device.name() + " edits " + collection + "/" + id + " " + data.dump());
  Endanger(&device);
  device.Edit(collection, id, data, space_.now_ms);
  NoteDeath(&device);
}

void World::DeleteSomething() {
  Device& device = devices_[random_.Below(devices_.size())];
  const std::string collection = kCollections[random_.Below(4)];
  const std::string id = collection + "-" + std::to_string(random_.Below(4));
  if (device.Find(collection, id) == nullptr) return;
  Trace(device.name() + " deletes " + id);
  device.Delete(collection, id, space_.now_ms);
}

void World::Send() {
  const size_t index = random_.Below(devices_.size());
  Device& device = devices_[index];
  // Whoever waits too long gives up, and may have something else to send then.
  if (random_.Below(4) == 0) device.GiveUp();
  Endanger(&device);
  Device::Outgoing outgoing = device.Send(space_.now_ms);
  NoteDeath(&device);
  if (outgoing.number == 0) return;
  Trace(device.name() + " sends " + std::to_string(outgoing.number) + " " + outgoing.body);
  network_.push_back({index, outgoing.number, std::move(outgoing.body), space_.now_ms});
}

std::optional<native::Answer> World::Serve(const Message& message, bool may_crash) {
  Request request = space_.RequestOf(
      "sync", {{"device", devices_[message.device].name()}, {"content_type", "application/json"}},
      true);
  native::Stores stores = space_.StoresOfSpace();
  const int64_t alarm_at = space_.alarm_at;
  native::Running running(&space_.engine, request, "user", message.body, stores, true);
  const uint64_t crash_at = may_crash && random_.Below(6) == 0 ? random_.Below(12) : UINT64_MAX;
  for (uint64_t step = 0; !running.done(); ++step) {
    if (step == crash_at) {
      Trace("crash at sync, step " + std::to_string(step));
      space_.alarm_at = alarm_at;  // it is set within the transaction
      return std::nullopt;
    }
    running.Step();
  }
  return running.Take();
}

void World::DeliverRequest() {
  if (network_.empty()) return;
  const size_t at = random_.Below(3) == 0 ? random_.Below(network_.size()) : 0;
  const Message message = network_[at];
  const bool doubled = random_.Below(8) == 0;
  if (!doubled) network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
  // A delta that was rejected is no longer the device's; a late copy of its request is not sent on.
  if (message.number < forget_below_[message.device]) return;
  if (random_.Below(10) == 0) return Trace("a request is lost");
  std::optional<native::Answer> answer = Serve(message, true);
  if (!answer.has_value()) return Crash();
  const json parsed = Settle(message, *answer);
  if (random_.Below(10) == 0) return Trace("an answer is lost");
  answers_.push_back({message.device, message, parsed});
}

// What a request has done, whether its answer arrives or not.
json World::Settle(const Message& message, const native::Answer& answer) {
  Trace("served " + devices_[message.device].name() + " " + std::to_string(message.number) + ": " +
        answer.body);
  served_.push_back(message);
  json parsed = json::parse(answer.body, nullptr, false);
  if (answer.status == 200) Acknowledge({message.device, message, parsed});
  if (answer.status == 200 && !parsed.at("rejected").empty()) {
    forget_below_[message.device] = std::max(forget_below_[message.device], message.number + 1);
  }
  return parsed;
}

// What the server answered for is kept, whether its answer arrives or not.
void World::Acknowledge(const Answered& answered) {
  const json body = json::parse(answered.request.body, nullptr, false);
  for (const char* collection : kCollections) {
    if (!body.contains(collection)) continue;
    std::set<int64_t> rejected;
    for (const json& rejection : answered.answer.at("rejected")) {
      // A stale device's edit is in the history: it counts.
      if (rejection.at("collection") == collection && rejection.at("code") != "stale_device") {
        rejected.insert(rejection.at("index").get<int64_t>());
      }
    }
    int64_t index = 0;
    for (const json& delta : body.at(collection)) {
      if (rejected.contains(index++) || delta.at("action") == "delete") continue;
      acknowledged_.try_emplace(
          {collection, delta.at("id").get<std::string>(), delta.at("data").dump()}, space_.now_ms);
    }
  }
}

void World::DeliverAnswer() {
  if (answers_.empty()) return;
  const size_t at = random_.Below(answers_.size());
  const Answered answered = answers_[at];
  answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(at));
  Device& device = devices_[answered.device];
  Endanger(&device);
  device.Receive(answered.request.number, answered.answer, space_.now_ms);
  NoteDeath(&device);
}

std::variant<ResultSets, Failure> World::RunD1(const std::string& shard,
                                               const std::vector<native::HostStatement>& statements,
                                               native::Held* held) {
  if (quiet_) return space_.shards.at(shard)->Run(statements, held);
  const uint64_t fault = random_.Below(12);
  if (space_.d1_down || fault == 0) {
    // It may yet arrive, when nobody waits for it any more.
    if (random_.Below(2) == 0) late_.push_back({shard, statements, *held});
    return Failure{"unavailable", "D1 is down"};
  }
  auto result = space_.shards.at(shard)->Run(statements, held);
  if (fault == 1) return Failure{"unavailable", "the answer was lost"};
  return result;
}

void World::StepAlarm() {
  if (alarm_ == nullptr) {
    if (space_.alarm_at == 0) return;
    space_.now_ms = std::max(space_.now_ms, space_.alarm_at);
    space_.alarm_at = 0;
    Request request = space_.RequestOf("tick", {{"place", space_.place}}, true);
    request.identity = {};
    native::Stores stores = space_.StoresOfSpace();
    stores.d1 = [this](const std::string& shard,
                       const std::vector<native::HostStatement>& statements,
                       native::Held* held) { return RunD1(shard, statements, held); };
    alarm_ = std::make_unique<native::Running>(&space_.engine, request, "", "", stores, false);
  }
  for (uint64_t left = 1 + random_.Below(8); left > 0 && !alarm_->done(); --left) alarm_->Step();
  if (alarm_->done()) alarm_.reset();
}

// The process dies. An alarm that did not finish is run again by the platform.
void World::Crash() {
  if (alarm_ != nullptr && !alarm_->done()) {
    Trace("crash at alarm, step " + std::to_string(alarm_->steps()));
    space_.alarm_at = space_.now_ms + 2000;
  }
  alarm_.reset();
}

void World::ToggleFaults() {
  if (random_.Below(3) == 0) {
    const auto shards = ShardNames();
    space_.place = shards[random_.Below(shards.size())];
    return Trace("the user's place is " + space_.place);
  }
  if (random_.Below(2) == 0) {
    space_.d1_down = !space_.d1_down;
    return Trace(space_.d1_down ? "D1 goes down" : "D1 comes back");
  }
  const bool refuse = random_.Below(2) == 0;
  for (auto& [name, shard] : space_.shards) {
    shard->Execute(refuse ? "INSERT INTO refusing VALUES (1)" : "DELETE FROM refusing");
  }
  Trace(refuse ? "D1 refuses cards-0" : "D1 takes cards-0");
}

// All but one device sleep for months. That one deletes what it sees, and the space, which wakes
// each day, forgets the deletions: who sleeps will be told to start over.
void World::Sleep() {
  slept_ = true;
  const size_t index = random_.Below(devices_.size());
  Device& device = devices_[index];
  for (int round = 0; round < 4; ++round) {
    for (const char* collection : kCollections) {
      const std::string id = collection + ("-" + std::to_string(random_.Below(4)));
      if (round > 0 && device.Find(collection, id) != nullptr) {
        device.Delete(collection, id, space_.now_ms);
      }
    }
    Device::Outgoing outgoing = device.Send(space_.now_ms);
    const Message message{index, outgoing.number, std::move(outgoing.body), space_.now_ms};
    const std::optional<native::Answer> answer = Serve(message, false);
    device.Receive(message.number, Settle(message, *answer), space_.now_ms);
  }
  space_.now_ms += static_cast<int64_t>(50 + random_.Below(80)) * limits::kDayMs;
  for (int left = 12; left > 0; --left) StepAlarm();
}

void World::PassTime() {
  const uint64_t scale = random_.Below(40);
  int64_t ms = static_cast<int64_t>(random_.Below(10'000));
  if (scale < 6) ms = static_cast<int64_t>(random_.Below(30 * 60'000));
  if (scale == 0) return Sleep();
  space_.now_ms += ms;
}

void World::RestoreSomething() {
  const std::vector<std::string> ids = space_.space.Rows("SELECT id FROM history ORDER BY id");
  if (ids.empty()) return;
  const std::string id = ids[random_.Below(ids.size())];
  const native::Answer answer = space_.Run("restore_history", {{"id", id}});
  Trace("restore " + id + ": " + answer.body);
}

void World::Act() {
  ++actions_;
  space_.now_ms += static_cast<int64_t>(random_.Below(1000));
  const uint64_t choice = random_.Below(100);
  if (choice < 26) return EditSomething();
  if (choice < 31) return DeleteSomething();
  if (choice < 46) return Send();
  if (choice < 64) return DeliverRequest();
  if (choice < 78) return DeliverAnswer();
  if (choice < 90) return StepAlarm();
  if (choice < 92) return Crash();
  if (choice < 94) return ToggleFaults();
  if (choice < 95) return RestoreSomething();
  if (choice < 96 && !late_.empty()) {
    LateBatch late = std::move(late_.back());
    late_.pop_back();
    Trace("a batch for D1 arrives late");
    space_.shards.at(late.shard)->Run(late.statements, &late.held);
    return;
  }
  PassTime();
}

}  // namespace tidemark::testing
