#include "tests/support/device.h"

#include <sqlite3.h>

#include <algorithm>
#include <set>

#include "records/schema.h"

namespace tidemark::testing {
namespace {

constexpr int kTurnsMax = 1000;

std::string Line(const Device::Key& key, const json& data) {
  return key.first + "|" + key.second + "|" + data.dump();
}

// A database in memory needs no journal on a disk, and no check of what else may have changed it.
std::unique_ptr<Database> OpenInMemory(const std::string& device) {
  Result<std::unique_ptr<Database>> opened = Database::Open(":memory:", 0);
  Check(opened.ok());
  Check(Replica::Create(opened->get(), device).ok());
  return std::move(*opened);
}

// As a client without a hybrid clock would have written it.
void LeaveOutCounters(json* body) {
  for (json& member : *body) {
    if (!member.is_array()) continue;
    for (json& delta : member) delta.erase("counter");
  }
}

}  // namespace

Device::Device(std::string name, DeviceOptions options)
    : name_(std::move(name)), options_(options), database_(OpenInMemory(name_)) {
  Restart();
}

void Device::Restart() {
  replica_ = std::make_unique<Replica>(
      database_.get(), &FourCollections(),
      ReplicaOptions{.deltas_max = options_.deltas_max, .limit = options_.limit});
}

void Device::DieAfter(int steps) {
  deadly_ = true;
  died_ = false;
  sqlite3_progress_handler(database_->handle(), steps, [](void*) { return 1; }, nullptr);
}

bool Device::TookDeath() { return std::exchange(died_, false); }

bool Device::Survives(const Status& status) {
  if (deadly_) sqlite3_progress_handler(database_->handle(), 0, nullptr, nullptr);
  deadly_ = false;
  if (status.ok() || status.code() == "invalid_answer") return true;
  Check(status.code() == "interrupted");
  died_ = true;
  GiveUp();
  Restart();
  return false;
}

void Device::Edit(const std::string& collection, const std::string& id, const json& data,
                  int64_t now_ms) {
  Survives(replica_->Edit({collection, id}, data.dump(), now_ms + options_.skew_ms));
}

void Device::Delete(const std::string& collection, const std::string& id, int64_t now_ms) {
  Survives(replica_->Remove({collection, id}, now_ms + options_.skew_ms));
}

void Device::GiveUp() { Check(replica_->Fail(State().under_way).ok()); }

Device::Outgoing Device::Send(int64_t now_ms) {
  const Result<tidemark::Outgoing> outgoing = replica_->Next(now_ms + options_.skew_ms);
  if (!Survives(outgoing.ok() ? Status() : outgoing.status())) return {};
  const auto number = static_cast<uint64_t>(outgoing->request);
  if (options_.counters && !options_.sends_no_cursor) return {number, outgoing->body};
  json body = json::parse(outgoing->body, nullptr, false);
  if (!options_.counters) LeaveOutCounters(&body);
  starting_ = options_.sends_no_cursor && !has_more_;
  if (starting_) body.erase("cursor");
  return {number, body.dump()};
}

bool Device::Receive(uint64_t number, const json& answer, int64_t now_ms) {
  if (!answer.is_object() || !answer.contains("cursor")) return false;
  json told = answer;
  // To ask without a cursor is to begin anew each time.
  if (options_.sends_no_cursor && starting_) told["reset"] = true;
  const Result<Received> received =
      replica_->Receive(static_cast<int64_t>(number), told.dump(), now_ms + options_.skew_ms);
  if (!Survives(received.ok() ? Status() : received.status())) return false;
  Check(received.ok());  // the space's answers are all well made
  if (received->ignored) return false;
  if (answer.contains("reset")) ++resets_;
  has_more_ = answer.at("has_more").get<bool>();
  return true;
}

ReplicaState Device::State() const {
  const Result<ReplicaState> state = replica_->State();
  Check(state.ok());
  return *state;
}

bool Device::idle() const { return State().idle(); }
std::string Device::cursor() const { return State().cursor.value_or(""); }
size_t Device::outbox_size() const { return State().pending; }

std::vector<std::string> Device::rejected() const {
  const Result<std::vector<RejectedEdit>> list = replica_->Rejected();
  Check(list.ok());
  std::vector<std::string> lines;
  for (const RejectedEdit& edit : *list) {
    lines.push_back(edit.collection + "/" + edit.id + ": " + edit.code);
  }
  return lines;
}

std::vector<std::string> Device::View() const {
  std::map<Key, json> records;
  const Status status = replica_->View([&](const RecordKey& key, std::string_view data) {
    records[{std::string(key.collection), std::string(key.id)}] = json::parse(data, nullptr, false);
  });
  Check(status.ok());
  std::vector<std::string> lines;
  for (const auto& [key, data] : records) lines.push_back(Line(key, data));
  return lines;
}

const json* Device::Find(const std::string& collection, const std::string& id) const {
  bool found = false;
  const Status status = replica_->View([&](const RecordKey& key, std::string_view data) {
    if (key.collection != collection || key.id != id) return;
    found = true;
    found_ = json::parse(data, nullptr, false);
  });
  Check(status.ok());
  return found ? &found_ : nullptr;
}

bool SyncOnce(SpaceHarness* space, Device* device) {
  const Device::Outgoing request = device->Send(space->now_ms);
  const native::Answer answer = space->Post(device->name(), request.body);
  if (answer.status != 200) return false;
  return device->Receive(request.number, json::parse(answer.body, nullptr, false), space->now_ms);
}

bool SyncUntilIdle(SpaceHarness* space, const std::vector<Device*>& devices) {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    bool settled = true;
    for (Device* device : devices) {
      const std::string cursor = device->cursor();
      if (!SyncOnce(space, device)) return false;
      settled = settled && device->idle() && device->cursor() == cursor;
    }
    if (settled) return true;
  }
  return false;
}

std::vector<std::string> ViewOf(SpaceHarness* space) {
  std::map<Device::Key, json> records;
  for (const std::string& row : space->Records()) {
    const size_t id = row.find('|') + 1;
    const size_t data = row.find('|', id) + 1;
    records[{row.substr(0, id - 1), row.substr(id, data - id - 1)}] =
        json::parse(row.substr(data), nullptr, false);
  }
  std::vector<std::string> lines;
  for (const auto& [key, data] : records) lines.push_back(Line(key, data));
  return lines;
}

std::string Differences(SpaceHarness* space, const std::vector<Device*>& devices) {
  std::string text;
  const std::vector<std::string> stored = ViewOf(space);
  const std::set<std::string> in_space(stored.begin(), stored.end());
  for (const Device* device : devices) {
    const std::vector<std::string> view = device->View();
    const std::set<std::string> on_device(view.begin(), view.end());
    for (const std::string& line : in_space) {
      if (!on_device.contains(line)) text += device->name() + " has not: " + line + "\n";
    }
    for (const std::string& line : on_device) {
      if (!in_space.contains(line)) text += device->name() + " alone has: " + line + "\n";
    }
  }
  return text;
}

}  // namespace tidemark::testing
