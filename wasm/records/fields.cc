#include "records/fields.h"

#include <algorithm>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/sha256.h"

namespace tidemark {
namespace {

using nlohmann::json;

json StampJson(const FieldStamp& stamp) {
  return json::array({stamp.ms, stamp.counter, stamp.device});
}

FieldStamp ReadStamp(const json& stamp) {
  Check(stamp.is_array() && stamp.size() == 3);
  return {stamp[0].get<int64_t>(), stamp[1].get<int64_t>(), stamp[2].get<std::string>()};
}

json ReadTree(const std::string& text, const json& fallback) {
  if (text.empty()) return fallback;
  Result<json> tree = ParseTree(text, limits::kRecordDepthMax + 2);
  Check(tree.ok());
  return *tree;
}

}  // namespace

FieldRecord::FieldRecord(const std::string& data, const std::string& stamps)
    : live_(ReadTree(data, json::object())) {
  const json tree = ReadTree(stamps, json::array({nullptr, json::object()}));
  has_deletion_ = !tree[0].is_null();
  if (has_deletion_) deletion_ = ReadStamp(tree[0]);
  for (const auto& [field, stamp] : tree[1].items()) stamps_[field] = ReadStamp(stamp);
}

void FieldRecord::Set(const std::string& field, const json& value, const FieldStamp& stamp) {
  if (const json* old = Field(live_, field); old != nullptr && *old != value) {
    overwritten.push_back({field, *old, stamps_[field]});
  }
  stamps_[field] = stamp;
  if (value.is_null()) {
    live_.erase(field);
  } else {
    live_[field] = value;
  }
}

bool FieldRecord::Merge(const json& data, const FieldStamp& stamp, bool counter_given) {
  bool changed = false;
  for (const auto& [field, value] : data.items()) {
    const json* old = Field(live_, field);
    const json standing = old == nullptr ? json() : *old;
    if (has_deletion_ && stamp <= deletion_) {
      if (!value.is_null() && standing != value) lost.push_back({field, value, stamp});
      continue;
    }
    const auto known = stamps_.find(field);
    // The same change again, from another place of another payload.
    if (!counter_given && known != stamps_.end() && known->second.ms == stamp.ms &&
        known->second.device == stamp.device && standing == value) {
      continue;
    }
    bool wins = known == stamps_.end() || stamp > known->second;
    if (!wins && stamp == known->second && standing != value) {
      wins = Sha256Of(DumpTree(value)) > Sha256Of(DumpTree(standing));
    }
    if (wins) {
      Set(field, value, stamp);
      changed = true;
    } else if (standing != value && !value.is_null()) {
      lost.push_back({field, value, stamp});
    }
  }
  return changed;
}

bool FieldRecord::MergeDeletion(const FieldStamp& stamp) {
  if (has_deletion_ && stamp <= deletion_) return false;
  has_deletion_ = true;
  deletion_ = stamp;
  for (auto field = stamps_.begin(); field != stamps_.end();) {
    if (field->second > stamp) {
      ++field;
      continue;
    }
    if (const json* old = Field(live_, field->first); old != nullptr) {
      overwritten.push_back({field->first, *old, field->second});
      live_.erase(field->first);
    }
    field = stamps_.erase(field);
  }
  return true;
}

FieldStamp FieldRecord::Latest() const {
  FieldStamp latest = deletion_;
  for (const auto& [field, stamp] : stamps_) latest = std::max(latest, stamp);
  return latest;
}

std::string FieldRecord::StampsJson() const {
  json stamps = json::object();
  for (const auto& [field, stamp] : stamps_) stamps[field] = StampJson(stamp);
  return DumpTree(json::array({has_deletion_ ? StampJson(deletion_) : json(), std::move(stamps)}));
}

}  // namespace tidemark
