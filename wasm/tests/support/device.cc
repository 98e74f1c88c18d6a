#include "tests/support/device.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "records/schema.h"

namespace tidemark::testing {
namespace {

constexpr int kTurnsMax = 1000;

bool MergesByField(const std::string& collection) {
  for (const Collection& declared : FourCollections().collections) {
    if (declared.name == collection) return declared.merge == MergeRule::kFields;
  }
  return false;
}

std::string Line(const Device::Key& key, const json& data) {
  return key.first + "|" + key.second + "|" + data.dump();
}

}  // namespace

Device::Device(std::string name, DeviceOptions options)
    : name_(std::move(name)), options_(options), clock_(name_) {}

void Device::Apply(const Entry& entry, Copy* copy) {
  if (entry.deletes) {
    copy->erase(entry.key);
    return;
  }
  if (!MergesByField(entry.key.first)) {
    (*copy)[entry.key] = entry.data;
    return;
  }
  json& record = copy->try_emplace(entry.key, json::object()).first->second;
  for (const auto& [field, value] : entry.data.items()) {
    if (value.is_null()) {
      record.erase(field);
    } else {
      record[field] = value;
    }
  }
}

void Device::Edit(const std::string& collection, const std::string& id, json data, int64_t now_ms) {
  outbox_.push_back(
      {{collection, id}, false, std::move(data), clock_.Tick(now_ms + options_.skew_ms)});
  Apply(outbox_.back(), &view_);
}

void Device::Delete(const std::string& collection, const std::string& id, int64_t now_ms) {
  outbox_.push_back({{collection, id}, true, {}, clock_.Tick(now_ms + options_.skew_ms)});
  Apply(outbox_.back(), &view_);
}

json Device::DeltaOf(const Entry& entry) const {
  json delta = {{"action", entry.deletes ? "delete" : "update"},
                {"id", entry.key.second},
                {"updated_at", entry.stamp.ms}};
  if (options_.counters) delta["counter"] = entry.stamp.counter;
  if (!entry.deletes) delta["data"] = entry.data;
  return delta;
}

Device::Outgoing Device::Send() {
  json body = json::object();
  starting_ = cursor_.empty() || (options_.sends_no_cursor && !has_more_);
  if (!starting_) body["cursor"] = cursor_;
  if (options_.limit > 0) body["limit"] = options_.limit;
  in_flight_ = std::min(outbox_.size(), options_.deltas_max);
  for (size_t i = 0; i < in_flight_; ++i) {
    json& array = body[outbox_[i].key.first];
    if (array.is_null()) array = json::array();
    array.push_back(DeltaOf(outbox_[i]));
  }
  return {++number_, body.dump()};
}

// Takes what the last request held out of the outbox; what was accepted is part of the copy where
// `keep` (a device that starts over is told it instead).
void Device::Acknowledge(const json& answer, bool keep) {
  std::map<std::pair<std::string, int64_t>, std::string> refused;
  for (const json& rejection : answer.at("rejected")) {
    refused[{rejection.at("collection").get<std::string>(), rejection.at("index").get<int64_t>()}] =
        rejection.at("code").get<std::string>();
  }
  std::map<std::string, int64_t> next_index;
  for (; in_flight_ > 0; --in_flight_) {
    const Entry& entry = outbox_.front();
    const auto code = refused.find({entry.key.first, next_index[entry.key.first]++});
    if (code != refused.end()) {
      rejected_.push_back(entry.key.first + "/" + entry.key.second + ": " + code->second);
    } else if (keep) {
      Apply(entry, &base_);
    }
    outbox_.pop_front();
  }
}

void Device::Take(const std::string& collection, const json& row, int64_t now_ms) {
  const Key key{collection, row.at("id").get<std::string>()};
  if (row.at("action") == "delete") {
    base_.erase(key);
  } else {
    base_[key] = row.at("data");
  }
  const Stamp stamp{row.at("updated_at").get<int64_t>(), row.at("counter").get<uint32_t>(),
                    row.at("device").get<std::string>()};
  clock_.Observe(stamp, now_ms + options_.skew_ms, limits::kClockAheadMaxMs);
}

bool Device::Receive(uint64_t number, const json& answer, int64_t now_ms) {
  if (number != number_ || !answer.is_object() || !answer.contains("cursor")) return false;
  const bool reset = answer.contains("reset");
  if (reset) ++resets_;
  Acknowledge(answer, !reset && !starting_);
  if (reset || starting_) base_.clear();
  for (const Collection& collection : FourCollections().collections) {
    const std::string name(collection.name);
    for (const json& row : answer.at(name)) Take(name, row, now_ms);
  }
  cursor_ = answer.at("cursor").get<std::string>();
  has_more_ = answer.at("has_more").get<bool>();
  ++number_;  // the same answer twice is taken once
  view_ = base_;
  for (const Entry& entry : outbox_) Apply(entry, &view_);
  return true;
}

std::vector<std::string> Device::View() const {
  std::vector<std::string> lines;
  for (const auto& [key, data] : view_) lines.push_back(Line(key, data));
  return lines;
}

const json* Device::Find(const std::string& collection, const std::string& id) const {
  const auto found = view_.find({collection, id});
  return found == view_.end() ? nullptr : &found->second;
}

bool SyncOnce(SpaceHarness* space, Device* device) {
  const Device::Outgoing request = device->Send();
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
