#include "documents/shard_of.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "base/uuid.h"

namespace tidemark {
namespace {

constexpr size_t kDayBytes = 10;

std::string ShardOfTime(int64_t ms) {
  std::string day = DayOf(ms);
  return day.empty() ? std::string(kUndatedShard) : day;
}

bool IsKey(const json::Text& key, std::string_view name) {
  if (!key.escaped) return key.raw == name;
  std::string decoded;
  return json::Unescape(key.raw, &decoded) && decoded == name;
}

// The last member of that name; none too where the text is no object.
std::optional<json::Value> FindMember(std::string_view object, std::string_view name) {
  json::Scanner scanner(object, true);
  std::optional<json::Value> found;
  if (!scanner.Expect('{') || scanner.Take('}')) return std::nullopt;
  do {
    json::Text key;
    json::Value value;
    if (!scanner.ReadString(&key) || !scanner.Expect(':') || !scanner.ReadValue(&value)) {
      return std::nullopt;
    }
    if (IsKey(key, name)) found = value;
  } while (scanner.Take(','));
  return scanner.Take('}') ? found : std::nullopt;
}

std::string ShardOfNumber(std::string_view number) {
  int64_t time = 0;
  if (number.find_first_of("eE") != std::string_view::npos ||
      json::ParseInteger(number.substr(0, number.find('.')), &time) != json::IntegerFault::kNone) {
    return std::string(kUndatedShard);
  }
  return ShardOfTime(time < limits::kSecondsBelow ? time * 1000 : time);
}

std::string ShardOfDate(const json::Value& value) {
  std::string text(value.text.substr(1, value.text.size() - 2));
  if (value.escaped) {
    std::string decoded;
    text = json::Unescape(text, &decoded) ? decoded : std::string();
  }
  const bool ends = text.size() <= kDayBytes || text[kDayBytes] == 'T' || text[kDayBytes] == 't' ||
                    text[kDayBytes] == ' ';
  text.resize(std::min(text.size(), kDayBytes));
  return ends && DayStart(text) ? text : std::string(kUndatedShard);
}

}  // namespace

std::string CollectionShard(std::string_view collection) {
  std::string shard(collection);
  if (collection.starts_with(kRootShard) &&
      collection.find_first_not_of('_', kRootShard.size()) == std::string_view::npos) {
    shard += '_';
  }
  return shard;
}

std::string DayShard(std::string_view field, std::string_view id, std::string_view record) {
  if (field.empty()) {
    const std::optional<int64_t> made = UuidV7Time(id);
    return made ? ShardOfTime(*made) : std::string(kUndatedShard);
  }
  const std::optional<json::Value> value = FindMember(record, field);
  if (value && value->kind == json::Kind::kNumber) return ShardOfNumber(value->text);
  if (value && value->kind == json::Kind::kString) return ShardOfDate(*value);
  return std::string(kUndatedShard);
}

std::string RecordShard(const Sharding& sharding, std::string_view collection, std::string_view id,
                        std::string_view record) {
  return sharding.by == ShardBy::kDay ? DayShard(sharding.field, id, record)
                                      : CollectionShard(collection);
}

}  // namespace tidemark
